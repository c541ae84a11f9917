"""What has run out by itself: leases that nobody holds any more, and messages that are no longer worth saying."""

from __future__ import annotations

from sqlalchemy import Update, or_, update
from sqlmodel import Session, col

from tasks.channels import KNOWS_DOUBLES
from tasks.clock import APART, utc_now
from tasks.db import transaction
from tasks.house import house
from tasks.leases import LEASE, LONGEST_WAIT
from tasks.messages import EXPIRED
from tasks.models.enums import TO_BE_TOLD, MessageState
from tasks.models.tables import Message, MessageStep
from tasks.queue import waits

SENDER_DIED = "sender_died"


def end_expired() -> int:
    """Ends what was not said while it was worth saying, whoever should have said it; gives how many."""
    now = utc_now()
    to_be_told = col(Message.state).in_(TO_BE_TOLD)
    return _change(
        update(Message)
        .where(waits(), to_be_told, col(Message.expires_at) <= now)
        .values(state=MessageState.EXPIRED, code=EXPIRED, ended_at=now)
    )


def end_waits() -> int:
    """Ends waits for another attempt that are longer than any we give: the clock was set back meanwhile.

    Gives how many.
    """
    now = utc_now()
    failed = col(Message.state) == MessageState.FAILED
    return _change(
        update(Message)
        .where(waits(), failed, col(Message.next_attempt_at) > now + LONGEST_WAIT + APART)
        .values(next_attempt_at=now)
    )


def give_up_leases() -> int:
    """Whoever was sending has died. What cannot be doubled is tried again; the rest is for a person to say.

    A lease that ends later than any can was given before the clock was set back. Gives how many messages
    that were.
    """
    now = utc_now()
    holds = col(Message.leased_until).between(now, now + LEASE + APART)
    lapsed = (
        waits(),
        col(Message.state) == MessageState.SENDING,
        or_(col(Message.leased_until).is_(None), ~holds),
    )
    harmless = [
        channel.id for channel in house().catalog.channels.values() if channel.kind in KNOWS_DOUBLES
    ]
    again = (
        update(Message)
        .where(*lapsed, col(Message.channel).in_(harmless))
        .values(state=MessageState.FAILED, code=SENDER_DIED, next_attempt_at=now)
    )
    unknown = (
        update(Message)
        .where(*lapsed)
        .values(state=MessageState.UNKNOWN, code=SENDER_DIED, ended_at=now)
    )
    with transaction(house().database) as session:
        return sum(_end_attempts(session, statement) for statement in (again, unknown))


def _end_attempts(session: Session, statement: Update) -> int:
    """Ends the leases that a statement is about, and writes down what came of these attempts."""
    columns = (Message.id, Message.attempts, Message.channel, Message.state)
    ended = session.execute(statement.returning(*map(col, columns))).all()
    session.add_all(
        MessageStep(
            message_id=id,
            at=utc_now(),
            attempt=attempt,
            channel=channel,
            state=state,
            code=SENDER_DIED,
        )
        for id, attempt, channel, state in ended
    )
    return len(ended)


def _change(statement: Update) -> int:
    """Carries it out and gives how many rows that were."""
    with transaction(house().database) as session:
        return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
