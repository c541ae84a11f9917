"""The working time of a calendar as one line of spans on the UTC clock, built year by year as it is asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import Protocol
from zoneinfo import ZoneInfo

import chinese_calendar

from config.calendar_shapes import Span
from config.catalog import Calendar
from tasks.errors import TooFar

LAST_YEAR = 2999
FIRST_NOTICE = 2004  # the first year in the library
NOTHING, A_SECOND, A_DAY = timedelta(0), timedelta(seconds=1), timedelta(days=1)


class Time(Protocol):
    """What deadlines are counted in. Moments are aware UTC in and out."""

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """The time that counts between two moments, `start` not after `end`."""

    def later(self, start: datetime, amount: timedelta) -> datetime:
        """The first moment at which `amount` has counted since `start`."""

    def moved(self, moment: datetime, amount: timedelta) -> datetime:
        """A deadline moved by time that counts: one at the start of a span stays at a start."""

    def days_later(self, start: datetime, days: int) -> datetime:
        """`days` working days later."""

    def knows(self, start: datetime, end: datetime) -> bool:
        """Whether the holidays of all years between two moments are known."""


class WallClock:
    """Time without gaps: every day counts, all 24 hours of it."""

    def worked(self, start: datetime, end: datetime) -> timedelta:
        return end.astimezone(UTC) - start.astimezone(UTC)

    def later(self, start: datetime, amount: timedelta) -> datetime:
        return start.astimezone(UTC) + amount

    def moved(self, moment: datetime, amount: timedelta) -> datetime:
        return self.later(moment, amount)

    def days_later(self, start: datetime, days: int) -> datetime:
        return start.astimezone(UTC) + timedelta(days=days)

    def knows(self, start: datetime, end: datetime) -> bool:
        return True


WALL_CLOCK = WallClock()


@lru_cache(maxsize=64)
def working_time(calendar: Calendar) -> WorkingTime:
    """The working time of a calendar, built once per process."""
    return WorkingTime(calendar)


class WorkingTime:
    """The working time of a calendar. Raises TooFar for what would end after the year 2999."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._zone = ZoneInfo(calendar.timezone)
        self._line = _Line.of(self, range(0))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        line = self._covering(start, end)
        return line.counted(end) - line.counted(start)

    def later(self, start: datetime, amount: timedelta) -> datetime:
        line = self._covering(start, start)
        while (wanted := line.counted(start) + amount) > line.total:
            line = self._longer(line)
        return max(start, line.first_moment(wanted))

    def moved(self, moment: datetime, amount: timedelta) -> datetime:
        line = self._covering(moment, moment)
        while (wanted := line.counted(moment) + amount) >= line.total:
            line = self._longer(line)
        return line.last_moment(wanted) if line.is_start(moment) else line.first_moment(wanted)

    def days_later(self, start: datetime, days: int) -> datetime:
        """`days` working days later, at the same local time; from outside working time counted from
        the start of the next span. What would fall outside the spans of that day ends with the break,
        or with the day's last span."""
        line = self._covering(start, start)
        while (at := line.span_from(start)) is None or line.day_of[at] + days >= len(line.days):
            line = self._longer(line)
        begun = max(start, line.starts[at])
        today = datetime.combine(line.days[line.day_of[at]], time.min)
        day = line.day_of[at] + days
        local = begun.astimezone(self._zone).replace(tzinfo=None) - today
        return line.fitted(day, self.instant(line.days[day], local))

    def knows(self, start: datetime, end: datetime) -> bool:
        if self._calendar.country is None:
            return True
        years = range(self._year(start), self._year(end) + 1)
        return all(map(_is_known, years))

    def spans(self, year: int) -> Iterator[tuple[date, datetime, datetime]]:
        """The spans of a local year in order, each with its day."""
        day = date(year, 1, 1)
        while day.year == year:
            for first, last in self._hours(day):
                start, end = self.instant(day, first), self.instant(day, last)
                if start < end:  # an hour that the change of the clocks leaves out
                    yield day, start, end
            day += A_DAY

    def _hours(self, day: date) -> Sequence[Span]:
        week = self._calendar.week
        works = self._calendar.own_days.get(day)
        if works is None and self._calendar.country is not None:
            works = _decreed(day)
        if works is None:
            return week[day.weekday()]
        return next(filter(None, week)) if works else ()  # Monday's hours, or the first that works

    def instant(self, day: date, since_midnight: timedelta) -> datetime:
        """A local time as UTC. One that comes twice is the first; one that is left out, the moment after it."""
        local = datetime.combine(day, time.min) + since_midnight
        moment = local.replace(tzinfo=self._zone).astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) == local:
            return moment
        return self._after_gap(local, moment)

    def _after_gap(self, local: datetime, moment: datetime) -> datetime:
        before = local.replace(tzinfo=self._zone, fold=1, microsecond=0).astimezone(UTC)
        seconds = range(int((moment - before) / A_SECOND) + 1)
        offset = before.astimezone(self._zone).utcoffset()
        changed = bisect_left(
            seconds,
            True,
            key=lambda n: (before + n * A_SECOND).astimezone(self._zone).utcoffset() != offset,
        )
        return before + changed * A_SECOND

    def _year(self, moment: datetime) -> int:
        return moment.astimezone(self._zone).year

    def _covering(self, start: datetime, end: datetime) -> _Line:
        years = self._line.years
        first, last = self._year(start), self._year(end)
        if years and years[0] <= first and last <= years[-1]:
            return self._line
        known = (years[0], years[-1]) if years else (first, last)
        return self._build(min(first, known[0]), max(last, min(last + 1, LAST_YEAR), known[1]))

    def _longer(self, line: _Line) -> _Line:
        first, last = line.years[0], line.years[-1]
        if last >= LAST_YEAR:
            raise TooFar(year=LAST_YEAR)
        return self._build(first, min(LAST_YEAR, last + len(line.years)))

    def _build(self, first: int, last: int) -> _Line:
        self._line = _Line.of(self, range(first, last + 1))
        return self._line


