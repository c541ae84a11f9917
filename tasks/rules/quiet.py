"""The hours in which nobody is reminded of anything but what is urgent, and those that a person asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks.models.enums import Urgency


def is_quiet(moment: datetime, quiet: str, timezone: str) -> bool:
    """Whether a moment lies in the quiet hours ("21:00-08:00", local; the end is outside)."""
    return _covers(quiet, moment.astimezone(ZoneInfo(timezone)).time())


def loud_from(moment: datetime, quiet: str, timezone: str) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if not is_quiet(moment, quiet, timezone):
        return moment
    local = moment.astimezone(ZoneInfo(timezone))
    end = datetime.combine(local.date(), _hours(quiet)[1], local.tzinfo)
    end = end.replace(fold=local.fold)  # in an hour that comes twice: not before the moment
    return (end if end > local else end + timedelta(days=1)).astimezone(moment.tzinfo)


def told_from(moment: datetime, urgency: Urgency, quiet: str, timezone: str) -> datetime:
    """When somebody may be reminded of an order of this urgency."""
    return moment if urgency is Urgency.URGENT else loud_from(moment, quiet, timezone)


def loud_to_all(moment: datetime, quiets: Iterable[str], timezone: str) -> datetime:
    """The first moment, from this one on, that lies in none of these quiet hours; "" are none."""
    spans = [quiet for quiet in quiets if quiet]
    for _ in range(2 * len(spans)):  # the end of one may lie in another, on to the next day
        for quiet in spans:
            moment = loud_from(moment, quiet, timezone)
    return moment


def leave_nothing(quiet: str, other: str) -> bool:
    """Whether two spans of quiet hours together are the whole day."""
    return _covers(quiet, _hours(other)[1]) and _covers(other, _hours(quiet)[1])


def covers_hour(quiet: str, hour: int) -> bool:
    """Whether the beginning of an hour of the day lies in the quiet hours."""
    return _covers(quiet, time(hour))


def _covers(quiet: str, now: time) -> bool:
    begins, ends = _hours(quiet)
    return begins <= now < ends if begins < ends else now >= begins or now < ends


def _hours(quiet: str) -> tuple[time, time]:
    begins, ends = quiet.split("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)
