"""The three rates of a period, counted from how each round ended, in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import sqlalchemy as sql
from sqlmodel import Session, col

from config.catalog import RateFormula
from tasks.db import reading
from tasks.directory import member_names
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import Grade
from tasks.models.rate_tables import Exclusion, Publication
from tasks.models.tables import Order, Outcome
from tasks.rules.deadline import start_of_day
from tasks.rules.ladder import BRANCH
from tasks.rules.rates import Counted, Rates, formula_on, rates_of, without

FIRST_YEAR, LAST_YEAR = 2000, 2999


class By(StrEnum):
    """What the rates of a community are split by."""

    GRID = "grid"
    HANDLER = "handler"
    MEMBER = "member"
    CATEGORY = "category"


@dataclass(frozen=True)
class RatedPart:
    """The rates of one part of the community; of all of it `id` is empty."""

    id: str
    name: str
    counted: Counted
    rates: Rates
    formula: RateFormula
    is_published: bool = False


def rates_between(first: date, last: date, by: By | None = None) -> list[RatedPart]:
    """The rates of the rounds that ended from the first to the last local day, both included.

    A period that was published stays as it was then. Split, the parts come in the order of their ids,
    and what belongs to none under "–". Raises BadInput for a period that ends before it begins.
    """
    check_period(first, last)
    with reading(house().database) as session:
        published = publication_of(session, first, last)
        counted = published_counts(published, by) if published else count(session, first, last, by)
    formula = formula_on(last, house().catalog.rates.values())
    if published is not None:
        formula = RateFormula.model_validate(published.formula)
    if by is None:
        counted = {"": counted.get("", Counted())}
    names = _names(by)
    return [
        RatedPart(
            id,
            names.get(id, id or "–"),
            counted[id],
            rates_of(counted[id], formula),
            formula,
            published is not None,
        )
        for id in sorted(counted)
    ]


def check_period(first: date, last: date) -> None:
    """Raises BadInput for a period that ends before it begins, or lies where no calendar reaches."""
    if last < first:
        raise BadInput(field="时期", problem=f"{last} 在 {first} 之前，时期要从早到晚。")
    if first.year < FIRST_YEAR or last.year > LAST_YEAR:
        raise BadInput(field="时期", problem=f"{first} 至 {last} 太远，请核对年份。")


def publication_of(session: Session, first: date, last: date) -> Publication | None:
    """The publication of exactly this period, None when there is none."""
    wanted = sql.select(Publication).where(
        col(Publication.first) == first, col(Publication.last) == last
    )
    return session.execute(wanted).scalar_one_or_none()


def published_counts(published: Publication, by: By | None) -> dict[str, Counted]:
    """What was counted when it was published."""
    parts = published.parts[by.value if by else ""]
    return {id: Counted(**counts) for id, counts in parts.items()}


def count(session: Session, first: date, last: date, by: By | None) -> dict[str, Counted]:
    """The rounds of a period by part, without those that are left out. `""` is what belongs to none."""
    counted = _count(session, first, last, by, only_excluded=False)
    excluded = _count(session, first, last, by, only_excluded=True)
    return {id: without(counted[id], excluded.get(id, Counted())) for id in counted}


def _count(
    session: Session, first: date, last: date, by: By | None, *, only_excluded: bool
) -> dict[str, Counted]:
    zone = house().timezone
    since, until = start_of_day(first, zone), start_of_day(last + timedelta(days=1), zone)
    part = sql.literal("") if by is None else sql.func.coalesce(getattr(Outcome, by.value), "")
    is_rated = col(Outcome.grade).is_not(None)
    wanted = (
        sql.select(
            part,
            _times(is_rated),
            _times(is_rated & col(Outcome.contacted_in_time)),
            _times(is_rated & (col(Outcome.solved) == sql.true())),
            _times(col(Outcome.grade) == Grade.SATISFIED),
            _times(col(Outcome.grade) == Grade.BASICALLY),
            _times(~is_rated),
            _times(col(Order.round) > col(Outcome.round)),
            _times(col(Outcome.rung) < BRANCH),
        )
        .join(Order, col(Order.id) == col(Outcome.order_id))
        .where(col(Outcome.at) >= since, col(Outcome.at) < until)
        .group_by(part)
    )
    if only_excluded:
        is_left_out = (col(Exclusion.order_id) == col(Outcome.order_id)) & (
            col(Exclusion.round) == col(Outcome.round)
        )
        wanted = wanted.join(Exclusion, is_left_out)
    return {row[0]: Counted(*map(int, row[1:])) for row in session.execute(wanted)}


def _times(condition: sql.ColumnElement[bool]) -> sql.ColumnElement[int]:
    return sql.func.coalesce(sql.func.sum(sql.case((condition, 1), else_=0)), 0)


def _names(by: By | None) -> dict[str, str]:
    catalog = house().catalog
    if by is None:
        return {"": catalog.community.name}
    if by is By.MEMBER:
        return member_names()
    if by is By.GRID:
        return {id: grid.name for id, grid in catalog.grids.items()}
    if by is By.HANDLER:
        return {id: handler.name for id, handler in catalog.handlers.items()}
    return {id: category.name for id, category in catalog.categories.items()}
