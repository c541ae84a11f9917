"""导入: a file dropped into the inbox; the run shows what would happen, and does it once somebody says so."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import Fields, OrderForm, build_form, keeping, pick, remembering, who
from flows.news import spread_news
from flows.runs import start_runs
from tasks.errors import BadInput, BadRows, DiandanError
from tasks.house import house
from tasks.importing import Plan, plan_import, run_import, spans_of, summary_of
from tasks.inbox import as_shown, dropped_files, fingerprint, inbox, put_away, was_put_away
from tasks.markup import escaped
from tasks.wakes import orders_without_run

NAME = "ImportForm"
BY_HEADER = "按表头自动认"
SILENT, NOTIFY = "不通知", "通知每位居民"
FROM_NOW, FROM_ROWS = "从现在算起", "从表里的时间算起"
SHOWN = 15  # mistakes of a file; the rest are counted


@flow(name="import-file", flow_run_name="导入")
async def import_file() -> None:
    """Offers the files of the inbox with what each would do, and imports the one that is chosen."""
    async with connect() as client:
        answer, next_key = await last_answer(client, "file")
        problem = await _carry_out(client, answer) if answer else ""
        if answer is None or problem:
            await wait_for(_form(problem, answer), next_key)


def _form(problem: str, earlier: Answer | None) -> type[OrderForm]:
    files = dropped_files()
    names = [path.name for path in files]
    prints = {path.name: fingerprint(path) for path in files}
    chosen = names[0] if len(names) == 1 else None
    mappings = [mapping.name for mapping in house().catalog.imports.values()]
    fields: Fields = {
        "who": who(),
        "file": remembering(pick("导入哪个文件", names, chosen), prints=prints),
        "mapping": pick("怎么读", [BY_HEADER, *mappings], BY_HEADER),
        "notify": pick("通知居民", [SILENT, NOTIFY], SILENT),
        "clocks": pick("时限", [FROM_NOW, FROM_ROWS], FROM_NOW),
    }
    if not files:
        fields = {"who": who()}
    fields = keeping(fields, earlier.values if earlier else {})
    return build_form(NAME, fields, _description(files, problem))


def _description(files: list[Path], problem: str) -> str:
    if not files:
        return (
            f"{warning(problem)}文件夹 `{inbox()}` 里还没有表格。\n\n"
            "把 CSV 或 XLSX 文件放进去，再选操作人、点 Resume，这里就会列出来。"
        )
    return warning(problem) + "\n\n".join(_preview(path) for path in files)


def _preview(path: Path) -> str:
    """What the import of a file would do, or what is in its way."""
    try:
        plan = plan_import(path)
    except DiandanError as error:
        return f"**{escaped(path.name)}**：不能导入。{escaped(str(error))}"
    if not plan.mistakes:
        return (
            f"**{escaped(path.name)}**：会登记 **{len(plan.new)} 件**。{escaped(summary_of(plan))}"
        )
    lines = "\n".join(f"- {escaped(str(mistake))}" for mistake in plan.mistakes[:SHOWN])
    more = len(plan.mistakes) - SHOWN
    rest = f"\n- 还有 {more} 处" if more > 0 else ""
    head = f"**{escaped(path.name)}**：有 {len(plan.mistakes)} 处要改，现在导入会一件也不存："
    return f"{head}\n\n{lines}{rest}"


async def _carry_out(client: PrefectClient, answer: Answer) -> str:
    """Imports once, whatever was interrupted before; gives the refusal in words."""
    try:
        who, (path, shown), told = answer.who, _chosen(answer), "以前已经导入"
        if path.is_file() or not was_put_away(path.name, shown):
            with as_shown(path, shown) as copy:
                plan = plan_import(copy, _mapping(answer))
                told = _store(plan, who, answer)
            await _show_progress(client, plan)
            put_away(path, shown)
    except BadRows as error:
        return f"{error.headline.rstrip('：')}，见下面。"
    except DiandanError as error:
        return str(error)
    get_run_logger().info("%s：%s", path.name, told)
    await client.update_flow_run(this_run_id(), name=f"导入 {path.name} · {told.split('，')[0]}")
    await spread_news(client)
    await forget_forms(client, this_run_id())
    return ""


def _store(plan: Plan, who: str, answer: Answer) -> str:
    """Stores what is new, and says how much that was."""
    numbers = run_import(
        plan,
        who,
        keep_dates=answer.text("clocks") == FROM_ROWS,
        notify=answer.text("notify") == NOTIFY,
    )
    told = f"登记 {len(numbers)} 件" + f"，{spans_of(numbers)}" * bool(numbers)
    return f"{told}。{summary_of(plan)}"


def _chosen(answer: Answer) -> tuple[Path, str]:
    """The file that was chosen, and its fingerprint when it was shown. Raises BadInput."""
    name = Path(answer.text("file")).name
    if not name:
        raise BadInput(field="导入哪个文件", problem="请选择文件。")
    return inbox() / name, answer.shown.get("file", {}).get("prints", {}).get(name, "")


def _mapping(answer: Answer) -> str | None:
    chosen = answer.text("mapping")
    return next((m.id for m in house().catalog.imports.values() if m.name == chosen), None)


async def _show_progress(client: PrefectClient, plan: Plan) -> None:
    """Makes the runs of the new orders, with a bar on this run's page."""
    bar = await client.create_artifact(
        ArtifactCreate(
            key="import",
            type="progress",
            description=f"{plan.file}：{summary_of(plan)}",
            data=0.0,
            flow_run_id=this_run_id(),
        )
    )

    async def show(done: int, total: int) -> None:
        await client.update_artifact(bar.id, ArtifactUpdate(data=100.0 * done / max(total, 1)))

    await start_runs(client, orders_without_run(), show)
    await client.update_artifact(bar.id, ArtifactUpdate(data=100.0))
