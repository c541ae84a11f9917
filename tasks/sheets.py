"""Files of tables, as people have them: CSV in any of China's encodings, and spreadsheets. Rows out, as they stand."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from tasks.errors import BadFile
from tasks.models.sheet import NO_VALUE, Cell, Row, Sheet

MAX_CSV_BYTES = 200 * 2**20
MAX_SPREADSHEET_BYTES = 50 * 2**20
MAX_UNPACKED_BYTES = 500 * 2**20  # a spreadsheet is a zip: a small one can hold a mountain
MAX_CELL = 1_000_000  # letters
ENCODINGS = ("utf-8-sig", "gb18030")  # gb18030 reads GBK and GB2312 too
TABLES, TEXTS = (".xlsx", ".xlsm", ".xls", ".ods"), (".csv", ".tsv", ".txt")
SUFFIXES = TEXTS + TABLES


def read_sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of a file, hidden ones left out. Raises BadFile, also while rows are read."""
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BadFile(file=path.name, problem="没有这个文件。")
    if suffix not in SUFFIXES:
        raise BadFile(file=path.name, problem="请另存为 CSV 或 XLSX 再导入。")
    most = MAX_CSV_BYTES if suffix in TEXTS else MAX_SPREADSHEET_BYTES
    if (size := path.stat().st_size) > most:
        limit = f"有 {size // 2**20} MB，一次最多 {most // 2**20} MB，请分成几份再导入。"
        raise BadFile(file=path.name, problem=limit)
    if suffix in TEXTS:
        yield Sheet("", _text_rows(path))
    else:
        yield from _spreadsheet(path)


def _text_rows(path: Path) -> Iterator[Row]:
    encoding = _encoding(path)
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter(file.readline())
        file.seek(0)
        try:
            for number, cells in enumerate(csv.reader(file, delimiter=delimiter), start=1):
                if any(cell.strip() for cell in cells):
                    yield Row(number, tuple(cells))
        except csv.Error as error:
            raise BadFile(file=path.name, problem=f"这不是一张 CSV 表（{error}）。") from None


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):  # "Unicode text" of Excel
            return "utf-16"
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as file:
                while file.read(2**20):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
    raise BadFile(file=path.name, problem="文字编码认不出来，请另存为“CSV UTF-8”再导入。")


def _delimiter(header: str) -> str:
    """What separates the columns: the sign that the first line has most of."""
    return max(",\t;", key=header.count)


def _spreadsheet(path: Path) -> Iterator[Sheet]:
    _check_unpacked(path)
    try:
        book = load_workbook(path)
        for meta in book.sheets_metadata:
            visible = meta.visible is SheetVisibleEnum.Visible
            if visible and meta.typ is SheetTypeEnum.WorkSheet:
                yield Sheet(meta.name, _sheet_rows(path, book, meta.name))
    except PasswordError:
        raise BadFile(file=path.name, problem="文件有密码，请去掉密码再导入。") from None
    except CalamineError as error:
        raise BadFile(file=path.name, problem=f"打不开，可能已损坏（{error}）。") from None


def _check_unpacked(path: Path) -> None:
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise BadFile(file=path.name, problem="里面的内容太多，请另存为 CSV 再导入。")


def _sheet_rows(path: Path, book: CalamineWorkbook, name: str) -> Iterator[Row]:
    sheet = book.get_sheet_by_name(name)
    without_value, merged = _without_value(path, name), _merged_downwards(sheet)
    above: dict[int, Cell] = {}
    for row, values in enumerate(sheet.to_python(skip_empty_area=False)):
        is_empty = all(value == "" for value in values)
        cells = [_cell(value, (row, at) in without_value) for at, value in enumerate(values)]
        for at, cell in enumerate(cells):
            if cell == "" and (row, at) in merged:
                cells[at] = above[at]
            above[at] = cells[at]
        if not is_empty or any(cell is NO_VALUE for cell in cells):
            yield Row(row + 1, tuple(cells))


def _cell(value: Cell, is_computed: bool) -> Cell:
    return NO_VALUE if value == "" and is_computed else value


def _merged_downwards(sheet: CalamineSheet) -> set[tuple[int, int]]:
    """The cells that a merge has hidden below another one: they say what that one says."""
    return {
        (row, left)
        for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ()
        for row in range(top + 1, bottom + 1)
    }


def _without_value(path: Path, name: str) -> set[tuple[int, int]]:
    """The cells that hold a formula or an error; the reader of values shows those as empty."""
    if not zipfile.is_zipfile(path) or path.suffix.lower() == ".ods":
        return set()
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        return {
            (cell.row - 1, cell.column - 1)
            for cells in book[name].iter_rows()
            for cell in cells
            if cell.data_type in ("f", "e")
        }
    finally:
        book.close()
