"""What stands above a form: the order's words, place, deadline and history, as a table."""

from __future__ import annotations

import re

from tasks.desk import DeskView
from tasks.texts import shortened

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINK = re.compile(r"(?i)(https?|www)[:.]")
HISTORY_LINES = 8
WORDS_SHOWN = 1500


def escaped(words: str) -> str:
    """A resident's words as plain text inside a markdown table: no markup, no links, one line."""
    line = " ".join(words.split())
    return _LINK.sub("\\g<0>\u200b", _MARKDOWN.sub(r"\\\1", line))


def describe(view: DeskView, *, with_phone: bool, problem: str = "") -> str:
    """The description of an order's form. `problem` says why the last answer was not taken."""
    rows = [
        ("内容", escaped(shortened(view.words, WORDS_SHOWN))),
        ("地点", escaped(view.place)),
        ("类别 · 网格", " · ".join(part for part in (view.category, view.grid) if part)),
        ("紧急程度", "" if view.state.urgency == "normal" else f"{view.state.urgency.label}"),
        ("承办 · 党员", " · ".join(part for part in (view.handler, view.member) if part)),
        ("居民", escaped(view.resident_name)),
        ("电话", escaped(view.resident_phone) if with_phone else ""),
        ("期限", view.due),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows if value)
    warning = f"> ⚠️ {escaped(problem)}\n\n" if problem else ""
    rounds = f"（第 {view.state.round} 轮）" if view.state.round > 1 else ""
    head = f"{warning}**{view.state.number}** {view.state.kind.label} · {view.state.status.label}{rounds}"
    return f"{head}\n\n| 项目 | 情况 |\n| --- | --- |\n{table}\n\n{_history(view)}"


def _history(view: DeskView) -> str:
    lines = [
        f"| {deed.at} | {escaped(deed.who)} | {deed.action} | {escaped(shortened(deed.reason, 80))} |"
        for deed in view.history[-HISTORY_LINES:]
    ]
    return "| 时间 | 谁 | 做了什么 | 说明 |\n| --- | --- | --- | --- |\n" + "\n".join(lines)
