"""The night's run: everything that went wrong in the day is put right, and reported in the morning."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.logging import get_run_logger

from flows.asking import connect, this_run_id
from flows.news import spread_news
from flows.night_page import show_night, show_trial
from flows.runs import reconcile
from flows.stuck import free_stuck_runs
from flows.sweep_words import said_of
from flows.sweeps import forget_old_runs, forget_typed
from tasks.brief import standing
from tasks.escalation import Progress
from tasks.models.tally import Tally
from tasks.night import CLIMB, STEPS, end_night, take_step

PREFECT_STEPS = 1  # all that is done in Prefect, for the bar


@flow(name="nightly", flow_run_name="夜间处理")
async def work_through_the_night(只看不做: bool = False) -> None:
    """Goes through every step, whatever one of them runs into, and writes the report.

    Args:
        只看不做: 打勾：只列出会做什么，什么也不改。
    """
    tally = Tally()
    async with connect() as client:
        bar = await _bar(client)
        for done, name in enumerate(STEPS):
            tally.add(await take.with_options(name=name)(name, 只看不做, bar.within(done)))
            await bar.show(done + 1)
        if 只看不做:
            await show_trial(client, tally)
        else:
            tally.add(await mend_prefect(client))
            whole = await asyncio.to_thread(end_night, tally)
            await show_night(client, whole, standing())
            await spread_news(client)
        await bar.show(len(STEPS) + PREFECT_STEPS)
    get_run_logger().info("%s", "，".join(said_of(tally)) or "没有什么要做的")


@task(name="step", cache_policy=NO_CACHE)
async def take(name: str, dry_run: bool, progress: Progress) -> Tally:
    """One step on our own tables; see tasks.night. The one that can be long moves the bar."""
    how = {"progress": progress} if name == CLIMB else {}
    return await asyncio.to_thread(take_step, name, dry_run=dry_run, **how)


async def mend_prefect(client: PrefectClient) -> Tally:
    """What is put right in Prefect: stuck runs freed, one run per open order, what was typed forgotten."""
    tally = Tally()
    try:
        tally.counts["freed_runs"] = await free_stuck_runs(client)
        counts = await reconcile(client)
        mended = ("started", "woken", "shown", "ended", "removed")
        tally.counts["runs_mended"] = sum(counts.get(word, 0) for word in mended)
        tally.failed += [("表单运行", "failed")] * counts.get("failed", 0)
        tally.counts["forgotten_runs"] = await forget_typed(client)
        tally.counts["old_runs"] = await forget_old_runs(client)
    except Exception as error:  # the report must be written; the next sweep tries again
        tally.set_aside("表单运行", error)
    return tally


class Bar:
    """A bar on the run's page that moves with the steps, and within a long one."""

    def __init__(self, client: PrefectClient, id: object) -> None:
        self._client, self._id = client, id

    def within(self, done: int) -> Progress:
        """Moves it within the step that follows the first `done`, from that step's own thread."""
        loop = asyncio.get_running_loop()

        def move(looked_at: int, of: int) -> None:
            share = min(looked_at / max(of, 1), 1.0)
            shown = asyncio.run_coroutine_threadsafe(self.show(done + share), loop)
            with suppress(Exception):  # the work goes on where Prefect cannot show it
                shown.result(timeout=10)

        return move

    async def show(self, done: float) -> None:
        """Puts it where so many steps are done."""
        share = 100.0 * done / (len(STEPS) + PREFECT_STEPS)
        await self._client.update_artifact(self._id, ArtifactUpdate(data=share))  # type: ignore[arg-type]


async def _bar(client: PrefectClient) -> Bar:
    bar = await client.create_artifact(
        ArtifactCreate(
            key="night-progress",
            type="progress",
            description="夜间处理",
            data=0.0,
            flow_run_id=this_run_id(),
        )
    )
    return Bar(client, bar.id)
