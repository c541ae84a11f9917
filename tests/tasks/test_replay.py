"""Whatever people try, in whatever order: what is refused changes nothing, and the history tells it all again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, select

from tasks.advance import state_of
from tasks.clock import clock_at
from tasks.clocks import all_clocks
from tasks.db import reading
from tasks.directory import actor, find_member
from tasks.errors import DiandanError
from tasks.funding import books_of
from tasks.house import House, house
from tasks.models.enums import Action, ClockKind, Entry, Kind, PledgeKind
from tasks.models.inputs import INPUTS, Claim, Merge, MoveMoney, Place, Pledge
from tasks.models.state import Clock, OrderState
from tasks.models.tables import History, Member, Order, Resident
from tasks.requests import dialled
from tasks.rules.circumstances import Circumstances
from tasks.rules.funding import Booked, Donor, Funds, entries_of, sum_up
from tasks.rules.law import decide, placed
from tasks.rules.lifecycle import TRANSITIONS, allowed_actions
from tasks.rules.routing import suggest_category

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
ACTORS = ["staff-1", "staff-2", "unit-power", "m-241", "m-001", "m-244", "resident", "system"]
HANDLERS = ["unit-power", "unit-power", "desk", "unit-water", "officers-grid-3"]
MEMBERS = ["m-241", "m-241", "m-001", "m-244", "nobody"]
GRADES = ["satisfied", "basically", "unsatisfied", "unsatisfied"]
ENDS = {Action.DECLINE, Action.MERGE, Action.WITHDRAW, Action.REFUSE, Action.EXPIRE}
ONWARDS = {Action.ASSIGN, Action.TAKE, Action.CLAIM, Action.FINISH, Action.RATE, Action.REOPEN}

TO_POWER: dict[str, Any] = {"to": "unit-power"}
WORK: list[tuple[str, dict[str, Any]]] = [
    ("take", {}),
    ("claim", {"to": "m-241"}),
    ("finish", {"reason": "好了"}),
]
AT_THE_DESK = [("accept", {"category": "street-light"}), ("assign", TO_POWER), *WORK]
IN_THE_MEETING = [("accept", {}), ("refer", {"reason": "大事"}), ("appoint", TO_POWER), *WORK]
START = {
    Kind.APPEAL: AT_THE_DESK,
    Kind.SMALL_WISH: AT_THE_DESK,
    Kind.BIG_WISH: IN_THE_MEETING,
}


def values_for(action: Action, chance: Random, numbers: list[str], now: datetime) -> dict[str, Any]:
    """What somebody types for an action: mostly usable."""
    day = (now + timedelta(days=chance.randint(-1, 30))).date().isoformat()
    recipients = {Action.CLAIM: MEMBERS, Action.MERGE: numbers, Action.MOVE_MONEY: numbers}
    typed = {
        **dict.fromkeys(("reason", "instead", "donor"), "说明"),
        "voucher": f"收据 {chance.randint(1, 3)}",
        "pledge": chance.randint(1, 2),
        "to": chance.choice(recipients.get(action, HANDLERS)),
        "date": day,
        "yuan": chance.choice(["10", "0.5", "20", "-1"]),
        "grade": chance.choice(GRADES),
        "solved": chance.random() < 0.5,
        "kind": chance.choice(list(PledgeKind)).value,
    }
    fields = INPUTS[action].model_fields.items()
    return {
        name: typed[name]
        for name, field in fields
        if name in typed and (field.is_required() or chance.random() < 0.5)
    }


def attempt(number: str, chance: Random) -> tuple[str, Action]:
    """Who tries what: mostly what leads on, now and then anything."""
    with reading(house().database) as session:
        order = session.exec(select(Order).where(Order.number == number)).one()
    allowed = set(allowed_actions(order.kind, order.status))
    choices = [allowed & ONWARDS, allowed & ONWARDS, allowed - ENDS, allowed - ENDS, set(Action)]
    if chance.random() < 0.1:
        choices = [allowed]
    some = [actions - {Action.PLACE} for actions in choices if actions - {Action.PLACE}]
    actions = sorted(chance.choice(some or [{Action.REPORT}]))
    by = chance.choice(ACTORS) if chance.random() < 0.2 else chance.choice(["staff-1", "staff-2"])
    return by, chance.choice(actions)


def begun(kind: Kind, chance: Random, place: Callable[..., str], do: Callable[..., None]) -> str:
    """An order that has come some way, so that its whole life is within reach."""
    number = place(kind=kind.value)
    for action, values in START[kind][: chance.randint(0, 6)]:
        do(number, action, **values)
    return number


def everything() -> tuple[list[Any], ...]:
    """All that an action can change."""
    with reading(house().database) as session:
        return tuple(
            session.execute(select(SQLModel.metadata.tables[table])).all()
            for table in (
                *("orders", "clocks", "history", "messages", "ratings", "residents"),
                *("donations", "money"),
            )
        )


# --- the history, told again ------------------------------------------------------------------------


Told = dict[str, tuple[OrderState, list[Clock], Funds]]


def as_stored(session: Session) -> Told:
    """Every order with all of its clocks and its books, as the tables have them."""
    told: Told = {}
    for order in session.exec(select(Order)):
        assert order.id is not None
        clocks = all_clocks(session, order.id)
        told[order.number] = (state_of(order), clocks, books_of(session, order))
    return told


def tell_again(session: Session) -> Told:
    """Every order as the law makes it from the rows of history alone, from nothing."""
    clocks: dict[str, dict[tuple[ClockKind, int], Clock]] = {}
    orders = {order.id: order for order in session.exec(select(Order))}
    told: dict[str, OrderState] = {}
    donors: dict[str, list[Donor]] = defaultdict(list)
    entries: dict[str, list[Booked]] = defaultdict(list)
    for row in session.exec(select(History).order_by(col(History.id))):
        order = orders[row.order_id]
        around = _around(session, order, row)
        known = clocks.setdefault(order.number, {})
        if row.action is Action.PLACE:
            asked = Place.model_validate({**row.inputs, "words": order.words})
            told[order.number] = placed(order.number, asked, around)
            known.update(_by_key(told[order.number]))
            continue
        request = INPUTS[row.action].model_validate(row.inputs)
        if isinstance(request, Merge | MoveMoney):
            around = replace(around, named_order=told[request.to])
        if isinstance(request, Claim):
            around = replace(around, named_member=find_member(session, request.to))
        member = session.get(Member, told[order.number].member or "")
        funds = sum_up(donors[order.number], entries[order.number])
        phones = frozenset({dialled(member.phone)} if member else ())
        around = replace(around, worker_phones=phones, funds=funds)
        told[order.number] = decide(told[order.number], request, around)
        assert told[order.number].status is row.to_status
        if isinstance(request, Pledge):
            donors[order.number].append(Donor(request.donor, request.kind, request.anonymous))
        if isinstance(request, MoveMoney):
            moved = Booked(entry=Entry.MOVED_IN, fen=request.yuan, other=order.number)
            entries[request.to].append(moved)
        entries[order.number] += entries_of(request, funds)
        known.update(_by_key(told[order.number]))
    return {
        number: (
            replace(state, clocks=()),
            list(clocks[number].values()),
            sum_up(donors[number], entries[number]),
        )
        for number, state in told.items()
    }


def _by_key(state: OrderState) -> dict[tuple[ClockKind, int], Clock]:
    return {(clock.kind, clock.version): clock for clock in state.clocks}


def _around(session: Session, order: Order, row: History) -> Circumstances:
    resident = session.get(Resident, order.resident_id)
    return Circumstances(
        now=row.at,
        actor=actor(session, row.actor),
        catalog=house().catalog,
        suggested_category=suggest_category(order.words, house().catalog),
        resident_phone=resident.phone if resident else "",
    )


def check_history(session: Session) -> None:
    """One row per version, each beginning where the one before ended, each a step of the table."""
    for order in session.exec(select(Order)):
        rows = session.exec(
            select(History).where(History.order_id == order.id).order_by(col(History.version))
        ).all()
        assert [row.version for row in rows] == list(range(1, order.version + 1))
        assert [row.from_status for row in rows] == [None, *(row.to_status for row in rows[:-1])]
        assert rows[-1].to_status is order.status
        for row in rows:
            assert (order.kind, row.from_status, row.action) in TRANSITIONS


@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_whatever_is_tried_nothing_is_lost_and_the_history_tells_it_again(
    new_house: Callable[[], House],
    place: Callable[..., str],
    do: Callable[..., None],
    chance: Random,
) -> None:
    new_house()
    now = MONDAY
    with clock_at(now):
        numbers = [begun(chance.choice(list(Kind)), chance, place, do) for _ in range(2)]
    for _ in range(12):
        now += timedelta(hours=chance.choice([0, 1, 1, 5, 30, 24 * 15]))
        number = chance.choice(numbers)
        by, action = attempt(number, chance)
        before = everything()
        with clock_at(now):
            try:
                do(number, action.value, by=by, **values_for(action, chance, numbers, now))
            except DiandanError as refusal:
                assert str(refusal)
                assert everything() == before
    with reading(house().database) as session:
        assert [order.number for order in session.exec(select(Order))] == numbers
        check_history(session)
        stored = as_stored(session)
        assert tell_again(session) == stored


def test_a_life_by_the_running_clock_is_told_again_to_the_microsecond(
    database: House, place_at: Callable[..., str], do: Callable[..., None]
) -> None:
    number = place_at("claimed")
    do(number, "contact", reason="打了电话")
    do(number, "finish", by="m-241", reason="换了灯泡")
    do(number, "rate", by="resident", grade="unsatisfied", solved=False, reason="不亮")
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", by="staff-2", grade="satisfied", solved=True)
    with reading(database.database) as session:
        stored = as_stored(session)
        assert tell_again(session) == stored
        assert stored[number][0].round == 2
