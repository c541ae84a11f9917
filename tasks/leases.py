"""Who is sending what: messages are leased, and what came of it is written down, attempt by attempt."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, SQLModel, col, select

from config.catalog import ChannelKind
from tasks.channels import KNOWS_DOUBLES, Outcome
from tasks.clock import APART, utc_now
from tasks.db import transaction
from tasks.errors import BadTemplate
from tasks.house import house
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import Audience, MessageState
from tasks.models.tables import Message, MessageStep, Order, Resident
from tasks.muting import mute
from tasks.queue import due
from tasks.ready import ready_to_go
from tasks.rendering import Text
from tasks.resting import is_on_trial, note_outcomes, release_waiting, rests
from tasks.routes import address_of, send_another_way
from tasks.texts import reasons_of, text_of

LEASE = timedelta(minutes=2)
DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
"""The wait after each failed attempt; after the last one a person takes over."""
JITTER = (
    0.2  # of a wait at most is added, so that many that failed together do not come back together
)
LONGEST_WAIT = timedelta(days=1)  # for another attempt; no provider may ask for more
BAD_TEMPLATE = "bad_template"
AT_ONCE = 20  # messages in one lease, where sending one twice does no harm
A_MINUTE = timedelta(minutes=1)


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


def lease(channel: str, most: int) -> list[Letter]:
    """The next messages of a channel, leased to whoever asks; none when there are none, its provider rests,
    or too many have gone in this minute.

    Where nobody could tell whether a message was sent by a sender that died, it is one at a time; so it is
    with a provider that has just rested.
    """
    letters = _lease_some(channel, most, looked_at=1)
    while letters is None:  # whoever sleeps, many at once, each time in a transaction of its own
        letters = _lease_some(channel, most, looked_at=AT_ONCE)
    return letters


def _lease_some(channel: str, most: int, *, looked_at: int) -> list[Letter] | None:
    """As `lease`, but None when all that were looked at may not go now: there may be others behind them."""
    known = house().catalog.channels.get(channel)
    kind = known.kind if known else ChannelKind.APPRISE
    with transaction(house().database) as session:
        if rests(session, channel, utc_now()):
            release_waiting(session, channel, utc_now())
            return []
        may_batch = kind in KNOWS_DOUBLES and not is_on_trial(session, channel)
        count = min(most, AT_ONCE if may_batch else 1, _room(session, channel))
        if count <= 0:
            return []
        messages = _next_due(session, channel, max(count, looked_at))
        if not messages:
            return []
        held = _read_together(session, messages)
        ready = ready_to_go(session, messages)[:count]
        reasons = reasons_of(session, ready)
        letters = [_letter(session, message, kind, reasons[message.key]) for message in ready]
        held.clear()
        return letters or None


def _next_due(session: Session, channel: str, most: int) -> Sequence[Message]:
    """The first that are due on a channel, locked."""
    in_turn = (col(Message.priority), col(Message.next_attempt_at), col(Message.id))
    waiting = select(Message).where(*due(), Message.channel == channel).order_by(*in_turn)
    return session.exec(waiting.limit(most).with_for_update(skip_locked=True)).all()


def _read_together(session: Session, messages: Sequence[Message]) -> list[SQLModel]:
    """The orders, residents and broadcasts that the messages are about, so that the session need not ask for each; it
    keeps them as long as somebody holds them."""
    orders = [message.order_id for message in messages if message.order_id]
    residents = [
        int(message.recipient) for message in messages if message.audience is Audience.RESIDENT
    ]
    said = {message.broadcast_id for message in messages if message.broadcast_id}
    return [
        *session.exec(select(Broadcast).where(col(Broadcast.id).in_(said))),
        *session.exec(select(Order).where(col(Order.id).in_(orders))),
        *session.exec(select(Resident).where(col(Resident.id).in_(residents))),
    ]


def _room(session: Session, channel: str) -> int:
    """How many more messages the provider takes in this minute, all senders together."""
    known = house().catalog.channels.get(channel)
    if known is None or known.per_minute is None:
        return AT_ONCE
    since = utc_now() - A_MINUTE
    gone = select(func.count()).where(
        MessageStep.channel == channel,
        MessageStep.state != MessageState.QUEUED,  # it was not sent here
        col(MessageStep.at).between(since, utc_now() + APART),
    )
    going = select(func.count()).where(
        Message.channel == channel, Message.state == MessageState.SENDING
    )
    return known.per_minute - session.exec(gone).one() - session.exec(going).one()


def _letter(session: Session, message: Message, kind: ChannelKind, reason: str) -> Letter:
    assert message.id is not None
    order = session.get(Order, message.order_id) if message.order_id else None
    message.state = MessageState.SENDING
    message.attempts += 1
    message.leased_until = utc_now() + LEASE
    return Letter(
        id=message.id,
        attempts=message.attempts,
        channel=message.channel,
        kind=kind,
        address=address_of(session, message),
        text=_text(session, message, order, reason),
        key=message.key,
    )


def _text(session: Session, message: Message, order: Order | None, reason: str) -> Text | None:
    try:
        return text_of(session, message, order, reason=reason)
    except BadTemplate:  # the others must go on; this one waits until somebody has mended it
        return None


def write_down(done: Sequence[tuple[Letter, Outcome]]) -> None:
    """What came of leased messages, unless somebody else has them by now."""
    now = utc_now()
    with transaction(house().database) as session:
        ours = _still_ours(session, [letter for letter, _outcome in done])
        kept = [(letter, outcome) for letter, outcome in done if letter.id in ours]
        for letter, outcome in kept:
            _write_down(session, ours[letter.id], letter, outcome)
        session.add_all(_step(letter, outcome, now) for letter, outcome in kept)
        for channel in {letter.channel for letter, _outcome in done}:
            outcomes = [outcome for letter, outcome in done if letter.channel == channel]
            note_outcomes(session, channel, outcomes, now)


def _write_down(session: Session, message: Message, letter: Letter, outcome: Outcome) -> None:
    """How the message stands then: over, waiting for another attempt, or on its next way."""
    now = utc_now()
    message.state, message.code, message.leased_until = outcome.state, outcome.code, None
    if outcome.state is MessageState.FAILED and letter.attempts <= len(DELAYS):
        message.next_attempt_at = now + _wait(letter, outcome)
    elif outcome.code == BAD_TEMPLATE:
        message.state, message.ended_at = MessageState.DEAD, now
    elif outcome.state in (MessageState.REFUSED, MessageState.FAILED):
        if outcome.bad_address and letter.address:
            mute(session, message, letter.address, outcome.code)
        send_another_way(session, message, outcome.code or outcome.state.value, now)
    else:
        message.ended_at = now


def _still_ours(session: Session, letters: Sequence[Letter]) -> dict[int, Message]:
    """The messages whose lease is still that of these letters, locked, by id."""
    ids = [letter.id for letter in letters]
    leased = select(Message).where(col(Message.id).in_(ids), Message.state == MessageState.SENDING)
    found = session.exec(leased.order_by(col(Message.id)).with_for_update()).all()
    held = {(letter.id, letter.channel, letter.attempts) for letter in letters}
    return {row.id: row for row in found if row.id and (row.id, row.channel, row.attempts) in held}


def _wait(letter: Letter, outcome: Outcome) -> timedelta:
    """Until the next attempt: longer each time, a little uneven, and never less than the provider asks."""
    usual = DELAYS[letter.attempts - 1] * (1 + random.uniform(0, JITTER))
    return max(usual, timedelta(seconds=outcome.retry_after or 0))


def _step(letter: Letter, outcome: Outcome, now: datetime) -> MessageStep:
    return MessageStep(
        message_id=letter.id,
        at=now,
        attempt=letter.attempts,
        channel=letter.channel,
        state=outcome.state,
        code=outcome.code,
    )


def hand_back(letters: Iterable[Letter]) -> None:
    """Gives up the lease of messages that nobody has begun to send, unless somebody else has them by now; it was
    no attempt."""
    unsent = list(letters)
    if not unsent:
        return
    with transaction(house().database) as session:
        for message in _still_ours(session, unsent).values():
            message.state, message.leased_until = MessageState.QUEUED, None
            message.attempts -= 1
