"""The runs that carry orders: start one, let it show what the order waits for now, make all of them agree.

Our database is the truth; a run is only where a coordinator finds the form. So a lost run, a lost
wake or a wiped Prefect loses nothing: `reconcile` puts the runs right again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
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
from tasks.wakes import (
    Carried,
    Made,
    carried_orders,
    installation_key,
    known_runs,
    next_attempt,
    orders_without_run,
    run_of,
    set_runs,
)

ORDER_DEPLOYMENT = "order/订单"
LIVE = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.PAUSED)
PAGE = 200
BATCH = 50  # runs that are remembered together
Progress = Callable[[int, int], Awaitable[None]]  # so many of so many
A_MINUTE, AN_HOUR = timedelta(minutes=1), timedelta(hours=1)


async def start_run(client: PrefectClient, number: str) -> None:
    """Makes the run of an open order, already waiting with its form; twice at once makes one run."""
    deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    if made := await _make_run(client, deployment.id, number):
        set_runs([made])


async def start_runs(
    client: PrefectClient, numbers: Sequence[str], progress: Progress | None = None
) -> Counter[str]:
    """Makes the runs of many open orders, one after the other: on SQLite, Prefect is slower at several.

    Counts what was done. One that cannot be made does not stop the others. Interrupted anywhere
    and started again, the same runs are there.
    """
    counts: Counter[str] = Counter()
    deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    for start in range(0, len(numbers), BATCH):
        made: list[Made] = []
        for number in numbers[start : start + BATCH]:
            try:
                made += filter(None, [await _make_run(client, deployment.id, number)])
            except Exception as error:  # the next one must have its turn; a sweep tries this again
                counts["failed"] += 1
                get_logger("diandan").error("order %s: %s", number, type(error).__name__)
        set_runs(made)
        counts["started"] += len(made)
        if progress:
            await progress(start + len(made), len(numbers))
    return counts


async def _make_run(client: PrefectClient, deployment: UUID, number: str) -> Made | None:
    """The run of an order's present attempt: a new one, or the one that somebody has just made."""
    attempt, step = run_of(number).attempt, next_step(number)
    if not step.waits or step.form is None:
        return None
    run = await client.create_flow_run_from_deployment(
        deployment,
        parameters={"number": number},
        name=step.run_name,
        tags=list(step.tags),
        state=suspended(step.key),
        idempotency_key=f"{installation_key()}:{number}:{attempt}",
    )
    assert run.state is not None
    if run.state.is_final():  # made by another, and ended since
        next_attempt(number, attempt)
        return await _make_run(client, deployment, number)
    await step.form.asave(keyset_of(step.key), run.id)
    if run.state.type is StateType.PAUSED and not _waits_under(run, step.key):
        await show_form(client, run, step.form, step.key)  # made before the order moved on
    return Made(number, str(run.id), attempt)


async def refresh(client: PrefectClient, number: str) -> str:
    """Lets an order's run show what the order waits for now; says what was done, in a word.

    Called by whoever changed the order. A run at work is left alone: it will look by itself.
    """
    carried = run_of(number)
    run = await _read(client, carried.run_id)
    step = next_step(number)
    if run is None or run.state is None or run.state.is_final():
        return await _replace(client, step, run, carried)
    if run.state.type is not StateType.PAUSED:
        return "working"
    if not step.waits:
        await client.set_flow_run_state(run.id, Completed(message="订单已结束"), force=True)
        await _name(client, run, step)
        await forget_forms(client, run.id)
        return "ended"
    return await _show(client, run, step)


async def _show(client: PrefectClient, run: FlowRun, step: Step) -> str:
    """A waiting run gets the form of the order's present version, unless it shows it already."""
    assert step.form is not None
    if await stored_answer(client, run.id, step.key) is not None:
        await wake(client, run)
        return "woken"
    if _waits_under(run, step.key) and await was_asked(client, run.id, step.key):
        return "right"
    await show_form(client, run, step.form, step.key)
    await _name(client, run, step)
    return "shown"


def _waits_under(run: FlowRun, key: str) -> bool:
    state = run.state
    return (
        state is not None
        and state.type is StateType.PAUSED
        and state.state_details.pause_key == key
    )


async def _replace(client: PrefectClient, step: Step, run: FlowRun | None, carried: Carried) -> str:
    """An open order whose run is gone gets a new one; a crashed run with an answer does its work first.

    A run that failed over its answer is not tried again: the new one asks anew.
    """
    if not step.waits:
        return "over"
    crashed = run is not None and run.state is not None and run.state.is_crashed()
    if run is not None and crashed and await stored_answer(client, run.id, step.key):
        await wake(client, run)
        return "woken"
    if carried.run_id is not None:  # without one it may be on its way: found again, not doubled
        next_attempt(step.number, carried.attempt)
    await start_run(client, step.number)
    return "started"


async def wake(client: PrefectClient, run: FlowRun) -> None:
    """Lets a run start again; it looks for itself what there is to do."""
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


async def reconcile(client: PrefectClient, most_new: int | None = None) -> dict[str, int]:
    """Makes runs and orders agree: exactly one waiting run per open order, whatever happened before.

    Counts what was done, and with `most_new` how many runs are still to be made (`left`). One order
    that cannot be put right does not stop the others. Runs are listed once, so that what is right
    costs nothing.
    """
    listed = await live_order_runs(client)
    live = {str(run.id): run for run in listed}
    without = orders_without_run()
    with_one = [order for order in carried_orders() if order.run_id is not None]
    counts = await start_runs(client, without[:most_new])
    counts["left"] = len(without[most_new:]) if most_new is not None else 0
    for order in with_one:
        run = live.get(order.run_id or "")
        if run is not None and _waits_under(run, order.key) and not _is_young(run, AN_HOUR):
            counts["right"] += 1
            continue
        try:
            counts[await refresh(client, order.number)] += 1
        except (
            Exception
        ) as error:  # the next one must have its turn; this one is tried again next time
            counts["failed"] += 1
            get_logger("diandan").error("order %s: %s", order.number, type(error).__name__)
    counts["removed"] = await _remove_strangers(client, listed)
    return {word: count for word, count in counts.items() if count}


async def _remove_strangers(client: PrefectClient, listed: list[FlowRun]) -> int:
    """Cancels order runs of this installation that no order knows: doubles, made by hand or left behind."""
    known, key = known_runs(), installation_key()
    deployment = await client.read_deployment_by_name(ORDER_DEPLOYMENT)
    removed = 0
    for run in listed:
        made_by_us = (run.idempotency_key or "").startswith(f"{key}:")
        made_by_hand = run.idempotency_key is None and deployment.version == key
        if str(run.id) in known or not (made_by_us or made_by_hand) or _is_young(run, A_MINUTE):
            continue
        await client.set_flow_run_state(run.id, Cancelled(message="多余的运行"), force=True)
        await forget_forms(client, run.id)
        removed += 1
    return removed


def _is_young(run: FlowRun, age: timedelta) -> bool:
    """Whether a run was made so lately that whoever made it may still be at it."""
    return run.created is not None and datetime.now(UTC) - run.created < age


async def live_order_runs(client: PrefectClient) -> list[FlowRun]:
    """Every run of the order deployment that has not ended."""
    return await live_runs(client, ORDER_DEPLOYMENT)


async def live_runs(client: PrefectClient, deployment_name: str) -> list[FlowRun]:
    """Every run of a deployment that has not ended, planned ones too."""
    deployment = await client.read_deployment_by_name(deployment_name)
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
