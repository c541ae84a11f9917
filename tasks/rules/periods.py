"""Months, quarters and years, by the names that people give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From the first local day to the last, both included."""

    name: str
    first: date
    last: date


def usual_periods(today: date) -> dict[str, Period]:
    """What is mostly looked at, by how people say it: 上个月, 本月, 上季度, 今年, 去年."""
    this_month = month_with(today)
    return {
        "上个月": month_with(this_month.first - _A_DAY),
        "本月": this_month,
        "上季度": quarter_with(quarter_with(today).first - _A_DAY),
        "今年": _year(today.year),
        "去年": _year(today.year - 1),
    }


def periods_over(since: date, today: date) -> list[Period]:
    """Every month, quarter and year that ended before `today`, not before `since`: the newest first,
    and of those that end on one day the shortest."""
    found = [period for period in _periods(since, today) if since <= period.last < today]
    return sorted(found, key=lambda period: (period.last, period.first), reverse=True)


def _periods(since: date, today: date) -> Iterator[Period]:
    for year in range(since.year, today.year + 1):
        yield _year(year)
        for month in range(1, 13):
            yield month_with(date(year, month, 1))
        for month in (1, 4, 7, 10):
            yield quarter_with(date(year, month, 1))


def month_with(day: date) -> Period:
    """The month of a day."""
    return _from(f"{day.year} 年 {day.month} 月", day.replace(day=1), months=1)


def quarter_with(day: date) -> Period:
    """The quarter of a day."""
    quarter = (day.month - 1) // 3
    first = date(day.year, 3 * quarter + 1, 1)
    return _from(f"{day.year} 年第 {quarter + 1} 季度", first, months=3)


def _year(year: int) -> Period:
    return _from(f"{year} 年", date(year, 1, 1), months=12)


def _from(name: str, first: date, *, months: int) -> Period:
    after = first.year * 12 + first.month - 1 + months
    return Period(name, first, date(after // 12, after % 12 + 1, 1) - _A_DAY)
