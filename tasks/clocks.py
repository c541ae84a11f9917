"""The clocks of orders as rows: read, written and changed with their order, never without its lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import timedelta

from sqlalchemy import ColumnElement, bindparam, insert, select, update
from sqlmodel import Session, col

from tasks.models.enums import ClockKind
from tasks.models.state import Clock
from tasks.models.tables import ClockRow

FIELDS = tuple(field.name for field in fields(Clock))
_KEY = ("kind", "version")
_CHANGES = tuple(name for name in FIELDS if name not in _KEY)


_CLOCKS = select(col(ClockRow.order_id), *(getattr(ClockRow, name) for name in FIELDS))


def live_clocks(session: Session, order_id: int) -> tuple[Clock, ...]:
    """The clocks of an order that have not stopped, the oldest first."""
    return tuple(live_clocks_of(session, [order_id]).get(order_id, ()))


def live_clocks_of(session: Session, orders: Sequence[int]) -> dict[int, list[Clock]]:
    """The same of several orders, by the orders' ids."""
    return _read(session, col(ClockRow.order_id).in_(orders), col(ClockRow.stopped_at).is_(None))


def all_clocks(session: Session, order_id: int) -> list[Clock]:
    """Every clock that an order has had, the oldest first."""
    return _read(session, col(ClockRow.order_id) == order_id).get(order_id, [])


def was_late(session: Session, order_id: int, round: int, kind: ClockKind) -> bool:
    """Whether any clock of a kind stopped after its deadline in a round."""
    late = select(col(ClockRow.id)).where(
        col(ClockRow.order_id) == order_id,
        col(ClockRow.round) == round,
        col(ClockRow.kind) == kind,
        col(ClockRow.difference) < timedelta(0),
    )
    return session.execute(late.limit(1)).first() is not None


def _read(session: Session, *conditions: ColumnElement[bool]) -> dict[int, list[Clock]]:
    """Columns and not objects: what was written by statements meanwhile must be seen."""
    found: dict[int, list[Clock]] = {}
    for row in session.execute(_CLOCKS.where(*conditions).order_by(col(ClockRow.id))):
        found.setdefault(row[0], []).append(Clock(**dict(zip(FIELDS, row[1:], strict=True))))
    return found


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
