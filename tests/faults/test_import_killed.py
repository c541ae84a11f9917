"""An import that is killed over and over, and started again, ends like one that nobody disturbed."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.models.tables import History, Order, Resident

pytestmark = pytest.mark.server
DIANDAN = str(Path(sys.executable).with_name("diandan"))
KILLS, ROWS = 20, 10
LIVE = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED"]
MOMENTS = (0.5, 2.0)  # seconds after its start: while it loads, reads, stores, or makes runs
OF_ITS_TIME = {
    "id",
    "at",
    "placed_at",
    "due_at",
    "next_due_at",
    "run_id",
    "run_attempt",
    "order_id",
    "inputs",
}


def table(path: Path, parts: int) -> Path:
    """A ledger that has grown so many times, by ten rows each."""
    lines = [
        f"L-{n},第 {n} 盏路灯不亮,居民 {n % 7},1390000{n % 7:04d}"
        for n in range(1, parts * ROWS + 1)
    ]
    path.write_text("\n".join(("编号,内容,姓名,电话", *lines)), encoding="utf-8")
    return path


def facts(rows: Any) -> list[list[dict[str, Any]]]:
    """All that an import leaves behind, but for when it was and which run carries it."""
    return [
        [row.model_dump(exclude=OF_ITS_TIME) for row in rows(kind)]
        for kind in (Order, History, Resident)
    ]


def test_an_import_killed_at_twenty_random_moments_ends_like_an_undisturbed_one(
    fresh, move_in_to, rows, agree, tmp_path
) -> None:
    ours = fresh()
    ours.start()
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    for part in range(1, KILLS + 1):
        command = [DIANDAN, "import", str(table(tmp_path / "ledger.csv", part)), "--by", "staff-1"]
        process = subprocess.Popen(command, env=ours.environment, stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(*MOMENTS))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    last = ours.command("import", str(tmp_path / "ledger.csv"), "--by", "staff-1")
    assert (last.returncode, last.stderr) == (0, ""), seed
    with move_in_to(ours):
        disturbed = facts(rows)
        assert agree() == {"right": KILLS * ROWS}, seed
        assert len(ours.order_runs(LIVE)) == KILLS * ROWS, seed
    quiet = fresh()
    quiet.command("import", str(tmp_path / "ledger.csv"), "--by", "staff-1")
    with move_in_to(quiet):
        assert facts(rows) == disturbed, seed
