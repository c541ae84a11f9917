"""Addresses that were refused for their own sake take no message for a while; a person can lift that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, or_
from sqlmodel import Session, col, select

from tasks.chosen import Person, person_key
from tasks.clock import utc_now
from tasks.db import reading, upsert
from tasks.house import house
from tasks.links import sealed_address
from tasks.models.choice_tables import Muted
from tasks.models.enums import Audience
from tasks.models.tables import Message, Order, Resident
from tasks.routes import address_of, addresses_of
from tasks.views import name_of_person

MUTED_FOR = timedelta(days=60)
MUTED = "muted"  # the code of a message that took another way because of it
Way = tuple[str, str]  # a channel, and an address on it


@dataclass(frozen=True)
class MutedAddress:
    """An address that takes nothing now, by whose it is: the address itself is not known here."""

    audience: Audience
    person: str
    name: str
    number: str  # of a resident's newest order, "" for everybody else
    channel: str
    code: str  # what its provider said
    since: datetime
    until: datetime


def mute(session: Session, message: Message, address: str, code: str) -> None:
    """The address that a message went to is none: nothing goes there for 60 days from now."""
    now, (audience, person) = utc_now(), person_key(message.audience, message.recipient)
    session.execute(delete(Muted).where(col(Muted.at) <= now - MUTED_FOR))
    row = {
        "seal": sealed_address(message.channel, address),
        "audience": audience,
        "person": person,
        "channel": message.channel,
        "code": code,
        "at": now,
    }
    insert = upsert(session, Muted).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=["seal"], set_=row))


def muted_among(session: Session, ways: Iterable[Way]) -> set[Way]:
    """Those of the addresses that take nothing now."""
    sealed = {sealed_address(*way): way for way in ways if way[1]}
    if not sealed:
        return set()
    found = session.exec(select(Muted.seal).where(col(Muted.seal).in_(sealed), _holds()))
    return {sealed[seal] for seal in found}


def _holds() -> ColumnElement[bool]:
    return col(Muted.at) > utc_now() - MUTED_FOR


def muted_channels(session: Session, audience: Audience, person: str) -> list[str]:
    """On which of somebody's present addresses nothing goes now, whoever had it when it was refused."""
    muted = muted_among(session, addresses_of(session, audience, person))
    return sorted({channel for channel, _address in muted})


def muted_addresses() -> list[MutedAddress]:
    """What takes nothing now, the oldest first, by who has the address; not what everybody has left behind."""
    with reading(house().database) as session:
        wanted = select(Muted).where(_holds()).order_by(col(Muted.at), col(Muted.seal))
        rows = session.exec(wanted).all()
        theirs = {row.seal: (row.audience, row.person) for row in rows if _is_theirs(session, row)}
        others = _others(session, [row for row in rows if row.seal not in theirs])
        whose = {**others, **theirs}
        return [_line(session, row, whose[row.seal]) for row in rows if row.seal in whose]


def _is_theirs(session: Session, row: Muted) -> bool:
    """Whether it still is an address of the person; of a donor's nobody knows."""
    ways = addresses_of(session, row.audience, row.person)
    return row.audience is Audience.DONOR or any(
        way[0] == row.channel and sealed_address(*way) == row.seal for way in ways
    )


def _others(session: Session, rows: Sequence[Muted]) -> dict[str, Person]:
    """Who has the addresses now that whom they were noted for has left behind, by seal."""
    if not rows:
        return {}
    channels, seals = {row.channel for row in rows}, {row.seal for row in rows}
    return {
        seal: person
        for person, way in _everybody(session, channels)
        if way[0] in channels and (seal := sealed_address(*way)) in seals
    }


def _everybody(session: Session, channels: set[str]) -> Iterator[tuple[Person, Way]]:
    """Everybody's ways, a unit's after its members'; of residents those on these channels alone."""
    wanted = select(Resident.id, Resident.channel, Resident.address, Resident.phone)
    for resident, channel, address, phone in session.exec(
        wanted.where(col(Resident.channel).in_(channels)).order_by(col(Resident.id).desc())
    ):
        if where := address or phone:
            yield (Audience.RESIDENT, str(resident)), (channel or "", where)
    catalog = house().catalog
    known: dict[Audience, Iterable[str]] = {
        Audience.MEMBER: (*catalog.members, *catalog.staff),
        Audience.GROUPS: catalog.chat_groups,
        Audience.HANDLER: catalog.handlers,
    }
    for audience, ids in known.items():
        for id in ids:
            yield from (((audience, id), way) for way in addresses_of(session, audience, id))


def _line(session: Session, row: Muted, whose: Person) -> MutedAddress:
    audience, person = whose
    return MutedAddress(
        audience=audience,
        person=person,
        name=name_of_person(session, audience, person),
        number=_newest_order(session, audience, person),
        channel=row.channel,
        code=row.code,
        since=row.at,
        until=row.at + MUTED_FOR,
    )


def _newest_order(session: Session, audience: Audience, person: str) -> str:
    if audience is not Audience.RESIDENT:
        return ""
    theirs = select(Order.number).where(Order.resident_id == int(person))
    return session.exec(theirs.order_by(col(Order.id).desc()).limit(1)).first() or ""


def lift(session: Session, audience: Audience, person: str, channels: Sequence[str] = ()) -> int:
    """Somebody says that their addresses (all, or those on these channels) work again; gives how many. Those
    that others had when they were refused are theirs too."""
    seals = [sealed_address(*way) for way in addresses_of(session, audience, person) if way[1]]
    noted = and_(col(Muted.audience) == audience, col(Muted.person) == person)
    wanted = [or_(noted, col(Muted.seal).in_(seals))]
    if channels:
        wanted.append(col(Muted.channel).in_(channels))
    return int(session.execute(delete(Muted).where(*wanted)).rowcount)  # type: ignore[attr-defined]


def lift_address(session: Session, message: Message) -> None:
    """Somebody wants a message tried where it goes now, whatever was said of that address before."""
    if address := address_of(session, message):
        seal = sealed_address(message.channel, address)
        session.execute(delete(Muted).where(col(Muted.seal) == seal))
