"""登记: one form, and the order is in. What was typed wrong is asked again, with nothing typed twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger
from pydantic import BaseModel, create_model

from flows.asking import attempts, connect, forget_forms, stored_answer, this_run_id, wait_for
from flows.forms.answers import UNKNOWN_GRID
from flows.forms.description import warning
from flows.forms.fields import (
    Fields,
    OrderForm,
    build_form,
    keeping,
    labels,
    must,
    pick,
    positioned,
    text,
    who,
)
from flows.forms.options import category_names, grid_names
from flows.links import run_link
from flows.news import spread_news
from flows.runs import start_run
from flows.tags import DESK, UNFINISHED
from tasks.errors import DiandanError
from tasks.house import house
from tasks.intake import PERSONAL, examine, place_order
from tasks.models.enums import Kind, Source, Urgency
from tasks.models.inputs import MAX_WORDS, Place
from tasks.wakes import run_of

SUGGEST = "请建议"
LANGUAGES = {"中文": "zh-CN", "English": "en"}
CONSENT = {"同意": True, "不同意": False}
GO_ON, GIVEN_UP = "登记", "不要了"
_AGAIN = "RegisterAgainForm"


def register_fields() -> Fields:
    """The fields of 登记."""
    channels = [c.name for c in house().catalog.channels.values() if c.kind in PERSONAL]
    return {
        "who": who(),
        "kind": pick("种类", labels(Kind), Kind.APPEAL.label),
        "words": must("内容（居民的话）", MAX_WORDS),
        "place": text("地点"),
        "grid": pick("网格", grid_names(), UNKNOWN_GRID),
        "resident": text("居民姓名"),
        "phone": text("电话"),
        "category": pick("类别", [SUGGEST, *category_names()], SUGGEST),
        "urgency": pick("紧急程度", labels(Urgency), Urgency.NORMAL.label),
        "source": pick("怎么来的", labels(Source), Source.DESK.label),
        "language": pick("语言", list(LANGUAGES), "中文"),
        "channel": pick("通知方式", channels, channels[0]),
        "address": text("通知地址（邮箱等；打电话不用填）"),
        "consent": pick("同意把联系方式告诉承办方", list(CONSENT), "同意"),
    }


RegisterForm: Any = create_model(
    "RegisterForm", __base__=BaseModel, **positioned(register_fields())
)


@flow(name="register", flow_run_name="登记")
async def register(登记: RegisterForm) -> None:
    """Places the order that the form describes, and makes its run wait with the first form."""
    async with connect() as client:
        typed = 登记.model_dump()
        attempt = await attempts(client, "again")
        if attempt:
            answer = await stored_answer(client, this_run_id(), f"again-{attempt}")
            typed = answer.values if answer else typed
        if typed.get("step") == GIVEN_UP:
            await _give_up(client)
            return
        request, errors = examine(order_values(typed))
        number, problems = _placed(request, typed["who"]) if request else ("", errors)
        if problems:
            await _ask_again(client, _again(typed, problems), f"again-{attempt + 1}")
        else:
            await _welcome(client, number, attempt)


def _placed(request: Place, who: str) -> tuple[str, list[DiandanError]]:
    try:
        return place_order(request, who), []
    except DiandanError as error:
        return "", [error]


def _again(typed: dict[str, Any], problems: Sequence[DiandanError]) -> type[OrderForm]:
    """The same fields with what was typed, and a way to leave it."""
    fields = {**keeping(register_fields(), typed), "step": pick("怎么办", [GO_ON, GIVEN_UP], GO_ON)}
    told = "".join(warning(str(problem)) for problem in problems)
    return build_form(_AGAIN, fields, told)


async def _give_up(client: PrefectClient) -> None:
    """Nothing is stored, and nothing typed is kept."""
    await client.update_flow_run(this_run_id(), name=f"登记 · {GIVEN_UP}", tags=[DESK])
    await forget_forms(client, this_run_id())
    await spread_news(client)


async def _ask_again(client: PrefectClient, form: type[OrderForm], key: str) -> None:
    """Waits with the form, in sight of everybody: what is not stored must not look as if it were."""
    name, tags = f"登记 · {UNFINISHED}", [DESK, UNFINISHED]
    await client.update_flow_run(this_run_id(), name=name, tags=tags)
    await spread_news(client)
    await wait_for(form, key)


async def _welcome(client: PrefectClient, number: str, attempt: int) -> None:
    """The order's run, its place on the lists, and a link to its first form."""
    if attempt:
        await forget_forms(client, this_run_id())
    if run_of(number).run_id is None:
        await start_run(client, number)
    await client.update_flow_run(this_run_id(), name=f"登记 {number}", tags=[DESK])
    get_run_logger().info("已登记 %s，填下一张表：%s", number, run_link(run_of(number).run_id))
    await spread_news(client)


def order_values(typed: dict[str, Any]) -> dict[str, Any]:
    """What a filled form says of the order."""
    catalog = house().catalog
    channel = next(
        (c.id for c in catalog.channels.values() if c.name == typed["channel"]), typed["channel"]
    )
    has_contact = bool(typed["phone"].strip() or typed["address"].strip())
    return {
        "kind": Kind.by_label(typed["kind"]),
        "words": typed["words"],
        "place": typed["place"],
        "grid": None if typed["grid"] == UNKNOWN_GRID else typed["grid"],
        "category": None if typed["category"] == SUGGEST else typed["category"],
        "urgency": Urgency.by_label(typed["urgency"]),
        "source": Source.by_label(typed["source"]).value,
        "resident": typed["resident"],
        "phone": typed["phone"],
        "language": LANGUAGES[typed["language"]],
        "channel": channel if has_contact else None,
        "address": typed["address"],
        "consent": CONSENT[typed["consent"]],
        "external_id": f"run-{this_run_id()}",
    }
