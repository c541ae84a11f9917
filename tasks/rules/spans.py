"""Lengths of time in words, for people who want to know about how long."""

from __future__ import annotations

import math

_A_MINUTE, _AN_HOUR, _A_DAY = 60, 3_600, 86_400
_FEW = 1.5  # of a bigger unit, from which on it is the better word
_UNITS = ((_A_DAY, " 天", "day"), (_AN_HOUR, " 小时", "hour"), (_A_MINUTE, " 分钟", "minute"))
ENGLISH = "en"


def span_in_words(seconds: float, locale: str = "zh-CN") -> str:
    """3 秒, 12 分钟, 2 小时 or 3 天 (or the same in English), rounded up: it did not take longer than that."""
    size, chinese, english = next(
        (unit for unit in _UNITS if seconds >= _FEW * unit[0]), (1, " 秒", "second")
    )
    count = max(1, math.ceil(seconds / size))
    if locale == ENGLISH:
        return f"{count} {english}{'s' * (count > 1)}"
    return f"{count}{chinese}"
