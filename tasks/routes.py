"""To whom a message goes, on which channel, in which language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_
from sqlmodel import Session, col, select

from config.catalog import Catalog, ChannelKind, Contact
from tasks.absences import who_is_away
from tasks.errors import BadInput
from tasks.funding import donors_of
from tasks.house import house
from tasks.models.enums import Audience, Event, MessageState
from tasks.models.tables import Member, Message, MessageStep, Order, Resident
from tasks.requests import dialled
from tasks.rules.choices import AS_IT_COMES, Choice
from tasks.rules.escalation import holders
from tasks.rules.ladder import BRANCH, COMMITTEE
from tasks.rules.notices import Notice

BY_HAND = "by-hand"
NEVER_CALLED = frozenset({Audience.RESIDENT, Audience.MEMBER})  # about what is said to many
_CHOOSING = (Audience.HANDLER, Audience.MEMBER, Audience.LADDER)


@dataclass(frozen=True)
class Route:
    """To whom, how, in which language; `code` says why there is no way when there is none.

    `address` is where it would arrive (by hand, whose phone it is), to tell whether two are the same
    person's; "" where that is not known, or a channel needs none. It is stored nowhere.
    """

    recipient: str
    channel: str
    locale: str
    code: str = ""
    address: str = ""


def check_contacts(catalog: Catalog) -> None:
    """Raises BadInput when a contact of the configuration is for an event that there is none of."""
    known = [event.value for event in Event]
    contacts = {catalog.community.id: catalog.community.desk_contacts}
    contacts |= {handler.id: handler.contacts for handler in catalog.handlers.values()}
    contacts |= {member.id: member.contacts for member in catalog.members.values()}
    contacts |= {staff.id: staff.contacts for staff in catalog.staff.values()}
    contacts |= {group.id: group.contacts for group in catalog.chat_groups.values()}
    for owner, ways in contacts.items():
        for event in (event for way in ways for event in way.events):
            if event not in known:
                problem = f"没有“{event}”这种消息，可以写：{'、'.join(known)}。"
                raise BadInput(field=f"{owner} 的 contacts.events", problem=problem)


def route_to(
    audience: Audience, recipient: str, event: Event, choice: Choice = AS_IT_COMES
) -> Route:
    """How somebody other than a resident is told: a handler, a person, the desk, one chat group or all."""
    contacts = contacts_of(audience, recipient)
    if audience is Audience.GROUPS and recipient not in house().catalog.chat_groups:
        return Route("groups", BY_HAND, "zh-CN")  # all of them together
    if audience is not Audience.COORDINATORS:
        return _route(Notice(event, audience, recipient), contacts, choice)
    # the desk's own channel; without one their list of what waits is the message
    route = _route(Notice(event, audience, "coordinators"), contacts)
    return replace(route, code="on_todo_list") if route.channel == BY_HAND else route


def contacts_of(audience: Audience, recipient: str) -> tuple[Contact, ...]:
    """How the configuration says that somebody other than a resident is reached, the first way first."""
    catalog = house().catalog
    if audience is Audience.COORDINATORS:
        return catalog.community.desk_contacts
    if audience is Audience.HANDLER:
        handler = catalog.handlers.get(recipient)
        return handler.contacts if handler else ()
    if audience is Audience.GROUPS:
        group = catalog.chat_groups.get(recipient)
        return group.contacts if group else ()
    if staff := catalog.staff.get(recipient):
        return staff.contacts
    member = catalog.members.get(recipient)
    if member is None:
        return ()
    handler = catalog.handlers.get(member.handler)
    own = member.contacts or ((Contact(channel=BY_HAND),) if member.phone else ())
    return own or (handler.contacts if handler else ())


def is_never_called(event: Event, audience: Audience) -> bool:
    """Whether nobody is called about it, whatever becomes of it: there are too many of them."""
    return event is Event.BROADCAST and audience in NEVER_CALLED


def never_called() -> ColumnElement[bool]:
    """The same as a condition on messages."""
    return and_(
        col(Message.event) == Event.BROADCAST, col(Message.audience).in_(sorted(NEVER_CALLED))
    )


def person_audience(id: str) -> Audience:
    """As which audience whoever has this id chooses: a handler, or a person."""
    return Audience.HANDLER if id in house().catalog.handlers else Audience.MEMBER


def own_contacts(id: str) -> tuple[Contact, ...]:
    """The ways to a handler or person that are theirs alone, not those of whom they work for."""
    catalog = house().catalog
    entries = (catalog.staff.get(id), catalog.handlers.get(id), catalog.members.get(id))
    return next((entry.contacts for entry in entries if entry is not None), ())


def phone_of(id: str) -> str:
    """The own phone of a handler or person of the configuration, "" for none, in normal form."""
    catalog = house().catalog
    entries = (catalog.staff.get(id), catalog.handlers.get(id), catalog.members.get(id))
    return next((dialled(entry.phone) for entry in entries if entry is not None), "")


def own_addresses(ids: Iterable[str]) -> set[tuple[str, str]]:
    """Where whoever has these ids, and nobody else, reads or hears something: channel and address."""
    own: set[tuple[str, str]] = set()
    for id in ids:
        own |= {(way.channel, way.address) for way in own_contacts(id) if way.address}
        own |= {(BY_HAND, phone)} if (phone := phone_of(id)) else set()
    return own


def addresses_of(session: Session, audience: Audience, recipient: str) -> list[tuple[str, str]]:
    """All ways to a recipient that have an address: channel and address."""
    if audience is Audience.RESIDENT:
        resident = session.get(Resident, int(recipient))
        if resident is None or not resident.channel:
            return []
        return [(resident.channel, resident.address or resident.phone)]
    contacts = contacts_of(audience, recipient)
    return [(way.channel, way.address) for way in contacts if way.address]


def address_of(session: Session, message: Message) -> str:
    """Where a message's recipient is reached on its channel: read now, never stored with the message."""
    if message.audience is Audience.RESIDENT:
        resident = session.get(Resident, int(message.recipient))
        return (resident.address or resident.phone) if resident else ""
    contacts = contacts_of(message.audience, message.recipient)
    ways = _meant_for(message.event, contacts)
    return next((way.address for way in ways if way.channel == message.channel), "")


