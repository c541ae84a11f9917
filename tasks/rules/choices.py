"""What people may choose about their messages, and what that means for one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tasks.models.enums import Audience, Event, Urgency


@dataclass(frozen=True)
class Choice:
    """What one person chose. Empty, or None, is: as it comes."""

    channel: str = ""
    language: str = ""
    declined: frozenset[Event] = frozenset()
    quiet: str = ""  # "22:00-07:00", local
    digest_hour: int | None = None  # local


AS_IT_COMES = Choice()

MAY_DECLINE: Mapping[Audience, frozenset[Event]] = {
    Audience.RESIDENT: frozenset(
        {
            Event.ORDER_ACCEPTED,
            Event.ORDER_ASSIGNED,
            Event.ORDER_PROGRESS,
            Event.ORDER_HELD,
            Event.ORDER_EXTENDED,
            Event.ORDER_REOPENED,
            Event.RATING_REMINDER,
            Event.BROADCAST,
        }
    ),
    Audience.HANDLER: frozenset({Event.ORDER_DUE_SOON, Event.BROADCAST}),
    Audience.MEMBER: frozenset(
        {Event.ORDER_RATED, Event.WISH_OPEN, Event.ORDER_DUE_SOON, Event.BROADCAST}
    ),
    Audience.LADDER: frozenset({Event.ORDER_DUE_SOON}),
}
"""By audience, what somebody need not hear. What is theirs to do (an assignment, a claim, a request for
help, what is overdue or has climbed to them) and that it is theirs no longer, nobody can decline; nor a
broadcast that is urgent."""

IN_DIGEST: Mapping[Audience, frozenset[Event]] = {
    Audience.RESIDENT: MAY_DECLINE[Audience.RESIDENT]
    - {Event.RATING_REMINDER, Event.BROADCAST},  # a link, a day of its own
    Audience.HANDLER: frozenset({Event.ORDER_DUE_SOON, Event.ORDER_OVERDUE}),
    Audience.MEMBER: frozenset({Event.ORDER_RATED, Event.ORDER_DUE_SOON}),
    Audience.LADDER: frozenset({Event.ORDER_DUE_SOON, Event.ORDER_ESCALATED}),
}
"""By audience, what can wait for the digest of the day: neither what must be said, nor something new to do."""


def choosable(audience: Audience) -> frozenset[Event]:
    """What somebody with a choice of this audience may decline: a person, in all that they are."""
    own = MAY_DECLINE.get(audience, frozenset())
    return own | MAY_DECLINE[Audience.LADDER] if audience is Audience.MEMBER else own


def is_declined(choice: Choice, audience: Audience, event: Event) -> bool:
    """Whether somebody does not want to hear of this, and need not."""
    return event in choice.declined and event in MAY_DECLINE.get(audience, ())


def waits_for_digest(choice: Choice, audience: Audience, event: Event, urgency: Urgency) -> bool:
    """Whether it becomes a line of the person's one message of the day."""
    if choice.digest_hour is None or urgency is Urgency.URGENT:
        return False
    return event in IN_DIGEST.get(audience, ())


def next_digest(now: datetime, hour: int, timezone: str) -> datetime:
    """The next time, after now, that it is this hour there."""
    local = now.astimezone(ZoneInfo(timezone))
    today = datetime.combine(local.date(), time(hour), local.tzinfo)
    return (today if today > local else today + timedelta(days=1)).astimezone(now.tzinfo)
