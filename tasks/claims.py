"""Who has an order in hand, and who had it: a row per claim, one of them live at most, and those who help."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from tasks.models.enums import OPEN
from tasks.models.inputs import ActionInput, Claim, Report
from tasks.models.state import OrderState
from tasks.models.tables import Order
from tasks.models.wish_tables import ClaimRow, HelperRow
from tasks.rules.circumstances import Circumstances


def keep_claim(
    session: Session, order: Order, before: OrderState, request: ActionInput, around: Circumstances
) -> None:
    """Ends the live claim where an action took the order out of its member's hands, and begins a new one.

    The order must be locked; `before` is how it stood.
    """
    assert order.id is not None
    holder = order.member if order.status in OPEN else None
    if before.member != holder:
        live = select(ClaimRow).where(
            ClaimRow.order_id == order.id, col(ClaimRow.ended_at).is_(None)
        )
        for row in session.exec(live):
            row.ended_at, row.ended_by = around.now, request.action
        _end_help(session, col(HelperRow.order_id) == order.id, around.now)
    if isinstance(request, Claim):
        session.flush()
        session.add(ClaimRow(order_id=order.id, member=request.to, claimed_at=around.now))
    if isinstance(request, Claim | Report) and request.helpers:
        session.flush()
        _begin_help(session, order, request.helpers, around.now)


def _begin_help(session: Session, order: Order, helpers: Iterable[str], now: datetime) -> None:
    claim = session.exec(
        select(ClaimRow).where(ClaimRow.order_id == order.id, col(ClaimRow.ended_at).is_(None))
    ).one()
    assert order.id is not None and claim.id is not None
    for member in helpers:
        row = HelperRow(
            order_id=order.id, claim_id=claim.id, round=order.round, member=member, since=now
        )
        session.add(row)


def _end_help(session: Session, whose: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(HelperRow).where(whose, col(HelperRow.until).is_(None)).values(until=now)
    )


def end_help_of(session: Session, member: str, now: datetime) -> None:
    """Somebody helps nobody any more."""
    _end_help(session, col(HelperRow.member) == member, now)


def helpers_of(session: Session, order: Order) -> frozenset[str]:
    """The ids of those who help with an order now."""
    if order.member is None:
        return frozenset()
    live = select(HelperRow.member).where(
        HelperRow.order_id == order.id, col(HelperRow.until).is_(None)
    )
    return frozenset(session.exec(live))


def helped_in(session: Session, order: Order) -> frozenset[str]:
    """The ids of those who have helped in the order's round, whether or not they still do."""
    helped = select(HelperRow.member).where(
        HelperRow.order_id == order.id, HelperRow.round == order.round
    )
    return frozenset(session.exec(helped))
