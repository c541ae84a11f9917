"""Next year: numbers begin anew, nothing depends on today, and only the clock knows what time it is."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from tasks.clock import clock_at
from tasks.errors import LateLink
from tasks.house import House
from tasks.links import rating_token
from tasks.models.enums import Grade, Status
from tasks.models.inputs import Rate
from tasks.models.tables import ClockRow, History, Message, Order
from tasks.outbox import send_waiting
from tasks.rating import rate_by_link

NEXT_YEAR = datetime(2027, 2, 10, 2, 0, tzinfo=UTC)  # Wednesday 10:00 in Shanghai
# Who may ask what time it is: the clock; and whoever judges the age of Prefect's own runs, which a
# moved clock must not make older.
CLOCKS = {"tasks/clock.py", "flows/runs.py", "flows/stuck.py", "flows/sweeps.py"}
ASKING = {"now", "utcnow", "today", "time", "time_ns"}


def test_a_whole_life_in_the_year_2027(
    database: House,
    place: Callable[..., str],
    do: Callable[..., None],
    submit: Callable[..., None],
    look: Callable[[str], Order],
    rows: Callable[..., list[Any]],
) -> None:
    with clock_at(NEXT_YEAR):
        number = place(place="东门")
        assert number == "A-2027-0001"
        submit(number, ("accept", {}), ("assign", {"to": "unit-power"}))
        assert look(number).due_at == datetime(
            2027, 2, 15, 2, 0, tzinfo=UTC
        )  # Monday, as it stands
        assert [clock.provisional for clock in rows(ClockRow) if clock.stopped_at is None] == [
            True,
            True,
        ]
        do(number, "take", by="unit-power")
        do(number, "claim", by="unit-power", to="m-241")
        do(number, "hold", reason="等材料", date="2027-02-20")
        do(number, "resume")
        do(number, "ask_extension", by="m-241", reason="等材料", date="2027-03-01")
        do(number, "approve_extension")
    with clock_at(NEXT_YEAR + timedelta(days=19)):
        assert look(number).due_at == datetime(2027, 3, 1, 15, 59, 59, tzinfo=UTC)
        do(number, "finish", by="m-241", reason="换了灯头")
        token = rating_token(number, 1)
        assert rate_by_link(token, Rate(grade=Grade.SATISFIED, solved=True)) == number
        assert send_waiting() == {}  # nobody is written to by a robot here
    with clock_at(NEXT_YEAR + timedelta(days=40)):
        with pytest.raises(LateLink):
            rate_by_link(token, Rate(grade=Grade.SATISFIED, solved=True))
    assert look(number).status is Status.CLOSED
    moments = [row.at for row in rows(History)] + [row.created_at for row in rows(Message)]
    assert {moment.year for moment in moments} == {2027}


def test_numbers_begin_anew_at_midnight_of_shanghai(
    sqlite_house: House, place: Callable[..., str]
) -> None:
    midnight = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    numbers = []
    for moment in (midnight - timedelta(seconds=1), midnight, midnight + timedelta(days=365)):
        with clock_at(moment):
            numbers.append(place())
    assert numbers == ["A-2026-0001", "A-2027-0001", "A-2028-0001"]


def questions(path: Path) -> Iterator[int]:
    """The lines of a file that ask this machine what time it is."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            whom = ast.unparse(node.func.value).rpartition(".")[2]
            if node.func.attr in ASKING and whom in {"datetime", "date", "time", "func"}:
                yield node.lineno


def test_only_the_clock_knows_what_time_it_is() -> None:
    asking = {
        str(path.relative_to(ROOT))
        for floor in ("flows", "tasks", "config")
        for path in (ROOT / floor).rglob("*.py")
        if any(questions(path))
    }
    assert asking == CLOCKS


def test_whoever_asks_for_the_time_is_found(tmp_path: Path) -> None:
    """The scan above sees what it looks for."""
    asks = "import datetime, time\na = datetime.datetime.now()\nb = datetime.date.today()\nc = time.time()\n"
    (tmp_path / "asks.py").write_text(asks + "d = func.now()\n", encoding="utf-8")
    assert list(questions(tmp_path / "asks.py")) == [2, 3, 4, 5]
    (tmp_path / "silent.py").write_text("a = utc_now()\nb = clock.time\n", encoding="utf-8")
    assert list(questions(tmp_path / "silent.py")) == []
