"""The hours in which nobody is reminded of anything but what is urgent."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks.models.enums import Urgency


def is_quiet(moment: datetime, quiet: str, timezone: str) -> bool:
    """Whether a moment lies in the quiet hours ("21:00-08:00", local; the end is outside)."""
    begins, ends = _hours(quiet)
    now = moment.astimezone(ZoneInfo(timezone)).time()
    if begins < ends:
        return begins <= now < ends
    return now >= begins or now < ends


def loud_from(moment: datetime, quiet: str, timezone: str) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if not is_quiet(moment, quiet, timezone):
        return moment
    local = moment.astimezone(ZoneInfo(timezone))
    end = datetime.combine(local.date(), _hours(quiet)[1], local.tzinfo)
    return (end if end > local else end + timedelta(days=1)).astimezone(moment.tzinfo)


def told_from(moment: datetime, urgency: Urgency, quiet: str, timezone: str) -> datetime:
    """When somebody may be reminded of an order of this urgency."""
    return moment if urgency is Urgency.URGENT else loud_from(moment, quiet, timezone)


def _hours(quiet: str) -> tuple[time, time]:
    begins, ends = quiet.split("-")
    return time.fromisoformat(begins), time.fromisoformat(ends)
