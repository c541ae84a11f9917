"""The three rates over 100,000 rounds, beside the one statement that counts them by hand."""

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
from tasks.rates import By, rates_between

ROUNDS, TURNS = 100_000, 9
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
BY_HAND = """
select {part}, sum(grade is not null), sum(grade is not null and contacted_in_time),
    sum(grade is not null and solved), sum(grade = 'satisfied'), sum(grade = 'basically'),
    sum(grade is null), sum(o.round > e.round), sum(e.rung < 2)
from outcomes e join orders o on o.id = e.order_id
where at > '2025-12-31 15:59:59' and at <= '2026-12-31 15:59:59' group by 1
"""
_ORDER = "number,words,place,source,kind,status,version,round,urgency,placed_at,returns,rung,wakes,run_attempt"
_ROUND = "order_id,round,at,grade,solved,contacted_in_time,rung,category,grid,handler,member"


def figures(folder: Path) -> Iterator[Figure]:
    """Of the whole community, and by grid and handler."""
    path = folder / "rated.db"
    house = move_in(Settings(home=folder, database=f"sqlite:///{path}"))
    migrate(house.database, house.catalog, Purpose.TEST)
    database = sqlite3.connect(path)
    _fill(database)
    for by in (None, By.GRID, By.HANDLER):
        part = f"e.{by.value}" if by else "''"
        yield Figure(
            f"rates of {ROUNDS:,} rounds, {f'by {by.value}' if by else 'all together'}",
            "ms",
            median_ms(lambda _turn, by=by: rates_between(FIRST, LAST, by), TURNS),
            median_ms(
                lambda _turn, part=part: database.execute(BY_HAND.format(part=part)).fetchall(),
                TURNS,
            ),
            "the one statement in sqlite3",
            at_most=2,
        )


def _fill(database: sqlite3.Connection) -> None:
    chance = random.Random(1)
    orders, rounds = [], []
    for n in range(ROUNDS):
        at = f"2026-{1 + n % 12:02d}-{1 + n % 28:02d} 02:00:00.000000"
        what = (f"A-2026-{n:06d}", "路灯", "", "import", "appeal", "closed", 6, 1, "normal", at)
        orders.append((*what, 0, 0, 0, 0))
        grade = chance.choice(["satisfied", "satisfied", "basically", "unsatisfied", None])
        how = (grade, grade and grade != "unsatisfied", chance.random() < 0.9, chance.randrange(4))
        where = ("street-light", f"grid-{1 + n % 7}", f"unit-{n % 23}", f"m-{n % 113}")
        rounds.append((n + 1, 1, at, *how, *where))
    for table, columns, rows in (("orders", _ORDER, orders), ("outcomes", _ROUND, rounds)):
        places = ",".join("?" * len(columns.split(",")))
        database.executemany(f"insert into {table}({columns}) values ({places})", rows)
    database.execute("analyze")
    database.commit()
