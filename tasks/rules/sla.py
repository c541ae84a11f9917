"""Deadlines and working time: pure arithmetic on a calendar. Moments are aware UTC in and out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.catalog import Allowance, Calendar
from tasks.rules.working_time import NOTHING, WALL_CLOCK, Time, working_time

Pause = tuple[datetime, datetime]


@dataclass(frozen=True)
class Due:
    """A deadline. Provisional where it runs into a year whose holidays are not known yet."""

    at: datetime
    provisional: bool


def time_for(allowance: Allowance, calendar: Calendar | None) -> Time:
    """What an allowance counts in: calendar days by the wall clock, all else in the calendar's working
    time; by the wall clock too where there is no calendar (then a working day is 24 hours)."""
    if calendar is None or allowance.unit == "d":
        return WALL_CLOCK
    return working_time(calendar)


def due_at(
    start: datetime,
    allowance: Allowance,
    calendar: Calendar | None,
    pauses: Iterable[Pause] = (),
) -> Due:
    """When something that starts now has to be done.

    Minutes and hours are working time. Working days end at the same local time that many working
    days later; from outside working time they count from the start of the next span; in a break they
    end with it, after the day's last span at its end. Each pause that begins before the deadline moves
    it by the working time within. Raises TooFar.
    """
    time = time_for(allowance, calendar)
    return _due(start, _without_pauses(start, allowance, time), time, pauses)


def due_until(start: datetime, until: datetime, time: Time, pauses: Iterable[Pause] = ()) -> Due:
    """The same where a date was set instead of an allowance."""
    return _due(start, until, time, pauses)


def worked(start: datetime, end: datetime, time: Time, pauses: Iterable[Pause] = ()) -> timedelta:
    """The working time from `start` to `end` (not before it) with the pauses taken out. They may overlap."""
    paused = sum((time.worked(*pause) for pause in _within(start, end, pauses)), NOTHING)
    return time.worked(start, end) - paused


def left(now: datetime, due: datetime, time: Time) -> timedelta:
    """The working time until a deadline; negative after it."""
    return time.worked(now, due) if now <= due else -time.worked(due, now)


def used_up_at(
    share: float, start: datetime, due: datetime, time: Time, pauses: Iterable[Pause] = ()
) -> datetime:
    """The moment at which a share (0.8 for 80 %) of the time from `start` to `due` is used."""
    pauses = list(pauses)
    allowed = max(worked(start, max(start, due), time, pauses), NOTHING)
    return _after_pauses(start, time.later(start, allowed * share), time, pauses)


def step_after(moment: datetime, allowance: Allowance, calendar: Calendar | None) -> datetime:
    """One more period of the same length after a moment, at least one working day."""
    time = WALL_CLOCK if calendar is None else working_time(calendar)
    same = _without_pauses(moment, allowance, time_for(allowance, calendar))
    return max(same, time.days_later(moment, 1))


def _without_pauses(start: datetime, allowance: Allowance, time: Time) -> datetime:
    if allowance.unit == "wd":
        return time.days_later(start, allowance.amount)
    return time.later(start, allowance.wall_clock)


def _due(start: datetime, end: datetime, time: Time, pauses: Iterable[Pause]) -> Due:
    at = _after_pauses(start, end, time, pauses)
    return Due(at, not time.knows(start, max(start, at)))


def _after_pauses(start: datetime, end: datetime, time: Time, pauses: Iterable[Pause]) -> datetime:
    """`end` moved by the working time of each pause that begins before it."""
    for begun, over in _apart(pauses):
        begun = max(begun, start)
        if begun < end and begun < over and (paused := time.worked(begun, over)):
            end = time.moved(end, paused)
    return end


def _within(start: datetime, end: datetime, pauses: Iterable[Pause]) -> Iterable[Pause]:
    for begun, over in _apart(pauses):
        if max(begun, start) < min(over, end):
            yield max(begun, start), min(over, end)


def _apart(pauses: Iterable[Pause]) -> list[Pause]:
    """The same pauses in order, those that overlap as one."""
    apart: list[Pause] = []
    for begun, over in sorted(pauses):
        if apart and begun <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(over, apart[-1][1]))
        else:
            apart.append((begun, over))
    return apart
