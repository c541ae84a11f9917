"""Whom a broadcast reaches: to whom it may go, each way once, and how many it does not reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from config.catalog import ChannelKind, HandlerKind
from tasks.batches import BATCH
from tasks.chosen import choices_of
from tasks.db import reading
from tasks.directory import grid_id, group_id
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import Audience, Event, TargetKind
from tasks.models.tables import Member, Order, Resident
from tasks.muting import Way, muted_among
from tasks.requests import is_mail_address
from tasks.routes import BY_HAND, Route, addresses_of, contacts_of, is_usable, route_to
from tasks.rules.choices import AS_IT_COMES, Choice, is_declined
from tasks.short_messages import can_say

DEFAULT = "zh-CN"
_OF_ONE = (TargetKind.GRID, TargetKind.GROUP)


@dataclass(frozen=True)
class Target:
    """To whom: `id` is that of a grid or a chat group, "" for the others."""

    kind: TargetKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind.value

    @property
    def name(self) -> str:
        """In words; an id that the community has no longer stays as it is."""
        catalog = house().catalog
        known: dict[str, Any] = {**catalog.grids, **catalog.chat_groups}
        return known[self.id].name if self.id in known else self.id or self.kind.label


@dataclass
class Reach:
    """Counts alone, never who: of messages by channel, of texts to forward and calls to make, and of
    everybody who hears nothing or hears it from somebody else."""

    channels: Counter[str] = field(default_factory=Counter)
    groups: list[str] = field(default_factory=list)  # the names of those that a person forwards to
    calls: int = 0  # to units
    phone_only: int = 0  # nobody calls so many
    no_contact: int = 0
    declined: int = 0
    shared: int = 0  # an address that hears it anyway

    @property
    def messages(self) -> int:
        """How many there are to write."""
        return self.channels.total() + len(self.groups) + self.calls

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**vars(self), "channels": dict(self.channels), "groups": list(self.groups)}

    @classmethod
    def from_json(cls, counts: Mapping[str, Any]) -> Reach:
        """What `as_json` gave."""
        return cls(**{**counts, "channels": Counter(counts["channels"])})


Told = tuple[Audience, Route]


def target_in(typed: str) -> Target:
    """What `all`, `members`, `units`, `grid:ID` or `group:ID` (or a name) means. Raises BadInput and UnknownId."""
    word, _, id = typed.strip().partition(":")
    try:
        kind = TargetKind(word)
    except ValueError:
        kind = None
    if kind is None or (kind in _OF_ONE) is not bool(id):
        problem = f"“{typed[:40]}”不能用，可以写：all、members、units、grid:编号、group:编号。"
        raise BadInput(field="对象（to）", problem=problem)
    find = {TargetKind.GRID: grid_id, TargetKind.GROUP: group_id}.get(kind)
    return Target(kind, find(_full(kind, id.strip())) if find else "")


def _full(kind: TargetKind, id: str) -> str:
    """grid-3 where somebody wrote 3."""
    longer = f"{kind}-{id}"
    return longer if kind is TargetKind.GRID and longer in house().catalog.grids else id


def all_targets() -> dict[str, str]:
    """Every target as a line of a pick list with roughly how many it is about, and how it is written."""
    catalog = house().catalog
    with reading(house().database) as session:
        residents = session.exec(
            select(func.count()).select_from(Resident).where(*may_hear())
        ).one()
        by_grid = _residents_by_grid(session)
        members = session.exec(select(func.count()).select_from(Member).where(*_verified())).one()
    groups = list(catalog.chat_groups.values())
    units = sum(one.kind is HandlerKind.UNIT for one in catalog.handlers.values())
    lines = {
        f"全体居民（登记过的居民 {residents} 人，群 {len(groups)} 个）": Target(TargetKind.ALL)
    }
    for grid in catalog.grids.values():
        near = sum(one.is_of(grid.id) for one in groups)
        line = f"{grid.name}（登记过的居民 {by_grid[grid.id]} 人，群 {near} 个）"
        lines[line] = Target(TargetKind.GRID, grid.id)
    for group in groups:
        lines[f"{group.name}（{group.people} 人）"] = Target(TargetKind.GROUP, group.id)
    lines[f"党员、志愿者（{members} 人）"] = Target(TargetKind.MEMBERS)
    lines[f"共建单位（{units} 家）"] = Target(TargetKind.UNITS)
    return {line: str(target) for line, target in lines.items()}


def _residents_by_grid(session: Session) -> Counter[str]:
    asked = select(Order.grid, func.count(func.distinct(col(Order.resident_id))))
    asked = asked.join(Resident, col(Resident.id) == col(Order.resident_id)).where(*may_hear())
    return Counter(
        {grid: count for grid, count in session.exec(asked.group_by(Order.grid)) if grid}
    )


@dataclass
class _Round:
    """One going through all who are told: `reach` counts along, `ways` are those that hear it already."""

    session: Session
    target: Target
    languages: Sequence[str]
    urgent: bool
    reach: Reach
    ways: set[Way] = field(default_factory=set)
    muted: set[Way] = field(default_factory=set)

    def declines(self, choice: Choice, audience: Audience) -> bool:
        """Whether somebody does not want to hear it, and need not."""
        declined = not self.urgent and is_declined(choice, audience, Event.BROADCAST)
        self.reach.declined += declined
        return declined

    def look_at(self, audience: Audience, people: Iterable[str]) -> None:
        """Finds out which of these people's addresses take nothing now."""
        ways = [way for id in people for way in addresses_of(self.session, audience, id)]
        self.muted = muted_among(self.session, ways)

    def way_to(self, audience: Audience, id: str, choice: Choice = AS_IT_COMES) -> Route:
        """The way that was chosen, or the next that can say it and takes it; a person's hands where none does."""
        others = [way.channel for way in contacts_of(audience, id) if way.channel != BY_HAND]
        for channel in (choice.channel, *others):
            wanted = replace(choice, channel=channel)
            route = route_to(audience, id, Event.BROADCAST, wanted)
            if route.channel == BY_HAND or self._goes(audience, route):
                return route
        return route_to(audience, id, Event.BROADCAST, replace(choice, channel=BY_HAND))

    def _goes(self, audience: Audience, route: Route) -> bool:
        channel = house().catalog.channels[route.channel]
        is_muted = (route.channel, route.address) in self.muted
        return not is_muted and can_say(channel, Event.BROADCAST, audience)

    def is_new(self, channel: str, where: str) -> bool:
        """Whether nobody hears it this way yet: a household with one address hears it once."""
        way = (channel, where.casefold())
        is_new = way not in self.ways
        self.ways.add(way)
        self.reach.channels[channel] += is_new
        self.reach.shared += not is_new
        return is_new


