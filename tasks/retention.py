"""Forgetting residents: when all of their orders ended long ago, the orders and figures stay, the person goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sql
from sqlmodel import Session, col, select

from tasks.batches import BATCH, try_batch
from tasks.clock import utc_now
from tasks.db import dry_transaction, reading, transaction
from tasks.house import house
from tasks.models.enums import OPEN
from tasks.models.tables import History, Order, Rating, Resident
from tasks.models.tally import Tally

GONE = "•••"
_TYPED = {"reason", "instead"}  # what of an action's inputs somebody wrote
_NUMBERS = re.compile(  # mobile phones, fixed ones with and without their area, identity cards
    r"(?<!\d)(?:(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}"
    r"|\d{17}[\dXx]|(?<!-)\d{7,8})(?!\d)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def forget_residents(*, dry_run: bool = False) -> Tally:
    """Anonymises residents whose last order ended longer ago than the community keeps them."""
    tally, after = Tally(), 0
    before = utc_now() - house().catalog.community.keep_residents.wall_clock
    while page := _candidates(before, after):
        try_batch(page, partial(_forget, before, dry_run), tally, lambda id: f"居民 {id}")
        after = page[-1]
    return tally


def _candidates(before: datetime, after: int) -> list[int]:
    """Residents, not forgotten yet, of whom no order is open or has ended since."""
    kept = (
        sql.exists()
        .where(
            col(Order.resident_id) == col(Resident.id),
            sql.or_(
                col(Order.status).in_(sorted(OPEN)),
                sql.exists().where(
                    col(History.order_id) == col(Order.id), col(History.at) > before
                ),
            ),
        )
        .correlate(Resident)
    )
    placed = sql.exists().where(col(Order.resident_id) == col(Resident.id))
    with reading(house().database) as session:
        wanted = select(Resident.id).where(
            col(Resident.anonymised_at).is_(None), col(Resident.id) > after, placed, ~kept
        )
        found = session.exec(wanted.order_by(col(Resident.id)).limit(BATCH))
        return [id for id in found if id is not None]


def _forget(before: datetime, dry_run: bool, ids: Sequence[int]) -> Tally:
    begin, tally = dry_transaction if dry_run else transaction, Tally()
    with begin(house().database) as session:
        residents = session.exec(
            select(Resident).where(col(Resident.id).in_(ids)).with_for_update()
        )
        for resident in residents.all():
            orders = session.exec(select(Order).where(Order.resident_id == resident.id)).all()
            if not any(_is_concerned(session, order, before) for order in orders):
                _erase(session, resident, orders)
                tally.counts["forgotten"] += 1
    return tally


def _is_concerned(session: Session, order: Order, before: datetime) -> bool:
    """Whether an order was merged into one that still goes on, or did lately: its resident hears of that."""
    seen = {order.number}
    while order.merged_into and order.merged_into not in seen:
        seen.add(order.merged_into)
        order = session.exec(select(Order).where(Order.number == order.merged_into)).one()
        last = session.exec(
            select(sql.func.max(col(History.at))).where(History.order_id == order.id)
        ).one()
        if order.status in OPEN or last > before:
            return True
    return False


def _erase(session: Session, resident: Resident, orders: Sequence[Order]) -> None:
    names = [resident.name] if len(resident.name) > 1 else []
    for order in orders:
        order.words = without_persons(order.words, names)
        order.place = ""
        for row in session.exec(select(History).where(History.order_id == order.id)):
            row.reason = without_persons(row.reason, names)
            typed = {key: row.inputs[key] for key in _TYPED & row.inputs.keys()}
            clean = {key: without_persons(str(text), names) for key, text in typed.items()}
            row.inputs = {**row.inputs, **clean}
        for rating in session.exec(select(Rating).where(Rating.order_id == order.id)):
            rating.comment = without_persons(rating.comment, names)
    resident.name = resident.phone = resident.address = ""
    resident.channel, resident.anonymised_at = None, utc_now()
    session.add(resident)


def without_persons(text: str, names: Iterable[str]) -> str:
    """The text without phones, identity cards, mail addresses and these names."""
    plain = _MAIL.sub(GONE, _NUMBERS.sub(GONE, text))
    for name in names:
        plain = plain.replace(name, GONE)
    return plain
