"""A bad year: its rates are those that were worked out by hand, and nothing that is done later polishes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from flows.demo_year import play
from tasks.clock import clock_at
from tasks.house import House
from tasks.rates import By, RatedPart, rates_between
from tasks.rules.deadline import local_day
from tasks.rules.rates import Counted

YEAR = Path(__file__).parents[1] / "data" / "bad_year.yaml"
WORKED = Counted(
    valid=10,
    contacted=9,
    solved=5,
    satisfied=5,
    basically=1,
    expired=1,
    reopened=4,
    unraised=10,
    excluded=1,
)


@pytest.fixture
def played(database: House, monday: Any) -> list[str]:
    """The year, played until Monday; the numbers of its orders."""
    return play(YEAR)


def the_year(database: House, monday: Any, by: By | None = None) -> list[RatedPart]:
    today = local_day(monday, database.timezone)
    return rates_between(today - timedelta(days=365), today, by)


def test_the_rates_are_those_that_were_worked_out_by_hand(
    database: House, monday: Any, played: list[str]
) -> None:
    (whole,) = the_year(database, monday)
    assert whole.counted == WORKED
    rates = whole.rates
    assert (rates.response, rates.resolution) == (Fraction(9, 10), Fraction(1, 2))
    assert (rates.satisfaction, rates.composite) == (Fraction(59, 100), Fraction(576, 10))
    assert (rates.reopening, rates.first_line) == (Fraction(4, 11), Fraction(10, 11))
    grids = {one.id: one.counted for one in the_year(database, monday, By.GRID)}
    assert (grids["grid-1"].valid, grids["grid-1"].solved, grids["grid-1"].satisfied) == (4, 3, 3)
    assert (grids["grid-2"].valid, grids["grid-2"].solved, grids["grid-2"].satisfied) == (6, 2, 2)


def test_finishing_again_polishes_nothing(
    database: House, monday: Any, played: list[str], do: Callable[..., None]
) -> None:
    thrice = played[2]
    with clock_at(monday - timedelta(days=174)):  # within the window to reopen it by hand
        do(thrice, "reopen", reason="再试一次")
        do(thrice, "claim", to="m-241")
        do(thrice, "finish", by="m-241", reason="换了新的变压器")
        do(thrice, "rate", by="resident", grade="satisfied", solved=True)
    (whole,) = the_year(database, monday)
    assert (whole.counted.valid, whole.counted.solved, whole.counted.satisfied) == (11, 6, 6)
    assert (whole.counted.contacted, whole.counted.reopened) == (10, 5)
    unhappy = whole.counted.valid - whole.counted.satisfied - whole.counted.basically
    assert unhappy == 4  # as before: twice 1, thrice 1 to 3
