"""The sweep over the clocks: warns, and climbs the ladder with what is overdue. It costs by what is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col, select

from tasks.absences import who_is_away
from tasks.batches import BATCH, try_batch
from tasks.clock import utc_now
from tasks.clocks import FIELDS
from tasks.db import dry_transaction, reading, transaction
from tasks.house import house
from tasks.models.enums import ClockKind, Urgency
from tasks.models.state import Clock
from tasks.models.tables import ClockChange, ClockRow, Order
from tasks.models.tally import Tally
from tasks.moot import end_moot, facts_of
from tasks.reminders import Reminder, hold_reminders
from tasks.rules.escalation import Climb, Place, climb
from tasks.rules.ladder import OVERDUE, WARNED

Progress = Callable[[int, int], None]  # how many have been looked at, of how many


@dataclass(frozen=True)
class Due:
    """A clock whose next step has come, with what is known of its order."""

    row: int
    order_id: int
    number: str
    place: Place
    clock: Clock


def sweep_clocks(
    *, urgent_only: bool = False, dry_run: bool = False, progress: Progress | None = None
) -> Tally:
    """Takes every step of the ladder that has come, batch by batch, each in one transaction.

    One clock that fails is set aside and tried again next time. Killed anywhere and started again, it
    does nothing twice. With `dry_run` all is done and undone again.
    """
    swept, now, looked_at = Tally(), utc_now(), 0
    due = count_due() if progress else 0
    after: _Place | None = None
    while page := _page(now, after, urgent_only):
        try_batch(page, partial(_take_steps, now, dry_run), swept, itemgetter(2))
        after = page[-1][:2]
        looked_at += len(page)
        if progress:
            progress(looked_at, due)
    return swept


def count_due() -> int:
    """How many clocks have a step to take now."""
    wanted = sql.select(sql.func.count()).select_from(ClockRow)
    with reading(house().database) as session:
        due = wanted.where(col(ClockRow.act_at) <= utc_now())
        return int(session.execute(due).scalar_one())


_Place = tuple[datetime, int]
_Found = tuple[datetime, int, str]  # when its step comes, its id, its order's number


def _page(now: datetime, after: _Place | None, urgent_only: bool) -> list[_Found]:
    """The next clocks whose step has come."""
    act_at, id = col(ClockRow.act_at), col(ClockRow.id)
    wanted = (
        sql.select(act_at, id, col(Order.number))
        .join(Order, col(Order.id) == col(ClockRow.order_id))
        .where(act_at <= now)
        .order_by(act_at, id)
        .limit(BATCH)
    )
    if after is not None:
        wanted = wanted.where(act_at >= after[0], sql.or_(act_at > after[0], id > after[1]))
    if urgent_only:
        wanted = wanted.where(col(Order.urgency) == Urgency.URGENT)
    with reading(house().database) as session:
        return [(when, row, number) for when, row, number in session.execute(wanted)]


def _take_steps(now: datetime, dry_run: bool, page: Sequence[_Found]) -> Tally:
    begin = dry_transaction if dry_run else transaction
    with begin(house().database) as session:
        batch = _due_clocks(session, [row for _when, row, _number in page], now)
        away, rungs = who_is_away(session), dict[int, int]()
        climbs = [(due, _climb(due, now, away, rungs)) for due in batch]
        _write(session, climbs, now)
        tally = _counted(climbs)
        tally.counts["told"] += hold_reminders(session, _reminders(climbs))
        _end_warnings(session, climbs)
        return tally


def _end_warnings(session: Session, climbs: Sequence[tuple[Due, Climb]]) -> None:
    """Nobody is told that something is due soon when it is overdue."""
    late = [due.order_id for due, found in climbs if due.clock.step < OVERDUE <= found.clock.step]
    if late:
        orders = session.exec(select(Order).where(col(Order.id).in_(late))).all()
        end_moot(session, orders)


_CLOCK = [getattr(ClockRow, name) for name in FIELDS]
_PLACE = [Order.grid, Order.handler, Order.member, Order.rung, Order.urgency]


def _due_clocks(session: Session, rows: Sequence[int], now: datetime) -> list[Due]:
    """These clocks, as far as nobody has stopped them meanwhile or is about to: locked with their orders."""
    wanted = (
        sql.select(col(ClockRow.id), col(ClockRow.order_id), col(Order.number), *_PLACE, *_CLOCK)
        .join(Order, col(Order.id) == col(ClockRow.order_id))
        .where(col(ClockRow.id).in_(rows), col(ClockRow.act_at) <= now)
        .order_by(col(ClockRow.act_at), col(ClockRow.id))
        .with_for_update(of=[Order, ClockRow], skip_locked=True)
    )
    cut = 3 + len(_PLACE)
    return [
        Due(
            row[0],
            row[1],
            row[2],
            place=Place(house().catalog.known_grid(row[3]), *row[4:cut]),
            clock=Clock(**dict(zip(FIELDS, row[cut:], strict=True))),
        )
        for row in session.execute(wanted)
    ]


def _climb(due: Due, now: datetime, away: Mapping[str, str], rungs: dict[int, int]) -> Climb:
    """`rungs` is what other clocks of the same order have reached in this batch."""
    place = due.place
    rung = max(place.rung, rungs.get(due.order_id, 0))
    place = Place(place.grid, place.handler, place.member, rung, place.urgency)
    found = climb(due.clock, place, now, house().catalog, away)
    rungs[due.order_id] = found.rung
    return found


def _counted(climbs: Sequence[tuple[Due, Climb]]) -> Tally:
    tally = Tally()
    for due, found in climbs:
        before, step = due.clock.step, found.clock.step
        if step == WARNED > before:
            tally.note("warned", due.number)
        if step >= OVERDUE > before:
            unclaimed = due.clock.kind is ClockKind.OPEN_CLAIM
            tally.note("unclaimed" if unclaimed else "overdue", due.number)
        if found.rung > max(due.place.rung, WARNED):
            tally.note("climbed", due.number)
    return tally


_STEP = (
    sql.update(ClockRow)
    .where(col(ClockRow.id) == sql.bindparam("row"))
    .values(step=sql.bindparam("step_now"), act_at=sql.bindparam("next_at"))
)
_RUNG = (
    sql.update(Order)
    .where(col(Order.id) == sql.bindparam("order"))
    .values(rung=sql.bindparam("rung_now"))
)


def _write(session: Session, climbs: Sequence[tuple[Due, Climb]], now: datetime) -> None:
    if not climbs:
        return
    connection = session.connection()
    connection.execute(
        _STEP,
        [
            {"row": due.row, "step_now": found.clock.step, "next_at": found.clock.act_at}
            for due, found in climbs
        ],
    )
    higher = {due.order_id: found.rung for due, found in climbs if found.rung > due.place.rung}
    if higher:
        rows = [{"order": order, "rung_now": rung} for order, rung in higher.items()]
        connection.execute(_RUNG, rows)
    changes = [_change(due, found, now) for due, found in climbs]
    connection.execute(sql.insert(ClockChange), changes)


def _change(due: Due, found: Climb, now: datetime) -> dict[str, Any]:
    return {
        "order_id": due.order_id,
        "kind": due.clock.kind,
        "version": due.clock.version,
        "at": now,
        "step": found.clock.step,
        "rung": found.rung,
        "due_before": None,
        "due_at": due.clock.due_at,
        "why": "",
    }


def _reminders(climbs: Sequence[tuple[Due, Climb]]) -> Iterator[Reminder]:
    for due, found in climbs:
        for told in found.told:
            yield Reminder(
                order_id=due.order_id,
                number=due.number,
                event=told.event,
                audience=told.audience,
                person=told.person,
                urgency=due.place.urgency,
                facts={
                    "grid": due.place.grid,
                    "handler": due.place.handler,
                    "member": due.place.member,
                    "rung": told.rung,
                    **facts_of(due.clock),
                },
            )
