"""Deadlines by today's configuration: moved when calendar, limits or categories have changed, made where they lack."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import sqlalchemy as sql
from sqlmodel import Session, col, select

from tasks.advance import state_of
from tasks.batches import BATCH, batches, try_batch
from tasks.clock import utc_now
from tasks.clocks import add_clocks, change_clocks, live_clocks_of
from tasks.db import dry_transaction, reading, transaction
from tasks.house import house
from tasks.marks import marked, set_mark
from tasks.models.enums import OPEN, Status
from tasks.models.state import Clock, OrderState
from tasks.models.tables import ClockChange, ClockRow, History, Order
from tasks.models.tally import Tally
from tasks.moot import end_moot
from tasks.rules.clocks import missing, retimed, with_deadlines
from tasks.rules.working_time import last_known_year

LIMITS = "limits"
WHY = "日历、时限或类别改了"
_TIMED = sorted(OPEN - {Status.ON_HOLD, Status.IN_MEETING, Status.DONE})


def retime_orders(*, dry_run: bool = False) -> Tally:
    """Recomputes the deadlines of all open orders when the configuration that makes them has changed.

    Counts the orders that moved. One that fails is set aside; then all are looked at again next time.
    """
    tally, in_force = Tally(), limits_in_force()
    mark = marked(LIMITS)
    if mark is not None and mark.value == in_force:
        return tally
    for ids in _pages():
        try_batch(ids, partial(_retime, dry_run), tally, str)
    if not dry_run and not tally.failed:
        set_mark(LIMITS, in_force)
    return tally


def start_missing_clocks(*, dry_run: bool = False) -> Tally:
    """Gives orders at work that have no clock theirs, from their last step on: older databases have none."""
    tally = Tally()
    running = sql.exists().where(
        col(ClockRow.order_id) == col(Order.id), col(ClockRow.stopped_at).is_(None)
    )
    with reading(house().database) as session:
        wanted = select(Order.id).where(col(Order.status).in_(_TIMED), ~running)
        ids = [id for id in session.exec(wanted.order_by(col(Order.id))) if id is not None]
    for some in batches(ids):
        try_batch(some, partial(_start, dry_run), tally, str)
    return tally


def limits_in_force() -> str:
    """A fingerprint of all that deadlines are made of."""
    catalog = house().catalog
    made_of = {
        "calendar": catalog.calendar.model_dump(mode="json"),
        "levels": [level.model_dump(mode="json") for level in catalog.service_levels.values()],
        "categories": {one.id: one.service_level for one in catalog.categories.values()},
        "known": last_known_year() if catalog.calendar.country else 0,
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()


def _pages() -> Iterator[list[int]]:
    """The ids of open orders, page by page."""
    after = 0
    while True:
        with reading(house().database) as session:
            wanted = select(Order.id).where(
                col(Order.status).in_(sorted(OPEN)), col(Order.id) > after
            )
            ids = list(session.exec(wanted.order_by(col(Order.id)).limit(BATCH)))
        if not ids:
            return
        yield [id for id in ids if id is not None]
        after = ids[-1] or after


def _retime(dry_run: bool, ids: Sequence[int]) -> Tally:
    tally, now, catalog = Tally(), utc_now(), house().catalog
    begin = dry_transaction if dry_run else transaction
    with begin(house().database) as session:
        for order, state in _states(session, ids):
            clocks = tuple(retimed(clock, state, now, catalog) for clock in state.clocks)
            pairs = list(zip(state.clocks, clocks, strict=True))
            changed = [(before, after) for before, after in pairs if before != after]
            if not changed:
                continue
            _store(session, order, replace(state, clocks=clocks), changed)
            if any(before.due_at != after.due_at for before, after in changed):
                tally.note("moved", order.number)
    return tally


def _store(
    session: Session, order: Order, state: OrderState, changed: Sequence[tuple[Clock, Clock]]
) -> None:
    assert order.id is not None
    change_clocks(session, ((order.id, after) for _before, after in changed))
    _set_deadlines(order, state)
    for before, after in changed:
        if before.due_at != after.due_at:
            session.add(
                ClockChange(
                    order_id=order.id,
                    kind=after.kind,
                    version=after.version,
                    at=utc_now(),
                    step=after.step,
                    rung=order.rung,
                    due_before=before.due_at,
                    due_at=after.due_at,
                    why=WHY,
                )
            )
    session.flush()
    end_moot(session, [order])


def _set_deadlines(order: Order, state: OrderState) -> None:
    timed = with_deadlines(state)
    order.due_at, order.next_due_at = timed.due_at, timed.next_due_at


def _start(dry_run: bool, ids: Sequence[int]) -> Tally:
    tally = Tally()
    begin, catalog = dry_transaction if dry_run else transaction, house().catalog
    with begin(house().database) as session:
        since = _last_steps(session, ids)
        for order, state in _states(session, ids):
            assert order.id is not None
            if state.clocks:
                continue
            clocks = missing(state, since.get(order.id, order.placed_at), catalog)
            add_clocks(session, ((order.id or 0, clock) for clock in clocks))
            _set_deadlines(order, replace(state, clocks=tuple(clocks)))
            tally.note("started_clocks", order.number)
    return tally


def _states(session: Session, ids: Sequence[int]) -> Iterator[tuple[Order, OrderState]]:
    """These orders, locked, with their live clocks."""
    orders = session.exec(
        select(Order).where(col(Order.id).in_(ids)).order_by(col(Order.id)).with_for_update()
    ).all()
    clocks = live_clocks_of(session, ids)
    for order in orders:
        yield order, state_of(order, tuple(clocks.get(order.id or 0, ())))


def _last_steps(session: Session, ids: Sequence[int]) -> dict[int, datetime]:
    wanted = (
        select(History.order_id, sql.func.max(col(History.at)))
        .where(col(History.order_id).in_(ids))
        .group_by(col(History.order_id))
    )
    return dict(session.exec(wanted).all())
