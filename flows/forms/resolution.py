"""办理: what happens while a member works on the order, on hold, in the meeting."""

from __future__ import annotations

from flows.forms.answers import Answer
from flows.forms.assignment import HOLD_DAYS
from flows.forms.fields import Fields, day, pick, text, who
from tasks.desk import DeskView
from tasks.models.enums import Action
from tasks.models.inputs import ActionInput

WORK_FORM, HOLD_FORM, MEETING_FORM = "WorkForm", "HoldForm", "MeetingForm"
TELL_RESIDENT = "进展（告诉居民）"
_WORK = (
    Action.FINISH.label,
    Action.REPORT.label,
    TELL_RESIDENT,
    Action.CONTACT.label,
    Action.HOLD.label,
    Action.RELEASE.label,
    Action.REASSIGN.label,
    Action.REFER.label,
)


def work_fields(view: DeskView) -> Fields:
    """操作人, 操作, 说明, 日期, and no more."""
    return {
        "who": who(),
        "step": pick("操作", _WORK, Action.FINISH.label),
        "reason": text("说明（要填：怎么办的、什么进展、为什么）"),
        "date": day("挂起到哪天（挂起用）", view.today + HOLD_DAYS),
    }


def work_requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """One action; 改派 is none yet: it opens its own form (see steps.py)."""
    step = answer.text("step")
    if step == TELL_RESIDENT:
        return [answer.request(Action.REPORT, tell_resident=True)]
    if step == Action.HOLD.label:
        return [answer.request(Action.HOLD, date=answer.text("date"))]
    return [answer.request(Action.by_label(step))]


def wants_reassignment(answer: Answer) -> bool:
    """Whether the coordinator asks for the form that reassigns."""
    return answer.form == WORK_FORM and answer.text("step") == Action.REASSIGN.label


def hold_fields(_view: DeskView) -> Fields:
    """恢复 or 撤单."""
    return _two_ways(Action.RESUME, Action.WITHDRAW)


def meeting_fields(view: DeskView) -> Fields:
    """退回一线 (where there is a line to go back to) or 撤单, until the meeting has its own run."""
    if view.state.before is None:
        return {"who": who(), "step": pick("操作", [Action.WITHDRAW.label]), "reason": text("说明")}
    return _two_ways(Action.SEND_BACK, Action.WITHDRAW)


def _two_ways(usual: Action, other: Action) -> Fields:
    return {
        "who": who(),
        "step": pick("操作", [usual.label, other.label], usual.label),
        "reason": text("说明"),
    }


def plain_requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """The one action that was picked."""
    return [answer.request(Action.by_label(answer.text("step")))]
