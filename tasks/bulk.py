"""Placing many orders in one transaction, by statements of many rows. The rules are those of a single one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from tasks.batches import batches
from tasks.clock import utc_now
from tasks.clocks import add_clocks
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.house import house
from tasks.intake import first_row, note_wishes, number_in, order_columns, series_of, take_numbers
from tasks.links import sealed_id
from tasks.messages import write_messages
from tasks.models.inputs import Place
from tasks.models.state import Actor, OrderState
from tasks.models.tables import History, Order, Resident
from tasks.rules.circumstances import Circumstances
from tasks.rules.law import placed
from tasks.rules.notices import Deed, notices_of

Who = tuple[str, str, str]  # name, phone, and the address when there is no phone


def place_all(
    requests: Sequence[Place],
    who: str,
    *,
    keep_dates: bool = False,
    notify: bool = False,
    progress: Callable[[str, int], None] | None = None,
) -> list[str]:
    """Stores checked requests with external ids, all or none; gives the numbers of those that are new.

    With `keep_dates` an order's clocks start when it was first asked. Without `notify` nobody is told.
    """
    for _ in range(2):  # somebody stored the year's first number or the same order meanwhile
        try:
            return _place_all(requests, who, keep_dates, notify, progress)
        except IntegrityError:
            continue
    return _place_all(requests, who, keep_dates, notify, progress)


def _place_all(
    requests: Sequence[Place],
    who: str,
    keep_dates: bool,
    notify: bool,
    progress: Callable[[str, int], None] | None,
) -> list[str]:
    with transaction(house().database) as session:
        person = actor(session, who)
        fresh = _not_stored(session, requests)
        states = _states(session, fresh, person, keep_dates)
        residents = _residents(session, fresh)
        done = 0
        for batch in batches(list(zip(fresh, states, residents, strict=True))):
            orders = _insert_batch(session, batch, person)
            if notify:
                _tell(session, orders, batch, person)
            done += len(batch)
            if progress:
                progress("登记", done)
        return [state.number for state in states]


def numbers_stored(source: str, ids: Iterable[str]) -> dict[str, str]:
    """Those of a source's ids that are orders already, with their numbers."""
    with reading(house().database) as session:
        return _stored(session, source, ids)


def _stored(session: Session, source: str, ids: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    meant = {stored: id for id in ids for stored in (id, sealed_id(id))}
    for batch in batches(list(meant)):
        wanted = select(Order.external_id, Order.number).where(
            Order.source == source, col(Order.external_id).in_(batch)
        )
        found.update((meant[id], number) for id, number in session.exec(wanted) if id is not None)
    return found


def _not_stored(session: Session, requests: Sequence[Place]) -> list[Place]:
    by_source: dict[str, set[str]] = {}
    for request in requests:
        by_source.setdefault(request.source, set()).add(request.external_id or "")
    stored = {source: _stored(session, source, ids) for source, ids in by_source.items()}
    return [r for r in requests if r.external_id not in stored[r.source]]


def _states(
    session: Session, requests: Sequence[Place], person: Actor, keep_dates: bool
) -> list[OrderState]:
    """The new orders as the law sees them, with numbers in the order of the requests."""
    now = utc_now()
    starts = [min(r.asked_at or now, now) if keep_dates else now for r in requests]
    series = [series_of(r.kind, start) for r, start in zip(requests, starts, strict=True)]
    next_of = {one: take_numbers(session, one, n) for one, n in sorted(Counter(series).items())}
    states = []
    for request, start, one in zip(requests, starts, series, strict=True):
        around = Circumstances(now=start, actor=person, catalog=house().catalog)
        states.append(placed(number_in(one, next_of[one]), request, around))
        next_of[one] += 1
    return states


def _who(request: Place) -> Who | None:
    """By what somebody is known again, None for nobody and for a name alone, which is many people's."""
    if request.phone:
        return request.resident, request.phone, ""
    return (request.resident, "", request.address) if request.address else None


def _residents(session: Session, requests: Sequence[Place]) -> list[int | None]:
    """The id of each request's resident, with the newest wishes on how to be told."""
    known = _known_residents(session, requests)
    rows: list[Resident | None] = []
    for request in requests:
        who = _who(request)
        row = known.get(who) if who else None
        if row is None and (who or request.resident):
            row = Resident(name=request.resident, phone=request.phone)
            session.add(row)
            if who:
                known[who] = row
        if row is not None:
            note_wishes(row, request)
        rows.append(row)
    session.flush()
    return [row.id if row else None for row in rows]


def _known_residents(session: Session, requests: Sequence[Place]) -> dict[Who, Resident]:
    known: dict[Who, Resident] = {}
    whos = list({who for request in requests if (who := _who(request))})
    for batch in batches(whos):
        phones, addresses = [who[1] for who in batch if who[1]], [who[2] for who in batch if who[2]]
        rows = session.exec(
            select(Resident)
            .where(
                col(Resident.phone).in_(phones)
                | ((col(Resident.phone) == "") & col(Resident.address).in_(addresses))
            )
            .order_by(col(Resident.id).desc())
            .with_for_update()  # nobody forgets them meanwhile
        )
        for row in rows:
            known[row.name, row.phone, "" if row.phone else row.address] = row
    return known


_Batch = Sequence[tuple[Place, OrderState, int | None]]


def _insert_batch(session: Session, batch: _Batch, person: Actor) -> list[int]:
    """Stores orders with their first rows of history; gives the orders' ids."""
    orders = [
        {**order_columns(request, state), "resident_id": resident, "wakes": 0, "run_attempt": 0}
        for request, state, resident in batch
    ]
    with_ids = insert(Order).returning(col(Order.id), sort_by_parameter_order=True)
    ids = [int(id) for id in session.execute(with_ids, orders).scalars() if id is not None]
    rows: list[dict[str, Any]] = [
        {"order_id": id, "reason": "", **first_row(request, state, person)}
        for id, (request, state, _resident) in zip(ids, batch, strict=True)
    ]
    session.execute(insert(History), rows)
    clocks = [
        (id, clock)
        for id, (_request, state, _resident) in zip(ids, batch, strict=True)
        for clock in state.clocks
    ]
    add_clocks(session, clocks)
    return ids


def _tell(session: Session, ids: Sequence[int], batch: _Batch, person: Actor) -> None:
    for id, (request, state, _resident) in zip(ids, batch, strict=True):
        order = session.get_one(Order, id)
        write_messages(session, order, notices_of(Deed(state, state, request, person)), person)
