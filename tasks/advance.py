"""The one door: every change of an order's status goes through `advance`, and leaves a row of history."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlmodel import Session, select

from tasks.claims import helped_in, helpers_of, keep_claim
from tasks.clock import utc_now
from tasks.clocks import live_clocks, store_clocks, was_late
from tasks.directory import SYSTEM, find_member, with_ids
from tasks.earning import award, take_back
from tasks.errors import UnknownOrder
from tasks.funding import book, books_of
from tasks.house import house
from tasks.models.enums import ClockKind
from tasks.models.inputs import ActionInput, Claim, Expire, Merge, MoveMoney, Rate, Reopen, Report
from tasks.models.state import COLUMNS, Actor, Clock, OrderState
from tasks.models.tables import History, Member, Order, Outcome, Rating, Resident
from tasks.requests import dialled
from tasks.rules.circumstances import Circumstances
from tasks.rules.law import consequence, decide
from tasks.rules.notices import Deed, Notice, notices_of
from tasks.rules.routing import suggest_category

NUMBER = re.compile(r"[ASB]-\d{4}-\d{4,9}", re.ASCII)


def state_of(order: Order, clocks: tuple[Clock, ...] = ()) -> OrderState:
    """The order as the law sees it; with its live clocks where they matter."""
    return OrderState(**{column: getattr(order, column) for column in COLUMNS}, clocks=clocks)


def find_order(session: Session, number: str, *, lock: bool = False) -> Order:
    """The order of a number (however it was typed); locked against others until the commit if asked, and
    then as it is now, even where it was looked at before.

    Raises UnknownOrder.
    """
    typed = number.strip().upper()
    if not NUMBER.fullmatch(typed):
        raise UnknownOrder(number=number[:40])
    wanted = select(Order).where(Order.number == typed)
    if lock:  # SQLite ignores it: there the whole transaction is the lock
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    order = session.exec(wanted).first()
    if order is None:
        raise UnknownOrder(number=number[:40])
    return order


def advance(
    session: Session, order: Order, request: ActionInput, who: Actor, form: str | None = None
) -> list[Notice]:
    """Does one action, and what follows of itself, and gives the notices that they call for.

    The order must be locked. `form` is the key of the form whose answer this is.
    Raises what the law raises; then nothing has changed.
    """
    request = with_ids(session, order, request)
    assert order.id is not None
    before = state_of(order, live_clocks(session, order.id))
    around = _circumstances(session, order, request, who)
    after = decide(before, request, around)
    for column, value in after.columns.items():
        if value != getattr(before, column):
            setattr(order, column, value)
    session.add(_history(order, before, request, around, form))
    store_clocks(session, order.id, before.clocks, after.clocks)
    if isinstance(request, Rate):
        session.add(_rating(order, request, around))
    if isinstance(request, Rate | Expire):
        outcome = _outcome(session, order, request, around)
        session.add(outcome)
        award(session, order, outcome)
    if isinstance(request, Reopen):
        take_back(session, order, before.round, around.now)
    keep_claim(session, order, before, request, around)
    book(session, order, request, around)
    session.flush()
    notices = notices_of(Deed(before, after, request, who))
    if follows := consequence(after, request, books_of(session, order)):
        notices += advance(session, order, follows, SYSTEM, form)
    return notices


def _history(
    order: Order, before: OrderState, request: ActionInput, around: Circumstances, form: str | None
) -> History:
    """The row of an action, with the law's own time, so that a replay gives the same order."""
    assert order.id is not None
    return History(
        order_id=order.id,
        version=order.version,
        round=order.round,
        at=around.now,
        action=request.action,
        from_status=before.status,
        to_status=order.status,
        actor=around.actor.id,
        reason=getattr(request, "reason", ""),
        inputs=request.model_dump(mode="json", exclude_defaults=True),
        form=form,
    )


def _rating(order: Order, request: Rate, around: Circumstances) -> Rating:
    assert order.id is not None
    return Rating(
        order_id=order.id,
        round=order.round,
        grade=request.grade,
        solved=request.solved,
        comment=request.reason,
        actor=around.actor.id,
        at=around.now,
    )


def _outcome(
    session: Session, order: Order, request: Rate | Expire, around: Circumstances
) -> Outcome:
    """How the round ends, with the law's own time."""
    assert order.id is not None
    rated = request if isinstance(request, Rate) else None
    return Outcome(
        order_id=order.id,
        round=order.round,
        at=around.now,
        grade=rated.grade if rated else None,
        solved=rated.solved if rated else None,
        contacted_in_time=not was_late(session, order.id, order.round, ClockKind.CONTACT),
        rung=order.rung,
        category=order.category,
        grid=order.grid,
        handler=order.handler,
        member=order.member,
    )


def _circumstances(
    session: Session, order: Order, request: ActionInput, who: Actor
) -> Circumstances:
    """Looks up what the law asks about: only what this request needs."""
    catalog = house().catalog
    if isinstance(request, Rate | Expire | Reopen) and order.member:
        session.get(Member, order.member, with_for_update=True)  # who earns, see tasks/earning.py
    named_order = None
    if isinstance(request, Merge | MoveMoney):
        named_order = state_of(find_order(session, request.to, lock=True))
    around = Circumstances(
        now=utc_now(),
        actor=who,
        catalog=catalog,
        suggested_category=suggest_category(order.words, catalog),
        named_order=named_order,
        funds=books_of(session, order),
    )
    if isinstance(request, Claim | Report):
        return _with_those_named(session, order, request, around)
    if isinstance(request, Rate):
        return _with_those_at_work(session, order, around)
    return around


def _with_those_named(
    session: Session, order: Order, request: Claim | Report, around: Circumstances
) -> Circumstances:
    """With whoever is to have an order in hand or to help, locked: who leaves at this moment waits."""
    claimant = {request.to} if isinstance(request, Claim) else set()
    named = {}
    for id in sorted({*claimant, *request.helpers}):
        session.get(Member, id, with_for_update=True)
        if member := find_member(session, id):
            named[id] = replace(member, phone=dialled(member.phone))
    return replace(
        around,
        named_member=named.get(request.to) if isinstance(request, Claim) else None,
        named_helpers=tuple(named[id] for id in request.helpers if id in named),
        helpers=helpers_of(session, order),
        resident_phone=_phone_of_resident(session, order),
    )


def _with_those_at_work(session: Session, order: Order, around: Circumstances) -> Circumstances:
    """With whoever has the order in hand or has helped in this round: they do not rate it."""
    helped = helped_in(session, order)
    workers = (session.get(Member, id) for id in {order.member, *helped} - {None})
    return replace(
        around,
        helpers=helped,
        resident_phone=_phone_of_resident(session, order),
        worker_phones=frozenset(dialled(member.phone) for member in workers if member),
    )


def _phone_of_resident(session: Session, order: Order) -> str:
    resident = session.get(Resident, order.resident_id) if order.resident_id else None
    return resident.phone if resident else ""
