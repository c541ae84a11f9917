"""One form per matter of a meeting: what it decided, and what else it gave somebody to do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flows.forms.answers import NONE, Answer
from flows.forms.fields import Fields, day, labels, pick, remembering, text, ticks, who
from tasks.attendance import expected_at
from tasks.errors import BadInput
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import Decision, MatterKind, TaskKind
from tasks.models.inputs import Attendance
from tasks.requests import attendance_for
from tasks.rules.funding import in_yuan

MATTER_FORM, TASK_FORM = "MatterForm", "TaskForm"
NO_MORE = "没有了，结束会议"
NOBODY_CAME = "还没有选到会的人和主持人：请在下面选；真的没有人到会，就再交一次。"
USUAL_TIME = timedelta(days=30)
_BETWEEN_NAMES = re.compile(r"[、，,；;\n]")
_WHO_CAME = ("present", "chair", "others")
_OF_AN_ORDER = frozenset(MatterKind) - {MatterKind.EXTENSION, MatterKind.FOLLOW_UP}
_WITH_HANDLER = frozenset({Decision.APPOINT, Decision.OPEN_FUNDING})


def matter_fields(matter: dict[str, Any], today: date) -> Fields:
    """操作人, 决定 and what the decision needs; the answer remembers which matter it is about."""
    kind = MatterKind(matter["kind"])
    choices = [Decision(choice).label for choice in matter["choices"]]
    decision = pick("决定", choices, choices[0])
    shown: Fields = {"who": who(), "decision": remembering(decision, matter=matter["id"])}
    if kind in _OF_AN_ORDER:
        names = [handler.name for handler in house().catalog.handlers.values()]
        shown["handler"] = pick("牵头单位（指派、筹集要选）", [NONE, *names], NONE)
        shown["date"] = day("到哪天", today + USUAL_TIME)
        shown["yuan"] = text("金额（元）（筹集要填：总共要多少）")
        shown["helpers"] = text("协办", most=200)
    shown["reason"] = text("说明（计划、意见、原因）")
    return shown


def matter_in(answer: Answer) -> int:
    """Which matter an answer is about."""
    return int(answer.shown["decision"]["matter"])


def decision_in(answer: Answer) -> Decision:
    """What was decided."""
    return Decision.by_label(answer.text("decision"))


def unusable(answer: Answer) -> dict[str, str]:
    """What was typed although the decision has no use for it: the fields, with their titles."""
    takes = {
        Decision.APPOINT: {"handler", "yuan", "helpers", "reason"},
        Decision.OPEN_FUNDING: {"handler", "yuan", "reason"},
    }.get(decision_in(answer), {"reason"})
    titles = {"handler": "牵头单位", "yuan": "金额", "helpers": "协办", "reason": "说明"}
    return {
        name: title
        for name, title in titles.items()
        if name not in takes and answer.text(name) not in ("", NONE)
    }


def check_lead(answer: Answer) -> None:
    """Raises BadInput when nobody was chosen to take the lead and somebody has to."""
    if decision_in(answer) in _WITH_HANDLER and answer.text("handler") in ("", NONE):
        raise BadInput(field="牵头单位", problem="请选择由谁牵头。")


def typed_in(answer: Answer, decision: Decision) -> dict[str, str]:
    """What the decision takes of what was typed."""
    typed = {"reason": answer.text("reason")}
    if decision in _WITH_HANDLER and "handler" in answer.values:
        handler = answer.text("handler")
        typed |= {"to": "" if handler == NONE else handler, "date": answer.text("date")}
        typed["yuan"] = answer.text("yuan")
        if decision is Decision.APPOINT:
            typed["helpers"] = answer.text("helpers")
    required = {"to"} | ({"yuan"} if decision is Decision.OPEN_FUNDING else set())
    return {name: value for name, value in typed.items() if value or name in required & set(typed)}


def describe_matter(matter: dict[str, Any], place: int, count: int) -> str:
    """What stands above the form of a matter; `words` are plain text already."""
    facts = [matter.get(name) or "" for name in ("urgency", "category", "grid", "handler")]
    if matter.get("rung"):
        facts.append(f"已上报到{matter['rung']}")
    lines = [
        f"**议题 {place}/{count} · {matter['kind_name']} {matter['order'] or ''}**",
        matter["plain_words"],
        "，".join(fact for fact in facts if fact),
    ]
    if matter.get("plain_why"):
        lines.append(f"为什么：{matter['plain_why']}")
    if matter.get("put_off"):
        lines.append(_put_off(matter["put_off"]))
    if matter.get("asked_until"):
        lines.append(f"申请延到 {matter['asked_until']}")
    if matter.get("target"):
        lines.append(_money(matter))
    return "\n\n".join(line for line in lines if line)


def _money(wish: dict[str, Any]) -> str:
    said = f"目标 {in_yuan(wish['target'])} 元，已有 {in_yuan(wish['received'])} 元"
    to_come = wish["outstanding"]
    return f"{said}，认领未到账 {in_yuan(to_come)} 元" if to_come else said


def _put_off(last: dict[str, str]) -> str:
    day = date.fromisoformat(last["day"])
    why = f"：{escaped(last['reason'])}" if last["reason"] else ""
    return f"上次（{day.month}月{day.day}日）以后再议{why}"


def task_fields(meeting: int, today: date, *, asked_who_came: bool = False) -> Fields:
    """What else somebody has to do, and who came; no more to do ends the meeting."""
    expected = expected_at(meeting)
    names = [handler.name for handler in house().catalog.handlers.values()]
    return {
        "who": who(),
        "kind": remembering(
            pick("还有要交办的吗", [NO_MORE, *labels(TaskKind)], NO_MORE), meeting=meeting
        ),
        "words": text("内容"),
        "handler": pick("交给谁", [NONE, *names], NONE),
        "date": day("到哪天", today + USUAL_TIME),
        "present": remembering(
            ticks("到会的人", [*expected.people, *expected.handlers]), asked=asked_who_came
        ),
        "chair": pick("主持人", [NONE, *expected.people], NONE),
        "others": text("其他到会的人（用顿号隔开）"),
    }


def came_in(answer: Answer) -> Attendance:
    """Who came, and who led the meeting. Raises BadInput."""
    others = [name for name in _BETWEEN_NAMES.split(answer.text("others")) if name.strip()]
    chair = answer.text("chair")
    present = [*(answer.values.get("present") or ()), *others]
    return attendance_for({"present": present, "chair": "" if chair == NONE else chair})


def asks_who_came(answer: Answer) -> bool:
    """Whether to ask once more: nobody stands there, and somebody might have overlooked the field."""
    came = came_in(answer)
    return not (came.present or came.chair or answer.shown["present"].get("asked", False))


def only_who_came(answer: Answer) -> Answer:
    """An answer without its task, which has been noted: what the next form keeps."""
    kept = {name: answer.values[name] for name in _WHO_CAME if name in answer.values}
    return replace(answer, values=kept)


def meeting_in(answer: Answer) -> int:
    """Which meeting an answer about tasks belongs to."""
    return int(answer.shown["kind"]["meeting"])


def task_in(answer: Answer) -> dict[str, str] | None:
    """The task that was typed; None when there are no more.

    Raises BadInput for one of no kind, until somebody says again that there are no more.
    """
    if answer.text("kind") == NO_MORE:
        was_preset = answer.shown["kind"].get("default") == NO_MORE
        if answer.text("words") and was_preset:
            raise BadInput(field="还有要交办的吗", problem="写了内容，请选它是哪一种。")
        return None
    typed = {
        "kind": TaskKind.by_label(answer.text("kind")).value,
        "words": answer.text("words"),
        "date": answer.text("date"),
    }
    handler = answer.text("handler")
    return typed if handler in (NONE, "") else {**typed, "to": handler}
