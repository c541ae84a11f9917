"""Writing messages with their fact, and ending those that nobody need hear any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import bindparam, or_, update
from sqlmodel import Session, col, select

from tasks.chosen import choices_of
from tasks.clock import utc_now
from tasks.earning import points_of_round
from tasks.funding import books_of
from tasks.hearers import FOR_DIGEST, Hearer, hearers_of
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
from tasks.routes import BY_HAND, route_to
from tasks.rules.funding import in_yuan
from tasks.rules.haste import haste_of
from tasks.rules.merging import covered_by
from tasks.rules.notices import Notice
from tasks.rules.quiet import loud_to_all
from tasks.texts import text_of

NOBODY = MessageState.SUPPRESSED
CALLED_OFF, EXPIRED = "called_off", "expired"
STOPPED = (CALLED_OFF, EXPIRED)  # it has not gone, and does not
GATHERING = "gathering"  # of a reminder: a sweep is still at work on others
SUPERSEDED = "superseded"
_RATED = frozenset({Event.ORDER_RATED, Event.ORDER_REOPENED, Event.ORDER_UNSATISFIED})


def write_messages(session: Session, order: Order, notices: Sequence[Notice], who: Actor) -> None:
    """Adds a row per notice and recipient, in the transaction of the fact.

    Each is rendered once, so that a broken template stops the action and not a message later.
    """
    _end_answered(session, order, notices)
    hearers = hearers_of(session, order, notices, who, utc_now())
    messages = [_message(session, order, hearer) for hearer in hearers]
    for message in messages:
        text_of(session, message, order)
        _supersede(session, order, message)
    session.add_all(messages)
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
    choice = choices_of(session, [(audience, recipient)]).of(audience, recipient)
    route = route_to(audience, recipient, event, choice)
    key = f"{event}:{day}:{route.recipient}"
    if session.exec(select(Message.id).where(Message.key == key)).first() is not None:
        return
    now, quiet = utc_now(), (house().catalog.community.quiet, choice.quiet)
    told_from = loud_to_all(now, quiet, house().timezone)
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


def _message(session: Session, order: Order, hearer: Hearer) -> Message:
    assert order.id is not None
    notice, route = hearer.notice, hearer.route
    return Message(
        key=_key(order, notice, route.recipient),
        order_id=order.id,
        event=notice.event,
        audience=notice.audience,
        recipient=route.recipient,
        channel=route.channel,
        locale=route.locale,
        variables=_facts(session, order, notice),
        state=MessageState.QUEUED if hearer.hears else NOBODY,
        code=route.code,
        created_at=utc_now(),
        next_attempt_at=hearer.start,
        **haste_of(notice.event, order.urgency, hearer.start),
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


def _supersede(session: Session, order: Order, message: Message) -> None:
    """Who has not been told yet need only hear the newest: of calls to a resident the last; of what waits for
    a later time, what says no more than this. What goes into a digest ends only what would go there too."""
    if message.state is NOBODY:
        return
    is_told = message.code != FOR_DIGEST
    if is_told and message.audience is Audience.RESIDENT and message.channel == BY_HAND:
        _end_calls(session, order, Audience.RESIDENT, NOBODY, SUPERSEDED, message.recipient)
    covered = covered_by(message.audience, message.event)
    if covered:
        _end_covered(session, message, covered, is_told=is_told)


_COVERED = update(Message).where(
    col(Message.order_id) == bindparam("of_order"),
    col(Message.audience) == bindparam("of_audience"),
    col(Message.recipient) == bindparam("of_recipient"),
    col(Message.event).in_(bindparam("of_events", expanding=True)),
    col(Message.state).in_(TO_BE_TOLD),
    col(Message.next_attempt_at) > bindparam("after"),
)
_TOLD_LATER = _COVERED.where(or_(col(Message.channel) != BY_HAND, col(Message.code) == FOR_DIGEST))
_IN_DIGEST = _COVERED.where(col(Message.code) == FOR_DIGEST)


def _end_covered(
    session: Session, message: Message, covered: Collection[Event], *, is_told: bool
) -> None:
    """What has not gone and waits: for some minutes, for the morning, for another attempt, for the digest."""
    session.connection().execute(
        _TOLD_LATER if is_told else _IN_DIGEST,
        {
            "of_order": message.order_id,
            "of_audience": message.audience,
            "of_recipient": message.recipient,
            "of_events": sorted(covered),
            "after": message.created_at,
            "state": NOBODY,
            "code": SUPERSEDED,
            "ended_at": message.created_at,
        },
    )


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
