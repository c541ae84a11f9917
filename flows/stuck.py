"""Runs whose process has died: freed, so that they keep no place in the pool and what they held is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Cancelled, Crashed

from flows.runs import wake
from flows.tags import BULK, CLOCK
from tasks.house import house

AT_WORK = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
LONG = {CLOCK, BULK}
LONG_TAKES = 10  # times as long as a person's form, before it is taken for dead


async def free_stuck_runs(client: PrefectClient, all_are_dead: bool = False) -> int:
    """Starts again what a dead process has left undone; a sweep is ended, since the next one does its work.

    Every run is safe to repeat: an order's version, a form's key or an outside id says what is done.
    `all_are_dead` is for a start, when no worker of ours is alive. Gives how many were freed.
    """
    at_work = await client.read_flow_runs(
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[house().settings.pool])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(AT_WORK)))
        ),
        limit=200,
    )
    dead = [run for run in at_work if all_are_dead or _is_dead(run)]
    for run in dead:
        await _free(client, run)
    return len(dead)


def _is_dead(run: FlowRun) -> bool:
    limit = timedelta(seconds=house().settings.stuck_after)
    limit *= LONG_TAKES if LONG.intersection(run.tags) else 1
    return run.state is not None and datetime.now(UTC) - run.state.timestamp > limit


async def _free(client: PrefectClient, run: FlowRun) -> None:
    assert run.state is not None
    if run.state.type is StateType.CANCELLING:
        await client.set_flow_run_state(run.id, Cancelled(), force=True)
    elif CLOCK in run.tags:
        await client.set_flow_run_state(run.id, Crashed(message="进程已死"), force=True)
    else:
        await wake(client, run)
