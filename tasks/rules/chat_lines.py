"""The lines of a copied chat: which of them say who speaks and when, in each way that programs write it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dateparser

_DAY = (
    r"(?:\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}\s?日?|\d{1,2}[-/月]\d{1,2}日?"
    r"|今天|昨天|前天|(?:星期|周)[一二三四五六日天])"
)
_CLOCK = r"(?:凌晨|清晨|早上|上午|中午|下午|傍晚|晚上)?\s?\d{1,2}[:：]\d{2}(?:[:：]\d{2})?(?:\s?[AaPp][Mm])?"
_WHEN = rf"(?P<when>(?:{_DAY}(?:\s*星期.)?[\sT,，]*)?{_CLOCK})"
_NAME = r"(?P<name>[^\s:：「」][^:：「」]{0,39}?)"
_TIMED = (  # a line of who and when; the words follow, or stand behind a colon
    re.compile(rf"{_NAME}\s*[\s(（\[【]\s*{_WHEN}\s*[)）\]】]?"),
    re.compile(rf"[\[(（【]?{_WHEN}[\])）】]?\s+{_NAME}"),
    re.compile(rf"[\[(（【]?{_WHEN}[\])）】]?\s*{_NAME}\s*[:：]\s*(?P<words>.*)"),
    re.compile(rf"{_NAME}\s*[\s(（\[【]\s*{_WHEN}\s*[)）\]】]?\s*[:：]\s*(?P<words>.*)"),
)
_UNTIMED = (re.compile(rf"{_NAME}\s*[:：]"), re.compile(rf"{_NAME}\s*[:：]\s*(?P<words>\S.*)"))
_NO_NAME = re.compile(  # what stands before a colon without being anybody's name
    r"时间|地[点址]|位置|(?:联系)?电话|手机|姓名|联系人|内容|诉求|备注|回复|通知|注意|问题|原因|大家好?|各位.{0,4}|邻居们|https?"
)
_DAY_LINE = re.compile(rf"[-—–―─=\s]*(?P<day>{_DAY})(?:\s*星期.)?[-—–―─=\s]*")
_WHEN_LINE = re.compile(rf"[-—–―─=\s]*{_WHEN}[-—–―─=\s]*")
_NO_YEAR = re.compile(r"(\d{1,2})[-/月](\d{1,2})(?![-/.\d年])日?(.*)")


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


def told_apart(lines: Sequence[str]) -> list[Head | Moment | str]:
    """Each line as what it is; a line of words stays as it was.

    A chat is written in one way: the one that most lines fit. Where a line tells a year, one that
    tells no day is somebody's words ("明天开会 9:30"); a bare time stands between the messages only
    where their own lines tell none.
    """
    moments = [_moment(line) for line in lines]
    ways = [
        [None if moment else _head(way, line) for moment, line in zip(moments, lines, strict=True)]
        for way in (*_TIMED, *_UNTIMED)
    ]
    timed = max(ways[: len(_TIMED)], key=_count)
    untimed = max(ways[len(_TIMED) :], key=_count)
    heads = timed if _count(timed) and 3 * _count(timed) >= _count(untimed) else untimed
    if heads is timed:
        moments = [moment if moment and moment.is_day else None for moment in moments]
    if any(head and re.match(r"\d{4}", head.when) for head in heads):
        heads = [head if _says_day(head) else None for head in heads]
    return [
        moment or head or line for moment, head, line in zip(moments, heads, lines, strict=True)
    ]


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
    if without := _NO_YEAR.match(told):
        month, day, rest = without.groups()
        said = _parsed(f"{now.year}-{month}-{day} {rest}", now)
        return (
            said
            if said is None or said <= now
            else _parsed(f"{now.year - 1}-{month}-{day} {rest}", now)
        )
    parsed: datetime | None = dateparser.parse(
        re.sub(r"(\d日?)\s*星期.", r"\1", told),
        languages=["zh", "en"],
        settings={"RELATIVE_BASE": now, "PREFER_DATES_FROM": "past", "DATE_ORDER": "YMD"},
    )
    return parsed


def _moment(line: str) -> Moment | None:
    if day := _DAY_LINE.fullmatch(line):
        return Moment(day["day"], is_day=True)
    when = _WHEN_LINE.fullmatch(line)
    return Moment(when["when"], is_day=False) if when else None


def _head(way: re.Pattern[str], line: str) -> Head | None:
    found = way.fullmatch(line.strip())
    if found is None or _NO_NAME.fullmatch(found["name"]):
        return None
    parts = found.groupdict()
    return Head(found["name"].strip(), parts.get("when") or "", parts.get("words") or "")


def _count(heads: Sequence[Head | None]) -> int:
    return sum(head is not None for head in heads)


def _says_day(head: Head | None) -> bool:
    return head is not None and re.match(_DAY, head.when) is not None
