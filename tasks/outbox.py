"""Sending what waits: a lane for each channel, so that one that hangs holds up nobody else's messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from time import monotonic

from sqlalchemy import func, or_, update
from sqlmodel import col

from config.catalog import ChannelKind
from tasks.channels import Outcome, send, signing
from tasks.clock import utc_now
from tasks.db import transaction
from tasks.house import house
from tasks.lapses import end_expired, end_waits, give_up_leases
from tasks.leases import BAD_TEMPLATE, Letter, hand_back, lease, write_down
from tasks.models.enums import UNHURRIED, Audience, MessageState, Urgency
from tasks.models.tables import Message
from tasks.queue import channels_due, due
from tasks.requests import is_mail_address
from tasks.resting import DOWN
from tasks.rules.quiet import is_quiet, loud_from

BATCH = 20  # asked for at once
PATIENCE = 30.0  # seconds after which the rest of a lease is handed back, long before it runs out


class _Budget:
    """How many messages may still be sent, by all lanes together."""

    def __init__(self, most: int) -> None:
        self._left, self._lock = most, Lock()

    def take(self, wanted: int) -> int:
        """So many of those that are wanted."""
        with self._lock:
            granted = min(wanted, self._left)
            self._left -= granted
            return granted

    def give_back(self, unused: int) -> None:
        """What was granted and not sent."""
        with self._lock:
            self._left += unused


def send_waiting(most: int = 500) -> dict[str, int]:
    """Sends what is due, at most `most` messages, and counts the outcomes. One failing never stops the others."""
    give_up_leases()
    end_waits()
    end_expired()
    _wait_for_morning()
    budget, counts, served = _Budget(most), Counter[str](), set[str]()
    while fresh := [channel for channel in channels_due() if channel not in served]:
        with ThreadPoolExecutor(len(fresh)) as lanes:
            for done in lanes.map(lambda channel: _send_on(channel, budget), fresh):
                counts.update(done)
        served.update(fresh)  # what one has refused may have another to go on
    return dict(counts)


def _send_on(channel: str, budget: _Budget) -> Counter[str]:
    """The messages of one channel, one after the other."""
    counts: Counter[str] = Counter()
    while granted := budget.take(BATCH):
        letters = lease(channel, granted)
        if not letters:
            budget.give_back(granted)
            break
        done = list(_send_some(letters))
        budget.give_back(granted - len(done))
        write_down(done)
        hand_back(letters[len(done) :])
        counts.update(outcome.state.value for _letter, outcome in done)
        _wait_for_morning()
    return counts


def _send_some(letters: list[Letter]) -> Iterator[tuple[Letter, Outcome]]:
    """As many as can be sent while their lease holds for certain, and their provider answers; one at least."""
    began, failures = monotonic(), 0
    for letter in letters:
        outcome = _send(letter)
        yield letter, outcome
        failures = failures + 1 if outcome.is_down else 0
        if failures >= DOWN or monotonic() - began > PATIENCE:
            return


def _wait_for_morning() -> None:
    """In the quiet hours reminders stay, however they came to be due now: retried, freed or sent late."""
    now, quiet, zone = utc_now(), house().catalog.community.quiet, house().timezone
    if not is_quiet(now, quiet, zone):
        return
    unhurried = or_(col(Message.event).in_(UNHURRIED), col(Message.audience) == Audience.LADDER)
    urgency = func.coalesce(col(Message.variables)["urgency"].as_string(), "")
    with transaction(house().database) as session:
        session.execute(
            update(Message)
            .where(*due(), unhurried, urgency != Urgency.URGENT.value)
            .values(next_attempt_at=loud_from(now, quiet, zone))
        )


def _send(letter: Letter) -> Outcome:
    url = house().settings.channel_url(letter.channel)
    if url is None:
        return Outcome(MessageState.REFUSED, "channel_not_set_up")
    if letter.kind is ChannelKind.MAIL and not is_mail_address(letter.address):
        return Outcome(MessageState.REFUSED, "no_address")
    if letter.text is None:
        return Outcome(MessageState.FAILED, BAD_TEMPLATE)
    with signing(house().settings.channel_secret(letter.channel)):
        return send(letter.kind, url, letter.address, letter.text, letter.key)
