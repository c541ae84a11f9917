"""One order with its history, clocks and messages, as plain values for the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from config.catalog import ChannelKind
from tasks.advance import find_order
from tasks.claims import helpers_of
from tasks.clock import utc_now
from tasks.clocks import all_clocks
from tasks.db import reading
from tasks.directory import channel_id
from tasks.errors import BadTemplate, UnknownMessage
from tasks.finding import summary
from tasks.house import house
from tasks.masking import masked, without_seal
from tasks.models.enums import TO_BE_TOLD, Audience, Event, MessageState
from tasks.models.state import Clock
from tasks.models.tables import ClockChange, History, Member, Message, MessageStep, Order, Resident
from tasks.models.wish_tables import Donation, Edit
from tasks.rendering import Text
from tasks.routes import BY_HAND
from tasks.rules.clocks import limit_text, standing_of
from tasks.short_messages import sms_parts
from tasks.texts import text_of


def name_of_actor(session: Session, id: str) -> str:
    """The name behind an id of the history."""
    catalog = house().catalog
    if id in ("resident", "system"):
        return {"resident": "居民", "system": "系统"}[id]
    for entries in (catalog.staff, catalog.handlers):
        if id in entries:
            return entries[id].name
    member = session.get(Member, id)
    return member.name if member else id


def recipient_of(session: Session, message: Message) -> tuple[str, str]:
    """The name and phone of whom a message is for, as they are today."""
    if message.audience is Audience.DONOR:
        return _donor(session, message), ""
    return _name_and_phone(session, message.audience, message.recipient)


def _name_and_phone(session: Session, audience: Audience, recipient: str) -> tuple[str, str]:
    catalog = house().catalog
    if audience is Audience.RESIDENT:
        resident = session.get(Resident, int(recipient))
        return (resident.name or "居民", resident.phone) if resident else ("居民", "")
    if audience is Audience.GROUPS:
        group = catalog.chat_groups.get(recipient)
        return group.name if group else "各群", ""
    if audience is Audience.COORDINATORS:
        return "社区干部", ""
    for entries in (catalog.handlers, catalog.staff):
        if recipient in entries:
            entry = entries[recipient]
            return entry.name, entry.phone
    member = session.get(Member, recipient)
    if member is None:
        return recipient, ""
    handler = catalog.handlers.get(member.handler)
    return member.name, member.phone or (handler.phone if handler else "")


def name_of_person(session: Session, audience: Audience, person: str) -> str:
    """The name of a recipient, without a message; of a donor, who has an id in an order alone, the audience's."""
    if audience is Audience.DONOR:
        return audience.label
    return _name_and_phone(session, audience, person)[0]


def _donor(session: Session, message: Message) -> str:
    """Who gave, as it was typed when it was promised."""
    wanted = select(Donation.donor).where(
        Donation.order_id == message.order_id, Donation.number == int(message.recipient)
    )
    return session.exec(wanted).one()


def actor_names(ids: Iterable[str]) -> dict[str, str]:
    """The names behind ids of the history."""
    with reading(house().database) as session:
        return {id: name_of_actor(session, id) for id in set(ids)}


def recipient_names(messages: Iterable[int]) -> dict[int, str]:
    """Whom messages are for, by the messages' ids: for people at the desk, not for programs."""
    with reading(house().database) as session:
        found = ((id, session.get(Message, id)) for id in messages)
        return {id: recipient_of(session, message)[0] for id, message in found if message}


def order_json(number: str) -> dict[str, Any]:
    """Everything about one order, without its resident's name and phone. Raises UnknownOrder."""
    with reading(house().database) as session:
        order = find_order(session, number)
        return {**summary(order), **_details(session, order)}


def _details(session: Session, order: Order) -> dict[str, Any]:
    history = session.exec(
        select(History).where(History.order_id == order.id).order_by(col(History.version))
    )
    messages = session.exec(
        select(Message).where(Message.order_id == order.id).order_by(col(Message.id))
    )
    changes = session.exec(
        select(ClockChange).where(ClockChange.order_id == order.id).order_by(col(ClockChange.id))
    )
    return {
        "before": order.before.value if order.before else None,
        "hold_until": order.hold_until.isoformat() if order.hold_until else None,
        "merged_into": order.merged_into,
        "closed_at": _iso(order.closed_at),
        "helpers": sorted(helpers_of(session, order)),
        "edits": _edits(session, order),
        "history": [
            {
                "at": _iso(row.at),
                "action": row.action.value,
                "from": row.from_status.value if row.from_status else None,
                "to": row.to_status.value,
                "actor": row.actor,
                "reason": row.reason,
                "round": row.round,
                "inputs": row.inputs,
            }
            for row in history
        ],
        "clock_changes": [_change_json(row) for row in changes],
        "messages": [message_json(session, message, order) for message in messages],
    }


def _edits(session: Session, order: Order) -> list[dict[str, Any]]:
    """What a wish said before each change of its words, the oldest first."""
    rows = select(Edit).where(Edit.order_id == order.id).order_by(col(Edit.id))
    return [
        {
            "at": _iso(row.at),
            "by": row.actor,
            "words": row.words,
            "place": row.place,
            "reason": row.reason,
        }
        for row in session.exec(rows)
    ]


def _change_json(row: ClockChange) -> dict[str, Any]:
    """A step of the ladder, or (with a `why`) another deadline."""
    return {
        "at": _iso(row.at),
        "clock": row.kind.value,
        "step": row.step,
        "rung": row.rung,
        "due_before": _iso(row.due_before),
        "due": _iso(row.due_at),
        "why": row.why,
    }


