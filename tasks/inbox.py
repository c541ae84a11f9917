"""The folder where coordinators drop files to import, and where those go that have come in."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tasks.errors import BadInput
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


@contextmanager
def as_shown(path: Path, print_: str) -> Iterator[Path]:
    """A private copy of a file that has this fingerprint, whatever happens to the file meanwhile.

    Raises BadInput for a file that is not as it was when somebody looked at it.
    """
    with TemporaryDirectory(prefix="diandan-") as folder:
        copy = Path(folder) / path.name
        with suppress(FileNotFoundError):
            shutil.copyfile(path, copy)
        if not print_ or fingerprint(copy) != print_:
            raise BadInput(field="导入哪个文件", problem="文件在您看过以后变了，请再看一遍。")
        yield copy


def put_away(path: Path, print_: str) -> None:
    """Moves a file that has come in out of the way, without writing over an earlier one.

    One that has changed since stays: nobody has seen it.
    """
    if fingerprint(path) != print_:
        return
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
