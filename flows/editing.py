"""改心愿 in the Prefect UI: which wish, then its words to be changed."""

from __future__ import annotations

from prefect import flow

from flows.forms.answers import NONE, Answer
from flows.forms.fields import Fields, must, pick, remembering, text, who
from flows.one_form import Question, ask_twice
from tasks.done import Done
from tasks.editing import edit_wish, editable_wishes, still_said
from tasks.errors import BadInput
from tasks.requests import words_for


@flow(name="edit-wish", flow_run_name="改心愿")
async def change_wish() -> None:
    """Asks which wish, and shows what it says: it can be changed until somebody claims it."""
    hint = "**改心愿** · 没有人认领的，还可以改"
    which = Question("WishForm", hint, _wishes, nothing="没有还能改的心愿。")
    await ask_twice(which, _number_in, _about, _edit)


def _about(number: str) -> Question:
    hint = f"**改心愿 {number}** · 原来写的会留着"
    claimed = "这个心愿刚刚有人认领了，或者已经办结，内容不能再改。"
    return Question("EditForm", hint, lambda: _words(number), nothing=claimed)


def _wishes() -> Fields:
    lines = [choice.line for choice in editable_wishes()]
    return {"order": pick("哪个心愿", lines)} if lines else {}


def _number_in(answer: Answer) -> str:
    line = answer.text("order")
    if not line:
        raise BadInput(field="哪个心愿", problem="请选一个。")
    return line.split(" ")[0]


def _words(number: str) -> Fields:
    said = still_said(number)
    if said is None:
        return {}
    words, place = said
    return {
        "who": who(),
        "words": remembering(must("内容", default=words), said=list(said)),
        "place": text("地点（没有就写“无”）", default=place, most=200),
        "reason": text("为什么改"),
    }


def _edit(number: str, answer: Answer) -> Done:
    typed = {name: answer.text(name) for name in ("words", "place", "reason")}
    if typed["place"] == NONE:
        typed["place"] = ""
    words, place = answer.shown["words"]["said"]
    if not edit_wish(number, words_for(typed), answer.who, (words, place)):
        raise BadInput(field="内容", problem="和原来一样（清空不算），什么也没有改。")
    return Done(f"改心愿 · {number}", [number])