def told_of(
    session: Session, target: Target, languages: Sequence[str], reach: Reach, *, urgent: bool
) -> Iterator[Told]:
    """Everybody who is told, one after the other, and each way once; `reach` counts along.

    `languages` are those that the words are written in. What is urgent is told to those too who want no
    broadcasts.
    """
    round = _Round(session, target, languages, urgent, reach)
    if target.kind in (TargetKind.ALL, TargetKind.GRID):
        yield from _residents(round)
    if target.kind is TargetKind.MEMBERS:
        yield from _members(round)
    elif target.kind is TargetKind.UNITS:
        yield from _units(round)
    else:
        yield from _groups(round)


def may_hear() -> tuple[Any, ...]:
    """The conditions on a resident who may be written to about what is not their own order."""
    return (col(Resident.anonymised_at).is_(None), col(Resident.consent))


def _residents(round: _Round) -> Iterator[Told]:
    """Those on a channel. Nobody is called: what is said to the groups is for those who have a phone alone."""
    session, target, reach = round.session, round.target, round.reach
    reach.declined += _count(session, target) - _count(session, target, *may_hear())
    for page in _pages(session, target):
        choices = choices_of(session, [(Audience.RESIDENT, str(row[0])) for row in page])
        round.muted = muted_among(session, ((row[3] or "", row[2] or row[1]) for row in page))
        for id, phone, address, channel, language in page:
            where = address or phone
            if round.declines(choices.of(Audience.RESIDENT, str(id)), Audience.RESIDENT):
                continue
            if (channel, where) in round.muted or not _is_reached(channel, where):
                reach.phone_only += bool(phone)
                reach.no_contact += not phone
            elif round.is_new(channel, where):
                locale = language if language in round.languages else DEFAULT
                yield Audience.RESIDENT, Route(str(id), channel, locale)


