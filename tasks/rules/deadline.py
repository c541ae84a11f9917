"""Local days and times, and the windows that are counted by the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from config.catalog import OTHER, Catalog, ServiceLevel
from tasks.models.state import OrderState


def start_of_day(day: date, timezone: str) -> datetime:
    """The midnight with which a local day begins, as aware UTC."""
    return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)


def end_of_day(day: date, timezone: str) -> datetime:
    """The last second of a local day, as aware UTC."""
    return start_of_day(day + timedelta(days=1), timezone) - timedelta(seconds=1)


def local_day(moment: datetime, timezone: str) -> date:
    """The local calendar day of a moment."""
    return moment.astimezone(ZoneInfo(timezone)).date()


def local_time(moment: datetime, timezone: str, now: datetime | None = None) -> str:
    """A moment as people write it: month, day, hour and minute of their own clock, and the year where it
    is another one than that of `now`."""
    local = moment.astimezone(ZoneInfo(timezone))
    other_year = now is not None and now.astimezone(ZoneInfo(timezone)).year != local.year
    return local.strftime("%Y-%m-%d %H:%M" if other_year else "%m-%d %H:%M")


def service_level(category: str | None, catalog: Catalog) -> ServiceLevel:
    """The limits of a category; those of the catch-all while an order has none, or one that is gone."""
    known = catalog.categories.get(category or OTHER) or catalog.categories[OTHER]
    return catalog.service_levels[known.service_level]


def rating_until(state: OrderState, catalog: Catalog) -> datetime:
    """When the window to rate a finished order ends. The order must be done."""
    assert state.done_at is not None
    return state.done_at + service_level(state.category, catalog).rating_window.wall_clock


def reopen_until(state: OrderState, catalog: Catalog) -> datetime:
    """When the window to reopen a closed order ends, measured from our own record of the closing."""
    assert state.closed_at is not None
    return state.closed_at + service_level(state.category, catalog).reopen_window.wall_clock
