"""What the clock starts: runs and orders made to agree, the lists rewritten, the messages sent."""

from __future__ import annotations

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
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_run_logger

from flows.asking import connect
from flows.boards import rewrite_boards
from flows.runs import reconcile
from flows.stuck import free_stuck_runs
from tasks.outbox import send_waiting

FORGET_AFTER, ABANDONED_AFTER = timedelta(minutes=30), timedelta(days=1)
HOLD_WORDS = (
    "register",
    "register-chat",
    "find",
    "told",
    "act-on-order",
    "import-file",
)  # flows whose runs hold what coordinators typed
HOLD_PHONES = (
    "told",
    "act-on-order",
    "import-file",
    "find",
)  # nothing is lost with these: they are started anew
ENDED = (StateType.COMPLETED, StateType.CANCELLED)
FAILED = (StateType.FAILED, StateType.CRASHED)


@flow(name="reconcile", flow_run_name="核对")
async def reconcile_runs() -> None:
    """Exactly one waiting run per open order, the lists as they are, and nothing typed kept for long."""
    async with connect() as client:
        await free_stuck_runs(client)
        counts = await reconcile(client)
        await rewrite_boards(client)
        forgotten = await forget_typed(client)
        get_run_logger().info("核对 %s，清理 %d 次登记或告知", counts, forgotten)


async def forget_typed(client: PrefectClient) -> int:
    """Removes runs of forms that held a resident's name, words or phone: ours are in our own tables.

    Ended ones soon, abandoned ones after a day; a 登记 that failed stays, so that nothing is lost.
    """
    now = datetime.now(UTC)
    runs = [
        *await _runs_of(client, HOLD_WORDS, ENDED, now - FORGET_AFTER),
        *await _runs_of(client, HOLD_PHONES, FAILED, now - FORGET_AFTER),
        *await _runs_of(client, HOLD_PHONES, (StateType.PAUSED,), now - ABANDONED_AFTER),
    ]
    await _forget_pages(client, [run.id for run in runs])
    for run in runs:
        await client.delete_flow_run(run.id)
    return len(runs)


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


@flow(name="outbox", flow_run_name="发消息")
async def send_messages() -> None:
    """Sends what waits for a channel; what no channel took is on the list of calls to make."""
    counts = send_now()
    async with connect() as client:
        await rewrite_boards(client)
    get_run_logger().info("已发 %s", counts or "（没有等着的消息）")


@task(name="send", cache_policy=NO_CACHE)
def send_now() -> dict[str, int]:
    """See tasks.outbox.send_waiting."""
    return send_waiting()
