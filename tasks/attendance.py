"""Who came to a meeting: whom to expect there, and who stands in its minutes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from tasks.agenda import meeting_json
from tasks.db import reading
from tasks.directory import find_member
from tasks.house import house
from tasks.models.inputs import Attendance
from tasks.models.meeting_tables import Attendee, Meeting
from tasks.rules.ladder import COMMITTEE, TOP
from tasks.views import name_of_actor


@dataclass(frozen=True)
class Expected:
    """By name, each once."""

    people: tuple[str, ...]
    handlers: tuple[str, ...]


def expected_at(meeting: int) -> Expected:
    """The staff, who holds the committee and the town, and the units and teams that have a matter there."""
    catalog, found = house().catalog, meeting_json(meeting)
    ids = [
        *catalog.staff,
        *(one for r in (COMMITTEE, TOP) for one in catalog.rung_holders(r, None)),
    ]
    with reading(house().database) as session:
        people = [name_of_actor(session, catalog.person(id)) for id in ids]
    about = [one.get("handler", "") for one in found["matters"]]
    given = [one["to_name"] for one in (*found["matters"], *found["tasks"])]
    handlers = (name for name in (*about, *given) if name)
    return Expected(tuple(dict.fromkeys(people)), tuple(dict.fromkeys(handlers)))


def write_attendance(session: Session, meeting: Meeting, came: Attendance) -> None:
    """Notes who came instead of whoever was noted before; nobody named changes nothing.

    Ids become names; whoever is not known is noted as typed. Who led it was there.
    """
    assert meeting.id is not None
    chair = _name(session, came.chair) if came.chair else meeting.chair
    named = [_name(session, one) for one in came.present]
    meeting.chair = chair
    earlier = session.exec(
        select(Attendee).where(Attendee.meeting_id == meeting.id).order_by(col(Attendee.id))
    ).all()
    kept = named or [one.name for one in earlier]
    for one in earlier:
        session.delete(one)
    session.flush()
    for name in dict.fromkeys([chair, *kept] if chair else kept):
        session.add(Attendee(meeting_id=meeting.id, name=name))
        session.flush()  # each for itself, so that they keep their order


def _name(session: Session, typed: str) -> str:
    catalog = house().catalog
    for entries in (catalog.staff, catalog.handlers):
        if typed in entries:
            return str(entries[typed].name)
    member = find_member(session, typed)
    return member.name if member else typed
