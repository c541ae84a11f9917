"""After a change: its messages are on their way, and the coordinators' lists say so. Best effort; sweeps mend the rest."""

from __future__ import annotations

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.logging import get_logger

from flows.boards import rewrite_boards
from flows.tags import AT_ONCE
from tasks.queue import anything_due

OUTBOX_DEPLOYMENT = "outbox/发消息"


async def spread_news(client: PrefectClient) -> None:
    """Rewrites the lists and starts the outbox when something waits for a channel.

    Best effort: what has been done to the order stands, and the ten-minute sweeps mend the rest.
    """
    try:
        if anything_due():
            await start_outbox(client)
        await rewrite_boards(client)
    except Exception as error:  # the news may be late; the order itself must go on
        get_logger("diandan").warning("news: %s", type(error).__name__)


async def start_outbox(client: PrefectClient) -> None:
    """One run of the outbox, unless one is about to start: that one will see our messages too."""
    deployment = await client.read_deployment_by_name(OUTBOX_DEPLOYMENT)
    about_to_start = await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(any_=[AT_ONCE]),
            state=FlowRunFilterState(
                type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])
            ),
        ),
        limit=1,
    )
    if not about_to_start:
        await client.create_flow_run_from_deployment(deployment.id, name="发消息", tags=[AT_ONCE])
