"""What a sweep counts, in the words of people."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.models.tally import Tally

WORDS = {
    "released": "挂起到期、恢复办理",
    "funded": "筹足、交给牵头单位",
    "not_funded": "到期没有筹足、提交会议",
    "moved": "期限有变动（日历或时限改了）",
    "started_clocks": "补上计时",
    "warned": "快到期，已提醒",
    "overdue": "超期，已提醒",
    "unclaimed": "微心愿没有人认领，要社区派单",
    "climbed": "按五级链条上报",
    "told": "写下的提醒",
    "single": "单独发的提醒",
    "digests": "合并成的提醒",
    "reminded": "催居民评价",
    "expired": "到期没有评价、已归档",
    "freed_messages": "放开没人管的发送",
    "frozen_months": "定下积分榜的月份",
    "forgotten": "抹去资料的居民",
    "freed_runs": "放开卡住的运行",
    "runs_mended": "补好的表单运行",
    "forgotten_runs": "清掉的登记、告知等运行",
    "old_runs": "清掉的旧运行",
}


def said_of(tally: Tally) -> Iterator[str]:
    """What was done, in words, and how much could not be."""
    for what, count in tally.counts.items():
        if count:
            yield f"{WORDS.get(what, what)} {count}"
    if tally.failed:
        yield f"没有处理成 {len(tally.failed)}"
