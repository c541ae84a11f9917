"""Forgetting residents: when all of their orders ended long ago, the orders and figures stay, the person goes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sql
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from tasks.batches import BATCH, try_batch
from tasks.clock import utc_now
from tasks.db import dry_transaction, reading, transaction
from tasks.house import house
from tasks.links import sealed_id
from tasks.masking import GONE
from tasks.models.choice_tables import ChoiceRow, Muted
from tasks.models.enums import OPEN, TO_BE_TOLD, Audience, MessageState
from tasks.models.meeting_tables import Matter
from tasks.models.rate_tables import Exclusion
from tasks.models.tables import History, Message, Order, Rating, Resident
from tasks.models.tally import Tally
from tasks.models.wish_tables import Edit

_TYPED = {
    "reason",
    "instead",
}  # what of an action's inputs, or of a message's facts, somebody wrote
_NUMBERS = re.compile(  # mobile phones, fixed ones with and without their area, identity cards
    r"(?<!\d)(?:(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}"
    r"|\d{17}[\dXx]|(?<!-)\d{7,8})(?!\d)"
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


def forget_residents(*, dry_run: bool = False) -> Tally:
    """Anonymises residents whose last order ended longer ago than the community keeps them."""
    tally, after = Tally(), 0
    before = utc_now() - house().catalog.community.keep_residents.wall_clock
    while page := _candidates(before, after):
        try_batch(page, partial(_forget, before, dry_run), tally, lambda id: f"居民 {id}")
        after = page[-1]
    return tally


def _candidates(before: datetime, after: int) -> list[int]:
    """The next residents that can be forgotten."""
    with reading(house().database) as session:
        wanted = select(Resident.id).where(col(Resident.id) > after, *_can_be_forgotten(before))
        found = session.exec(wanted.order_by(col(Resident.id)).limit(BATCH))
        return [id for id in found if id is not None]


def _can_be_forgotten(before: datetime) -> Iterator[ColumnElement[bool]]:
    """Residents, not forgotten yet, of whom no order is open or has ended since."""
    is_kept = sql.or_(
        col(Order.status).in_(sorted(OPEN)),
        sql.exists().where(col(History.order_id) == col(Order.id), col(History.at) > before),
    )
    own = col(Order.resident_id) == col(Resident.id)
    yield col(Resident.anonymised_at).is_(None)
    yield sql.exists().where(own).correlate(Resident)
    yield ~sql.exists().where(own, is_kept).correlate(Resident)


def _forget(before: datetime, dry_run: bool, ids: Sequence[int]) -> Tally:
    begin, tally = dry_transaction if dry_run else transaction, Tally()
    with begin(house().database) as session:
        for resident in _locked(session, ids, before):
            orders = session.exec(select(Order).where(Order.resident_id == resident.id)).all()
            if not any(_is_concerned(session, order, before) for order in orders):
                _erase(session, resident, orders)
                tally.counts["forgotten"] += 1
    return tally


def _locked(session: Session, ids: Sequence[int], before: datetime) -> Sequence[Resident]:
    """These residents, locked, as far as they have placed no order meanwhile: whoever takes one in locks
    its resident too."""
    mine = col(Resident.id).in_(ids)
    session.exec(
        select(Resident.id).where(mine).order_by(col(Resident.id).desc()).with_for_update()
    ).all()
    return session.exec(select(Resident).where(mine, *_can_be_forgotten(before))).all()


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
        order.external_id = _sealed(order.external_id, names)
        for row in session.exec(select(History).where(History.order_id == order.id)):
            row.reason = without_persons(row.reason, names)
            row.inputs = _cleaned(row.inputs, names)
        for edit in session.exec(select(Edit).where(Edit.order_id == order.id)):
            edit.words, edit.place = without_persons(edit.words, names), ""
            edit.reason = without_persons(edit.reason, names)
        for left_out in session.exec(select(Exclusion).where(Exclusion.order_id == order.id)):
            left_out.reason = without_persons(left_out.reason, names)
        for matter in session.exec(select(Matter).where(Matter.order_id == order.id)):
            matter.reason = without_persons(matter.reason, names)
        for rating in session.exec(select(Rating).where(Rating.order_id == order.id)):
            rating.comment = without_persons(rating.comment, names)
        for message in session.exec(select(Message).where(Message.order_id == order.id)):
            message.variables = _cleaned(message.variables, names)
    _end_messages(session, resident)
    _end_choices(session, resident)
    resident.name = resident.phone = resident.address = ""
    resident.channel, resident.anonymised_at = None, utc_now()
    session.add(resident)


def _cleaned(facts: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    clean = {key: without_persons(str(facts[key]), names) for key in _TYPED & facts.keys()}
    sealed = {key: _sealed(facts[key], names) for key in {"external_id"} & facts.keys()}
    return {**facts, **clean, **sealed}


def _sealed(id: str | None, names: Sequence[str]) -> str | None:
    """Another system's id, as it is where it names nobody; otherwise something as unique in its place."""
    if id is None or without_persons(id, names) == id:
        return id
    return sealed_id(id)


def _end_choices(session: Session, resident: Resident) -> None:
    """What they chose goes with them, and what is known of their addresses."""
    for table in (ChoiceRow, Muted):
        own = col(table.audience) == Audience.RESIDENT, col(table.person) == str(resident.id)
        session.execute(sql.delete(table).where(*own))


def _end_messages(session: Session, resident: Resident) -> None:
    """Who is not known any more can be told nothing."""
    session.execute(
        sql.update(Message)
        .where(
            col(Message.audience) == Audience.RESIDENT,
            col(Message.recipient) == str(resident.id),
            col(Message.state).in_(TO_BE_TOLD),
        )
        .values(state=MessageState.SUPPRESSED, code="forgotten", ended_at=utc_now())
    )


def without_persons(text: str, names: Iterable[str]) -> str:
    """The text without phones, identity cards, mail addresses and these names."""
    plain = _MAIL.sub(GONE, _NUMBERS.sub(GONE, text))
    for name in names:
        plain = plain.replace(name, GONE)
    return plain
