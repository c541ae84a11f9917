"""`diandan orders` with a filter over 100,000 orders, beside the bare query and printing."""

from __future__ import annotations

import io
import json
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from measure import Figure, median_ms

from config.settings import Settings
from flows.cli_output import show_orders
from tasks.finding import Wanted
from tasks.house import move_in
from tasks.migrate import migrate
from tasks.models.enums import OPEN, Purpose, Status
from tasks.waiting import look_over

ORDERS, TURNS = 100_000, 9
COLUMNS = [
    "number",
    "kind",
    "status",
    "version",
    "round",
    "grid",
    "category",
    "urgency",
    "handler",
    "member",
    "placed_at",
    "due_at",
    "next_due_at",
    "rung",
    "words",
    "place",
    "source",
]
FILLED = "number,words,place,source,external_id,kind,status,version,round,urgency,placed_at,category,grid,handler,returns,next_due_at,wakes,run_attempt"
_OPEN = ",".join(f"'{status.value}'" for status in sorted(OPEN))
FILTERS: dict[str, tuple[Wanted, str, Sequence[str]]] = {
    "grid and status": (
        Wanted(grid="grid-3", status=Status.ASSIGNED),
        "grid = ? and status = ?",
        ("grid-3", "assigned"),
    ),
    "handler, open": (
        Wanted(handler="unit-power", open_only=True),
        f"handler = ? and status in ({_OPEN})",
        ("unit-power",),
    ),
    "words": (
        Wanted(words="看不见路999"),
        "words like ? or place like ?",
        ("%看不见路999%", "%看不见路999%"),
    ),
}


def figures(folder: Path) -> Iterator[Figure]:
    """Each filter as a table and as JSON; and 待办 of all that is open."""
    path = folder / "many.db"
    house = move_in(Settings(home=folder, database=f"sqlite:///{path}"))
    migrate(house.database, house.catalog, Purpose.TEST)
    database = sqlite3.connect(path)
    _fill(database)
    for name, (wanted, where, given) in FILTERS.items():
        for as_json in (False, True):
            yield Figure(
                f"orders by {name}, {'JSON' if as_json else 'table'}",
                "ms",
                _printed(lambda w=wanted, j=as_json: show_orders(w, as_json=j)),
                _printed(lambda w=where, g=given, j=as_json: _bare(database, w, g, j)),
                "the bare query in sqlite3, printed without columns",
                at_most=2,
            )
    yield Figure(
        "待办 of 100,000 orders",
        "ms",
        median_ms(lambda _turn: look_over(), TURNS),
        median_ms(
            lambda _turn: [database.execute(by_hand).fetchall() for by_hand in _LISTS], TURNS
        ),
        "the same twenty queries in sqlite3",
    )


_IS_OPEN = f"status in ({_OPEN})"
_ROWS = f"select {','.join(COLUMNS)} from orders where"
_LISTS = (
    f"select status, count(*) from orders where {_IS_OPEN} group by status",
    f"select count(*) from orders where {_IS_OPEN} and next_due_at < '2026-11-20'",
    *(
        f"{_ROWS} status = '{status.value}' and next_due_at is not null order by {key}, id limit 10"
        for status in sorted(OPEN)
        for key in ("next_due_at", "placed_at")
    ),
)


def _fill(database: sqlite3.Connection) -> None:
    chance = random.Random(1)
    weights = [80 if status is Status.CLOSED else 2 for status in Status]
    rows = []
    for n in range(ORDERS):
        status = chance.choices(list(Status), weights)[0]
        handler = chance.choice(["unit-power", "unit-water", "desk", None])
        words = f"三号巷口的路灯坏了三盏，晚上老人出门看不见路{n}"
        placed = f"2026-{1 + n % 11:02d}-{1 + n % 28:02d} 02:00:00.000000"
        due = f"2026-11-{1 + n % 28:02d} 02:00:00.000000"
        what = (f"A-2026-{n:06d}", words, "三号院", "import", str(n), "appeal", status.value)
        where = ("street-light", f"grid-{1 + n % 7}", handler, 0, due, 0, 0)
        rows.append((*what, 3, 1, "normal", placed, *where))
    places = ",".join("?" * len(FILLED.split(",")))
    database.executemany(f"insert into orders({FILLED}) values ({places})", rows)
    database.execute("analyze")
    database.commit()


def _printed(show: Callable[[], object]) -> float:
    def once(_turn: int) -> None:
        with redirect_stdout(io.StringIO()):
            show()

    return median_ms(once, TURNS)


def _bare(database: sqlite3.Connection, where: str, given: Sequence[str], as_json: bool) -> None:
    rows = database.execute(
        f"select {','.join(COLUMNS)} from orders where {where} order by id", given
    ).fetchall()
    if as_json:
        print(
            json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows], ensure_ascii=False)
        )
        return
    for row in rows:
        print("\t".join(str(row[at]) for at in (0, 2, 12, 5, 6, 8)), row[14][:24])
