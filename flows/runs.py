"""The runs that carry orders: start one, let it show what the order waits for now, make all of them agree.

Our database is the truth; a run is only where a coordinator finds the form. So a lost run, a lost
wake or a wiped Prefect loses nothing: `reconcile` puts the runs right again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_logger
from prefect.states import Cancelled, Completed, Scheduled

from flows.asking import forget_forms, keyset_of, show_form, stored_answer, suspended, was_asked
from flows.forms.steps import Step, next_step
from tasks.house import house
from tasks.wakes import carried_orders, installation_key, next_attempt, run_of, set_run

ORDER_DEPLOYMENT = "order/订单"
LIVE = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED)
PAGE = 200


async def start_run(client: PrefectClient, number: str) -> None:
    """Makes the run of an open order, already waiting with its form; twice at once makes one run."""
    step = next_step(number)
    if not step.waits or step.form is None:
        return
    deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    run = await client.create_flow_run_from_deployment(
        deployment.id,
        parameters={"number": number},
        name=step.run_name,
        tags=list(step.tags),
        state=suspended(step.key),
        idempotency_key=f"{installation_key()}:{number}:{run_of(number).attempt}",
    )
    await step.form.asave(keyset_of(step.key), run.id)
    set_run(number, str(run.id))


async def refresh(client: PrefectClient, number: str) -> str:
    """Lets an order's run show what the order waits for now; says what was done, in a word.

    Called by whoever changed the order. An answer that waits to be applied is left to the run.
    """
    carried = run_of(number)
    run = await _read(client, carried.run_id)
    step = next_step(number)
    if run is None or run.state is None or run.state.is_final():
        return await _replace(client, number, step, run)
    if run.state.type is not StateType.PAUSED:
        return await _free_if_stuck(client, run)
    if not step.waits:
        await client.set_flow_run_state(run.id, Completed(message="订单已结束"), force=True)
        await _name(client, run, step)
        await forget_forms(client, run.id)
        return "ended"
    return await _show(client, run, step)


async def _show(client: PrefectClient, run: FlowRun, step: Step) -> str:
    """A waiting run gets the form of the order's present version, unless it shows it already."""
    assert run.state is not None and step.form is not None
    if await stored_answer(client, run.id, step.key) is not None:
        await _wake(client, run)
        return "woken"
    shown = run.state.state_details.pause_key == step.key
    if shown and await was_asked(client, run.id, step.key):
        return "right"
    await show_form(client, run, step.form, step.key)
    await _name(client, run, step)
    return "shown"


async def _replace(client: PrefectClient, number: str, step: Step, run: FlowRun | None) -> str:
    """An open order whose run is gone gets a new one; a crashed run with an answer does its work first."""
    if not step.waits:
        return "over"
    crashed = run is not None and run.state is not None and not run.state.is_cancelled()
    if run is not None and crashed and await stored_answer(client, run.id, step.key):
        await _wake(client, run)
        return "woken"
    next_attempt(number, run_of(number).attempt)
    await start_run(client, number)
    return "started"


async def _free_if_stuck(client: PrefectClient, run: FlowRun) -> str:
    """A run that has been working for longer than an order's step can take has lost its process."""
    assert run.state is not None
    limit = timedelta(seconds=house().settings.stuck_after)
    late = run.expected_start_time or run.state.timestamp
    since = max(run.state.timestamp, late)
    if run.state.type is StateType.SCHEDULED or datetime.now(UTC) - since < limit:
        return "working"
    await _wake(client, run)
    return "freed"


async def _wake(client: PrefectClient, run: FlowRun) -> None:
    await client.set_flow_run_state(run.id, Scheduled(name="Resuming"), force=True)


async def _name(client: PrefectClient, run: FlowRun, step: Step) -> None:
    await client.update_flow_run(run.id, name=step.run_name, tags=list(step.tags))


async def _read(client: PrefectClient, run_id: str | None) -> FlowRun | None:
    if run_id is None:
        return None
    try:
        return await client.read_flow_run(UUID(run_id))
    except ObjectNotFound:
        return None


async def reconcile(client: PrefectClient) -> dict[str, int]:
    """Makes runs and orders agree: exactly one waiting run per open order, whatever happened before.

    Counts what was done. One order that cannot be put right does not stop the others.
    """
    counts: Counter[str] = Counter()
    ours: set[str] = set()
    for number in carried_orders():
        try:
            counts[await refresh(client, number)] += 1
        except (
            Exception
        ) as error:  # the next one must have its turn; this one is tried again next time
            counts["failed"] += 1
            get_logger("diandan").error("order %s: %s", number, type(error).__name__)
        ours.add(run_of(number).run_id or "")
    counts["removed"] = await _remove_strangers(client, ours)
    return {word: count for word, count in counts.items() if count}


async def _remove_strangers(client: PrefectClient, ours: Iterable[str]) -> int:
    """Cancels live order runs that no order knows: doubles, and what another database left behind."""
    known, removed = set(ours), 0
    for run in await live_order_runs(client):
        if str(run.id) not in known:
            await client.set_flow_run_state(run.id, Cancelled(message="多余的运行"), force=True)
            removed += 1
    return removed


async def live_order_runs(client: PrefectClient) -> list[FlowRun]:
    """Every run of the order deployment that has not ended."""
    deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(LIVE)))
            ),
            limit=PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < PAGE:
            return found
