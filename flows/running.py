"""How commands on this machine find the running installation that serves their database."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from tasks.house import house


def _file() -> Path:
    return house().settings.home / "server.json"


def _database() -> str:
    """The database's URL, unreadable: it may hold a password."""
    return sha256(house().database.encode()).hexdigest()


def say_running(api: str | None) -> None:
    """Writes down which API serves this database; None when it no longer does."""
    if api is None:
        _file().unlink(missing_ok=True)
    else:
        whole = _file().with_suffix(".new")  # nobody reads half of it
        whole.write_text(json.dumps({"api": api, "database": _database()}), encoding="utf-8")
        whole.replace(_file())


def running_api() -> str | None:
    """The API of the installation that serves this database, None when none runs here."""
    try:
        said = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said["api"] if said.get("database") == _database() else None
