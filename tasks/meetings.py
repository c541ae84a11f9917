"""The joint meeting: its agenda from what could not be settled elsewhere, and its decisions carried out."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from tasks.advance import state_of
from tasks.attendance import write_attendance
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor, handler_id
from tasks.errors import AlreadyDecided, BadInput, MatterMoot, UnknownMatter
from tasks.house import house
from tasks.models.enums import (
    OPEN,
    Action,
    Decision,
    MatterKind,
    MeetingKind,
    Status,
)
from tasks.models.inputs import INPUTS, ActionInput, Attendance, NewTask
from tasks.models.meeting_tables import Matter, Meeting, TaskRow
from tasks.models.tables import Order
from tasks.orders import act_within
from tasks.requests import noted_for, request_for
from tasks.rules.deadline import local_day
from tasks.rules.ladder import COMMITTEE
from tasks.rules.meetings import DECISIONS, JUST_NOTED, Typed, matter_of, steps_of
from tasks.views import name_of_actor

BY_THE_MEETING = "联席会议决定"
_ONCE_A_MEETING = frozenset({MatterKind.RAISED, MatterKind.FOLLOW_UP})  # still so after a decision
About = tuple[MatterKind, int | None, int | None]  # with the ids of an order and of a task


def prepare_meeting(kind: MeetingKind = MeetingKind.JOINT) -> int | None:
    """Brings the agenda of the meeting that is to come up to date, and gives its id. Again it adds what is
    new and drops what has been settled elsewhere. A weekly meeting is held anyway; a joint meeting only
    when there is something to decide: None when there is not."""
    try:
        return _prepare(kind)
    except IntegrityError:  # somebody else has just opened it
        return _prepare(kind)


def _prepare(kind: MeetingKind) -> int | None:
    with transaction(house().database) as session:
        meeting = _open_meeting(session, kind)
        if meeting is not None and _is_past(session, meeting):
            meeting.ended_at, meeting = utc_now(), None
            session.flush()
        wanted = set(_wanted(session, kind))
        if meeting is None and not wanted and kind is MeetingKind.JOINT:
            return None
        if meeting is None:
            meeting = Meeting(kind=kind, prepared_at=utc_now())
            session.add(meeting)
            session.flush()
        assert meeting.id is not None
        for matter in _matters(session, meeting.id):
            about = (matter.kind, matter.order_id, matter.task_id)
            if _is_out_of_date(matter, is_wanted=about in wanted):
                matter.dropped_at = utc_now()
            if _is_settled_for_now(matter):
                wanted.discard(about)
        for kind_of_matter, order_id, task_id in sorted(wanted, key=_on_the_agenda):
            session.add(
                Matter(
                    meeting_id=meeting.id, kind=kind_of_matter, order_id=order_id, task_id=task_id
                )
            )
        return meeting.id


def _open_meeting(session: Session, kind: MeetingKind) -> Meeting | None:
    wanted = select(Meeting).where(Meeting.kind == kind, col(Meeting.ended_at).is_(None))
    return session.exec(wanted.with_for_update()).first()


def _is_past(session: Session, meeting: Meeting) -> bool:
    """Whether a meeting of an earlier day was only forgotten to be ended: it has gone through its agenda."""
    zone = house().timezone
    if local_day(meeting.prepared_at, zone) >= local_day(utc_now(), zone):
        return False
    on_it = [one for one in _matters(session, meeting.id or 0) if one.dropped_at is None]
    return any(one.decided_at for one in on_it) and all(one.decided_at for one in on_it)


def _matters(session: Session, meeting: int) -> list[Matter]:
    wanted = select(Matter).where(Matter.meeting_id == meeting).order_by(col(Matter.id))
    return list(session.exec(wanted))


def _is_out_of_date(matter: Matter, *, is_wanted: bool) -> bool:
    """Whether it leaves the agenda: undecided and settled elsewhere, or put off and taken up again."""
    if matter.dropped_at is not None:
        return False
    return is_wanted if matter.decision is Decision.PUT_OFF else _waits(matter) and not is_wanted


def _waits(matter: Matter) -> bool:
    """Whether a matter that is still on the agenda can be taken up in this meeting."""
    return matter.decision in (None, Decision.PUT_OFF)


def _is_settled_for_now(matter: Matter) -> bool:
    """Whether the same need not be put on this agenda again."""
    if matter.decided_at is None:
        return matter.dropped_at is None
    return matter.kind in _ONCE_A_MEETING and not _waits(matter)


def _on_the_agenda(about: About) -> tuple[int, int, int]:
    kind, order, task = about
    return list(MatterKind).index(kind), order or 0, task or 0


def _wanted(session: Session, meeting: MeetingKind) -> Iterator[About]:
    """What has to be decided now: orders by the joint meeting, and by each what its like gave to do."""
    if meeting is MeetingKind.JOINT:
        yield from _orders_to_decide(session)
    tasks = (
        select(TaskRow)
        .join(Meeting, col(Meeting.id) == col(TaskRow.meeting_id))
        .where(col(TaskRow.done_at).is_(None), Meeting.kind == meeting)
    )
    for task in session.exec(tasks):
        yield MatterKind.FOLLOW_UP, None, task.id


def _orders_to_decide(session: Session) -> Iterator[About]:
    climbed = (col(Order.rung) >= COMMITTEE) & col(Order.status).in_(OPEN)
    asked = col(Order.asked_due_at).is_not(None)
    orders = select(Order).where(or_(col(Order.status) == Status.IN_MEETING, asked, climbed))
    for order in session.exec(orders):
        kind = matter_of(state_of(order))
        if kind is not None:
            yield kind, order.id, None


def decide_matter(
    matter: int, decision: Decision, typed: Typed, who: str, form: str | None = None
) -> int:
    """Writes a decision down and carries it out, both or neither; gives the meeting's id.

    `typed` may hold to, date, yuan, helpers and reason. The last decision ends the meeting, unless
    something was put off, which may be taken up again. `form` is the key of the form whose answer this
    is: the same answer again changes nothing. Raises UnknownMatter, AlreadyDecided, MatterMoot, BadInput
    and what the law raises.
    """
    with transaction(house().database) as session:
        found = _lock(session, matter)
        if form is not None and found.form == form:
            return found.meeting_id
        _check_undecided(session, found)
        if decision not in DECISIONS[found.kind]:
            raise BadInput(field="决定", problem=_what_can_be_decided(found.kind, decision))
        taken = typed if decision in JUST_NOTED else {"reason": typed.get("reason") or ""}
        noted = noted_for(decision.label, taken)
        if found.task_id is not None:
            _decide_task(session, found, decision, typed)
        else:
            _decide_order(session, found, decision, typed, who)
        found.decision, found.form = decision, form
        found.reason = noted.reason
        found.decided_at, found.decided_by = utc_now(), actor(session, who).id
        session.flush()
        _end_if_decided(session, found.meeting_id)
        return found.meeting_id


def _what_can_be_decided(kind: MatterKind, instead_of: Decision) -> str:
    allowed = "、".join(f"{one.label}（{one.value}）" for one in DECISIONS[kind])
    only = (
        f"只有提交会议的大心愿才能“{instead_of.label}”；"
        if instead_of is Decision.OPEN_FUNDING
        else ""
    )
    return f"{only}对“{kind.label}”可以：{allowed}。"


def _lock(session: Session, matter: int) -> Matter:
    """The matter, with its meeting locked: so the last two decisions at once end it, too."""
    of = session.exec(select(Matter.meeting_id).where(Matter.id == matter)).first()
    if of is None:
        raise UnknownMatter(matter=matter)
    session.exec(select(Meeting).where(Meeting.id == of).with_for_update()).one()
    return session.exec(select(Matter).where(Matter.id == matter).with_for_update()).one()


def _check_undecided(session: Session, found: Matter) -> None:
    about = _about(session, found)
    if found.decision is not None:
        raise AlreadyDecided(matter=found.id, about=about, decision=found.decision.label)
    if found.dropped_at is not None:
        why = "它已经在别处办了；又提上来的，在新的议程上。"
        raise MatterMoot(matter=found.id, about=about, why=why)
    meeting = session.get(Meeting, found.meeting_id)
    assert meeting is not None
    if meeting.ended_at is not None:
        why = "这次会议已经结束，它会在下次会议的议程上。"
        raise MatterMoot(matter=found.id, about=about, why=why)


def _about(session: Session, matter: Matter) -> str:
    if matter.order_id is not None:
        order = session.get(Order, matter.order_id)
        return order.number if order else ""
    task = session.get(TaskRow, matter.task_id) if matter.task_id else None
    return task.kind.label if task else ""


def _decide_order(
    session: Session, matter: Matter, decision: Decision, typed: Typed, who: str
) -> None:
    order = session.exec(select(Order).where(Order.id == matter.order_id).with_for_update()).one()
    if matter_of(state_of(order)) is not matter.kind:
        why = f"{order.number} 现在是“{order.status.label}”。"
        raise MatterMoot(matter=matter.id, about=order.number, why=why)
    if decision in JUST_NOTED:
        return
    steps = steps_of(matter.kind, order.status, decision, typed)
    requests = [_request(action, values) for action, values in steps]
    act_within(session, order.number, requests, who)
    final = requests[-1]
    matter.handler = (
        order.handler if decision in (Decision.APPOINT, Decision.OPEN_FUNDING) else None
    )
    matter.helpers = getattr(final, "helpers", "")
    matter.due = getattr(final, "date", None)
    matter.fen = getattr(final, "yuan", None)


def _request(action: Action, values: Typed) -> ActionInput:
    """A meeting's decision need not be explained again: that it decided is a reason."""
    needed = INPUTS[action].model_fields.get("reason")
    if needed is not None and needed.is_required():
        values = {**values, "reason": values.get("reason") or BY_THE_MEETING}
    return request_for(action, values)


