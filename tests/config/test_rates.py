"""What `rates.yaml` may say, and what is told where it cannot be meant."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config.catalog import CatalogError, load_catalog

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "example"
FORMULA = {
    **{"id": "v1", "since": '"2024-01-01"'},
    **{"response": "10", "resolution": "50", "satisfaction": "40", "basically": "90"},
}


def told(tmp_path: Path, *formulas: dict[str, str]) -> list[str]:
    """The mistakes of a community with these formulas."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "community"))
    entries = [
        "{" + ", ".join(f"{key}: {value}" for key, value in one.items()) + "}" for one in formulas
    ]
    text = "rates:\n" + "".join(f"  - {entry}\n" for entry in entries)
    (folder / "rates.yaml").write_text(text, encoding="utf-8")
    try:
        load_catalog(folder)
    except CatalogError as error:
        return [str(mistake) for mistake in error.mistakes]
    return []


def test_a_second_formula_from_another_day_is_fine(tmp_path: Path) -> None:
    later = {**FORMULA, "id": "v2", "since": '"2027-01-01"', "response": "20", "resolution": "40"}
    assert told(tmp_path, FORMULA, later) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"response": "20"}, "加起来是 110"),
        ({"response": "-1"}, "太小"),
        ({"basically": "101"}, "太大"),
        ({"since": '"2024-13-01"'}, "不是日期"),
        ({"weight": "1"}, "weight"),
    ],
)
def test_a_formula_that_cannot_be_meant_is_told(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    (mistake,) = told(tmp_path, {**FORMULA, **changes})
    assert mistake.startswith("rates.yaml:2:") and words in mistake


def test_of_two_formulas_from_one_day_nobody_knows_which_one_holds(tmp_path: Path) -> None:
    (mistake,) = told(tmp_path, FORMULA, {**FORMULA, "id": "v2"})
    assert mistake.startswith("rates.yaml:3:") and "2024-01-01" in mistake


def test_a_community_without_any_formula_is_told_so(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "none"))
    (folder / "rates.yaml").write_text("rates: []\n", encoding="utf-8")
    with pytest.raises(CatalogError) as raised:
        load_catalog(folder)
    assert [mistake.file for mistake in raised.value.mistakes] == ["rates.yaml"]
