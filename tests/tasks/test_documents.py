"""A page as a document: what an office in China opens, prints and files."""

from __future__ import annotations

from pathlib import Path

import pytest
from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, RGBColor

from tasks.documents import write_document

PAGE = """# 示范社区联席会议纪要

9月14日，议题 2 个，决定 1 个。

## 决定

| 序号 | 议题 | 决定 | 金额（元） |
| --- | --- | --- | --- |
| 1 | 提交会议的订单 A-2026-0001 三号院门口的路灯不亮，晚上老人出门看不见路，已经摔了两个人 | 以后再议：等设计图出来，和供电所一起看过现场再定 |  |
| 2 | 大心愿立项 想有个活动室 | 开始筹集 | 5000.00 |
"""


@pytest.fixture
def document(tmp_path: Path) -> Docx:
    return Document(str(write_document(PAGE, tmp_path / "meetings" / "纪要.docx")))


def test_it_prints_on_the_paper_of_the_office(document: Docx) -> None:
    (section,) = document.sections
    assert section.page_width is not None
    assert section.page_height is not None
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)


def test_its_title_stands_in_the_middle_in_black_heiti_and_its_words_in_songti(
    document: Docx,
) -> None:
    title, line, heading = document.paragraphs[:3]
    assert title.alignment is WD_ALIGN_PARAGRAPH.CENTER
    assert document.core_properties.title == title.text == "示范社区联席会议纪要"
    assert document.core_properties.author == ""
    for one, font in ((title, "SimHei"), (heading, "SimHei"), (line, "SimSun")):
        assert one.style is not None
        fonts = one.style.element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == font
        assert fonts.get(qn("w:eastAsiaTheme")) is None  # it would win
    for one in (title, heading):
        assert one.style is not None
        assert one.style.font.color.rgb == RGBColor(0, 0, 0)


def test_its_language_is_chinese(document: Docx) -> None:
    (language,) = document.styles.element.iter(qn("w:lang"))
    assert language.get(qn("w:eastAsia")) == "zh-CN"


def test_its_table_fills_the_page_has_room_for_words_and_its_head_on_every_page(
    document: Docx,
) -> None:
    (table,) = document.tables
    number, matter, _decision, yuan = (cell.width or Mm(0) for cell in table.rows[0].cells)
    assert number < yuan < matter
    wide = sum((cell.width or Mm(0)).mm for cell in table.rows[1].cells)
    assert 150 < wide < 160  # between the margins
    assert number.mm > 10  # 序号 on one line
    head = table.rows[0]
    assert all(run.bold for cell in head.cells for run in cell.paragraphs[0].runs)
    properties = head._tr.trPr
    assert properties is not None
    assert properties.find(qn("w:tblHeader")) is not None
    assert table.rows[1].cells[2].text.startswith("以后再议：等设计图")


def test_a_line_break_of_the_page_is_one_of_the_document(tmp_path: Path) -> None:
    file = write_document("# 纪要\n\n第一行  \n第二行\n", tmp_path / "a.docx")
    assert Document(str(file)).paragraphs[1].text == "第一行\n第二行"
