"""What did not arrive, or may not have: a person says that it did, has it sent again, or calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, not_, or_
from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.delivery_words import in_words, way_in
from tasks.directory import actor
from tasks.errors import MessageStands, UnknownMessage
from tasks.house import house
from tasks.models.enums import Audience, Event, MessageState
from tasks.models.state import Actor
from tasks.models.tables import Message, MessageStep, Order
from tasks.muting import lift_address
from tasks.routes import BY_HAND, never_called
from tasks.views import recipient_of

RECEIVED, AGAIN, CALL = "对方收到了", "再发一次", "我来打电话"
_STOPPED = (MessageState.UNKNOWN, MessageState.FAILED, MessageState.REFUSED, MessageState.DEAD)
Deed = Callable[[Session, Message, Actor], None]


@dataclass(frozen=True)
class Undelivered:
    """One message that nobody knows to have arrived; `why` is in words."""

    id: int
    number: str
    event: Event
    audience: Audience
    name: str
    phone: str
    why: str
    channel: str  # that it is on now
    state: MessageState
    written_at: datetime
    again_at: datetime | None  # when its channel tries it again by itself


def _undelivered() -> ColumnElement[bool]:
    """In doubt, failed or refused: also where that has put it on the list of calls."""
    given_up = and_(
        col(Message.channel) == BY_HAND,
        col(Message.state) == MessageState.QUEUED,
        col(Message.reason) != "",
    )
    return or_(col(Message.state).in_(_STOPPED), given_up)


def undelivered(most: int = 100, *states: MessageState) -> list[Undelivered]:
    """What nobody knows to have arrived (in one of these states), the oldest first, at most `most`; without
    what was said to many."""
    wanted = [col(Message.state).in_(states)] if states else []
    with reading(house().database) as session:
        rows = session.exec(
            select(Message, Order)
            .outerjoin(Order, col(Message.order_id) == col(Order.id))
            .where(_undelivered(), not_(never_called()), *wanted)
            .order_by(col(Message.id))
            .limit(most)
        )
        return [_line(session, message, order) for message, order in rows]


def count_undelivered() -> Counter[MessageState]:
    """How many of them there are in each state; QUEUED ones are in a person's hands."""
    with reading(house().database) as session:
        rows = session.exec(
            select(Message.state, func.count())
            .where(_undelivered(), not_(never_called()))
            .group_by(col(Message.state))
        )
        return Counter({MessageState(state): count for state, count in rows})


def _line(session: Session, message: Message, order: Order | None) -> Undelivered:
    assert message.id is not None
    name, phone = recipient_of(session, message)
    return Undelivered(
        id=message.id,
        number=order.number if order else "",
        event=message.event,
        audience=message.audience,
        name=name,
        phone=phone,
        why=in_words(message.code) or message.state.label,
        channel=message.channel,
        state=message.state,
        written_at=message.created_at,
        again_at=message.next_attempt_at if message.state is MessageState.FAILED else None,
    )


def mark_received(ids: Sequence[int], who: str) -> int:
    """They have arrived after all, says `who`; gives how many. All of them, or none.

    Raises UnknownId, UnknownMessage and MessageStands.
    """
    return _mark(ids, who, RECEIVED, _receive)


def send_again(ids: Sequence[int], who: str) -> int:
    """Queues them anew on the channel that they were on, even where their address takes nothing now; gives how
    many. All of them, or none.

    Raises UnknownId, UnknownMessage and MessageStands.
    """
    return _mark(ids, who, AGAIN, _queue_again)


def call_instead(ids: Sequence[int], who: str) -> int:
    """Puts them on the list of calls, where they are ticked off; gives how many. All of them, or none.

    Raises UnknownId, UnknownMessage and MessageStands.
    """
    return _mark(ids, who, CALL, _put_on_list)


def _mark(ids: Sequence[int], who: str, what: str, deed: Deed) -> int:
    """Each message is looked at under its lock: of two people who mark it at once one finds it marked."""
    with transaction(house().database) as session:
        person = actor(session, who)
        for id in sorted(set(ids)):
            deed(session, _locked(session, id, what), person)
        return len(set(ids))


def _locked(session: Session, id: int, what: str) -> Message:
    wanted = select(Message).where(Message.id == id).with_for_update()
    message = session.exec(wanted.execution_options(populate_existing=True)).first()
    if message is None:
        raise UnknownMessage(id=id)
    is_undelivered = session.exec(
        select(Message.id).where(Message.id == id, _undelivered())
    ).first()
    if is_undelivered is None:
        raise MessageStands(id=id, what=what, why=_why_not(message))
    return message


def _why_not(message: Message) -> str:
    match message.state:
        case MessageState.DELIVERED:
            return "已经告知对方了。"
        case MessageState.ACCEPTED:
            return "已经发出去了。"
        case MessageState.SUPPRESSED:
            return "这条不必发。"
        case MessageState.EXPIRED:
            return "这条已经过时，不必再说。"
        case MessageState.SENDING:
            return "正在发送，请过几分钟再看。"
        case _ if message.channel == BY_HAND:
            return "这条要人打电话或转发，告诉过了请在“已告知”里打勾。"
        case _:
            return "还在等着发送。"


def _receive(session: Session, message: Message, person: Actor) -> None:
    message.state, message.code = MessageState.DELIVERED, f"told_by:{person.id}/received"
    message.ended_at = utc_now()


def _queue_again(session: Session, message: Message, person: Actor) -> None:
    message.channel = _own_channel(session, message)
    message.state, message.code, message.reason = MessageState.QUEUED, f"again_by:{person.id}", ""
    message.attempts, message.ended_at, message.next_attempt_at = 0, None, utc_now()
    message.expires_at = None  # they find it worth saying still
    lift_address(session, message)
    _note(session, message)


def _own_channel(session: Session, message: Message) -> str:
    """The channel that it was on last before it was given to a person's hands."""
    tried = (
        select(MessageStep.channel)
        .where(MessageStep.message_id == message.id, MessageStep.channel != BY_HAND)
        .order_by(col(MessageStep.id).desc())
    )
    known = session.exec(tried).first()
    never_tried, _code = way_in(message.reason)
    channel = message.channel if message.channel != BY_HAND else known or never_tried
    if not channel:
        why = "它没有自己的渠道，请打电话。"
    elif channel not in house().catalog.channels:
        why = f"社区已经没有“{channel}”这个渠道，请打电话。"
    elif house().settings.channel_url(channel) is None:
        why = f"渠道“{house().catalog.channels[channel].name}”还没有设置，请打电话。"
    else:
        return channel
    raise MessageStands(id=message.id, what=AGAIN, why=why)


def _put_on_list(session: Session, message: Message, person: Actor) -> None:
    """What may have arrived stands there already, with that doubt. It stays until somebody has called."""
    message.expires_at = None
    if message.channel != BY_HAND and message.state is not MessageState.UNKNOWN:
        message.reason = f"{message.channel}: {message.code or message.state.value}"
        message.channel, message.state, message.ended_at = BY_HAND, MessageState.QUEUED, None
        _note(session, message)


def _note(session: Session, message: Message) -> None:
    """What a person decided stands in the message's life too."""
    assert message.id is not None
    session.add(
        MessageStep(
            message_id=message.id,
            at=utc_now(),
            attempt=message.attempts,
            channel=message.channel,
            state=message.state,
            code=message.code,
        )
    )