def clocks_json(number: str) -> list[dict[str, Any]]:
    """The clocks of an order, the oldest first, spans of time in minutes. Raises UnknownOrder.

    `used` and `difference` are those of a clock that has stopped, or as they are now.
    """
    with reading(house().database) as session:
        order = find_order(session, number)
        assert order.id is not None
        return [_clock_json(clock) for clock in all_clocks(session, order.id)]


def _clock_json(clock: Clock) -> dict[str, Any]:
    used, difference = standing_of(clock, utc_now(), house().catalog)
    return {
        "clock": clock.kind.value,
        "round": clock.round,
        "started": _iso(clock.started_at),
        "limit": limit_text(clock, house().timezone),
        "due": _iso(clock.due_at),
        "paused": _iso(clock.paused_at),
        "stopped": _iso(clock.stopped_at),
        "used": _minutes(used),
        "difference": _minutes(difference),
        "provisional": clock.provisional,
    }


def _minutes(span: timedelta) -> int | float:
    minutes = span.total_seconds() / 60
    return int(minutes) if minutes.is_integer() else round(minutes, 3)


def message_json(session: Session, message: Message, order: Order | None) -> dict[str, Any]:
    """One message with the text that its recipient reads, but for phones, addresses and, unless somebody
    still has to pass it on by hand, the rating link: whoever reads it could rate."""
    text = _shown(session, message, order)
    return {
        "id": message.id,
        "order": order.number if order else None,
        "event": message.event.value,
        "audience": message.audience.value,
        "recipient": message.recipient,
        "channel": message.channel,
        "locale": message.locale,
        "state": message.state.value,
        "code": message.code,
        "attempts": message.attempts,
        "created_at": _iso(message.created_at),
        "subject": text.subject,
        "body": text.body,
    }


def _shown(session: Session, message: Message, order: Order | None) -> Text:
    """The text with what is personal masked, or what is wrong with its template: the others are shown all the same."""
    desk = house().catalog.community.desk_phone
    try:
        text = text_of(session, message, order)
    except BadTemplate as error:
        return Text(subject=message.event.label, body=str(error))
    if not _is_passed_on_by_hand(message):
        text = Text(without_seal(text.subject), without_seal(text.body))
    return Text(masked(text.subject, {desk}), masked(text.body, {desk}))


def _is_passed_on_by_hand(message: Message) -> bool:
    """Whether somebody has yet to read it out or to forward it, as it is or after asking."""
    by_hand = message.channel == BY_HAND and message.state is MessageState.QUEUED
    return by_hand or message.state is MessageState.UNKNOWN


@dataclass(frozen=True, kw_only=True)
class WantedMessages:
    """What messages are looked for by; every part that is given must fit."""

    state: MessageState | None = None
    order: str = ""  # its number
    event: Event | None = None
    audience: Audience | None = None
    channel: str = ""  # an id or a name
    since: datetime | None = None  # when it was written


def messages_json(wanted: WantedMessages | None = None) -> list[dict[str, Any]]:
    """The messages that fit (all without anything), the oldest first. Raises UnknownOrder and BadInput."""
    query = (
        select(Message, Order)
        .outerjoin(Order, col(Message.order_id) == col(Order.id))
        .order_by(col(Message.id))
    )
    with reading(house().database) as session:
        rows = session.exec(query.where(*_fitting(session, wanted or WantedMessages())))
        return [message_json(session, message, order) for message, order in rows]


def _fitting(session: Session, wanted: WantedMessages) -> Iterator[ColumnElement[bool]]:
    for name in ("state", "event", "audience"):
        if (value := getattr(wanted, name)) is not None:
            yield col(getattr(Message, name)) == value
    if wanted.channel:
        yield col(Message.channel) == channel_id(wanted.channel)
    if wanted.since is not None:
        yield col(Message.created_at) >= wanted.since
    if wanted.order:
        yield col(Message.order_id) == find_order(session, wanted.order).id


def life_of_message(id: int) -> dict[str, Any]:
    """Everything about one message: its text, where it stands and why, and what came of every attempt.

    Raises UnknownMessage.
    """
    with reading(house().database) as session:
        message = session.get(Message, id)
        if message is None:
            raise UnknownMessage(id=id)
        order = session.get(Order, message.order_id) if message.order_id else None
        steps = select(MessageStep).where(MessageStep.message_id == id)
        told = message_json(session, message, order)
        goes_on = message.channel != BY_HAND and message.state in TO_BE_TOLD
        return {
            **told,
            "sms_parts": _sms_parts(message, told["body"]),
            "name": recipient_of(session, message)[0],
            "reason": message.reason,
            "next_attempt_at": _iso(message.next_attempt_at) if goes_on else None,
            "ended_at": _iso(message.ended_at),
            "steps": [
                _step_json(step) for step in session.exec(steps.order_by(col(MessageStep.id)))
            ],
        }


def _sms_parts(message: Message, body: str) -> int | None:
    """As how many short messages it is paid for; None where it is none."""
    channel = house().catalog.channels.get(message.channel)
    return sms_parts(body) if channel and channel.kind is ChannelKind.SMS else None


def _step_json(step: MessageStep) -> dict[str, Any]:
    return {
        "at": _iso(step.at),
        "attempt": step.attempt,
        "channel": step.channel,
        "state": step.state.value,
        "code": step.code,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
