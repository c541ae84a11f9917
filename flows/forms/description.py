"""What stands above a form: the order's words, place, deadline and history, as a table."""

from __future__ import annotations

import re
from itertools import groupby

from tasks.desk import DeskView
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import Urgency
from tasks.texts import shortened

_KEYS = re.compile(r"（[a-z_]+）")
HISTORY_LINES = 8
WORDS_SHOWN = 1500


def warning(problem: str) -> str:
    """What was not right, above a form; "" for nothing. Names of keys are for programs."""
    return f"**⚠️ {escaped(_KEYS.sub('', problem))}**\n\n" if problem else ""


def describe(view: DeskView, fields: int, *, with_phone: bool, problem: str = "") -> str:
    """The description of an order's form of so many fields. `problem` says why the last answer was not taken.

    Low, because the dialog is: the first fields have to be seen below it on a small screen. So the
    words are the table's head, and deeds of one moment are one line.
    """
    state = view.state
    rows = [
        ("内容", escaped(shortened(view.words, WORDS_SHOWN))),
        ("原来写的", escaped(shortened(view.first_words, WORDS_SHOWN))),
        _joined(("地点", escaped(view.place)), ("最初提出", view.first_asked)),
        _joined(("类别", view.category or _guess(view)), ("网格", view.grid)),
        ("款项", view.books),
        _joined(("承办", view.handler), ("党员", view.member), ("帮手", "、".join(view.helpers))),
        _joined(
            ("居民", escaped(view.resident_name)),
            ("电话", escaped(view.resident_phone) if with_phone else ""),
        ),
    ]
    shown = [f"| {name} | {value} |" for name, value in rows if value]
    table = "\n".join([shown[0], "| --- | --- |", *shown[1:]])
    urgency = "" if state.urgency is Urgency.NORMAL else f" · **{state.urgency.label}**"
    rounds = f"（第 {state.round} 轮）" if state.round > 1 else ""
    due = f" · 期限 {view.due}" if view.due else ""
    head = f"**{state.number}** {state.kind.label} · {state.status.label}{rounds}{urgency}{due}"
    twins = "、".join(escaped(twin) for twin in view.twins[:3])
    alike = f"**很像：{twins}**，是同一件就选并单\n\n" if twins else ""
    return f"{warning(problem)}{alike}{head} · 往下拉共 {fields} 栏\n\n{table}\n\n{_history(view)}"


def _guess(view: DeskView) -> str:
    """What the words suggest, as a guess."""
    return f"猜是 **{house().catalog.categories[view.suggested_category].name}**，请核对"


def _joined(*parts: tuple[str, str]) -> tuple[str, str]:
    """Two facts as one row; what is not known is left out, its name too."""
    known = [(name, value) for name, value in parts if value]
    return " · ".join(name for name, _ in known), " · ".join(value for _, value in known)


def _history(view: DeskView) -> str:
    """The last deeds, the deeds of one submit together."""
    lines: list[str] = []
    recent = view.history[-HISTORY_LINES:]
    for (at, who), deeds in groupby(recent, key=lambda deed: (deed.at, deed.who)):
        done = "、".join(
            deed.action + (f"（{escaped(shortened(deed.reason, 80))}）" if deed.reason else "")
            for deed in deeds
        )
        lines.append(f"{at} {escaped(who)}：{done}")
    return "  \n".join(lines)
