"""Providers that are down rest, for growing spells and for all senders together, instead of being tried again and again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlmodel import Session, col, select

from tasks.channels import Outcome
from tasks.clock import APART
from tasks.db import reading
from tasks.house import house
from tasks.models.enums import MessageState
from tasks.models.tables import Message, Provider
from tasks.queue import due
from tasks.routes import give_up_way

DOWN = 3  # failures of the provider, one after the other, after which it rests
FIRST_REST, LONGEST_REST = timedelta(minutes=1), timedelta(minutes=30)
RESTS = "provider_rests"
MANY = 1_000  # at once; whoever comes next goes on
WAITED_ENOUGH = timedelta(hours=12)  # of a message, for a provider that rests


def note_outcomes(
    session: Session, channel: str, outcomes: Iterable[Outcome], now: datetime
) -> None:
    """Counts failures of a provider that follow each other, and lets it rest after some; any answer that
    shows it at work ends that."""
    provider = session.get(Provider, channel, with_for_update=True)
    for outcome in outcomes:
        if outcome.is_down:
            provider = provider or Provider(channel=channel)
            provider.failures += 1
            if provider.failures >= DOWN:
                spell = FIRST_REST * 2 ** min(provider.failures - DOWN, 10)
                provider.rests_until = now + min(spell, LONGEST_REST)
        elif provider is not None and outcome.state is not MessageState.UNKNOWN:
            provider.failures, provider.rests_until = 0, None
    if provider is not None:
        session.add(provider)


def rests(session: Session, channel: str, now: datetime) -> bool:
    """Whether nobody should send on a channel now."""
    provider = session.get(Provider, channel)
    until = provider.rests_until if provider else None
    return until is not None and _is_ahead(until, now)


def _is_ahead(until: datetime, now: datetime) -> bool:
    """Whether a rest is still to end; one that ends later than any can was begun before the clock was set back."""
    return now < until <= now + LONGEST_REST + APART


def release_waiting(session: Session, channel: str, now: datetime) -> None:
    """What has waited too long for a provider that rests goes another way; what was written for later
    waits since then."""
    long_ago = now - WAITED_ENOUGH
    waiting = select(Message).where(
        *due(),
        Message.channel == channel,
        col(Message.created_at) < long_ago,
        or_(col(Message.attempts) > 0, col(Message.next_attempt_at) < long_ago),
    )
    for message in session.exec(waiting.limit(MANY).with_for_update(skip_locked=True)):
        give_up_way(session, message, RESTS, now)


def is_on_trial(session: Session, channel: str) -> bool:
    """Whether a provider has failed again and again, and nobody knows yet that it is back."""
    provider = session.get(Provider, channel)
    return provider is not None and provider.failures >= DOWN


def resting(now: datetime) -> dict[str, datetime]:
    """The channels whose providers rest, with until when."""
    with reading(house().database) as session:
        found = session.exec(select(Provider).order_by(Provider.channel))
        until = {row.channel: row.rests_until for row in found if row.rests_until}
    return {channel: end for channel, end in until.items() if _is_ahead(end, now)}
