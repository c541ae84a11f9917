"""The lines of a copied chat: which of them say who speaks and when, in each way that programs write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dateparser

_DATE = (  # a day that stays the same day, whenever it is read
    r"(?:\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?|\d{1,2}/\d{1,2}/\d{4}|\d{2}[-/.]\d{1,2}[-/.]\d{1,2}"
    r"|\d{1,2}[/月]\d{1,2}日?)"
)
_DAY = rf"(?:{_DATE}|今天|昨天|前天|Yesterday|(?:星期|周)[一二三四五六日天])"
_CLOCK = r"(?:凌晨|清晨|早上|上午|中午|下午|傍晚|晚上)?\s?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:\s?[AaPp][Mm])?"
_DAY_AND_CLOCK = rf"{_DAY}(?: ?星期.)?[ T,，]*{_CLOCK}"
_WHEN = rf"(?P<when>(?:{_DAY}(?: ?星期.)?[ T,，]*)?{_CLOCK})"
_NAME = r"(?P<name>[^ :：「」][^:：「」]{0,39}?)"
_TIMED = (  # a line of who and when; the words follow, or stand behind a colon
    (
        # with a day too, nothing else than a name stands before it, whatever signs the name has
        re.compile(
            rf"(?P<name>[^ ].{{0,39}}?) ?[(（\[【]? ?(?P<when>{_DAY_AND_CLOCK}) ?[)）\]】]?"
        ),
        re.compile(rf"{_NAME} ?[ (（\[【] ?{_WHEN} ?[)）\]】]?"),
    ),
    (re.compile(rf"[\[(（【]?{_WHEN}[\])）】]? {_NAME}"),),
    (re.compile(rf"[\[(（【]?{_WHEN}[\])）】]? ?{_NAME} ?[:：] ?(?P<words>.*)"),),
    (re.compile(rf"{_NAME} ?[ (（\[【] ?{_WHEN} ?[)）\]】]? ?[:：] ?(?P<words>.*)"),),
)
_UNTIMED = (
    (re.compile(rf"{_NAME} ?[:：]"),),
    (re.compile(rf"{_NAME} ?[:：] ?(?P<words>\S.*)"),),
)
_Way = tuple[re.Pattern[str], ...]
_NO_NAME = re.compile(  # what stands before a time or a colon without being anybody's name
    rf"\d{{1,2}}|{_DAY}|时间|地[点址]|位置|(?:联系)?电话|手机|姓名|联系人|内容|诉求|备注|回复|通知|注意|问题|原因|大家好?|各位.{0, 4}|邻居们|https?"
)
_RULE = r"[-—–―─= ]*"  # what programs draw around a day
_DAY_LINE = re.compile(rf"{_RULE}(?P<day>{_DAY})(?: ?星期.)?{_RULE}")
_WHEN_LINE = re.compile(rf"{_RULE}{_WHEN}{_RULE}")
_NO_YEAR = re.compile(r"(\d{1,2})[/月](\d{1,2})(?![/\d])日?(.*)")
_MONTH_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(.*)")
_SHORT_YEAR = re.compile(r"(\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?![/\d])(.*)")


@dataclass(frozen=True)
class Head:
    """Who speaks; `words` is what stands on the same line."""

    name: str
    when: str  # "" when the line does not say
    words: str


@dataclass(frozen=True)
class Moment:
    """A line that tells only the day or the time of what follows."""

    text: str
    is_day: bool


def told_apart(lines: Sequence[str], now: datetime) -> list[Head | Moment | str]:
    """Each line as what it is; a line of words stays as it was.

    A chat is written in one way: the one that most lines fit. Where a line tells a date, one that
    tells no day is somebody's words ("明天开会 9:30"), as is a line whose time lies ahead. A day or a
    time on a line of its own counts where it is drawn as such or stands above a name.
    """
    flat = [" ".join(line.split()) for line in lines]
    timed = max(([_head(way, line) for line in flat] for way in _TIMED), key=_count)
    timed = [None if head and _lies_ahead(head, now) else head for head in timed]
    untimed = max(([_head(way, line) for line in flat] for way in _UNTIMED), key=_count)
    heads = timed if _is_timed(timed, untimed, flat) else untimed
    if any(head and re.match(_DATE, head.when) for head in heads):
        heads = [head if head and re.match(_DAY, head.when) else None for head in heads]
    elif heads is timed:
        heads = _apart(heads, flat)
    moments = _moments(flat, heads)
    return [
        moment or head or line for moment, head, line in zip(moments, heads, lines, strict=True)
    ]


def _is_timed(
    timed: Sequence[Head | None], untimed: Sequence[Head | None], lines: Sequence[str]
) -> bool:
    """Whether the chat tells times: where it begins with one, or where most lines do."""
    begins = next((head for head, line in zip(timed, lines, strict=True) if line), None)
    has_day = any(head and re.match(_DAY, head.when) for head in timed)
    return bool(begins or has_day or (_count(timed) and 3 * _count(timed) >= _count(untimed)))


def _apart(heads: Sequence[Head | None], lines: Sequence[str]) -> list[Head | None]:
    """Where blank lines stand between the messages, a line within one is no head."""
    before = ["", *lines]
    free = [not above or _moment(above) is not None for above in before]
    found = [head for head in zip(heads, free, strict=False) if head[0]]
    if 2 * sum(is_free for _head, is_free in found) <= len(found) or len(found) < 2:
        return list(heads)
    return [head if is_free else None for head, is_free in zip(heads, free, strict=False)]


def _moments(lines: Sequence[str], heads: Sequence[Head | None]) -> list[Moment | None]:
    """The days and times that stand alone: with a rule around, or above a name or another of them."""
    found: list[Moment | None] = [None] * len(lines)
    above_name = False
    for at in range(len(lines) - 1, -1, -1):
        line, moment = lines[at], _moment(lines[at])
        if not line:
            continue
        is_drawn = line[0] in "-—–―─="
        if moment and heads[at] is None and (above_name or is_drawn):
            found[at] = moment
        else:
            above_name = heads[at] is not None
    return found


def moment_of(when: str, day: str, now: datetime) -> datetime | None:
    """The local time of a message, seen from `now` (local, naive); None when nobody knows its day or time.

    `day` is the day that an earlier line has told. Nothing that was said lies ahead.
    """
    if not when:
        return None
    told = when if re.search(_DAY, when) or not day else f"{day} {when}"
    said = _parsed(told, now)
    if said is not None and said > now + timedelta(days=1):
        return None
    return said


def _parsed(told: str, now: datetime) -> datetime | None:
    told = told.replace("：", ":").replace("，", " ")
    told = told.replace("傍晚", "下午").replace("清晨", "早上")
    if parts := _MONTH_FIRST.match(told):
        month, day, year, rest = parts.groups()
        return _parsed(f"{year}-{month}-{day} {rest}", now)
    if parts := _SHORT_YEAR.match(told):
        year, month, day, rest = parts.groups()
        return _parsed(f"20{year}-{month}-{day} {rest}", now)
    if parts := _NO_YEAR.match(told):
        month, day, rest = parts.groups()
        said = _parsed(f"{now.year}-{month}-{day} {rest}", now)
        if said is not None and said <= now:
            return said
        return _parsed(f"{now.year - 1}-{month}-{day} {rest}", now)
    parsed: datetime | None = dateparser.parse(
        re.sub(r"(\d日?) ?星期.", r"\1", told),
        languages=["zh", "en"],
        settings={"RELATIVE_BASE": now, "PREFER_DATES_FROM": "past", "DATE_ORDER": "YMD"},
    )
    return parsed


def _lies_ahead(head: Head, now: datetime) -> bool:
    if not re.match(_DATE, head.when):
        return False
    said = _parsed(head.when, now)
    return said is not None and said > now + timedelta(days=1)


def _moment(line: str) -> Moment | None:
    if day := _DAY_LINE.fullmatch(line):
        return Moment(day["day"], is_day=True)
    when = _WHEN_LINE.fullmatch(line)
    return Moment(when["when"], is_day=False) if when else None


def _head(way: _Way, line: str) -> Head | None:
    found = next((match for pattern in way if (match := pattern.fullmatch(line))), None)
    if found is None or _NO_NAME.fullmatch(found["name"].strip()):
        return None
    parts = found.groupdict()
    return Head(found["name"].strip(), parts.get("when") or "", parts.get("words") or "")


def _count(heads: Sequence[Head | None]) -> int:
    return sum(head is not None for head in heads)
