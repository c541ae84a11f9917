"""Finding orders: by number, words, name, phone, place in the community, status or age. Columns alone, no whole rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from tasks.clock import utc_now
from tasks.db import reading
from tasks.directory import grid_id, handler_id
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import OPEN, WAITING_FOR, Kind, Status, Urgency
from tasks.models.inputs import without_control
from tasks.models.tables import Member, Order, Resident
from tasks.rules.deadline import local_day
from tasks.rules.ladder import BRANCH

LAST_FOUR = 4
MOST_DAYS = 36_500
_NUMBER = re.compile(r"([ASB])-?(\d{4})-?(\d{1,9})", re.IGNORECASE)
_DIGITS = re.compile(r"[\d\s+-]{4,20}")
_SUMMARY = [
    "number",
    "kind",
    "status",
    "version",
    "round",
    "grid",
    "category",
    "urgency",
    "handler",
    "member",
    "placed_at",
    "due_at",
    "next_due_at",
    "rung",
    "words",
    "place",
    "source",
]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for; every part that is given must fit."""

    anything: str = ""  # a number, words, a name, the end of a phone
    number: str = ""
    words: str = ""
    phone: str = ""  # its last four digits, or more of them
    grid: str = ""  # an id or a name, as the handler
    handler: str = ""
    status: Status | None = None
    kind: Kind | None = None
    open_only: bool = False
    older_than: int | None = None  # days since it was placed


@dataclass(frozen=True)
class Line:
    """One order as a line of the coordinators' lists, in words."""

    number: str
    kind: str
    status: Status
    stage: str
    category: str
    grid: str
    handler: str
    member: str
    urgency: Urgency
    next_due_at: datetime | None
    words: str
    placed_at: datetime
    run_id: str | None
    standing: str  # how high it has climbed, what is asked, until when it stands; "" for nothing


class Brief(NamedTuple):
    """One order as a line of a long table."""

    number: str
    status: Status
    next_due_at: datetime | None
    grid: str
    category: str
    handler: str
    words: str


def summaries(wanted: Wanted) -> list[dict[str, Any]]:
    """The orders that fit, the oldest first, without their residents. Raises BadInput and UnknownId."""
    columns = [getattr(Order, name) for name in _SUMMARY]
    query = sql.select(*columns).where(*conditions(wanted)).order_by(col(Order.id))
    with reading(house().database) as session:
        rows = session.execute(query).all()
    return [_plain(dict(zip(_SUMMARY, row, strict=True))) for row in rows]


def summary(order: Order) -> dict[str, Any]:
    """An order as plain values."""
    return _plain({name: getattr(order, name) for name in _SUMMARY})


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    for name in ("placed_at", "due_at", "next_due_at"):
        found[name] = found[name] and found[name].isoformat()
    for name in ("kind", "status", "urgency"):
        found[name] = found[name].value
    return found


def count(wanted: Wanted) -> int:
    """How many orders fit. Raises BadInput and UnknownId."""
    query = sql.select(sql.func.count()).select_from(Order).where(*conditions(wanted))
    with reading(house().database) as session:
        return int(session.execute(query).scalar_one())


def briefs(wanted: Wanted) -> list[Brief]:
    """All orders that fit, the oldest first. Raises BadInput and UnknownId.

    Seven columns and no more: of thousands of orders, each further one could be felt.
    """
    columns = (
        Order.number,
        Order.status,
        Order.next_due_at,
        Order.grid,
        Order.category,
        Order.handler,
    )
    query = sql.select(*map(col, columns), col(Order.words)).where(*conditions(wanted))
    with reading(house().database) as session:
        rows = session.execute(query.order_by(col(Order.id))).all()
    catalog = house().catalog
    grids = {id: grid.name for id, grid in catalog.grids.items()}
    categories = {id: category.name for id, category in catalog.categories.items()}
    handlers = {id: handler.name for id, handler in catalog.handlers.items()}
    return [
        Brief(
            number,
            status,
            due,
            grids.get(grid, ""),
            categories.get(about, ""),
            handlers.get(who, ""),
            words,
        )
        for number, status, due, grid, about, who, words in rows
    ]


def lines(wanted: Wanted, most: int) -> list[Line]:
    """The orders that fit, open ones and then the newest first. Raises BadInput and UnknownId."""
    where, is_over = conditions(wanted), col(Order.status).not_in(sorted(OPEN))
    with reading(house().database) as session:
        return read_lines(session, where, [is_over, col(Order.id).desc()], most)


def read_lines(
    session: Session,
    where: Sequence[ColumnElement[bool]],
    order_by: Sequence[Any],
    most: int,
) -> list[Line]:
    """The first orders of such an order."""
    query = (
        sql.select(
            col(Order.number),
            col(Order.kind),
            col(Order.status),
            col(Order.category),
            col(Order.grid),
            col(Order.handler),
            sql.func.coalesce(Member.name, ""),
            col(Order.urgency),
            col(Order.next_due_at),
            col(Order.words),
            col(Order.placed_at),
            col(Order.run_id),
            col(Order.rung),
            col(Order.asked_due_at),
            col(Order.hold_until),
        )
        .outerjoin(Member, col(Member.id) == col(Order.member))
        .where(*where)
        .order_by(*order_by)
        .limit(most)
    )
    return [_line(*row) for row in session.execute(query)]


