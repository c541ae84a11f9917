"""Addresses of pages of the Prefect UI that we send coordinators to.

They lead to Prefect's second UI: there a form shows the order above its fields whatever the height
of the screen (the first one squeezes it to nothing), for the price of one more click (⋮, Resume).
"""

from __future__ import annotations

import json
import os
from urllib.parse import urlencode

from tasks.house import house

EVER = {"start": "2020-01-01T00:00:00Z", "end": "2099-12-31T00:00:00Z"}


def ui() -> str:
    """The UI's root, without a slash at its end."""
    settings = house().settings
    at_settings = f"http://{reachable(settings.host)}:{settings.port}"
    return settings.ui_url or _of_the_server() or at_settings


def _of_the_server() -> str:
    """The server that this process speaks with: a command need not have been told its port."""
    return os.environ.get("PREFECT_API_URL", "").rstrip("/").removesuffix("/api")


def reachable(host: str) -> str:
    """How a browser on this machine writes a listening address."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _pages() -> str:
    return f"{ui()}/v2"


def run_link(run_id: str | None) -> str:
    """The page of a run, with its Resume button."""
    return f"{_pages()}/runs/flow-run/{run_id}"


def waiting_link(tag: str = "") -> str:
    """All waiting runs (with a tag), however old: the page alone shows seven days."""
    query: dict[str, object] = {"tab": "flow-runs", "state": "Suspended", "limit": 100, **EVER}
    if tag:
        query["tags"] = tag  # a text here, a list on the page of deployments
    return f"{_pages()}/runs?{urlencode(query)}"


def artifact_link(id: object) -> str:
    """The page of an artifact."""
    return f"{_pages()}/artifacts/artifact/{id}"


def artifacts_link(key: str) -> str:
    """The page of everything that was written under a key, also before there is anything."""
    return f"{_pages()}/artifacts/key/{key}"


def deployment_link(id: object) -> str:
    """The form that starts a run of a deployment."""
    return f"{_pages()}/deployments/deployment/{id}/run"


def deployments_link(tag: str) -> str:
    """Everything with this tag that can be started, on one page."""
    query = {"tags": json.dumps([tag], ensure_ascii=False), "limit": 100}
    return f"{_pages()}/deployments?{urlencode(query)}"
