"""`make bench`: what each thing costs us, beside the floor, as one JSON document on standard output."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import clocks
import finding
import importing
import outbox
import points
import rates
import steps
from measure import Figure, machine

from config.settings import ROOT

PARTS = {
    "steps": steps.figures,
    "outbox": outbox.figures,
    "importing": importing.figures,
    "finding": finding.figures,
    "clocks": clocks.figures,
    "rates": rates.figures,
    "points": points.figures,
}
RUNS = "runs"


def main(wanted: list[str]) -> None:
    """Measures all parts, or those that are named."""
    parts = wanted or [*PARTS, RUNS]
    measured = []
    for part in parts:
        with TemporaryDirectory(prefix="diandan-bench-") as folder:
            for figure in _runs(folder) if part == RUNS else PARTS[part](Path(folder)):
                print(f"{figure.name}: {figure.as_json()['ratio']}", file=sys.stderr)
                measured.append({"part": part, **figure.as_json()})
    print(json.dumps({"machine": machine(), "figures": measured}, ensure_ascii=False, indent=2))


def _runs(folder: str) -> Iterator[Figure]:
    command = [sys.executable, str(Path(__file__).with_name("runs.py")), folder]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    yield from (Figure(**figure) for figure in json.loads(done.stdout))


if __name__ == "__main__":
    main(sys.argv[1:])
