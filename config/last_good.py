"""A running installation goes on with the community as it was before somebody's slip."""

from __future__ import annotations

import filecmp
import os
import shutil
from pathlib import Path

from config.catalog import Catalog, CatalogError, load_catalog


def load_kept(folder: Path, kept: Path) -> tuple[Catalog, str]:
    """The community of a folder, which is then kept; or, where the folder has a mistake, the one that was
    kept last, with the first mistake in words. Raises CatalogError when none was kept yet."""
    try:
        catalog = load_catalog(folder)
    except CatalogError as error:
        if not kept.is_dir():
            raise
        return load_catalog(kept), str(error.mistakes[0])
    _keep(folder, kept)
    return catalog, ""


def _keep(folder: Path, kept: Path) -> None:
    """Copies what has changed; each file is there whole or not at all."""
    wanted = {path.relative_to(folder) for path in folder.rglob("*.yaml")}
    for name in wanted:
        copy = kept / name
        if copy.exists() and filecmp.cmp(folder / name, copy, shallow=False):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copyfile(folder / name, fresh)
        fresh.replace(copy)
    for path in kept.rglob("*.yaml"):
        if path.relative_to(kept) not in wanted:
            path.unlink(missing_ok=True)
