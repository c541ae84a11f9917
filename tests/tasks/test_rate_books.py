"""Rates that are decided about: rounds left out, periods published, bursts to look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tasks.clock import clock_at
from tasks.errors import DiandanError
from tasks.house import House
from tasks.models.rate_tables import Exclusion, Publication
from tasks.rate_books import bursts_between, exclude, publish
from tasks.rates import By, rates_between
from tasks.rules.rates import close_together

Do = Callable[..., None]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))
OCTOBER = datetime(2026, 10, 8, 10, 0, tzinfo=ZONE)
CONTENT: dict[str, Any] = {"by": "resident", "grade": "satisfied", "solved": True}
UNSATISFIED: dict[str, Any] = {
    **{"by": "resident", "grade": "unsatisfied"},
    **{"solved": False, "reason": "又不亮了"},
}

pytestmark = pytest.mark.usefixtures("monday")


def figures(by: By | None = None) -> dict[str, tuple[int, int, int]]:
    """Valid ratings, those that say solved, and rounds left out, of each part of September."""
    return {
        one.id: (one.counted.valid, one.counted.solved, one.counted.excluded)
        for one in rates_between(*SEPTEMBER, by)
    }


@pytest.fixture
def rated(place_at: Callable[..., str], do: Do) -> str:
    """An order of two rounds: unsatisfied, then satisfied; beside it another one."""
    number = place_at("done")
    do(number, "rate", **UNSATISFIED)
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", **CONTENT)
    do(place_at("done", grid="grid-1"), "rate", **CONTENT)
    return number


# --- left out -----------------------------------------------------------------------------------------


def test_a_round_that_two_people_leave_out_counts_nowhere_and_is_shown(
    database: House, rated: str, rows: Rows
) -> None:
    assert figures() == {"": (3, 2, 0)}
    exclude(rated, 1, "打错了电话，不是这位居民", "staff-1", "staff-2")
    assert figures() == {"": (2, 2, 1)}
    assert figures(By.GRID) == {"grid-1": (1, 1, 0), "grid-3": (1, 1, 1)}
    (row,) = rows(Exclusion)
    assert (row.reason, row.actor, row.second) == ("打错了电话，不是这位居民", "staff-1", "staff-2")


def test_what_nobody_rated_can_be_left_out_too(
    sqlite_house: House, place_at: Callable[..., str], do: Do, monday: datetime
) -> None:
    number = place_at("done")
    with clock_at(monday + timedelta(days=14)):
        do(number, "expire", by="system")
    exclude(number, 1, "居民过世", "staff-1", "staff-2")
    (whole,) = rates_between(*SEPTEMBER)
    assert (whole.counted.expired, whole.counted.excluded) == (0, 1)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"reason": " "}, "不计入要写明原因"),
        ({"second": "staff-1"}, "由另一个人同意"),
        ({"second": "m-001"}, "由另一个人同意"),  # the same person as a member
        ({"second": "m-244"}, "由两位社区干部决定"),
        ({"by": "unit-power"}, "由两位社区干部决定"),
        ({"round": 3}, "第 3 轮还没有评价或归档"),
        ({"round": 0}, "第 0 轮还没有评价或归档"),
        ({"number": "A-2026-9999"}, "没有编号为"),
        ({"by": "nobody"}, "没有操作人“nobody”"),
    ],
)
def test_leaving_out_takes_a_reason_and_two_who_may(
    sqlite_house: House, rated: str, rows: Rows, given: dict[str, Any], sentence: str
) -> None:
    typed = {
        "number": rated,
        "round": 1,
        "reason": "打错了",
        "by": "staff-1",
        "second": "staff-2",
        **given,
    }
    with pytest.raises(DiandanError) as caught:
        exclude(**typed)
    assert sentence in str(caught.value)
    assert rows(Exclusion) == []


def test_nobody_leaves_out_the_rating_of_their_own_work_and_nothing_is_left_out_twice(
    sqlite_house: House, place_at: Callable[..., str], do: Do, rated: str
) -> None:
    own = place_at("accepted")
    for action, typed in (
        ("assign", {"to": "desk"}),
        ("take", {}),
        ("claim", {"to": "m-001"}),
        ("finish", {"reason": "合上闸就亮了"}),
        ("rate", CONTENT),
    ):
        do(own, action, **typed)
    with pytest.raises(DiandanError, match="自己办的事，不能由自己决定不计入"):
        exclude(own, 1, "不公平", "staff-2", "staff-1")  # staff-1 is m-001
    exclude(own, 1, "重复登记", "staff-2", "staff-3")
    with pytest.raises(DiandanError, match="第 1 轮已经不计入了"):
        exclude(own, 1, "重复登记", "staff-2", "staff-3")


# --- published ------------------------------------------------------------------------------------------


def test_what_was_published_stays_whatever_happens_and_whatever_the_formula_becomes(
    database: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    rated: str,
    rows: Rows,
) -> None:
    before = {by: rates_between(*SEPTEMBER, by) for by in (None, *By)}
    with clock_at(OCTOBER):
        publish(*SEPTEMBER, "staff-1")
        exclude(rated, 1, "打错了电话", "staff-1", "staff-2")
        rewritten = {"response": 50, "resolution": 25, "satisfaction": 25}
        settle(config=community({"rates.yaml": {"rates": {"v1": rewritten}}}))
        for by, parts in before.items():
            now = rates_between(*SEPTEMBER, by)
            assert [(one.counted, one.rates) for one in now] == [
                (one.counted, one.rates) for one in parts
            ]
            assert all(one.is_published for one in now)
        (longer,) = rates_between(date(2026, 8, 31), SEPTEMBER[1])
        assert (longer.counted.excluded, longer.is_published) == (1, False)
        assert longer.rates.composite != before[None][0].rates.composite
    (row,) = rows(Publication)
    assert (row.actor, row.formula["response"]) == ("staff-1", 10)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026-09-01", "2026-09-30", "已在 2026-10-08 公布过，不能再改"),
        ("2026-09-30", "2026-09-01", "2026-09-01 在 2026-09-30 之前"),
        ("2026-10-01", "2026-10-08", "2026-10-08 还没有过完，过完再公布"),
    ],
)
def test_a_period_is_published_once_when_it_is_over(
    database: House, rows: Rows, first: str, last: str, sentence: str
) -> None:
    with clock_at(OCTOBER):
        publish(*SEPTEMBER, "staff-1")
        with pytest.raises(DiandanError) as caught:
            publish(date.fromisoformat(first), date.fromisoformat(last), "staff-1")
    assert sentence in str(caught.value)
    assert len(rows(Publication)) == 1


# --- a look -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "runs"),
    [
        ([], []),
        ([0, 1, 2, 3], []),  # four are none
        ([0, 1, 2, 3, 4], [[0, 1, 2, 3, 4]]),
        ([0, 10, 20, 29, 30], [[0, 1, 2, 3, 4]]),
        ([0, 10, 20, 30, 31], []),  # five within 31 minutes
        ([0, 20, 21, 22, 23, 24, 90], [[0, 1, 2, 3, 4, 5]]),
        ([0, 1, 2, 3, 4, 300, 301, 302, 303, 304], [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]),
    ],
)
def test_five_within_half_an_hour_are_a_burst(minutes: list[int], runs: list[list[int]]) -> None:
    assert close_together([OCTOBER + timedelta(minutes=one) for one in minutes]) == runs


def test_many_good_ratings_of_one_place_at_once_are_flagged_and_nothing_else(
    database: House, place_at: Callable[..., str], do: Do, monday: datetime
) -> None:
    numbers = [place_at("done") for _ in range(5)]
    others = [place_at("done", grid=f"grid-{n}") for n in (1, 2, 4, 5)]
    for minute, number in enumerate(numbers):
        with clock_at(monday + timedelta(minutes=minute)):
            do(number, "rate", by="staff-2", grade="satisfied", solved=True)
    for number in others:
        do(number, "rate", **CONTENT)
    (burst,) = bursts_between(*SEPTEMBER)
    assert (burst.handler, burst.grid, burst.numbers) == ("unit-power", "grid-3", tuple(numbers))
    assert (burst.first, burst.last) == (monday, monday + timedelta(minutes=4))
    assert burst.actors == ("staff-2",)
    assert bursts_between(date(2026, 8, 1), date(2026, 8, 31)) == []
