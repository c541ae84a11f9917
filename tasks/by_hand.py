"""What no robot can deliver: the calls to make and the texts to forward, ticked off one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, not_, or_, update
from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.errors import BadTemplate
from tasks.hearers import FOR_DIGEST
from tasks.house import house
from tasks.messages import GATHERING, STOPPED
from tasks.models.enums import Audience, Event, MessageState
from tasks.models.tables import Message, Order
from tasks.moot import GIVEN_UP
from tasks.rendering import Text
from tasks.routes import BY_HAND, never_called
from tasks.texts import text_of
from tasks.views import recipient_of


@dataclass(frozen=True)
class Errand:
    """One person to tell something. `phone` is for the form alone, never for a list that stays."""

    id: int
    number: str
    audience: Audience
    name: str
    phone: str
    text: Text
    public_text: str  # the same without a phone, for a list that stays
    doubtful: bool  # it may have arrived already
    note: str  # why a channel gave it up


def _to_tell() -> ColumnElement[bool]:
    """Queued on the by-hand channel, or sent with nobody knowing whether it arrived."""
    not_yet = and_(col(Message.event) == Event.BROADCAST, col(Message.next_attempt_at) > utc_now())
    return or_(
        and_(
            col(Message.channel) == BY_HAND,
            col(Message.state) == MessageState.QUEUED,
            col(Message.code).not_in((GATHERING, FOR_DIGEST)),
            not_(not_yet),
        ),
        and_(col(Message.state) == MessageState.UNKNOWN, not_(never_called())),
    )


def count_errands() -> int:
    """How many messages wait to be told by a person."""
    with reading(house().database) as session:
        return session.exec(select(func.count()).select_from(Message).where(_to_tell())).one()


def errands(most: int = 100) -> list[Errand]:
    """What waits to be told by a person, at most `most`: as soon as a channel would, then the oldest first."""
    with reading(house().database) as session:
        rows = session.exec(
            select(Message, Order)
            .outerjoin(Order, col(Message.order_id) == col(Order.id))
            .where(_to_tell())
            .order_by(col(Message.priority), col(Message.id))
            .limit(most)
        )
        return [_errand(session, message, order) for message, order in rows]


def _errand(session: Session, message: Message, order: Order | None) -> Errand:
    assert message.id is not None
    name, phone = recipient_of(session, message)
    return Errand(
        id=message.id,
        number=order.number if order else message.event.label,
        audience=message.audience,
        name=name,
        phone=phone,
        text=_text(session, message, order, with_phone=True),
        public_text=_text(session, message, order, with_phone=False).body,
        doubtful=message.state is MessageState.UNKNOWN,
        note=message.reason,
    )


def _text(session: Session, message: Message, order: Order | None, *, with_phone: bool) -> Text:
    """The text, or what is wrong with its template: the others on the list must be told all the same."""
    try:
        return text_of(session, message, order, with_phone=with_phone)
    except BadTemplate as error:
        return Text(subject=message.event.label, body=str(error))


def to_tell_since_before(moment: datetime) -> list[int]:
    """The ids of what was written before a moment and still waits to be told by a person."""
    with reading(house().database) as session:
        wanted = select(Message.id).where(_to_tell(), col(Message.created_at) < moment)
        return [id for id in session.exec(wanted) if id is not None]


def mark_told(ids: Sequence[int], who: str) -> int:
    """Ticks messages off as told by `who`, and gives how many; those ticked before are left alone.

    One that was given up, called off or too late while the calls were made has been told all the same.
    """
    with transaction(house().database) as session:
        person = actor(session, who)
        done = session.execute(
            update(Message)
            .where(
                col(Message.id).in_(ids),
                or_(_to_tell(), col(Message.code).in_((*GIVEN_UP, *STOPPED))),
            )
            .values(state=MessageState.DELIVERED, code=f"told_by:{person.id}", ended_at=utc_now())
        )
        return int(done.rowcount)  # type: ignore[attr-defined]
