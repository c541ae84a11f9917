"""`make bench`: one JSON document on standard output, each figure with its floor and the ratio of the two."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_figure_has_ours_the_floor_and_the_ratio_of_the_two() -> None:
    done = subprocess.run(
        [sys.executable, "tests/benchmarks/run.py", "steps"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["machine"]["cores"]
    assert [figure["name"] for figure in measured["figures"]] == [
        *("one step of an order", "placing an order"),
    ]
    for figure in measured["figures"]:
        assert figure["floor"] > 0 and figure["ours"] > 0
        assert figure["ratio"] > 0
        assert figure["floor_is"]
