"""Reminders that things have overtaken: ended, pointed at another deadline, or true once more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.clocks import live_clocks_of
from tasks.house import house
from tasks.messages import GATHERING, NOBODY
from tasks.models.enums import BY_THE_CLOCK, OPEN, TO_BE_TOLD, Event, MessageState, Status
from tasks.models.state import Clock
from tasks.models.tables import Message, Order
from tasks.rules.deadline import local_day
from tasks.rules.ladder import OVERDUE, STAYS_DOWN, WARNED

MOOT, SUPERSEDED = "no_longer_true", "superseded"
GIVEN_UP = (MOOT, SUPERSEDED)  # nobody has heard it, so it may be said again
HELD = timedelta(days=1)  # a reminder that is not gathered yet is not sent


def reminder_key(event: Event, number: str, day: date, recipient: str) -> str:
    """One reminder a person, order, kind and local day."""
    return f"{event}:{number}:{day}:{recipient}"


def facts_of(clock: Clock) -> dict[str, object]:
    """What a reminder says of its clock, and by which it is known again."""
    return {
        "clock": clock.kind.value,
        "clock_version": clock.version,
        "due": clock.due_at.isoformat(),
        "round": clock.round,
    }


def end_moot(session: Session, orders: Sequence[Order]) -> None:
    """Nobody is reminded any more of what has been done, stands still or has got another date.

    A reminder that nobody has heard is pointed at another deadline of its order that calls for the same,
    and comes back when what it says is so again: a short hold must not swallow it.
    """
    numbers = {order.id: order for order in orders}
    wanted = select(Message).where(
        col(Message.order_id).in_(numbers), col(Message.event).in_(BY_THE_CLOCK)
    )
    about: dict[int | None, list[Message]] = {}
    for message in session.exec(wanted.order_by(col(Message.id))):
        about.setdefault(message.order_id, []).append(message)
    concerned = [id for id, messages in about.items() if id and any(map(_is_unheard, messages))]
    clocks = live_clocks_of(session, concerned) if concerned else {}
    for id in concerned:
        running = [clock for clock in clocks.get(id, ()) if clock.runs]
        for message in filter(_is_unheard, about[id]):
            _mend(message, numbers[id], running, about[id])


def _is_unheard(message: Message) -> bool:
    return _waits(message) or (message.state is NOBODY and message.code == MOOT)


def _waits(message: Message) -> bool:
    return message.state in TO_BE_TOLD


def _mend(
    message: Message, order: Order, running: Sequence[Clock], others: Sequence[Message]
) -> None:
    own = next((clock for clock in running if _is_about(message, clock)), None)
    if _is_true(message, own, order):
        if own is not None:
            message.variables = {**message.variables, **facts_of(own)}
        if not _waits(message):
            _say_again(message, order, others)
    elif _waits(message):
        if (clock := _unsaid(message, running, order, others)) is not None:
            message.variables = {**message.variables, **facts_of(clock)}
        else:
            _give_up(message, SUPERSEDED if own is not None and own.step >= OVERDUE else MOOT)


def _is_about(message: Message, clock: Clock) -> bool:
    facts: Mapping[str, object] = message.variables
    return (facts.get("clock"), facts.get("clock_version")) == (clock.kind.value, clock.version)


def _is_true(message: Message, clock: Clock | None, order: Order) -> bool:
    """Whether a running clock has come to what the message says; of a reopening, whether it goes on."""
    if not message.variables.get("clock"):
        at_work = order.status in OPEN - {Status.DONE}
        return at_work and message.variables.get("round") == order.round
    if clock is None:
        return False
    if message.event is Event.ORDER_DUE_SOON:
        return clock.step == WARNED
    climbs = clock.kind not in STAYS_DOWN or message.event is not Event.ORDER_ESCALATED
    return clock.step >= OVERDUE and climbs


def _unsaid(
    message: Message, running: Iterable[Clock], order: Order, others: Sequence[Message]
) -> Clock | None:
    """Another clock of which the same person should hear the same, and has not."""
    if not message.variables.get("clock"):
        return None
    said = [
        other
        for other in others
        if (other.event, other.recipient) == (message.event, message.recipient)
        and other.code not in GIVEN_UP
    ]
    for clock in running:
        if _is_true(message, clock, order) and not any(_is_about(one, clock) for one in said):
            return clock
    return None


def _say_again(message: Message, order: Order, others: Sequence[Message]) -> None:
    """Held once more, as if it had been written today; unless the person hears the same today anyway."""
    now = utc_now()
    today = local_day(now, house().timezone)
    key = reminder_key(message.event, order.number, today, message.recipient)
    if any(other.key == key for other in others if other is not message):
        return
    message.key, message.state, message.code = key, MessageState.QUEUED, GATHERING
    message.next_attempt_at, message.ended_at = now + HELD, None


def _give_up(message: Message, code: str) -> None:
    message.state, message.code, message.ended_at = NOBODY, code, utc_now()
