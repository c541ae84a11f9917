"""Our own pages of Markdown as documents that a word processor opens. The only module that knows python-docx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import east_asian_width

from docx import Document
from docx.document import Document as Docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from markdown_it import MarkdownIt
from markdown_it.token import Token

_SONG, _HEI = "SimSun", "SimHei"  # 宋体, 黑体: what an office in China has
_BODY, _SMALL = Pt(12), Pt(10.5)  # 小四; 五号 in tables
_SIZES = {"Title": Pt(22), "Heading 1": Pt(16), "Heading 2": Pt(14)}
_PAGE = (Mm(210), Mm(297))  # A4
_TOP, _BOTTOM, _LEFT, _RIGHT = Mm(37), Mm(35), Mm(28), Mm(26)  # of an official paper: GB/T 9704
_TEXT_WIDTH = _PAGE[0] - _LEFT - _RIGHT
_PADDING = Mm(4)
_READER = MarkdownIt("commonmark").enable("table")


def write_document(markdown: str, path: Path) -> Path:
    """Writes headings, paragraphs and tables of a page as a DOCX file, and gives its path."""
    document = Document()
    _set_up(document)
    tokens = iter(_READER.parse(markdown))
    for token in tokens:
        if token.type == "heading_open":
            _add_heading(document, _text(next(tokens)), int(token.tag[1]) - 1)
        elif token.type == "paragraph_open":
            document.add_paragraph(_text(next(tokens)))
        elif token.type == "table_open":
            _add_table(document, list(_rows(tokens)))
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(path))
    return path


def _set_up(document: Docx) -> None:
    """An A4 page, black letters, and nobody's name as its author."""
    (section,) = document.sections
    section.page_width, section.page_height = _PAGE
    section.top_margin, section.bottom_margin = _TOP, _BOTTOM
    section.left_margin, section.right_margin = _LEFT, _RIGHT
    document.core_properties.author = document.core_properties.comments = ""
    _write_in(document.styles["Normal"], _SONG, _BODY)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # or each word is marked as misspelt
    for name, size in _SIZES.items():
        _write_in(document.styles[name], _HEI, size)
    border = document.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        border.getparent().remove(border)


def _write_in(style: ParagraphStyle, font: str, size: Length) -> None:
    style.font.name, style.font.size = font, size
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.rPr.rFonts
    fonts.set(qn("w:eastAsia"), font)
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):  # the theme's fonts would win
        fonts.attrib.pop(qn(f"w:{script}Theme"), None)


def _add_heading(document: Docx, words: str, level: int) -> None:
    heading = document.add_heading(words, level=level)
    if level == 0:
        heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
        document.core_properties.title = words[:255]  # the format's limit


def _text(inline: Token) -> str:
    breaks = {"hardbreak": "\n", "softbreak": " "}
    return "".join(breaks.get(part.type, part.content) for part in inline.children or ())


def _rows(tokens: Iterator[Token]) -> Iterator[list[str]]:
    row: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            return
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            row.append(_text(token))
        elif token.type == "tr_close":
            yield row


def _add_table(document: Docx, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=0, cols=len(rows[0]), style="Table Grid")
    table.autofit = False
    widths = _widths(rows)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for place, row in enumerate(rows):
        cells = table.add_row().cells
        for cell, text, width in zip(cells, row, widths, strict=True):
            cell.width = width
            _fill(cell, text, is_head=place == 0)
    _repeat_head(table)


def _fill(cell: _Cell, text: str, *, is_head: bool) -> None:
    paragraph = cell.paragraphs[0]
    run = paragraph.add_run(text)
    run.font.size, run.bold = _SMALL, is_head or None
    if is_head:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _repeat_head(table: Table) -> None:
    """The first row stands on every page, and no row is torn apart between two."""
    for place, row in enumerate(table.rows):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if place == 0:
            properties.append(OxmlElement("w:tblHeader"))


def _widths(rows: Sequence[Sequence[str]]) -> list[Length]:
    """Each column's width: short ones get what they need, the long ones share what is left."""
    needs = [max(_need(row[column]) for row in rows) for column in range(len(rows[0]))]
    left, widths = int(_TEXT_WIDTH), [0] * len(needs)
    by_need = sorted(range(len(needs)), key=lambda column: needs[column])
    for place, column in enumerate(by_need):
        fair = left // (len(needs) - place)
        is_last = place == len(needs) - 1
        widths[column] = fair if is_last else min(needs[column], fair)
        left -= widths[column]
    return [Length(width) for width in widths]


def _need(text: str) -> int:
    """How wide a text is on one line."""
    halves = sum(2 if east_asian_width(letter) in "WFA" else 1 for letter in text)
    return halves * int(_SMALL) // 2 + int(_PADDING)
