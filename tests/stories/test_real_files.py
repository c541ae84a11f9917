"""Whole files of real requests, as messy as they are: all of them come in, and some are carried on.

They lie beside this repository on some machines only, and stay there: no test prints them.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.settings import ROOT
from flows.forms.steps import next_step
from tasks.clock import utc_now
from tasks.finding import Wanted, count, lines
from tasks.house import House
from tasks.importing import plan_import, run_import
from tasks.models.enums import Status
from tasks.models.tables import Order

DATA = ROOT.parent / "shared" / "data"
Rows = Callable[..., list[Any]]


def real(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this repository")
    return path


def column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def test_2200_messages_to_a_city_come_in_word_for_word_and_are_carried_on(
    database: House, rows: Rows, submit: Callable[..., None], look: Callable[[str], Order]
) -> None:
    path = real("appeals.csv")
    plan = plan_import(path)
    assert (plan.rows, plan.mistakes, plan.repeated) == (2200, [], [])
    numbers = run_import(plan, "staff-1", keep_dates=True)
    orders = rows(Order)
    assert len(numbers) == len(orders) == 2200
    assert {order.external_id for order in orders} == set(column(path, "留言编号"))
    for order, subject in zip(orders, column(path, "留言主题"), strict=True):
        assert "".join(subject.split()) in "".join(order.words.split()), order.number
    years = Counter(when[:4] for when in column(path, "留言时间"))
    assert Counter(number[2:6] for number in numbers) == years
    subject = column(path, "留言主题")[1100].strip()
    assert numbers[1100] in [one.number for one in lines(Wanted(words=subject[:12]), 100)]
    assert count(Wanted(anything=numbers[1100])) == 1
    old = sum(order.placed_at <= utc_now() - timedelta(days=2000) for order in orders)
    assert count(Wanted(older_than=2000)) == old > 0
    for number in (numbers[0], numbers[1100], numbers[-1]):
        submit(number, ("accept", {}), ("assign", {"to": "desk"}))
        assert look(number).status is Status.ASSIGNED
        assert next_step(number).run_name.endswith("待单位接单")
    assert {line.number for line in lines(Wanted(handler="desk", open_only=True), 10)} == {
        *(numbers[0], numbers[1100], numbers[-1]),
    }
    assert run_import(plan_import(path), "staff-1") == []


def test_3259_requests_of_an_american_city_come_in_with_their_categories(
    database: House, rows: Rows
) -> None:
    path = real("boston311.csv")
    plan = plan_import(path)
    assert (plan.rows, plan.mistakes) == (3259, [])
    run_import(plan, "staff-1")
    orders = rows(Order)
    assert {order.external_id for order in orders} == set(column(path, "CASE_ENQUIRY_ID"))
    lamps = column(path, "REASON").count("Street Lights")
    assert sum(order.category == "street-light" for order in orders) == lamps > 100
    name = column(path, "CASE_TITLE")[0].strip()
    assert orders[0].number in [one.number for one in lines(Wanted(words=name), 3259)]
