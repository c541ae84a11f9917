"""What a clock's next step means: how high the order climbs, and who hears of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from config.catalog import Catalog
from tasks.models.enums import Audience, Event, Urgency
from tasks.models.state import Clock
from tasks.rules.clocks import with_next_step
from tasks.rules.ladder import (
    BRANCH,
    COMMITTEE,
    HOUSEHOLD,
    OVERDUE,
    STAYS_DOWN,
    WARNED,
    rung_of,
    step_reached,
)


@dataclass(frozen=True)
class Place:
    """Where an order stands, as far as climbing goes."""

    grid: str | None
    handler: str | None
    member: str | None
    rung: int
    urgency: Urgency


@dataclass(frozen=True)
class Told:
    """One thing that one person or body is told; `person` is an id, "coordinators" for the desk."""

    event: Event
    audience: Audience
    person: str
    rung: int = 0


@dataclass(frozen=True)
class Climb:
    """What a sweep has to change: the clock, the order's rung, and whom it tells."""

    clock: Clock
    rung: int
    told: tuple[Told, ...]


def climb(
    clock: Clock, place: Place, now: datetime, catalog: Catalog, away: Mapping[str, str]
) -> Climb:
    """The steps of a running clock that are behind it by now; a rung never falls.

    `away` says who stands in for whom today.
    """
    step = step_reached(clock, now, catalog.calendar)
    rung = place.rung
    if clock.kind not in STAYS_DOWN:
        rung = max(rung, rung_of(step, place.grid))
    told = tuple(_told(clock, step, place, rung, catalog, away))
    return Climb(with_next_step(replace(clock, step=step), catalog), rung, told)


def _told(
    clock: Clock, step: int, place: Place, rung: int, catalog: Catalog, away: Mapping[str, str]
) -> Iterator[Told]:
    if step == WARNED > clock.step:
        yield from _at_work(Event.ORDER_DUE_SOON, place, catalog)
        if place.member:
            yield Told(
                Event.ORDER_DUE_SOON, Audience.MEMBER, stand_in(catalog.person(place.member), away)
            )
        for person in holders(HOUSEHOLD, place.grid, catalog, away):
            yield Told(Event.ORDER_DUE_SOON, Audience.LADDER, person, HOUSEHOLD)
    if step >= OVERDUE > clock.step:
        if clock.kind in STAYS_DOWN:
            yield Told(Event.ORDER_OVERDUE, Audience.COORDINATORS, "coordinators")
        else:
            yield from _at_work(Event.ORDER_OVERDUE, place, catalog)
    lowest = BRANCH if place.grid is not None else COMMITTEE
    for reached in range(max(place.rung + 1, lowest), rung + 1):
        for person in holders(reached, place.grid, catalog, away):
            yield Told(Event.ORDER_ESCALATED, Audience.LADDER, person, reached)


def _at_work(event: Event, place: Place, catalog: Catalog) -> Iterator[Told]:
    """The handler; the coordinators while there is none, and where they are the handler themselves."""
    if place.handler is None or place.handler == catalog.community.desk:
        yield Told(event, Audience.COORDINATORS, "coordinators")
    else:
        yield Told(event, Audience.HANDLER, place.handler)


def holders(
    rung: int, grid: str | None, catalog: Catalog, away: Mapping[str, str]
) -> tuple[str, ...]:
    """The persons who hold a rung today, each once, whoever is away replaced."""
    named = (catalog.person(holder) for holder in catalog.rung_holders(rung, grid))
    return tuple(dict.fromkeys(stand_in(person, away) for person in named))


def stand_in(person: str, away: Mapping[str, str]) -> str:
    """Who hears instead of a person: the last of the chain of substitutes, who is not away.

    Where the chain comes back to itself nobody is there; then the person hears.
    """
    seen, one = {person}, person
    while (following := away.get(one)) is not None:
        if following in seen:
            return person
        seen.add(following)
        one = following
    return one
