"""A wish with its books and whoever had it in hand, as plain values."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from tasks.advance import find_order
from tasks.db import reading
from tasks.errors import NoWish
from tasks.funding import books_of
from tasks.house import house
from tasks.models.enums import WISHES, Entry
from tasks.models.tables import Order
from tasks.models.wish_tables import ClaimRow, HelperRow, MoneyEntry
from tasks.rules.funding import Promise
from tasks.views import name_of_actor


def wish_json(number: str) -> dict[str, Any]:
    """The books of a wish in fen, its pledges, what was spent, and its claims. For the desk: it names
    donors who want to be anonymous to the public, and says that they do.

    Raises UnknownOrder, NoWish.
    """
    with reading(house().database) as session:
        order = find_order(session, number)
        if order.kind not in WISHES:
            raise NoWish(number=order.number, kind=order.kind.label)
        funds = books_of(session, order)
        return {
            "number": order.number,
            "kind": order.kind.value,
            "status": order.status.value,
            "target": order.target,
            "pledged": funds.pledged,
            "received": funds.received,
            "moved_in": funds.moved_in,
            "moved_out": funds.moved_out,
            "spent": funds.spent,
            "left": funds.left,
            "pledges": [_pledge(promise) for promise in funds.promises],
            "spending": _spending(session, order),
            "claims": _claims(session, order),
        }


def _pledge(promise: Promise) -> dict[str, Any]:
    return {
        "id": promise.number,
        "donor": promise.donor,
        "kind": promise.kind.value,
        "anonymous": promise.anonymous,
        "pledged": promise.pledged,
        "received": promise.received,
    }


def _spending(session: Session, order: Order) -> list[dict[str, Any]]:
    rows = session.exec(
        select(MoneyEntry)
        .where(MoneyEntry.order_id == order.id, MoneyEntry.entry == Entry.SPENT)
        .order_by(col(MoneyEntry.id))
    )
    return [{"voucher": row.voucher, "fen": row.fen, "at": row.at.isoformat()} for row in rows]


def _helpers(session: Session, claim: ClaimRow) -> list[str]:
    helped = select(HelperRow.member).where(HelperRow.claim_id == claim.id)
    return list(session.exec(helped.order_by(col(HelperRow.id))))


def _claims(session: Session, order: Order) -> list[dict[str, Any]]:
    rows = session.exec(
        select(ClaimRow).where(ClaimRow.order_id == order.id).order_by(col(ClaimRow.id))
    )
    return [
        {
            "member": row.member,
            "helpers": _helpers(session, row),
            "name": name_of_actor(session, row.member),
            "claimed_at": row.claimed_at.isoformat(),
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
            "ended_by": row.ended_by.value if row.ended_by else None,
        }
        for row in rows
    ]
