"""How we want Prefect on one machine: its own folder and database, no telemetry, small and quick."""

from __future__ import annotations

import os

from flows.links import ui
from tasks.house import house

SERVER_DATABASE = "prefect.db"


def api_url() -> str:
    """The API that this installation talks to: PREFECT_API_URL when set, our own server otherwise."""
    return os.environ.get("PREFECT_API_URL") or f"{ui()}/api"


def is_our_own_server() -> bool:
    """Whether we start the server, rather than use one that somebody else runs."""
    return not os.environ.get("PREFECT_API_URL")


def environment() -> dict[str, str]:
    """The environment of the server, the worker and everything they start. What is set already stays."""
    settings = house().settings
    home = settings.home / "prefect"
    wanted = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": api_url(),
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "true",
        "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "2d",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "2",
        "PREFECT_WORKER_HEARTBEAT_SECONDS": "15",
        "DIANDAN_HOME": str(settings.home),
        "DIANDAN_CONFIG": str(settings.config),
        "DIANDAN_DATABASE": settings.database_url,
        "DIANDAN_LAST_GOOD": str(settings.home / "last-good"),
        "PYTHONUNBUFFERED": "1",
    }
    if settings.auth_string is not None:
        secret = settings.auth_string.get_secret_value()
        wanted["PREFECT_SERVER_API_AUTH_STRING"] = secret
        wanted["PREFECT_API_AUTH_STRING"] = secret
        wanted["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] = "true"
    given = {name: value for name, value in os.environ.items() if name in wanted}
    ours = {name for name in wanted if name.startswith("DIANDAN_")} | {"PREFECT_API_URL"}
    return {**wanted, **{name: value for name, value in given.items() if name not in ours}}


def apply_to_this_process() -> None:
    """Sets the environment here, before Prefect is imported."""
    os.environ.update(environment())
