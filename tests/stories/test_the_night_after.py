"""The night after a city's two years of messages came in at once: all of them climb, nobody is flooded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from config.settings import ROOT
from tasks.clock import clock_at
from tasks.house import House
from tasks.importing import plan_import, run_import
from tasks.models.enums import Event, MessageState
from tasks.models.tables import ClockRow, Message, Order
from tasks.night import end_night, run_night

MESSAGES = ROOT.parent / "shared" / "data" / "appeals.csv"
EVENING = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)  # Monday 18:00 in Shanghai
NIGHT = datetime(2026, 9, 14, 18, 30, tzinfo=UTC)  # Tuesday 02:30
COMMITTEE, TOWN = {"staff-1", "m-004"}, {"m-278"}  # the holders of the two rungs of the community

Rows = Callable[..., list[Any]]


@pytest.fixture(autouse=True)
def _are_there() -> None:
    if not MESSAGES.exists():
        pytest.skip("the citizens' messages are not beside this repository")


def test_orders_overdue_by_years_climb_to_the_top_and_nobody_gets_more_than_one_digest(
    database: House, rows: Rows, capsys: pytest.CaptureFixture[str]
) -> None:
    with clock_at(EVENING):
        run_import(plan_import(MESSAGES), "staff-1", keep_dates=True)
    with clock_at(NIGHT):
        tally = run_night()
        end_night(tally)
    assert (tally.failed, tally.counts["overdue"], tally.counts["climbed"]) == ([], 2200, 2200)
    assert {order.rung for order in rows(Order)} == {5}  # without a grid: committee, then the town
    told = [message for message in rows(Message) if message.state is MessageState.QUEUED]
    assert Counter(message.recipient for message in told) == dict.fromkeys(COMMITTEE | TOWN, 1)
    assert {(message.event, message.variables["count"]) for message in told} == {
        (Event.DIGEST, 2200)
    }
    eight = datetime(2026, 9, 15, 0, 0, tzinfo=UTC)  # 08:00: nobody is woken
    assert {message.next_attempt_at for message in told} == {eight}
    with clock_at(NIGHT):
        again = run_night()
    assert (again.failed, +again.counts) == ([], Counter())
    with capsys.disabled():
        print(f"\n  the night after 2,200 messages: {dict(tally.counts)}")


def test_without_their_dates_the_clocks_start_now_and_nothing_is_overdue(
    sqlite_house: House, rows: Rows
) -> None:
    with clock_at(EVENING):
        run_import(plan_import(MESSAGES), "staff-1")
    with clock_at(NIGHT):
        tally = run_night()
    assert (tally.failed, +tally.counts) == ([], Counter())
    assert {clock.started_at for clock in rows(ClockRow)} == {EVENING}
    assert {order.rung for order in rows(Order)} == {0}
