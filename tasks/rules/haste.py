"""Which messages go first, and how long each is worth saying."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from tasks.models.enums import UNHURRIED, Event, Urgency

FIRST, USUAL, LAST = 0, 1, 2  # the lower goes earlier

WORTH_SAYING: dict[Event, timedelta] = {
    Event.DAILY_BRIEF: timedelta(days=1),  # the next one is there
    Event.WEEKLY_BRIEF: timedelta(days=7),
    Event.MEETING_AGENDA: timedelta(days=7),
    Event.ORDER_DUE_SOON: timedelta(days=3),  # by then it is done or overdue
    Event.WISH_OPEN: timedelta(days=7),  # the time to claim one (lifecycle, clock open_claim)
    Event.RATING_REMINDER: timedelta(days=14),
}
"""From when it may first be said. Everything else is told however late: it is a person's own affair."""


class Haste(TypedDict):
    """Two columns of a message."""

    priority: int
    expires_at: datetime | None


def haste_of(event: Event, urgency: Urgency | None, told_from: datetime) -> Haste:
    """How soon a message goes among others, and until when; `told_from` is when it may first be said."""
    if urgency is Urgency.URGENT and event is not Event.RATING_REMINDER:
        priority = FIRST
    else:
        priority = LAST if event in UNHURRIED else USUAL
    worth = WORTH_SAYING.get(event)
    return {"priority": priority, "expires_at": told_from + worth if worth else None}
