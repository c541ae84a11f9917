"""The ledger of points grows with the history: what a round that ended brings, and takes back when it reopens.

Whoever adds to a member's points has locked the member, so that the caps of a day hold and a replay
of the history comes to the same ledger.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from tasks.clocks import was_late
from tasks.house import house
from tasks.models.enums import ClockKind, PointRule
from tasks.models.point_tables import PointEntry
from tasks.models.tables import Member, Membership, Order, Outcome
from tasks.rules.deadline import local_day, start_of_day
from tasks.rules.points import Earned, Ended, earned_by, reversal_of
from tasks.rules.versions import version_on

Lines = list[PointEntry]


def entries_for(session: Session, order: Order, outcome: Outcome, earlier: Lines) -> Lines:
    """What a round that has ended brings to its member; `earlier` is what is in the ledger of that day."""
    if outcome.member is None:
        return []
    rules = version_on(local_day(outcome.at, house().timezone), house().catalog.points.values())
    if rules is None:
        return []
    ended = Ended(
        number=order.number,
        round=outcome.round,
        grade=outcome.grade,
        solved=outcome.solved,
        category=outcome.category,
        was_late=was_late(session, outcome.order_id, outcome.round, ClockKind.FINISH),
    )
    today = sum(
        line.points
        for line in earlier
        if line.member == outcome.member and line.rule is PointRule.SERVICE
    )
    return [_entry(session, outcome, line) for line in earned_by(ended, rules, today)]


def reversals_for(order: Order, round: int, at: datetime, earlier: Iterable[PointEntry]) -> Lines:
    """What is taken back when a round begins anew; `earlier` is what the order has brought."""
    return [
        PointEntry(
            **vars(reversal_of(line.key, line.points)),
            at=at,
            member=line.member,
            handler=line.handler,
            order_id=order.id,
            round=round,
        )
        for line in earlier
        if (line.round, line.rule) == (round, PointRule.SERVICE)
    ]


def _entry(session: Session, outcome: Outcome, line: Earned) -> PointEntry:
    return PointEntry(
        **vars(line),
        at=outcome.at,
        member=outcome.member or "",
        handler=outcome.handler or _home(session, outcome.member, outcome.at),
        order_id=outcome.order_id,
        round=outcome.round,
    )


def _home(session: Session, member: str | None, at: datetime) -> str | None:
    """Where a member belonged first of all who did something for nobody in particular."""
    then = select(Membership.handler).where(
        Membership.member == member,
        col(Membership.since) <= at,
        col(Membership.until).is_(None) | (col(Membership.until) > at),
    )
    if (found := session.exec(then.order_by(col(Membership.id)).limit(1)).first()) is not None:
        return found
    known = session.get(Member, member) if member else None
    return known.handler if known else None


def award(session: Session, order: Order, outcome: Outcome) -> None:
    """Writes what a round that has just ended brings. Its member must be locked."""
    zone = house().timezone
    day = local_day(outcome.at, zone)
    session.flush()
    earlier = session.exec(
        select(PointEntry).where(
            PointEntry.member == outcome.member,
            col(PointEntry.at) >= start_of_day(day, zone),
            col(PointEntry.at) < start_of_day(day + timedelta(days=1), zone),
        )
    )
    session.add_all(entries_for(session, order, outcome, list(earlier)))


def take_back(session: Session, order: Order, round: int, at: datetime) -> None:
    """Writes that a round's points are taken back, since it begins anew. Its member must be locked."""
    session.flush()
    brought = session.exec(select(PointEntry).where(PointEntry.order_id == order.id))
    session.add_all(reversals_for(order, round, at, list(brought)))


def points_of_round(session: Session, order: Order, round: int) -> int:
    """What a round has brought so far, for the message about its rating."""
    wanted = select(func.coalesce(func.sum(PointEntry.points), 0))
    return int(
        session.exec(wanted.where(PointEntry.order_id == order.id, PointEntry.round == round)).one()
    )
