"""Reminders that things have overtaken: ended, pointed at another deadline, or true once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.clocks import live_clocks_of
from tasks.hearers import HELD
from tasks.house import house
from tasks.messages import GATHERING, NOBODY, SUPERSEDED
from tasks.models.enums import (
    BY_THE_CLOCK,
    OPEN,
    TO_BE_TOLD,
    Audience,
    Event,
    MessageState,
    Status,
    Urgency,
)
from tasks.models.state import Clock
from tasks.models.tables import Message, Order
from tasks.rules.deadline import local_day
from tasks.rules.haste import haste_of
from tasks.rules.ladder import OVERDUE, STAYS_DOWN, WARNED
from tasks.rules.quiet import told_from

MOOT = "no_longer_true"
GIVEN_UP = (MOOT, SUPERSEDED)  # nobody has heard it, so it may be said again
OVER = "over"  # somebody may have heard it


def reminder_key(event: Event, number: str, urgency: Urgency, recipient: str) -> str:
    """One reminder a person, order, kind and local day: that on which it will be heard."""
    quiet, zone = house().catalog.community.quiet, house().timezone
    day = local_day(told_from(utc_now(), urgency, quiet, zone), zone)
    return f"{event}:{number}:{day}:{recipient}"


def facts_of(clock: Clock) -> dict[str, object]:
    """What a reminder says of its clock, and by which it is known again."""
    return {
        "clock": clock.kind.value,
        "clock_version": clock.version,
        "due": clock.due_at.isoformat(),
        "round": clock.round,
    }


def place_of(order: Order) -> dict[str, object]:
    """Who has the order and where, as a reminder says it."""
    return {"grid": order.grid, "handler": order.handler, "member": order.member}


def end_moot(session: Session, orders: Sequence[Order]) -> None:
    """Nobody is reminded any more of what has been done, stands still or has got another date.

    A reminder that nobody has heard is pointed at another deadline of its order that calls for the same,
    and comes back when what it says is so again: a short hold must not swallow it.
    """
    numbers = {order.id: order for order in orders}
    wanted = (
        select(Message)
        .where(col(Message.order_id).in_(numbers), col(Message.event).in_(BY_THE_CLOCK))
        .order_by(col(Message.id))
        .with_for_update()  # somebody may be telling them just now
        .execution_options(populate_existing=True)
    )
    about: dict[int | None, list[Message]] = {}
    for message in session.exec(wanted):
        about.setdefault(message.order_id, []).append(message)
    concerned = [id for id, messages in about.items() if id and any(map(_is_unheard, messages))]
    clocks = live_clocks_of(session, concerned) if concerned else {}
    for id in concerned:
        running = [clock for clock in clocks.get(id, ()) if clock.runs]
        for message in filter(_is_unheard, about[id]):
            _mend(message, numbers[id], running, about[id])


def _is_unheard(message: Message) -> bool:
    doubtful = message.state is MessageState.UNKNOWN
    return _waits(message) or doubtful or message.code in GIVEN_UP


def _waits(message: Message) -> bool:
    return message.state in TO_BE_TOLD


def _mend(
    message: Message, order: Order, running: Sequence[Clock], others: Sequence[Message]
) -> None:
    own = next((clock for clock in running if _is_about(message, clock)), None)
    if _is_true(message, own, order):
        _tell_of(message, own, order, others)
    elif message.state is MessageState.UNKNOWN:
        _give_up(message, OVER)
    elif (clock := _unsaid(message, running, order, others)) is not None:
        _tell_of(message, clock, order, others)
    elif _waits(message):
        _give_up(message, SUPERSEDED if own is not None and own.step >= OVERDUE else MOOT)


def _tell_of(
    message: Message, clock: Clock | None, order: Order, others: Sequence[Message]
) -> None:
    """The message says how this clock stands now; held once more where it had been given up."""
    if clock is not None:
        message.variables = {**message.variables, **place_of(order), **facts_of(clock)}
    if message.code in GIVEN_UP and not (clock and _is_said(message, clock, others)):
        _say_again(message, order, others)


def _is_said(message: Message, clock: Clock, others: Sequence[Message]) -> bool:
    """Whether the same person has heard or will hear the same of a clock from another message."""
    return any(
        (other.event, other.recipient) == (message.event, message.recipient)
        and other.code not in GIVEN_UP
        and _is_about(other, clock)
        for other in others
        if other is not message
    )


def _is_about(message: Message, clock: Clock) -> bool:
    facts: Mapping[str, object] = message.variables
    return (facts.get("clock"), facts.get("clock_version")) == (clock.kind.value, clock.version)


def _is_true(message: Message, clock: Clock | None, order: Order) -> bool:
    """Whether a running clock has come to what the message says; of a reopening, whether it goes on."""
    if not message.variables.get("clock"):
        at_work = order.status in OPEN - {Status.DONE}
        return at_work and message.variables.get("round") == order.round
    if clock is None or message.variables.get("round") != order.round:
        return False
    facts = message.variables
    if message.audience is Audience.HANDLER and facts.get("handler") != order.handler:
        return False
    if message.audience is Audience.MEMBER and facts.get("member") != order.member:
        return False
    if message.event is Event.ORDER_DUE_SOON:
        return clock.step == WARNED
    climbs = clock.kind not in STAYS_DOWN or message.event is not Event.ORDER_ESCALATED
    return clock.step >= OVERDUE and climbs


def _unsaid(
    message: Message, running: Iterable[Clock], order: Order, others: Sequence[Message]
) -> Clock | None:
    """Another clock of which the same person should hear the same, and has not.

    Of an escalation that was given up too: nobody hears twice in a round that an order has come to them.
    """
    is_escalation = message.event is Event.ORDER_ESCALATED
    if not message.variables.get("clock") or not (_waits(message) or is_escalation):
        return None
    for clock in running:
        if _is_true(message, clock, order) and not _is_said(message, clock, others):
            return clock
    return None


def _say_again(message: Message, order: Order, others: Sequence[Message]) -> None:
    """Held once more, as if it had been written today; unless the person hears the same today anyway."""
    now = utc_now()
    key = reminder_key(message.event, order.number, order.urgency, message.recipient)
    if any(other.key == key for other in others if other is not message):
        return
    message.key, message.state, message.code = key, MessageState.QUEUED, GATHERING
    message.next_attempt_at, message.ended_at = now + HELD, None
    haste = haste_of(message.event, order.urgency, now + HELD)
    message.priority, message.expires_at = haste["priority"], haste["expires_at"]


def _give_up(message: Message, code: str) -> None:
    message.state, message.code, message.ended_at = NOBODY, code, utc_now()