def _line(
    number: str,
    kind: Kind,
    status: Status,
    category: str,  # an id, or nothing, as the next two
    grid: str,
    handler: str,
    member: str,
    *rest: Any,  # as far as the run, then what makes the standing
) -> Line:
    catalog = house().catalog
    categories, grids, handlers = catalog.categories, catalog.grids, catalog.handlers
    urgency, due, words, placed_at, run_id, rung, asked, hold_until = rest
    return Line(
        number,
        kind.label,
        status,
        WAITING_FOR.get(status, status.label),
        categories[category].name if category in categories else "未分类",
        grids[grid].name if grid in grids else "网格不详",
        handlers[handler].name if handler in handlers else "",
        member,
        urgency,
        due,
        words,
        placed_at,
        run_id,
        "，".join(remarks_on(rung, asked, hold_until)),
    )


def remarks_on(rung: int, asked: datetime | None, hold_until: date | None) -> Iterator[str]:
    """What else has to be known of an order where it waits, in words."""
    if rung >= BRANCH:
        yield f"已上报{house().catalog.ladder[rung - 1].name}"
    if asked is not None:
        yield f"申请延到 {local_day(asked, house().timezone)}，待批"
    if hold_until is not None:
        yield f"等到 {hold_until}"


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What the database has to compare. Raises BadInput and UnknownId."""
    given = ((way, getattr(wanted, name)) for name, way in _WAYS.items())
    return [
        way(_typed(value) if isinstance(value, str) else value)
        for way, value in given
        if value not in ("", None, False)
    ]


def _typed(value: str) -> str:
    """What was typed, full-width digits and letters as plain ones. A closed list's word stays as it is."""
    if isinstance(value, StrEnum):
        return value
    plain = without_control(unicodedata.normalize("NFKC", value)).strip()
    if not plain:
        raise BadInput(field="要找的", problem="没有能找的字。")
    return plain


def _like(column: Any, words: str) -> ColumnElement[bool]:
    """Whether the column has the words, in letters of either case; SQLite's LIKE does so by itself."""
    found: ColumnElement[bool] = (
        column.contains(words, autoescape=True)
        if house().database.startswith("sqlite")
        else column.icontains(words, autoescape=True)
    )
    return found


def _anything(typed: str) -> ColumnElement[bool]:
    if _NUMBER.fullmatch(typed.strip()):
        return col(Order.number) == _number(typed)
    ways = [_contains(typed), _of_residents(_like(col(Resident.name), typed))]
    if _DIGITS.fullmatch(typed) and len(re.sub(r"\D", "", typed)) >= LAST_FOUR:
        ways += [_phone(typed), col(Order.number).endswith(f"-{typed.strip()}", autoescape=True)]
    return sql.or_(*ways)


def _number(typed: str) -> str:
    """A-2026-0012, also when a-2026-12 was typed."""
    parts = _NUMBER.fullmatch(typed.strip())
    if parts is None:
        raise BadInput(field="编号", problem=f"“{typed[:40]}”不是编号，样式：A-2026-0001。")
    letter, year, count = parts.groups()
    return f"{letter.upper()}-{year}-{int(count):04d}"


def _contains(words: str) -> ColumnElement[bool]:
    return sql.or_(
        _like(col(Order.words), words),
        _like(col(Order.place), words),
    )


def _phone(typed: str) -> ColumnElement[bool]:
    digits = re.sub(r"\D", "", re.sub(r"^\s*(?:\+|00)86", "", typed))  # as it is kept
    if len(digits) < LAST_FOUR:
        raise BadInput(field="电话", problem="请写最后四位数字，或者更多。")
    return _of_residents(col(Resident.phone).endswith(digits))


def _of_residents(fits: ColumnElement[bool]) -> ColumnElement[bool]:
    return col(Order.resident_id).in_(sql.select(col(Resident.id)).where(fits))


def _older_than(days: int) -> ColumnElement[bool]:
    if not 0 <= days <= MOST_DAYS:
        raise BadInput(field="天数", problem=f"要在 0 到 {MOST_DAYS} 之间。")
    return col(Order.placed_at) <= utc_now() - timedelta(days=days)


def _is_open(_wanted: bool) -> ColumnElement[bool]:
    return col(Order.status).in_(sorted(OPEN))


_WAYS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "anything": _anything,
    "number": lambda typed: col(Order.number) == _number(typed),
    "words": _contains,
    "phone": _phone,
    "grid": lambda typed: col(Order.grid) == grid_id(typed),
    "handler": lambda typed: col(Order.handler) == handler_id(typed),
    "status": lambda status: col(Order.status) == status,
    "kind": lambda kind: col(Order.kind) == kind,
    "open_only": _is_open,
    "older_than": _older_than,
}