def _decide_task(session: Session, matter: Matter, decision: Decision, typed: Typed) -> None:
    task = session.get(TaskRow, matter.task_id)
    assert task is not None
    if task.done_at is not None:
        why = f"{task.kind.label}已经办完。"
        raise MatterMoot(matter=matter.id, about=task.kind.label, why=why)
    if decision is Decision.DONE:
        task.done_at = utc_now()


def meeting_of(matter: int) -> int:
    """The id of the meeting that has a matter on its agenda. Raises UnknownMatter."""
    with reading(house().database) as session:
        found = session.get(Matter, matter)
        if found is None:
            raise UnknownMatter(matter=matter)
        return found.meeting_id


def end_meeting(meeting: int, who: str | None = None, came: Attendance | None = None) -> None:
    """Ends a meeting, unless it has ended, and notes who came and who wrote it down.

    What it has not decided comes onto the next agenda. The same again changes nothing. Raises UnknownId,
    and BadInput when somebody else has written the minutes.
    """
    with transaction(house().database) as session:
        found = session.get(Meeting, meeting, with_for_update=True)
        if found is None:
            return
        if found.ended_at is None:
            found.ended_at = utc_now()
        if who is not None:
            _write_minutes(session, found, who)
        if came is not None:
            write_attendance(session, found, came)


