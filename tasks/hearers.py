"""Who hears of an order's events, and when: each person once, nobody of their own deed, all as they chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from config.catalog import ChannelKind
from tasks.chosen import choices_of
from tasks.house import house
from tasks.models.enums import Audience, Event, Status, Urgency
from tasks.models.state import Actor
from tasks.models.tables import Order
from tasks.routes import Route, as_chosen, own_addresses, routes_of
from tasks.rules.choices import Choice, is_declined, next_digest, waits_for_digest
from tasks.rules.merging import said_from
from tasks.rules.notices import Notice, own_ids, without_echoes
from tasks.rules.quiet import loud_to_all

FOR_DIGEST = "for_digest"  # becomes a line of the person's one message of the day
DECLINED, HEARS_ONCE = "declined", "hears_once"
HELD = timedelta(days=1)  # what is not gathered yet is not sent; if nobody ever gathers, it goes
PEOPLE: tuple[Audience, ...] = (Audience.MEMBER, Audience.LADDER)
_WITH_ADDRESSES = (Audience.HANDLER, *PEOPLE)
_GROUPS = (ChannelKind.WECOM_ROBOT, ChannelKind.DINGTALK_ROBOT, ChannelKind.FEISHU_ROBOT)
_BY_DUTY = (  # of two messages to one person the one that says what to do
    *(Audience.HANDLER, Audience.MEMBER, Audience.LADDER, Audience.RESIDENT),
    *(Audience.COORDINATORS, Audience.DONOR, Audience.GROUPS),
)


@dataclass(frozen=True)
class Hearer:
    """Somebody who hears something: how, what they chose, and not before when."""

    notice: Notice
    route: Route
    choice: Choice
    start: datetime

    @property
    def waits_for_digest(self) -> bool:
        return self.route.code == FOR_DIGEST

    @property
    def hears(self) -> bool:
        """Whether it will be told, in this message or in a digest."""
        return self.route.code in ("", FOR_DIGEST)


def hearers_of(
    session: Session, order: Order, notices: Sequence[Notice], who: Actor, now: datetime
) -> list[Hearer]:
    """Whom the notices of an order reach, each person once an event; of those who need not hear it too,
    with the code that says why."""
    found = list(_reached(session, order, notices, who))
    people = [(notice.audience, route.recipient) for notice, route in found]
    choices = choices_of(session, people)
    hearers = []
    for notice, route in found:
        choice = choices.of(notice.audience, route.recipient)
        hearers.append(_hearer(notice, as_chosen(notice, route, choice), choice, order, now))
    return _once(hearers)


def _reached(
    session: Session, order: Order, notices: Sequence[Notice], who: Actor
) -> Iterator[tuple[Notice, Route]]:
    """Everybody whom the notices are for, but for who did it, in whatever capacity."""
    catalog = house().catalog
    own = own_ids(who, catalog.community.desk)
    own |= {catalog.person(id) for id in own}
    own_ways = own_addresses(own)
    for notice in without_echoes(list(notices), own):
        if notice.event is Event.WISH_OPEN and order.status is not Status.ACCEPTED:
            continue  # assigned or claimed in the same submit: nobody is asked any more
        for route in routes_of(session, order, notice):
            if not _is_actor(notice, route, own, own_ways):
                yield notice, route


def _is_actor(
    notice: Notice, route: Route, own: frozenset[str], own_ways: set[tuple[str, str]]
) -> bool:
    if notice.audience is Audience.LADDER and route.recipient in own:
        return True
    return (route.channel, route.address) in own_ways and arrives_alone(notice.audience, route)


def arrives_alone(audience: Audience, route: Route) -> bool:
    """Whether a handler or person is told at an address of their own. A member without one is told through
    their unit: both must hear. The desk's is read by others too."""
    ways = own_addresses([route.recipient]) if audience in _WITH_ADDRESSES else set()
    return (route.channel, route.address) in ways


def _hearer(notice: Notice, route: Route, choice: Choice, order: Order, now: datetime) -> Hearer:
    community, zone = house().catalog.community, house().timezone
    about = (notice.audience, notice.event)
    if route.code:
        return Hearer(notice, route, choice, now)
    if is_declined(choice, *about):
        return Hearer(notice, replace(route, code=DECLINED), choice, now)
    if waits_for_digest(choice, *about, order.urgency):
        assert choice.digest_hour is not None
        start = next_digest(now, choice.digest_hour, zone) + HELD
        return Hearer(notice, replace(route, code=FOR_DIGEST), choice, start)
    start = notice.not_before or said_from(now, *about, order.urgency, community.merge_minutes)
    if order.urgency is not Urgency.URGENT:
        start = loud_to_all(start, [choice.quiet], zone)
    return Hearer(notice, route, choice, start)


def _once(hearers: Sequence[Hearer]) -> list[Hearer]:
    """Who would hear of one event twice, as two people or at one address, hears it once, in the order given."""
    told = dict(enumerate(hearers))
    seen: set[tuple[str, ...]] = set()
    for place in sorted(told, key=lambda place: _BY_DUTY.index(told[place].notice.audience)):
        hearer = told[place]
        if not hearer.hears:
            continue
        known = {(hearer.notice.event.value, *way) for way in whereabouts(hearer)}
        if known & seen:
            told[place] = replace(hearer, route=replace(hearer.route, code=HEARS_ONCE))
        seen |= known
    return list(told.values())


def whereabouts(hearer: Hearer) -> Iterator[tuple[str, str]]:
    """By what somebody is known again: as a person, by where it arrives, or as the group of a robot."""
    audience, route = hearer.notice.audience, hearer.route
    if audience in PEOPLE:
        yield "person", house().catalog.person(route.recipient)
    known = house().catalog.channels.get(route.channel)
    if known is not None and known.kind in _GROUPS:
        yield route.channel, ""
    elif route.address and (audience not in PEOPLE or arrives_alone(audience, route)):
        yield route.channel, route.address
