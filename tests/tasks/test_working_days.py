"""China works when the State Council says so: its notices are data, our calendar is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from config.catalog import Calendar
from config.settings import ROOT
from tasks.rules.working_time import WorkingTime

NOTICES = {
    notice["year"]: notice
    for notice in YAML(typ="safe").load(ROOT / "tests" / "data" / "state_council.yaml")
}
A_DAY, NOTHING = timedelta(days=1), timedelta(0)
SATURDAY = 5


def calendar(*spans: str) -> Calendar:
    return Calendar(timezone="Asia/Shanghai", hours={"mon-fri": spans}, country="CN")


def days_off(notice: Mapping[str, Any]) -> Iterator[date]:
    for festival in notice["festivals"]:
        first, _, last = str(festival["off"]).partition("/")
        day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        while day <= end:
            yield day
            day += A_DAY


def made_up(notice: Mapping[str, Any]) -> list[date]:
    return [day for festival in notice["festivals"] for day in festival["worked"]]


def midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def worked_on(day: date, hours: WorkingTime) -> timedelta:
    return hours.worked(midnight(day), midnight(day + A_DAY))


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_year_is_what_its_notice_makes_it(year: int) -> None:
    notice, hours = NOTICES[year], WorkingTime(calendar("00:00-24:00"))
    off, on = set(days_off(notice)), set(made_up(notice))
    wrong, working, day = [], 0, date(year, 1, 1)
    while day.year == year:
        works = day in on or (day not in off and day.weekday() < SATURDAY)
        if worked_on(day, hours) != (A_DAY if works else NOTHING):
            wrong.append(day)
        working += works
        day += A_DAY
    assert wrong == []
    assert working == notice["working_days"]
    assert hours.worked(midnight(date(year, 1, 1)), midnight(day)) == working * A_DAY
    assert hours.knows(midnight(date(year, 1, 1)), midnight(date(year, 12, 31)))


@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 248), (2026, 248)])
def test_a_notice_is_written_down_whole(year: int, days: int) -> None:
    notice = NOTICES[year]
    off, on = list(days_off(notice)), made_up(notice)
    assert {day.year for day in (*off, *on)} == {year}
    assert all(day.weekday() >= SATURDAY for day in on)
    assert len({*off, *on}) == len(off) + len(on)
    every_day = [date(year, 1, 1) + number * A_DAY for number in range(366)]
    weekdays = sum(day.year == year and day.weekday() < SATURDAY for day in every_day)
    lost = sum(day.weekday() < SATURDAY for day in off)
    assert weekdays - lost + len(on) == notice["working_days"] == days


@pytest.mark.parametrize("year", NOTICES)
def test_a_day_that_is_made_up_has_monday_s_hours(year: int) -> None:
    unequal = WorkingTime(
        Calendar(
            timezone="Asia/Shanghai",
            hours={"mon": ("08:00-12:00", "13:00-16:00"), "tue-fri": ("09:00-12:00",)},
            country="CN",
        )
    )
    assert made_up(NOTICES[year])
    for day in made_up(NOTICES[year]):
        assert worked_on(day, unequal) == timedelta(hours=7), day
        at_noon = midnight(day) + timedelta(hours=12)
        assert unequal.worked(at_noon, at_noon + timedelta(hours=1)) == NOTHING, day


@pytest.mark.parametrize("day", [date(2024, 2, 9), date(2024, 12, 31), date(2025, 1, 27)])
def test_an_eve_that_no_notice_frees_is_a_working_day(day: date) -> None:
    """Friday, the Spring Festival's eve of 2024; Tuesday, New Year's; a Monday before an eve."""
    assert worked_on(day, WorkingTime(calendar("09:30-13:00", "15:30-18:30"))) == timedelta(
        hours=6.5
    )


@pytest.mark.parametrize(
    ("first", "last", "is_known"),
    [
        (date(2024, 1, 1), date(2026, 12, 31), True),
        (date(2004, 1, 1), date(2004, 12, 31), True),  # the first that the library has
        (date(2003, 12, 31), date(2004, 1, 1), False),
        (date(2026, 12, 31), date(2027, 1, 1), False),  # no notice yet
        (date(2000, 1, 1), date(2030, 1, 1), False),  # known years in between do not help
    ],
)
def test_a_stretch_is_known_when_all_of_its_years_are(
    first: date, last: date, is_known: bool
) -> None:
    assert WorkingTime(calendar("09:30-13:00")).knows(midnight(first), midnight(last)) is is_known


def test_the_last_moment_of_a_known_year_is_known_by_the_local_clock() -> None:
    hours, eve = WorkingTime(calendar("09:30-13:00")), midnight(date(2026, 12, 31))
    last = eve + A_DAY - timedelta(microseconds=1)
    assert hours.knows(eve, last)
    assert not hours.knows(eve, last + timedelta(microseconds=1))


@pytest.mark.parametrize("year", [2003, 2027])
def test_in_a_year_without_notice_the_weekdays_are_as_written(year: int) -> None:
    hours, day = WorkingTime(calendar("00:00-24:00")), date(year, 1, 1)
    while day.year == year:
        works = day.weekday() < SATURDAY
        assert worked_on(day, hours) == (A_DAY if works else NOTHING), day
        day += A_DAY
