"""双报到 of units: a partner unit registers with the community, and is verified by a coordinator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import Session, col, select

from config.catalog import HandlerKind
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor, category_id, find_member, grid_id
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.intake import take_numbers
from tasks.models.enums import Status
from tasks.models.inputs import NewUnit
from tasks.models.tables import Order, UnitRow
from tasks.registration import check_staff
from tasks.requests import normal_phone
from tasks.wakes import show_anew

SERIES = "u"  # of the ids of units that registered; those of the configuration have their own


def register_unit(new: NewUnit, who: str, *, verified: bool = False) -> str:
    """Registers a unit, to be verified by a coordinator (or at once, where one knows it), and gives its id.

    One that registered before, or that the configuration knows by this name, says anew what it can do;
    once it is verified only a coordinator can note that. From its verification on, orders of its
    categories can be assigned to it.
    Raises UnknownId, and BadInput for a phone that is none and for the name of a team or a person.
    """
    phone, now = normal_phone(new.phone), utc_now()
    with transaction(house().database) as session:
        person = actor(session, who)
        unit = _unit_of(session, new.name)
        if verified or unit.verified_at is not None:
            check_staff(person.role)
        unit.phone, unit.contact, unit.times, unit.registered_at = (
            phone,
            new.contact,
            new.times,
            now,
        )
        unit.skills = list(new.skills)
        unit.grids = [grid_id(grid) for grid in new.grids]
        unit.categories = [category_id(category) for category in new.categories]
        if verified:
            unit.verified_by, unit.verified_at = person.id, now
        session.add(unit)
        _offer_anew(session, unit)
    house().look_again()
    return unit.id


def _unit_of(session: Session, name: str) -> UnitRow:
    """The row of a name, still to be filled in."""
    take_numbers(session, SERIES, 0)  # takes none: whoever registers at the same time waits here
    described = house().description.handlers.values()
    handler = next((one for one in described if one.name == name), None)
    if handler is not None and handler.kind is HandlerKind.TEAM:
        raise BadInput(field="单位名称", problem=f"“{name}”是社区的队伍，不用报到。")
    if find_member(session, name) or name in (one.name for one in house().catalog.staff.values()):
        raise BadInput(field="单位名称", problem=f"“{name}”是一个人的名字，请写单位的全称。")
    mine = UnitRow.id == handler.id if handler else UnitRow.name == name
    if (known := session.exec(select(UnitRow).where(mine)).first()) is not None:
        known.name = name
        return known
    id = handler.id if handler else f"{SERIES}-{take_numbers(session, SERIES):04d}"
    return UnitRow(id=id, name=name, phone="", registered_at=utc_now())


def _offer_anew(session: Session, unit: UnitRow) -> None:
    """The forms of what waits to be assigned list a verified unit: they are shown anew."""
    if unit.verified_at is not None:
        waits = col(Order.status).in_([Status.PLACED, Status.ACCEPTED])
        show_anew(session, waits & col(Order.category).in_(unit.categories))


def verify_units(ids: Iterable[str], who: str) -> int:
    """Marks units as verified by a coordinator, and gives how many were not yet. Raises UnknownId."""
    count = 0
    with transaction(house().database) as session:
        person = actor(session, who)
        check_staff(person.role)
        for id in sorted(set(ids)):  # in one order, so that nobody waits in a ring
            unit = session.get(UnitRow, id, with_for_update=True)
            if unit is None:
                raise UnknownId(what="报到的单位", id=id[:40], hint="")
            if unit.verified_at is None:
                unit.verified_by, unit.verified_at, count = person.id, utc_now(), count + 1
                _offer_anew(session, unit)
    house().look_again()
    return count


def registered_units() -> list[dict[str, Any]]:
    """Every unit that registered, by id, with the phone at which to reach it."""
    with reading(house().database) as session:
        rows = session.exec(select(UnitRow).order_by(UnitRow.id))
        return [
            {
                "id": row.id,
                "name": row.name,
                "phone": row.phone,
                "contact": row.contact,
                "skills": row.skills,
                "grids": row.grids,
                "categories": row.categories,
                "times": row.times,
                "verified": row.verified_at is not None,
            }
            for row in rows
        ]
