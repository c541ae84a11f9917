"""What waits to be sent. Apart from the sending, so that who only asks need not load all of Apprise."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, or_
from sqlmodel import col, select

from tasks.clock import utc_now
from tasks.db import reading
from tasks.house import house
from tasks.models.enums import IN_THE_HOUSE, MessageState
from tasks.models.tables import Message
from tasks.routes import BY_HAND


def waits() -> ColumnElement[bool]:
    """That a message is not over. In the literal words of its index: SQLite uses it for no others."""
    states: BindParameter[Any] = bindparam(
        "in_the_house", sorted(IN_THE_HOUSE), expanding=True, literal_execute=True
    )
    return col(Message.state).in_(states)


def due() -> tuple[ColumnElement[bool], ...]:
    """The conditions on a message that a channel other than a person's hands should carry now."""
    now = utc_now()
    return (
        waits(),
        col(Message.channel) != BY_HAND,
        col(Message.state).in_((MessageState.QUEUED, MessageState.FAILED)),
        col(Message.next_attempt_at) <= now,
        or_(col(Message.expires_at).is_(None), col(Message.expires_at) > now),
    )


def anything_due() -> bool:
    """Whether such a message waits."""
    with reading(house().database) as session:
        return session.exec(select(Message.id).where(*due()).limit(1)).first() is not None


def channels_due() -> list[str]:
    """The channels, but a person's hands, on which such messages wait."""
    with reading(house().database) as session:
        return list(session.exec(select(Message.channel).where(*due()).distinct()))


def count_due() -> dict[str, int]:
    """How many such messages wait on each channel."""
    with reading(house().database) as session:
        wanted = select(Message.channel, func.count()).where(*due()).group_by(Message.channel)
        return dict(session.exec(wanted).all())
