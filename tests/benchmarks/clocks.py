"""Deadlines, and the sweep of 1,000 due clocks among 10,000 and 100,000 open orders, beside the bare SQL."""

from __future__ import annotations

import gc
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from importing import memory_mb
from measure import Figure, median_ms

from config.catalog import Allowance
from config.settings import ROOT, Settings
from tasks.clock import clock_at
from tasks.escalation import BATCH, sweep_clocks
from tasks.house import house, move_in
from tasks.migrate import migrate
from tasks.models.enums import Purpose
from tasks.reminders import gather_reminders
from tasks.rules.sla import due_at, worked
from tasks.rules.working_time import working_time

NOW = datetime(2026, 9, 16, 2, 0, tzinfo=UTC)  # Wednesday 10:00 in Shanghai
DUE, FEW, MANY = 1_000, 10_000, 100_000
DEADLINES, TURNS = 20_000, 3
TABLES = ("messages", "clock_changes")
AN_HOUR = timedelta(hours=1)


def figures(folder: Path) -> Iterator[Figure]:
    """How many deadlines a second; and what a sweep costs."""
    move_in(Settings(home=folder))
    yield from _deadlines()
    swept = [[_in_a_process(folder, rows) for _ in range(TURNS)] for rows in (FEW, MANY)]
    few, many = (sorted(turns, key=lambda turn: turn["ours"])[TURNS // 2] for turns in swept)
    yield Figure(
        "sweeping 1,000 due of 100,000 open orders",
        "ms",
        many["ours"],
        many["floor"],
        "sqlite3: the same page by page, and executemany of the same changes; synchronous=FULL",
        at_most=15,
    )
    yield Figure(
        "sweeping 1,000 due of 100,000",
        "ms",
        many["ours"],
        few["ours"],
        "sweeping the same 1,000 among 10,000",
        at_most=1.2,
    )
    yield Figure("memory growth of the sweep", "MB", many["grown"], None, "none", at_most=100)


def _deadlines() -> Iterator[Figure]:
    calendar, allowance = house().catalog.calendar, Allowance(15, "wd")
    begun = [NOW + AN_HOUR * turn for turn in range(1_000)]
    due_at(NOW, allowance, calendar)  # the years are built once

    def fifteen(turn: int) -> None:
        due_at(begun[turn % len(begun)], allowance, calendar)

    took = time.perf_counter()
    for turn in range(DEADLINES):
        fifteen(turn)
    rate = DEADLINES / (time.perf_counter() - took)
    yield Figure("deadlines of 15 working days", "a second", rate, 20_000, "what we want at least")
    year, decade = Allowance(251, "wd"), timedelta(days=3_652)
    time_in = working_time(calendar)
    worked(NOW - decade, NOW, time_in)
    yield Figure(
        "a deadline a year away",
        "ms",
        median_ms(lambda _turn: due_at(NOW, year, calendar), 200),
        median_ms(lambda _turn: due_at(NOW, Allowance(1, "wd"), calendar), 200),
        "a deadline of one working day",
    )
    yield Figure(
        "working time of ten years",
        "ms",
        median_ms(lambda _turn: worked(NOW - decade, NOW, time_in), 200),
        median_ms(lambda _turn: worked(NOW - AN_HOUR, NOW, time_in), 200),
        "working time of an hour",
    )


def _in_a_process(folder: Path, orders: int) -> dict[str, float]:
    """In a process of its own, so that nothing else has grown before."""
    done = subprocess.run(
        [sys.executable, __file__, str(folder / f"{orders}.db"), str(orders)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _alone(path: Path, orders: int) -> dict[str, float]:
    for name in ("warm", "ours", "plain"):
        _fill(path.with_suffix(f".{name}"), DUE if name == "warm" else orders)
    with clock_at(NOW):
        _sweep(path.with_suffix(".warm"))
        gc.collect()  # what filling the tables left is not the sweep's
        before = memory_mb()
        ours = _sweep(path.with_suffix(".ours"))
        grown = memory_mb(peak=True) - before
    return {
        "ours": ours,
        "floor": _bare(path.with_suffix(".ours"), path.with_suffix(".plain")),
        "grown": grown,
    }


def _sweep(path: Path) -> float:
    move_in(Settings(home=path.parent, database=f"sqlite:///{path}"))

    def sweep(_turn: int) -> None:
        tally = sweep_clocks()
        assert (tally.counts["warned"] + tally.counts["overdue"], tally.failed) == (DUE, [])
        gather_reminders()

    return median_ms(sweep, 1)


def _fill(path: Path, orders: int) -> None:
    """Open orders that wait for a unit; some are due soon, some overdue, of the others it is early."""
    path.unlink(missing_ok=True)
    home = move_in(Settings(home=path.parent, database=f"sqlite:///{path}"))
    migrate(home.database, home.catalog, Purpose.TEST)
    handlers = list(home.catalog.handlers)
    database = sqlite3.connect(path)
    rows, clocks = [], []
    for n in range(1, orders + 1):
        is_due = n % (orders // DUE) == 0
        is_late = n // (orders // DUE) % 2 == 0
        started = NOW - timedelta(days=1 if is_late else 0, hours=1 if is_late else 20)
        due = NOW - AN_HOUR if is_late else NOW + AN_HOUR / 4
        act = (due if is_late else NOW - AN_HOUR) if is_due else NOW + timedelta(days=9)
        due, act = (f"{moment:%Y-%m-%d %H:%M:%S.000000}" for moment in (due, act))
        begun = f"{started:%Y-%m-%d %H:%M:%S.000000}"
        where = (f"grid-{1 + n % 7}", handlers[n % len(handlers)])
        rows.append((n, f"A-2026-{n:06d}", "路灯坏了", begun, *where, due))
        clocks.append((n, begun, due, act))
    database.executemany(
        "insert into orders(id, number, words, place, source, kind, status, version, round, urgency,"
        " placed_at, category, grid, handler, returns, next_due_at, wakes, run_attempt)"
        " values (?, ?, ?, '', 'desk', 'appeal', 'assigned', 3, 1, 'normal', ?, 'street-light', ?, ?, 0, ?, 0, 0)",
        rows,
    )
    database.executemany(
        'insert into clocks(order_id, kind, version, round, started_at, "limit", by_wall_clock, due_at,'
        " provisional, pauses, step, act_at) values (?, 'take', 2, 1, ?, '1wd', 0, ?, 0, '[]', 0, ?)",
        clocks,
    )
    database.execute("analyze")
    database.commit()
    database.close()


def _bare(done: Path, plain: Path) -> float:
    """The same rows, read and written page by page with nothing but sqlite3."""
    with sqlite3.connect(done) as ours:
        steps = ours.execute(
            "select id, step, act_at from clocks where step > 0 order by id"
        ).fetchall()
        rungs = dict(ours.execute("select id, rung from orders where rung > 0"))
        added = {name: ours.execute(f"select * from {name}").fetchall() for name in TABLES}
    after = {row[0]: row for row in steps}
    database = sqlite3.connect(plain, isolation_level=None)
    database.execute("PRAGMA synchronous=FULL")
    share = DUE // BATCH

    def pages(_turn: int) -> None:
        last: tuple[Any, int] = ("", 0)
        for page in range(share):
            found = database.execute(
                "select c.id, c.act_at, c.due_at, c.step, o.id, o.number, o.grid, o.handler, o.member, o.rung"
                " from clocks c join orders o on o.id = c.order_id"
                " where c.act_at <= ? and (c.act_at, c.id) > (?, ?) order by c.act_at, c.id limit ?",
                (f"{NOW:%Y-%m-%d %H:%M:%S.000000}", *last, BATCH),
            ).fetchall()
            last = (found[-1][1], found[-1][0])
            database.execute("BEGIN IMMEDIATE")
            mine = [after[row[0]] for row in found]
            database.executemany(
                "update clocks set step = ?, act_at = ? where id = ?",
                [(step, act, id) for id, step, act in mine],
            )
            database.executemany(
                "update orders set rung = ? where id = ?",
                [(rungs[row[4]], row[4]) for row in found if row[4] in rungs],
            )
            for name, rows in added.items():
                some = rows[page::share]
                places = ",".join("?" * len(rows[0]))
                database.executemany(f"insert into {name} values ({places})", some)
            database.execute("COMMIT")

    return median_ms(pages, 1)


if __name__ == "__main__":
    print(json.dumps(_alone(Path(sys.argv[1]), int(sys.argv[2]))))