def give_up_way(session: Session, message: Message, code: str, now: datetime) -> None:
    """Puts a message that nobody has tried to send on another way, with a note, so that it does not come
    back to this one."""
    assert message.id is not None
    session.add(
        MessageStep(
            message_id=message.id,
            at=now,
            attempt=message.attempts,
            channel=message.channel,
            state=MessageState.QUEUED,
            code=code,
        )
    )
    send_another_way(session, message, code, now)


def send_another_way(session: Session, message: Message, code: str, now: datetime) -> None:
    """Puts a message that its channel did not take on the next way of its recipient, each way once; in
    somebody's hands when there is no other, and refused where nobody is called. `code` says why."""
    earlier = select(MessageStep.channel).where(MessageStep.message_id == message.id)
    tried = {message.channel, BY_HAND, *session.exec(earlier)}
    contacts = contacts_of(message.audience, message.recipient)
    ways = (way.channel for way in _ways(message.event, contacts))
    untried = (channel for channel in ways if channel not in tried)
    message.code, message.reason = code, f"{message.channel}: {code}"
    following = next(untried, BY_HAND)
    if following == BY_HAND and is_never_called(message.event, message.audience):
        message.state, message.ended_at = MessageState.REFUSED, now
        return
    message.channel = following
    message.state, message.attempts, message.next_attempt_at = MessageState.QUEUED, 0, now


