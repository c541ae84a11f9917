"""登记一段群聊: its form of drafts, to tick, correct and place together; and what the filled form asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from config.catalog import ChatGroup
from flows.forms.answers import UNKNOWN_GRID, Answer
from flows.forms.description import warning
from flows.forms.fields import (
    Fields,
    OrderForm,
    build_form,
    keeping,
    labels,
    must,
    pick,
    remembering,
    who,
)
from flows.forms.options import category_names, grid_names
from tasks.chats import Draft, Pasted
from tasks.errors import BadInput
from tasks.house import house
from tasks.intake import examine
from tasks.markup import escaped
from tasks.models.enums import Kind, Source, Urgency
from tasks.models.inputs import Place
from tasks.rules.deadline import local_time

NAME = "ChatForm"
NOT, URGENT = "不登记", "诉求（紧急）"
ON_A_PAGE = 12
NOBODY = "没有写是谁"


def chat_form(
    drafts: Sequence[Draft], pasted: Pasted, group: ChatGroup, before: Answer | None, problem: str
) -> type[OrderForm]:
    """The form of the next drafts, with what an earlier answer to the same ones held."""
    page = drafts[:ON_A_PAGE]
    typed = _typed(before) if before else {}
    grid = house().catalog.grids.get(group.grid or "")
    usual = grid.name if grid else UNKNOWN_GRID
    fields: Fields = {"who": who(), "grid": pick("网格", grid_names(), usual)}
    kept = {"grid": before.text("grid")} if before else {}
    for number, draft in enumerate(page, 1):
        fields.update(_fields(number, draft))
        kept |= {f"{name}_{number}": value for name, value in typed.get(draft.id, {}).items()}
    fields = keeping(fields, kept)
    return build_form(NAME, fields, _description(page, len(drafts), pasted, group, problem))


def _typed(answer: Answer) -> dict[str, dict[str, str]]:
    """What was typed, by draft: another form may show another draft in the same place."""
    return {
        draft["id"]: {
            name: answer.text(f"{name}_{number}") for name in ("kind", "words", "category")
        }
        for number, draft in _drafts_in(answer)
    }


def ids_shown(answer: Answer) -> list[str]:
    """The drafts of the form that was answered."""
    return [draft["id"] for _number, draft in _drafts_in(answer)]


def requests_in(answer: Answer) -> list[Place]:
    """The orders that the form was ticked for. Raises BadInput that tells each draft that is not right."""
    requests: list[Place] = []
    problems: list[str] = []
    for number, draft in _drafts_in(answer):
        kind = answer.text(f"kind_{number}")
        if kind == NOT:
            continue
        request, errors = examine(_values(answer, number, kind, draft))
        if request is not None:
            requests.append(request)
        problems += [f"第 {number} 条：{error}" for error in errors]
    if problems:
        raise BadInput(field="聊天里的话", problem=" ".join(problems))
    return requests


def _fields(number: int, draft: Draft) -> Fields:
    likely = draft.kind.label if draft.kind and not draft.twin else NOT
    likely = URGENT if draft.urgent and not draft.twin else likely
    category = house().catalog.categories[draft.category].name

    who_when = " ".join(filter(None, (draft.name or NOBODY, _time(draft.at))))
    kind = pick(
        f"{number} · {who_when}",
        [Kind.APPEAL.label, URGENT, *labels(Kind)[1:], NOT],
        likely,
    )
    at = draft.at.isoformat() if draft.at else None
    return {
        f"kind_{number}": remembering(
            kind, draft={"id": draft.id, "resident": draft.resident, "phone": draft.phone, "at": at}
        ),
        f"words_{number}": must(f"{number} · 内容", default=draft.words),
        f"category_{number}": pick(f"{number} · 类别", category_names(), category),
    }


def _time(at: datetime | None) -> str:
    return local_time(at, house().timezone) if at else ""


def _drafts_in(answer: Answer) -> Iterator[tuple[int, dict[str, Any]]]:
    for number in range(1, ON_A_PAGE + 1):
        if draft := answer.shown.get(f"kind_{number}", {}).get("draft"):
            yield number, draft


def _values(answer: Answer, number: int, kind: str, draft: Mapping[str, Any]) -> dict[str, Any]:
    grid = answer.text("grid")
    return {
        "kind": Kind.APPEAL if kind == URGENT else Kind.by_label(kind),
        "urgency": Urgency.URGENT if kind == URGENT else Urgency.NORMAL,
        "words": answer.text(f"words_{number}"),
        "category": answer.text(f"category_{number}"),
        "grid": None if grid == UNKNOWN_GRID else grid,
        "source": Source.CHAT.value,
        "external_id": draft["id"],
        "resident": draft["resident"],
        "phone": draft["phone"],
        "asked_at": draft["at"],
    }


def _description(
    page: Sequence[Draft], waiting: int, pasted: Pasted, group: ChatGroup, problem: str
) -> str:
    more = f"（先看 {len(page)} 条，其余的在下一张表）" if waiting > len(page) else ""
    parts = [
        f"**{escaped(group.name)}**：{waiting} 条话可以登记{more}。每条先选种类，不用登记的选“{NOT}”（清空内容不算）；内容可以改。",
        *(
            f"第 {number} 条很像 {escaped(draft.twin)}，所以先选了“{NOT}”。"
            for number, draft in enumerate(page, 1)
            if draft.twin
        ),
        left_out_line(pasted),
    ]
    return warning(problem) + "\n\n".join(filter(None, parts))


def left_out_line(pasted: Pasted, *, with_words: bool = True) -> str:
    """What of the chat is not among the drafts, in one line; "" for nothing. A log keeps no words."""
    parts = [f"{why} {count} 条" for why, count in pasted.left_out.items()]
    if pasted.before:
        lines = pasted.before if with_words else (line.split(" ")[0] for line in pasted.before)
        parts.append(f"以前登记过 {len(pasted.before)} 条（{escaped('；'.join(lines))}）")
    return "没有列出：" + "、".join(parts) + "。" if parts else ""
