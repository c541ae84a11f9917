"""What goes first, what is no longer worth saying, and what a clock that was set back may not hold up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql
from sqlmodel import Session, select

from tasks import leases, outbox
from tasks.arrivals import send_again, undelivered
from tasks.by_hand import errands
from tasks.channels import Outcome
from tasks.choices import NewChoice, set_choice
from tasks.clock import clock_at
from tasks.db import engine_for, transaction
from tasks.house import House
from tasks.lapses import give_up_leases
from tasks.messages import write_brief
from tasks.models.enums import Audience, Event, MessageState, Urgency
from tasks.models.tables import Message
from tasks.outbox import send_waiting
from tasks.queue import due
from tasks.reminders import gather_reminders
from tasks.rendering import TEMPLATES
from tasks.rules.haste import haste_of
from tasks.traffic import traffic

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)
TO_HOOK = {"channel": "webhook", "address": "x"}
Rows = Callable[..., list[Any]]
Place = Callable[..., str]

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def hooked(database: House, settle: Callable[..., House], hook: Any) -> House:
    """Residents and the desk are told over a webhook and a group robot."""
    return settle(
        channels={
            "webhook": f"json://{hook.host}/hook",
            "wecom_desk": f"wecomrobot://{hook.host}/key?secure=no",
        }
    )


@pytest.fixture(autouse=True)
def even_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts come exactly when their wait is over."""
    monkeypatch.setattr(leases, "JITTER", 0)


def brief_the_desk(session: Session) -> None:
    """The figures of the morning, for the desk."""
    names = ("open", "overdue", "raised", "today", "to_tell", "failed", "set_aside")
    figures = {"figures": dict.fromkeys(names, 1)}
    write_brief(session, Event.DAILY_BRIEF, Audience.COORDINATORS, "2026-09-14", figures)


@pytest.mark.parametrize(
    ("event", "urgency", "priority", "worth"),
    [
        (Event.ORDER_DONE, Urgency.URGENT, 0, None),  # what is urgent goes before everything
        (Event.ORDER_OVERDUE, Urgency.URGENT, 0, None),
        (Event.ORDER_PLACED, Urgency.NORMAL, 1, None),  # a receipt is told however late
        (Event.ORDER_DONE, Urgency.NORMAL, 1, None),
        (Event.ORDER_OVERDUE, Urgency.NORMAL, 2, None),  # what nobody is woken for goes last
        (Event.DAILY_BRIEF, None, 2, A_DAY),  # tomorrow there is another
        (Event.WEEKLY_BRIEF, None, 2, 7 * A_DAY),
        (Event.ORDER_DUE_SOON, Urgency.NORMAL, 2, 3 * A_DAY),
        (Event.RATING_REMINDER, Urgency.URGENT, 2, 14 * A_DAY),  # nobody is in a hurry to rate
    ],
)
def test_how_soon_and_until_when(
    event: Event, urgency: Urgency | None, priority: int, worth: timedelta | None
) -> None:
    expires = MONDAY + worth if worth else None
    assert haste_of(event, urgency, MONDAY) == {"priority": priority, "expires_at": expires}


def test_what_is_urgent_overtakes_what_was_there_before(
    hooked: House, place: Place, hook: Any
) -> None:
    for guest in range(25):  # more than are leased at once
        place(phone=f"139000000{guest:02}", by="staff-1", **TO_HOOK)
    place(phone="13900000088", by="staff-1", urgency="urgent", **TO_HOOK)
    send_waiting()
    keys = [post.headers["X-Idempotency-Key"] for post in hook.received]
    assert (len(keys), keys[0].split(":")[1]) == (26, "A-2026-0026")


def test_who_calls_sees_first_what_is_urgent(database: House, place: Place) -> None:
    for urgency in ("normal", "urgent", "normal"):
        place(by="staff-1", urgency=urgency)
    assert [one.number for one in errands(2)] == ["A-2026-0002", "A-2026-0001"]


def test_a_brief_that_could_not_be_sent_in_time_is_not_sent_late(
    hooked: House, rows: Rows, hook: Any
) -> None:
    with transaction(hooked.database) as session:
        brief_the_desk(session)
    with clock_at(MONDAY + A_DAY):
        assert send_waiting() == {}
    (message,) = rows(Message)
    assert (message.state, message.code, message.ended_at) == (
        *(MessageState.EXPIRED, "expired", MONDAY + A_DAY),
    )
    assert hook.received == []


def test_a_receipt_is_sent_however_late(hooked: House, place: Place, hook: Any) -> None:
    place(by="staff-1", **TO_HOOK)
    with clock_at(MONDAY + 60 * A_DAY):
        assert send_waiting() == {"accepted": 1}


def test_nobody_is_asked_to_call_about_what_has_passed(
    hooked: House, place_at: Callable[..., str], rows: Rows
) -> None:
    place_at("accepted", kind="small_wish")  # the groups are told by hand
    assert [one.audience for one in errands()].count(Audience.GROUPS) == 1
    with clock_at(MONDAY + 7 * A_DAY):
        send_waiting()
    assert Audience.GROUPS not in [one.audience for one in errands()]


