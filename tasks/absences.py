"""Who is away, and who is asked instead."""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import Session, col, select

from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.models.enums import Role
from tasks.models.tables import Absence, Member
from tasks.rules.deadline import local_day

LONGEST = timedelta(days=366)  # more is a slip of the finger, or somebody who has left


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


def set_absence(person: str, substitute: str, first: str, last: str, who: str) -> str:
    """Notes that somebody is away from the first day to the last, and who stands in; says so in words.

    Persons by id or name, days as 2026-03-01. Raises UnknownId, and BadInput for days that are none or
    run backwards, and for a person who would stand in for themselves.
    """
    first_day, last_day = _day("从哪天", first), _day("到哪天", last)
    if last_day < first_day:
        raise BadInput(field="到哪天", problem="不能在开始的那天之前。")
    if last_day - first_day > LONGEST:
        raise BadInput(field="到哪天", problem=f"一次最多 {LONGEST.days} 天，请核对年份。")
    with transaction(house().database) as session:
        one, other = _person(session, person), _person(session, substitute)
        if one[0] == other[0]:
            raise BadInput(field="代班的人", problem="不能是本人。")
        session.add(
            Absence(
                person=one[0],
                substitute=other[0],
                first_day=first_day,
                last_day=last_day,
                actor=actor(session, who).id,
                at=utc_now(),
            )
        )
    return f"{one[1]} 由 {other[1]} 代班，{first_day} 到 {last_day}"


def persons() -> dict[str, str]:
    """Everybody who can be away or stand in, as a line of a pick list, with the id: the staff first."""
    with reading(house().database) as session:
        members = session.exec(select(Member).where(Member.verified).order_by(col(Member.id))).all()
    catalog = house().catalog
    lines = {f"{staff.name} · 社区干部": staff.id for staff in catalog.staff.values()}
    for member in members:
        handler = catalog.handlers.get(member.handler)
        if catalog.person(member.id) == member.id:
            lines[f"{member.name} · {handler.name if handler else member.handler}"] = member.id
    return lines


def _day(field: str, typed: str) -> date:
    try:
        return date.fromisoformat(typed[:10])
    except ValueError:
        raise BadInput(field=field, problem="要写成日期，例如 2026-03-01。") from None


def _person(session: Session, typed: str) -> tuple[str, str]:
    found = actor(session, typed)
    if found.role not in (Role.STAFF, Role.MEMBER):
        raise UnknownId(what="人", id=typed[:40], hint="，要写一位社区干部或党员")
    return house().catalog.person(found.id), found.name
