"""Files as people have them: whatever program wrote them, the rows come out as they are seen there."""

from __future__ import annotations

import datetime
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tasks.errors import BadFile
from tasks.models.sheet import NO_VALUE, Row
from tasks.sheets import MAX_CSV_BYTES, OLD_EXCEL, read_sheets

SHEET = "xl/worksheets/sheet1.xml"
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


def test_a_title_above_the_header_does_not_hide_what_separates_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("台账\n编号;内容;网格\n1;灯，坏了,急;\n", encoding="utf-8")
    assert rows_of(path)[2].cells == ("1", "灯，坏了,急", "")


def test_commas_in_the_words_do_not_hide_tabs(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("内容\t网格\n漏水, 昨天, 今天, 明天\tgrid-3\n", encoding="utf-8")
    assert rows_of(path)[1].cells == ("漏水, 昨天, 今天, 明天", "grid-3")


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


def rewritten(path: Path, part: str, change: Any) -> Path:
    """The spreadsheet with one of its parts changed, None to leave it out, as other programs write it."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    before = parts[part]
    parts[part] = change(before)
    assert parts[part] != before, "nothing was changed"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            if content is not None:
                archive.writestr(name, content)
    return path


def test_a_formula_whose_result_is_empty_text_is_an_empty_cell(spreadsheet: Any) -> None:
    path = rewritten(
        spreadsheet(['=IF(B3="","","x")', "内容"]),
        SHEET,
        lambda xml: xml.replace(b'<c r="A1"><f>', b'<c r="A1" t="str"><f>'),
    )
    assert rows_of(path)[0].cells == ("", "内容")


def test_cells_that_do_not_say_where_they_stand_are_counted(spreadsheet: Any) -> None:
    path = rewritten(
        spreadsheet(["内容", "=A1"], ["灯", "水"]),
        SHEET,
        lambda xml: re.sub(rb' r="[A-Z]*[0-9]+"', b"", xml),
    )
    assert rows_of(path)[0].cells == ("内容", NO_VALUE)


def test_a_formula_with_a_stored_result_is_that_result(spreadsheet: Any) -> None:
    path = rewritten(
        spreadsheet(["=1+1", "内容"]),
        SHEET,
        lambda xml: re.sub(rb"<v ?/>|<v></v>", b"<v>2</v>", xml),
    )
    assert rows_of(path)[0].cells == (2.0, "内容")


@pytest.mark.parametrize("cell", ["XFD1048576", "ZZ200000"])
def test_a_cell_far_out_is_refused_before_it_fills_the_memory(spreadsheet: Any, cell: str) -> None:
    def stray(book: Any) -> None:
        book.active[cell] = "x"

    assert "的工作表 Sheet 太大：最远的格在第 " in refusal(spreadsheet(["内容"], change=stray))


def test_a_style_that_other_programs_leave_empty_does_not_matter(spreadsheet: Any) -> None:
    path = rewritten(
        spreadsheet(["内容"]),
        "xl/styles.xml",
        lambda xml: re.sub(rb"<fill><patternFill ?/></fill>", b"<fill/>", xml),
    )
    assert rows_of(path)[0].cells == ("内容",)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        pytest.param(
            "xl/worksheets/sheet1.xml", lambda xml: xml[: len(xml) // 2], id="half a sheet"
        ),
        pytest.param("xl/worksheets/sheet1.xml", lambda _xml: None, id="no sheet"),
        pytest.param("xl/workbook.xml", lambda _xml: b"<workbook/>", id="an empty book"),
        pytest.param("xl/_rels/workbook.xml.rels", lambda _xml: None, id="no links"),
        pytest.param(
            "xl/worksheets/sheet1.xml",
            lambda xml: xml.replace(b"<v>1</v>", b"<v>1x</v>"),
            id="no number",
        ),
    ],
)
def test_a_broken_spreadsheet_is_refused_in_words(spreadsheet: Any, part: str, change: Any) -> None:
    said = refusal(rewritten(spreadsheet(["内容", 1]), part, change))
    assert said.startswith("文件“a.xlsx”")
    assert said.endswith("。")


def test_a_book_with_hidden_sheets_alone_says_so(spreadsheet: Any) -> None:
    path = rewritten(
        spreadsheet(["内容"]),
        "xl/workbook.xml",
        lambda xml: xml.replace(b'state="visible"', b'state="hidden"'),
    )
    assert refusal(path) == "文件“a.xlsx”里只有隐藏的工作表，请取消隐藏再导入。"


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
        ("a.xls", b"", "请另存为 CSV 或 XLSX 再导入。"),
        ("a.ods", b"", "请另存为 CSV 或 XLSX 再导入。"),
        ("a.xlsx", b"no zip", "读不出来，请在表格软件里打开、另存一份再导入（"),
        ("a.xlsx", b"PK\x03\x04 half a zip", "读不出来，请在表格软件里打开、另存一份再导入（"),
        ("a.xlsx", OLD_EXCEL + bytes(512), "是旧版 XLS，或者有密码；请去掉密码，另存为 XLSX"),
        ("a.csv", b"\xff\x00\xff\xff", "文字编码认不出来，请另存为“CSV UTF-8”再导入。"),
        ("a.csv", "\ufeff1,2".encode("utf-16")[:-1], "文字编码认不出来"),  # a byte is missing
        ("a.csv", b"\xff\xfe\x00\xd8\x41\x00", "文字编码认不出来"),  # half a character
        ("a.csv", b"a,b\n" + b"x" * 1_000_001, "第 2 行有一格太长，这不像一张表。"),
        ("a.csv", b'a,b\n1,"x\n2,y\n3,z\n', "读到第 4 行，有英文引号没有成对（"),
        ("a.csv", b'a,b\n1,"x"y\n', "读到第 2 行，有英文引号没有成对（"),
    ],
)
def test_what_is_no_table_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name).startswith(f"文件“{name}”{said}")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a.csv") == "文件“a.csv”不存在。"
