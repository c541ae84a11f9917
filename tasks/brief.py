"""How the community stands, in figures from the rows: for the morning's brief and the week's."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sql
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from tasks.by_hand import count_errands
from tasks.clock import utc_now
from tasks.db import reading
from tasks.finding import Line, read_lines
from tasks.house import house
from tasks.models.enums import (
    OPEN,
    WAITING_FOR,
    Action,
    Audience,
    Event,
    Grade,
    MessageState,
    Status,
)
from tasks.models.tables import History, Message, Order, Rating
from tasks.routes import never_called
from tasks.rules.deadline import end_of_day, local_day, start_of_day
from tasks.rules.ladder import BRANCH
from tasks.traffic import Traffic, traffic
from tasks.views import recipient_of

SHOWN = 20
UNDELIVERED = (MessageState.FAILED, MessageState.REFUSED, MessageState.UNKNOWN, MessageState.DEAD)
_A_WEEK = timedelta(days=7)
_IS_OPEN = col(Order.status).in_(sorted(OPEN))


@dataclass(frozen=True)
class Stage:
    """How many orders wait at a stage, and how many of them are overdue."""

    name: str
    count: int
    overdue: int


@dataclass(frozen=True)
class Undelivered:
    """A message that has not arrived."""

    id: int
    number: str
    event: Event
    audience: Audience
    recipient: str
    channel: str
    state: MessageState
    code: str


@dataclass(frozen=True)
class Standing:
    """How the community stands now. Of the overdue and the undelivered the first SHOWN are listed."""

    stages: tuple[Stage, ...]
    rungs: tuple[tuple[str, int], ...]  # open orders by the rung that they have climbed to
    overdue: tuple[Line, ...]
    undelivered: tuple[Undelivered, ...]
    channels: tuple[Traffic, ...]  # how messages went in the last 24 hours
    figures: dict[str, int]  # open, overdue, raised, today, to_tell, failed


def standing() -> Standing:
    """Counts it."""
    now, zone = utc_now(), house().timezone
    is_overdue = col(Order.next_due_at) < now
    with reading(house().database) as session:
        stages = _stages(session, is_overdue)
        rungs = _rungs(session)
        figures = {
            "open": sum(stage.count for stage in stages),
            "overdue": sum(stage.overdue for stage in stages),
            "raised": sum(count for rung, count in rungs.items() if rung >= BRANCH),
            "today": _count(
                session,
                _IS_OPEN,
                col(Order.next_due_at).between(now, end_of_day(local_day(now, zone), zone)),
            ),
            "failed": _undelivered_count(session),
            "to_tell": count_errands(),
        }
        order_by = (col(Order.rung).desc(), col(Order.next_due_at), col(Order.id))
        return Standing(
            stages=stages,
            rungs=tuple(
                (level.name, rungs[level.level])
                for level in reversed(house().catalog.ladder)
                if level.level >= BRANCH and rungs[level.level]
            ),
            overdue=tuple(read_lines(session, [_IS_OPEN, is_overdue], order_by, SHOWN)),
            undelivered=tuple(_undelivered(session)),
            channels=traffic(),
            figures=figures,
        )


def _stages(session: Session, is_overdue: ColumnElement[bool]) -> tuple[Stage, ...]:
    late = sql.func.sum(sql.case((is_overdue, 1), else_=0))
    rows = session.execute(
        sql.select(col(Order.status), sql.func.count(), late)
        .where(_IS_OPEN)
        .group_by(col(Order.status))
    )
    found = {status: (count, int(overdue or 0)) for status, count, overdue in rows}
    return tuple(Stage(WAITING_FOR[status], *found[status]) for status in Status if status in found)


def _rungs(session: Session) -> Counter[int]:
    rows = session.execute(
        sql.select(col(Order.rung), sql.func.count()).where(_IS_OPEN).group_by(col(Order.rung))
    )
    return Counter(dict(rows.tuples().all()))


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return int(
        session.execute(
            sql.select(sql.func.count()).select_from(Order).where(*conditions)
        ).scalar_one()
    )


def _is_undelivered() -> ColumnElement[bool]:
    """Of what was said to many, its own list tells."""
    return sql.and_(col(Message.state).in_(UNDELIVERED), sql.not_(never_called()))


def _undelivered_count(session: Session) -> int:
    wanted = sql.select(sql.func.count()).select_from(Message)
    return int(session.execute(wanted.where(_is_undelivered())).scalar_one())


def _undelivered(session: Session) -> list[Undelivered]:
    rows = session.execute(
        sql.select(Message, col(Order.number))
        .outerjoin(Order, col(Order.id) == col(Message.order_id))
        .where(_is_undelivered())
        .order_by(col(Message.id).desc())
        .limit(SHOWN)
    )
    return [
        Undelivered(
            message.id or 0,
            number or "",
            message.event,
            message.audience,
            recipient_of(session, message)[0]
            if message.audience is not Audience.RESIDENT
            else "居民",
            message.channel,
            message.state,
            message.code,
        )
        for message, number in rows
    ]


@dataclass(frozen=True)
class Week:
    """A week, Monday to Sunday: what came in and what was done, all together and by grid."""

    first: date
    last: date
    figures: dict[str, int]  # placed, done, rated, content, reopened, open, overdue, raised
    grids: tuple[tuple[str, int, int], ...]  # name, placed, done; those where anything happened

    @property
    def variables(self) -> dict[str, Any]:
        """What the messages about it say."""
        days = {"first": f"{self.first:%m-%d}", "last": f"{self.last:%m-%d}"}
        lines = [{"name": name, "placed": new, "done": done} for name, new, done in self.grids]
        return {"figures": {**self.figures, **days}, "lines": lines}


def week_before(now: datetime) -> Week:
    """The last whole week before a moment."""
    zone = house().timezone
    today = local_day(now, zone)
    last = today - timedelta(days=today.weekday() + 1)
    first = last - _A_WEEK + timedelta(days=1)
    since, until = start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone)
    with reading(house().database) as session:
        placed = _by_grid(session, Action.PLACE, since, until)
        done = _by_grid(session, Action.FINISH, since, until)
        reopened = _by_grid(session, Action.REOPEN, since, until)
        grades = _grades(session, since, until)
    now_open = standing().figures
    figures = {
        "placed": placed.total(),
        "done": done.total(),
        "reopened": reopened.total(),
        "rated": grades.total(),
        "content": grades[Grade.SATISFIED] + grades[Grade.BASICALLY],
        **{name: now_open[name] for name in ("open", "overdue", "raised")},
    }
    return Week(first, last, figures, _grids(placed, done))


def _grids(placed: Counter[str], done: Counter[str]) -> tuple[tuple[str, int, int], ...]:
    names = {grid.id: grid.name for grid in house().catalog.grids.values()}
    return tuple(
        (name, placed[id], done[id]) for id, name in names.items() if placed[id] or done[id]
    )


def _by_grid(session: Session, action: Action, since: datetime, until: datetime) -> Counter[str]:
    rows = session.execute(
        sql.select(sql.func.coalesce(Order.grid, ""), sql.func.count())
        .select_from(History)
        .join(Order, col(Order.id) == col(History.order_id))
        .where(col(History.action) == action, col(History.at) >= since, col(History.at) < until)
        .group_by(col(Order.grid))
    )
    return Counter(dict(rows.tuples().all()))


def _grades(session: Session, since: datetime, until: datetime) -> Counter[Grade]:
    rows = session.execute(
        sql.select(col(Rating.grade), sql.func.count())
        .where(col(Rating.at) >= since, col(Rating.at) < until)
        .group_by(col(Rating.grade))
    )
    return Counter(dict(rows.tuples().all()))
