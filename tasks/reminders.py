"""Messages that the clock writes: held until all of a sweep are there, then sent one by one or as one digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from tasks.batches import batches
from tasks.clock import utc_now
from tasks.db import transaction
from tasks.house import house
from tasks.messages import GATHERING, NOBODY, route_to
from tasks.models.enums import TO_BE_TOLD, Audience, Event, MessageState, Urgency
from tasks.models.tables import Message
from tasks.rules.deadline import local_day
from tasks.rules.quiet import told_from

MANY = 5  # of more at once somebody hears in one digest
SHOWN = 10  # of which a digest names so many
HELD = timedelta(days=1)  # a reminder that is not gathered yet is not sent


@dataclass(frozen=True)
class Reminder:
    """One thing to tell one person about one order, once a day."""

    order_id: int
    number: str
    event: Event
    audience: Audience
    person: str
    urgency: Urgency
    facts: Mapping[str, Any]


def hold_reminders(session: Session, reminders: Iterable[Reminder]) -> int:
    """Stores reminders, to be gathered; who heard of the same order and kind today hears nothing again.

    Gives how many are new.
    """
    wanted: dict[str, dict[str, Any]] = {}
    for row in map(_row, reminders):
        wanted.setdefault(row["key"], row)  # whoever is told twice hears what comes first
    rows = _unheard(session, wanted)
    if not rows:
        return 0
    late = {row["order_id"] for row in rows if row["event"] is Event.ORDER_OVERDUE}
    _end_warnings(session, sorted(late))
    session.connection().execute(_insert(session), rows)
    return len(rows)


def _unheard(session: Session, rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Those rows whose keys are not there yet."""
    keys, known = list(rows), set[str]()
    for some in batches(keys):
        known.update(session.exec(select(Message.key).where(col(Message.key).in_(some))))
    return [row for key, row in rows.items() if key not in known]


def _insert(session: Session) -> Any:
    dialect = session.connection().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(Message).on_conflict_do_nothing(index_elements=["key"])


def _row(reminder: Reminder) -> dict[str, Any]:
    now, zone = utc_now(), house().timezone
    route = route_to(reminder.audience, reminder.person, reminder.event)
    about = f"{reminder.event}:{reminder.number}:{local_day(now, zone)}"
    return {
        "key": f"{about}:{route.recipient}",
        "order_id": reminder.order_id,
        "event": reminder.event,
        "audience": reminder.audience,
        "recipient": route.recipient,
        "channel": route.channel,
        "locale": route.locale,
        "variables": {**reminder.facts, "urgency": reminder.urgency.value},
        "state": NOBODY if route.code else MessageState.QUEUED,
        "code": route.code or GATHERING,
        "reason": "",
        "attempts": 0,
        "created_at": now,
        "next_attempt_at": now + HELD,
    }


def _end_warnings(session: Session, orders: Sequence[int]) -> None:
    """Nobody is told that something is due soon when it is overdue."""
    for some in batches(orders):
        session.execute(
            update(Message)
            .where(
                col(Message.order_id).in_(some),
                col(Message.event) == Event.ORDER_DUE_SOON,
                col(Message.state).in_(TO_BE_TOLD),
            )
            .values(state=NOBODY, code="superseded", ended_at=utc_now())
        )


def gather_reminders() -> tuple[int, int]:
    """Lets the held reminders go: one by one, or as one digest for whoever would get more than five.

    Not before the quiet hours are over, but for urgent orders. Gives how many single ones and how many
    digests; interrupted anywhere, the next one goes on.
    """
    single = digests = 0
    for recipient in _recipients():
        with transaction(house().database) as session:
            held = session.exec(_held().where(Message.recipient == recipient)).all()
            if len(held) > MANY:
                session.add(_digest(held))
                digests += 1
                _let_go(session, held, digest=True)
            else:
                single += len(held)
                _let_go(session, held, digest=False)
    return single, digests


def _held() -> Any:
    return (
        select(Message)
        .where(Message.code == GATHERING, Message.state == MessageState.QUEUED)
        .order_by(col(Message.id))
    )


def _recipients() -> list[str]:
    with transaction(house().database) as session:
        wanted = select(Message.recipient).where(
            Message.code == GATHERING, Message.state == MessageState.QUEUED
        )
        return sorted(set(session.exec(wanted)))


def _let_go(session: Session, held: Sequence[Message], *, digest: bool) -> None:
    now = utc_now()
    for start, some in groupby(sorted(held, key=_told_from), key=_told_from):
        values: dict[str, Any] = {"code": "", "next_attempt_at": start}
        if digest:
            values = {"code": "in_digest", "state": NOBODY, "ended_at": now}
        session.execute(
            update(Message)
            .where(col(Message.id).in_([message.id for message in some]))
            .values(**values)
        )


def _told_from(message: Message) -> datetime:
    community = house().catalog.community
    urgency = Urgency(message.variables["urgency"])
    return told_from(utc_now(), urgency, community.quiet, house().timezone)


def _digest(held: Sequence[Message]) -> Message:
    """One message for many; it names the first few, those that climbed highest before the others."""
    first = held[0]
    ranked = sorted(held, key=lambda message: -int(message.variables.get("rung", 0)))
    lines = [
        {
            "order_id": message.order_id,
            "event": message.event.value,
            **{name: message.variables.get(name, "") for name in ("clock", "due")},
        }
        for message in ranked[:SHOWN]
    ]
    return Message(
        key=f"digest:{first.recipient}:{max(message.id or 0 for message in held)}",
        order_id=None,
        event=Event.DIGEST,
        audience=first.audience,
        recipient=first.recipient,
        channel=first.channel,
        locale=first.locale,
        variables={"count": len({message.order_id for message in held}), "lines": lines},
        state=MessageState.QUEUED,
        created_at=utc_now(),
        next_attempt_at=min(map(_told_from, held)),
    )
