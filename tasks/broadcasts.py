"""向群众发声: what a coordinator says to a grid, a group or all; planned, written, counted, called off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, update
from sqlmodel import Session, col, select

from tasks.batches import BATCH
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor
from tasks.errors import BadInput, BroadcastOver, UnknownBroadcast
from tasks.house import house
from tasks.messages import CALLED_OFF, NOBODY
from tasks.models.broadcast_inputs import NewBroadcast
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import (
    IN_THE_HOUSE,
    TO_BE_TOLD,
    Audience,
    Event,
    MessageState,
    Role,
    TargetKind,
    Urgency,
)
from tasks.models.tables import Message
from tasks.reach import DEFAULT, Reach, Target, Told, target_in, told_of
from tasks.routes import Route
from tasks.rules.deadline import end_of_day, local_day, local_time
from tasks.rules.haste import haste_of
from tasks.rules.quiet import told_from
from tasks.texts import text_of

WORTH_SAYING = timedelta(days=7)  # without a last day
A_MOMENT = timedelta(hours=1)  # that somebody may take over the form
FARTHEST = timedelta(days=366)  # a slip of the finger
MOST_ID = 2**31 - 1  # that PostgreSQL can look for


@dataclass(frozen=True)
class Sent:
    """A broadcast that was written, and whom it reaches."""

    id: int
    reach: Reach
    not_before: datetime


@dataclass(frozen=True)
class CalledOff:
    """How many messages of a broadcast were stopped, and how many had gone or were just going."""

    stopped: int
    gone: int


def drafted(new: NewBroadcast) -> Broadcast:
    """The broadcast as it would be stored now, with nobody counted yet.

    Raises BadInput and UnknownId: for a target that is none, an impossible time, half of an English text.
    """
    zone = house().timezone
    if bool(new.title_en) is not bool(new.text_en):
        raise BadInput(field="英文", problem="英文标题和英文内容要都写，或者都不写。")
    now = utc_now()
    wanted = new.not_before or now
    if wanted < now - A_MOMENT:
        raise BadInput(
            field="什么时候发", problem="这个时间已经过去了，请核对日期；马上发就写“现在”。"
        )
    wanted = max(now, wanted)
    _check_year(wanted, now)
    urgency = Urgency.URGENT if new.urgent else Urgency.NORMAL
    begins = told_from(wanted, urgency, house().catalog.community.quiet, zone)
    expires = end_of_day(new.last_day or local_day(begins + WORTH_SAYING, zone), zone)
    _check_year(expires, begins)
    _check_order(begins, expires)
    return Broadcast(
        at=now,
        actor="",
        target=str(target_in(new.to)),
        title=new.title,
        text=new.text,
        title_en=new.title_en,
        text_en=new.text_en,
        urgent=new.urgent,
        not_before=begins,
        expires_at=expires,
        counts={},
    )


def _check_year(moment: datetime, since: datetime) -> None:
    if moment > since + FARTHEST:
        raise BadInput(field="日期", problem="离现在一年多了，请核对年份。")


def _check_order(begins: datetime, expires: datetime) -> None:
    if expires <= begins:
        soonest = local_time(begins, house().timezone, utc_now())
        problem = f"最早 {soonest} 才发，请选那一天或以后；急的请选“紧急”，夜里也发。"
        raise BadInput(field="到哪天还值得说", problem=problem)


def broadcast_to(session: Session, row: Broadcast, reach: Reach) -> Iterator[Told]:
    """Everybody whom a broadcast is for, one after the other, while `reach` counts along."""
    languages = (DEFAULT, "en") if row.text_en else (DEFAULT,)
    return told_of(session, target_in(row.target), languages, reach, urgent=row.urgent)


def check_reach(row: Broadcast, reach: Reach) -> None:
    """Raises BadInput where nobody hears anything."""
    if not reach.messages:
        problem = f"“{target_in(row.target).name}”现在没有人收得到：没有能用的渠道，也没有群。"
        raise BadInput(field="发给谁", problem=problem)


def send_broadcast(new: NewBroadcast, who: str, form: str | None = None) -> Sent:
    """Writes the broadcast with a message to everybody whom it reaches: all of it, or nothing.

    A form (the id of its run) writes one and no more. Raises BadInput and UnknownId; with nothing stored
    also for a target that reaches nobody.
    """
    row, reach = drafted(new), Reach()
    with transaction(house().database) as session:
        person = actor(session, who)
        if person.role is not Role.STAFF:
            raise BadInput(field="操作人", problem="向群众发声要由社区干部来做。")
        if (known := _of_form(session, form)) is not None:
            return _sent(known)
        row.form, row.actor = form, person.id
        session.add(row)
        session.flush()
        told = broadcast_to(session, row, reach)
        while batch := list(islice(told, BATCH)):
            _check_templates(session, row, batch[:1])
            session.execute(insert(Message), [_columns(row, *one) for one in batch])
        check_reach(row, reach)
        row.counts = reach.as_json()
    return Sent(_id(row), reach, row.not_before)


def _of_form(session: Session, form: str | None) -> Broadcast | None:
    if form is None:
        return None
    return session.exec(select(Broadcast).where(Broadcast.form == form)).first()


def _sent(row: Broadcast) -> Sent:
    return Sent(_id(row), Reach.from_json(row.counts), row.not_before)


def _id(row: Broadcast) -> int:
    assert row.id is not None
    return row.id


def _check_templates(session: Session, row: Broadcast, some: Sequence[Told]) -> None:
    """A broken template stops the broadcast and not a message later."""
    for audience, route in some:
        text_of(session, message_to(row, audience, route), None, draft=row)


def message_to(row: Broadcast, audience: Audience, route: Route) -> Message:
    """The message of a broadcast to one recipient."""
    return Message(**_columns(row, audience, route))


def _columns(row: Broadcast, audience: Audience, route: Route) -> dict[str, Any]:
    urgency = Urgency.URGENT if row.urgent else Urgency.NORMAL
    return {
        "key": f"{Event.BROADCAST}:{row.id}:{audience}:{route.recipient}",
        "order_id": None,
        "broadcast_id": row.id,
        "event": Event.BROADCAST,
        "audience": audience,
        "recipient": route.recipient,
        "channel": route.channel,
        "locale": route.locale,
        "variables": {"urgency": urgency.value},
        "state": MessageState.QUEUED,
        "code": "",
        "reason": "",
        "attempts": 0,
        "created_at": row.at,
        "next_attempt_at": row.not_before,
        **haste_of(Event.BROADCAST, urgency, row.not_before),
        "expires_at": row.expires_at,
    }


def call_off(id: int, who: str) -> CalledOff:
    """Stops what has not gone yet, says `who`; what a sender has in hand just now may still go.

    Raises UnknownBroadcast, UnknownId, and BroadcastOver where nothing waits any more.
    """
    with transaction(house().database) as session:
        person = actor(session, who)
        if person.role is not Role.STAFF:
            raise BadInput(field="操作人", problem="撤回要由社区干部来做。")
        row = _locked(session, id)
        if row.called_off_at is not None:
            when = local_time(row.called_off_at, house().timezone, utc_now())
            raise BroadcastOver(id=id, why=f"{when} 已经撤回过。")
        counts = _states(session, [id]).get(id, {})
        if not any(counts.get(state) for state in IN_THE_HOUSE):
            raise BroadcastOver(id=id, why="已经都发完了，没有还没发的。")
        row.called_off_at, row.called_off_by = utc_now(), person.id
        stopped = _stop(session, id, row.called_off_at)
        never_went = sum(counts.get(state, 0) for state in (NOBODY, MessageState.EXPIRED))
        return CalledOff(stopped, sum(counts.values()) - never_went - stopped)


def _locked(session: Session, id: int) -> Broadcast:
    """The broadcast, locked: of two people who call it off one finds it called off."""
    if not 0 < id <= MOST_ID:
        raise UnknownBroadcast(id=id)
    wanted = select(Broadcast).where(Broadcast.id == id).with_for_update()
    row = session.exec(wanted.execution_options(populate_existing=True)).first()
    if row is None:
        raise UnknownBroadcast(id=id)
    return row


def _stop(session: Session, id: int, now: datetime) -> int:
    """Ends what of a broadcast nobody has heard; what is just being sent is not tried again.

    All of it is locked before, so that nothing slips from one state into another meanwhile.
    """
    of_this = col(Message.broadcast_id) == id
    session.execute(
        update(Message).where(of_this, col(Message.state).in_(IN_THE_HOUSE)).values(expires_at=now)
    )
    done = session.execute(
        update(Message)
        .where(of_this, col(Message.state).in_(TO_BE_TOLD))
        .values(state=NOBODY, code=CALLED_OFF, ended_at=now)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


Counts = dict[MessageState, int]


def _states(session: Session, ids: Sequence[int]) -> dict[int, Counts]:
    """How many messages of broadcasts stand where."""
    asked = (
        select(Message.broadcast_id, Message.state, func.count())
        .where(col(Message.broadcast_id).in_(ids))
        .group_by(col(Message.broadcast_id), col(Message.state))
    )
    found: dict[int, Counts] = {}
    for id, state, count in session.exec(asked):
        found.setdefault(id or 0, {})[MessageState(state)] = count
    return found


def broadcasts_json(most: int = 50) -> list[dict[str, Any]]:
    """The newest broadcasts, the newest first, with what has become of their messages so far."""
    with reading(house().database) as session:
        rows = session.exec(select(Broadcast).order_by(col(Broadcast.id).desc()).limit(most)).all()
        return _as_json(session, rows)


def broadcast_of(form: str) -> dict[str, Any] | None:
    """The broadcast that a run's form has written, as `broadcasts_json` gives it; None for none."""
    with reading(house().database) as session:
        row = _of_form(session, form)
        return _as_json(session, [row])[0] if row else None


def _as_json(session: Session, rows: Sequence[Broadcast]) -> list[dict[str, Any]]:
    states = _states(session, [_id(row) for row in rows])
    return [_one(row, states.get(_id(row), {})) for row in rows]


def _one(row: Broadcast, states: Counts) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "by": row.actor,
        "to": row.target,
        "to_name": _name(row.target),
        "title": row.title,
        "urgent": row.urgent,
        "not_before": row.not_before.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "called_off_at": row.called_off_at.isoformat() if row.called_off_at else None,
        "called_off_by": row.called_off_by,
        "reach": row.counts,
        "waits": sum(states.get(state, 0) for state in IN_THE_HOUSE),
        **{
            state.value: states.get(state, 0) for state in MessageState if state not in IN_THE_HOUSE
        },
    }


def _name(target: str) -> str:
    """In words, also when the community has no such grid or group any more."""
    kind, _, id = target.partition(":")
    return Target(TargetKind(kind), id).name