@dataclass(frozen=True)
class _Line:
    """The spans of some years in a row. `before` is what has counted before each of them."""

    years: range
    days: list[date]  # those with a span
    day_of: list[int]  # of each span: which of the days
    starts: list[datetime]
    ends: list[datetime]

    @classmethod
    def of(cls, time: WorkingTime, years: range) -> _Line:
        days: list[date] = []
        line = cls(years, days, [], [], [])
        for year in years:
            for day, start, end in time.spans(year):
                if not days or days[-1] != day:
                    days.append(day)
                line.day_of.append(len(days) - 1)
                line.starts.append(start)
                line.ends.append(end)
        return line

    @cached_property
    def before(self) -> list[timedelta]:
        lengths = (end - start for start, end in zip(self.starts, self.ends, strict=True))
        return list(accumulate(lengths, initial=NOTHING))

    @property
    def total(self) -> timedelta:
        return self.before[-1]

    def counted(self, moment: datetime) -> timedelta:
        """What has counted from the line's beginning to a moment."""
        at = bisect_right(self.starts, moment) - 1
        if at < 0:
            return NOTHING
        return self.before[at] + (min(moment, self.ends[at]) - self.starts[at])

    def is_start(self, moment: datetime) -> bool:
        at = bisect_left(self.starts, moment)
        return at < len(self.starts) and self.starts[at] == moment

    def first_moment(self, counted: timedelta) -> datetime:
        """The earliest moment by which this much has counted: the end of a span rather than the next start."""
        at = max(bisect_left(self.before, counted) - 1, 0)
        return self.starts[at] + (counted - self.before[at])

    def last_moment(self, counted: timedelta) -> datetime:
        """The latest such moment: a start rather than the end before it."""
        at = min(bisect_right(self.before, counted) - 1, len(self.starts) - 1)
        return self.starts[at] + (counted - self.before[at])

    def span_from(self, moment: datetime) -> int | None:
        """The span that a moment lies in, or the next one; None after the last."""
        at = bisect_right(self.ends, moment)
        return at if at < len(self.ends) else None

    def fitted(self, day: int, moment: datetime) -> datetime:
        """The moment itself in a span of the day, else the next span's start, else the last one's end."""
        at = bisect_right(self.ends, moment)
        if at < len(self.ends) and self.day_of[at] == day:
            return max(moment, self.starts[at])
        return self.ends[bisect_right(self.day_of, day) - 1]


@lru_cache(maxsize=1024)
def _is_known(year: int) -> bool:
    """Whether the State Council's notice for a year is in the library."""
    try:
        chinese_calendar.get_holiday_detail(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=1)
def last_known_year() -> int:
    """The last year of which the State Council's notice is in the library."""
    year = FIRST_NOTICE
    while _is_known(year + 1):
        year += 1
    return year


def _decreed(day: date) -> bool | None:
    """Whether the State Council makes this a working day (True) or a day off (False); None when it says nothing."""
    if not _is_known(day.year):
        return None
    is_off, why = chinese_calendar.get_holiday_detail(day)
    return None if why is None else not is_off
