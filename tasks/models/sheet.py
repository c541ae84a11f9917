"""What a table holds: rows with their numbers, and cells as spreadsheets keep them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


class NoValue:
    """What a cell holds whose formula has no stored result, or an error such as #REF!."""


NO_VALUE = NoValue()
Cell = str | int | float | bool | datetime | date | time | timedelta | NoValue


@dataclass(frozen=True)
class Row:
    """A row that holds something, with its number as the spreadsheet program shows it."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """A visible sheet; `name` is empty for a CSV file. The rows can be read once."""

    name: str
    rows: Iterator[Row]
