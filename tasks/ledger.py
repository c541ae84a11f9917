"""The ledger of points kept honest: corrected by hand with a second person, made again from the history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor, find_member
from tasks.earning import entries_for, reversals_for
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.models.enums import Action, PointRule, Role
from tasks.models.point_tables import PointEntry
from tasks.models.tables import History, Member, Order, Outcome
from tasks.rules.deadline import local_day

MOST_AT_ONCE = 10_000
_COMPARED = ("key", "at", "member", "handler", "rule", "points", "order_id", "round")


def correct(who: str, points: int, reason: str, by: str, second: str) -> None:
    """Adds a counter-entry by hand, agreed to by a second person; nothing is ever changed.

    Raises UnknownId, BadInput for no points or too many, no reason, or one person in both places.
    """
    if not points or not reason.strip():
        raise BadInput(field="更正", problem="要写明加减几分（不是 0）和原因。")
    if abs(points) > MOST_AT_ONCE:
        raise BadInput(field="更正", problem=f"一次最多加减 {MOST_AT_ONCE} 分，请核对。")
    with transaction(house().database) as session:
        first, other = actor(session, by), actor(session, second)
        if {first.id, first.member} & {other.id, other.member} - {None}:
            raise BadInput(field="第二个人", problem="更正要由另一个人同意。")
        member = find_member(session, who)
        if member is None:
            raise UnknownId(what="党员", id=who[:40], hint="")
        if member.id in (first.id, first.member, other.id, other.member):
            raise BadInput(field="更正", problem="本人的积分要由别人来更正。")
        if {first.role, other.role} != {Role.STAFF}:
            raise BadInput(field="操作人", problem="更正要由两位社区干部来做。")
        session.get(Member, member.id, with_for_update=True)
        count = session.exec(
            select(sql.func.count())
            .select_from(PointEntry)
            .where(PointEntry.member == member.id, PointEntry.rule == PointRule.CORRECTION)
        ).one()
        session.add(
            PointEntry(
                key=f"{PointRule.CORRECTION}:{member.id}:{count + 1}",
                at=utc_now(),
                member=member.id,
                handler=member.handler,
                rule=PointRule.CORRECTION,
                points=points,
                reason=reason.strip(),
                actor=first.id,
                second=other.id,
            )
        )


@dataclass(frozen=True)
class Replay:
    """How the ledger compares with one made from history alone."""

    entries: int
    added: list[str]  # what the ledger lacked
    different: list[str]  # keys that say something else
    unexpected: list[str]  # keys that the history knows nothing of


def fill_ledger() -> None:
    """Makes the ledger from the history where it is still empty: after an upgrade, before a month is frozen."""
    with reading(house().database) as session:
        if session.exec(select(PointEntry.id).limit(1)).first() is not None:
            return
    recompute()


def recompute() -> Replay:
    """Makes the ledger from the history alone, adds what was missing, and tells what does not agree.

    Corrections by hand are history themselves. Doing it again adds nothing. Whoever rates or reopens
    meanwhile waits.
    """
    with transaction(house().database) as session:
        _lock_members(session)
        wanted = {entry.key: entry for entry in _from_history(session)}
        ledger = session.exec(select(PointEntry).where(PointEntry.rule != PointRule.CORRECTION))
        known = {entry.key: entry for entry in ledger}
        missing = [key for key in wanted if key not in known]
        session.add_all(wanted[key] for key in missing)
        return Replay(
            entries=len(wanted),
            added=missing,
            different=[
                key for key in wanted if key in known and _facts(wanted[key]) != _facts(known[key])
            ],
            unexpected=[key for key in known if key not in wanted],
        )


def _lock_members(session: Session) -> None:
    """Nobody else adds to the ledger until the commit; in the order of the ids, so that nobody waits in a ring."""
    session.exec(select(Member.id).order_by(Member.id).with_for_update()).all()


def _facts(entry: PointEntry) -> tuple[Any, ...]:
    return tuple(getattr(entry, name) for name in _COMPARED)


def _from_history(session: Session) -> list[PointEntry]:
    """The ledger as the rows of history make it, in their order."""
    wanted = (
        sql.select(History, Order)
        .join(Order, col(Order.id) == col(History.order_id))
        .where(col(History.action).in_([Action.RATE, Action.EXPIRE, Action.REOPEN]))
        .order_by(col(History.id))
    )
    outcomes = {(row.order_id, row.round): row for row in session.exec(select(Outcome))}
    by_day: dict[tuple[str, date], list[PointEntry]] = defaultdict(list)
    by_order: dict[int, list[PointEntry]] = defaultdict(list)
    made: list[PointEntry] = []
    for deed, order in session.execute(wanted).tuples():
        if deed.action is Action.REOPEN:
            lines = reversals_for(order, deed.round - 1, deed.at, by_order[deed.order_id])
        else:
            outcome = outcomes[deed.order_id, deed.round]
            day = (outcome.member or "", local_day(outcome.at, house().timezone))
            lines = entries_for(session, order, outcome, by_day[day])
            by_day[day] += lines
        by_order[deed.order_id] += lines
        made += lines
    return made
