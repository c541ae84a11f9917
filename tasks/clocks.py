"""The clocks of orders as rows: read, written and changed with their order, never without its lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import Session, col, select

from tasks.models.state import Clock
from tasks.models.tables import ClockRow

FIELDS = tuple(field.name for field in fields(Clock))
_KEY = ("kind", "version")
_CHANGES = tuple(name for name in FIELDS if name not in _KEY)


def clock_of(row: ClockRow) -> Clock:
    """The clock as the law sees it."""
    return Clock(**{name: getattr(row, name) for name in FIELDS})


def live_clocks(session: Session, order_id: int) -> tuple[Clock, ...]:
    """The clocks of an order that have not stopped, the oldest first."""
    return tuple(
        map(clock_of, session.exec(_of(order_id).where(col(ClockRow.stopped_at).is_(None))))
    )


def all_clocks(session: Session, order_id: int) -> list[Clock]:
    """Every clock that an order has had, the oldest first."""
    return [clock_of(row) for row in session.exec(_of(order_id))]


def _of(order_id: int) -> Any:
    return select(ClockRow).where(ClockRow.order_id == order_id).order_by(col(ClockRow.id))


def add_clocks(session: Session, clocks: Iterable[tuple[int, Clock]]) -> None:
    """Stores new clocks, each with its order's id."""
    rows = [{"order_id": order_id, **vars(clock)} for order_id, clock in clocks]
    if rows:
        session.execute(insert(ClockRow), rows)


def store_clocks(
    session: Session, order_id: int, before: Sequence[Clock], after: Sequence[Clock]
) -> None:
    """Stores what an action has made of an order's clocks."""
    known = {(clock.kind, clock.version): clock for clock in before}
    fresh = [clock for clock in after if (clock.kind, clock.version) not in known]
    changed = [c for c in after if known.get((c.kind, c.version), c) != c]
    if changed:
        change_clocks(session, ((order_id, clock) for clock in changed))
    add_clocks(session, ((order_id, clock) for clock in fresh))


_CHANGE = (
    update(ClockRow)
    .where(
        col(ClockRow.order_id) == bindparam("of_order"),
        col(ClockRow.kind) == bindparam("of_kind"),
        col(ClockRow.version) == bindparam("of_version"),
    )
    .values({name: bindparam(f"new_{name}") for name in _CHANGES})
)


def change_clocks(session: Session, clocks: Iterable[tuple[int, Clock]]) -> None:
    """Stores clocks that are there already as they are now."""
    rows = [
        {
            "of_order": order_id,
            "of_kind": clock.kind,
            "of_version": clock.version,
            **{f"new_{name}": getattr(clock, name) for name in _CHANGES},
        }
        for order_id, clock in clocks
    ]
    session.connection().execute(_CHANGE, rows)
