"""Runs and orders that have fallen apart: one sweep, and every open order waits exactly once."""

from __future__ import annotations

from datetime import timedelta

import pytest

import flows.runs
from tasks.wakes import carried_orders

pytestmark = pytest.mark.server


def test_runs_cancelled_deleted_and_made_twice_are_one_each_again(
    up, wait, agree, monkeypatch
) -> None:
    monkeypatch.setattr(flows.runs, "A_MINUTE", timedelta(0))  # nobody else is starting runs here
    cancelled, deleted, doubled = up.place(), up.place(), up.place()
    run = up.waiting(cancelled)
    up.set_state(run, type="CANCELLING", force=False)  # as the button does
    wait(lambda: up.state(run) == "CANCELLED")
    up.api.delete(f"/flow_runs/{up.waiting(deleted)}").raise_for_status()
    original = up.waiting(doubled)
    double = up.begin("order/订单", number=doubled)
    wait(lambda: up.state(double) == "PAUSED")
    agree()
    for number in (cancelled, deleted):
        assert up.waiting(number) != run
    assert up.waiting(doubled) == original
    assert up.state(double) == "CANCELLED"
    assert_every_open_order_waits_once(up)


def test_a_night_from_the_command_line_has_its_report_under_the_link(up) -> None:
    up.place()
    up.typed("nightly", "--json")
    assert "# 夜报 " in up.board("night")
    assert "还没有写过" not in up.board("night")


def assert_every_open_order_waits_once(up) -> None:
    waiting = [run["parameters"]["number"] for run in up.order_runs(["PAUSED"])]
    assert sorted(waiting) == sorted(order.number for order in carried_orders())
