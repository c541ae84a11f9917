"""改心愿 in the Prefect UI: which wish, then its words to be changed."""

from __future__ import annotations

from prefect import flow

from flows.asking import connect
from flows.forms.answers import Answer
from flows.forms.fields import Fields, must, pick, text, who
from flows.one_form import Question, ask, ask_and_do
from tasks.desk import look_at
from tasks.done import Done
from tasks.editing import edit_wish, editable_wishes
from tasks.errors import BadInput
from tasks.requests import words_for


@flow(name="edit-wish", flow_run_name="改心愿")
async def change_wish() -> None:
    """Asks which wish, and shows what it says: it can be changed until somebody claims it."""
    hint = "**改心愿** · 没有人认领的，还可以改"
    which = Question("WishForm", hint, _wishes, nothing="没有还能改的心愿。")
    async with connect() as client:
        number = await ask(client, which, _number_in)
    if number:
        hint = f"**改心愿 {number}** · 原来写的会留着"
        question = Question("EditForm", hint, lambda: _words(number))
        await ask_and_do(question, lambda answer: _edit(number, answer))


def _wishes() -> Fields:
    lines = [choice.line for choice in editable_wishes()]
    return {"order": pick("哪个心愿", lines)} if lines else {}


def _number_in(answer: Answer) -> str:
    line = answer.text("order")
    if not line:
        raise BadInput(field="哪个心愿", problem="请选一个。")
    return line.split(" ")[0]


def _words(number: str) -> Fields:
    view = look_at(number)
    return {
        "who": who(),
        "words": must("内容", default=view.words),
        "place": text("地点", default=view.place, most=200),
        "reason": text("为什么改"),
    }


def _edit(number: str, answer: Answer) -> Done:
    typed = {name: answer.text(name) for name in ("words", "place", "reason")}
    if not edit_wish(number, words_for(typed), answer.who):
        raise BadInput(field="内容", problem="和原来一样，什么也没有改。")
    return Done(f"改心愿 · {number}", [number])
