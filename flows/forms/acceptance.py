"""受理: what the community does with a new order."""

from __future__ import annotations

from flows.forms.answers import NONE, UNKNOWN_GRID, Answer
from flows.forms.fields import Fields, labels, pick, remembering, text, who
from flows.forms.options import (
    category_names,
    grid_names,
    handler_names,
    twin_lines,
    usual_handler,
)
from tasks.desk import DeskView
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import Action, Kind, Urgency
from tasks.models.inputs import ActionInput

NAME = "AcceptanceForm"
ACCEPT_AND_ASSIGN, ON_THE_SPOT = "受理并派单", "当场办结"
_USUAL = {
    Kind.APPEAL: ACCEPT_AND_ASSIGN,
    Kind.SMALL_WISH: Action.ACCEPT.label,  # published, and open to claim
    Kind.BIG_WISH: Action.REFER.label,
}


def fields(view: DeskView) -> Fields:
    """操作人, 操作, and what routing proposes."""
    steps = [ACCEPT_AND_ASSIGN, Action.ACCEPT.label, ON_THE_SPOT, Action.DECLINE.label]
    if view.state.kind is Kind.BIG_WISH:
        steps = [Action.ACCEPT.label, Action.DECLINE.label]
    steps += [Action.MERGE.label] * bool(view.twins) + [Action.REFER.label]
    handlers = handler_names(view)
    proposed = house().catalog.categories[view.suggested_category].name
    shown: Fields = {
        "who": who(),
        "step": pick("操作", steps, _USUAL[view.state.kind]),
        "handler": remembering(pick("承办方", handlers, handlers[0]), proposed=handlers[0]),
        "category": remembering(pick("类别", category_names(), proposed), proposed=proposed),
        "grid": pick("网格", grid_names(), view.grid or UNKNOWN_GRID),
        "urgency": pick("紧急程度", labels(Urgency), view.state.urgency.label),
        "reason": text("说明（当场办结、不予受理、提交会议要填）"),
        "instead": text("请居民到哪里办（不予受理要填）"),
    }
    if view.state.kind is Kind.BIG_WISH:
        del shown["handler"]
    if view.twins:
        shown["twin"] = pick("并入哪一单（并单要选）", twin_lines(view), NONE)
    return shown


def requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """The actions that the answer stands for. Raises BadInput when something needed is missing."""
    step = answer.text("step")
    if step == Action.DECLINE.label:
        return [decline(answer)]
    if step == Action.MERGE.label:
        return [merge(answer)]
    accept = answer.request(
        Action.ACCEPT,
        reason="",
        category=answer.text("category") or None,
        grid=_grid(answer),
        urgency=Urgency.by_label(answer.text("urgency") or Urgency.NORMAL.label),
    )
    if step == ACCEPT_AND_ASSIGN:
        return [accept, answer.request(Action.ASSIGN, to=_handler(answer))]
    if step == ON_THE_SPOT:
        return [accept, *_on_the_spot(answer)]
    if step == Action.REFER.label:
        return [accept, answer.request(Action.REFER)]
    return [accept]


def _on_the_spot(answer: Answer) -> list[ActionInput]:
    """The desk itself takes, claims and finishes: the person who acts is the member who did it."""
    catalog = house().catalog
    member = next((s.member for s in catalog.staff.values() if s.name == answer.who), "")
    return [
        answer.request(Action.ASSIGN, to=catalog.community.desk, reason=""),
        answer.request(Action.TAKE, reason=""),
        answer.request(Action.CLAIM, to=member, reason=""),
        answer.request(Action.FINISH),
    ]


def _handler(answer: Answer) -> str:
    """Who was chosen; whoever usually does it, when only the category was put right."""
    handler, category = answer.text("handler"), answer.text("category")
    proposed = {name: field.get("proposed") for name, field in answer.shown.items()}
    if handler != proposed.get("handler") or category == proposed.get("category"):
        return handler
    return usual_handler(category, answer.text("grid")) or handler


def _grid(answer: Answer) -> str | None:
    chosen = answer.text("grid")
    return None if chosen in ("", UNKNOWN_GRID) else chosen


def decline(answer: Answer) -> ActionInput:
    """不予受理: with the reason and where to go instead."""
    return answer.request(Action.DECLINE, instead=answer.text("instead"))


def merge(answer: Answer) -> ActionInput:
    """并单: into the order whose line was picked."""
    twin = answer.text("twin")
    if twin in ("", NONE):
        raise BadInput(field="并入哪一单", problem="请选择要并入的订单。")
    return answer.request(Action.MERGE, to=twin.split()[0])
