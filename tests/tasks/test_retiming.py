"""Deadlines follow the calendar and the limits that are in force, and orders without clocks get theirs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlmodel import select

import tasks.escalation
import tasks.retiming
from config.settings import ROOT
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.house import House, house
from tasks.models.enums import ClockKind, Status
from tasks.models.tables import ClockChange, ClockRow, History, Mark, Message, Order
from tasks.models.tally import Tally
from tasks.retiming import LIMITS, retime_orders, start_missing_clocks

Do = Callable[..., None]
Place = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
EXAMPLE = ROOT / "config" / "example"


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of September 2026 in Shanghai: the 14th is a Monday, Sunday the 20th is worked."""
    return datetime(2026, 9, day, hour, minute, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _monday(monday: datetime) -> datetime:
    return monday


@pytest.fixture
def holidays(settle: Callable[..., House], tmp_path: Path) -> Callable[..., House]:
    """The community has these holidays of its own too, from now on: in the same database."""

    def declare(*days: str) -> House:
        folder = tmp_path / f"config {' '.join(days)}"
        shutil.copytree(EXAMPLE, folder)
        calendar = folder / "calendar.yaml"
        written = calendar.read_text(encoding="utf-8")
        more = "".join(f'"{day}", ' for day in days)
        assert 'holidays: ["2026-02-18"' in written
        changed = written.replace("holidays: [", f"holidays: [{more}")
        calendar.write_text(changed, encoding="utf-8")
        return settle(config=folder)

    return declare


@pytest.fixture
def clocks(rows: Rows, look: Look) -> Callable[[str], dict[str, datetime]]:
    """The live clocks of an order, and when each is due."""

    def read(number: str) -> dict[str, datetime]:
        own = [row for row in rows(ClockRow) if row.order_id == look(number).id]
        return {row.kind.value: row.due_at for row in own if row.stopped_at is None}

    return read


def at(moment: datetime, step: Callable[..., Tally], **how: Any) -> Tally:
    with clock_at(moment):
        return step(**how)


def delete_clocks() -> None:
    with transaction(house().database) as session:
        session.execute(text("DELETE FROM clocks"))


def everything(rows: Rows) -> list[Any]:
    tables = (Order, History, ClockRow, Message)
    kept = [row.model_dump() for table in tables for row in rows(table)]
    return kept + [row.model_dump() for row in rows(ClockChange)]


# --- another calendar -----------------------------------------------------------------------------


def test_a_new_holiday_moves_the_deadlines_that_run_over_it_and_says_why(
    database: House, place_at: Place, look: Look, rows: Rows, clocks: Any, holidays: Any
) -> None:
    number, only_placed = place_at("accepted"), place_at("placed")
    assert clocks(number) == {"take": on(15, 10), "finish": on(17, 10)}
    holidays("2026-09-16")
    tally = at(on(14, 11), retime_orders)
    assert (tally.counts, tally.numbers) == ({"moved": 1}, {"moved": [number]})
    assert clocks(number) == {"take": on(15, 10), "finish": on(18, 10)}
    assert (look(number).due_at, look(number).next_due_at) == (on(18, 10), on(15, 10))
    assert clocks(only_placed) == {"accept": on(14, 12)}
    (change,) = rows(ClockChange)
    assert (change.order_id, change.kind) == (look(number).id, ClockKind.FINISH)
    assert (change.due_before, change.due_at, change.at) == (on(17, 10), on(18, 10), on(14, 11))
    assert change.why == "日历、时限或类别改了"


def test_the_next_steps_of_the_ladder_move_with_the_deadline(
    sqlite_house: House, place_at: Place, rows: Rows, holidays: Any
) -> None:
    place_at("accepted")
    # a day has 6.5 working hours; 80 % of the 19.5 until Thursday 10:00 are 15.6:
    # 6 on Monday, 6.5 on Tuesday and 3.1 on Wednesday, that is 12:36
    before = {row.kind.value: row.act_at for row in rows(ClockRow) if row.act_at}
    assert before["finish"] == on(16, 12, 36)
    holidays("2026-09-16")
    at(on(14, 11), retime_orders)
    after = {row.kind.value: row.act_at for row in rows(ClockRow) if row.act_at}
    assert after == {**before, "finish": on(17, 12, 36)}


def test_a_limit_that_became_longer_moves_the_deadline_of_open_orders(
    sqlite_house: House,
    place_at: Place,
    clocks: Any,
    settle: Callable[..., House],
    community: Callable[..., Path],
) -> None:
    number = place_at("accepted")
    quick = {"service_levels": {"quick": {"finish": "4wd"}}}
    settle(config=community({"service_levels.yaml": quick}))
    assert at(on(14, 11), retime_orders).counts == {"moved": 1}
    assert clocks(number) == {"take": on(15, 10), "finish": on(18, 10)}


def test_a_category_that_got_another_service_level_moves_the_deadline_of_open_orders(
    sqlite_house: House,
    place_at: Place,
    clocks: Any,
    settle: Callable[..., House],
    community: Callable[..., Path],
) -> None:
    number = place_at("accepted")
    standard = {"categories": {"street-light": {"service_level": "standard"}}}
    settle(config=community({"categories.yaml": standard}))
    assert at(on(14, 11), retime_orders).counts == {"moved": 1}
    # seven days: 15, 16, 17, 18, Sunday 20 (worked), 21 and Tuesday 22
    assert clocks(number) == {"take": on(15, 10), "finish": on(22, 10)}


def test_clocks_that_have_stopped_stay_as_they_were(
    database: House, place_at: Place, do: Do, rows: Rows, holidays: Any
) -> None:
    with clock_at(on(14, 11)):
        place_at("claimed")
        do(place_at("claimed"), "finish", by="m-241", reason="换了灯泡")
        do(place_at("assigned"), "withdraw", by="resident")
    before = [row for row in rows(ClockRow) if row.stopped_at is not None]
    assert {row.kind.value for row in before} == {"accept", "take", "claim", "contact", "finish"}
    holidays("2026-09-15", "2026-09-16")
    assert at(on(14, 12), retime_orders).counts == {"moved": 1}
    assert [row for row in rows(ClockRow) if row.stopped_at is not None] == before


def test_the_second_run_moves_nothing(
    database: House, place_at: Place, rows: Rows, holidays: Any
) -> None:
    place_at("accepted")
    holidays("2026-09-16")
    assert at(on(14, 11), retime_orders).counts == {"moved": 1}
    once = everything(rows)
    assert not at(on(14, 12), retime_orders).counts
    assert everything(rows) == once


def test_an_unchanged_configuration_looks_at_no_order(
    sqlite_house: House, place_at: Place, holidays: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place_at("accepted")
    assert not retime_orders().counts  # the first time all are looked at: nothing has to move
    looked_at: list[Any] = []
    usual = tasks.retiming._retime

    def counting(dry_run: bool, ids: Any) -> Tally:
        looked_at.extend(ids)
        return usual(dry_run, ids)

    monkeypatch.setattr(tasks.retiming, "_retime", counting)
    assert not retime_orders().counts
    assert looked_at == []
    holidays("2026-09-16")
    assert retime_orders().counts == {"moved": 1}
    assert looked_at == [1]


def test_a_calendar_that_is_put_back_moves_the_deadlines_back(
    sqlite_house: House, place_at: Place, clocks: Any, holidays: Any, rows: Rows
) -> None:
    number = place_at("accepted")
    holidays("2026-09-16")
    retime_orders()
    holidays()
    assert retime_orders().counts == {"moved": 1}
    assert clocks(number)["finish"] == on(17, 10)
    assert [row.due_at for row in rows(ClockChange)] == [on(18, 10), on(17, 10)]


def test_a_held_order_keeps_standing_and_goes_on_by_the_new_calendar(
    database: House, place_at: Place, do: Do, look: Look, rows: Rows, clocks: Any, holidays: Any
) -> None:
    number = place_at("accepted")
    do(number, "hold", reason="等天暖", date="2026-09-16")
    standing = clocks(number)
    holidays("2026-09-17")
    assert not at(on(15, 11), retime_orders).counts
    assert look(number).status is Status.ON_HOLD
    assert look(number).next_due_at is None
    assert clocks(number) == standing == {"take": on(15, 10), "finish": on(17, 10)}
    live = [row for row in rows(ClockRow) if row.stopped_at is None]
    assert {(row.paused_at, row.act_at) for row in live} == {(on(14, 10), None)}
    with clock_at(on(16, 10)):
        do(number, "resume")
    # all of its time is left on Wednesday at 10:00; Thursday is the holiday, Sunday is worked
    assert clocks(number) == {"take": on(18, 10), "finish": on(21, 10)}


def test_nobody_is_warned_any_more_of_a_deadline_that_has_moved(
    sqlite_house: House, place_at: Place, rows: Rows, holidays: Any
) -> None:
    place_at("accepted")
    with clock_at(on(16, 18)):
        tasks.escalation.sweep_clocks()
        waiting = [
            row
            for row in rows(Message)
            if row.variables.get("clock") == "finish" and row.state.value == "queued"
        ]
        assert waiting
        holidays("2026-09-15")
        retime_orders()
    ended = {row.id: (row.state.value, row.code) for row in rows(Message)}
    assert {ended[row.id] for row in waiting} == {("suppressed", "no_longer_true")}


def test_a_dry_run_says_how_many_would_move_and_changes_nothing(
    database: House, place_at: Place, rows: Rows, holidays: Any
) -> None:
    numbers = [place_at("accepted"), place_at("claimed")]
    holidays("2026-09-16")
    before = everything(rows)
    dry = at(on(14, 11), retime_orders, dry_run=True)
    assert (dry.counts, dry.numbers) == ({"moved": 2}, {"moved": numbers})
    assert everything(rows) == before
    assert marks() == []
    assert at(on(14, 11), retime_orders).numbers == {"moved": numbers}
    assert marks() == [LIMITS]


def test_an_order_that_fails_is_set_aside_and_has_its_turn_the_next_time(
    sqlite_house: House, place_at: Place, monkeypatch: pytest.MonkeyPatch, holidays: Any
) -> None:
    first, broken, last = (place_at("accepted") for _ in range(3))
    holidays("2026-09-16")
    usual = tasks.retiming._store

    def fails_for_one(session: Any, order: Order, *rest: Any) -> None:
        if order.number == broken:
            raise RuntimeError
        usual(session, order, *rest)

    monkeypatch.setattr(tasks.retiming, "_store", fails_for_one)
    tally = retime_orders()
    assert tally.numbers == {"moved": [first, last]}
    assert [why for _what, why in tally.failed] == ["RuntimeError"]
    monkeypatch.setattr(tasks.retiming, "_store", usual)
    tally = retime_orders()
    assert (tally.numbers, tally.failed) == ({"moved": [broken]}, [])


def marks() -> list[str]:
    with transaction(house().database) as session:
        return [row.name for row in session.exec(select(Mark)).all()]


# --- orders without clocks ------------------------------------------------------------------------


def test_an_order_that_has_no_clocks_gets_them_from_its_last_step_on(
    database: House, place_at: Place, submit: Do, do: Do, look: Look, rows: Rows, clocks: Any
) -> None:
    number = place_at("assigned")
    with clock_at(on(15, 10)):
        do(number, "take", by="unit-power")
    delete_clocks()
    tally = at(on(15, 17), start_missing_clocks)
    assert (tally.counts, tally.numbers) == ({"started_clocks": 1}, {"started_clocks": [number]})
    assert clocks(number) == {"claim": on(16, 10), "finish": on(18, 10)}
    assert {row.started_at for row in rows(ClockRow)} == {on(15, 10)}
    assert (look(number).due_at, look(number).next_due_at) == (on(18, 10), on(16, 10))
    once = everything(rows)
    assert not at(on(15, 18), start_missing_clocks).counts
    assert everything(rows) == once


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("placed", {"accept": on(14, 12)}),
        ("accepted", {"take": on(15, 10), "finish": on(17, 10)}),
        ("assigned", {"take": on(15, 10), "finish": on(17, 10)}),
        ("taken", {"claim": on(15, 10), "finish": on(17, 10)}),
        ("claimed", {"contact": on(15, 10), "finish": on(17, 10)}),
        ("done", {}),
    ],
)
def test_each_order_at_work_gets_the_clocks_of_where_it_stands(
    sqlite_house: House, place_at: Place, clocks: Any, status: str, expected: dict[str, datetime]
) -> None:
    number = place_at(status)
    delete_clocks()
    tally = at(on(14, 11), start_missing_clocks)
    assert tally.counts == ({"started_clocks": 1} if expected else {})
    assert clocks(number) == expected


def test_a_member_who_has_spoken_with_the_resident_gets_no_second_clock_for_that(
    sqlite_house: House, place_at: Place, do: Do, clocks: Any
) -> None:
    number = place_at("claimed")
    with clock_at(on(15, 10)):
        do(number, "contact", by="m-241", reason="打了电话")
    delete_clocks()
    at(on(15, 11), start_missing_clocks)
    assert clocks(number) == {"finish": on(18, 10)}


def test_a_held_order_without_clocks_keeps_standing(
    database: House, place_at: Place, do: Do, clocks: Any, look: Look
) -> None:
    number = place_at("accepted")
    do(number, "hold", reason="等天暖", date="2026-09-16")
    delete_clocks()
    assert not at(on(15, 11), start_missing_clocks).counts
    assert (clocks(number), look(number).status) == ({}, Status.ON_HOLD)


def test_a_dry_run_says_how_many_have_no_clocks_and_starts_none(
    database: House, place_at: Place, rows: Rows
) -> None:
    number = place_at("claimed")
    delete_clocks()
    before = everything(rows)
    tally = at(on(14, 11), start_missing_clocks, dry_run=True)
    assert tally.numbers == {"started_clocks": [number]}
    assert everything(rows) == before
