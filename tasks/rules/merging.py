"""Several things about one order within minutes: which says all that the one before it said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from tasks.models.enums import MUST_BE_TOLD, Audience, Event, Urgency

_BEGUN = frozenset({Event.ORDER_PLACED, Event.ORDER_ACCEPTED})
_ON_THE_WAY = _BEGUN | {
    Event.ORDER_ASSIGNED,
    Event.ORDER_PROGRESS,
    Event.ORDER_HELD,
    Event.ORDER_EXTENDED,
    Event.ORDER_REOPENED,
}
_IN_HAND = frozenset({Event.ORDER_ASSIGNED, Event.ORDER_RELEASED, Event.ORDER_REOPENED})
_CLAIMED = frozenset({Event.ORDER_CLAIMED, Event.HELP_ASKED})

COVERS: Mapping[Audience, Mapping[Event, frozenset[Event]]] = {
    Audience.RESIDENT: {
        Event.ORDER_ACCEPTED: frozenset({Event.ORDER_PLACED}),
        Event.ORDER_ASSIGNED: _BEGUN | {Event.ORDER_ASSIGNED},
        Event.ORDER_HELD: frozenset({Event.ORDER_HELD, Event.ORDER_EXTENDED}),
        Event.ORDER_EXTENDED: frozenset({Event.ORDER_EXTENDED}),
        Event.ORDER_DONE: _ON_THE_WAY,
        Event.ORDER_DECLINED: _ON_THE_WAY,
        Event.ORDER_MERGED: _ON_THE_WAY,
        Event.ORDER_WITHDRAWN: _ON_THE_WAY,
    },
    Audience.HANDLER: {
        Event.ORDER_ASSIGNED: frozenset({Event.ORDER_ASSIGNED, Event.ORDER_TAKEN_AWAY}),
        Event.ORDER_TAKEN_AWAY: _IN_HAND,
        Event.ORDER_WITHDRAWN: _IN_HAND,
    },
    Audience.MEMBER: {
        Event.ORDER_CLAIMED: _CLAIMED | {Event.ORDER_TAKEN_AWAY},
        Event.ORDER_TAKEN_AWAY: _CLAIMED,
        Event.ORDER_WITHDRAWN: _CLAIMED,
    },
}
"""By audience, for each event the earlier ones that it says at least as much as. Progress covers nothing:
each has words of its own."""


def covered_by(audience: Audience, event: Event) -> frozenset[Event]:
    """The earlier events of the same order that need not be told to the same person any more."""
    return COVERS.get(audience, {}).get(event, frozenset())


def waits_for_more(audience: Audience, event: Event) -> bool:
    """Whether something may come that covers it; what must be said waits for nothing."""
    covered = (event in events for events in COVERS.get(audience, {}).values())
    return event not in MUST_BE_TOLD and any(covered)


def said_from(
    now: datetime, audience: Audience, event: Event, urgency: Urgency, minutes: int
) -> datetime:
    """When a message may go that another may overtake within so many minutes; an urgent order's at once."""
    may_wait = urgency is not Urgency.URGENT and waits_for_more(audience, event)
    return now + timedelta(minutes=minutes) * may_wait
