"""A database from before the clocks goes on with the deadlines that its orders had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic import command
from sqlalchemy import text
from sqlmodel import select

from tasks.clock import clock_at
from tasks.db import transaction
from tasks.house import House, house
from tasks.migrate import _alembic
from tasks.models.enums import MessageState
from tasks.models.tables import ClockRow, Message, MessageStep, Order
from tasks.retiming import start_missing_clocks

Do = Callable[..., None]
Place = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
Live = Callable[[str], dict[str, datetime]]
ZONE = ZoneInfo("Asia/Shanghai")
MEETING = {"to": "unit-housing"}
PLAN = {**MEETING, "date": "2026-10-30", "yuan": "50000", "reason": "修活动室"}
END = datetime(2026, 10, 30, 23, 59, 59, tzinfo=ZONE)

pytestmark = pytest.mark.usefixtures("monday")


def upgrade() -> None:
    """As if the database had been made before the clocks, and was brought up to date an hour later."""
    config = _alembic()
    with transaction(house().database) as session:
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0002")
        command.upgrade(config, "head")
    with clock_at(on(14, 11)):
        tally = start_missing_clocks()
    assert tally.failed == []


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of September 2026 in Shanghai: the 14th is a Monday."""
    return datetime(2026, 9, day, hour, minute, tzinfo=ZONE)


@pytest.fixture
def live(rows: Rows, look: Look) -> Iterator[Live]:
    """The live clocks of an order, and when each is due."""

    def read(number: str) -> dict[str, datetime]:
        own = [row for row in rows(ClockRow) if row.order_id == look(number).id]
        return {row.kind.value: row.due_at for row in own if row.stopped_at is None}

    yield read


@pytest.fixture
def big_wish(place: Place, do: Do) -> str:
    """One that stands before the joint meeting."""
    number = place(kind="big_wish", words="心愿：修一间活动室")
    do(number, "accept")
    do(number, "refer", reason="要筹款")
    return number


def test_an_order_at_work_has_its_clocks_from_its_last_step_on(
    database: House, place_at: Place, look: Look, live: Live
) -> None:
    number = place_at("taken")
    upgrade()
    assert live(number) == {"claim": on(15, 10), "finish": on(17, 10)}
    assert (look(number).due_at, look(number).next_due_at) == (on(17, 10), on(15, 10))


def test_messages_and_their_steps_outlive_the_way_back_and_forth(
    database: House, place: Place, rows: Rows
) -> None:
    place(channel="mail", address="jia@example.org", phone="")
    place(phone="13900000002")
    kept = [one.id for one in rows(Message)]
    ends = (MessageState.EXPIRED, MessageState.DEAD)
    with transaction(house().database) as session:
        for message, state in zip(session.exec(select(Message)), cycle(ends)):
            message.state = state
            assert message.id is not None
            session.add(
                MessageStep(
                    message_id=message.id,
                    at=message.created_at,
                    attempt=1,
                    channel=message.channel,
                    state=state,
                )
            )
    steps = len(rows(MessageStep))
    config = _alembic()
    for revision in ("0017", "0016", "0015"):
        with transaction(house().database) as session:
            config.attributes["connection"] = session.connection()
            command.downgrade(config, revision)
    with transaction(house().database) as session:  # words that the closed lists of that time have
        for table in ("messages", "message_steps"):
            states = session.connection().execute(text(f"SELECT DISTINCT state FROM {table}"))
            assert [row.state for row in states] == ["suppressed"]
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
    assert [one.id for one in rows(Message)] == kept
    assert {one.state.value for one in rows(Message)} == {"suppressed"}
    assert len(rows(MessageStep)) == steps


def test_an_extension_that_was_granted_holds(
    database: House, place_at: Place, do: Do, live: Live
) -> None:
    number = place_at("claimed")
    do(number, "contact", reason="打了电话")
    do(number, "ask_extension", by="unit-power", reason="等零件", date="2026-10-30")
    do(number, "approve_extension")
    upgrade()
    assert live(number) == {"finish": END}


def test_an_extension_of_an_earlier_round_does_not(
    sqlite_house: House, place_at: Place, do: Do, live: Live
) -> None:
    number = place_at("claimed")
    do(number, "ask_extension", by="unit-power", reason="等零件", date="2026-10-30")
    do(number, "approve_extension")
    do(number, "finish", by="m-241", reason="换了灯泡")
    do(number, "rate", by="resident", grade="unsatisfied", solved=False, reason="不亮")
    upgrade()
    assert live(number)["finish"] == on(17, 10)


@pytest.mark.parametrize("date", ["2026-10-30", None])
def test_the_date_that_a_meeting_set_holds(
    database: House, big_wish: str, do: Do, live: Live, date: str | None
) -> None:
    do(big_wish, "appoint", **MEETING, **({"date": date} if date else {}))
    do(big_wish, "take", by="unit-housing")
    upgrade()
    fifteen_days = datetime(2026, 10, 10, 10, 0, tzinfo=ZONE)
    assert live(big_wish)["finish"] == (END if date else fifteen_days)


def test_money_that_is_being_raised_has_its_day(
    database: House, big_wish: str, do: Do, look: Look, live: Live
) -> None:
    do(big_wish, "open_funding", **PLAN)
    upgrade()
    assert live(big_wish) == {"funding": END}
    assert look(big_wish).next_due_at == END


@pytest.mark.parametrize("status", ["done", "on_hold"])
def test_what_does_not_run_towards_a_deadline_is_not_overdue(
    database: House, place_at: Place, do: Do, look: Look, live: Live, status: str
) -> None:
    number = place_at("claimed")
    if status == "done":
        do(number, "finish", by="m-241", reason="换了灯泡")
    else:
        do(number, "hold", reason="等天暖", date="2026-09-30")
    upgrade()
    assert (live(number), look(number).next_due_at) == ({}, None)


def test_a_held_order_has_its_clocks_when_it_goes_on(
    sqlite_house: House, place_at: Place, do: Do, live: Live
) -> None:
    number = place_at("taken")
    do(number, "hold", reason="等天暖", date="2026-09-30")
    upgrade()
    with clock_at(on(15, 10)):
        do(number, "resume")
    assert live(number) == {"claim": on(16, 10), "finish": on(18, 10)}
