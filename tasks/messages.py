"""Writing messages with their fact, and ending those that nobody need hear any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.earning import points_of_round
from tasks.funding import books_of
from tasks.house import house
from tasks.models.enums import (
    TO_BE_TOLD,
    Audience,
    Event,
    Kind,
    MessageState,
    Status,
)
from tasks.models.state import Actor
from tasks.models.tables import Message, Order
from tasks.routes import BY_HAND, Route, route_to, routes_of
from tasks.rules.funding import in_yuan
from tasks.rules.haste import haste_of
from tasks.rules.notices import Notice, own_ids, without_echoes
from tasks.rules.quiet import loud_from
from tasks.texts import text_of

NOBODY = MessageState.SUPPRESSED
CALLED_OFF, EXPIRED = "called_off", "expired"
STOPPED = (CALLED_OFF, EXPIRED)  # it has not gone, and does not
GATHERING = "gathering"  # of a reminder: a sweep is still at work on others
_RATED = frozenset({Event.ORDER_RATED, Event.ORDER_REOPENED, Event.ORDER_UNSATISFIED})


def write_messages(session: Session, order: Order, notices: Sequence[Notice], who: Actor) -> None:
    """Adds a row per notice and recipient, in the transaction of the fact.

    Each is rendered once, so that a broken template stops the action and not a message later.
    """
    desk = house().catalog.community.desk
    _end_answered(session, order, notices)
    for notice in without_echoes(list(notices), who, desk):
        if notice.event is Event.WISH_OPEN and order.status is not Status.ACCEPTED:
            continue  # assigned or claimed in the same submit: nobody is asked any more
        for route in routes_of(session, order, notice):
            if notice.audience is Audience.LADDER and route.recipient in own_ids(who, desk):
                continue
            message = _message(session, order, notice, route)
            text_of(session, message, order)
            if message.audience is Audience.RESIDENT and message.channel == BY_HAND:
                _supersede(session, order, route.recipient)
            session.add(message)
    session.flush()


def write_brief(
    session: Session,
    event: Event,
    audience: Audience,
    day: str,
    variables: Mapping[str, object],
    recipient: str = "coordinators",
) -> None:
    """A message about no single order, once for a day; heard when the quiet hours are over."""
    route = route_to(audience, recipient, event)
    key = f"{event}:{day}:{route.recipient}"
    if session.exec(select(Message.id).where(Message.key == key)).first() is not None:
        return
    now = utc_now()
    told_from = loud_from(now, house().catalog.community.quiet, house().timezone)
    session.add(
        Message(
            key=key,
            event=event,
            audience=audience,
            recipient=route.recipient,
            channel=route.channel,
            locale=route.locale,
            variables=dict(variables),
            state=NOBODY if route.code else MessageState.QUEUED,
            code=route.code,
            created_at=now,
            next_attempt_at=told_from,
            **haste_of(event, None, told_from),
        )
    )


def _end_answered(session: Session, order: Order, notices: Sequence[Notice]) -> None:
    """Nobody is asked any more what has been answered."""
    if order.kind is Kind.SMALL_WISH and order.status is not Status.ACCEPTED:
        _end_calls(session, order, Audience.GROUPS, NOBODY, "no_longer_open", "groups")
    if any(notice.event in _RATED for notice in notices):
        _end_resident(session, order, Event.ORDER_DONE)
    was_done = order.done_at is not None or order.round > 1  # and somebody asked to rate it
    if was_done and order.status is not Status.DONE:
        _end_resident(session, order, Event.RATING_REMINDER)


def _message(session: Session, order: Order, notice: Notice, route: Route) -> Message:
    assert order.id is not None
    now = utc_now()
    return Message(
        key=_key(order, notice, route.recipient),
        order_id=order.id,
        event=notice.event,
        audience=notice.audience,
        recipient=route.recipient,
        channel=route.channel,
        locale=route.locale,
        variables=_facts(session, order, notice),
        state=NOBODY if route.code else MessageState.QUEUED,
        code=route.code,
        created_at=now,
        next_attempt_at=notice.not_before or now,
        **haste_of(notice.event, order.urgency, notice.not_before or now),
    )


def _key(order: Order, notice: Notice, recipient: str) -> str:
    version = f"v{notice.version}" + f"-{notice.again}" * bool(notice.again)
    return f"{notice.event}:{order.number}:{version}:{notice.audience}:{recipient}"


def is_settled(session: Session, order: Order, notice: Notice, recipient: str) -> bool:
    """Whether a reminder is not needed: it was written before, or the person has yet to be told the
    thing itself."""
    earlier = session.exec(
        select(Message.id)
        .where(
            Message.order_id == order.id,
            Message.recipient == recipient,
            Message.audience == notice.audience,
            or_(
                col(Message.key) == _key(order, notice, recipient),
                col(Message.state).in_(TO_BE_TOLD),
            ),
        )
        .limit(1)
    ).first()
    return earlier is not None


def _facts(session: Session, order: Order, notice: Notice) -> dict[str, object]:
    """What the text says of the order at this moment, by ids: names and the link come when it is read."""
    return {
        "category": order.category,
        "grid": order.grid,
        "handler": order.handler,
        "member": order.member,
        "deadline": order.due_at.isoformat() if order.due_at else "",
        "urgency": order.urgency.value,
        "round": order.round,
        "version": notice.version,
        **(_money(session, order) if notice.audience is Audience.DONOR else {}),
        **_points(session, order, notice),
        **notice.facts,
    }


def _points(session: Session, order: Order, notice: Notice) -> dict[str, object]:
    """What the round that was rated has brought, for whoever did it."""
    if (notice.event, notice.audience) != (Event.ORDER_RATED, Audience.MEMBER):
        return {}
    round = int(notice.facts["round"])
    return {"points": points_of_round(session, order, round)}


def _money(session: Session, order: Order) -> dict[str, object]:
    funds = books_of(session, order)
    sums = {"target": order.target or 0, "raised": funds.raised, "left": funds.left}
    return {name: in_yuan(fen) for name, fen in {**sums, "spent": funds.spent}.items()}


def _supersede(session: Session, order: Order, recipient: str) -> None:
    """Who has not been called yet need only hear the newest."""
    _end_calls(session, order, Audience.RESIDENT, MessageState.SUPPRESSED, "superseded", recipient)


def _end_resident(session: Session, order: Order, event: Event) -> None:
    """Nobody calls the order's own resident about what they have answered meanwhile."""
    session.execute(
        update(Message)
        .where(
            col(Message.order_id) == order.id,
            col(Message.audience) == Audience.RESIDENT,
            col(Message.event) == event,
            col(Message.recipient) == str(order.resident_id),
            col(Message.state).in_(TO_BE_TOLD),
        )
        .values(state=NOBODY, code="answered", ended_at=utc_now())
    )


def mark_handler_told(session: Session, order: Order) -> None:
    """A coordinator who takes an order for a unit has just spoken with it: no second call."""
    told = MessageState.DELIVERED
    _end_calls(session, order, Audience.HANDLER, told, "told_on_phone", order.handler or "")


_CALLS = update(Message).where(
    col(Message.order_id) == bindparam("of_order"),
    col(Message.audience) == bindparam("of_audience"),
    col(Message.channel) == BY_HAND,
    col(Message.recipient) == bindparam("of_recipient"),
    col(Message.state).in_(TO_BE_TOLD),
)


def _end_calls(
    session: Session,
    order: Order,
    audience: Audience,
    state: MessageState,
    code: str,
    recipient: str,
) -> None:
    """Of what a person tells; those that were written in this transaction must have been flushed."""
    session.connection().execute(
        _CALLS,
        {
            "of_order": order.id,
            "of_audience": audience,
            "of_recipient": recipient,
            "state": state,
            "code": code,
            "ended_at": utc_now(),
        },
    )
