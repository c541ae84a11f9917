"""Reminders that things have overtaken: nobody hears what is over, and nothing that is so is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

import tasks.escalation
import tasks.moot
import tasks.reminders
from config.settings import ROOT
from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.escalation import sweep_clocks
from tasks.house import House, house
from tasks.lapses import end_expired
from tasks.models.enums import BY_THE_CLOCK, MessageState
from tasks.models.tables import Message
from tasks.reminders import gather_reminders
from tasks.retiming import retime_orders

Do = Callable[..., None]
PlaceAt = Callable[..., str]
Rows = Callable[..., list[Any]]
Waiting = Callable[[], list[tuple[str, str, str]]]
SOON, OVERDUE, CLIMBED = "order_due_soon", "order_overdue", "order_escalated"
POWER, HOUSEHOLD, BRANCH = "unit-power", "m-018", "m-019"
UNTIL_LATER = {"reason": "等零件", "date": "2026-09-30"}
UNSATISFIED = {"by": "resident", "grade": "unsatisfied", "solved": False, "reason": "不亮"}

pytestmark = pytest.mark.usefixtures("monday")


def at(local: str) -> datetime:
    """A moment in Shanghai, of 2026: at("09-14 10:00")."""
    return datetime.fromisoformat(f"2026-{local}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def sweep(when: str, *, gather: bool = True) -> None:
    with clock_at(at(when)):
        assert sweep_clocks().failed == []
        if gather:
            gather_reminders()


@pytest.fixture
def waiting(rows: Rows) -> Waiting:
    """The reminders that wait to be told: what, to whom, of which clock."""

    def read() -> list[tuple[str, str, str]]:
        return sorted(
            (one.event.value, one.recipient, one.variables["clock"])
            for one in rows(Message)
            if one.event in BY_THE_CLOCK and one.state.value == "queued"
        )

    return read


@pytest.fixture
def hear(rows: Rows) -> Callable[[str], None]:
    """Somebody tells all that waits."""

    def tell(when: str) -> None:
        with clock_at(at(when)):
            mark_told([one.id for one in errands(1000)], "staff-1")

    return tell


# --- two deadlines of one order -----------------------------------------------------------------


def test_of_two_that_are_overdue_the_other_is_told_when_the_first_has_been_done(
    database: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("assigned", urgency="green")  # to be taken and to be done by Tuesday at 10:00
    sweep("09-15 10:00")
    assert [one for one in waiting() if one[0] == OVERDUE] == [(OVERDUE, POWER, "take")]
    with clock_at(at("09-15 10:20")):
        do(number, "take", by=POWER)
    assert [one for one in waiting() if one[0] == OVERDUE] == [(OVERDUE, POWER, "finish")]
    assert (CLIMBED, BRANCH, "finish") in waiting()
    with clock_at(at("09-15 10:30")):
        do(number, "claim", to="m-241")
        do(number, "finish", reason="换了灯泡")
    assert waiting() == []


def test_who_has_heard_of_one_of_them_hears_nothing_again_on_that_day(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting, hear: Any
) -> None:
    number = place_at("assigned", urgency="green")
    sweep("09-15 10:00")
    hear("09-15 10:10")
    with clock_at(at("09-15 10:20")):
        do(number, "take")
    sweep("09-15 18:00")
    assert [one for one in waiting() if one[0] != SOON] == []


def test_what_is_due_soon_stays_so_when_another_deadline_passes(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("taken")
    with clock_at(at("09-15 14:00")):
        do(number, "claim", to="m-241")
    sweep("09-16 09:12")  # 80 % of the day in which the resident must be called
    assert {one[2] for one in waiting() if one[0] == SOON} == {"contact"}
    sweep("09-16 12:36")  # and 80 % of the three days for the work
    sweep("09-16 14:00")
    assert {one[2] for one in waiting() if one[0] == SOON} == {"finish"}
    assert {one[2] for one in waiting() if one[0] == OVERDUE} == {"contact"}


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_who_hears_what_does_not_depend_on_where_a_sweep_is_cut(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    waiting: Waiting,
    batch: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tasks.escalation, "BATCH", batch)
    number = place_at("taken")
    with clock_at(at("09-15 14:00")):
        do(number, "claim", to="m-241")
    sweep("09-16 14:00")
    assert waiting() == sorted(
        [
            *((SOON, person, "finish") for person in (POWER, "m-241", HOUSEHOLD)),
            (OVERDUE, POWER, "contact"),
            (CLIMBED, BRANCH, "contact"),
        ]
    )


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("gathered", [True, False])
@pytest.mark.parametrize("resumed", ["09-15 10:10", "09-17 16:00"])
def test_a_hold_does_not_swallow_what_nobody_has_heard(
    database: House, place_at: PlaceAt, do: Do, waiting: Waiting, gathered: bool, resumed: str
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00", gather=gathered)
    before = [(OVERDUE, POWER, "take"), (CLIMBED, BRANCH, "take")]
    assert set(before) <= set(waiting())
    with clock_at(at("09-15 10:05")):
        do(number, "hold", **UNTIL_LATER)
    assert waiting() == []
    with clock_at(at(resumed)):
        do(number, "resume")
        gather_reminders()
    assert [one for one in waiting() if one[0] != SOON] == sorted(before)


def test_a_warning_that_nobody_has_heard_comes_back_with_the_order(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting, rows: Rows
) -> None:
    number = place_at("assigned")
    sweep("09-14 17:42")
    with clock_at(at("09-14 17:50")):
        do(number, "hold", **UNTIL_LATER)
    assert waiting() == []
    with clock_at(at("09-16 09:30")):
        do(number, "resume")
        gather_reminders()
    assert waiting() == [(SOON, HOUSEHOLD, "take"), (SOON, POWER, "take")]
    told = {one.variables["due"] for one in rows(Message) if one.event == SOON}
    # of Monday's 40 minutes 17:50-18:30 and Tuesday's half hour are left, from Wednesday 9:30 on
    assert [datetime.fromisoformat(due) for due in told] == [at("09-16 10:40")]


def test_a_warning_that_comes_back_after_a_long_hold_is_worth_saying_for_three_days_again(
    database: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("assigned")
    sweep("09-14 17:42")
    with clock_at(at("09-14 17:50")):
        do(number, "hold", **UNTIL_LATER)
    with clock_at(at("09-23 09:30")):
        do(number, "resume")
        gather_reminders()
        assert end_expired() == 0
    assert waiting() == [(SOON, HOUSEHOLD, "take"), (SOON, POWER, "take")]
    with clock_at(at("09-28 09:30")):
        assert end_expired() == 2


def test_what_was_heard_before_the_hold_is_not_told_again(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting, hear: Any
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00")
    hear("09-15 10:01")
    with clock_at(at("09-15 10:05")):
        do(number, "hold", **UNTIL_LATER)
        do(number, "resume")
        gather_reminders()
    assert waiting() == []


def test_a_warning_is_given_again_when_its_deadline_was_moved_away_and_back_in_a_day(
    sqlite_house: House,
    place_at: PlaceAt,
    waiting: Waiting,
    settle: Callable[..., House],
    community: Callable[..., Path],
) -> None:
    longer = {"service_levels": {"quick": {"take": "2wd"}}}
    place_at("assigned")
    sweep("09-14 17:42")
    before = waiting()
    with clock_at(at("09-14 17:50")):
        settle(config=community({"service_levels.yaml": longer}))
        retime_orders()
        assert waiting() == []
        settle(config=ROOT / "config" / "example")
        retime_orders()
    sweep("09-14 18:00")
    assert waiting() == before == [(SOON, HOUSEHOLD, "take"), (SOON, POWER, "take")]


# --- the second reopening -------------------------------------------------------------------------


@pytest.fixture
def reopened_twice(place_at: PlaceAt, do: Do) -> str:
    number = place_at("done")
    do(number, "rate", **UNSATISFIED)
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", **UNSATISFIED)
    return number


def test_the_ladder_hears_of_the_second_reopening_while_the_work_goes_on(
    database: House, reopened_twice: str, do: Do, waiting: Waiting
) -> None:
    assert waiting() == [(CLIMBED, BRANCH, "")]
    do(reopened_twice, "hold", **UNTIL_LATER)
    do(reopened_twice, "resume")
    do(reopened_twice, "claim", to="m-241")
    assert waiting() == [(CLIMBED, BRANCH, "")]
    do(reopened_twice, "finish", by="m-241", reason="换了线")
    assert waiting() == []


# --- another handler ------------------------------------------------------------------------------


def test_nobody_is_chased_for_an_order_that_was_taken_from_them_and_whoever_gets_it_hears(
    database: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("taken")
    sweep("09-17 10:00")  # claim and finish are overdue; of the two they hear once
    assert [one for one in waiting() if one[0] == OVERDUE] == [(OVERDUE, POWER, "claim")]
    with clock_at(at("09-17 10:20")):
        do(number, "reassign", to="unit-water", reason="归水厂管")
        gather_reminders()
    assert [one for one in waiting() if one[0] == OVERDUE] == [(OVERDUE, "unit-water", "finish")]
    ladder = [call.text.body for call in errands(1000) if call.audience == "ladder"]
    assert ladder and not [text for text in ladder if "供电所" in text]


def test_who_is_given_an_order_that_is_late_already_hears_so(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("accepted")
    sweep("09-17 10:00")
    with clock_at(at("09-17 10:20")):
        do(number, "assign", to=POWER)
        gather_reminders()
    assert {one for one in waiting() if one[1] == POWER} == {(OVERDUE, POWER, "take")}


def test_a_member_who_has_given_it_back_is_not_reminded(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("claimed")
    sweep("09-16 12:36")
    assert (SOON, "m-241", "finish") in waiting()
    with clock_at(at("09-16 12:40")):
        do(number, "release", reason="病了")
    assert not [one for one in waiting() if one[1] == "m-241"]


# --- once, and not never ----------------------------------------------------------------------------


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_warning_that_was_given_again_does_not_come_back_a_second_time(
    database: House, place_at: PlaceAt, do: Do, waiting: Waiting, hear: Any, is_heard: bool
) -> None:
    number = place_at("claimed")
    with clock_at(at("09-14 10:30")):
        do(number, "contact", reason="打了电话")
    sweep("09-16 12:36")
    with clock_at(at("09-16 12:40")):
        do(number, "ask_extension", by=POWER, date="2026-10-15", reason="等零件")
        do(number, "approve_extension")
    assert waiting() == []
    sweep("10-12 10:00")
    once = waiting()
    assert len(once) == 3
    if is_heard:
        hear("10-12 10:10")
    with clock_at(at("10-13 10:00")):
        do(number, "report", reason="在修")
        gather_reminders()
    assert waiting() == ([] if is_heard else once)


def test_a_rung_that_was_reached_hears_of_it_although_the_first_reason_has_gone(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00")
    with clock_at(at("09-15 10:20")):
        do(number, "take", by=POWER)
    assert waiting() == []
    sweep("09-16 10:20")  # now nobody has claimed it in time
    assert (CLIMBED, BRANCH, "claim") in waiting()


def test_a_late_sweep_gives_each_warning_once(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("taken")
    with clock_at(at("09-14 18:00")):
        do(number, "claim", to="m-241")
    sweep("09-15 13:12")
    sweep("09-16 12:40")  # the contact is overdue, the work due soon
    warnings = [one for one in waiting() if one[0] == SOON]
    assert sorted(set(warnings)) == warnings
    assert {one[2] for one in warnings} == {"finish"}


def test_who_is_warned_anew_after_a_longer_limit_hears_it(
    sqlite_house: House,
    place_at: PlaceAt,
    waiting: Waiting,
    settle: Callable[..., House],
    community: Callable[..., Path],
) -> None:
    longer = {"service_levels": {"quick": {"take": "7h"}}}
    place_at("assigned")
    sweep("09-14 17:42")
    sweep("09-15 10:00")
    with clock_at(at("09-15 10:05")):
        settle(config=community({"service_levels.yaml": longer}))
        retime_orders()
        gather_reminders()
    assert waiting() == [(SOON, HOUSEHOLD, "take"), (SOON, POWER, "take")]


def test_what_was_ticked_while_somebody_held_the_order_has_been_told(
    sqlite_house: House, place_at: PlaceAt, do: Do, waiting: Waiting
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00")
    with clock_at(at("09-15 10:01")):
        calls = [call.id for call in errands(1000)]
    with clock_at(at("09-15 10:05")):
        do(number, "hold", **UNTIL_LATER)
        mark_told(calls, "staff-1")
        do(number, "resume")
        gather_reminders()
    assert waiting() == []


def test_who_ticks_a_call_just_when_the_order_is_held_is_not_asked_to_call_again(
    database: House,
    place_at: PlaceAt,
    do: Do,
    waiting: Waiting,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00")
    calls = [call.id for call in errands(1000)]
    ticking = threading.Thread(target=mark_told, args=(calls, "staff-2"))
    usual = tasks.moot._mend

    def somebody_ticks(*given: Any) -> None:
        if not ticking.ident:
            ticking.start()
        usual(*given)

    monkeypatch.setattr(tasks.moot, "_mend", somebody_ticks)
    with clock_at(at("09-15 10:05")):
        do(number, "hold", **UNTIL_LATER)
        ticking.join()
        do(number, "resume")
        gather_reminders()
    assert waiting() == []


def test_nobody_is_asked_whether_they_heard_of_what_is_over(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("assigned")
    sweep("09-15 10:00")
    with transaction(house().database) as session:
        for message in session.exec(select(Message).where(Message.event == OVERDUE)):
            message.state = MessageState.UNKNOWN
    with clock_at(at("09-15 10:03")):
        do(number, "take", by=POWER)
    assert {one.code for one in rows(Message) if one.event == OVERDUE} == {"over"}


def test_one_whose_reminders_cannot_be_gathered_keeps_nobody_else_waiting(
    sqlite_house: House, place_at: PlaceAt, waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("assigned")
    sweep("09-15 10:00", gather=False)
    usual = tasks.reminders._let_go

    def fails_for_one(session: Any, held: Any, **how: Any) -> None:
        if held[0].recipient == BRANCH:
            raise RuntimeError
        usual(session, held, **how)

    monkeypatch.setattr(tasks.reminders, "_let_go", fails_for_one)
    with clock_at(at("09-15 10:00")), pytest.raises(RuntimeError):
        gather_reminders()
    assert [call.name for call in errands(1000) if call.audience == "handler"]
