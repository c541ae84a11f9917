"""What two people decide about the rates: that a round does not count, that a period is published, what to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

import sqlalchemy as sql
from sqlmodel import col, select

from tasks.advance import find_order
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import Grade, Role
from tasks.models.rate_tables import Exclusion, Publication
from tasks.models.tables import Order, Outcome, Rating
from tasks.rates import By, check_period, count, publication_of
from tasks.rules.deadline import local_day, start_of_day
from tasks.rules.periods import Period, periods_over
from tasks.rules.rates import close_together, formula_on


def exclude(number: str, round: int, reason: str, by: str, second: str) -> None:
    """Leaves a round that ended out of the rates, for a reason, agreed to by a second person.

    What has been published stays. Raises UnknownOrder, UnknownId, and BadInput for a round that has
    not ended or was left out before, for no reason, and for people who may not.
    """
    if not reason.strip():
        raise BadInput(field="原因", problem="不计入要写明原因。")
    with transaction(house().database) as session:
        order = find_order(session, number, lock=True)
        wanted = select(Outcome).where(Outcome.order_id == order.id, Outcome.round == round)
        outcome = session.exec(wanted).first()
        if outcome is None:
            raise BadInput(
                field="第几轮", problem=f"{order.number} 的第 {round} 轮还没有评价或归档。"
            )
        first, other = actor(session, by), actor(session, second)
        people = {first.id, first.member}, {other.id, other.member}
        if people[0] & people[1] - {None}:
            raise BadInput(field="第二个人", problem="不计入要由另一个人同意。")
        if {first.role, other.role} != {Role.STAFF}:
            raise BadInput(field="操作人", problem="不计入要由两位社区干部决定。")
        if outcome.member in people[0] | people[1]:
            raise BadInput(field="操作人", problem="自己办的事，不能由自己决定不计入。")
        known = select(Exclusion.id).where(Exclusion.order_id == order.id, Exclusion.round == round)
        if session.exec(known).first() is not None:
            raise BadInput(field="第几轮", problem=f"{order.number} 的第 {round} 轮已经不计入了。")
        assert order.id is not None
        session.add(
            Exclusion(
                order_id=order.id,
                round=round,
                reason=reason.strip(),
                actor=first.id,
                second=other.id,
                at=utc_now(),
            )
        )


def publish(first: date, last: date, by: str) -> None:
    """Freezes the figures of a period that is over, with the formula that made them.

    Raises BadInput for a period that was published before, is not over, or ends before it begins.
    """
    check_period(first, last)
    if last >= local_day(utc_now(), house().timezone):
        raise BadInput(field="时期", problem=f"{last} 还没有过完，过完再公布。")
    with transaction(house().database) as session:
        person = actor(session, by)
        if person.role is not Role.STAFF:
            raise BadInput(field="操作人", problem="公布要由社区干部来做。")
        known = publication_of(session, first, last)
        if known is not None:
            day = local_day(known.at, house().timezone)
            raise BadInput(field="时期", problem=f"{first} 至 {last} 已在 {day} 公布过，不能再改。")
        formula = formula_on(last, house().catalog.rates.values())
        parts = {
            split.value if split else "": {
                id: asdict(counted) for id, counted in count(session, first, last, split).items()
            }
            for split in (None, *By)
        }
        session.add(
            Publication(
                first=first,
                last=last,
                formula=formula.model_dump(mode="json"),
                parts=parts,
                actor=person.id,
                at=utc_now(),
            )
        )


def periods_to_publish() -> list[Period]:
    """The months, quarters and years that are over and not published yet, the newest first."""
    zone = house().timezone
    with reading(house().database) as session:
        oldest = session.exec(select(sql.func.min(Outcome.at))).one()
        published = sql.select(col(Publication.first), col(Publication.last))
        known = {(first, last) for first, last in session.execute(published)}
    if oldest is None:
        return []
    over = periods_over(local_day(oldest, zone), local_day(utc_now(), zone))
    return [period for period in over if (period.first, period.last) not in known]


@dataclass(frozen=True)
class Rated:
    """A round that was rated and still counts, with whoever had done it (ids)."""

    number: str
    round: int
    grade: Grade
    at: datetime
    handler: str | None
    member: str | None


def rated_since(day: date, most: int) -> list[Rated]:
    """The rounds rated since a local day that still count, the newest first, at most so many."""
    is_left_out = (
        sql.exists()
        .where(col(Exclusion.order_id) == col(Outcome.order_id))
        .where(col(Exclusion.round) == col(Outcome.round))
    )
    facts = ("round", "grade", "at", "handler", "member")
    wanted = (
        sql.select(col(Order.number), *(getattr(Outcome, fact) for fact in facts))
        .join(Order, col(Order.id) == col(Outcome.order_id))
        .where(
            col(Outcome.grade).is_not(None),
            col(Outcome.at) >= start_of_day(day, house().timezone),
            ~is_left_out,
        )
        .order_by(col(Outcome.at).desc(), col(Outcome.id).desc())
        .limit(most)
    )
    with reading(house().database) as session:
        return [Rated(*row) for row in session.execute(wanted)]


@dataclass(frozen=True)
class Burst:
    """Many good ratings of one handler in one grid, close together: somebody should have a look."""

    handler: str
    grid: str
    first: datetime
    last: datetime
    numbers: tuple[str, ...]
    actors: tuple[str, ...]  # who handed them in: "resident" by link


def bursts_between(first: date, last: date) -> list[Burst]:
    """The bursts of ratings of a period of local days, the oldest first."""
    check_period(first, last)
    zone = house().timezone
    wanted = (
        sql.select(
            col(Outcome.handler),
            col(Outcome.grid),
            col(Rating.at),
            col(Order.number),
            col(Rating.actor),
        )
        .select_from(Rating)
        .join(
            Outcome,
            (col(Outcome.order_id) == col(Rating.order_id))
            & (col(Outcome.round) == col(Rating.round)),
        )
        .join(Order, col(Order.id) == col(Rating.order_id))
        .where(
            col(Rating.grade) != Grade.UNSATISFIED,
            col(Rating.at) >= start_of_day(first, zone),
            col(Rating.at) < start_of_day(last + timedelta(days=1), zone),
        )
        .order_by(col(Outcome.handler), col(Outcome.grid), col(Rating.at))
    )
    with reading(house().database) as session:
        rated = [_Good(*row) for row in session.execute(wanted)]
    found = []
    for _place, some in groupby(rated, key=lambda one: (one.handler, one.grid)):
        there = list(some)
        runs = close_together([one.at for one in there])
        found += [_burst([there[index] for index in run]) for run in runs]
    return sorted(found, key=lambda burst: burst.first)


@dataclass(frozen=True)
class _Good:
    handler: str | None
    grid: str | None
    at: datetime
    number: str
    actor: str


def _burst(rated: Sequence[_Good]) -> Burst:
    return Burst(
        handler=rated[0].handler or "",
        grid=rated[0].grid or "",
        first=rated[0].at,
        last=rated[-1].at,
        numbers=tuple(one.number for one in rated),
        actors=tuple(sorted({one.actor for one in rated})),
    )
