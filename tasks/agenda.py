"""A meeting as plain values: what is on its agenda, what was decided, what was given to whom."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, col, select

from tasks.db import reading
from tasks.errors import BadInput
from tasks.funding import books_of
from tasks.house import house
from tasks.models.enums import Action, Decision, Urgency
from tasks.models.meeting_tables import Attendee, Matter, Meeting, TaskRow
from tasks.models.tables import History, Order
from tasks.rules.deadline import local_day
from tasks.rules.meetings import DECISIONS
from tasks.texts import shortened
from tasks.views import name_of_actor

WORDS_SHOWN = 200


def meeting_json(meeting: int) -> dict[str, Any]:
    """The meeting with its matters, in the order of the agenda, and the tasks it gave. Names stand beside
    ids; no resident's name or phone. Raises BadInput for a meeting that there is not."""
    with reading(house().database) as session:
        found = session.get(Meeting, meeting)
        if found is None:
            raise BadInput(field="会议", problem=f"没有编号为 {meeting} 的会议。")
        matters = session.exec(
            select(Matter)
            .where(Matter.meeting_id == meeting, col(Matter.dropped_at).is_(None))
            .order_by(col(Matter.id))
        )
        came = (
            select(Attendee.name).where(Attendee.meeting_id == meeting).order_by(col(Attendee.id))
        )
        tasks = select(TaskRow).where(TaskRow.meeting_id == meeting).order_by(col(TaskRow.id))
        return {
            "meeting": found.id,
            "kind": found.kind.value,
            "name": found.kind.label,
            "day": local_day(found.ended_at or found.prepared_at, house().timezone).isoformat(),
            "prepared_at": found.prepared_at.isoformat(),
            "ended_at": found.ended_at.isoformat() if found.ended_at else None,
            "chair": found.chair,
            "attendees": list(session.exec(came)),
            "minutes_by": name_of_actor(session, found.minutes_by) if found.minutes_by else None,
            "matters": [_matter(session, matter) for matter in matters],
            "tasks": [_task(task) for task in session.exec(tasks)],
        }


def _matter(session: Session, matter: Matter) -> dict[str, Any]:
    order = session.get(Order, matter.order_id) if matter.order_id else None
    task = session.get(TaskRow, matter.task_id) if matter.task_id else None
    decided_by = name_of_actor(session, matter.decided_by) if matter.decided_by else None
    return {
        "id": matter.id,
        "kind": matter.kind.value,
        "kind_name": matter.kind.label,
        "order": order.number if order else None,
        "task": task.id if task else None,
        "words": shortened(order.words if order else task.words if task else "", WORDS_SHOWN),
        **(_order(session, order) if order else {}),
        "choices": [decision.value for decision in DECISIONS[matter.kind]],
        "decision": matter.decision.value if matter.decision else None,
        "decision_name": matter.decision.label if matter.decision else "",
        "to": matter.handler,
        "to_name": _handler_name(matter.handler),
        "helpers": matter.helpers,
        "date": matter.due.isoformat() if matter.due else None,
        "fen": matter.fen,
        "reason": matter.reason,
        "decided_at": matter.decided_at.isoformat() if matter.decided_at else None,
        "decided_by": decided_by,
        "put_off": _put_off(session, matter),
    }


def _put_off(session: Session, matter: Matter) -> dict[str, str] | None:
    """When, by whom and why the same was put off, if that is what was decided last."""
    earlier = (
        select(Matter)
        .where(
            Matter.order_id == matter.order_id,
            Matter.task_id == matter.task_id,
            col(Matter.id) < matter.id,
            col(Matter.decided_at).is_not(None),
        )
        .order_by(col(Matter.id).desc())
        .limit(1)
    )
    last = session.exec(earlier).first()
    if last is None or last.decision is not Decision.PUT_OFF:
        return None
    assert last.decided_at is not None
    return {
        "day": local_day(last.decided_at, house().timezone).isoformat(),
        "reason": last.reason,
        "by": name_of_actor(session, last.decided_by) if last.decided_by else "",
    }


def _order(session: Session, order: Order) -> dict[str, Any]:
    catalog, asked = house().catalog, order.asked_due_at
    category = catalog.categories.get(order.category or "")
    grid = catalog.grids.get(order.grid or "")
    funds = books_of(session, order)
    return {
        "status": order.status.value,
        "urgency": "" if order.urgency is Urgency.NORMAL else order.urgency.label,
        "why": _why(session, order),
        "category": category.name if category else "",
        "grid": grid.name if grid else "",
        "handler": _handler_name(order.handler),
        "rung": catalog.ladder[order.rung - 1].name if order.rung else "",
        "asked_until": local_day(asked, house().timezone).isoformat() if asked else None,
        "target": order.target,
        "received": funds.raised,
        "outstanding": funds.pledged - funds.received,
    }


def _why(session: Session, order: Order) -> str:
    """What was said when it was referred, or when the extension was asked for."""
    actions = [Action.REFER, Action.ASK_EXTENSION]
    said = select(History.reason).where(
        History.order_id == order.id, col(History.action).in_(actions)
    )
    return session.exec(said.order_by(col(History.version).desc()).limit(1)).first() or ""


def _task(task: TaskRow) -> dict[str, Any]:
    return {
        "id": task.id,
        "kind": task.kind.value,
        "kind_name": task.kind.label,
        "words": task.words,
        "to": task.handler,
        "to_name": _handler_name(task.handler),
        "date": task.due.isoformat() if task.due else None,
        "done": task.done_at is not None,
    }


def _handler_name(id: str | None) -> str:
    handler = house().catalog.handlers.get(id or "")
    return handler.name if handler else id or ""
