"""`make bench`: what one step of an order costs, beside the same SQL by hand, measured in one run. Prints JSON."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from config.settings import Settings
from tasks.house import move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Purpose
from tasks.orders import act
from tasks.requests import request_for

ORDERS = 200


def _median_ms(step: Callable[[int], object], times: int) -> float:
    took = []
    for turn in range(times):
        began = time.perf_counter()
        step(turn)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def _by_hand(folder: Path) -> float:
    """Begin, read, update, a row of history, a message, commit: with the same durability as ours."""
    db = sqlite3.connect(folder / "plain.db", isolation_level=None)
    db.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "CREATE TABLE orders(id INTEGER PRIMARY KEY, number TEXT UNIQUE, status TEXT, version INT);"
        "CREATE TABLE history(id INTEGER PRIMARY KEY, order_id INT, version INT, action TEXT);"
        "CREATE TABLE messages(id INTEGER PRIMARY KEY, key TEXT UNIQUE, order_id INT, state TEXT);"
    )
    rows = [(f"A-{turn}", "placed", 1) for turn in range(ORDERS)]
    db.executemany("INSERT INTO orders(number, status, version) VALUES (?, ?, ?)", rows)

    def step(turn: int) -> None:
        db.execute("BEGIN IMMEDIATE")
        id, version = db.execute(
            "SELECT id, version FROM orders WHERE number = ?", (f"A-{turn}",)
        ).fetchone()
        db.execute("UPDATE orders SET status = 'accepted', version = 2 WHERE id = ?", (id,))
        db.execute("INSERT INTO history(order_id, version, action) VALUES (?, 2, 'accept')", (id,))
        db.execute(
            "INSERT INTO messages(key, order_id, state) VALUES (?, ?, 'queued')",
            (f"accepted:{turn}:v{version}", id),
        )
        db.execute("COMMIT")

    return _median_ms(step, ORDERS)


def test_one_step_of_an_order(tmp_path: Path) -> None:
    house = move_in(Settings(home=tmp_path, database=f"sqlite:///{tmp_path / 'ours.db'}"))
    migrate(house.database, house.catalog, Purpose.TEST)
    words = {
        "kind": "appeal",
        "words": "三号巷口的路灯坏了",
        "resident": "王阿姨",
        "phone": "0893-0000101",
    }
    numbers: list[str] = []
    place = _median_ms(
        lambda _turn: numbers.append(place_order(request_for(Action.PLACE, words), "staff-1")),  # type: ignore[arg-type]
        ORDERS,
    )
    accept = request_for(Action.ACCEPT, {})
    ours = _median_ms(lambda turn: act(numbers[turn], [accept], "staff-1"), ORDERS)
    floor = _by_hand(tmp_path)
    machine = {
        "python": platform.python_version(),
        "cpu": platform.machine(),
        "cores": os.cpu_count(),
    }
    print(
        "\n"
        + json.dumps(
            {
                "one_step_ms": {
                    "ours": round(ours, 3),
                    "floor": round(floor, 3),
                    "ratio": round(ours / floor, 1),
                },
                "place_ms": {
                    "ours": round(place, 3),
                    "floor": round(floor, 3),
                    "ratio": round(place / floor, 1),
                },
                "machine": machine,
            },
            indent=2,
        )
    )
