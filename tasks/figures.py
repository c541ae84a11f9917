"""The desk's work in figures: every one of them counted from rows, none of them written down anywhere."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col

from tasks.db import reading
from tasks.house import house
from tasks.models.enums import OPEN, Decision, Entry, Grade, Kind, MeetingKind, Source, Status
from tasks.models.meeting_tables import Matter, Meeting
from tasks.models.tables import Member, Order, Rating
from tasks.models.wish_tables import MoneyEntry

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
    fulfilled: dict[Kind, int]  # wishes that came true
    raised: int  # fen that have come in for big wishes
    registered: int  # who has registered with the community and was verified
    meetings: dict[MeetingKind, int]  # that were held
    decided: int  # matters that the joint meetings settled


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
        around = _around_the_orders(session)
    took = [row.done_at - row.placed_at for row in rows if row.done_at and row.status in DONE]
    days = statistics.median(took).total_seconds() / SECONDS_A_DAY if took else None
    return Figures(
        kinds=tuple(_shares((row.kind.label, row.status) for row in rows)),
        sources=tuple(_shares((_source(row.source), row.status) for row in rows)),
        days=days,
        grades={grade: grades[grade] for grade in Grade},
        rounds=sum(row.round > 1 for row in rows),
        fulfilled={
            kind: sum(row.kind is kind and row.status in DONE for row in rows)
            for kind in (Kind.BIG_WISH, Kind.SMALL_WISH)
        },
        **around,
    )


def _around_the_orders(session: Session) -> dict[str, Any]:
    """What was raised, who registered, what meetings settled."""
    received = sql.select(sql.func.coalesce(sql.func.sum(col(MoneyEntry.fen)), 0)).where(
        col(MoneyEntry.entry) == Entry.RECEIVED
    )
    registered = sql.select(sql.func.count()).where(
        col(Member.registered_at).is_not(None), col(Member.verified).is_(True)
    )
    held = (
        sql.select(col(Meeting.kind), sql.func.count())
        .where(col(Meeting.ended_at).is_not(None))
        .group_by(col(Meeting.kind))
    )
    decided = (
        sql.select(sql.func.count())
        .select_from(Matter)
        .join(Meeting, col(Meeting.id) == col(Matter.meeting_id))
        .where(col(Meeting.kind) == MeetingKind.JOINT, col(Matter.decision) != Decision.PUT_OFF)
    )
    meetings = dict(session.execute(held).tuples().all())
    return {
        "raised": int(session.execute(received).scalar_one()),
        "registered": int(session.execute(registered).scalar_one()),
        "meetings": {kind: meetings.get(kind, 0) for kind in MeetingKind},
        "decided": int(session.execute(decided).scalar_one()),
    }


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
