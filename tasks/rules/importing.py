"""A row of somebody's table, by a mapping: what an order is placed with, and every cell that is not right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from config.import_shapes import ASKED_AT, WORDS, ImportMapping, OrderField
from tasks.models.enums import Kind, Labelled, Urgency
from tasks.models.inputs import without_control
from tasks.models.sheet import NO_VALUE, Cell, Row

EARLIEST = datetime(
    1990, 1, 1, tzinfo=UTC
)  # before, it is an empty date that a program turned into one
TOMORROW = timedelta(days=1)  # clocks of other machines go wrong by less
_WRITTEN = re.compile(  # 2024-05-01, 2024/5/1 9:30, 2024.5.1 9:30:05, 2024年5月1日 上午9时30分
    r"(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})\s?日?"
    r"(?:[T\s]*(上午|早上|下午|晚上)?\s?(\d{1,2})[:：时点](\d{1,2})(?:[:：分](\d{1,2}))?[分秒]?)?"
)
_AFTER_NOON = ("下午", "晚上")
EXACT = 2**53  # beyond, spreadsheets keep only the first digits of a number
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
        cell = f"“{self.column}”是“{self.value}”" if self.column else ""
        return f"第 {self.row} 行{cell}：{self.problem}"


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
        columns = [column for column in self.mapping.columns_of(name) if column in self.cells]
        if columns:
            self.blame(columns, problem)
        else:
            usual = next((text for key, text in self.mapping.usual.items() if key == name), "")
            self.mistakes.append(CellMistake(self.row, f"usual.{name}", usual, problem))


def header_of(mapping: ImportMapping, cells: Iterable[Cell]) -> dict[str, int] | None:
    """Where the mapping's columns are when these cells are its header; None when they are not.

    Raises Fault for two columns of one name: nobody can say which of them is meant.
    """
    at: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        at.setdefault(text_of(cell), []).append(place)
    if any(column not in at for column in mapping.required):
        return None
    twice = next((column for column in mapping.columns if len(at.get(column, ())) > 1), None)
    if twice is not None:
        raise Fault(f"的表头里有两列都叫“{twice}”，请给一列改名，或删掉一列。")
    return {column: at[column][0] for column in mapping.columns if column in at}


def read_row(
    row: Row,
    columns: Mapping[str, int],
    mapping: ImportMapping,
    usual: Mapping[str, Any],
    now: datetime,
    timezone: str,
) -> Reading:
    """What the cells mean that stand under the columns. `timezone` is that of times that name none."""
    cells = {column: row.cells[at] if at < len(row.cells) else "" for column, at in columns.items()}
    reading = Reading(row.number, cells, mapping, dict(usual))
    for field_name in dict.fromkeys(mapping.columns.values()):
        own = [column for column in mapping.columns_of(field_name) if column in cells]
        try:
            value = _value(field_name, [cells[column] for column in own], mapping, now, timezone)
        except Fault as fault:
            culprits = [column for column in own if cells[column] is NO_VALUE]
            reading.blame(culprits or own, str(fault))
            continue
        if value not in ("", None):
            reading.values[field_name] = value
    reading.values["source"] = mapping.source
    if "external_id" not in reading.values:
        reading.values["external_id"] = _fingerprint(reading.values)
    return reading


def usual_values(mapping: ImportMapping, now: datetime, timezone: str) -> dict[str, Any]:
    """What holds for every row unless the row says something else. Raises Fault."""
    return {
        name: _value(name, [text], mapping, now, timezone) for name, text in mapping.usual.items()
    }


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
        if abs(cell) >= EXACT:
            raise Fault("数字太长，表格软件已经丢了后几位；请把这一列设成文本格式，再填一次")
        return str(int(cell))  # spreadsheets keep all numbers like this
    return without_control(str(cell).replace("\u00a0", " ")).strip()


def shown(cell: Cell) -> str:
    """A cell in a sentence about it."""
    if cell is NO_VALUE:
        return "公式"
    line = "".join(letter if letter.isprintable() else " " for letter in str(cell))
    text = " ".join(line.removesuffix(".0").split() if isinstance(cell, float) else line.split())
    return text if len(text) <= 30 else f"{text[:29]}…"


def _moment(cell: Cell, mapping: ImportMapping, now: datetime, timezone: str) -> datetime | None:
    found = _read_moment(cell, mapping.dates)
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
    if formats:
        return _by_formats(text, formats)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _as_written(text)


def _by_formats(text: str, formats: Sequence[str]) -> datetime:
    for format in formats:
        try:
            return datetime.strptime(text, format)  # noqa: DTZ007  # its zone comes from the mapping
        except ValueError:
            continue
    sample = datetime(2024, 5, 1, 9, 30)  # noqa: DTZ001  # only shows what a format looks like
    raise Fault(f"不是认得的日期，要写成 {'、'.join(sample.strftime(f) for f in formats[:3])} 这样")


def _as_written(text: str) -> datetime:
    """A date as people here write it, the year first."""
    parts = _WRITTEN.fullmatch(text)
    if parts is not None:
        year, month, day, half, hour, minute, second = parts.groups(default="0")
        later = 12 if half in _AFTER_NOON and int(hour) < 12 else 0
        with suppress(ValueError):
            day_and_hour = int(year), int(month), int(day), int(hour) + later
            return datetime(*day_and_hour, int(minute), int(second))  # noqa: DTZ001  # as above
    raise Fault("不是认得的日期，要写成 2024-05-01 09:30 或 2024年5月1日 这样")


def _yes_or_no(text: str) -> bool | None:
    if not text:
        return None
    if text.lower() not in (*YES, *NO):
        raise Fault("要写 是 或 否")
    return text.lower() in YES


def _fingerprint(values: Mapping[str, object]) -> str:
    """An id of a row that has none: of all that it means, however it is written, so that it is known again."""
    text = "\x1f".join(f"{name}={values[name]}" for name in sorted(values))
    return f"row-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:24]}"


def text_of(cell: Cell) -> str:
    """A cell as text, "" for one without a value."""
    return "" if cell is NO_VALUE else shown(cell) if isinstance(cell, float) else plain(cell)
