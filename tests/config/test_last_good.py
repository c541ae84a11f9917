"""A slip in the community's files keeps nobody from working: what was right last stays in force."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.catalog import CatalogError
from config.last_good import load_kept

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A community's folder that may be changed."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "community"))


def test_a_slip_leaves_the_last_good_description_in_force_and_is_named(
    folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    good, slip = load_kept(folder, kept)
    assert slip == ""
    calendar = folder / "calendar.yaml"
    right = calendar.read_text(encoding="utf-8")
    calendar.write_text(right.replace("country: CN", "country: CM"), encoding="utf-8")
    now, slip = load_kept(folder, kept)
    assert slip.startswith("calendar.yaml:")
    assert "country" in slip
    assert now.calendar == good.calendar
    calendar.write_text(right.replace('"09:30-13:00"', '"09:00-13:00"'), encoding="utf-8")
    now, slip = load_kept(folder, kept)
    assert (slip, now.calendar == good.calendar) == ("", False)


def test_a_file_that_is_gone_from_the_description_is_gone_from_what_is_kept(
    folder: Path, tmp_path: Path
) -> None:
    mapping = folder / "imports" / "mine.yaml"
    text = (folder / "imports" / "appeals.yaml").read_text(encoding="utf-8")
    text = text.replace("id: ", "id: mine-", 1).replace("市民留言", "另一种留言")
    mapping.write_text(text, encoding="utf-8")
    load_kept(folder, tmp_path / "kept")
    mapping.unlink()
    load_kept(folder, tmp_path / "kept")
    assert not (tmp_path / "kept" / "imports" / "mine.yaml").exists()


def test_without_any_that_was_good_the_mistakes_are_told(folder: Path, tmp_path: Path) -> None:
    (folder / "rates.yaml").unlink()
    with pytest.raises(CatalogError):
        load_kept(folder, tmp_path / "kept")
