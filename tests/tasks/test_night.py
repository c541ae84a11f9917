"""A night: every step has its turn, nothing is done twice, and the morning has its brief."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sql
from sqlmodel import SQLModel

import tasks.night
from config.shapes import ChannelKind
from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.db import reading, transaction
from tasks.escalation import sweep_clocks
from tasks.examples import examples
from tasks.house import House, house
from tasks.models.enums import Audience, Event, Status
from tasks.models.tables import Installation, Message, Order
from tasks.models.tally import Tally
from tasks.night import end_night, end_week, missed_night, run_night
from tasks.outbox import send_waiting
from tasks.rendering import render
from tasks.texts import text_of

Do = Callable[..., None]
Place = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)


def on(day: int, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A moment of September 2026 in Shanghai; the 14th is a Monday."""
    return datetime(2026, 9, day, hour, minute, second, tzinfo=ZONE)


NIGHT = on(28, 2, 30)


def everything() -> dict[str, list[Any]]:
    """All rows of all tables."""
    with reading(house().database) as session:
        return {
            table.name: sorted(map(repr, session.execute(sql.select(table)).all()))
            for table in SQLModel.metadata.sorted_tables
        }


@pytest.fixture
def much_to_do(place_at: Place, place: Place, do: Do) -> dict[str, str]:
    """A number for each thing that the night of Monday the 28th has to do."""
    with clock_at(datetime(2025, 9, 1, 10, 0, tzinfo=ZONE)):
        forget = place(resident="居民丙", phone="13900000003")
        do(forget, "withdraw", by="resident")
    with clock_at(on(13, 12)):
        expire = place_at("done")
    with clock_at(on(20, 10)):
        remind = place_at("done", resident="居民乙", phone="13900000002")
    mark_told([one.id for one in errands(1000)], "staff-1")
    with clock_at(on(21, 10)):
        release = place_at("claimed")
        do(release, "hold", reason="等天暖", date="2026-09-28")
        without_clocks = place_at("accepted")
        with transaction(house().database) as session:
            statement = sql.text(
                "DELETE FROM clocks WHERE order_id = (SELECT id FROM orders WHERE number = :number)"
            )
            session.execute(statement, {"number": without_clocks})
        overdue = place_at("placed")
    return {
        "forget": forget,
        "expire": expire,
        "remind": remind,
        "release": release,
        "without_clocks": without_clocks,
        "overdue": overdue,
    }


# --- the steps ------------------------------------------------------------------------------------


def test_a_night_does_all_that_there_is_to_do(
    database: House, much_to_do: dict[str, str], look: Look
) -> None:
    with clock_at(NIGHT):
        tally = run_night()
    assert tally.failed == []
    assert tally.numbers["released"] == [much_to_do["release"]]
    assert tally.numbers["started_clocks"] == [much_to_do["without_clocks"]]
    assert much_to_do["overdue"] in tally.numbers["overdue"]
    assert tally.numbers["reminded"] == [much_to_do["remind"]]
    assert tally.numbers["expired"] == [much_to_do["expire"]]
    assert tally.counts["forgotten"] == 1
    assert look(much_to_do["release"]).status is Status.CLAIMED
    assert look(much_to_do["expire"]).status is Status.CLOSED


def test_the_same_night_gone_through_twice_does_nothing_twice(
    database: House, much_to_do: dict[str, str]
) -> None:
    with clock_at(NIGHT):
        run_night()
        once = everything()
        again = run_night()
        assert (+again.counts, again.failed) == ({}, [])
        assert everything() == once


def test_a_dry_night_changes_nothing(database: House, much_to_do: dict[str, str]) -> None:
    before = everything()
    with clock_at(NIGHT):
        dry = run_night(dry_run=True)
        assert everything() == before
        real = run_night()
    assert dry.failed == []
    for what in ("released", "reminded", "expired", "started_clocks"):
        assert dry.numbers[what] == real.numbers[what]
    assert dry.counts["forgotten"] == real.counts["forgotten"] == 1
    assert everything() != before


