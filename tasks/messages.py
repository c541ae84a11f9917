"""Writing messages with their fact: who exactly, on which channel, in which language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from config.catalog import Catalog, ChannelKind, Contact
from tasks.absences import who_is_away
from tasks.clock import utc_now
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import (
    TO_BE_TOLD,
    Audience,
    Event,
    MessageState,
    Status,
)
from tasks.models.state import Actor
from tasks.models.tables import Member, Message, Order, Resident
from tasks.rules.escalation import holders
from tasks.rules.ladder import BRANCH, COMMITTEE
from tasks.rules.notices import Notice, own_ids, without_echoes
from tasks.texts import text_of

BY_HAND = "by-hand"
NOBODY = MessageState.SUPPRESSED
GATHERING = "gathering"  # of a reminder: a sweep is still at work on others
_RATED = frozenset({Event.ORDER_RATED, Event.ORDER_REOPENED, Event.ORDER_UNSATISFIED})


@dataclass(frozen=True)
class Route:
    """To whom, how, in which language; `code` says why there is no way when there is none."""

    recipient: str
    channel: str
    locale: str
    code: str = ""


def write_messages(session: Session, order: Order, notices: Sequence[Notice], who: Actor) -> None:
    """Adds a row per notice and recipient, in the transaction of the fact.

    Each is rendered once, so that a broken template stops the action and not a message later.
    """
    desk = house().catalog.community.desk
    _end_answered(session, order, notices)
    for notice in without_echoes(list(notices), who, desk):
        if notice.event is Event.WISH_OPEN and order.status is not Status.ACCEPTED:
            continue  # assigned or claimed in the same submit: nobody is asked any more
        for route in _routes(session, order, notice):
            if notice.audience is Audience.LADDER and route.recipient in own_ids(who, desk):
                continue
            message = _message(order, notice, route)
            text_of(session, message, order)
            if message.audience is Audience.RESIDENT and message.channel == BY_HAND:
                _supersede(session, order, route.recipient)
            session.add(message)
    session.flush()


def _end_answered(session: Session, order: Order, notices: Sequence[Notice]) -> None:
    """Nobody is asked any more what has been answered."""
    if order.status is not Status.ACCEPTED:
        _end(session, order, Audience.GROUPS, NOBODY, "no_longer_open", "groups")
    if any(notice.event in _RATED for notice in notices):
        _end_resident(session, order, Event.ORDER_DONE)
    if order.status is not Status.DONE:
        _end_resident(session, order, Event.RATING_REMINDER)


def check_contacts(catalog: Catalog) -> None:
    """Raises BadInput when a contact of the configuration is for an event that there is none of."""
    known = [event.value for event in Event]
    contacts = {catalog.community.id: catalog.community.desk_contacts}
    contacts |= {handler.id: handler.contacts for handler in catalog.handlers.values()}
    contacts |= {member.id: member.contacts for member in catalog.members.values()}
    contacts |= {staff.id: staff.contacts for staff in catalog.staff.values()}
    for owner, ways in contacts.items():
        for event in (event for way in ways for event in way.events):
            if event not in known:
                problem = f"没有“{event}”这种消息，可以写：{'、'.join(known)}。"
                raise BadInput(field=f"{owner} 的 contacts.events", problem=problem)


def route_to(audience: Audience, recipient: str, event: Event) -> Route:
    """How somebody other than a resident is told: a handler, a person, the desk or the groups."""
    notice = Notice(event, audience, recipient)
    if audience is Audience.HANDLER:
        handler = house().catalog.handlers.get(recipient)
        return _route(notice, handler.contacts if handler else ())
    if audience is Audience.COORDINATORS:
        return _coordinators_route(notice)
    if audience is Audience.GROUPS:
        return Route("groups", BY_HAND, "zh-CN")
    return _person_route(notice)


def _message(order: Order, notice: Notice, route: Route) -> Message:
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
        variables=_facts(order, notice),
        state=NOBODY if route.code else MessageState.QUEUED,
        code=route.code,
        created_at=now,
        next_attempt_at=notice.not_before or now,
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


def _facts(order: Order, notice: Notice) -> dict[str, object]:
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
        **notice.facts,
    }


def _routes(session: Session, order: Order, notice: Notice) -> Iterator[Route]:
    if notice.audience is Audience.RESIDENT:
        only_own = notice.event is Event.RATING_REMINDER  # who rates is one
        yield from _resident_routes(session, order, only_own=only_own)
    elif notice.audience is Audience.LADDER:
        for person in _on_rung(session, order, notice):
            yield route_to(notice.audience, person, notice.event)
    elif (notice.event, notice.audience) == (Event.WISH_OPEN, Audience.MEMBER):
        yield from _to_whom_it_may_please(session, notice)
    else:
        yield route_to(notice.audience, notice.recipient, notice.event)


def _to_whom_it_may_please(session: Session, notice: Notice) -> Iterator[Route]:
    """Every verified member whom a channel reaches: nobody is called about what they need not do."""
    for id in session.exec(select(Member.id).where(Member.verified).order_by(Member.id)):
        configured = house().catalog.members.get(id)
        route = _route(replace(notice, recipient=id), configured.contacts if configured else ())
        if route.channel != BY_HAND:
            yield route


def _on_rung(session: Session, order: Order, notice: Notice) -> tuple[str, ...]:
    """Who holds the rung that a notice is for; without one the lowest that can do something."""
    catalog, away = house().catalog, who_is_away(session)
    rung = int(notice.facts.get("rung") or (BRANCH if order.grid else COMMITTEE))
    return holders(rung, order.grid, catalog, away) or holders(COMMITTEE, None, catalog, away)


def _resident_routes(session: Session, order: Order, *, only_own: bool) -> Iterator[Route]:
    """The order's own resident, and those of the orders that were merged into it."""
    for resident in _concerned(session, order):
        if only_own and resident.id != order.resident_id:
            continue
        recipient, language = str(resident.id), resident.language
        channel = resident.channel
        if (
            channel
            and channel != BY_HAND
            and (resident.address or resident.phone)
            and _usable(channel)
        ):
            yield Route(recipient, channel, language)
        elif resident.phone or resident.name:
            yield Route(recipient, BY_HAND, language)
        else:
            yield Route(recipient, BY_HAND, language, "no_contact")


