"""The demo: a year of orders, told as events; every figure that is printed is counted from rows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlmodel import SQLModel, col, select

from flows.demo import EVENTS, print_table
from flows.demo_year import play
from tasks.by_hand import count_errands
from tasks.clock import clock_at, utc_now
from tasks.db import engine_for, reading
from tasks.figures import count_all
from tasks.house import House, house
from tasks.intake import place_order
from tasks.ledger import recompute
from tasks.models.enums import Action, Kind, MeetingKind, Source, Status
from tasks.models.inputs import INPUTS, Place
from tasks.models.tables import History, Order, Resident
from tasks.orders import act
from tasks.rates import rates_between
from tasks.rules.deadline import local_day

TOLD = YAML(typ="safe").load(EVENTS.read_text(encoding="utf-8"))["orders"]
TABLES = ("orders", "history", "messages", "ratings", "residents")


def number_of(kind: Kind, status: set[Status] | None = None) -> int:
    with reading(house().database) as session:
        orders = session.exec(select(Order).where(Order.kind == kind)).all()
    return sum(status is None or order.status in status for order in orders)


def test_the_demo_is_filled_once_and_its_table_counts_what_is_there(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    first, second = command("demo", "--no-serve"), command("demo", "--no-serve")
    assert first.code == 0, first.error
    assert first.out == second.out
    with sqlite3.connect(tmp_path / "demo" / "demo.db") as database:
        rows = database.execute("select number, kind, status from orders").fetchall()
    done = [kind for _number, kind, status in rows if status in ("done", "closed")]
    placed = [kind for _number, kind, _status in rows]
    for kind in Kind:
        line = rf"│ {kind.label} +│ +{placed.count(kind)} │ +{done.count(kind)} │"
        assert re.search(line, first.out), line
    over = ("closed", "declined", "merged", "withdrawn")
    waiting = [number for number, _kind, status in rows if status not in over]
    assert f"等着的 {len(waiting)} 件" in first.out
    assert all(number in first.out for number in waiting)


def test_it_is_the_year_of_a_living_community(sqlite_house: House) -> None:
    play(EVENTS)
    assert number_of(Kind.APPEAL) >= 50
    assert number_of(Kind.APPEAL, {Status.DONE, Status.CLOSED}) == 48
    from_where = {share.name for share in count_all().sources}
    assert from_where >= {
        source.label
        for source in (Source.CHAT, Source.VISIT, Source.LIVE, Source.PATROL, Source.DESK)
    }
    with reading(house().database) as session:
        waiting = set(session.exec(select(Order.status))) - {Status.CLOSED}
    assert len(waiting) >= 6  # something waits at most of the steps


def test_the_file_tells_what_happened_and_never_how_it_stands() -> None:
    words = {"status", "count", "total", *(status.value for status in Status)}
    for entry in TOLD:
        assert set(entry) <= {"place", "key", "days_ago", "at", "by", "then"}
        assert not words & set(entry["place"])
        for step in entry["then"]:
            assert Action(step["do"])
            assert not words & set(step)


def play_without(tmp_path: Path, forget: Callable[[list[dict[str, Any]]], None]) -> None:
    """Plays the file with some of its events gone, and nobody told anything."""
    told = YAML(typ="safe").load(EVENTS.read_text(encoding="utf-8"))
    del told["told"]
    forget(told["orders"])
    path = tmp_path / "events.yaml"
    YAML().dump(told, path)
    play(path)


def without_last(action: str) -> Callable[[list[dict[str, Any]]], None]:
    """Forgets the last event of the first order that ends with such a one."""

    def forget(orders: list[dict[str, Any]]) -> None:
        ended = (one["then"] for one in orders if one["then"] and one["then"][-1]["do"] == action)
        next(ended).pop()

    return forget


@pytest.mark.parametrize(
    ("forget", "appeals", "rated"),
    [
        pytest.param(lambda orders: None, (55, 48, 9), 57, id="nothing"),
        pytest.param(lambda orders: orders.pop(0), (54, 47, 9), 56, id="an order"),
        pytest.param(without_last("rate"), (55, 48, 10), 56, id="a rating"),
        pytest.param(without_last("finish"), (55, 47, 9), 57, id="the end of a work"),
    ],
)
def test_an_event_less_changes_what_is_printed(
    sqlite_house: House,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    forget: Callable[[Any], None],
    appeals: tuple[int, int, int],
    rated: int,
) -> None:
    play_without(tmp_path, forget)
    print_table()
    printed = capsys.readouterr().out
    placed, done, waiting = appeals
    assert re.search(rf"│ 诉求 +│ +{placed} │ +{done} │ +{waiting} │", printed)
    assert f"评价 {rated} 件" in printed


def test_the_year_is_the_one_that_the_newspaper_tells_of(
    sqlite_house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    """Source of the figures: the report of 2024 on the community that this is modelled on."""
    play(EVENTS)
    figures = count_all()
    assert figures.registered == 113
    assert figures.fulfilled == {Kind.BIG_WISH: 4, Kind.SMALL_WISH: 7}
    assert figures.raised > 640_000_00
    assert figures.meetings == {MeetingKind.JOINT: 1, MeetingKind.WEEKLY: 6}
    assert figures.decided == 12
    today = local_day(utc_now(), house().timezone)
    (whole,) = rates_between(today - timedelta(days=366), today)
    assert whole.counted.valid > 50
    assert (whole.rates.satisfaction, whole.rates.resolution) == (1, 1)
    assert recompute().added == []
    print_table()
    printed = capsys.readouterr().out.replace("\n", "")
    assert "报到党员 113 人，实现大心愿 4 个、微心愿 7 个，筹到 646000.00 元" in printed


def test_a_year_of_calls_has_been_made_and_the_newest_wait(sqlite_house: House) -> None:
    play(EVENTS)
    assert 0 < count_errands() < 30


def everything() -> dict[str, list[Any]]:
    with reading(house().database) as session:
        return {
            name: list(session.execute(select(SQLModel.metadata.tables[name]).order_by("id")))
            for name in TABLES
        }


def test_every_history_replayed_on_an_empty_database_gives_equal_rows(
    new_house: Callable[[], House], tmp_path: Path
) -> None:
    new_house()
    play_without(tmp_path, lambda _orders: None)
    told = everything()
    with reading(house().database) as session:
        rows = session.exec(select(History).order_by(col(History.id))).all()
        orders = {order.id: order for order in session.exec(select(Order))}
        residents = {resident.id: resident for resident in session.exec(select(Resident))}
    new_house()
    assert everything() == {table: [] for table in TABLES}
    for row in rows:
        order = orders[row.order_id]
        if row.actor == "system":
            continue  # it follows of itself: the receipt that reaches the target ends the funding
        with clock_at(row.at):
            if row.action is Action.PLACE:
                resident = residents.get(order.resident_id)
                person = {"resident": resident.name, "phone": resident.phone} if resident else {}
                said = {"words": order.words, "place": order.place, **person}
                assert place_order(Place(**{**row.inputs, **said}), row.actor) == order.number
            else:
                act(order.number, [INPUTS[row.action].model_validate(row.inputs)], row.actor)
    assert everything() == told


def test_an_interrupted_start_of_the_demo_begins_anew(
    command: Callable[..., Any], tmp_path: Path
) -> None:
    whole = command("demo", "--no-serve").out
    (tmp_path / "demo" / "filled").unlink()
    with sqlite3.connect(tmp_path / "demo" / "demo.db") as database:
        database.execute("delete from history where order_id > 3")
    engine_for.cache_clear()  # another process would have opened nothing yet
    assert command("demo", "--no-serve").out == whole
