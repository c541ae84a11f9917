"""已告知: the coordinator calls or forwards, and ticks off. The form shows the phones; no list that stays does."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
from flows.boards import rewrite_boards
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import Fields, OrderForm, build_form, keeping, ticks, who
from tasks.by_hand import Errand, errands, mark_told
from tasks.errors import DiandanError
from tasks.markup import escaped

NAME = "ToldForm"
MOST = 60


@flow(name="told", flow_run_name="已告知")
async def tick_off() -> None:
    """Asks who was told, and ticks them off; a form without anybody ticked comes back."""
    async with connect() as client:
        answer, next_key = await last_answer(client, "told")
        problem = _tick(answer) if answer else ""
        if answer is None or problem:
            await _ask(answer, problem, next_key)
        else:
            await forget_forms(client, this_run_id())
            await rewrite_boards(client)


async def _ask(earlier: Answer | None, problem: str, key: str) -> None:
    form = _form(earlier, problem)
    if form is None:
        get_run_logger().info("没有要告知的人。")
        return
    await wait_for(form, key)


def _form(earlier: Answer | None, problem: str) -> type[OrderForm] | None:
    waiting = errands(MOST)
    if not waiting:
        return None
    fields: Fields = {"who": who(), "told": ticks("已经告诉了谁", [_line(one) for one in waiting])}
    fields = keeping(fields, earlier.values if earlier else {})
    hint = f"告诉过以后，在最下面选操作人，再选告诉了谁。共 {len(waiting)} 条："
    return build_form(NAME, fields, warning(problem) + "\n\n".join([hint, *map(_text, waiting)]))


def _line(one: Errand) -> str:
    """A tick's text; it begins with the message's id."""
    return f"{one.id} · {one.number} · {one.audience.label} {one.name}"


def _text(one: Errand) -> str:
    phone = f" · 电话 **{escaped(one.phone)}**" if one.phone else ""
    doubt = " · 可能已经收到，请先问一声" if one.doubtful else ""
    lines = "\n".join(f"{escaped(line)}  " for line in one.text.body.splitlines())
    return f"**{one.id}** {one.number} · {one.audience.label} {escaped(one.name)}{phone}{doubt}\n\n{lines}"


def _tick(answer: Answer) -> str:
    """Ticks off, once; gives the refusal in words."""
    ids = [int(str(line).split(" ", 1)[0]) for line in answer.values.get("told") or []]
    if not ids:
        return "还没有选已经告诉了谁，什么也没有改。"
    try:
        get_run_logger().info("已勾掉 %d 条。", mark_told(ids, answer.who))
    except DiandanError as error:
        return str(error)
    return ""
