"""The page of a sweep: how the community stands, what was done, what was set aside; and the week's."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.client.orchestration import PrefectClient

from flows.boards import NIGHT, WEEK, table_of, write_board
from flows.choice_words import channel_name
from flows.pages import named, put_on_run, section, table
from flows.sweep_words import WORDS
from tasks.brief import Standing, Undelivered, Week
from tasks.clock import utc_now
from tasks.delivery_words import in_words
from tasks.finding import Line
from tasks.house import house
from tasks.markup import escaped
from tasks.models.tally import Tally
from tasks.rules.deadline import local_time
from tasks.rules.spans import span_in_words
from tasks.traffic import Traffic


async def show_trial(client: PrefectClient, tally: Tally) -> None:
    """What a sweep would do, on the page of its run; nothing of it was done."""
    head = f"# 只看不做：会做这些\n\n{_done(tally, is_trial=True)}"
    failed = section("没有处理成的", _set_aside(tally.failed))
    await show_trial_text(client, "\n\n".join(filter(None, [head, failed])))


async def show_trial_text(client: PrefectClient, markdown: str) -> None:
    """A page of a run that has changed nothing."""
    await put_on_run(client, "只看不做", markdown)


async def show_night(client: PrefectClient, tally: Tally, standing: Standing) -> None:
    """The night's report: on the page of its run, and under the link that always leads to the newest."""
    await _show(client, NIGHT, "夜报", night_report(tally, standing))


async def show_week(client: PrefectClient, week: Week) -> None:
    """The same for the week's report."""
    await _show(client, WEEK, "周报", week_report(week))


async def _show(client: PrefectClient, key: str, title: str, markdown: str) -> None:
    await put_on_run(client, title, markdown)
    await write_board(client, key, title, markdown)


def night_report(tally: Tally, standing: Standing) -> str:
    """Read over morning tea: what needs somebody first, then the rest."""
    figures, now = standing.figures, local_time(utc_now(), house().timezone)
    head = (
        f"# 夜报 {now}\n\n在办 **{figures['open']}** 件 · 超期 **{figures['overdue']}** 件 · "
        f"已上报 **{figures['raised']}** 件 · 今天到期 **{figures['today']}** 件 · "
        f"要打的电话 **{figures['to_tell']}** 条 · 没送到的消息 **{figures['failed']}** 条"
    )
    parts = (
        section("配置有错，照改之前的办", escaped(house().slip)),
        section("没有处理成的，今夜再试", _set_aside(tally.failed)),
        section(f"超期 {figures['overdue']} 件", _overdue(standing.overdue, figures["overdue"])),
        section("在哪一步等着", _stages(standing)),
        section("已上报到哪一级", _rungs(standing)),
        section("没有送到的消息", _undelivered(standing.undelivered)),
        section("过去 24 小时的消息", _traffic(standing.channels)),
        section("这一夜做了什么", _done(tally, is_trial=False)),
    )
    return "\n\n".join([head, *filter(None, parts)])


def week_report(week: Week) -> str:
    """For the weekly meeting."""
    figures = week.figures
    head = f"# 周报 {week.first:%m-%d} 至 {week.last:%m-%d}\n\n"
    rated = f"，评价 {figures['rated']} 件，其中满意和基本满意 {figures['content']} 件"
    line = (
        f"收到 **{figures['placed']}** 件，办结 **{figures['done']}** 件{rated * bool(figures['rated'])}，"
        f"重办 {figures['reopened']} 件。现在在办 **{figures['open']}** 件，超期 **{figures['overdue']}** 件，"
        f"已上报 **{figures['raised']}** 件。"
    )
    rows = [(name, str(placed), str(done)) for name, placed, done in week.grids]
    grids = section("各网格", table(("网格", "收到", "办结"), rows))
    told = "“向居民汇报”的文字在“要打的电话 / 要转发的文字”里，转发后打勾。"
    return "\n\n".join(filter(None, [head + line, grids, told]))


def _set_aside(failed: Sequence[tuple[str, str]]) -> str:
    return table(("哪一件", "原因"), [(escaped(what), escaped(why)) for what, why in failed])


def _overdue(lines: Sequence[Line], count: int) -> str:
    if not lines:
        return "没有。"
    more = f"\n\n先列 {len(lines)} 件，其余在待办。" if count > len(lines) else ""
    return table_of(lines, utc_now()) + more


def _stages(standing: Standing) -> str:
    rows = [(stage.name, str(stage.count), str(stage.overdue or "")) for stage in standing.stages]
    return table(("环节", "件数", "其中超期"), rows)


def _rungs(standing: Standing) -> str:
    return table(("级", "在办件数"), [(name, str(count)) for name, count in standing.rungs])


def _undelivered(messages: Sequence[Undelivered]) -> str:
    rows = [
        (
            str(one.id),
            one.number,
            one.event.label,
            escaped(named(one.audience, one.recipient)),
            escaped(channel_name(one.channel)),
            one.state.label,
            in_words(one.code),
        )
        for one in messages
    ]
    return table(("编号", "订单", "什么事", "告诉谁", "渠道", "状态", "原因"), rows)


def _traffic(channels: Sequence[Traffic]) -> str:
    counted = ("sent", "failed", "refused", "unknown", "waiting")
    rows = [
        (
            escaped(one.name),
            *(str(getattr(one, name) or "") for name in counted),
            *("" if span is None else f"{span_in_words(span)}内" for span in (one.half, one.most)),
        )
        for one in channels
    ]
    head = ("渠道", "送出", "没发成", "被拒", "不知道送没送到", "还等着发", "一半在", "95% 在")
    return table(head, rows)


def _done(tally: Tally, *, is_trial: bool) -> str:
    rows = [
        (WORDS.get(what, what), str(count), _numbers(tally.numbers.get(what, []), count))
        for what, count in tally.counts.items()
        if count
    ]
    nothing = "没有要做的。" if is_trial else "没有什么要做的。"
    return table(("做什么", "多少", "哪些"), rows) or nothing


def _numbers(numbers: Sequence[str], count: int) -> str:
    return "、".join(numbers) + (" 等" if numbers and count > len(numbers) else "")