def _write_minutes(session: Session, meeting: Meeting, who: str) -> None:
    person = actor(session, who)
    if meeting.minutes_by not in (None, person.id):
        name = name_of_actor(session, str(meeting.minutes_by))
        raise BadInput(field="会议", problem=f"纪要已经由“{name}”写过，要改请由本人来改。")
    meeting.minutes_by = person.id


def _end_if_decided(session: Session, meeting: int) -> None:
    waiting = [
        matter
        for matter in _matters(session, meeting)
        if _waits(matter) and matter.dropped_at is None
    ]
    if not waiting:
        ended = session.get(Meeting, meeting)
        assert ended is not None
        ended.ended_at = utc_now()


def give_task(meeting: int, task: NewTask, who: str, form: str | None = None) -> None:
    """Writes down what a meeting gave somebody to do, once for the answer to a form.

    Raises UnknownId, and BadInput for a meeting that there is not.
    """
    with transaction(house().database) as session:
        if form and session.exec(select(TaskRow.id).where(TaskRow.form == form)).first():
            return
        if session.get(Meeting, meeting) is None:
            raise BadInput(field="会议", problem=f"没有编号为 {meeting} 的会议。")
        session.add(
            TaskRow(
                meeting_id=meeting,
                kind=task.kind,
                words=task.words,
                handler=handler_id(task.to) if task.to else None,
                due=task.date,
                actor=actor(session, who).id,
                at=utc_now(),
                form=form,
            )
        )


def newest_meeting(kind: MeetingKind = MeetingKind.JOINT) -> int | None:
    """The id of the last meeting of a kind, open or ended."""
    with reading(house().database) as session:
        wanted = select(Meeting.id).where(Meeting.kind == kind).order_by(col(Meeting.id).desc())
        return session.exec(wanted.limit(1)).first()
