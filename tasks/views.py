"""Looking at orders: plain values for the command line, the forms and the lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from tasks.advance import find_order
from tasks.db import reading
from tasks.directory import grid_id
from tasks.house import house
from tasks.models.enums import OPEN, WAITING_FOR, Kind, MessageState, Status, Urgency
from tasks.models.tables import History, Member, Message, Order
from tasks.texts import text_of


def name_of_actor(session: Session, id: str) -> str:
    """The name behind an id of the history."""
    catalog = house().catalog
    if id in ("resident", "system"):
        return {"resident": "居民", "system": "系统"}[id]
    for entries in (catalog.staff, catalog.handlers):
        if id in entries:
            return entries[id].name
    member = session.get(Member, id)
    return member.name if member else id


def order_json(number: str) -> dict[str, Any]:
    """Everything about one order, without its resident's name and phone. Raises UnknownOrder."""
    with reading(house().database) as session:
        order = find_order(session, number)
        return {**_summary(order), **_details(session, order)}


def _summary(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "kind": order.kind.value,
        "status": order.status.value,
        "version": order.version,
        "round": order.round,
        "grid": order.grid,
        "category": order.category,
        "urgency": order.urgency.value,
        "handler": order.handler,
        "member": order.member,
        "placed_at": _iso(order.placed_at),
        "due_at": _iso(order.due_at),
        "words": order.words,
        "place": order.place,
        "source": order.source,
    }


def _details(session: Session, order: Order) -> dict[str, Any]:
    history = session.exec(
        select(History).where(History.order_id == order.id).order_by(col(History.version))
    )
    messages = session.exec(
        select(Message).where(Message.order_id == order.id).order_by(col(Message.id))
    )
    return {
        "before": order.before.value if order.before else None,
        "hold_until": order.hold_until.isoformat() if order.hold_until else None,
        "merged_into": order.merged_into,
        "closed_at": _iso(order.closed_at),
        "history": [
            {
                "at": _iso(row.at),
                "action": row.action.value,
                "from": row.from_status.value if row.from_status else None,
                "to": row.to_status.value,
                "actor": row.actor,
                "reason": row.reason,
                "round": row.round,
                "inputs": row.inputs,
            }
            for row in history
        ],
        "messages": [message_json(session, message, order) for message in messages],
    }


def message_json(session: Session, message: Message, order: Order) -> dict[str, Any]:
    """One message with the text that its recipient reads."""
    text = text_of(session, message, order)
    return {
        "id": message.id,
        "order": order.number,
        "event": message.event.value,
        "audience": message.audience.value,
        "recipient": message.recipient,
        "channel": message.channel,
        "locale": message.locale,
        "state": message.state.value,
        "code": message.code,
        "attempts": message.attempts,
        "created_at": _iso(message.created_at),
        "subject": text.subject,
        "body": text.body,
    }


def orders_json(
    *, status: Status | None = None, kind: Kind | None = None, grid: str | None = None
) -> list[dict[str, Any]]:
    """The orders that fit, the oldest first. Raises UnknownId for a grid that is none."""
    wanted = select(Order).order_by(col(Order.id))
    if status is not None:
        wanted = wanted.where(Order.status == status)
    if kind is not None:
        wanted = wanted.where(Order.kind == kind)
    if grid is not None:
        wanted = wanted.where(Order.grid == grid_id(grid))
    with reading(house().database) as session:
        return [_summary(order) for order in session.exec(wanted)]


def messages_json(state: MessageState | None = None) -> list[dict[str, Any]]:
    """The messages in a state (all without one), the oldest first."""
    wanted = (
        select(Message, Order)
        .join(Order, col(Message.order_id) == col(Order.id))
        .order_by(col(Message.id))
    )
    if state is not None:
        wanted = wanted.where(Message.state == state)
    with reading(house().database) as session:
        return [message_json(session, message, order) for message, order in session.exec(wanted)]


@dataclass(frozen=True)
class Waiting:
    """One open order as a line of the coordinators' lists, in words."""

    number: str
    kind: str
    status: Status
    stage: str
    category: str
    grid: str
    handler: str
    member: str
    urgency: Urgency
    due_at: datetime | None
    words: str
    placed_at: datetime
    run_id: str | None


def waiting_orders() -> list[Waiting]:
    """Every open order, the one with the nearest deadline first."""
    wanted = (
        select(Order)
        .where(col(Order.status).in_(OPEN))
        .order_by(col(Order.due_at).is_(None), col(Order.due_at), col(Order.id))
    )
    with reading(house().database) as session:
        return [_waiting(session, order) for order in session.exec(wanted)]


def _waiting(session: Session, order: Order) -> Waiting:
    catalog = house().catalog
    category = catalog.categories.get(order.category or "")
    grid = catalog.grids.get(order.grid or "")
    handler = catalog.handlers.get(order.handler or "")
    member = session.get(Member, order.member) if order.member else None
    return Waiting(
        number=order.number,
        kind=order.kind.label,
        status=order.status,
        stage=WAITING_FOR[order.status],
        category=category.name if category else order.kind.label,
        grid=grid.name if grid else "网格不详",
        handler=handler.name if handler else "",
        member=member.name if member else "",
        urgency=order.urgency,
        due_at=order.due_at,
        words=order.words,
        placed_at=order.placed_at,
        run_id=order.run_id,
    )


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
