"""Files of tables, as people have them: CSV in any of China's encodings, and XLSX. Rows out, as they stand."""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from python_calamine import (
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from tasks.errors import BadFile
from tasks.models.sheet import NO_VALUE, Cell, Row, Sheet
from tasks.xlsx import extent_of

MAX_CSV_BYTES = 200 * 2**20
MAX_SPREADSHEET_BYTES = 50 * 2**20
MAX_UNPACKED_BYTES = 500 * 2**20  # a spreadsheet is a zip: a small one can hold a mountain
MAX_AREA = 20_000_000  # cells, empty ones too: the reader of values has a place for each
MAX_CELL = 1_000_000  # letters
ENCODINGS = ("utf-8-sig", "gb18030")  # gb18030 reads GBK and GB2312 too
TABLES, TEXTS = (".xlsx", ".xlsm"), (".csv", ".tsv", ".txt")
SUFFIXES = TEXTS + TABLES
OLD_EXCEL = bytes.fromhex("d0cf11e0a1b11ae1")
HEAD_LINES = 10  # of a text, by which its columns are told apart


def read_sheets(path: Path) -> Iterator[Sheet]:
    """The sheets of a file, hidden ones left out. Raises BadFile, also while rows are read."""
    suffix = path.suffix.lower()
    if not path.is_file():
        raise BadFile(file=path.name, problem="不存在。")
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


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Whatever a broken file makes a reader raise becomes a sentence. Readers raise all sorts of things."""
    try:
        yield
    except BadFile:
        raise
    except PasswordError:
        raise BadFile(file=path.name, problem="有密码，请去掉密码再导入。") from None
    except Exception as error:
        reason = f"{type(error).__name__}：{error}"[:120]
        remedy = "请在表格软件里打开、另存一份再导入"
        raise BadFile(file=path.name, problem=f"读不出来，{remedy}（{reason}）。") from None


def _text_rows(path: Path) -> Iterator[Row]:
    with _readable(path):
        encoding = _encoding(path)
        csv.field_size_limit(MAX_CELL)
        with path.open(encoding=encoding, newline="") as file:
            delimiter = _delimiter(list(islice(file, HEAD_LINES)))
            file.seek(0)
            lines = csv.reader(file, delimiter=delimiter, strict=True)
            try:
                for number, cells in enumerate(lines, start=1):
                    if any(cell.strip() for cell in cells):
                        yield Row(number, tuple(cells))
            except csv.Error as error:
                raise _no_csv(path, lines.line_num, error) from None


def _no_csv(path: Path, line: int, error: csv.Error) -> BadFile:
    if "field larger" in str(error):
        return BadFile(file=path.name, problem=f"第 {line} 行有一格太长，这不像一张表。")
    why = "有英文引号没有成对"
    return BadFile(file=path.name, problem=f"读到第 {line} 行，{why}（{error}），请改对再导入。")


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        is_utf16 = file.read(2) in (b"\xff\xfe", b"\xfe\xff")  # "Unicode text" of Excel
    for encoding in ("utf-16",) if is_utf16 else ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as file:
                while file.read(2**20):
                    pass
            return encoding
        except UnicodeError:
            continue
    raise BadFile(file=path.name, problem="文字编码认不出来，请另存为“CSV UTF-8”再导入。")


def _delimiter(lines: list[str]) -> str:
    """What separates the columns: the sign that most of the first lines have equally often."""

    def fits(sign: str) -> tuple[int, int]:
        counts = Counter(line.count(sign) for line in lines if sign in line)
        times, alike = max(counts.items(), key=lambda pair: (pair[1], pair[0]), default=(0, 0))
        return alike, times

    return max(",\t;", key=fits)


def _spreadsheet(path: Path) -> Iterator[Sheet]:
    with _readable(path):
        _check_archive(path)
        book = load_workbook(path)
        tables = [meta for meta in book.sheets_metadata if meta.typ is SheetTypeEnum.WorkSheet]
        visible = [meta.name for meta in tables if meta.visible is SheetVisibleEnum.Visible]
        if not visible:
            raise BadFile(file=path.name, problem="里只有隐藏的工作表，请取消隐藏再导入。")
        for name in visible:
            yield Sheet(name, _sheet_rows(path, book, name))


def _check_archive(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(OLD_EXCEL)) == OLD_EXCEL:
            problem = "是旧版 XLS，或者有密码；请去掉密码，另存为 XLSX 再导入。"
            raise BadFile(file=path.name, problem=problem)
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise BadFile(file=path.name, problem="里面的内容太多，请另存为 CSV 再导入。")


def _sheet_rows(path: Path, book: CalamineWorkbook, name: str) -> Iterator[Row]:
    with _readable(path):
        extent = extent_of(path, name)
        if extent.rows * extent.columns > MAX_AREA:
            where = f"第 {extent.rows} 行、第 {extent.columns} 列"
            problem = f"的工作表 {name} 太大：最远的格在{where}；请删掉多余的行和列再导入。"
            raise BadFile(file=path.name, problem=problem)
        sheet = book.get_sheet_by_name(name)
        merged, above = _merged_downwards(sheet), dict[int, Cell]()
        for row, values in enumerate(sheet.to_python(skip_empty_area=False)):
            says_something = any(value != "" for value in values)
            cells = [
                NO_VALUE if value == "" and (row, at) in extent.without_value else value
                for at, value in enumerate(values)
            ]
            for at, cell in enumerate(cells):
                if cell == "" and (row, at) in merged:
                    cells[at] = above[at]
                above[at] = cells[at]
            if says_something or any(cell is NO_VALUE for cell in cells):
                yield Row(row + 1, tuple(cells))


def _merged_downwards(sheet: CalamineSheet) -> set[tuple[int, int]]:
    """The cells that a merge has hidden below another one: they say what that one says."""
    return {
        (row, left)
        for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ()
        for row in range(top + 1, bottom + 1)
    }
