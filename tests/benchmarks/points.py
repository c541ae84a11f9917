"""The ranking of a month from 100,000 entries of 1,000 members, beside the one statement that adds them up by hand."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from measure import Figure, median_ms

from config.settings import Settings
from tasks.house import move_in
from tasks.migrate import migrate
from tasks.models.enums import Purpose
from tasks.points import rankings_of

ENTRIES, MEMBERS, TURNS = 100_000, 1_000, 9
MONTH = date(2026, 9, 1)
BY_HAND = """
select member, handler, sum(points) from points
where at >= '2026-08-31 16:00:00' and at < '2026-09-30 16:00:00' group by 1, 2
"""


def figures(folder: Path) -> Iterator[Figure]:
    """All entries are of that month."""
    path = folder / "points.db"
    house = move_in(Settings(home=folder, database=f"sqlite:///{path}"))
    migrate(house.database, house.catalog, Purpose.TEST)
    database, chance = sqlite3.connect(path), random.Random(1)
    handlers = list(house.catalog.handlers)
    rows = [
        (
            f"service:A-2026-{n:06d}:1",
            f"2026-09-{1 + n % 28:02d} 02:00:00.000000",
            f"m-{n % MEMBERS:04d}",
            handlers[n % MEMBERS % len(handlers)],
            chance.randint(-5, 20),
        )
        for n in range(ENTRIES)
    ]
    database.executemany(
        "insert into points(key, at, member, handler, rule, points, reason)"
        " values (?, ?, ?, ?, 'service', ?, '')",
        rows,
    )
    database.execute("analyze")
    database.commit()
    yield Figure(
        f"the ranking of a month, {ENTRIES:,} entries of {MEMBERS:,} members",
        "ms",
        median_ms(lambda _turn: rankings_of(MONTH), TURNS),
        median_ms(lambda _turn: database.execute(BY_HAND).fetchall(), TURNS),
        "the one statement in sqlite3",
        at_most=2,
    )