def _concerned(session: Session, order: Order) -> list[Resident]:
    wanted: dict[int, None] = {}
    waiting = [order]
    while waiting:
        one = waiting.pop(0)
        if one.resident_id is not None:
            wanted[one.resident_id] = None
        waiting += session.exec(select(Order).where(Order.merged_into == one.number)).all()
    found = (session.get(Resident, id) for id in wanted)
    return [resident for resident in found if resident is not None]


def _member_route(notice: Notice) -> Route:
    configured = house().catalog.members.get(notice.recipient)
    if configured is None:
        return Route(notice.recipient, BY_HAND, "zh-CN")
    handler = house().catalog.handlers.get(configured.handler)
    own = configured.contacts or ((Contact(channel=BY_HAND),) if configured.phone else ())
    return _route(notice, own or (handler.contacts if handler else ()))


def _person_route(notice: Notice) -> Route:
    staff = house().catalog.staff.get(notice.recipient)
    return _route(notice, staff.contacts) if staff else _member_route(notice)


def _coordinators_route(notice: Notice) -> Route:
    """The desk's own channel; without one their list of what waits is the message."""
    everybody = replace(notice, recipient="coordinators")
    route = _route(everybody, house().catalog.community.desk_contacts)
    return replace(route, code="on_todo_list") if route.channel == BY_HAND else route


def _route(notice: Notice, contacts: Iterable[Contact]) -> Route:
    """The first contact that is meant for this event and works on this machine; a person's hands otherwise."""
    for contact in contacts:
        meant = not contact.events or notice.event in contact.events
        if meant and _usable(contact.channel):
            return Route(notice.recipient, contact.channel, "zh-CN")
    return Route(notice.recipient, BY_HAND, "zh-CN")


def _usable(channel: str) -> bool:
    known = house().catalog.channels.get(channel)
    if known is None:
        return False
    return known.kind is ChannelKind.BY_HAND or house().settings.channel_url(channel) is not None


def _supersede(session: Session, order: Order, recipient: str) -> None:
    """Who has not been called yet need only hear the newest."""
    _end(session, order, Audience.RESIDENT, MessageState.SUPPRESSED, "superseded", recipient)


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
    _end(session, order, Audience.HANDLER, told, "told_on_phone", order.handler or "")


def _end(
    session: Session,
    order: Order,
    audience: Audience,
    state: MessageState,
    code: str,
    recipient: str,
) -> None:
    session.execute(
        update(Message)
        .where(
            col(Message.order_id) == order.id,
            col(Message.audience) == audience,
            col(Message.channel) == BY_HAND,
            col(Message.recipient) == recipient,
            col(Message.state).in_(TO_BE_TOLD),
        )
        .values(state=state, code=code, ended_at=utc_now())
    )
