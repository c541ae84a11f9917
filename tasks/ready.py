"""Which of the messages that are due may go now: nobody's own quiet hours, no address that takes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from tasks.chosen import choices_of
from tasks.clock import utc_now
from tasks.house import house
from tasks.models.enums import Urgency
from tasks.models.tables import Message
from tasks.muting import MUTED, muted_among
from tasks.routes import address_of, give_up_way
from tasks.rules.quiet import loud_to_all


def ready_to_go(session: Session, messages: Sequence[Message]) -> list[Message]:
    """Those that may go; of the others who sleeps hears in the morning, and who is not reached any more is
    told another way. The messages must be locked."""
    return _reachable(session, _awake(session, messages))


def _awake(session: Session, messages: Sequence[Message]) -> list[Message]:
    """Sent late, retried or freed: however it came to be due now, the own quiet hours hold."""
    now, zone, awake = utc_now(), house().timezone, []
    choices = choices_of(session, [(one.audience, one.recipient) for one in messages])
    for message in messages:
        quiet = choices.of(message.audience, message.recipient).quiet
        is_urgent = message.variables.get("urgency") == Urgency.URGENT
        if is_urgent or not quiet or (loud := loud_to_all(now, [quiet], zone)) == now:
            awake.append(message)
        else:
            message.next_attempt_at = loud
    return awake


def _reachable(session: Session, messages: Sequence[Message]) -> list[Message]:
    ways = [(message.channel, address_of(session, message)) for message in messages]
    muted, reachable, now = muted_among(session, ways), [], utc_now()
    for message, way in zip(messages, ways, strict=True):
        if way in muted:
            give_up_way(session, message, MUTED, now)
        else:
            reachable.append(message)
    return reachable
