"""What waits: how many orders at each stage, and the ones to look at first. The same few queries for ten and for ten thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col

from tasks.clock import utc_now
from tasks.db import reading
from tasks.finding import Line, read_lines
from tasks.house import house
from tasks.models.enums import OPEN, WAITING_FOR, Status
from tasks.models.tables import Order

FEW = 30  # up to here all of them stand in one list
FIRST, OF_A_STAGE = 10, 5  # lines of a part when there are more
_IS_OPEN = col(Order.status).in_(sorted(OPEN))
_BY_DEADLINE: tuple[Any, ...] = (col(Order.due_at).is_(None), col(Order.due_at), col(Order.id))
_BY_AGE: tuple[Any, ...] = (col(Order.placed_at), col(Order.id))


@dataclass(frozen=True)
class Stage:
    """Everything that waits for the same step."""

    name: str
    count: int
    urgent: tuple[Line, ...]


@dataclass(frozen=True)
class Overview:
    """All that waits. Few orders stand in `urgent` alone; of many each part shows its first ones."""

    count: int
    overdue: int
    urgent: tuple[Line, ...]  # the nearest deadline first
    oldest: tuple[Line, ...]  # who has waited longest
    stages: tuple[Stage, ...]


def look_over() -> Overview:
    """What waits now."""
    late = col(Order.due_at) < utc_now()
    with reading(house().database) as session:
        counts = _counts(session)
        total = sum(counts.values())
        overdue = session.execute(
            sql.select(sql.func.count()).select_from(Order).where(_IS_OPEN, late)
        ).scalar_one()
        if total <= FEW:
            return Overview(total, overdue, _first(session, _BY_DEADLINE, FEW), (), ())
        return Overview(
            count=total,
            overdue=overdue,
            urgent=_first(session, _BY_DEADLINE, FIRST),
            oldest=_first(session, _BY_AGE, FIRST),
            stages=tuple(_stage(session, status, counts[status]) for status in counts),
        )


def _counts(session: Session) -> Mapping[Status, int]:
    """How many at each stage, in the order of an order's life."""
    rows = session.execute(
        sql.select(col(Order.status), sql.func.count()).where(_IS_OPEN).group_by(col(Order.status))
    ).all()
    found: dict[Status, int] = dict(rows)  # type: ignore[arg-type]  # a Row is a tuple
    return {status: found[status] for status in Status if status in found}


def _stage(session: Session, status: Status, count: int) -> Stage:
    lines = read_lines(session, [col(Order.status) == status], _BY_DEADLINE, OF_A_STAGE)
    return Stage(WAITING_FOR[status], count, tuple(lines))


def _first(session: Session, order_by: tuple[Any, ...], most: int) -> tuple[Line, ...]:
    return tuple(read_lines(session, [_IS_OPEN], order_by, most))
