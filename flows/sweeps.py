"""What the clock starts every ten minutes: reminders, runs and orders made to agree, the lists rewritten, the messages sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterEndTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_run_logger

from flows.asking import connect
from flows.boards import rewrite_boards
from flows.news import spread_news
from flows.night_page import show_trial
from flows.runs import reconcile
from flows.stuck import free_stuck_runs
from flows.sweep_words import said_of
from flows.tags import DESK
from tasks.clock import utc_now
from tasks.house import house
from tasks.night import CLIMB, FUNDING, missed_night, take_step
from tasks.outbox import send_waiting
from tasks.rules.quiet import is_quiet
from tasks.wakes import installation_key

NIGHTLY_DEPLOYMENT = "nightly/夜间处理"

FORGET_AFTER, ABANDONED_AFTER = timedelta(minutes=30), timedelta(days=1)
KEPT = timedelta(days=30)  # an ended run, of whatever flow
HOLD_WORDS = (
    "register",
    "register-chat",
    "find",
    "told",
    "undelivered",
    "act-on-order",
    "import-file",
    "away",
    "choices",
    "register-member",
    "verify-members",
    "leave-team",
    "exclude-rating",
    "correct-points",
)  # flows whose runs hold what coordinators typed
HOLD_PHONES = (
    "told",
    "undelivered",
    "act-on-order",
    "import-file",
    "find",
    "choices",
)  # nothing is lost with these: they are started anew
ENDED = (StateType.COMPLETED, StateType.CANCELLED)
FAILED = (StateType.FAILED, StateType.CRASHED)


@flow(name="reconcile", flow_run_name="核对")
async def reconcile_runs(只看不做: bool = False) -> None:
    """Deadlines, messages, runs and lists, day and night; in the quiet hours reminds of urgent orders alone.

    Args:
        只看不做: 打勾：只列出会做什么，什么也不改。
    """
    tally = await asyncio.to_thread(take_step, FUNDING, dry_run=只看不做)
    climb = {"dry_run": 只看不做, "urgent_only": _quiet_now()}
    tally.add(await asyncio.to_thread(take_step, CLIMB, **climb))
    async with connect() as client:
        if 只看不做:
            await show_trial(client, tally)
            return
        await free_stuck_runs(client)
        counts = await reconcile(client)
        await spread_news(client)
        forgotten = await forget_typed(client)
        await _catch_up(client)
        said = "".join(f"，{part}" for part in said_of(tally))
        get_run_logger().info("核对 %s，清理 %d 次登记或告知%s", counts, forgotten, said)


def _quiet_now() -> bool:
    return is_quiet(utc_now(), house().catalog.community.quiet, house().timezone)


async def _catch_up(client: PrefectClient) -> None:
    """Starts the night that was missed, once."""
    missed = missed_night(utc_now())
    if missed is not None:
        deployment = await client.read_deployment_by_name(NIGHTLY_DEPLOYMENT)
        await client.create_flow_run_from_deployment(
            deployment.id,
            name="夜间处理 · 补做",
            idempotency_key=f"{installation_key()}:nightly:{missed.isoformat()}",
        )


async def forget_typed(client: PrefectClient) -> int:
    """Removes runs of forms that held a resident's name, words or phone: ours are in our own tables.

    Ended ones soon, abandoned ones after a day; a 登记 that failed stays, so that nothing is lost. No form
    of the desk waits for longer than the community keeps residents.
    """
    now = datetime.now(UTC)
    kept = house().catalog.community.keep_residents.wall_clock
    found = [
        *await _runs_of(client, HOLD_WORDS, ENDED, now - FORGET_AFTER),
        *await _runs_of(client, HOLD_PHONES, FAILED, now - FORGET_AFTER),
        *await _runs_of(client, HOLD_PHONES, (StateType.PAUSED,), now - ABANDONED_AFTER),
        *await _forms_since_before(client, now - kept),
    ]
    runs = list({run.id: run for run in found}.values())
    await _forget_pages(client, [run.id for run in runs])
    for run in runs:
        await client.delete_flow_run(run.id)
    return len(runs)


async def forget_old_runs(client: PrefectClient) -> int:
    """Removes what has ended long ago, whatever flow it was of, in batches."""
    before, removed = datetime.now(UTC) - KEPT, 0
    while True:
        runs = await client.read_flow_runs(
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[house().settings.pool])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[*ENDED, *FAILED])),
                end_time=FlowRunFilterEndTime(before_=before),
            ),
            limit=200,
        )
        await _forget_pages(client, [run.id for run in runs])
        for run in runs:
            await client.delete_flow_run(run.id)
        removed += len(runs)
        if len(runs) < 200:
            return removed


async def _forget_pages(client: PrefectClient, runs: list[UUID]) -> None:
    """Removes what the runs have written on their pages: Prefect keeps it when a run goes."""
    pages = await client.read_artifacts(
        artifact_filter=ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=runs))
    )
    for page in pages:
        await client.delete_artifact(page.id)


async def _runs_of(
    client: PrefectClient, flows: Sequence[str], states: Sequence[StateType], before: datetime
) -> list[FlowRun]:
    """Runs of these flows that have been in one of these states since before a moment."""
    runs = await client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=list(flows))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
        ),
        limit=200,
    )
    return [run for run in runs if run.state is not None and run.state.timestamp < before]


async def _forms_since_before(client: PrefectClient, before: datetime) -> list[FlowRun]:
    """Runs of the desk whose form nobody has sent since before a moment."""
    runs = await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(any_=[DESK]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])),
        ),
        limit=200,
    )
    return [run for run in runs if run.state is not None and run.state.timestamp < before]


@flow(name="outbox", flow_run_name="发消息")
async def send_messages() -> None:
    """Sends what waits for a channel; what no channel took is on the list of calls to make."""
    async with connect() as client:
        sent = Counter[str]()
        while counts := send_now():
            sent.update(counts)
            await rewrite_boards(client)
        if not sent:
            await rewrite_boards(client)
    get_run_logger().info("已发 %s", dict(sent) or "（没有等着的消息）")


@task(name="send", cache_policy=NO_CACHE)
def send_now() -> dict[str, int]:
    """See tasks.outbox.send_waiting."""
    return send_waiting()
