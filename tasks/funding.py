"""The books of a big wish as rows: read whole, added to, never changed."""

from __future__ import annotations

from sqlmodel import Session, col, select

from tasks.models.enums import Entry, Kind
from tasks.models.inputs import ActionInput, MoveMoney, Pledge
from tasks.models.tables import Order
from tasks.models.wish_tables import Donation, MoneyEntry
from tasks.rules.circumstances import Circumstances
from tasks.rules.funding import NO_MONEY, Booked, Donor, Funds, entries_of, sum_up


def books_of(session: Session, order: Order) -> Funds:
    """The books of an order, as far as they have been flushed; empty for what is no big wish."""
    if order.kind is not Kind.BIG_WISH:
        return NO_MONEY
    donors = select(Donation).where(Donation.order_id == order.id).order_by(col(Donation.number))
    entries = select(MoneyEntry).where(MoneyEntry.order_id == order.id)
    return sum_up(
        [Donor(row.donor, row.kind, row.anonymous) for row in session.exec(donors)],
        [_booked(row) for row in session.exec(entries.order_by(col(MoneyEntry.id)))],
    )


def donors_of(session: Session, order: Order) -> dict[str, int]:
    """Everybody whose gift has come, by name, with the first of their pledges."""
    given = {one.number: one.donor for one in books_of(session, order).promises if one.received}
    return {donor: number for number, donor in reversed(given.items())}


def _booked(row: MoneyEntry) -> Booked:
    return Booked(
        entry=row.entry, fen=row.fen, pledge=row.pledge, voucher=row.voucher, other=row.other
    )


def book(session: Session, order: Order, request: ActionInput, around: Circumstances) -> None:
    """Writes what an action that was just done means for the books: its own wish's, and those of the
    wish that money moves to. Both must be locked."""
    for booked in entries_of(request, around.funds):
        if isinstance(request, Pledge):
            session.add(_donation(order, booked, request, around))
        session.add(_entry(order, booked, around))
    if isinstance(request, MoveMoney):
        to = session.exec(select(Order).where(Order.number == request.to)).one()
        moved = Booked(entry=Entry.MOVED_IN, fen=request.yuan, other=order.number)
        session.add(_entry(to, moved, around))


def _donation(order: Order, booked: Booked, request: Pledge, around: Circumstances) -> Donation:
    assert order.id is not None and booked.pledge is not None
    return Donation(
        order_id=order.id,
        number=booked.pledge,
        donor=request.donor,
        kind=request.kind,
        anonymous=request.anonymous,
        actor=around.actor.id,
        at=around.now,
    )


def _entry(order: Order, booked: Booked, around: Circumstances) -> MoneyEntry:
    assert order.id is not None
    return MoneyEntry(order_id=order.id, version=order.version, at=around.now, **vars(booked))
