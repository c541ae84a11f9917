"""派单、接单、认领: from the community to a unit to a member."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flows.forms.acceptance import decline, merge
from flows.forms.answers import NONE, Answer
from flows.forms.fields import Fields, day, pick, text, who
from flows.forms.options import (
    handler_names,
    other_handler_names,
    twin_lines,
)
from tasks.desk import DeskView
from tasks.directory import member_lines
from tasks.models.enums import Action, Kind
from tasks.models.inputs import ActionInput

ASSIGN_FORM, TAKE_FORM, CLAIM_FORM, REASSIGN_FORM = (
    "AssignForm",
    "TakeForm",
    "ClaimForm",
    "ReassignForm",
)
TAKE_AND_CLAIM = "代单位接单并认领"
STAY = "不改派了"
WHY_A_MEETING = "大心愿由会议立项"  # the reason of every one of them
HOLD_DAYS = timedelta(days=7)


def assign_fields(view: DeskView) -> Fields:
    """For what is accepted but has no handler yet."""
    steps = [Action.ASSIGN.label, Action.DECLINE.label]
    usual = Action.ASSIGN.label
    if view.state.kind is Kind.BIG_WISH:
        steps, usual = [Action.REFER.label, Action.DECLINE.label], Action.REFER.label
    if view.state.kind is Kind.SMALL_WISH:
        steps, usual = [Action.CLAIM.label, *steps], Action.CLAIM.label
    steps += [Action.MERGE.label] * bool(view.twins) + [Action.HOLD.label]
    if view.state.kind is not Kind.BIG_WISH:
        steps.append(Action.REFER.label)
    shown: Fields = {"who": who(), "step": pick("操作", steps, usual)}
    if view.state.kind is Kind.SMALL_WISH:
        members = member_lines()
        shown["member"] = pick("党员（认领要选）", [NONE, *members], _earlier(view, members))
    if view.state.kind is not Kind.BIG_WISH:
        handlers = handler_names(view)
        shown["handler"] = pick("承办方（派单用）", handlers, handlers[0])
    shown["reason"] = text("说明（不予受理、挂起、提交会议要填）")
    shown["instead"] = text("请居民到哪里办（不予受理要填）")
    shown["date"] = day("挂起到（挂起用）", view.today + HOLD_DAYS)
    if view.twins:
        shown["twin"] = pick("并入哪一单（并单要选）", twin_lines(view), NONE)
    return shown


def _earlier(view: DeskView, members: Mapping[str, str]) -> str:
    """The member who had the wish in the round before, proposed first."""
    return next((line for line, id in members.items() if id == view.state.previous_member), NONE)


def assign_requests(view: DeskView, answer: Answer) -> list[ActionInput]:
    """派单, 认领, 不予受理, 并单, 挂起 or 提交会议."""
    step = answer.text("step")
    if step == Action.DECLINE.label:
        return [decline(answer)]
    if step == Action.MERGE.label:
        return [merge(answer)]
    if step == Action.HOLD.label:
        return [answer.request(Action.HOLD, date=answer.text("date"))]
    if step == Action.REFER.label:
        usual = WHY_A_MEETING if view.state.kind is Kind.BIG_WISH else ""
        return [answer.request(Action.REFER, reason=answer.text("reason") or usual)]
    if step == Action.CLAIM.label:
        chosen = "" if answer.text("member") == NONE else answer.text("member")
        return [answer.request(Action.CLAIM, to=member_lines().get(chosen, chosen))]
    return [answer.request(Action.ASSIGN, to=answer.text("handler"))]


def take_fields(view: DeskView) -> Fields:
    """The unit's answer, given by phone to the desk."""
    return _handler_answer(
        view, [TAKE_AND_CLAIM, Action.TAKE.label, Action.RETURN.label, Action.REASSIGN.label]
    )


def claim_fields(view: DeskView) -> Fields:
    """Who of the unit takes it in hand."""
    return _handler_answer(view, [Action.CLAIM.label, Action.RETURN.label, Action.REASSIGN.label])


def _handler_answer(view: DeskView, steps: list[str]) -> Fields:
    others = other_handler_names(view)
    return {
        "who": who(),
        "step": pick("操作", steps, steps[0]),
        "member": pick("党员", view.members or [NONE], view.members[0] if view.members else NONE),
        "reason": text("说明（退单、改派要填）"),
        "handler": pick("改派给（改派用）", others, others[0]),
    }


def handler_requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """接单并认领, 接单, 认领, 退单 or 改派."""
    step = answer.text("step")
    if step == Action.RETURN.label:
        return [answer.request(Action.RETURN)]
    if step == Action.REASSIGN.label:
        return [answer.request(Action.REASSIGN, to=answer.text("handler"))]
    take = answer.request(Action.TAKE, reason="")
    claim = answer.request(Action.CLAIM, to=answer.text("member"), reason="")
    return {TAKE_AND_CLAIM: [take, claim], Action.TAKE.label: [take]}.get(step, [claim])


def reassign_fields(view: DeskView) -> Fields:
    """The second form that 改派 opens while a member works on the order."""
    others = other_handler_names(view)
    return {
        "who": who(),
        "step": pick("操作", [Action.REASSIGN.label, STAY], Action.REASSIGN.label),
        "handler": pick("改派给", others, others[0]),
        "reason": text("说明（改派要填）"),
    }


def is_reassignment(answer: Answer) -> bool:
    """Whether it is the second form that was answered."""
    return answer.form == REASSIGN_FORM


def stays(answer: Answer) -> bool:
    """Whether the coordinator has thought better of it."""
    return is_reassignment(answer) and answer.text("step") == STAY


def reassign_requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """改派."""
    return [answer.request(Action.REASSIGN, to=answer.text("handler"))]
