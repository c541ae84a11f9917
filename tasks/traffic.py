"""How messages went in the last day, channel by channel: counted and ranked by the database, not row by row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy import ColumnElement, Subquery, and_, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from tasks.clock import utc_now
from tasks.db import reading, seconds_between
from tasks.house import house
from tasks.models.enums import MessageState
from tasks.models.tables import Message, MessageStep
from tasks.queue import waits
from tasks.routes import BY_HAND

A_DAY = timedelta(days=1)
_ARRIVED = (MessageState.ACCEPTED, MessageState.DELIVERED)


@dataclass(frozen=True)
class Traffic:
    """What came of a channel's attempts in the last day, and what waits for it now.

    `half` and `most` are the seconds within which half, and 95 of 100, of what it took were with it;
    None where it took nothing.
    """

    name: str
    sent: int = 0  # messages
    failed: int = 0  # attempts, of which some were made up for later
    refused: int = 0
    unknown: int = 0
    waiting: int = 0  # should have gone by now, or is tried again
    half: float | None = None
    most: float | None = None

    @property
    def variables(self) -> dict[str, Any]:
        """What the brief says of it."""
        return asdict(self)


class _Spans(NamedTuple):
    half: float
    most: float


def traffic() -> tuple[Traffic, ...]:
    """The last 24 hours of every channel but a person's hands on which anything happened or waits.

    A message's time counts from when it might first go on its channel (so not from a quiet night before),
    through all attempts there; one that was given to the channel by another way or by a person's word
    counts from then.
    """
    names = {id: one.name for id, one in house().catalog.channels.items() if id != BY_HAND}
    now = utc_now()
    with reading(house().database) as session:
        counts = _outcomes(session, names, now - A_DAY)
        waiting = _waiting(session, now)
        spans = _spans(session, names, now - A_DAY)
    nothing = {"sent": 0, "failed": 0, "refused": 0, "unknown": 0}
    return tuple(
        Traffic(
            name,
            **counts.get(id, nothing),
            waiting=waiting.get(id, 0),
            half=spans[id].half if id in spans else None,
            most=spans[id].most if id in spans else None,
        )
        for id, name in names.items()
        if id in counts or id in waiting
    )


def _outcomes(
    session: Session, channels: Iterable[str], since: datetime
) -> dict[str, dict[str, int]]:
    """By channel: how many messages it took, and how many attempts came to what else."""
    step = MessageStep
    state = col(step.state)
    arrived = sql.case((state.in_(_ARRIVED), col(step.message_id)))
    rows = session.execute(
        sql.select(
            col(step.channel),
            sql.func.count(arrived.distinct()),
            *(_how_many(state == one) for one in (MessageState.FAILED, MessageState.REFUSED)),
            _how_many(state == MessageState.UNKNOWN),
        )
        .where(*_lately(channels, since), state != MessageState.QUEUED)
        .group_by(col(step.channel))
    )
    names = ("sent", "failed", "refused", "unknown")
    return {channel: dict(zip(names, counts, strict=True)) for channel, *counts in rows}


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return sql.func.count(sql.case((condition, 1)))


def _lately(channels: Iterable[str], since: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions on a step of these channels since a moment."""
    return (col(MessageStep.channel).in_(list(channels)), col(MessageStep.at) >= since)


def _waiting(session: Session, now: datetime) -> dict[str, int]:
    state = col(Message.state)
    late = and_(state == MessageState.QUEUED, col(Message.next_attempt_at) <= now)
    under_way = state.in_((MessageState.FAILED, MessageState.SENDING))
    rows = session.execute(
        sql.select(col(Message.channel), sql.func.count())
        .where(waits(), col(Message.channel) != BY_HAND, or_(late, under_way))
        .group_by(col(Message.channel))
    )
    return dict(rows.tuples().all())


def _spans(session: Session, channels: Iterable[str], since: datetime) -> dict[str, _Spans]:
    """By channel: the nearest ranks of half and of 95 in 100."""
    took = _took(session, channels, since)
    ranked = (
        sql.select(
            took.c.channel,
            took.c.seconds,
            sql.func.row_number()
            .over(partition_by=took.c.channel, order_by=took.c.seconds)
            .label("rank"),
            sql.func.count().over(partition_by=took.c.channel).label("all"),
        )
        .where(took.c.seconds >= 0)  # one that goes out once more may go from another moment on
        .subquery()
    )
    rank, seconds = ranked.c.rank, ranked.c.seconds
    median = sql.func.min(sql.case((rank * 2 >= ranked.c.all, seconds)))
    high = sql.func.min(sql.case((rank * 20 >= ranked.c.all * 19, seconds)))
    rows = session.execute(sql.select(ranked.c.channel, median, high).group_by(ranked.c.channel))
    return {channel: _Spans(float(half), float(most)) for channel, half, most in rows}


def _took(session: Session, channels: Iterable[str], since: datetime) -> Subquery:
    """Every message that a channel took lately, with the seconds that it took."""
    step, first = MessageStep, aliased(MessageStep)
    took = col(step.at)
    # the moment from which a message may go stands there until it is tried again
    from_due = seconds_between(session, col(Message.next_attempt_at), took)
    its_first = and_(
        col(first.channel) == col(step.channel), col(first.attempt) == 1, col(first.at) <= took
    )
    # one condition alone stands outside, so that every database looks for it by the message
    from_first_attempt = (
        sql.select(
            sql.func.min(sql.case((its_first, seconds_between(session, col(first.at), took))))
        )
        .where(col(first.message_id) == col(step.message_id))
        .scalar_subquery()
    )
    seconds = sql.case((col(step.attempt) == 1, from_due), else_=from_first_attempt)
    return (
        sql.select(col(step.channel).label("channel"), seconds.label("seconds"))
        .join(Message, col(Message.id) == col(step.message_id))
        .where(*_lately(channels, since), col(step.state) == MessageState.ACCEPTED)
        .subquery()
    )
