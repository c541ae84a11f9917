"""Our own pages of Markdown as documents that a word processor opens. The only module that knows python-docx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from docx import Document
from docx.document import Document as Docx
from docx.oxml.ns import qn
from markdown_it import MarkdownIt
from markdown_it.token import Token

_FONT = "SimSun"  # 宋体: what an office in China has
_READER = MarkdownIt("commonmark").enable("table")


def write_document(markdown: str, path: Path) -> Path:
    """Writes headings, paragraphs and tables of a page as a DOCX file, and gives its path."""
    document = Document()
    normal = document.styles["Normal"]
    normal.font.name = _FONT
    normal.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    tokens = iter(_READER.parse(markdown))
    for token in tokens:
        if token.type == "heading_open":
            document.add_heading(_text(next(tokens)), level=int(token.tag[1]) - 1)
        elif token.type == "paragraph_open":
            document.add_paragraph(_text(next(tokens)))
        elif token.type == "table_open":
            _add_table(document, list(_rows(tokens)))
    path.parent.mkdir(parents=True, exist_ok=True)
    document.save(str(path))
    return path


def _text(inline: Token) -> str:
    return "".join(part.content for part in inline.children or ())


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
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
