"""The working calendar as it is written: hours, holidays and extra working days."""

import re
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator

from config.mistakes import refusal
from config.shapes import DAYS, Day, Entry, TimeZone

Span = tuple[timedelta, timedelta]  # of a local day, counted from its midnight; the end is outside
_CLOCK = r"(?:([01]\d|2[0-4]):([0-5]\d))"


def days_of(text: str) -> range:
    """The days that "mon" or "mon-fri" means, 0 for Monday. Raises ValueError for anything else."""
    first, dash, last = text.partition("-")
    days = range(DAYS.index(first), DAYS.index(last if dash else first) + 1)
    if not days or (dash and len(days) == 1):
        raise ValueError(text)
    return days


def _day_range(text: str) -> str:
    try:
        days_of(text)
    except ValueError:
        raise refusal(f'"{text}" 不是星期几', '写 mon、tue … sun，或一段 "mon-fri"') from None
    return text


def span_of(text: str) -> Span:
    """What "09:30-13:00" means; "24:00" is the end of the day. Raises ValueError for anything else."""
    found = re.fullmatch(f"{_CLOCK}-{_CLOCK}", text)
    if found is None:
        raise ValueError(text)
    first, last = (
        timedelta(hours=int(hour), minutes=int(minute))
        for hour, minute in (found.group(1, 2), found.group(3, 4))
    )
    if not first < last <= timedelta(days=1):
        raise ValueError(text)
    return first, last


def _hour_span(text: str) -> str:
    try:
        span_of(text)
    except ValueError:
        raise refusal(f'"{text}" 不是一段时间', '写成从早到晚的 "09:30-13:00"') from None
    return text


DayRange = Annotated[str, AfterValidator(_day_range)]
HourSpan = Annotated[str, AfterValidator(_hour_span)]


class Calendar(Entry):
    """When the community works: spans of local time by day or range of days ("mon-fri"), the
    country whose public holidays and make-up working days hold (None for none), and its own days
    off and extra working days by date, which come before the country's."""

    timezone: TimeZone
    hours: dict[DayRange, tuple[HourSpan, ...]]
    country: Literal["CN"] | None = None
    holidays: tuple[Day, ...] = ()
    working_days: tuple[Day, ...] = ()

    def __hash__(self) -> int:
        own = (self.timezone, self.country, self.holidays, self.working_days)
        return hash((*own, *self.hours.items()))

    @cached_property
    def week(self) -> tuple[tuple[Span, ...], ...]:
        """The spans of each weekday, Monday first, in the order of the day."""
        spans: list[list[Span]] = [[] for _day in DAYS]
        for days, texts in self.hours.items():
            for day in days_of(days):
                spans[day] += map(span_of, texts)
        return tuple(tuple(sorted(day)) for day in spans)

    @cached_property
    def own_days(self) -> dict[date, bool]:
        """The community's own dates: whether it works then."""
        return {**dict.fromkeys(self.holidays, False), **dict.fromkeys(self.working_days, True)}
