"""A row of somebody's table, by a mapping: what an order is placed with, and every cell that is not right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.import_shapes import ASKED_AT, WORDS, ImportMapping, OrderField
from tasks.models.enums import Kind, Labelled, Urgency
from tasks.models.sheet import NO_VALUE, Cell

EARLIEST = datetime(
    1990, 1, 1, tzinfo=UTC
)  # before, it is an empty date that a program turned into one
TOMORROW = timedelta(days=1)  # clocks of other machines go wrong by less
DATES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日",
)
LABELS: dict[str, type[Labelled]] = {"kind": Kind, "urgency": Urgency}
YES, NO = ("是", "同意", "yes", "true", "1"), ("否", "不同意", "no", "false", "0")


class Fault(Exception):
    """A cell that cannot be used: what it holds that is wrong, and what would be right."""


@dataclass(frozen=True)
class CellMistake:
    """One cell to put right; `value` as it stands, shortened."""

    row: int
    column: str
    value: str
    problem: str

    def __str__(self) -> str:
        return f"第 {self.row} 行“{self.column}”是“{self.value}”：{self.problem}"


@dataclass
class Reading:
    """What a row says, by the fields of an order, and what is wrong with it."""

    row: int
    cells: Mapping[str, Cell]  # by column
    mapping: ImportMapping
    values: dict[str, Any] = field(default_factory=dict)
    mistakes: list[CellMistake] = field(default_factory=list)

    def blame(self, columns: Sequence[str], problem: str) -> None:
        """Notes a mistake in the cells that fill a field: in the first one that says something."""
        column = next((c for c in columns if shown(self.cells[c])), columns[0] if columns else "")
        if any(mistake.column == column for mistake in self.mistakes):
            return  # told already
        value = shown(self.cells.get(column, ""))
        self.mistakes.append(CellMistake(self.row, column, value, problem))

    def blame_field(self, name: str, problem: str) -> None:
        """Notes what is wrong with a field, in the cells that fill it, or in the row."""
        columns = self.mapping.columns_of(name)
        self.blame([column for column in columns if column in self.cells], problem)


def header_of(mapping: ImportMapping, cells: Iterable[Cell]) -> dict[str, int] | None:
    """Where the mapping's columns are when these cells are its header; None when they are not."""
    at: dict[str, int] = {}
    for place, cell in enumerate(cells):
        at.setdefault(text_of(cell), place)
    if any(column not in at for column in mapping.required):
        return None
    return {column: at[column] for column in mapping.columns if column in at}


def read_row(
    row: int, cells: Mapping[str, Cell], mapping: ImportMapping, now: datetime, timezone: str
) -> Reading:
    """What the cells (by column) mean. `timezone` is that of times that name none."""
    reading = Reading(row, cells, mapping, dict(mapping.usual.items()))
    for field_name in dict.fromkeys(mapping.columns.values()):
        columns = [column for column in mapping.columns_of(field_name) if column in cells]
        try:
            value = _value(
                field_name, [cells[column] for column in columns], mapping, now, timezone
            )
        except Fault as fault:
            reading.blame(columns, str(fault))
            continue
        if value not in ("", None):
            reading.values[field_name] = value
    reading.values["source"] = mapping.source
    reading.values.setdefault("external_id", _fingerprint(cells.values()))
    return reading


def _value(
    name: OrderField, cells: list[Cell], mapping: ImportMapping, now: datetime, timezone: str
) -> object:
    """What the cells of one field say together."""
    if name == ASKED_AT:
        return _moment(cells[0], mapping, now, timezone) if cells else None
    if name == WORDS:
        return "\n".join(dict.fromkeys(text for text in map(plain, cells) if text))
    text = plain(cells[0]) if cells else ""
    text = mapping.meaning(name, text) if text else ""
    if name in LABELS and text:
        return _labelled(LABELS[name], text)
    if name == "consent":
        return _yes_or_no(text)
    return text


def _labelled(words: type[Labelled], text: str) -> str:
    """The value behind a Chinese word, or behind itself."""
    for member in words:
        if text in (member.label, member.value):
            return member.value
    raise Fault(f"只能是 {'、'.join(member.label for member in words)}")


def plain(cell: Cell) -> str:
    """A cell as the text that people see. Raises Fault for a formula without a value."""
    if cell is NO_VALUE:
        raise Fault(
            "这一格是公式或错误值，没有可用的结果；请在表格软件里打开、保存一次，或改成文字"
        )
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # spreadsheets keep all numbers like this
    return str(cell).replace("\u00a0", " ").strip()


def shown(cell: Cell) -> str:
    """A cell in a sentence about it."""
    text = "公式" if cell is NO_VALUE else " ".join(plain(cell).split())
    return text if len(text) <= 30 else f"{text[:29]}…"


def _moment(cell: Cell, mapping: ImportMapping, now: datetime, timezone: str) -> datetime | None:
    found = _read_moment(cell, mapping.dates or DATES)
    if found is None:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=ZoneInfo(mapping.timezone or timezone))
    if found > now + TOMORROW:
        raise Fault("在将来，请核对年份")
    if found < EARLIEST:
        raise Fault("在 1990 年以前，多半是空日期变成的；请改对，或清空这一格")
    return found.astimezone(UTC)


def _read_moment(cell: Cell, formats: Sequence[str]) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time.min)
    if isinstance(cell, float | int) and not isinstance(cell, bool):
        raise Fault("是数字，不是日期；请把这一列的格式设成日期")
    text = plain(cell)
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for format in formats:
        try:
            return datetime.strptime(text, format)  # noqa: DTZ007  # its zone comes from the mapping
        except ValueError:
            continue
    sample = datetime(2024, 5, 1, 9, 30)  # noqa: DTZ001  # only shows what a format looks like
    raise Fault(f"不是认得的日期，要写成 {'、'.join(sample.strftime(f) for f in formats[:3])} 这样")


def _yes_or_no(text: str) -> bool | None:
    if not text:
        return None
    if text.lower() not in (*YES, *NO):
        raise Fault("要写 是 或 否")
    return text.lower() in YES


def _fingerprint(cells: Iterable[Cell]) -> str:
    """An id of a row that has none: of all that it says, so that it is known again."""
    text = "\x1f".join(map(text_of, cells))
    return f"row-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:24]}"


def text_of(cell: Cell) -> str:
    """A cell as text, "" for one without a value."""
    return "" if cell is NO_VALUE else plain(cell)
