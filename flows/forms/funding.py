"""筹集: who promises what, and what has come, while money is raised for a big wish."""

from __future__ import annotations

import re

from flows.forms.answers import NONE, Answer
from flows.forms.fields import Fields, labels, pick, text, who
from tasks.desk import DeskView
from tasks.errors import BadInput
from tasks.models.enums import Action, PledgeKind
from tasks.models.inputs import ActionInput

NAME = "FundingForm"
AT_ONCE = "认领并到账"
OPENLY, HIDDEN = "公开", "不公开"
_NUMBER = re.compile(r"第 (\d+) 笔")


def fields(view: DeskView) -> Fields:
    """认领并到账, 认领资助, 到账 (of what was promised), 进展 or 撤单."""
    steps = [AT_ONCE, Action.PLEDGE.label]
    steps += [Action.RECEIVE.label] * bool(view.promises)
    steps += [Action.REPORT.label, Action.WITHDRAW.label]
    shown: Fields = {
        "who": who(),
        "step": pick("操作", steps, AT_ONCE),
        "donor": text("资助方（认领要填）"),
        "yuan": text("金额（元），物资、劳务折成钱"),
        "kind": pick("给什么", labels(PledgeKind), PledgeKind.MONEY.label),
        "publicity": pick("名字", [OPENLY, HIDDEN], OPENLY),
    }
    if view.promises:
        shown["promise"] = pick("哪一笔到账了（到账要选）", [NONE, *view.promises], NONE)
    shown["reason"] = text("说明")
    return shown


def requests(_view: DeskView, answer: Answer) -> list[ActionInput]:
    """One action, or two: what was promised and has come at once."""
    step = answer.text("step")
    if step == AT_ONCE:
        return [_pledge(answer), answer.request(Action.RECEIVE, yuan=answer.text("yuan"))]
    if step == Action.PLEDGE.label:
        return [_pledge(answer)]
    if step == Action.RECEIVE.label:
        return [receive(answer, answer.text("promise"))]
    return [answer.request(Action.by_label(step))]


def _pledge(answer: Answer) -> ActionInput:
    return answer.request(
        Action.PLEDGE,
        donor=answer.text("donor"),
        kind=PledgeKind.by_label(answer.text("kind")),
        yuan=answer.text("yuan"),
        anonymous=answer.text("publicity") == HIDDEN,
    )


def receive(answer: Answer, line: str) -> ActionInput:
    """What has come of the pledge in a line of a pick list. Raises BadInput when none was picked."""
    number = _NUMBER.search(line)
    if number is None:
        raise BadInput(field="哪一笔到账了", problem="请选择是哪一笔认领。")
    return answer.request(Action.RECEIVE, pledge=number[1], yuan=answer.text("yuan"))
