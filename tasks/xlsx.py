"""What the reader of spreadsheets' values does not tell of an XLSX file: how far its cells reach, and which have none.

One pass over a sheet's XML, a cell at a time. openpyxl would tell the same in twenty times the
time, and refuses files of other programs over their styles.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

_CELL = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


@dataclass
class Extent:
    """How far the cells of a sheet reach, and which hold a formula or an error without a usable value."""

    rows: int = 0
    columns: int = 0
    without_value: set[tuple[int, int]] = field(default_factory=set)  # counted from 0


def extent_of(path: Path, sheet: str) -> Extent:
    """Looks through a sheet. Raises KeyError, ValueError and what zipfile and ElementTree raise for a broken file."""
    found, row, column = Extent(), 0, 0
    with zipfile.ZipFile(path) as archive, archive.open(_part_of(archive, sheet)) as file:
        for event, element in ElementTree.iterparse(file, events=("start", "end")):
            name = _local(element.tag)
            if event == "start" and name == "row":
                row, column = int(element.get("r") or row + 1), 0
            elif event == "end" and name == "c":
                row, column = _place(element, row, column)
                _note(found, element, row, column)
            elif event == "end" and name == "row":
                element.clear()
    return found


def _place(cell: ElementTree.Element, row: int, column: int) -> tuple[int, int]:
    """A cell's row and column, counted from 1; one that does not say stands beside the one before."""
    at = _CELL.fullmatch(cell.get("r", ""))
    return (int(at[2]), _column(at[1])) if at else (row, column + 1)


def _note(found: Extent, cell: ElementTree.Element, row: int, column: int) -> None:
    parts = {_local(part.tag): part.text for part in cell}
    if not parts:
        return
    found.rows, found.columns = max(found.rows, row), max(found.columns, column)
    is_empty_text = cell.get("t") == "str" and "v" in parts  # a formula whose result is ""
    has_value = bool(parts.get("v")) or "is" in parts or is_empty_text
    if cell.get("t") == "e" or ("f" in parts and not has_value):
        found.without_value.add((row - 1, column - 1))


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str:
    """The member of the archive that holds the sheet of this name."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for element in book.iter():
        if _local(element.tag) == "sheet" and element.get("name") == sheet:
            link = next(value for key, value in element.items() if _local(key) == "id")
            return posixpath.normpath(posixpath.join("/xl", targets[link])).lstrip("/")
    raise KeyError(sheet)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _column(letters: str) -> int:
    """A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