def routes_of(session: Session, order: Order, notice: Notice) -> Iterator[Route]:
    """Everybody whom a notice of an order is for."""
    if notice.audience is Audience.RESIDENT:
        only_own = notice.event is Event.RATING_REMINDER  # who rates is one
        yield from _resident_routes(session, order, only_own=only_own)
    elif notice.audience is Audience.LADDER:
        for person in _on_rung(session, order, notice):
            yield route_to(notice.audience, person, notice.event)
    elif notice.audience is Audience.DONOR:
        yield from _donor_routes(session, order, notice)
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


def _donor_routes(session: Session, order: Order, notice: Notice) -> Iterator[Route]:
    """Each donor once, by what we know of whoever has that name. Nobody is called about a single bill."""
    for name, number in donors_of(session, order).items():
        route = _route(replace(notice, recipient=str(number)), _contacts_of(name))
        if notice.event is not Event.MONEY_SPENT or route.channel != BY_HAND:
            yield route


def _contacts_of(name: str) -> tuple[Contact, ...]:
    """Those of a unit or team of this name. People are called: two may have one name."""
    named = [one for one in house().catalog.handlers.values() if one.name == name]
    return named[0].contacts if len(named) == 1 else ()


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
        yield route_to_resident(resident)


def route_to_resident(resident: Resident) -> Route:
    """On their own channel where there is one; in somebody's hands otherwise."""
    recipient, language, channel = str(resident.id), resident.language, resident.channel
    address = resident.address or resident.phone
    if channel and channel != BY_HAND and address and is_usable(channel):
        return Route(recipient, channel, language, address=address)
    if resident.phone or resident.name:
        return Route(recipient, BY_HAND, language, address=resident.phone)
    return Route(recipient, BY_HAND, language, "no_contact")


def _concerned(session: Session, order: Order) -> list[Resident]:
    wanted: dict[int, None] = {}
    waiting = [(order.number, order.resident_id)]
    while waiting:
        number, resident = waiting.pop(0)
        if resident is not None:
            wanted[resident] = None
        merged = select(Order.number, Order.resident_id).where(Order.merged_into == number)
        waiting += session.exec(merged)
    found = (session.get(Resident, id) for id in wanted)
    return [resident for resident in found if resident is not None]


def as_chosen(notice: Notice, route: Route, choice: Choice) -> Route:
    """The route that somebody other than a resident chose, where it is one of theirs. A resident's stands
    with the resident, and nobody is called about what they need not do."""
    if notice.audience not in _CHOOSING or not (choice.channel or choice.language):
        return route
    if choice.channel == BY_HAND and notice.event is Event.WISH_OPEN:
        choice = replace(choice, channel="")
    return route_to(notice.audience, route.recipient, notice.event, choice)


def _route(notice: Notice, contacts: Iterable[Contact], choice: Choice = AS_IT_COMES) -> Route:
    """The way that was chosen; else the first that is meant for this event and works on this machine; a
    person's hands otherwise."""
    ways = [] if choice.channel == BY_HAND else list(_ways(notice.event, contacts))
    chosen = [way for way in ways if way.channel == choice.channel]
    way = next(iter(chosen or ways), Contact(channel=BY_HAND))
    address = phone_of(notice.recipient) if way.channel == BY_HAND else way.address
    return Route(notice.recipient, way.channel, choice.language or "zh-CN", address=address)


def _ways(event: Event, contacts: Iterable[Contact]) -> Iterator[Contact]:
    return (way for way in _meant_for(event, contacts) if is_usable(way.channel))


def _meant_for(event: Event, contacts: Iterable[Contact]) -> Iterator[Contact]:
    return (way for way in contacts if not way.events or event in way.events)


def is_usable(channel: str) -> bool:
    """Whether the community has the channel, and this machine what it needs for it."""
    known = house().catalog.channels.get(channel)
    if known is None:
        return False
    return known.kind is ChannelKind.BY_HAND or house().settings.channel_url(channel) is not None
