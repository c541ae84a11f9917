"""没送到的消息 in the Prefect UI: tick what did not arrive, and say what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prefect import flow

from flows.asking import connect
from flows.forms.answers import Answer
from flows.forms.fields import Fields, pick, ticks, who
from flows.news import spread_news
from flows.one_form import Question, ask_and_do
from flows.pages import named
from tasks.arrivals import (
    AGAIN,
    CALL,
    RECEIVED,
    Undelivered,
    call_instead,
    mark_received,
    send_again,
    undelivered,
)
from tasks.clock import utc_now
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.markup import escaped
from tasks.rules.deadline import local_time

MOST = 60
DEEDS: dict[str, Callable[[Sequence[int], str], int]] = {
    RECEIVED: mark_received,
    AGAIN: send_again,
    CALL: call_instead,
}
SAID = {
    RECEIVED: "对方收到了 {} 条",
    AGAIN: "再发一次 {} 条",
    CALL: "要打电话 {} 条，打过以后在“已告知”里打勾",
}


@flow(name="undelivered", flow_run_name="没送到的消息")
async def mend_messages() -> None:
    """Asks which messages arrived all the same, are sent again or told by a call."""
    hint = "\n\n".join(["**没送到的消息** · 先问过对方，再选操作", *map(_whom, undelivered(MOST))])
    question = Question("UndeliveredForm", hint, _fields, nothing="没有没送到的消息。")
    await ask_and_do(question, _do)
    async with connect() as client:
        await spread_news(client)


def _fields() -> Fields:
    waiting = undelivered(MOST)
    if not waiting:
        return {}
    return {
        "who": who(),
        "which": ticks("哪几条", [_line(one) for one in waiting]),
        "what": pick("操作", list(DEEDS)),
    }


def _line(one: Undelivered) -> str:
    """A tick's text; it begins with the message's id."""
    parts = (one.number, named(one.audience, one.name), one.event.label, one.why)
    return f"{one.id} · " + " · ".join(filter(None, parts))


def _whom(one: Undelivered) -> str:
    """Whom to ask about it, and how."""
    phone = f" · 电话 **{escaped(one.phone)}**" if one.phone else ""
    about = f"{one.number or one.event.label} · {escaped(named(one.audience, one.name))}{phone}"
    when = local_time(one.written_at, house().timezone, utc_now())
    return f"**{one.id}** {about} · “{one.event.label}”，{when} 写的：{escaped(one.why)}"


def _do(answer: Answer) -> Done:
    ids = [int(str(line).split(" ", 1)[0]) for line in answer.values.get("which") or []]
    what = str(answer.values.get("what"))
    if not ids:
        raise BadInput(field="哪几条", problem="还没有选，什么也没有改。")
    if what not in DEEDS:
        raise BadInput(field="操作", problem=f"请选{'、'.join(DEEDS)}。")
    return Done(SAID[what].format(DEEDS[what](ids, answer.who)))
