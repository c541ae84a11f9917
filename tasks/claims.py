"""Who has an order in hand, and who had it: a row per claim, one of them live at most."""

from __future__ import annotations

from sqlmodel import Session, col, select

from tasks.models.enums import OPEN
from tasks.models.inputs import ActionInput, Claim
from tasks.models.state import OrderState
from tasks.models.tables import Order
from tasks.models.wish_tables import ClaimRow
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
    if isinstance(request, Claim):
        session.flush()
        session.add(ClaimRow(order_id=order.id, member=request.to, claimed_at=around.now))
