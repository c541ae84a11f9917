"""How long a text may be: cut by bytes at the end of a sentence."""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"https?://[!-~]+")
# A newline before a link is no end: the line above says what the link is for.
_SENTENCE = re.compile(
    r"(?:https?://[!-~]+|.)*?(?:[。！？!?]+[”’」』）)\"]*|\.(?=\s|\Z)|\n(?!https?://)|\Z)",
    re.DOTALL,
)
_MARK = "…"
_GAP = _MARK + "\n"  # between two parts that are kept
_JOINER = "\u200d"  # makes one picture of two emoji
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def cut(text: str, most: int) -> str:
    """The text within `most` bytes of UTF-8, with … wherever something was left out.

    It is cut after a sentence; within one, between characters, only where whole sentences would fill
    less than half. Sentences with a link stay before all others, and no link is ever cut.
    """
    if _size(text) <= most:
        return text
    if most < _size(_MARK):
        return ""
    parts = _parts(text, most)
    linked = [number for number, part in enumerate(parts) if _LINK.search(part)]
    kept, left = dict[int, str](), most - _size(_MARK)
    for number in linked:
        follows = number == 0 or number - 1 in kept
        cost = _size(parts[number]) + (0 if follows else _size(_GAP))
        if cost <= left:
            kept[number], left = parts[number], left - cost
    broken = _fill(kept, parts, left)
    return _joined(kept, broken, len(parts))


def _size(text: str) -> int:
    return len(text.encode())


def _parts(text: str, most: int) -> list[str]:
    """The sentences; a long one with a link is taken apart, so that the link alone can stay."""
    parts: list[str] = []
    for sentence in filter(None, _SENTENCE.findall(text)):
        if _size(sentence) > most // 2 and _LINK.search(sentence):
            parts += filter(None, re.split(f"({_LINK.pattern})", sentence))
        else:
            parts.append(sentence)
    return parts


def _fill(kept: dict[int, str], parts: list[str], room: int) -> int | None:
    """Adds what comes first in the text, as far as `room` bytes go; gives the part that it had to break."""
    left = room
    for number, part in enumerate(parts):
        if number in kept:
            continue
        if _size(part) <= left:
            kept[number], left = part, left - _size(part)
            continue
        if left <= room // 2 or _LINK.search(part):
            return None
        kept[number] = _between_characters(part, left)
        return number
    return None


def _joined(kept: dict[int, str], broken: int | None, count: int) -> str:
    text, last = "", -1
    for number in sorted(kept):
        if number > last + 1 or last == broken:
            text = text.rstrip() + _GAP
        text, last = text + kept[number], number
    is_complete = last == count - 1 and last != broken
    return text if is_complete else text.rstrip() + _MARK


def _between_characters(text: str, most: int) -> str:
    """As much as fits, without taking a sign from its letter or an emoji apart."""
    end = len(text.encode()[:most].decode(errors="ignore"))
    while 0 < end < len(text) and _belongs_to_the_last(text, end):
        end -= 1
    return text[:end]


def _belongs_to_the_last(text: str, at: int) -> bool:
    sign = text[at]
    return (
        sign == _JOINER
        or text[at - 1] == _JOINER
        or ord(sign) in _SKIN_TONES
        or unicodedata.category(sign).startswith("M")
    )
