"""The desk's work in figures: every one of them counted from rows, none of them written down anywhere."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sql
from sqlmodel import Session, col

from tasks.db import reading
from tasks.house import house
from tasks.models.enums import OPEN, Grade, Source, Status
from tasks.models.tables import Order, Rating

SECONDS_A_DAY = 86_400
DONE = frozenset({Status.DONE, Status.CLOSED})


@dataclass(frozen=True)
class Share:
    """Of so many orders so many are done, and so many still wait for somebody."""

    name: str
    placed: int
    done: int
    open: int


@dataclass(frozen=True)
class Figures:
    """What has come in, by kind and by where it came from, and how it ended."""

    kinds: tuple[Share, ...]
    sources: tuple[Share, ...]
    days: float | None  # median of the days from placing to done; None when nothing is done
    grades: dict[Grade, int]  # what residents said last of each order
    rounds: int  # orders that were reopened


def count_all() -> Figures:
    """The figures of this database as it is now."""
    with reading(house().database) as session:
        rows = session.execute(
            sql.select(
                col(Order.kind),
                col(Order.source),
                col(Order.status),
                col(Order.round),
                col(Order.placed_at),
                col(Order.done_at),
            )
        ).all()
        grades = _last_grades(session)
    took = [row.done_at - row.placed_at for row in rows if row.done_at and row.status in DONE]
    days = statistics.median(took).total_seconds() / SECONDS_A_DAY if took else None
    return Figures(
        kinds=tuple(_shares((row.kind.label, row.status) for row in rows)),
        sources=tuple(_shares((_source(row.source), row.status) for row in rows)),
        days=days,
        grades={grade: grades[grade] for grade in Grade},
        rounds=sum(row.round > 1 for row in rows),
    )


def _shares(rows: Iterable[tuple[str, Status]]) -> list[Share]:
    placed, done, waiting = Counter[str](), Counter[str](), Counter[str]()
    for name, status in rows:
        placed[name] += 1
        done[name] += status in DONE
        waiting[name] += status in OPEN
    return [Share(name, n, done[name], waiting[name]) for name, n in placed.most_common()]


def _source(id: str) -> str:
    return Source(id).label if id in set(Source) else id


def _last_grades(session: Session) -> Counter[Grade]:
    """The grade of each order's newest rating."""
    last = sql.select(sql.func.max(col(Rating.id))).group_by(col(Rating.order_id))
    return Counter(
        session.execute(sql.select(col(Rating.grade)).where(col(Rating.id).in_(last))).scalars()
    )
