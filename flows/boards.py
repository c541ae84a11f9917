"""The pages that coordinators keep open: 待办, the calls to make, 消息, the reports. One artifact each, rewritten in place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import Artifact, FlowRun
from prefect.client.schemas.sorting import ArtifactSort

from flows.choice_words import channel_name
from flows.links import artifact_link, deployment_link, run_link, waiting_link
from flows.messages_page import Ways, look_at_post, messages_line, messages_page
from flows.runs import LIVE, PAGE
from flows.tags import UNFINISHED
from tasks.by_hand import Errand, count_errands, errands
from tasks.clock import utc_now
from tasks.delivery_words import in_words, way_in
from tasks.finding import Line
from tasks.house import house
from tasks.markup import escaped
from tasks.masking import masked
from tasks.models.enums import OPEN, MessageState, Urgency
from tasks.own_templates import known_mistakes
from tasks.rules.deadline import local_time
from tasks.texts import shortened
from tasks.waiting import Overview, Stage, look_over

TODO, BY_HAND, MESSAGES = "todo", "by-hand", "messages"
NIGHT, WEEK, MEETING = "night", "week", "meeting"
UNDELIVERED_DEPLOYMENT = "undelivered/没送到的消息"
_BEFORE_THE_FIRST = {
    NIGHT: ("夜报", "# 夜报\n\n还没有写过：“夜间处理”每夜写一次。要现在看，请启动一次“夜间处理”。"),
    MEETING: ("会议", "# 会议\n\n还没有开过：开会前启动一次“联席会议”或“周例会”。"),
    WEEK: ("周报", "# 周报\n\n还没有写过：“周报”每周写一次。要现在看，请启动一次“周报”。"),
}
_DUE, _AGE = "期限", "等了"
_COLUMNS = ("填表", "到哪一步", _DUE, "内容", "类别", "网格", "承办", "编号")
_UNBROKEN = (
    "\u2060"  # a narrow screen breaks Chinese anywhere; between headings' characters it must not
)


async def rewrite_boards(client: PrefectClient) -> None:
    """Writes the lists as they are now."""
    calls = await write_board(
        client, BY_HAND, "要打的电话 / 要转发的文字", _by_hand(errands(), count_errands())
    )
    post = look_at_post()
    form = deployment_link((await client.read_deployment_by_name(UNDELIVERED_DEPLOYMENT)).id)
    page = await write_board(client, MESSAGES, "消息", messages_page(post, Ways(form, calls)))
    above = (
        _slip(),
        _slip_in_templates(known_mistakes(house().own_templates)),
        _unfinished(await _unfinished_runs(client)),
        messages_line(post, form, page),
    )
    await write_board(client, TODO, "待办", "".join(above) + _todo(look_over()))


async def lay_out_reports(client: PrefectClient) -> None:
    """A page where the night's and the week's report will stand, so that their links lead there from the first day."""
    for key, (title, markdown) in _BEFORE_THE_FIRST.items():
        if await find_board(client, key) is None:
            await write_board(client, key, title, markdown)


def _slip() -> str:
    """Says above all else that a slip in the community's files keeps what was changed from being in force."""
    if not house().slip:
        return ""
    return f"# 配置有错\n\n{escaped(house().slip)}\n\n改好以前，照改之前的配置办。\n\n"


def _slip_in_templates(wrong: Sequence[str]) -> str:
    """Says that a text of the community's own cannot be used; nothing stops because of it."""
    if not wrong:
        return ""
    more = f"（一共 {len(wrong)} 处，`diandan check` 列出全部）" * (len(wrong) > 1)
    return f"# 自己写的消息模板有错\n\n{escaped(wrong[0])}{more}\n\n改好以前，发出去的是原来的文字。\n\n"


async def find_board(client: PrefectClient, key: str) -> Artifact | None:
    """The list's artifact, None before it was first written."""
    found = await client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])),
        sort=ArtifactSort.UPDATED_DESC,
        limit=1,
    )
    return found[0] if found else None


async def write_board(client: PrefectClient, key: str, title: str, markdown: str) -> str:
    """Rewrites a list in place, so that its link stays; gives that link."""
    board = await find_board(client, key)
    if board is None:
        board = await client.create_artifact(
            ArtifactCreate(key=key, type="markdown", description=title, data=markdown)
        )
    else:
        await client.update_artifact(board.id, ArtifactUpdate(data=markdown))
    return artifact_link(board.id)


async def _unfinished_runs(client: PrefectClient) -> list[FlowRun]:
    """The runs of 登记 whose form came back with a sentence, and those of a chat with drafts to tick."""
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(any_=[UNFINISHED]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(LIVE))),
        ),
        limit=PAGE,
    )


