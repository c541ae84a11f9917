"""Points added up: rankings as they stand and as they were frozen, and a member's year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col, select

from config.catalog import HandlerKind
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import find_member
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.models.enums import Board
from tasks.models.point_tables import PointEntry
from tasks.models.point_tables import Ranking as RankingRow
from tasks.models.tables import Order
from tasks.rules.deadline import local_day, start_of_day
from tasks.rules.points import Ranked, level_of, ranking
from tasks.rules.versions import version_on


@dataclass(frozen=True)
class Month:
    """The rankings of a month, by board; `is_frozen` when they were kept as they were at its end."""

    first: date
    is_frozen: bool
    boards: dict[Board, list[Ranked]]


def month_of(typed: str) -> date:
    """The first day of a month that was typed as 2026-09. Raises BadInput."""
    try:
        return date.fromisoformat(f"{typed}-01")
    except ValueError:
        raise BadInput(field="--month", problem="要写成年-月，例如 2026-09。") from None


def months_with_points() -> list[date]:
    """The first days of the months from the oldest entry to the present one, the newest first."""
    today = local_day(utc_now(), house().timezone)
    with reading(house().database) as session:
        oldest = session.exec(select(sql.func.min(PointEntry.at))).one()
    month, months = local_day(oldest or utc_now(), house().timezone).replace(day=1), []
    while month <= today:
        months.append(month)
        month = _next_month(month)
    return months[::-1]


def rankings_of(first: date) -> Month:
    """The rankings of the month that begins on `first`: as they were frozen, or as they stand now."""
    with reading(house().database) as session:
        frozen = session.exec(
            select(RankingRow)
            .where(RankingRow.month == f"{first:%Y-%m}")
            .order_by(col(RankingRow.rank), col(RankingRow.subject))
        ).all()
        if not frozen:
            return Month(first, False, _standing(session, first))
    boards: dict[Board, list[Ranked]] = {board: [] for board in Board}
    for row in frozen:
        boards[row.board].append(Ranked(row.rank, row.subject, row.points))
    return Month(first, True, boards)


def _standing(session: Session, first: date) -> dict[Board, list[Ranked]]:
    """One statement; who belongs to which board is added up from it."""
    zone = house().timezone
    wanted = (
        sql.select(
            col(PointEntry.member), col(PointEntry.handler), sql.func.sum(col(PointEntry.points))
        )
        .where(
            col(PointEntry.at) >= start_of_day(first, zone),
            col(PointEntry.at) < start_of_day(_next_month(first), zone),
        )
        .group_by(col(PointEntry.member), col(PointEntry.handler))
    )
    sums: dict[Board, dict[str, int]] = {board: defaultdict(int) for board in Board}
    handlers = house().catalog.handlers
    for member, handler, points in session.execute(wanted):
        sums[Board.MEMBERS][member] += points
        if known := handlers.get(handler or ""):
            board = Board.UNITS if known.kind is HandlerKind.UNIT else Board.TEAMS
            sums[board][known.id] += points
    return {board: list(ranking(some.items())) for board, some in sums.items()}


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def freeze_months() -> int:
    """Keeps the rankings of every month that is over and was not kept yet; gives how many months."""
    today = local_day(utc_now(), house().timezone)
    with transaction(house().database) as session:
        oldest = session.exec(select(sql.func.min(PointEntry.at))).one()
        if oldest is None:
            return 0
        kept = set(session.exec(select(RankingRow.month).distinct()))
        first, count = local_day(oldest, house().timezone).replace(day=1), 0
        while _next_month(first) <= today:
            if f"{first:%Y-%m}" not in kept:
                places = list(_frozen(first, _standing(session, first)))
                session.add_all(places)
                count += bool(places)
            first = _next_month(first)
        return count


def _frozen(first: date, boards: dict[Board, list[Ranked]]) -> Iterable[RankingRow]:
    now = utc_now()
    for board, places in boards.items():
        for place in places:
            yield RankingRow(
                month=f"{first:%Y-%m}",
                board=board,
                subject=place.id,
                rank=place.rank,
                points=place.points,
                frozen_at=now,
            )


def statement(who: str, year: int | None = None) -> dict[str, Any]:
    """A member's year, this one unless told: the sum with its level, the months, every line.

    Raises UnknownId.
    """
    year = year or local_day(utc_now(), house().timezone).year
    zone = house().timezone
    with reading(house().database) as session:
        member = find_member(session, who)
        if member is None:
            raise UnknownId(what="党员", id=who[:40], hint="")
        rows = session.execute(
            sql.select(PointEntry, col(Order.number))
            .outerjoin(Order, col(Order.id) == col(PointEntry.order_id))
            .where(
                col(PointEntry.member) == member.id,
                col(PointEntry.at) >= start_of_day(date(year, 1, 1), zone),
                col(PointEntry.at) < start_of_day(date(year + 1, 1, 1), zone),
            )
            .order_by(col(PointEntry.id))
        ).all()
    total = sum(entry.points for entry, _number in rows)
    months: dict[str, int] = defaultdict(int)
    for entry, _number in rows:
        months[f"{local_day(entry.at, zone):%Y-%m}"] += entry.points
    rules = version_on(date(year, 12, 31), house().catalog.points.values())
    return {
        "member": member.id,
        "name": member.name,
        "year": year,
        "points": total,
        "level": level_of(total, rules) if rules else "",
        "bottom_line": rules.bottom_line if rules else 0,
        "reached": total >= rules.bottom_line if rules else True,
        "months": dict(sorted(months.items())),
        "entries": [_line(entry, number) for entry, number in rows],
    }


def _line(entry: PointEntry, number: str | None) -> dict[str, Any]:
    return {
        "key": entry.key,
        "at": entry.at.isoformat(),
        "rule": entry.rule.value,
        "points": entry.points,
        "order": number,
        "round": entry.round,
        "reason": entry.reason,
    }
