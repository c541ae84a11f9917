"""The folder where coordinators drop files to import, and where those go that have come in."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tasks.house import house
from tasks.sheets import SUFFIXES

DONE = "已导入"
MOST = 20  # files that a form offers, the newest


def inbox() -> Path:
    """The folder; made when it is not there."""
    folder = house().settings.inbox_folder
    (folder / DONE).mkdir(parents=True, exist_ok=True)
    return folder


def dropped_files() -> list[Path]:
    """The tables that lie in the inbox, the newest first."""
    found = [
        path
        for path in inbox().iterdir()
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not path.name.startswith(("~", "."))
    ]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST]


def fingerprint(path: Path) -> str:
    """What tells whether a file has changed since somebody looked at it; "" when it is gone."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_away(path: Path) -> None:
    """Moves a file that has come in out of the way, without writing over an earlier one."""
    target = inbox() / DONE / path.name
    count = 1
    while target.exists():
        count += 1
        target = target.with_name(f"{path.stem} ({count}){path.suffix}")
    path.rename(target)


def was_put_away(name: str, print_: str) -> bool:
    """Whether a file with this name and fingerprint has come in already."""
    stem = Path(name).stem
    return any(
        path.stem.startswith(stem) and fingerprint(path) == print_
        for path in (inbox() / DONE).iterdir()
    )
