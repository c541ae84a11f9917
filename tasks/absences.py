"""Who is away, and who is asked instead."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.db import transaction
from tasks.directory import actor
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.models.enums import Role
from tasks.models.tables import Absence, Member
from tasks.rules.deadline import local_day


def who_is_away(session: Session) -> dict[str, str]:
    """Whoever is away today, and the substitute; substitutes who are no longer there are left out."""
    today = local_day(utc_now(), house().timezone)
    rows = session.exec(
        select(Absence)
        .where(col(Absence.first_day) <= today, col(Absence.last_day) >= today)
        .order_by(col(Absence.id))
    )
    away = {row.person: row.substitute for row in rows}
    return {one: other for one, other in away.items() if _is_there(session, other)}


def _is_there(session: Session, person: str) -> bool:
    if person in house().catalog.staff:
        return True
    member = session.get(Member, person)
    return member is not None and member.verified


def set_absence(person: str, substitute: str, first: date, last: date, who: str) -> str:
    """Notes that somebody is away from the first day to the last, and who stands in; gives both names.

    Persons by id or name. Raises UnknownId, and BadInput for days that run backwards or a person who
    would stand in for themselves.
    """
    if last < first:
        raise BadInput(field="到哪天", problem="要在开始的那天之后。")
    with transaction(house().database) as session:
        one, other = _person(session, person), _person(session, substitute)
        if one[0] == other[0]:
            raise BadInput(field="代班的人", problem="不能是本人。")
        session.add(
            Absence(
                person=one[0],
                substitute=other[0],
                first_day=first,
                last_day=last,
                actor=actor(session, who).id,
                at=utc_now(),
            )
        )
    return f"{one[1]} 由 {other[1]} 代班，{first} 到 {last}"


def _person(session: Session, typed: str) -> tuple[str, str]:
    found = actor(session, typed)
    if found.role not in (Role.STAFF, Role.MEMBER):
        raise UnknownId(what="人", id=typed[:40], hint="，要写一位社区干部或党员")
    return house().catalog.person(found.id), found.name
