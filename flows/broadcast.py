"""向群众发声 and 撤回发声 in the Prefect UI: a draft, a look at whom it reaches and how it reads, and then it goes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger

from config.catalog import ChannelKind
from flows.asking import connect, this_run_id
from flows.broadcast_words import COLUMNS, KINDS, from_when, row_of, whom
from flows.forms.answers import Answer
from flows.forms.fields import Fields, day, must, pick, remembering, text, who
from flows.links import artifact_link
from flows.news import spread_news
from flows.one_form import Question, ask_and_do, ask_until_sure
from flows.pages import put_on_run, table
from tasks.broadcast_preview import Reading, preview_broadcast
from tasks.broadcasts import (
    WORTH_SAYING,
    broadcast_of,
    broadcasts_json,
    call_off,
    send_broadcast,
)
from tasks.clock import utc_now
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.markup import escaped
from tasks.models.broadcast_inputs import MAX_SAID, MAX_TITLE, NewBroadcast
from tasks.reach import Reach, all_targets
from tasks.requests import broadcast_for
from tasks.rules.deadline import local_day

NOW = "现在"
CALM, URGENT = "不急，夜里不打扰", "紧急，夜里也发"
SEND, CHANGE, LEAVE = "发出", "改一改", "不发"
LANGUAGES = {"zh-CN": "", "en": "（英文）"}
RECENT = 10


@flow(name="broadcast", flow_run_name="向群众发声")
async def speak_to_many() -> None:
    """Asks what is said to whom, shows whom it reaches and how it reads, and sends it once."""
    hint = "**向群众发声** · 交表以后先看发给谁、怎么写，再发"
    draft = Question("BroadcastForm", hint, _fields)
    await ask_until_sure(draft, _look, lambda answer: answer.text("what") == CHANGE, _send)
    async with connect() as client:
        await spread_news(client)
        await _show_so_far(client)


@flow(name="call-off-broadcast", flow_run_name="撤回发声")
async def call_off_broadcast() -> None:
    """Shows what became of the last broadcasts, and stops what of one has not gone yet."""
    rows = [row_of(one, escaped) for one in broadcasts_json(RECENT)]
    hint = f"**撤回发声** · 已经发出的收不回来\n\n{table(COLUMNS, rows)}"
    question = Question("CallOffForm", hint, _waiting, nothing="没有还没发完的群众发声。")
    await ask_and_do(question, _call_off)
    async with connect() as client:
        await spread_news(client)


# --- the draft --------------------------------------------------------------------------------------


def _fields() -> Fields:
    targets = all_targets()
    last = local_day(utc_now() + WORTH_SAYING, house().timezone)
    return {
        "who": who(),
        "to": remembering(pick("发给谁", list(targets)), targets=targets),
        "title": must("标题", MAX_TITLE),
        "text": must("内容", MAX_SAID),
        "when": text("什么时候发（写“现在”，或者像 2026-09-15 09:00）", NOW, most=40),
        "last_day": day("到哪天还值得说", last),
        "urgent": pick("急不急", [CALM, URGENT], CALM),
        "title_en": text("英文标题（可以不写；写“没有”就取消）"),
        "text_en": text("英文内容（可以不写；写“没有”就取消）"),
    }


def _new(answer: Answer) -> NewBroadcast:
    names, english = ("title", "text", "last_day"), ("title_en", "text_en")
    return broadcast_for(
        {
            **{name: answer.text(name) for name in names},
            **{name: answer.optional(name) for name in english},
            "to": answer.picked("to", "targets"),
            "not_before": _moment(answer.text("when")),
            "urgent": answer.text("urgent") == URGENT,
        }
    )


def _moment(typed: str) -> datetime | None:
    """A local time as it is typed, None for now."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    if plain in ("", NOW):
        return None
    try:
        moment = datetime.fromisoformat(plain)
        local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(house().timezone))
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        problem = "写“现在”，或者像 2026-09-15 09:00 这样写。"
        raise BadInput(field="什么时候发", problem=problem) from None


# --- a look at it -----------------------------------------------------------------------------------


def _look(answer: Answer) -> Question:
    _ = answer.who  # nobody is asked twice for it
    draft = preview_broadcast(_new(answer))
    parts = [
        f"**{escaped(draft.title)}** · 发给 {escaped(draft.target)} · "
        f"{from_when(draft.not_before, draft.expires_at)}",
        _whom(draft.reach),
        *map(_read, draft.readings),
    ]
    choices = {"what": pick("发不发", [SEND, CHANGE, LEAVE])}
    return Question("SureForm", "\n\n".join(parts), lambda: choices)


def _whom(reach: Reach) -> str:
    return "\n".join(f"- {escaped(line)}" for line in whom(reach))


def _read(reading: Reading) -> str:
    """What is read on one kind of channel, as plain text."""
    head = (
        f"**{KINDS[reading.kind]}{LANGUAGES.get(reading.locale, '')}**{''.join(_remarks(reading))}"
    )
    subject = [f"标题：{reading.text.subject}", ""] * (reading.kind is ChannelKind.MAIL)
    lines = [*subject, *reading.text.body.splitlines()]
    return f"{head}\n\n" + "\n".join(f"{escaped(line)}  " for line in lines)


def _remarks(reading: Reading) -> Iterator[str]:
    if reading.is_cut:
        yield " · 太长，后面的这个渠道发不下"
    if reading.parts:
        yield f" · 算 {reading.parts} 条短信"


# --- it goes ----------------------------------------------------------------------------------------


def _send(draft: Answer, sure: Answer) -> Done:
    what = sure.text("what")
    if what == LEAVE:
        return Done("向群众发声 · 没有发")
    if what != SEND:
        raise BadInput(field="发不发", problem=f"请选{SEND}、{CHANGE}或{LEAVE}。")
    new = _new(draft)
    sent = send_broadcast(new, draft.who, str(this_run_id()))
    return Done(f"向群众发声 {sent.id} · {new.title} · {sent.reach.messages} 条")


async def _show_so_far(client: PrefectClient) -> None:
    """What has become of this run's broadcast until now, on its own page."""
    found = broadcast_of(str(this_run_id()))
    if found is None:
        return
    title = f"向群众发声 {found['id']}"
    shown = await put_on_run(client, title, f"# {title}\n\n{_so_far(found)}")
    get_run_logger().info("%s", artifact_link(shown.id))


def _so_far(found: dict[str, Any]) -> str:
    later = "这是刚写好时的样子；以后发到哪里了，启动“撤回发声”看。"
    return f"{table(COLUMNS, [row_of(found, escaped)])}\n\n{_whom(Reach.from_json(found['reach']))}\n\n{later}"


# --- 撤回发声 -----------------------------------------------------------------------------------------


def _waiting() -> Fields:
    lines = {
        f"{one['id']} · {one['title']} · {one['to_name']} · 还有 {one['waits']} 条没发": one["id"]
        for one in broadcasts_json()
        if one["waits"] and not one["called_off_at"]
    }
    if not lines:
        return {}
    return {"who": who(), "which": remembering(pick("撤回哪一个", list(lines)), ids=lines)}


def _call_off(answer: Answer) -> Done:
    id = answer.picked("which", "ids")
    done = call_off(id, answer.who)
    return Done(f"撤回发声 {id} · 拦下 {done.stopped} 条，已经发出 {done.gone} 条")
