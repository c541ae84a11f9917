"""查找: what is looked for, in one form; what was found, on the run's own page, each order with the link to its form."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from pydantic import BaseModel, create_model

from flows.asking import connect, this_run_id
from flows.boards import table_of
from flows.forms.fields import Fields, pick, positioned, text
from flows.links import artifact_link
from flows.pages import put_on_run
from tasks.clock import utc_now
from tasks.errors import DiandanError
from tasks.finding import Wanted, count, lines
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import WAITING_FOR, Status

MOST = 100
ANY, OPEN_ONES = "全部", "所有在办的"
AGES = {ANY: None, "3 天以上": 3, "7 天以上": 7, "15 天以上": 15, "30 天以上": 30, "90 天以上": 90}


def _stages() -> dict[str, Status]:
    """Each status by the word that 待办 shows for it."""
    return {WAITING_FOR.get(status, status.label): status for status in Status}


def find_fields() -> Fields:
    """The fields of 查找; nothing has to be filled in."""
    catalog = house().catalog
    return {
        "anything": text("编号、内容里的词、姓名，或电话后四位", most=200),
        "grid": pick("网格", [ANY, *(grid.name for grid in catalog.grids.values())], ANY),
        "handler": pick("承办", [ANY, *(one.name for one in catalog.handlers.values())], ANY),
        "stage": pick("到哪一步", [ANY, OPEN_ONES, *_stages()], ANY),
        "age": pick("提出多久了", list(AGES), ANY),
    }


FindForm: Any = create_model("FindForm", __base__=BaseModel, **positioned(find_fields()))


@flow(name="find", flow_run_name="查找")
async def find(查找: FindForm) -> None:
    """Looks once, and ends with the list on its page."""
    typed = 查找.model_dump()
    try:
        wanted = wanted_by(typed)
        found, total = lines(wanted, MOST), count(wanted)
    except DiandanError as error:
        title, body = "没有查", escaped(str(error))
    else:
        title = f"找到 {total} 件" + f"（先列最新的 {MOST} 件）" * (total > MOST)
        body = table_of(found, utc_now()) if found else "换一个词，或者少选几项再找。"
    async with connect() as client:
        page = await put_on_run(client, title, f"# {title}\n\n{body}")
        # what was looked for may be a name or a phone, and Prefect keeps names of runs for days
        await client.update_flow_run(this_run_id(), name=f"查找 · {title}")
    get_run_logger().info("%s：%s", title, artifact_link(page.id))


def wanted_by(typed: dict[str, Any]) -> Wanted:
    """What a filled form looks for."""
    stage = typed["stage"]
    return Wanted(
        anything=str(typed["anything"]).strip(),
        grid=_chosen(typed["grid"]),
        handler=_chosen(typed["handler"]),
        status=_stages().get(stage),
        open_only=stage == OPEN_ONES,
        older_than=AGES[typed["age"]],
    )


def _chosen(option: str) -> str:
    return "" if option == ANY else option
