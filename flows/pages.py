"""A page on a run's own Artifacts tab, and the tables in it."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import Artifact

from flows.asking import this_run_id
from tasks.models.enums import Audience


async def put_on_run(client: PrefectClient, title: str, markdown: str) -> Artifact:
    """Writes a page of this run. It has no key: it is this run's, not one of the pages that stay."""
    return await client.create_artifact(
        ArtifactCreate(type="markdown", description=title, data=markdown, flow_run_id=this_run_id())
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows as a markdown table; "" without any."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def section(title: str, body: str) -> str:
    """The body under its heading; "" without one."""
    return f"## {title}\n\n{body}" if body else ""


def named(audience: Audience, name: str) -> str:
    """Who somebody is and what they are called, once where both are the same word."""
    return audience.label if name in ("", audience.label) else f"{audience.label} {name}"
