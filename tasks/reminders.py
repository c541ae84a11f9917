"""Messages that the clock writes: held until all of a sweep are there, then sent one by one or as one digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from tasks.batches import batches
from tasks.chosen import choices_of
from tasks.clock import utc_now
from tasks.clocks import live_clocks
from tasks.db import transaction, upsert
from tasks.hearers import DECLINED, FOR_DIGEST, HELD, PEOPLE, Hearer, whereabouts
from tasks.house import house
from tasks.messages import GATHERING, NOBODY
from tasks.models.enums import BY_THE_CLOCK, TO_BE_TOLD, Audience, Event, MessageState, Urgency
from tasks.models.tables import Message, Order, Resident
from tasks.moot import GIVEN_UP, facts_of, place_of, reminder_key
from tasks.queue import waits
from tasks.routes import BY_HAND, Route, route_to, route_to_resident
from tasks.rules.choices import Choice, is_declined, next_digest, waits_for_digest
from tasks.rules.haste import haste_of
from tasks.rules.ladder import OVERDUE, WARNED
from tasks.rules.notices import Notice
from tasks.rules.quiet import told_from

MANY = 5  # of more at once somebody hears in one digest
_FEW = {GATHERING: MANY, FOR_DIGEST: 1}  # so many, held for this, go one by one
SHOWN = 10  # of which a digest names so many
_ANEW = (  # what a reminder that nobody has heard takes over from the one that is written now
    *("audience", "channel", "locale", "variables", "state", "code", "reason", "attempts"),
    *("created_at", "next_attempt_at", "ended_at", "priority", "expires_at"),
)


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
    several = list(reminders)
    choices = choices_of(session, [(one.audience, one.person) for one in several])
    wanted: dict[str, dict[str, Any]] = {}
    seen: set[tuple[object, ...]] = set()
    for reminder in several:
        hearer = _hearer(reminder, choices.of(reminder.audience, reminder.person))
        row = _row(reminder, hearer)
        known = {(reminder.event, reminder.order_id, *way) for way in whereabouts(hearer)}
        if row["key"] not in wanted and not known & seen:  # of two, who hears what comes first
            wanted[row["key"]] = row
            seen |= known if hearer.hears else set()
    rows = _unheard(session, wanted)
    if not rows:
        return 0
    session.connection().execute(_insert(session), rows)
    return len(rows)


def remind_new_handler(session: Session, order: Order) -> None:
    """A unit that gets an order hears at once what is due soon or overdue there."""
    if order.handler is None or order.handler == house().catalog.community.desk:
        return
    assert order.id is not None
    late = [c for c in live_clocks(session, order.id) if c.runs and c.step >= WARNED]
    hold_reminders(
        session,
        [
            Reminder(
                order_id=order.id,
                number=order.number,
                event=Event.ORDER_OVERDUE if clock.step >= OVERDUE else Event.ORDER_DUE_SOON,
                audience=Audience.HANDLER,
                person=order.handler,
                urgency=order.urgency,
                facts={**place_of(order), **facts_of(clock)},
            )
            for clock in late
        ],
    )


def _unheard(session: Session, rows: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Those rows whose keys are not there yet, or were given up before anybody heard."""
    keys, known = list(rows), set[str]()
    for some in batches(keys):
        heard = col(Message.key).in_(some), col(Message.code).not_in(GIVEN_UP)
        known.update(session.exec(select(Message.key).where(*heard)))
    return [row for key, row in rows.items() if key not in known]


def _insert(session: Session) -> Any:
    insert = upsert(session, Message)
    anew = {name: insert.excluded[name] for name in _ANEW}
    return insert.on_conflict_do_update(
        index_elements=["key"],
        set_=anew,
        where=or_(*(col(Message.code) == code for code in GIVEN_UP)),
    )


def _hearer(reminder: Reminder, choice: Choice) -> Hearer:
    """Whoever is reminded, as they chose."""
    audience, event = reminder.audience, reminder.event
    route = route_to(audience, reminder.person, event, choice)
    notice, now = Notice(event, audience, reminder.person), utc_now()
    if not route.code and is_declined(choice, audience, event):
        route = replace(route, code=DECLINED)
    elif not route.code and waits_for_digest(choice, audience, event, reminder.urgency):
        route, hour = replace(route, code=FOR_DIGEST), choice.digest_hour or 0
        return Hearer(notice, route, choice, next_digest(now, hour, house().timezone) + HELD)
    return Hearer(notice, route, choice, now + HELD)


def _row(reminder: Reminder, hearer: Hearer) -> dict[str, Any]:
    route = hearer.route
    return {
        "key": reminder_key(reminder.event, reminder.number, reminder.urgency, route.recipient),
        "order_id": reminder.order_id,
        "event": reminder.event,
        "audience": reminder.audience,
        "recipient": route.recipient,
        "channel": route.channel,
        "locale": route.locale,
        "variables": {**reminder.facts, "urgency": reminder.urgency.value},
        "state": MessageState.QUEUED if hearer.hears else NOBODY,
        "code": route.code or GATHERING,
        "reason": "",
        "attempts": 0,
        "created_at": utc_now(),
        "next_attempt_at": hearer.start,
        **haste_of(reminder.event, reminder.urgency, hearer.start),
        "ended_at": None,
    }


