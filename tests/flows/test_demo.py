"""The demo: its table says what is in the database, and a second start adds nothing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasks.db import engine_for


def test_the_demo_is_filled_once_and_its_table_counts_what_is_there(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    first, second = command("demo", "--no-serve"), command("demo", "--no-serve")
    assert first.code == 0, first.error
    assert first.out == second.out
    with sqlite3.connect(tmp_path / "demo" / "demo.db") as database:
        orders = database.execute("select number, status from orders").fetchall()
    assert len(orders) >= 12
    assert all(number in first.out for number, _status in orders)
    statuses = Counter(status for _number, status in orders)
    assert f"共 {len(orders)} 件" in first.out
    assert f"已评单 {statuses['closed']}" in first.out


def test_an_interrupted_start_of_the_demo_begins_anew(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    whole = command("demo", "--no-serve").out
    (tmp_path / "demo" / "filled").unlink()
    with sqlite3.connect(tmp_path / "demo" / "demo.db") as database:
        database.execute("delete from history where order_id > 3")
    engine_for.cache_clear()  # another process would have opened nothing yet
    assert command("demo", "--no-serve").out == whole
