"""One step of an order through its task, beside the same SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from measure import Figure, median_ms

from config.settings import Settings
from tasks.house import move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Purpose
from tasks.orders import act
from tasks.requests import request_for

ORDERS = 300
LAMP = {
    "kind": "appeal",
    "words": "三号巷口的路灯坏了",
    "resident": "王阿姨",
    "phone": "0893-0000101",
}


def figures(folder: Path) -> Iterator[Figure]:
    """Placing and accepting."""
    house = move_in(Settings(home=folder, database=f"sqlite:///{folder / 'steps.db'}"))
    migrate(house.database, house.catalog, Purpose.TEST)
    numbers: list[str] = []
    place = median_ms(lambda _turn: numbers.append(_place(LAMP)), ORDERS)
    accept = request_for(Action.ACCEPT, {})
    step = median_ms(lambda turn: act(numbers[turn], [accept], "staff-1"), ORDERS)
    by_hand = _by_hand(folder)
    what = "plain sqlite3: begin, read, update, history, message, commit; synchronous=FULL"
    yield Figure("one step of an order", "ms", step, by_hand, what)
    yield Figure("placing an order", "ms", place, by_hand, what)


def _place(values: dict[str, str]) -> str:
    return place_order(request_for(Action.PLACE, values), "staff-1")  # type: ignore[arg-type]


def _by_hand(folder: Path) -> float:
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

    return median_ms(step, ORDERS)