def gather_reminders() -> tuple[int, int]:
    """Lets what is held go: reminders one by one, or as one digest for whoever would get more than five;
    and what waits for the digest of the day of those whose hour has come.

    Reminders not before the quiet hours are over, but for urgent orders. Gives how many single ones and
    how many digests; interrupted anywhere, the next one goes on.
    """
    single = digests = 0
    failed: list[Exception] = []
    for audiences, recipient, code in _recipients():
        try:
            held = _gather(audiences, recipient, code)
        except Exception as error:  # the others must have their turn
            failed.append(error)
            continue
        digests += held > _FEW[code]
        single += held if held <= _FEW[code] else 0
    if failed:
        raise failed[0]
    return single, digests


def _gather(audiences: Sequence[Audience], recipient: str, code: str) -> int:
    """Lets go what is held for one recipient, and gives how many that were."""
    theirs = Message.recipient == recipient, col(Message.audience).in_(audiences)
    with transaction(house().database) as session:
        held = session.exec(_held(code).where(*theirs)).all()
        is_many = len(held) > _FEW[code]
        if is_many:
            session.add(_absorbing(session, _digest(session, held, is_daily=code == FOR_DIGEST)))
        _let_go(session, held, digest=is_many)
        return len(held)


def _is_held() -> tuple[Any, ...]:
    """Held, and its time has come: that of a reminder at once, that of the day's digest at its hour."""
    return (
        waits(),
        col(Message.state) == MessageState.QUEUED,
        col(Message.code).in_(_FEW),
        col(Message.next_attempt_at) <= utc_now() + HELD,
    )


def _held(code: str) -> Any:
    return (
        select(Message)
        .where(*_is_held(), Message.code == code)
        .order_by(col(Message.id))
        .with_for_update()  # whoever gathers at the same time finds them gone
    )


def _recipients() -> list[tuple[tuple[Audience, ...], str, str]]:
    """For whom something is held, as whom: two who have the same id in different lists are apart."""
    wanted = select(Message.audience, Message.recipient, Message.code).where(*_is_held())
    with transaction(house().database) as session:
        held = session.exec(wanted.distinct()).all()
    return sorted({(_as_one(Audience(audience)), to, code) for audience, to, code in held})


def _as_one(audience: Audience) -> tuple[Audience, ...]:
    """A person hears together what they are told as member and on the ladder."""
    return PEOPLE if audience in PEOPLE else (audience,)


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


def _absorbing(session: Session, digest: Message) -> Message:
    """The digest with what earlier ones named that nobody has told yet: one call is enough."""
    lines, orders = list(digest.variables["lines"]), set(digest.variables["orders"])
    is_daily = digest.variables["daily"]
    waiting = select(Message).where(
        Message.event == Event.DIGEST,
        Message.audience == digest.audience,
        Message.recipient == digest.recipient,
        Message.channel == BY_HAND,
        col(Message.state).in_(TO_BE_TOLD),
    )
    for earlier in session.exec(waiting.order_by(col(Message.id).desc()).with_for_update()):
        lines += [line for line in earlier.variables["lines"] if line["order_id"] not in orders]
        orders |= set(earlier.variables.get("orders", ()))
        earlier.state, earlier.code, earlier.ended_at = NOBODY, "in_digest", utc_now()
        is_daily = is_daily or earlier.variables.get("daily", False)
    facts = {"count": len(orders), "lines": lines[:SHOWN], "orders": sorted(orders)}
    facts["daily"] = is_daily
    digest.variables = {**digest.variables, **facts}
    return digest


def _told_from(message: Message) -> datetime:
    community = house().catalog.community
    urgency = Urgency(message.variables["urgency"])
    return told_from(utc_now(), urgency, community.quiet, house().timezone)


def _newest(held: Sequence[Message]) -> list[Message]:
    """Of what became of an order in a day the last; each of its deadlines stands for itself."""
    newest = {(one.order_id, one.event in BY_THE_CLOCK and one.id): one for one in held}
    return list(newest.values())


def _route(session: Session, message: Message) -> Route:
    if message.audience is Audience.RESIDENT:
        resident = session.get(Resident, int(message.recipient))
        assert resident is not None
        return route_to_resident(resident)
    recipient = message.audience, message.recipient
    choice = choices_of(session, [recipient]).of(*recipient)
    return route_to(*recipient, Event.DIGEST, choice)


def _digest(session: Session, held: Sequence[Message], *, is_daily: bool) -> Message:
    """One message for many; it names the first few, those that climbed highest before the others."""
    first = held[0]
    ranked = sorted(_newest(held), key=lambda message: -int(message.variables.get("rung", 0) or 0))
    lines = [
        {
            "order_id": message.order_id,
            "event": message.event.value,
            **{name: message.variables.get(name, "") for name in ("clock", "due")},
        }
        for message in ranked[:SHOWN]
    ]
    is_urgent = any(message.variables["urgency"] == Urgency.URGENT for message in held)
    urgency = Urgency.URGENT if is_urgent else Urgency.NORMAL
    told_from = min(map(_told_from, held))
    route = _route(session, first)
    return Message(
        key=f"digest:{first.recipient}:{max(message.id or 0 for message in held)}",
        order_id=None,
        event=Event.DIGEST,
        audience=first.audience,
        recipient=first.recipient,
        channel=route.channel,
        locale=route.locale,
        variables={
            "count": len({message.order_id for message in held}),
            "orders": sorted({message.order_id for message in held if message.order_id}),
            "lines": lines,
            "daily": is_daily,
            "urgency": urgency.value,
        },
        state=NOBODY if route.code else MessageState.QUEUED,
        code=route.code,
        created_at=utc_now(),
        next_attempt_at=told_from,
        **haste_of(Event.DIGEST, urgency, told_from),
    )
