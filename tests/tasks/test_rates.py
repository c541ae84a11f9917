"""The three rates: worked by hand, counted from rows, and polished by nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from config.catalog import Catalog, RateFormula
from tasks.clock import clock_at
from tasks.dates import expire_ratings
from tasks.errors import BadInput
from tasks.escalation import sweep_clocks
from tasks.house import House
from tasks.models.tables import Outcome
from tasks.rates import By, RatedPart, rates_between
from tasks.rules.rates import Counted, formula_on, rates_of

Do = Callable[..., None]
PlaceAt = Callable[..., str]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = RateFormula(
    id="v1", since=date(2024, 1, 1), response=10, resolution=50, satisfaction=40, basically=90
)
CONTENT: dict[str, Any] = {"by": "resident", "grade": "satisfied", "solved": True}
BASICALLY: dict[str, Any] = {"by": "resident", "grade": "basically", "solved": True}
UNSATISFIED: dict[str, Any] = {
    **{"by": "resident", "grade": "unsatisfied"},
    **{"solved": False, "reason": "又不亮了"},
}

pytestmark = pytest.mark.usefixtures("monday")


def at(local: str) -> datetime:
    """A moment in Shanghai, of 2026: at("09-14 10:00")."""
    return datetime.fromisoformat(f"2026-{local}").replace(tzinfo=ZONE)


def day(local: str) -> date:
    return date.fromisoformat(f"2026-{local}")


def september(by: By | None = None) -> list[RatedPart]:
    return rates_between(day("09-01"), day("09-30"), by)


def split(by: By) -> dict[str, tuple[int, int]]:
    """How many valid ratings each part has, and how many of them say solved."""
    return {one.id: (one.counted.valid, one.counted.solved) for one in september(by)}


# --- the arithmetic -------------------------------------------------------------------------------

WORKED = [  # valid, contacted, solved, satisfied, basically → response, resolution, satisfaction, composite
    ((10, 10, 8, 6, 2), ("1", "0.8", "0.78", "81.2")),  # the design's own
    ((1, 1, 1, 1, 0), ("1", "1", "1", "100")),
    ((1, 1, 1, 0, 1), ("1", "1", "0.9", "96")),  # 10 + 50 + 36
    ((1, 0, 1, 1, 0), ("0", "1", "1", "90")),
    ((1, 1, 0, 1, 0), ("1", "0", "1", "50")),
    ((1, 1, 1, 0, 0), ("1", "1", "0", "60")),
    ((1, 0, 0, 0, 0), ("0", "0", "0", "0")),
    ((2, 2, 1, 1, 0), ("1", "0.5", "0.5", "55")),  # 10 + 25 + 20
    ((4, 3, 3, 2, 1), ("0.75", "0.75", "0.725", "74")),  # 7.5 + 37.5 + 29
    ((4, 4, 4, 0, 4), ("1", "1", "0.9", "96")),
    ((5, 5, 4, 3, 1), ("1", "0.8", "0.78", "81.2")),  # half of the first
    ((8, 6, 7, 5, 2), ("0.75", "0.875", "0.85", "85.25")),  # 7.5 + 43.75 + 34
    ((20, 20, 20, 20, 0), ("1", "1", "1", "100")),
    ((20, 19, 18, 16, 2), ("0.95", "0.9", "0.89", "90.1")),  # 9.5 + 45 + 35.6
    ((25, 20, 15, 10, 5), ("0.8", "0.6", "0.58", "61.2")),  # 8 + 30 + 23.2
    ((40, 40, 38, 36, 2), ("1", "0.95", "0.945", "95.3")),  # 10 + 47.5 + 37.8
    ((50, 48, 48, 48, 0), ("0.96", "0.96", "0.96", "96")),  # 9.6 + 48 + 38.4
    ((100, 90, 80, 70, 10), ("0.9", "0.8", "0.79", "80.6")),  # 9 + 40 + 31.6
    ((100, 0, 100, 0, 100), ("0", "1", "0.9", "86")),  # 50 + 36
    ((200, 199, 150, 100, 50), ("0.995", "0.75", "0.725", "76.45")),  # 9.95 + 37.5 + 29
    ((1000, 1000, 999, 998, 1), ("1", "0.999", "0.9989", "99.906")),  # 10 + 49.95 + 39.956
]


@pytest.mark.parametrize(("counts", "expected"), WORKED)
def test_the_rates_are_those_worked_by_hand(
    counts: tuple[int, ...], expected: tuple[str, ...]
) -> None:
    found = rates_of(Counted(*counts), FIRST)
    got = (found.response, found.resolution, found.satisfaction, found.composite)
    assert got == tuple(map(Fraction, expected))


def test_where_nobody_has_rated_there_is_no_rate() -> None:
    found = rates_of(Counted(expired=3, reopened=0, unraised=2), FIRST)
    assert {found.response, found.resolution, found.satisfaction, found.composite} == {None}
    assert (found.reopening, found.first_line) == (0, Fraction(2, 3))
    assert set(vars(rates_of(Counted(), FIRST)).values()) == {None}


def test_a_formula_holds_from_its_day_until_the_next_one(example_catalog: Catalog) -> None:
    second = replace_since(FIRST, "v2", date(2026, 10, 1))
    both = [second, FIRST]
    assert formula_on(date(2026, 9, 30), both) is FIRST
    assert formula_on(date(2026, 10, 1), both) is second
    assert formula_on(date(2020, 1, 1), both) is FIRST
    assert list(example_catalog.rates.values()) == [FIRST]


def replace_since(formula: RateFormula, id: str, since: date) -> RateFormula:
    return formula.model_copy(update={"id": id, "since": since})


# --- counted from rows ----------------------------------------------------------------------------


def test_every_round_counts_and_finishing_again_polishes_nothing(
    database: House, place_at: PlaceAt, do: Do
) -> None:
    number = place_at("done")
    do(number, "rate", **UNSATISFIED)
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", **CONTENT)
    (whole,) = september()
    expected = Counted(valid=2, contacted=2, solved=1, satisfied=1, reopened=1, unraised=2)
    assert whole.counted == expected
    assert whole.rates.composite == Fraction(55)  # 10 + 25 + 20
    assert whole.name == "示范社区"


def test_who_was_spoken_to_too_late_lowers_the_response(
    sqlite_house: House, place_at: PlaceAt, do: Do
) -> None:
    late, in_time = place_at("claimed"), place_at("claimed")
    with clock_at(at("09-15 09:59")):
        do(in_time, "contact", reason="打了电话")
    with clock_at(at("09-15 10:01")):  # a day and a minute
        for number in (late, in_time):
            do(number, "finish", by="m-241", reason="换了灯泡")
            do(number, "rate", **CONTENT)
    (whole,) = september()
    assert (whole.counted.valid, whole.counted.contacted) == (2, 1)


def test_giving_it_to_somebody_else_does_not_hide_that_nobody_spoke_to_the_resident(
    sqlite_house: House, place_at: PlaceAt, do: Do
) -> None:
    number = place_at("claimed")
    with clock_at(at("09-15 10:01")):
        do(number, "release", reason="出差")
        do(number, "claim", to="m-242")
        do(number, "finish", by="m-242", reason="换了灯泡")
        do(number, "rate", **CONTENT)
    (whole,) = september()
    assert (whole.counted.valid, whole.counted.contacted) == (1, 0)


def test_what_nobody_rated_is_shown_beside_and_is_no_valid_rating(
    database: House, place_at: PlaceAt, do: Do
) -> None:
    do(place_at("done"), "rate", **BASICALLY)
    place_at("done")
    with clock_at(at("09-28 10:00")):
        expire_ratings()
    (whole,) = september()
    assert (whole.counted.valid, whole.counted.expired, whole.counted.basically) == (1, 1, 1)
    assert whole.rates.satisfaction == Fraction(9, 10)


def test_each_round_counts_for_whoever_did_it(database: House, place_at: PlaceAt, do: Do) -> None:
    number = place_at("done")
    do(number, "rate", **UNSATISFIED)
    do(number, "reassign", to="desk", reason="请社区办")
    do(number, "take")
    do(number, "claim", to="m-001")
    do(number, "finish", by="m-001", reason="换了电缆")
    do(number, "rate", **CONTENT)
    do(place_at("done", grid=None), "rate", **CONTENT)
    assert split(By.HANDLER) == {"unit-power": (2, 1), "desk": (1, 1)}
    assert split(By.MEMBER) == {"m-241": (2, 1), "m-001": (1, 1)}
    assert split(By.GRID) == {"": (1, 1), "grid-3": (2, 1)}
    assert split(By.CATEGORY) == {"street-light": (3, 2)}
    names = {one.id: one.name for one in september(By.GRID)}
    assert names == {"": "–", "grid-3": "第三网格"}


def test_a_period_is_made_of_local_days(sqlite_house: House, place_at: PlaceAt, do: Do) -> None:
    for moment in ("09-14 23:59:59", "09-15 00:00", "09-15 23:59:59.999999", "09-16 00:00"):
        number = place_at("done")
        with clock_at(at(moment)):
            do(number, "rate", **CONTENT)

    def valid(first: str, last: str) -> int:
        return rates_between(day(first), day(last))[0].counted.valid

    assert [valid("09-14", "09-14"), valid("09-15", "09-15"), valid("09-14", "09-16")] == [1, 2, 4]
    assert valid("09-17", "09-30") == 0


def test_an_order_that_had_to_climb_was_not_settled_at_the_first_line(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("assigned")
    with clock_at(at("09-15 10:00")):
        sweep_clocks()
        do(number, "take")
        do(number, "claim", to="m-241")
        do(number, "finish", by="m-241", reason="换了灯泡")
        do(number, "rate", **CONTENT)
    do(place_at("done"), "rate", **CONTENT)
    assert [row.rung for row in rows(Outcome)] == [2, 0]
    assert september()[0].rates.first_line == Fraction(1, 2)


def test_a_period_that_ends_before_it_begins_is_refused(sqlite_house: House) -> None:
    with pytest.raises(BadInput, match="2026-09-13 在 2026-09-14 之前"):
        rates_between(day("09-14"), day("09-13"))