def _unfinished(runs: list[FlowRun]) -> str:
    """What somebody typed and nobody has yet: it stands above all else."""
    if not runs:
        return ""
    lines = "\n".join(f"- {_unfinished_line(run)}" for run in runs)
    return f"# 没有登记完 {len(runs)} 次\n\n还没有存：\n\n{lines}\n\n"


def _unfinished_line(run: FlowRun) -> str:
    link = run_link(str(run.id))
    if chat := run.parameters.get("群聊"):
        return f"[接着登记]({link}) {escaped(chat['who'])}：{escaped(chat['group'])}的聊天"
    typed = run.parameters.get("登记", {})
    words = escaped(shortened(masked(str(typed.get("words", ""))), 24)) or "（没有内容）"
    return (
        f"[再填一次]({link}) {escaped(str(typed.get('who', '')))}：{words}（填的内容有不对的地方）"
    )


def _todo(waiting: Overview) -> str:
    """A table by deadline; of many orders the most urgent, the oldest, and each stage with a link to all of it."""
    now = utc_now()
    late = f"，其中 **{waiting.overdue} 件已超期**" * bool(waiting.overdue)
    head = f"# 待办 {waiting.count} 件\n\n{local_time(now, house().timezone)} 更新{late} · 点“填表”，再点右上角 **⋮ → Resume**\n\n"
    if not waiting.count:
        return head + "没有等着办的事。"
    if not waiting.stages:
        return head + table_of(waiting.urgent, now)
    parts = [
        f"## 最急的 {len(waiting.urgent)} 件\n\n{table_of(waiting.urgent, now)}",
        f"## 等得最久的 {len(waiting.oldest)} 件\n\n{table_of(waiting.oldest, now, by_age=True)}",
        *(_stage(stage, now) for stage in waiting.stages),
    ]
    return head + "\n\n".join(parts)


def _stage(stage: Stage, now: datetime) -> str:
    more = f" · 先列最急的 {len(stage.urgent)} 件，[全部]({waiting_link(stage.name)})"
    head = f"## {stage.name} {stage.count} 件{more * (stage.count > len(stage.urgent))}"
    return f"{head}\n\n{table_of(stage.urgent, now)}"


def table_of(orders: Sequence[Line], now: datetime, *, by_age: bool = False) -> str:
    """The orders as a markdown table, a row each, with the link to its form where it waits for one.

    `by_age` tells how long each has waited instead of until when.
    """
    columns = [_AGE if by_age and title == _DUE else title for title in _COLUMNS]
    titles = " | ".join(_UNBROKEN.join(title) for title in columns)
    lines = "\n".join(_order_line(order, now, by_age) for order in orders)
    return f"| {titles} |\n{'| --- ' * len(columns)}|\n{lines}"


def _order_line(order: Line, now: datetime, by_age: bool) -> str:
    is_open = order.status in OPEN
    link = f"[填表]({run_link(order.run_id)})" if order.run_id else "（稍候）"
    urgent = "" if order.urgency is Urgency.NORMAL else f" **{order.urgency.label}**"
    who = " · ".join(part for part in (order.handler, order.member) if part) or "–"
    cells = (
        link if is_open else "–",
        order.stage + urgent + f"（{escaped(order.standing)}）" * bool(order.standing),
        f"{(now - order.placed_at).days} 天" if by_age else _due(order, now),
        escaped(shortened(masked(order.words), 24)),
        order.category,
        order.grid,
        who,
        order.number,
    )
    return "| " + " | ".join(cells) + " |"


def _due(order: Line, now: datetime) -> str:
    if order.next_due_at is None or order.status not in OPEN:
        return "–"
    due = local_time(order.next_due_at, house().timezone, now)
    return f"**{due} 已超期**" if order.next_due_at < now else due


def _by_hand(waiting: list[Errand], count: int) -> str:
    """Texts ready to copy. No phone stands here: the form of 已告知 shows it to whoever calls."""
    more = f"（先列 {len(waiting)} 条）" if count > len(waiting) else ""
    head = f"# 要打的电话 / 要转发的文字 {count} 条{more}\n\n电话号码在“已告知”的表里；告诉过以后在那里打勾。\n\n"
    return head + ("\n\n".join(_errand(errand) for errand in waiting) or "没有要告知的人。")


def _errand(errand: Errand) -> str:
    doubt = "（可能已经收到，请先问一声）" if errand.doubtful else ""
    note = f"（{escaped(_why(errand.note))}）" if errand.note else ""
    fence = "```"
    body = errand.public_text.replace(fence, "'''")
    head = f"## {errand.number} · {errand.audience.label} {escaped(errand.name)}{doubt}{note}"
    return f"{head}\n\n{fence}text\n{body}\n{fence}"


def _why(note: str) -> str:
    """Which channel did not take it and why, as people say it."""
    channel, code = way_in(note)
    if not channel:
        return note
    states = {state.value: state.label for state in MessageState}  # where the channel gave no code
    return f"{channel_name(channel)}：{states.get(code) or in_words(code)}"
