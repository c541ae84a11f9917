"""登记一段群聊: a chat is pasted, its messages come back as drafts, and the ticked ones become orders in one go."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger
from pydantic import BaseModel, create_model

from flows.asking import attempts, connect, forget_forms, stored_answer, this_run_id, wait_for
from flows.forms.answers import Answer
from flows.forms.chat import chat_form, ids_shown, left_out_line, requests_in
from flows.forms.fields import OrderForm, must, pick, positioned, who
from flows.links import run_link
from flows.news import spread_news
from flows.runs import start_runs
from flows.tags import DESK, UNFINISHED
from tasks.bulk import numbers_stored
from tasks.chats import Pasted, drafts_of, place_drafts
from tasks.clock import utc_now
from tasks.errors import DiandanError
from tasks.house import house
from tasks.models.enums import Source
from tasks.wakes import run_of

_START_FIELDS = {
    "who": who(),
    "group": pick("哪个群", [group.name for group in house().catalog.chat_groups.values()]),
    "text": must("聊天记录（在微信里选中、复制，再粘贴到这里）"),
}
ChatStart: Any = create_model("ChatStart", __base__=BaseModel, **positioned(_START_FIELDS))


@dataclass
class SoFar:
    """What the forms so far have come to; the last one's answer and the sentence when it was refused."""

    forms: int = 0
    dealt_with: list[str] = field(default_factory=list)  # drafts, by their ids
    refused: Answer | None = None
    problem: str = ""


@flow(name="register-chat", flow_run_name="登记群聊")
async def register_chat(群聊: ChatStart) -> None:
    """Offers what was said as drafts, a page at a time, and places those that somebody ticks."""
    async with connect() as client:
        pasted_in = 群聊.model_dump()
        groups = house().catalog.chat_groups.values()
        group = next(group for group in groups if group.name == pasted_in["group"])
        so_far = await _take_answers(client)
        numbers = await _carry_on(client, so_far.dealt_with)
        pasted_at = (await client.read_flow_run(this_run_id())).created or utc_now()
        pasted = _but(drafts_of(pasted_in["text"], group, pasted_at), numbers)
        drafts = [draft for draft in pasted.drafts if draft.id not in so_far.dealt_with]
        if drafts:
            form = chat_form(drafts, pasted, group, so_far.refused, so_far.problem)
            await _ask(client, form, f"drafts-{so_far.forms + 1}")
        else:
            await _end(client, numbers, pasted)


async def _take_answers(client: PrefectClient) -> SoFar:
    """Places what the forms so far were ticked for; an order that stands is not placed again."""
    so_far = SoFar(await attempts(client, "drafts"))
    for number in range(1, so_far.forms + 1):
        answer = await stored_answer(client, this_run_id(), f"drafts-{number}")
        if answer is None:
            continue
        try:
            place_drafts(requests_in(answer), answer.who)
        except DiandanError as error:
            so_far.refused, so_far.problem = answer, str(error)
        else:
            so_far.refused, so_far.problem = None, ""
            so_far.dealt_with += ids_shown(answer)
    return so_far


async def _carry_on(client: PrefectClient, drafts: list[str]) -> list[str]:
    """The orders that the drafts have become, each with a run; gives their numbers."""
    numbers = sorted(numbers_stored(Source.CHAT, drafts).values())
    await start_runs(client, [number for number in numbers if run_of(number).run_id is None])
    return numbers


def _but(pasted: Pasted, numbers: list[str]) -> Pasted:
    """Without what this very run has registered among what had been registered before."""
    before = (line for line in pasted.before if not line.startswith(tuple(numbers)))
    return replace(pasted, before=tuple(before))


async def _ask(client: PrefectClient, form: type[OrderForm], key: str) -> None:
    """Waits with the next drafts, in sight of everybody: they are stored nowhere yet."""
    name, tags = f"登记群聊 · {UNFINISHED}", [DESK, UNFINISHED]
    await client.update_flow_run(this_run_id(), name=name, tags=tags)
    await spread_news(client)
    await wait_for(form, key)


async def _end(client: PrefectClient, numbers: list[str], pasted: Pasted) -> None:
    """Says what has been registered, with links to the first forms, and forgets what was typed."""
    log = get_run_logger()
    for number in numbers:
        log.info("已登记 %s，填下一张表：%s", number, run_link(run_of(number).run_id))
    log.info(
        "%s",
        left_out_line(pasted, with_words=False)
        or ("聊天里的话都看过了。" if numbers else "里面没有居民的话。"),
    )
    name = f"登记群聊 {len(numbers)} 件" if numbers else "登记群聊 · 没有登记"
    await client.update_flow_run(this_run_id(), name=name, tags=[DESK])
    await forget_forms(client, this_run_id())
    await spread_news(client)