@pytest.mark.parametrize("broken", list(tasks.night.STEPS))
def test_a_step_that_fails_is_named_and_the_others_have_their_turn(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    taken: list[str] = []

    def step(name: str) -> Callable[..., Tally]:
        def take(*, dry_run: bool = False) -> Tally:
            taken.append(name)
            if name == broken:
                raise RuntimeError("王秀兰的电话是13900000001")
            return Tally()

        return take

    names = list(tasks.night.STEPS)
    for name in names:
        monkeypatch.setitem(tasks.night.STEPS, name, step(name))
    assert run_night().failed == [(broken, "RuntimeError")]  # nobody's words stand there
    assert taken == names


def test_orders_are_let_go_and_closed_although_the_reminders_fail(
    sqlite_house: House,
    much_to_do: dict[str, str],
    look: Look,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def boom(*, dry_run: bool = False) -> Tally:
        raise RuntimeError

    monkeypatch.setitem(tasks.night.STEPS, "提醒和上报", boom)
    with clock_at(NIGHT):
        tally = run_night()
    assert tally.failed == [("提醒和上报", "RuntimeError")]
    assert look(much_to_do["release"]).status is Status.CLAIMED
    assert look(much_to_do["expire"]).status is Status.CLOSED
    assert tally.counts["forgotten"] == 1


# --- a night that was missed ----------------------------------------------------------------------


@pytest.fixture
def installed() -> Callable[[datetime], None]:
    """The community has begun at a moment."""

    def begin(moment: datetime) -> None:
        with transaction(house().database) as session:
            session.execute(sql.update(Installation).values(created_at=moment))

    return begin


def test_who_has_just_begun_has_missed_no_night(
    database: House, installed: Callable[[datetime], None]
) -> None:
    installed(on(14, 10))
    for moment in (on(14, 10), on(14, 23, 59), on(15, 2, 29, 59), on(15, 2, 30), on(15, 2, 50)):
        assert missed_night(moment) is None


def test_a_night_is_missed_when_it_was_not_gone_through_within_twenty_minutes(
    database: House, installed: Callable[[datetime], None]
) -> None:
    installed(on(14, 10))
    assert missed_night(on(15, 2, 50)) is None
    for moment in (on(15, 2, 50, 1), on(15, 9), on(16, 2, 29, 59)):
        assert missed_night(moment) == on(15, 2, 30)
    assert missed_night(on(18, 9)) == on(18, 2, 30)  # of several the last one


def test_a_night_that_was_gone_through_is_not_missed_and_the_next_one_can_be(
    sqlite_house: House, installed: Callable[[datetime], None]
) -> None:
    installed(on(14, 10))
    with clock_at(on(15, 2, 31)):
        end_night(Tally())
    for moment in (on(15, 3), on(15, 23), on(16, 2, 50)):
        assert missed_night(moment) is None
    assert missed_night(on(16, 2, 51)) == on(16, 2, 30)


def test_a_night_that_was_gone_through_late_is_not_missed_any_more(
    sqlite_house: House, installed: Callable[[datetime], None]
) -> None:
    installed(on(14, 10))
    with clock_at(on(15, 9)):
        assert missed_night(on(15, 9)) == on(15, 2, 30)
        end_night(Tally())
        assert missed_night(on(15, 9)) is None


# --- the briefs -----------------------------------------------------------------------------------


def briefs(rows: Rows, event: str) -> list[Message]:
    return [one for one in rows(Message) if one.event == event]


def test_the_coordinators_get_one_brief_for_each_local_day(database: House, rows: Rows) -> None:
    # midnight in Shanghai is 16:00 in UTC: three of these are the 15th here, two of them the 14th there
    for moment in (on(15, 0), on(15, 2, 31), on(15, 23, 59, 59), on(16, 0)):
        with clock_at(moment):
            end_night(Tally())
    written = briefs(rows, "daily_brief")
    assert [(one.created_at, one.audience.value) for one in written] == [
        (on(15, 0), "coordinators"),
        (on(16, 0), "coordinators"),
    ]


def test_the_brief_of_the_night_is_heard_at_eight_and_says_how_the_community_stands(
    sqlite_house: House, rows: Rows, place: Place, place_at: Place
) -> None:
    with clock_at(on(14, 10)):
        place()  # to be accepted by Monday 12:00
    with clock_at(on(14, 18)):
        # Monday 18:00 to 18:30 and an hour and a half from 09:30: until Tuesday 11:00
        place()
    with clock_at(on(15, 2, 31)):
        sweep_clocks()
        end_night(Tally(failed=[(number, "RuntimeError") for number in "abc"]))
    (brief,) = briefs(rows, "daily_brief")
    assert brief.next_attempt_at == on(15, 8)
    figures = brief.variables["figures"]
    expected = {"open": 2, "overdue": 1, "raised": 1, "today": 1, "failed": 0, "set_aside": 3}
    assert {name: figures[name] for name in expected} == expected


def test_the_brief_says_how_messages_went(
    database: House,
    rows: Rows,
    place: Place,
    settle: Callable[..., House],
    mailbox: Any,
) -> None:
    settle(
        database=database.settings.database,
        channels={"mail": mailbox.url, "wecom-desk": "json://127.0.0.1:9"},
    )
    with clock_at(on(14, 10)):
        place(channel="mail", address="jia@example.org", by="staff-1")
    with clock_at(on(14, 10, 0, 4)):
        assert send_waiting() == {"accepted": 1}
    with clock_at(on(15, 2, 31)):
        end_night(Tally())
        (brief,) = briefs(rows, "daily_brief")
        with reading(house().database) as session:
            said = text_of(session, brief, None).body
    assert "电子邮件：送出 1 条（一半在 4 秒内，95% 在 4 秒内）。" in said


def test_a_brief_that_was_written_before_it_counted_messages_is_read_all_the_same(
    sqlite_house: House,
) -> None:
    figures = {
        name: one for name, one in examples("zh-CN")["figures"].items() if name != "channels"
    }
    values = {**examples("zh-CN"), "figures": figures}
    kind, locale = ChannelKind.MAIL, "zh-CN"
    said = render(Event.DAILY_BRIEF, Audience.COORDINATORS, kind, locale, values)
    assert "过去 24 小时的消息" not in said.body


@pytest.fixture
def a_week(place: Place, place_at: Place, do: Do) -> None:
    """The week from Monday the 14th to Sunday the 20th, with what happens just before and after."""
    with clock_at(on(14, 0) - SECOND):
        place(grid="grid-1")  # Sunday: the week before; overdue on Monday at 11:30
    with clock_at(on(14, 0)):
        content = place_at("done")
    with clock_at(on(15, 10)):
        do(content, "rate", by="resident", grade="satisfied", solved=True)
        basically = place_at("done")
        do(basically, "rate", by="resident", grade="basically", solved=True)
        again = place_at("done")  # reopened; not claimed again by Wednesday 10:00, that is late
        do(again, "rate", by="resident", grade="unsatisfied", solved=False, reason="又不亮了")
    with clock_at(on(21, 0) - SECOND):
        place(grid="grid-5")  # Sunday: to be accepted by Monday the 21st at 11:30
        late = place_at("done", grid="grid-5")
    with clock_at(on(21, 0)):
        place(grid="grid-1")  # the next week
        do(late, "rate", by="resident", grade="satisfied", solved=True)
    with clock_at(on(21, 8)):
        sweep_clocks()


def test_the_week_says_what_came_in_and_what_was_done_from_monday_to_sunday(
    database: House, a_week: None
) -> None:
    with clock_at(on(21, 8)):
        week = end_week()
    assert (week.first.isoformat(), week.last.isoformat()) == ("2026-09-14", "2026-09-20")
    assert week.figures == {
        "placed": 5,  # three in grid 3, two in grid 5
        "done": 4,
        "reopened": 1,
        "rated": 3,  # the fourth was rated on Monday the 21st
        "content": 2,  # satisfied and basically satisfied
        "open": 4,  # grid 1 twice, the one that was reopened, and one of grid 5
        "overdue": 2,  # the first of grid 1, and the one that was reopened
        "raised": 2,
    }
    assert week.grids == (("第三网格", 3, 3), ("第五网格", 2, 1))


@pytest.mark.parametrize("moment", [on(21, 0), on(23, 12), on(28, 0) - SECOND])
def test_the_last_week_is_the_same_from_monday_to_the_end_of_sunday(
    sqlite_house: House, moment: datetime
) -> None:
    with clock_at(moment):
        week = end_week()
    assert (week.first.isoformat(), week.last.isoformat()) == ("2026-09-14", "2026-09-20")


def test_both_briefs_of_a_week_are_written_once(database: House, rows: Rows, a_week: None) -> None:
    for moment in (on(21, 8), on(21, 8), on(24, 8)):
        with clock_at(moment):
            end_week()
    written = briefs(rows, "weekly_brief")
    assert sorted(one.audience.value for one in written) == ["coordinators", "groups"]
    for brief in written:
        assert brief.variables["figures"]["placed"] == 5
        assert brief.variables["lines"] == [
            {"name": "第三网格", "placed": 3, "done": 3},
            {"name": "第五网格", "placed": 2, "done": 1},
        ]
    with clock_at(on(28, 8)):
        end_week()
    assert len(briefs(rows, "weekly_brief")) == 4
