"""What people typed, as plain text inside Markdown."""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINK = re.compile(r"(?i)(?:https?|ftp|www)[:.]|@")
_LIST = re.compile(r"^(\d*)([-+=.)])")  # what would make a line a list, or the one above a heading


def escaped(words: str) -> str:
    """A resident's words as plain text inside a markdown table: no markup, no links, one line."""
    line = _MARKDOWN.sub(r"\\\1", " ".join(words.split()))
    return _LINK.sub("\\g<0>\u200b", _LIST.sub(r"\1\\\2", line))
