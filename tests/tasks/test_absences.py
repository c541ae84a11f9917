"""Who is away, and who hears instead of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from tasks.absences import persons, set_absence, who_is_away
from tasks.clock import clock_at
from tasks.db import reading, transaction
from tasks.errors import DiandanError
from tasks.escalation import sweep_clocks
from tasks.house import House, house
from tasks.models.tables import Absence, Message

Place = Callable[..., str]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)
# placed on Monday at 10:00, to be accepted within two working hours: overdue at 12:00
OVERDUE = datetime(2026, 9, 14, 12, 1, tzinfo=ZONE)
BRANCH = "m-019"  # 赵春生, who holds the branch of grid 3

pytestmark = pytest.mark.usefixtures("monday")


def absent(
    person: str, substitute: str, first: str = "2026-09-14", last: str = "2026-09-18"
) -> str:
    return set_absence(person, substitute, first, last, "staff-1")


def away(moment: datetime) -> dict[str, str]:
    with clock_at(moment), reading(house().database) as session:
        return who_is_away(session)


def no_longer_verified(member: str) -> None:
    with transaction(house().database) as session:
        statement = text("UPDATE members SET verified = false WHERE id = :id")
        session.execute(statement, {"id": member})


@pytest.fixture
def who_hears(place: Place, rows: Rows) -> Callable[[], list[str]]:
    """Who on the ladder hears of an order of grid 3 that nobody has accepted in time."""

    def sweep() -> list[str]:
        place()
        with clock_at(OVERDUE):
            assert sweep_clocks().counts["overdue"] == 1
        told = [one for one in rows(Message) if one.audience == "ladder"]
        assert {one.event.value for one in told} == {"order_escalated"}
        return [one.recipient for one in told]

    return sweep


# --- who hears ------------------------------------------------------------------------------------


def test_the_holder_of_the_branch_hears_while_they_are_there(
    sqlite_house: House, who_hears: Callable[[], list[str]]
) -> None:
    assert who_hears() == [BRANCH]


def test_only_the_last_of_a_chain_of_substitutes_hears(
    database: House, who_hears: Callable[[], list[str]]
) -> None:
    absent(BRANCH, "m-023")
    absent("m-023", "m-024")
    absent("m-024", "m-028")
    assert who_hears() == ["m-028"]


def test_a_member_of_the_staff_can_stand_in(
    sqlite_house: House, who_hears: Callable[[], list[str]]
) -> None:
    absent("赵春生", "格桑卓玛")
    assert who_hears() == ["staff-2"]


@pytest.mark.parametrize(
    "ring",
    [
        [(BRANCH, "m-023"), ("m-023", BRANCH)],
        [(BRANCH, "m-023"), ("m-023", "m-024"), ("m-024", BRANCH)],
        [(BRANCH, "m-023"), ("m-023", "m-024"), ("m-024", "m-023")],  # beyond the person
    ],
)
def test_where_everybody_stands_in_for_another_who_is_away_the_person_hears(
    sqlite_house: House, who_hears: Callable[[], list[str]], ring: list[tuple[str, str]]
) -> None:
    for person, substitute in ring:
        absent(person, substitute)
    assert who_hears() == [BRANCH]


def test_a_substitute_who_is_no_longer_a_verified_member_is_not_asked(
    database: House, who_hears: Callable[[], list[str]]
) -> None:
    absent(BRANCH, "m-023")
    no_longer_verified("m-023")
    assert who_hears() == [BRANCH]


def test_the_last_of_a_chain_who_is_no_longer_verified_leaves_it_to_the_one_before(
    sqlite_house: House, who_hears: Callable[[], list[str]]
) -> None:
    absent(BRANCH, "m-023")
    absent("m-023", "m-024")
    no_longer_verified("m-024")
    assert who_hears() == ["m-023"]


def test_an_absence_that_has_ended_or_not_begun_changes_nothing(
    sqlite_house: House, who_hears: Callable[[], list[str]]
) -> None:
    absent(BRANCH, "m-023", "2026-09-07", "2026-09-13")
    absent(BRANCH, "m-024", "2026-09-15", "2026-09-18")
    assert who_hears() == [BRANCH]


# --- from when until when -------------------------------------------------------------------------


def test_a_person_is_away_from_the_first_local_day_to_the_end_of_the_last(database: House) -> None:
    absent(BRANCH, "m-023", "2026-09-15", "2026-09-16")
    begins, ends = datetime(2026, 9, 15, tzinfo=ZONE), datetime(2026, 9, 17, tzinfo=ZONE)
    assert away(begins - SECOND) == {}
    assert away(begins) == {BRANCH: "m-023"}
    assert away(ends - SECOND) == {BRANCH: "m-023"}
    assert away(ends) == {}


def test_a_person_can_be_away_for_a_single_day(sqlite_house: House) -> None:
    absent(BRANCH, "m-023", "2026-09-15", "2026-09-15")
    assert away(datetime(2026, 9, 15, 12, 0, tzinfo=ZONE)) == {BRANCH: "m-023"}


def test_of_two_substitutes_for_the_same_day_the_one_named_later_counts(
    sqlite_house: House,
) -> None:
    absent(BRANCH, "m-023")
    absent(BRANCH, "m-024")
    assert away(OVERDUE) == {BRANCH: "m-024"}


# --- what is noted, and what is refused -----------------------------------------------------------


def test_it_is_noted_who_wrote_the_absence_and_said_in_words(
    sqlite_house: House, rows: Rows, monday: datetime
) -> None:
    assert absent("赵春生", "m-024", "2026-09-15", "2026-09-16") == (
        "赵春生 由 吴永福 代班，2026-09-15 到 2026-09-16"
    )
    (row,) = rows(Absence)
    assert (row.person, row.substitute, row.actor, row.at) == (BRANCH, "m-024", "staff-1", monday)


def test_a_member_of_the_staff_has_one_id_whichever_was_typed(
    sqlite_house: House, rows: Rows
) -> None:
    absent("m-002", BRANCH)
    assert [row.person for row in rows(Absence)] == ["staff-2"]


@pytest.mark.parametrize(
    ("person", "substitute", "first", "last", "said"),
    [
        ("张三丰", "m-024", "2026-09-15", "2026-09-16", "张三丰"),
        (BRANCH, "张三丰", "2026-09-15", "2026-09-16", "张三丰"),
        (BRANCH, "", "2026-09-15", "2026-09-16", "没有"),
        (BRANCH, "unit-power", "2026-09-15", "2026-09-16", "要写一位社区干部或党员"),
        ("resident", BRANCH, "2026-09-15", "2026-09-16", "要写一位社区干部或党员"),
        (BRANCH, "m-024", "2026-09-16", "2026-09-15", "不能在开始的那天之前"),
        (BRANCH, BRANCH, "2026-09-15", "2026-09-16", "不能是本人"),
        (BRANCH, "赵春生", "2026-09-15", "2026-09-16", "不能是本人"),
        ("staff-1", "m-001", "2026-09-15", "2026-09-16", "不能是本人"),  # the same person
        (BRANCH, "m-024", "", "2026-09-16", "“从哪天”不对：要写成日期"),
        (BRANCH, "m-024", "明天", "2026-09-16", "“从哪天”不对：要写成日期"),
        (BRANCH, "m-024", "2026-09-15", "2026-02-30", "“到哪天”不对：要写成日期"),
        (BRANCH, "m-024", "2026-09-15", "2999-09-15", "一次最多 366 天，请核对年份"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_not_noted(
    sqlite_house: House,
    rows: Rows,
    person: str,
    substitute: str,
    first: str,
    last: str,
    said: str,
) -> None:
    with pytest.raises(DiandanError) as refused:
        absent(person, substitute, first, last)
    assert said in str(refused.value)
    assert rows(Absence) == []


def test_the_pick_list_has_everybody_who_can_stand_in_once(sqlite_house: House) -> None:
    no_longer_verified("m-024")
    ids = list(persons().values())
    assert ids[:3] == ["staff-1", "staff-2", "staff-3"]
    assert len(ids) == len(set(ids))
    assert BRANCH in ids
    assert not {"m-001", "m-002", "m-003", "m-024"} & set(ids)  # the staff stand there already
