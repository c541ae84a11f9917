"""Sending what waits: leased one by one, sent with no transaction open, the outcome written down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, update
from sqlmodel import Session, col, select

from config.catalog import ChannelKind
from tasks.channels import KNOWS_DOUBLES, Outcome, send
from tasks.clock import utc_now
from tasks.db import transaction
from tasks.errors import BadTemplate
from tasks.house import house
from tasks.models.enums import UNHURRIED, Audience, MessageState, Urgency
from tasks.models.tables import Message, Order, Resident
from tasks.queue import due
from tasks.rendering import Text
from tasks.requests import is_mail_address
from tasks.routes import BY_HAND
from tasks.rules.quiet import is_quiet, loud_from
from tasks.texts import text_of

LEASE = timedelta(minutes=2)
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
"""The wait after each failed attempt; after the last one a person takes over."""


@dataclass(frozen=True)
class Letter:
    """A leased message, ready to go."""

    id: int
    attempts: int
    channel: str
    kind: ChannelKind
    address: str
    text: Text | None  # None while its template is broken
    key: str


def send_waiting(most: int = 500) -> dict[str, int]:
    """Sends what is due, at most `most` messages, and counts the outcomes. One failing never stops the others."""
    counts: Counter[str] = Counter()
    give_up_leases()
    for _ in range(most):
        _wait_for_morning()
        letter = _lease()
        if letter is None:
            break
        outcome = _send(letter)
        counts[outcome.state.value] += 1
        _write_down(letter, outcome)
    return dict(counts)


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


def _lease() -> Letter | None:
    with transaction(house().database) as session:
        message = session.exec(
            select(Message)
            .where(*due())
            .order_by(col(Message.next_attempt_at), col(Message.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        ).first()
        if message is None:
            return None
        order = session.get(Order, message.order_id) if message.order_id else None
        assert message.id is not None
        message.state = MessageState.SENDING
        message.attempts += 1
        message.leased_until = utc_now() + LEASE
        known = house().catalog.channels.get(message.channel)
        return Letter(
            id=message.id,
            attempts=message.attempts,
            channel=message.channel,
            kind=known.kind if known else ChannelKind.APPRISE,
            address=_address(session, message),
            text=_text(session, message, order),
            key=message.key,
        )


def _text(session: Session, message: Message, order: Order | None) -> Text | None:
    try:
        return text_of(session, message, order)
    except BadTemplate:  # the others must go on; this one waits until somebody has mended it
        return None


def _address(session: Session, message: Message) -> str:
    """Where the recipient is reached on this channel: read now, never stored with the message."""
    catalog = house().catalog
    if message.audience is Audience.RESIDENT:
        resident = session.get(Resident, int(message.recipient))
        return (resident.address or resident.phone) if resident else ""
    if message.audience is Audience.COORDINATORS:
        contacts = catalog.community.desk_contacts
    else:
        people = (catalog.handlers, catalog.members, catalog.staff)
        known = next((p[message.recipient] for p in people if message.recipient in p), None)
        contacts = known.contacts if known else ()
        if not any(contact.channel == message.channel for contact in contacts) and known:
            handler = catalog.handlers.get(getattr(known, "handler", ""))
            contacts = handler.contacts if handler else ()
    fitting = (
        contact.address
        for contact in contacts
        if contact.channel == message.channel
        and (not contact.events or message.event in contact.events)
    )
    return next(fitting, "")


def _send(letter: Letter) -> Outcome:
    url = house().settings.channel_url(letter.channel)
    if url is None:
        return Outcome(MessageState.REFUSED, "channel_not_set_up")
    if letter.kind is ChannelKind.MAIL and not is_mail_address(letter.address):
        return Outcome(MessageState.REFUSED, "no_address")
    if letter.text is None:
        return Outcome(MessageState.FAILED, "bad_template")
    return send(letter.kind, url, letter.address, letter.text, letter.key)


def _write_down(letter: Letter, outcome: Outcome) -> None:
    now = utc_now()
    values: dict[str, object] = {
        "state": outcome.state,
        "code": outcome.code,
        "leased_until": None,
        "ended_at": now,
    }
    if outcome.state is MessageState.FAILED and letter.attempts <= len(DELAYS):
        values |= {"ended_at": None, "next_attempt_at": now + DELAYS[letter.attempts - 1]}
    elif outcome.state in (MessageState.REFUSED, MessageState.FAILED):
        reason = f"{letter.channel}: {outcome.code or outcome.state.value}"
        values |= {
            "state": MessageState.QUEUED,
            "channel": BY_HAND,
            "reason": reason,
            "ended_at": None,
        }
    with transaction(house().database) as session:
        session.execute(
            update(Message)
            .where(
                col(Message.id) == letter.id,
                col(Message.state) == MessageState.SENDING,
                col(Message.attempts) == letter.attempts,
            )
            .values(**values)
        )


def give_up_leases() -> int:
    """Whoever was sending has died. What cannot be doubled is tried again; the rest is for a person to say.

    Gives how many messages that were.
    """
    harmless = [
        channel.id for channel in house().catalog.channels.values() if channel.kind in KNOWS_DOUBLES
    ]
    expired = (
        col(Message.state) == MessageState.SENDING,
        or_(col(Message.leased_until).is_(None), col(Message.leased_until) < utc_now()),
    )
    again = (
        update(Message)
        .where(*expired, col(Message.channel).in_(harmless))
        .values(state=MessageState.FAILED, code="sender_died", next_attempt_at=utc_now())
    )
    unknown = (
        update(Message)
        .where(*expired)
        .values(state=MessageState.UNKNOWN, code="sender_died", ended_at=utc_now())
    )
    with transaction(house().database) as session:
        done = [session.execute(statement) for statement in (again, unknown)]
        return sum(int(one.rowcount) for one in done)  # type: ignore[attr-defined, misc]
