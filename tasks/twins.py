"""The open orders that a new one is compared with, so that one matter is not carried twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sql
from sqlalchemy import func
from sqlmodel import Session, col

from tasks.models.enums import OPEN, Kind
from tasks.models.tables import Order, Resident
from tasks.rules.routing import Candidate
from tasks.texts import shortened

RECENT = 300  # how many are compared, the newest


@dataclass(frozen=True)
class Other:
    """What is compared of another open order."""

    id: int
    number: str
    words: str
    grid: str | None
    resident_id: int | None
    resident: str


def recent_open(session: Session, kind: Kind | None = None) -> list[Other]:
    """The newest open orders (of a kind). Columns alone: 300 whole orders would cost ten times as much."""
    wanted = (
        sql.select(
            col(Order.id),
            col(Order.number),
            col(Order.words),
            col(Order.grid),
            col(Order.resident_id),
            func.coalesce(Resident.name, ""),
        )
        .outerjoin(Resident, col(Order.resident_id) == col(Resident.id))
        .where(col(Order.status).in_(OPEN))
        .order_by(col(Order.id).desc())
        .limit(RECENT)
    )
    if kind is not None:
        wanted = wanted.where(col(Order.kind) == kind)
    return [Other(*row) for row in session.execute(wanted)]


def candidates(
    orders: list[Other], grid: str | None, is_same_resident: Callable[[Other], bool]
) -> Iterator[Candidate]:
    """The orders as the comparison takes them, for a matter of this grid."""
    for order in orders:
        yield Candidate(
            number=order.number,
            words=order.words,
            same_grid=grid is not None and grid == order.grid,
            same_resident=is_same_resident(order),
        )


def twin_line(twin: Candidate) -> str:
    """A line of a pick list; it begins with the number."""
    return f"{twin.number} {shortened(twin.words, 24)}"