def test_what_has_no_text_to_the_last_is_dead_and_on_a_persons_list(
    hooked: House, place: Place, hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place(by="staff-1", **TO_HOOK)
    now = MONDAY
    with monkeypatch.context() as patch:
        folder = Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))
        (folder / "zh-CN" / "order_placed" / "resident.j2").write_text("{{ 1 / 0 }}")
        patch.setattr("tasks.rendering.TEMPLATES", folder)
        for wait in (timedelta(0), *leases.DELAYS):
            now += wait
            with clock_at(now):
                assert send_waiting() == {"failed": 1}
    (stopped,) = undelivered()
    assert stopped.why == "文字模板有错"
    send_again([stopped.id], "staff-1")  # now that somebody has mended it
    assert send_waiting() == {"accepted": 1}
    assert undelivered() == []


# --- a clock that was set back -------------------------------------------------------------------


def test_a_lease_from_the_future_is_given_up(
    hooked: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(by="staff-1", **TO_HOOK)
    with clock_at(MONDAY + 365 * A_DAY), monkeypatch.context() as patch, pytest.raises(KeyError):
        patch.setattr(outbox, "_send", {}.__getitem__)  # its sender dies
        send_waiting()
    assert give_up_leases() == 1
    assert send_waiting() == {"accepted": 1}


def test_a_lease_of_somebody_whose_clock_is_a_little_fast_is_left_alone(
    hooked: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(by="staff-1", **TO_HOOK)
    counts: list[int] = []

    def look(_letter: Any) -> Outcome:
        with clock_at(MONDAY):
            counts.append(give_up_leases())
        return Outcome(MessageState.ACCEPTED)

    monkeypatch.setattr(outbox, "_send", look)
    with clock_at(MONDAY + timedelta(seconds=1)):
        assert send_waiting() == {"accepted": 1}
    assert counts == [0]


def test_a_wait_from_the_future_ends(hooked: House, place: Place, hook: Any) -> None:
    place(by="staff-1", **TO_HOOK)
    hook.answers = [(503, "")]
    with clock_at(MONDAY + 365 * A_DAY):
        assert send_waiting() == {"failed": 1}
    assert send_waiting() == {"accepted": 1}


def test_a_rest_from_the_future_ends(
    hooked: House, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for guest in range(3):
        place(phone=f"139000000{guest:02}", by="staff-1", **TO_HOOK)
    down = Outcome(MessageState.FAILED, "no_connection", is_down=True)
    with clock_at(MONDAY + 365 * A_DAY), monkeypatch.context() as patch:
        patch.setattr(outbox, "_send", lambda _letter: down)
        assert send_waiting() == {"failed": 3}
    assert send_waiting() == {"accepted": 3}


def test_what_went_in_the_future_takes_no_room_from_this_minute(
    database: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    place: Place,
    hook: Any,
) -> None:
    slow = {"channels": {"webhook": {"per_minute": 1}}}
    settle(
        config=community({"channels.yaml": slow}), channels={"webhook": f"json://{hook.host}/hook"}
    )
    place(by="staff-1", **TO_HOOK)
    with clock_at(MONDAY + 365 * A_DAY):
        assert send_waiting() == {"accepted": 1}
    place(by="staff-1", phone="13900000099", **TO_HOOK)
    assert send_waiting() == {"accepted": 1}


# --- a long life ----------------------------------------------------------------------------------


@pytest.fixture
def plans(sqlite_house: House) -> Iterator[list[str]]:
    """How SQLite looks for messages from now on."""
    seen: list[str] = []
    engine = engine_for(sqlite_house.database)

    @sql.event.listens_for(engine, "before_cursor_execute")
    def explain(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if "messages" in statement:
            plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", values)
            seen.extend(line[-1] for line in plan if " messages" in line[-1])

    yield seen
    sql.event.remove(engine, "before_cursor_execute", explain)


def test_the_few_that_wait_are_found_without_reading_all_that_were_ever_sent(
    sqlite_house: House, plans: list[str]
) -> None:
    wanted = select(Message.id).where(*due(), Message.channel == "webhook")
    with Session(engine_for(sqlite_house.database)) as session:
        session.exec(wanted.limit(20)).all()
    assert plans == ["SEARCH messages USING INDEX ix_messages_waiting (channel=?)"]


@pytest.mark.parametrize(
    "look",
    [
        gather_reminders,
        traffic,
        lambda: set_choice(Audience.HANDLER, "unit-power", NewChoice(digest_hour="18"), "staff-1"),
    ],
    ids=["gather_reminders", "traffic", "set_choice"],
)
def test_who_asks_what_waits_reads_no_more_than_that(
    plans: list[str], look: Callable[[], object]
) -> None:
    look()
    of_all = [plan for plan in plans if plan.startswith("SCAN messages")]
    assert plans and all("INDEX ix_messages_waiting" in plan for plan in of_all), plans
