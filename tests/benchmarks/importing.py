"""Taking in a file, split in parse, validate and store; its memory; and whether 100,000 rows cost what they should."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from measure import Figure, median_ms

from config.settings import ROOT, Settings
from tasks.house import move_in
from tasks.importing import plan_import, run_import
from tasks.migrate import migrate
from tasks.models.enums import Purpose
from tasks.models.inputs import Place
from tasks.sheets import read_sheets

ROWS, MANY = 2_200, 100_000
TURNS = 5
TABLES = ("residents", "orders", "history", "clocks")
HEADER = "编号,内容,网格,姓名,电话,登记时间"
WORDS = "三号巷口的路灯坏了三盏，晚上老人出门看不见路，孩子们放学回来也害怕，请尽快派人来看一看，修好了告诉我们一声。"


def figures(folder: Path) -> Iterator[Figure]:
    """The file of a year, and one fifty times as long."""
    path = table(folder / "year.csv", ROWS)
    parse = median_ms(lambda _turn: [list(s.rows) for s in read_sheets(path)], TURNS)
    yield Figure(
        "parsing 2,200 rows",
        "ms",
        parse,
        median_ms(lambda _t: _plain_csv(path), TURNS),
        "csv.reader",
    )
    _empty_house(folder / "plan.db")
    plan = median_ms(lambda _turn: plan_import(path), TURNS)
    requests = plan_import(path).new
    typed = [request.model_dump(exclude_none=True) for request in requests]
    floor = median_ms(lambda _turn: [Place.model_validate(one) for one in typed], TURNS)
    yield Figure(
        "validating 2,200 rows", "ms", plan - parse, floor, "one pydantic model a row, nothing else"
    )
    yield _store(folder, path)
    year, many = (_in_a_process(folder, rows) for rows in (ROWS, MANY))
    for rows, grown in ((ROWS, year["grown"]), (MANY, many["grown"])):
        yield Figure(f"memory growth of importing {rows:,} rows", "MB", grown, None, "none")
    yield Figure(
        "a row of 100,000",
        "ms",
        (many["plan"] + many["store"]) / MANY,
        (year["plan"] + year["store"]) / ROWS,
        "a row of 2,200: 1 is a straight line",
    )


def table(path: Path, rows: int) -> Path:
    """A ledger of so many rows, of a third as many people."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for n in range(rows):
            person = f"居民{n % (rows // 3 + 1)},189{n % (rows // 3 + 1):08d}"
            file.write(
                f"L-{n},{n} {WORDS},第{'一二三四五六七'[n % 7]}网格,{person},2026-03-01 09:30\n"
            )
    return path


def _plain_csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _empty_house(path: Path) -> None:
    path.unlink(missing_ok=True)
    house = move_in(Settings(home=path.parent, database=f"sqlite:///{path}"))
    migrate(house.database, house.catalog, Purpose.TEST)


def _store(folder: Path, path: Path) -> Figure:
    ours, floor = [], []
    for turn in range(TURNS):
        stored = folder / f"ours{turn}.db"
        _empty_house(stored)
        plan = plan_import(path)
        ours.append(median_ms(lambda _t, plan=plan: run_import(plan, "system"), 1))
        plain = folder / f"plain{turn}.db"
        _empty_house(plain)
        floor.append(_executemany(stored, plain))
    middle = TURNS // 2
    return Figure(
        "storing 2,200 rows",
        "ms",
        sorted(ours)[middle],
        sorted(floor)[middle],
        "executemany of the same rows into the same tables, synchronous=FULL",
        at_most=8,
    )


def _executemany(stored: Path, plain: Path) -> float:
    with sqlite3.connect(stored) as database:
        rows = {name: database.execute(f"select * from {name}").fetchall() for name in TABLES}
    empty = sqlite3.connect(plain, isolation_level=None)
    empty.execute("PRAGMA synchronous=FULL")

    def store(_turn: int) -> None:
        empty.execute("BEGIN IMMEDIATE")
        for name, found in rows.items():
            places = ",".join("?" * len(found[0]))
            empty.executemany(f"insert into {name} values ({places})", found)
        empty.execute("COMMIT")

    return median_ms(store, 1)


def _in_a_process(folder: Path, rows: int) -> dict[str, float]:
    """In a process of its own, so that nothing else has grown before."""
    path = table(folder / f"{rows}.csv", rows)
    done = subprocess.run(
        [sys.executable, __file__, str(path), str(folder / f"{rows}.db")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _alone(path: Path, database: Path) -> dict[str, float]:
    _empty_house(database)
    small = table(path.with_name("first.csv"), 3)  # what is loaded once is no growth
    run_import(plan_import(small), "system")
    _empty_house(database)
    before, began = memory_mb(), time.perf_counter()
    plan = plan_import(path)
    planned = time.perf_counter()
    run_import(plan, "system")
    stored = time.perf_counter()
    return {
        "plan": (planned - began) * 1000,
        "store": (stored - planned) * 1000,
        "grown": memory_mb(peak=True) - before,
    }


def memory_mb(*, peak: bool = False) -> float:
    """What this process holds, or the most that it has held since it was last asked for the former."""
    if not peak:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    name = "VmHWM" if peak else "VmRSS"
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(name)


if __name__ == "__main__":
    print(json.dumps(_alone(Path(sys.argv[1]), Path(sys.argv[2]))))
