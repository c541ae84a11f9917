"""Addresses that were refused for their own sake take no message for a while; a person can lift that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, select

from tasks.chosen import person_key
from tasks.clock import utc_now
from tasks.db import reading, upsert
from tasks.house import house
from tasks.links import sealed_address
from tasks.models.choice_tables import Muted
from tasks.models.enums import Audience
from tasks.models.tables import Message, Order
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


def muted_addresses() -> list[MutedAddress]:
    """What takes nothing now, the oldest first; not what somebody has left behind for another address."""
    with reading(house().database) as session:
        rows = session.exec(select(Muted).where(_holds()).order_by(col(Muted.at), col(Muted.seal)))
        return [_line(session, row) for row in rows.all() if _is_theirs(session, row)]


def _is_theirs(session: Session, row: Muted) -> bool:
    """Whether it still is an address of the person; of a donor's nobody knows."""
    ways = addresses_of(session, row.audience, row.person)
    return row.audience is Audience.DONOR or any(
        way[0] == row.channel and sealed_address(*way) == row.seal for way in ways
    )


def _line(session: Session, row: Muted) -> MutedAddress:
    return MutedAddress(
        audience=row.audience,
        person=row.person,
        name=name_of_person(session, row.audience, row.person),
        number=_newest_order(session, row),
        channel=row.channel,
        code=row.code,
        since=row.at,
        until=row.at + MUTED_FOR,
    )


def _newest_order(session: Session, row: Muted) -> str:
    if row.audience is not Audience.RESIDENT:
        return ""
    theirs = select(Order.number).where(Order.resident_id == int(row.person))
    return session.exec(theirs.order_by(col(Order.id).desc()).limit(1)).first() or ""


def lift(session: Session, audience: Audience, person: str, channels: Sequence[str] = ()) -> int:
    """Somebody says that their addresses (all, or those on these channels) work again; gives how many."""
    wanted = [col(Muted.audience) == audience, col(Muted.person) == person]
    if channels:
        wanted.append(col(Muted.channel).in_(channels))
    return int(session.execute(delete(Muted).where(*wanted)).rowcount)  # type: ignore[attr-defined]


def lift_address(session: Session, message: Message) -> None:
    """Somebody wants a message tried where it goes now, whatever was said of that address before."""
    if address := address_of(session, message):
        seal = sealed_address(message.channel, address)
        session.execute(delete(Muted).where(col(Muted.seal) == seal))