def _of_target(target: Target) -> tuple[Any, ...]:
    """Residents who are not forgotten; of a grid, those with an order there."""
    known = col(Resident.anonymised_at).is_(None)
    if target.kind is not TargetKind.GRID:
        return (known,)
    near = select(Order.resident_id).where(Order.grid == target.id)
    return (known, col(Resident.id).in_(near))


def _count(session: Session, target: Target, *more: Any) -> int:
    asked = select(func.count()).select_from(Resident)
    return session.exec(asked.where(*_of_target(target), *more)).one()


def _pages(session: Session, target: Target) -> Iterator[Sequence[Any]]:
    """The columns of the residents of a target who may hear of it, in pages."""
    columns = (Resident.id, Resident.phone, Resident.address, Resident.channel, Resident.language)
    wanted = select(*map(col, columns)).where(*_of_target(target), *may_hear())
    after = 0
    while True:
        page: Sequence[Any] = session.exec(
            wanted.where(col(Resident.id) > after).order_by(col(Resident.id)).limit(BATCH)
        ).all()
        yield page
        if len(page) < BATCH:
            return
        after = page[-1][0]


def _is_reached(channel: str | None, where: str) -> bool:
    if not channel or channel == BY_HAND or not where or not is_usable(channel):
        return False
    known = house().catalog.channels[channel]
    if known.kind is ChannelKind.BY_HAND or not can_say(known, Event.BROADCAST, Audience.RESIDENT):
        return False
    return known.kind is not ChannelKind.MAIL or is_mail_address(where)


def _verified() -> tuple[Any, ...]:
    return (col(Member.verified), col(Member.left_at).is_(None))


def _members(round: _Round) -> Iterator[Told]:
    """Those on a channel: as with open wishes, nobody is called about what they need not do."""
    wanted = select(Member.id, Member.phone).where(*_verified()).order_by(Member.id)
    members = round.session.exec(wanted).all()
    choices = choices_of(round.session, [(Audience.MEMBER, id) for id, _phone in members])
    round.look_at(Audience.MEMBER, (id for id, _phone in members))
    for id, phone in members:
        choice = choices.of(Audience.MEMBER, id)
        if round.declines(choice, Audience.MEMBER):
            continue
        route = round.way_to(Audience.MEMBER, id, choice)
        if route.channel == BY_HAND:
            round.reach.phone_only += bool(phone)
            round.reach.no_contact += not phone
        elif round.is_new(route.channel, route.address):
            yield Audience.MEMBER, route


def _units(round: _Round) -> Iterator[Told]:
    """Each on its way; a person calls those that have no other, for they are few."""
    units = [id for id, one in house().catalog.handlers.items() if one.kind is HandlerKind.UNIT]
    choices = choices_of(round.session, [(Audience.HANDLER, id) for id in units])
    round.look_at(Audience.HANDLER, units)
    for id in units:
        choice = choices.of(Audience.HANDLER, id)
        if round.declines(choice, Audience.HANDLER):
            continue
        route = round.way_to(Audience.HANDLER, id, choice)
        if route.channel == BY_HAND:
            round.reach.calls += 1
            yield Audience.HANDLER, route
        elif round.is_new(route.channel, route.address):
            yield Audience.HANDLER, route


def _groups(round: _Round) -> Iterator[Told]:
    """The chat groups of a target; a person forwards where no robot can enter."""
    target = round.target
    round.look_at(Audience.GROUPS, house().catalog.chat_groups)
    for group in house().catalog.chat_groups.values():
        is_near = target.kind is TargetKind.ALL or group.is_of(target.id)
        if not (group.id == target.id if target.kind is TargetKind.GROUP else is_near):
            continue
        route = round.way_to(Audience.GROUPS, group.id)
        if route.channel == BY_HAND:
            round.reach.groups.append(group.name)
            yield Audience.GROUPS, route
        elif round.is_new(route.channel, route.address):
            yield Audience.GROUPS, route
