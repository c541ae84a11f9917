"""What waits: how many orders at each stage, and the ones to look at first. The same few queries for ten and for ten thousand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

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
    """What waits now. Asked stage by stage, since that is what the indexes answer without sorting."""
    late = col(Order.next_due_at) < utc_now()
    with reading(house().database) as session:
        counts = _counts(session)
        total = sum(counts.values())
        overdue = session.execute(
            sql.select(sql.func.count()).select_from(Order).where(_IS_OPEN, late)
        ).scalar_one()
        most = FEW if total <= FEW else FIRST
        urgent = {status: _by_deadline(session, status, most) for status in counts}
        first = tuple(sorted(chain(*urgent.values()), key=_deadline)[:most])
        if total <= FEW:
            return Overview(total, overdue, first, (), ())
        oldest = sorted(
            chain(*(_by_age(session, status, FIRST) for status in counts)),
            key=lambda line: line.placed_at,
        )
    return Overview(
        count=total,
        overdue=overdue,
        urgent=first,
        oldest=tuple(oldest[:FIRST]),
        stages=tuple(
            Stage(WAITING_FOR[status], counts[status], tuple(urgent[status][:OF_A_STAGE]))
            for status in counts
        ),
    )


def _counts(session: Session) -> Mapping[Status, int]:
    """How many at each stage, in the order of an order's life."""
    counted = session.execute(
        sql.select(col(Order.status), sql.func.count()).where(_IS_OPEN).group_by(col(Order.status))
    )
    found = dict(counted.tuples().all())
    return {status: found[status] for status in Status if status in found}


def _by_deadline(session: Session, status: Status, most: int) -> list[Line]:
    """The nearest deadline first; what has none comes last."""
    here, due = col(Order.status) == status, col(Order.next_due_at)
    order_by = (due, col(Order.id))
    lines = read_lines(session, [here, due.is_not(None)], order_by, most)
    if len(lines) < most:
        lines += read_lines(session, [here, due.is_(None)], order_by, most - len(lines))
    return lines


def _by_age(session: Session, status: Status, most: int) -> list[Line]:
    order_by = (col(Order.placed_at), col(Order.id))
    return read_lines(session, [col(Order.status) == status], order_by, most)


def _deadline(line: Line) -> tuple[bool, datetime]:
    return line.next_due_at is None, line.next_due_at or line.placed_at
