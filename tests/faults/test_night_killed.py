"""A night that is killed over and over, and started again, leaves what an undisturbed one leaves."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from tasks.clock import clock_at
from tasks.house import House
from tasks.models.enums import Purpose
from tasks.models.inputs import Place
from tasks.models.tables import ClockChange, ClockRow, Message, Order

pytestmark = pytest.mark.server
DIANDAN = str(Path(sys.executable).with_name("diandan"))
KILLS, ORDERS = 12, 1_200
MOMENTS = (0.8, 1.8)  # seconds after its start: while it loads, sweeps, or gathers
PLACED = datetime(2026, 9, 14, 1, 30, tzinfo=UTC)  # Monday 09:30 in Shanghai
NIGHT = "2026-09-16T02:30+08:00"
IDS = {"id", "order_id", "created_at", "next_attempt_at", "ended_at", "at"}


@pytest.fixture
def fill(settle: Callable[..., House], tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """A database with many orders that nobody has accepted; gives the environment of its commands."""

    def filled(name: str) -> dict[str, str]:
        from tasks.bulk import place_all
        from tasks.house import move_in
        from tasks.migrate import migrate

        home = tmp_path / name
        here = move_in(Settings(home=home))
        migrate(here.database, here.catalog, Purpose.TEST)
        requests = [
            Place(
                kind="appeal",
                words=f"第 {n} 盏路灯不亮",
                grid=f"grid-{1 + n % 7}",
                source="ledger",
                external_id=str(n),
            )
            for n in range(ORDERS)
        ]
        with clock_at(PLACED):
            place_all(requests, "staff-1")
        given = {name: value for name, value in os.environ.items() if "DIANDAN" not in name}
        return {**given, "DIANDAN_HOME": str(home)}

    return filled


def left_behind(rows: Callable[..., list[Any]]) -> list[list[dict[str, Any]]]:
    """All that a night leaves, in an order of its own."""
    found = []
    for table in (Order, ClockRow, ClockChange, Message):
        kept = [row.model_dump(exclude=IDS) for row in rows(table)]
        for row in kept:
            row["key"] = str(row.get("key", "")).partition(":")[0]
            row.pop("variables", None)
        found.append(sorted(kept, key=str))
    return found


def test_a_night_killed_at_random_moments_and_started_again_does_nothing_twice(
    fill: Callable[[str], dict[str, str]], rows: Callable[..., list[Any]]
) -> None:
    night = [DIANDAN, "--at", NIGHT, "nightly", "--json"]
    environment = fill("quiet")
    subprocess.run(night, env=environment, check=True, stdout=subprocess.DEVNULL)
    undisturbed = left_behind(rows)
    assert sum(row["rung"] for row in undisturbed[0]) == ORDERS * 3  # overdue, and a day more
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    environment = fill("disturbed")
    for _ in range(KILLS):
        process = subprocess.Popen(night, env=environment, stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(*MOMENTS))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    subprocess.run(night, env=environment, check=True, stdout=subprocess.DEVNULL)
    assert left_behind(rows) == undisturbed, seed


def test_two_nights_at_once_do_it_once(
    fill: Callable[[str], dict[str, str]], rows: Callable[..., list[Any]]
) -> None:
    environment, night = fill("twice"), [DIANDAN, "--at", NIGHT, "nightly", "--json"]
    both = [subprocess.Popen(night, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    keys = [message.key for message in rows(Message)]
    assert len(keys) == len(set(keys))
    assert len(rows(ClockChange)) == ORDERS
    late = PLACED + timedelta(days=9)
    assert {clock.act_at < late for clock in rows(ClockRow)} == {True}
