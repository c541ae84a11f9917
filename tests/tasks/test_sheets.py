"""Files as people have them: whatever program wrote them, the rows come out as they are seen there."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tasks.errors import BadFile
from tasks.models.sheet import NO_VALUE, Row
from tasks.sheets import MAX_CSV_BYTES, read_sheets

TABLE = "编号,内容\r\n1,路灯坏了\r\n"


def rows_of(path: Path) -> list[Row]:
    (sheet,) = read_sheets(path)
    return list(sheet.rows)


def refusal(path: Path) -> str:
    with pytest.raises(BadFile) as caught:
        for sheet in read_sheets(path):
            list(sheet.rows)
    return str(caught.value)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"],  # utf-16: Excel's "Unicode text"
)
def test_a_csv_file_reads_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE.encode(encoding))
    assert rows_of(path) == [Row(1, ("编号", "内容")), Row(2, ("1", "路灯坏了"))]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_columns_are_separated_by_whatever_the_header_uses(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"编号{delimiter}内容\n1{delimiter}灯坏了；急\n", encoding="utf-8")
    assert rows_of(path)[1].cells == ("1", "灯坏了；急")


def test_a_cell_of_several_lines_is_one_cell_and_its_row_one_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('编号,内容\n1,"第一行\n第二行，说""急"""\n\n3,x\n', encoding="utf-8")
    assert rows_of(path)[1:] == [
        Row(2, ("1", '第一行\n第二行，说"急"')),
        Row(4, ("3", "x")),  # the empty row is a row of the spreadsheet program too
    ]


@pytest.fixture
def spreadsheet(tmp_path: Path) -> Any:
    """Writes the rows of a sheet, changed by `change`, as an XLSX file."""

    def write(*rows: list[object], change: Any = None) -> Path:
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        if change:
            change(book)
        book.save(tmp_path / "a.xlsx")
        return tmp_path / "a.xlsx"

    return write


def test_a_spreadsheet_s_numbers_and_dates_come_as_such(spreadsheet: Any) -> None:
    day = datetime.datetime(2024, 5, 1, 9, 30)  # noqa: DTZ001  # as spreadsheets keep it
    assert rows_of(spreadsheet([1, "1a", day, True])) == [Row(1, (1.0, "1a", day, True))]


def test_rows_below_and_columns_beside_nothing_keep_their_places(spreadsheet: Any) -> None:
    def move(book: Any) -> None:
        book.active["C4"] = "内容"

    assert rows_of(spreadsheet(change=move)) == [Row(4, ("", "", "内容"))]


def test_a_hundred_empty_rows_are_none(spreadsheet: Any) -> None:
    path = spreadsheet(["内容"], *([None] for _ in range(100)), ["路灯坏了"])
    assert [row.number for row in rows_of(path)] == [1, 102]


def test_a_formula_without_a_value_and_an_error_are_told_from_an_empty_cell(
    spreadsheet: Any,
) -> None:
    def break_it(book: Any) -> None:
        book.active["C1"] = "#REF!"
        book.active["C1"].data_type = "e"

    path = spreadsheet(["=1+1", None, "x"], change=break_it)
    assert rows_of(path)[0].cells == (NO_VALUE, "", NO_VALUE)


def test_a_merged_cell_holds_for_all_of_its_rows_and_not_for_its_columns(spreadsheet: Any) -> None:
    path = spreadsheet(
        ["第三网格", "", "灯"],
        [None, "", "水"],
        [None, None, None],
        ["第一网格", "", "路"],
        change=lambda book: (
            book.active.merge_cells("A1:A3"),
            book.active.merge_cells("A4:B4"),
        ),
    )
    assert [row.cells for row in rows_of(path)] == [
        ("第三网格", "", "灯"),
        ("第三网格", "", "水"),
        ("第一网格", "", "路"),
    ]


def test_a_hidden_sheet_is_not_read(spreadsheet: Any) -> None:
    def hide(book: Any) -> None:
        book.create_sheet("底稿").append(["内容"])
        book["底稿"].sheet_state = "hidden"

    assert [sheet.name for sheet in read_sheets(spreadsheet(["内容"], change=hide))] == ["Sheet"]


def test_a_file_that_is_too_big_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(300 * 2**20)  # a hole: no disk is used
    assert path.stat().st_size > MAX_CSV_BYTES
    assert refusal(path) == "文件“a.csv”有 300 MB，一次最多 200 MB，请分成几份再导入。"


def test_a_small_file_that_unpacks_into_a_mountain_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for sheet in range(6):
            archive.writestr(f"xl/worksheets/sheet{sheet}.xml", bytes(100 * 2**20))
    assert path.stat().st_size < 2**20
    assert refusal(path) == "文件“a.xlsx”里面的内容太多，请另存为 CSV 再导入。"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.docx", b"", "请另存为 CSV 或 XLSX 再导入。"),
        ("a.xlsx", b"no zip", "打不开，可能已损坏"),
        ("a.xlsx", b"PK\x03\x04 half a zip", "打不开，可能已损坏"),
        ("a.csv", b"\xff\x00\xff\xff", "文字编码认不出来，请另存为“CSV UTF-8”再导入。"),
        ("a.csv", b"a,b\n" + b"x" * 1_000_001, "这不是一张 CSV 表"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(f"文件“{name}”{said}")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.csv") == "文件“a.csv”没有这个文件。"
