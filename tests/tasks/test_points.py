"""Points: what a service is worth, what is taken back, and a ledger that the history makes again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.catalog import Catalog, CatalogError, PointRules, load_catalog
from tasks.clock import clock_at
from tasks.dates import expire_ratings
from tasks.db import transaction
from tasks.errors import BadInput, DiandanError, UnknownId
from tasks.house import House
from tasks.ledger import correct, recompute
from tasks.models.enums import Board, Grade
from tasks.models.point_tables import PointEntry
from tasks.points import freeze_months, month_of, rankings_of, statement
from tasks.registration import leave, register
from tasks.requests import member_for
from tasks.rules.points import Ended, Ranked, earned_by, level_of, ranking
from tasks.rules.versions import version_on
from tasks.views import messages_json

Do = Callable[..., None]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
CONTENT: dict[str, Any] = {"by": "resident", "grade": "satisfied", "solved": True}
UNSATISFIED: dict[str, Any] = {
    **{"by": "resident", "grade": "unsatisfied"},
    **{"solved": False, "reason": "又不亮了"},
}
RULES = PointRules(
    id="v1",
    since=date(2024, 1, 1),
    service=10,
    categories={"safety": 15, "wishes": 30},
    basically=75,
    expired=50,
    late=5,
    most_per_order=20,
    most_per_day=40,
    bottom_line=20,
    benchmarks=(
        {"name": "标杆党员", "at_least": 200},
        {"name": "服务之星", "at_least": 100},
    ),
)


# --- the arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "solved", "category", "is_late", "today", "points"),
    [
        ("satisfied", True, "street-light", False, 0, [10]),
        ("basically", True, "street-light", False, 0, [7]),  # 7.5: half a point is none
        ("satisfied", True, "safety", False, 0, [15]),  # its own
        ("basically", True, "safety", False, 0, [11]),  # 11.25
        ("satisfied", True, "wishes", False, 0, [20]),  # 30, but no more than 20 for one order
        ("satisfied", True, None, False, 0, [10]),
        (None, None, "street-light", False, 0, [5]),  # nobody rated
        (None, None, "safety", False, 0, [7]),  # 7.5
        ("unsatisfied", False, "street-light", False, 0, []),
        ("satisfied", False, "street-light", False, 0, []),  # friendly, but not solved
        ("satisfied", True, "street-light", True, 0, [10, -5]),
        ("unsatisfied", False, "street-light", True, 0, [-5]),
        ("satisfied", True, "street-light", False, 35, [5]),  # 40 a day
        ("satisfied", True, "street-light", False, 40, []),
        ("satisfied", True, "street-light", True, 40, [-5]),
        ("satisfied", True, "street-light", False, 45, []),  # since the cap was lowered
    ],
)
def test_a_round_brings_what_its_rating_category_and_day_allow(
    grade: str | None,
    solved: bool | None,
    category: str | None,
    is_late: bool,
    today: int,
    points: list[int],
) -> None:
    ended = Ended(
        number="A-2026-0001",
        round=1,
        grade=Grade(grade) if grade else None,
        solved=solved,
        category=category,
        was_late=is_late,
    )
    assert [line.points for line in earned_by(ended, RULES, today)] == points


def test_the_rules_of_a_day_are_the_newest_that_have_begun() -> None:
    later = RULES.model_copy(update={"id": "v2", "since": date(2026, 10, 1)})
    assert version_on(date(2026, 9, 30), [later, RULES]) is RULES
    assert version_on(date(2026, 10, 1), [later, RULES]) is later
    assert version_on(date(2023, 12, 31), [later, RULES]) is None


@pytest.mark.parametrize(
    ("points", "level"),
    [(0, ""), (99, ""), (100, "服务之星"), (199, "服务之星"), (200, "标杆党员")],
)
def test_a_year_has_the_level_that_it_reaches(points: int, level: str) -> None:
    assert level_of(points, RULES) == level


def test_ties_share_a_rank_and_stand_in_the_order_of_their_numbers() -> None:
    places = ranking([("m-3", 5), ("m-2", 9), ("m-1", 5), ("m-4", -1)])
    assert places == [
        Ranked(1, "m-2", 9),
        Ranked(2, "m-1", 5),
        Ranked(2, "m-3", 5),
        Ranked(4, "m-4", -1),
    ]


# --- the ledger ---------------------------------------------------------------------------------------


def ledger(rows: Rows) -> list[tuple[str, str, int]]:
    return [(row.key, row.member, row.points) for row in rows(PointEntry)]


def test_who_did_the_work_earns_it_and_reads_so(
    database: House, monday: Any, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    number = place_at("done")
    do(number, "rate", **CONTENT)
    (entry,) = rows(PointEntry)
    assert (entry.key, entry.member, entry.handler) == (
        f"service:{number}:1",
        "m-241",
        "unit-power",
    )
    assert entry.points == 10
    (told,) = [one for one in messages_json() if one["event"] == "order_rated"]
    assert "这次得 10 分。" in told["body"]


def test_what_is_reopened_takes_all_of_it_back_and_the_next_round_earns_anew(
    database: House, monday: Any, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    number = place_at("done")
    do(number, "rate", **CONTENT)
    do(number, "reopen", reason="第二天又不亮了")
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", by="resident", grade="basically", solved=True)
    assert ledger(rows) == [
        (f"service:{number}:1", "m-241", 10),
        (f"reversal:service:{number}:1", "m-241", -10),
        (f"service:{number}:2", "m-241", 8),
    ]


def test_an_unsatisfied_resident_costs_nothing_and_brings_nothing(
    sqlite_house: House, monday: Any, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    do(place_at("done"), "rate", **UNSATISFIED)
    assert ledger(rows) == []


def test_late_work_costs_points_and_silence_brings_half(
    sqlite_house: House, monday: datetime, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    number = place_at("claimed")
    with clock_at(monday + timedelta(days=20)):
        do(number, "finish", by="m-241", reason="才换好")
    with clock_at(monday + timedelta(days=40)):
        expire_ratings()
    assert ledger(rows) == [
        (f"service:{number}:1", "m-241", 5),
        (f"late:{number}:1", "m-241", -5),
    ]


def test_a_day_brings_no_more_than_its_cap_and_the_next_day_begins_anew(
    sqlite_house: House, monday: datetime, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    numbers = [place_at("done") for _ in range(6)]
    for number in numbers[:5]:
        do(number, "rate", **CONTENT)
    midnight = datetime(2026, 9, 15, 0, 0, tzinfo=ZONE)
    with clock_at(midnight):
        do(numbers[5], "rate", **CONTENT)
    assert [points for _key, _member, points in ledger(rows)] == [10, 10, 10, 10, 10]
    assert statement("m-241", 2026)["points"] == 50


def test_the_cap_of_a_day_holds_when_many_rate_at_once(
    database: House, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    numbers = [place_at("done") for _ in range(8)]
    with ThreadPoolExecutor(8) as residents:
        list(residents.map(lambda number: do(number, "rate", **CONTENT), numbers))
    assert sum(row.points for row in rows(PointEntry)) == 40
    again = recompute()
    assert (again.added, again.different, again.unexpected) == ([], [], [])


# --- made again from the history ------------------------------------------------------------------------


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_the_history_makes_the_same_ledger_to_the_last_entry(
    new_house: Callable[[], House],
    place_at: Callable[..., str],
    do: Do,
    rows: Rows,
    monday: datetime,
    chance: Random,
) -> None:
    house = new_house()
    numbers = [place_at("done") for _ in range(6)]
    now = monday
    for _ in range(20):
        now += timedelta(hours=chance.choice([0, 0, 1, 20]))
        action, typed = chance.choice(
            [
                ("rate", {**CONTENT, "grade": chance.choice(["satisfied", "basically"])}),
                ("rate", UNSATISFIED),
                ("reopen", {"reason": "又坏了"}),
                ("claim", {"to": "m-241"}),
                ("finish", {"reason": "又修好了"}),
            ]
        )
        with clock_at(now):
            try:
                do(chance.choice(numbers), action, **typed)
            except DiandanError as refusal:
                assert str(refusal)
    kept = ledger(rows)
    again = recompute()
    assert (again.entries, again.added, again.different, again.unexpected) == (
        len(kept),
        [],
        [],
        [],
    )
    with transaction(house.database) as session:
        for entry in rows(PointEntry):
            session.delete(session.merge(entry))
    assert recompute().added == [key for key, _member, _points in kept]
    assert ledger(rows) == kept


def test_what_does_not_agree_with_the_history_is_named(
    sqlite_house: House, monday: Any, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    number = place_at("done")
    do(number, "rate", **CONTENT)
    with transaction(sqlite_house.database) as session:
        entry = session.merge(rows(PointEntry)[0])
        entry.points = 1_000
        session.add(
            PointEntry(
                key="service:A-2026-9999:1", at=monday, member="m-241", rule="service", points=9
            )
        )
    again = recompute()
    assert (again.different, again.unexpected) == (
        [f"service:{number}:1"],
        ["service:A-2026-9999:1"],
    )


# --- corrected by hand ------------------------------------------------------------------------------


def test_a_correction_is_an_entry_of_its_own_with_a_reason_and_two_people(
    database: House, monday: Any, rows: Rows
) -> None:
    correct("边巴德吉", -5, "值班没有到", "staff-1", "staff-2")
    correct("m-241", 5, "当天请过假", "staff-2", "staff-1")
    assert ledger(rows) == [("correction:m-241:1", "m-241", -5), ("correction:m-241:2", "m-241", 5)]
    assert [(row.actor, row.second) for row in rows(PointEntry)] == [
        ("staff-1", "staff-2"),
        ("staff-2", "staff-1"),
    ]
    assert recompute().unexpected == []


@pytest.mark.parametrize(
    ("points", "reason", "by", "second", "sentence"),
    [
        (0, "没有", "staff-1", "staff-2", "不是 0"),
        (5, "  ", "staff-1", "staff-2", "和原因"),
        (5, "好", "staff-1", "洛桑罗布", "由另一个人同意"),
        (5, "好", "staff-1", "m-001", "由另一个人同意"),  # the same person as a member
        (5, "好", "m-241", "staff-2", "本人的积分要由别人来更正"),
        (5, "好", "nobody", "staff-2", "没有操作人“nobody”"),
        (5, "好", "resident", "system", "更正要由两位社区干部来做"),
        (5, "好", "staff-1", "unit-water", "更正要由两位社区干部来做"),
    ],
)
def test_a_correction_that_is_not_right_is_refused(
    sqlite_house: House, rows: Rows, points: int, reason: str, by: str, second: str, sentence: str
) -> None:
    with pytest.raises(DiandanError) as caught:
        correct("m-241", points, reason, by, second)
    assert sentence in str(caught.value)
    assert ledger(rows) == []


# --- rankings and years -------------------------------------------------------------------------------


def test_members_teams_and_units_are_ranked_by_the_month_and_frozen_when_it_is_over(
    database: House, monday: datetime, place_at: Callable[..., str], place: Any, do: Do
) -> None:
    do(place_at("done"), "rate", **CONTENT)
    wish = place(kind="small_wish", category="wishes", words="想要一个书包")
    for action, typed in (
        ("accept", {}),
        ("claim", {"to": "m-004"}),
        ("finish", {"reason": "送到了"}),
        ("rate", CONTENT),
    ):
        do(wish, action, **typed)
    september = date(2026, 9, 1)
    boards = rankings_of(september).boards
    assert boards[Board.MEMBERS] == [Ranked(1, "m-004", 12), Ranked(2, "m-241", 10)]
    assert boards[Board.TEAMS] == [Ranked(1, "desk", 12)]  # where who claimed it belongs
    assert boards[Board.UNITS] == [Ranked(1, "unit-power", 10)]
    assert freeze_months() == 0
    with clock_at(datetime(2026, 10, 1, 0, 0, tzinfo=ZONE)):
        assert (freeze_months(), freeze_months()) == (1, 0)
    with clock_at(monday):
        correct("m-241", 50, "漏记", "staff-1", "staff-2")
    frozen = rankings_of(september)
    assert (frozen.is_frozen, frozen.boards) == (True, boards)
    assert not rankings_of(date(2026, 10, 1)).is_frozen


def test_a_year_tells_its_level_its_months_and_whether_the_bottom_line_is_reached(
    sqlite_house: House, monday: datetime, place_at: Callable[..., str], do: Do
) -> None:
    number = place_at("done")
    do(number, "rate", **CONTENT)
    told = statement("边巴德吉", 2026)
    assert (told["points"], told["reached"], told["level"]) == (10, False, "")
    correct("m-241", 90, "全年值守", "staff-1", "staff-2")
    told = statement("m-241", 2026)
    assert (told["points"], told["reached"], told["level"]) == (100, True, "服务之星")
    assert told["months"] == {"2026-09": 100}
    assert [(line["order"], line["points"]) for line in told["entries"]] == [
        (number, 10),
        (None, 90),
    ]
    assert statement("m-241", 2025)["points"] == 0
    with pytest.raises(UnknownId, match="没有党员“谁”"):
        statement("谁")


@pytest.mark.parametrize("typed", ["2026-13", "2026", "九月", "2026-9-1", ""])
def test_a_month_that_is_none_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="要写成年-月，例如 2026-09。"):
        month_of(typed)


# --- the rules as data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"most_per_day": -1}, "太小"),
        ({"late": -5}, "太小"),
        ({"categories": {"lamp": 3}}, '没有类别 "lamp"'),
        ({"basically": 101}, "太大"),
        ({"benchmarks": [{"name": "甲"}]}, "at_least"),
    ],
)
def test_rules_that_cannot_be_meant_are_told_with_their_line(
    community: Callable[..., Path], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        load_catalog(community({"points.yaml": {"points": {"v1": changes}}}))
    (mistake,) = caught.value.mistakes
    assert str(mistake).startswith("points.yaml:")
    assert words in str(mistake)


def test_the_example_has_rules_for_today(example_catalog: Catalog) -> None:
    assert version_on(date(2026, 9, 14), example_catalog.points.values()) is not None


def test_what_a_registered_member_does_counts_for_where_they_came_from(
    sqlite_house: House, monday: datetime, place: Any, do: Do
) -> None:
    new = register(
        member_for({"name": "拉姆措", "phone": "13900001234", "to": "供电所"}),
        "staff-1",
        verified=True,
    )
    wish = place(kind="small_wish", category="wishes", words="想要一个书包")
    for action, typed in (
        ("accept", {}),
        ("claim", {"to": new}),
        ("finish", {"reason": "送到了"}),
        ("rate", CONTENT),
    ):
        do(wish, action, **typed)
    assert rankings_of(date(2026, 9, 1)).boards[Board.UNITS] == [Ranked(1, "unit-power", 12)]
    assert recompute().different == []


def test_who_changes_their_unit_leaves_the_points_of_before_where_they_were_earned(
    sqlite_house: House, place: Callable[..., str], do: Do, monday: datetime
) -> None:
    newcomer = {"name": "拉姆措", "phone": "13900001234", "to": "供电所"}
    with clock_at(monday - timedelta(days=1)):
        new = register(member_for(newcomer), "staff-1", verified=True)
    number = place(kind="small_wish", category="wishes", words="想要一个书包")
    do(number, "accept")
    do(number, "claim", to=new)
    do(number, "finish", reason="送到了")
    do(number, "rate", **CONTENT)
    with clock_at(monday + timedelta(days=1)):
        leave(new, None, "staff-1")
        register(member_for({**newcomer, "to": "自来水厂"}), "staff-1", verified=True)
    assert recompute().different == []


def test_a_month_without_points_is_not_frozen_again_every_night(
    sqlite_house: House, monday: datetime
) -> None:
    correct("m-241", 5, "值守", "staff-1", "staff-2")
    with clock_at(datetime(2026, 12, 1, 3, 0, tzinfo=ZONE)):
        assert (freeze_months(), freeze_months()) == (1, 0)
