"""Deadlines as somebody with a wall calendar and a watch works them out, a table for each trap.

Moments are written with their weekday, which is checked, in the local time of the row's calendar.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.catalog import Allowance, Calendar
from config.shapes import DAYS
from tasks.errors import TooFar
from tasks.rules.sla import (
    Pause,
    due_at,
    due_until,
    left,
    step_after,
    time_for,
    used_up_at,
    worked,
)
from tasks.rules.working_time import WALL_CLOCK, WorkingTime, working_time

A_MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def calendar(zone: str = "Asia/Shanghai", **values: Any) -> Calendar:
    """A calendar; without hours Monday to Friday are worked, from midnight to midnight."""
    return Calendar.model_validate(
        {"timezone": zone, "hours": {"mon-fri": ("00:00-24:00",)}} | values
    )


def moment(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """A time of a zone, as in "Mon 2026-09-14 10:00"; an offset tells which of two it is."""
    weekday, typed = text.split(" ", 1)
    local = datetime.fromisoformat(typed)
    assert weekday.lower() == DAYS[local.weekday()], f"the row is wrong: {text}"
    at = (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    there = at.astimezone(ZoneInfo(zone))
    assert there.replace(tzinfo=None) == local.replace(tzinfo=None), f"no such time: {text}"
    return at


def said(at: datetime, zone: str = "Asia/Shanghai") -> str:
    """A moment as a row would write it, always with its offset."""
    assert at.utcoffset() == timedelta(0), "moments are UTC"
    local = at.astimezone(ZoneInfo(zone))
    return f"{DAYS[local.weekday()].title()} {local.isoformat(' ')}"


def pauses_of(*texts: tuple[str, str]) -> list[Pause]:
    return [(moment(begun), moment(over)) for begun, over in texts]


def assert_due(hours: Calendar | None, start: str, allow: str, until: str) -> None:
    zone = hours.timezone if hours else "Asia/Shanghai"
    due = due_at(moment(start, zone), Allowance.parse(allow), hours)
    assert said(due.at, zone) == said(moment(until, zone), zone)


# --- the office of the example --------------------------------------------------------------------

SPANS = ("09:30-13:00", "15:30-18:30")  # six hours and a half
OFFICE = calendar(
    hours={"mon-fri": SPANS},
    country="CN",
    holidays=("2026-02-18", "2026-02-19", "2026-02-20", "2026-08-12", "2026-08-13"),
)

HOURS = [
    # (from, allowance, due)
    ("Mon 2026-09-14 10:00", "2h", "Mon 2026-09-14 12:00"),  # within Monday morning
    ("Mon 2026-09-14 12:00", "2h", "Mon 2026-09-14 16:30"),  # Monday's lunch does not count
    ("Mon 2026-09-14 18:00", "2h", "Tue 2026-09-15 11:00"),  # Monday's night does not
    ("Fri 2026-09-11 18:00", "2h", "Mon 2026-09-14 11:00"),  # nor does a weekend
    ("Mon 2026-09-14 08:00", "2h", "Mon 2026-09-14 11:30"),  # Monday before the doors open
    ("Mon 2026-09-14 14:00", "2h", "Mon 2026-09-14 17:30"),  # at Monday's lunch
    ("Mon 2026-09-14 20:00", "2h", "Tue 2026-09-15 11:30"),  # Monday night
    ("Sat 2026-09-12 12:00", "90m", "Mon 2026-09-14 11:00"),  # on a Saturday
    ("Mon 2026-09-14 13:00", "1m", "Mon 2026-09-14 15:31"),  # 13:00 sharp is Monday's lunch
    ("Mon 2026-09-14 18:30", "1m", "Tue 2026-09-15 09:31"),  # 18:30 sharp is Monday's evening
    ("Mon 2026-09-14 12:59", "1m", "Mon 2026-09-14 13:00"),  # up with Monday morning
    ("Mon 2026-09-14 18:29", "1m", "Mon 2026-09-14 18:30"),  # up with Monday, not on Tuesday
    ("Mon 2026-09-14 09:29", "210m", "Mon 2026-09-14 13:00"),  # all of Monday morning
    ("Mon 2026-09-14 09:29", "211m", "Mon 2026-09-14 15:31"),  # and a minute more
    ("Tue 2026-09-15 10:00", "13h", "Thu 2026-09-17 10:00"),  # two whole days: Tuesday → Thursday
    ("Mon 2026-09-14 10:00", "65h", "Mon 2026-09-28 10:00"),  # ten, Sun 20 worked, Fri 25 off
    ("Fri 2026-09-18 18:00", "2h", "Sun 2026-09-20 11:00"),  # that Sunday is worked
    ("Sat 2026-10-10 10:00", "2h", "Sat 2026-10-10 12:00"),  # within a Saturday that is worked
    ("Sat 2026-10-10 12:00", "2h", "Sat 2026-10-10 16:30"),  # it has Monday's lunch
    ("Wed 2026-09-30 18:00", "1h", "Thu 2026-10-08 10:00"),  # a week off: Wednesday → Thursday
    ("Sun 2026-10-04 12:00", "1h", "Thu 2026-10-08 10:30"),  # on the Sunday in it
]

WORKING_DAYS = [
    ("Mon 2026-09-14 10:00", "1wd", "Tue 2026-09-15 10:00"),  # Monday → Tuesday
    ("Mon 2026-09-14 09:30", "1wd", "Tue 2026-09-15 09:30"),  # 09:30 sharp is inside
    ("Fri 2026-09-11 10:00", "1wd", "Mon 2026-09-14 10:00"),  # Friday → Monday
    ("Mon 2026-09-14 18:29", "1wd", "Tue 2026-09-15 18:29"),  # Monday's last minute
    ("Mon 2026-09-14 18:30", "1wd", "Wed 2026-09-16 09:30"),  # outside: from Tuesday 09:30
    ("Mon 2026-09-14 13:00", "1wd", "Tue 2026-09-15 15:30"),  # outside: from Monday 15:30
    ("Mon 2026-09-14 14:00", "1wd", "Tue 2026-09-15 15:30"),  # the same in the middle of lunch
    ("Mon 2026-09-14 08:00", "1wd", "Tue 2026-09-15 09:30"),  # from Monday 09:30
    ("Sat 2026-09-12 12:00", "1wd", "Tue 2026-09-15 09:30"),  # Saturday: from Monday 09:30
    ("Sun 2026-09-13 23:59", "3wd", "Thu 2026-09-17 09:30"),  # Sunday: from Monday 09:30
    ("Fri 2026-09-18 17:00", "1wd", "Sun 2026-09-20 17:00"),  # Friday → the Sunday that is worked
    ("Fri 2026-09-18 17:00", "3wd", "Tue 2026-09-22 17:00"),  # Sunday, Monday, Tuesday
    ("Sun 2026-09-20 17:00", "1wd", "Mon 2026-09-21 17:00"),  # and on from that Sunday
    ("Thu 2026-09-24 11:00", "1wd", "Mon 2026-09-28 11:00"),  # Friday to Sunday off
    ("Wed 2026-09-30 11:00", "1wd", "Thu 2026-10-08 11:00"),  # Thu 1 to Wed 7 off
    ("Wed 2026-09-30 11:00", "3wd", "Sat 2026-10-10 11:00"),  # Thursday, Friday, Saturday worked
    ("Wed 2026-09-30 11:00", "4wd", "Mon 2026-10-12 11:00"),  # and the Sunday is off
    ("Sat 2026-10-10 14:00", "1wd", "Mon 2026-10-12 15:30"),  # a worked Saturday has its lunch
    ("Mon 2026-09-14 10:00", "15wd", "Sat 2026-10-10 10:00"),  # Sun 20 counts; ten days off do not
    ("Thu 2026-04-30 11:00", "1wd", "Wed 2026-05-06 11:00"),  # Fri 1 to Tue 5 off
    ("Fri 2026-05-08 11:00", "2wd", "Mon 2026-05-11 11:00"),  # Saturday worked, Sunday off
    ("Thu 2026-06-18 11:00", "1wd", "Mon 2026-06-22 11:00"),  # Friday to Sunday off
    # the Spring Festival of 2026: Sat 14 and Sat 28 worked, Sun 15 to Mon 23 off
    ("Fri 2026-02-13 17:00", "1wd", "Sat 2026-02-14 17:00"),
    ("Sat 2026-02-14 17:00", "1wd", "Tue 2026-02-24 17:00"),
    ("Wed 2026-02-18 10:00", "1wd", "Wed 2026-02-25 09:30"),  # from Tue 24 09:30
    ("Fri 2026-02-27 11:00", "1wd", "Sat 2026-02-28 11:00"),
    ("Sat 2026-02-28 11:00", "1wd", "Mon 2026-03-02 11:00"),
    # the community's own Wed 12 and Thu 13 of August
    ("Tue 2026-08-11 17:00", "1wd", "Fri 2026-08-14 17:00"),
    ("Tue 2026-08-11 18:00", "1h", "Fri 2026-08-14 10:00"),
    ("Wed 2026-08-12 12:00", "1wd", "Mon 2026-08-17 09:30"),  # from Fri 14 09:30
    # the end of 2025: Thu 1 to Sat 3 January off, Sun 4 worked
    ("Wed 2025-12-31 17:00", "1wd", "Sun 2026-01-04 17:00"),
    ("Wed 2025-12-31 18:00", "1h", "Sun 2026-01-04 10:00"),
    ("Thu 2026-01-01 10:00", "2wd", "Tue 2026-01-06 09:30"),  # from Sun 4 09:30
    # 2025
    ("Fri 2025-01-24 10:00", "1wd", "Sun 2025-01-26 10:00"),  # that Sunday is worked
    ("Fri 2025-01-24 10:00", "3wd", "Wed 2025-02-05 10:00"),  # Sunday, Monday, then eight days off
    ("Wed 2025-02-05 10:00", "4wd", "Mon 2025-02-10 10:00"),  # Thursday, Friday, Sat 8 worked
    ("Fri 2025-04-25 10:00", "1wd", "Sun 2025-04-27 10:00"),  # that Sunday is worked
    ("Wed 2025-04-30 17:00", "1wd", "Tue 2025-05-06 17:00"),  # Thursday to Monday off
    ("Fri 2025-05-30 17:00", "1wd", "Tue 2025-06-03 17:00"),  # Monday off, too
    ("Sat 2025-09-27 12:00", "2wd", "Tue 2025-09-30 09:30"),  # from Sun 28, which is worked
    ("Tue 2025-09-30 12:00", "3wd", "Sat 2025-10-11 12:00"),  # Thursday, Friday, Saturday worked
    # 2024
    ("Fri 2024-02-02 11:00", "1wd", "Sun 2024-02-04 11:00"),  # that Sunday is worked
    ("Thu 2024-02-08 16:00", "1wd", "Fri 2024-02-09 16:00"),  # the eve is a working Friday
    ("Fri 2024-02-09 16:00", "1wd", "Sun 2024-02-18 16:00"),  # Sat 10 to Sat 17 off, Sunday worked
    ("Wed 2024-04-03 17:00", "1wd", "Sun 2024-04-07 17:00"),  # Thursday to Saturday off
    ("Sat 2024-04-27 10:00", "2h", "Sun 2024-04-28 11:30"),  # Sunday worked
    ("Tue 2024-04-30 12:30", "1wd", "Mon 2024-05-06 12:30"),  # Wednesday to Sunday off
    ("Fri 2024-05-10 12:30", "1wd", "Sat 2024-05-11 12:30"),  # that Saturday is worked
    ("Fri 2024-06-07 10:00", "1wd", "Tue 2024-06-11 10:00"),  # Monday off, nothing made up
    ("Fri 2024-09-13 17:00", "2wd", "Wed 2024-09-18 17:00"),  # Saturday worked, Sun to Tue off
    ("Mon 2024-09-30 17:00", "5wd", "Sat 2024-10-12 17:00"),  # Tue 8 to Sat 12
    ("Thu 2024-02-29 10:00", "1wd", "Fri 2024-03-01 10:00"),  # Thursday, a leap day
]

CALENDAR_DAYS = [
    ("Fri 2026-09-11 20:00", "1d", "Sat 2026-09-12 20:00"),  # Friday night → Saturday night
    ("Wed 2026-09-30 11:00", "2d", "Fri 2026-10-02 11:00"),  # on a Friday that is off
    ("Mon 2026-09-14 18:30", "7d", "Mon 2026-09-21 18:30"),  # Monday → Monday
    ("Wed 2025-12-31 23:59", "14d", "Wed 2026-01-14 23:59"),  # Wednesday, over the year's end
]


@pytest.mark.parametrize(("start", "allow", "until"), [*HOURS, *WORKING_DAYS, *CALENDAR_DAYS])
def test_the_office_has_to_be_done_when_its_wall_calendar_says(
    start: str, allow: str, until: str
) -> None:
    assert_due(OFFICE, start, allow, until)


@pytest.mark.parametrize(
    ("start", "allow", "until"),
    [
        ("Mon 2026-09-14 09:30", "210m", "Mon 2026-09-14 13:00"),  # Monday morning
        ("Mon 2026-09-14 15:30", "3h", "Mon 2026-09-14 18:30"),  # Monday afternoon
        ("Mon 2026-09-14 09:30", "390m", "Mon 2026-09-14 18:30"),  # all of Monday
        ("Fri 2026-09-11 15:30", "3h", "Fri 2026-09-11 18:30"),  # Friday, not Monday morning
    ],
)
def test_hours_are_up_as_soon_as_they_have_counted_also_from_the_opening_of_the_doors(
    start: str, allow: str, until: str
) -> None:
    assert_due(OFFICE, start, allow, until)


# --- the deadlines of other systems ---------------------------------------------------------------

ROUND_THE_CLOCK = calendar()  # Monday to Friday, 24 hours


@pytest.mark.parametrize(
    ("start", "allow", "until"),
    [
        # Signalen's, February 2021
        ("Mon 2021-02-15 12:00", "1wd", "Tue 2021-02-16 12:00"),  # Monday → Tuesday
        ("Fri 2021-02-19 12:00", "1wd", "Mon 2021-02-22 12:00"),  # Friday → Monday
        ("Mon 2021-02-15 12:00", "3wd", "Thu 2021-02-18 12:00"),  # Monday → Thursday
        ("Fri 2021-02-19 12:00", "3wd", "Wed 2021-02-24 12:00"),  # Friday → Wednesday
        ("Sat 2021-02-20 12:00", "3wd", "Thu 2021-02-25 00:00"),  # Saturday: from Monday 00:00
        # and what follows from them
        ("Sat 2021-02-20 12:00", "1wd", "Tue 2021-02-23 00:00"),  # Saturday: from Monday 00:00
        ("Sun 2021-02-21 23:59", "1wd", "Tue 2021-02-23 00:00"),  # Sunday night, the same
        ("Fri 2021-02-19 23:59", "1wd", "Mon 2021-02-22 23:59"),  # Friday's last minute
        ("Sat 2021-02-20 00:00", "1wd", "Tue 2021-02-23 00:00"),  # Friday's end is outside
        ("Fri 2021-02-19 12:00", "24h", "Mon 2021-02-22 12:00"),  # Friday's half, Monday's half
        ("Thu 2021-02-18 12:00", "12h", "Fri 2021-02-19 00:00"),  # Thursday's end
    ],
)
def test_working_days_of_24_hours_end_as_signalen_has_them(
    start: str, allow: str, until: str
) -> None:
    assert_due(ROUND_THE_CLOCK, start, allow, until)


TWO_OFF = calendar(holidays=("2020-09-15", "2020-09-21"))  # a Tuesday and a Monday
SATURDAYS = {"hours": {"mon-sat": ("00:00-24:00",)}}


@pytest.mark.parametrize(
    ("hours", "start", "allow", "until"),
    [
        # Sat → the next span is Tue 22, so it ends with Tue 22
        (TWO_OFF, "Sat 2020-09-19 12:00", "1wd", "Wed 2020-09-23 00:00"),
        (TWO_OFF, "Fri 2020-09-18 12:00", "1wd", "Tue 2020-09-22 12:00"),  # Friday → Tuesday
        (TWO_OFF, "Mon 2020-09-14 12:00", "1wd", "Wed 2020-09-16 12:00"),  # Tue 15 is off
        (
            TWO_OFF,
            "Fri 2020-09-11 12:00",
            "5wd",
            "Mon 2020-09-21 12:00".replace("Mon 2020-09-21", "Tue 2020-09-22"),
        ),
        # Saturdays worked: Sun → from Mon 21; the 6th is Sat 26, and what follows it is Mon 28
        (calendar(**SATURDAYS), "Sun 2020-09-20 12:00", "1wd", "Tue 2020-09-22 00:00"),
        (calendar(**SATURDAYS), "Sun 2020-09-20 12:00", "5wd", "Sat 2020-09-26 00:00"),
        (calendar(**SATURDAYS), "Sun 2020-09-20 12:00", "6wd", "Mon 2020-09-28 00:00"),
    ],
)
def test_working_days_step_over_holidays_as_fixmystreet_has_them(
    hours: Calendar, start: str, allow: str, until: str
) -> None:
    assert_due(hours, start, allow, until)


LONDON = calendar("Europe/London", hours={"mon-fri": ("09:00-17:00",)}, holidays=("2019-12-25",))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2022-07-01T12:00Z", True),  # a Friday, 13:00 in London
        ("2022-07-01T20:00Z", False),  # that Friday, 21:00
        ("2022-07-01T08:00Z", True),  # Friday, 09:00 sharp in summer
        ("2022-07-01T07:59Z", False),  # a minute earlier on that Friday
        ("2022-07-01T15:59Z", True),  # Friday's last minute
        ("2022-07-01T16:00Z", False),  # Friday, 17:00 sharp
        ("2022-07-02T12:00Z", False),  # a Saturday
        ("2022-07-03T12:00Z", False),  # a Sunday
        ("2022-01-07T08:30Z", False),  # a Friday in winter, when 08:30 is 08:30
        ("2022-01-07T16:30Z", True),  # the same Friday
        ("2019-12-25T12:00Z", False),  # Christmas, a Wednesday
        ("2019-12-26T12:00Z", True),  # a Thursday that nobody has written down as a holiday
    ],
)
def test_out_of_hours_is_what_fixmystreet_takes_for_it(at: str, is_open: bool) -> None:
    now = datetime.fromisoformat(at)
    moved_on = working_time(LONDON).worked(now, now + timedelta(seconds=1))
    assert moved_on == (timedelta(seconds=1) if is_open else timedelta(0))


BERLIN_OFFICE = calendar("Europe/Berlin", hours={"mon-fri": ("08:00-18:00",)})
CREATED = datetime(2013, 3, 21, 9, 30, tzinfo=UTC)  # a Thursday, 10:30 in Berlin


def that_thursday(text: str) -> datetime:
    return datetime.fromisoformat(f"2013-03-21T{text}Z")


@pytest.mark.parametrize(
    ("allow", "since", "due", "done", "used", "rest"),
    [
        # (allowance, its beginning, due; done, the minutes used, those left), all UTC on Thursday
        ("60m", "09:30", "10:30", "10:00", 30, 30),  # the first answer, early
        ("60m", "09:30", "10:30", "14:00", 270, -210),  # the first answer, late
        ("120m", "09:30", "11:30", "11:00", 90, 30),  # a contact in time
        ("120m", "09:30", "11:30", "12:00", 150, -30),  # a contact too late
        ("120m", "12:05", "14:05", "12:05", 0, 120),  # begun anew by a reply
        ("180m", "09:30", "12:30", "11:30", 120, 60),  # closed in time
        ("180m", "09:30", "12:30", "13:00", 210, -30),  # closed too late
        ("180m", "09:30", "12:30", "12:30", 180, 0),  # closed on the minute
    ],
)
def test_limits_in_minutes_are_counted_as_zammad_counts_them(
    allow: str, since: str, due: str, done: str, used: int, rest: int
) -> None:
    begun, over, hours = that_thursday(since), that_thursday(done), working_time(BERLIN_OFFICE)
    assert due_at(begun, Allowance.parse(allow), BERLIN_OFFICE).at == that_thursday(due)
    assert worked(begun, over, hours) == used * A_MINUTE
    assert left(over, that_thursday(due), hours) == rest * A_MINUTE


@pytest.mark.parametrize(
    ("now", "due", "minutes"),
    [
        ("Fri 2026-09-11 18:00", "Mon 2026-09-14 10:00", 60),  # over the weekend
        ("Mon 2026-09-14 10:00", "Fri 2026-09-11 18:00", -60),  # and back: late by as much
        ("Sat 2026-09-12 10:00", "Sun 2026-09-13 10:00", 0),  # Saturday → Sunday
        ("Sun 2026-09-13 10:00", "Sat 2026-09-12 10:00", 0),
        ("Wed 2026-09-30 18:00", "Sun 2026-10-04 12:00", 30),  # the holidays do not count
        ("Sun 2026-10-04 12:00", "Wed 2026-09-30 18:00", -30),  # and nobody is later in them
        ("Mon 2026-09-14 14:00", "Mon 2026-09-14 11:00", -120),  # late by Monday's morning alone
    ],
)
def test_what_is_left_is_working_time_and_negative_once_it_is_late(
    now: str, due: str, minutes: int
) -> None:
    assert left(moment(now), moment(due), working_time(OFFICE)) == minutes * A_MINUTE


# --- hours that differ, days of one's own ---------------------------------------------------------

UNEQUAL = {
    "mon": ("09:00-12:00",),
    "tue-thu": ("08:00-12:00", "13:00-17:00"),
    "fri": ("10:00-11:00", "14:00-16:00"),
}
VARIED = calendar(hours=UNEQUAL)
OPEN_ON_SATURDAY = calendar(hours=UNEQUAL, working_days=("2026-09-19",))
FROM_TUESDAY = calendar(hours={"tue-sat": ("10:00-14:00",)}, working_days=("2026-09-21",))
SATURDAY_MORNINGS = calendar(hours={"mon-fri": SPANS, "sat": ("10:00-12:00",)}, country="CN")
OURS_FIRST = calendar(
    hours={"mon-fri": SPANS},
    country="CN",
    holidays=("2026-10-10",),  # a Saturday that the country works
    working_days=("2026-10-02", "2026-09-12"),  # a Friday that it does not, and a plain Saturday
)


@pytest.mark.parametrize(
    ("hours", "start", "allow", "until"),
    [
        (VARIED, "Mon 2026-09-14 11:00", "1wd", "Tue 2026-09-15 11:00"),  # Monday → Tuesday
        (VARIED, "Tue 2026-09-15 16:00", "4wd", "Mon 2026-09-21 12:00"),  # after Monday's last span
        (VARIED, "Thu 2026-09-17 16:30", "1wd", "Fri 2026-09-18 16:00"),  # after Friday's
        (VARIED, "Thu 2026-09-17 16:00", "1wd", "Fri 2026-09-18 16:00"),  # with Friday's
        (VARIED, "Thu 2026-09-17 11:30", "1wd", "Fri 2026-09-18 14:00"),  # in Friday's break
        (
            VARIED,
            "Thu 2026-09-17 11:00",
            "1wd",
            "Fri 2026-09-18 14:00",
        ),  # Friday's 11:00 is outside
        (VARIED, "Thu 2026-09-17 10:59", "1wd", "Fri 2026-09-18 10:59"),  # within Friday's morning
        (VARIED, "Thu 2026-09-17 08:30", "1wd", "Fri 2026-09-18 10:00"),  # before Friday opens
        (VARIED, "Thu 2026-09-17 12:30", "1wd", "Fri 2026-09-18 14:00"),  # from Thursday 13:00
        (VARIED, "Fri 2026-09-18 16:00", "1wd", "Tue 2026-09-22 09:00"),  # from Monday 09:00
        (VARIED, "Mon 2026-09-14 10:00", "6h", "Tue 2026-09-15 12:00"),  # 2 on Monday, 4 on Tuesday
        (VARIED, "Thu 2026-09-17 16:00", "5h", "Mon 2026-09-21 10:00"),  # 1 Thu, 3 Fri, 1 Mon
        # Sat 19 is worked, with Monday's hours
        (OPEN_ON_SATURDAY, "Fri 2026-09-18 10:30", "1wd", "Sat 2026-09-19 10:30"),
        (OPEN_ON_SATURDAY, "Fri 2026-09-18 15:00", "1wd", "Sat 2026-09-19 12:00"),
        (OPEN_ON_SATURDAY, "Fri 2026-09-18 15:30", "2h", "Sat 2026-09-19 10:30"),
        (OPEN_ON_SATURDAY, "Sat 2026-09-19 12:00", "1h", "Mon 2026-09-21 10:00"),
        # Mon 21 is worked though Mondays are not: with Tuesday's hours
        (FROM_TUESDAY, "Sat 2026-09-19 13:00", "2h", "Mon 2026-09-21 11:00"),
        (FROM_TUESDAY, "Sat 2026-09-12 13:00", "2h", "Tue 2026-09-15 11:00"),  # the Monday before
        # a Saturday that the country works has Monday's hours, another one its own
        (SATURDAY_MORNINGS, "Fri 2026-10-09 17:00", "1wd", "Sat 2026-10-10 17:00"),
        (SATURDAY_MORNINGS, "Sat 2026-10-10 09:30", "4h", "Sat 2026-10-10 16:00"),
        (SATURDAY_MORNINGS, "Fri 2026-09-11 17:00", "1wd", "Sat 2026-09-12 12:00"),
        (SATURDAY_MORNINGS, "Fri 2026-09-11 18:00", "1h", "Sat 2026-09-12 10:30"),
        # the community's own days come before the country's
        (OURS_FIRST, "Fri 2026-10-09 16:00", "1wd", "Mon 2026-10-12 16:00"),  # Sat 10 off
        (OURS_FIRST, "Wed 2026-09-30 11:00", "1wd", "Fri 2026-10-02 11:00"),  # Fri 2 worked
        (OURS_FIRST, "Fri 2026-10-02 11:00", "1wd", "Thu 2026-10-08 11:00"),  # Sat 3 to Wed 7 off
        (OURS_FIRST, "Fri 2026-09-11 18:00", "1h", "Sat 2026-09-12 10:00"),  # Sat 12 worked
        # without a country its holidays are plain Thursdays and Fridays, its Saturdays off
        (calendar(hours={"mon-fri": SPANS}), "Wed 2026-09-30 11:00", "2wd", "Fri 2026-10-02 11:00"),
        (calendar(hours={"mon-fri": SPANS}), "Fri 2026-10-09 11:00", "1wd", "Mon 2026-10-12 11:00"),
    ],
)
def test_each_day_has_the_hours_that_are_written_for_it(
    hours: Calendar, start: str, allow: str, until: str
) -> None:
    assert_due(hours, start, allow, until)


@pytest.mark.parametrize(
    ("start", "allow", "until"),
    [
        ("Fri 2026-09-11 20:00", "1wd", "Sat 2026-09-12 20:00"),  # Friday → Saturday
        ("Fri 2026-09-11 20:00", "2h", "Fri 2026-09-11 22:00"),
        ("Sun 2026-10-04 12:00", "1d", "Mon 2026-10-05 12:00"),  # within the holidays
    ],
)
def test_without_a_calendar_all_time_counts(start: str, allow: str, until: str) -> None:
    assert_due(None, start, allow, until)


# --- years that nobody knows yet ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "allow", "until", "is_provisional"),
    [
        ("Wed 2026-12-30 17:00", "1wd", "Thu 2026-12-31 17:00", False),  # the last known Thursday
        ("Thu 2026-12-31 17:30", "1h", "Thu 2026-12-31 18:30", False),  # its last minute
        ("Thu 2026-12-31 18:00", "1h", "Fri 2027-01-01 10:00", True),  # a Friday as written
        ("Thu 2026-12-31 18:30", "1m", "Fri 2027-01-01 09:31", True),
        ("Thu 2026-12-31 17:00", "1wd", "Fri 2027-01-01 17:00", True),  # Thursday → Friday
        ("Thu 2026-12-31 17:00", "2wd", "Mon 2027-01-04 17:00", True),  # the weekend as written
        ("Thu 2027-09-30 11:00", "1wd", "Fri 2027-10-01 11:00", True),  # Thursday → Friday
        ("Sat 2027-10-09 10:00", "1h", "Mon 2027-10-11 10:30", True),  # no Saturday made up yet
        ("Mon 2030-05-06 10:00", "1h", "Mon 2030-05-06 11:00", True),  # wholly in such a year
        ("Wed 2003-04-30 17:00", "1wd", "Thu 2003-05-01 17:00", True),  # nor is 2003 in the library
        ("Wed 2003-12-31 18:00", "30m", "Wed 2003-12-31 18:30", True),
        ("Mon 2004-01-05 10:00", "1wd", "Tue 2004-01-06 10:00", False),  # 2004 is
        ("Wed 2025-12-31 18:00", "1h", "Sun 2026-01-04 10:00", False),  # from one known to another
    ],
)
def test_what_runs_into_a_year_without_a_notice_is_provisional(
    start: str, allow: str, until: str, is_provisional: bool
) -> None:
    due = due_at(moment(start), Allowance.parse(allow), OFFICE)
    assert (said(due.at), due.provisional) == (said(moment(until)), is_provisional)


def test_what_began_in_a_year_without_a_notice_stays_provisional_in_one_with_it() -> None:
    """The days that count on the way, from the last Wednesday of 2003 on, are not all known."""
    due = due_at(moment("Wed 2003-12-31 18:00"), Allowance(9, "wd"), OFFICE)
    assert due.provisional
    assert moment("Thu 2004-01-08 00:00") < due.at < moment("Sat 2004-01-31 00:00")


def test_calendar_days_are_never_provisional_for_no_holiday_moves_them() -> None:
    due = due_at(moment("Thu 2026-12-31 17:00"), Allowance(2, "d"), OFFICE)
    assert (said(due.at), due.provisional) == (said(moment("Sat 2027-01-02 17:00")), False)


@pytest.mark.parametrize("hours", [calendar(hours={"mon-fri": SPANS}), VARIED, None])
def test_without_a_country_nothing_is_provisional(hours: Calendar | None) -> None:
    due = due_at(moment("Thu 2026-12-31 17:00"), Allowance(9, "wd"), hours)
    assert due.at > moment("Fri 2027-01-08 00:00")
    assert not due.provisional


def test_the_year_is_that_of_the_calendar_s_zone() -> None:
    """Half past midnight on Friday in Shanghai is still 2026 in Greenwich, and in New York."""
    night = {"hours": {"mon-fri": ("00:00-24:00",)}, "country": "CN"}
    start = moment("Thu 2026-12-31 23:50")
    due = due_at(start, Allowance(40, "m"), calendar(**night))
    assert (said(due.at), due.provisional) == (said(moment("Fri 2027-01-01 00:30")), True)
    assert not due_at(start, Allowance(40, "m"), calendar("America/New_York", **night)).provisional


def test_own_days_hold_in_a_year_without_a_notice() -> None:
    ours = calendar(
        hours={"mon-fri": SPANS},
        country="CN",
        holidays=("2027-01-01",),  # a Friday
        working_days=("2027-01-02",),  # a Saturday
    )
    due = due_at(moment("Thu 2026-12-31 17:00"), Allowance(1, "wd"), ours)
    assert (said(due.at), due.provisional) == (said(moment("Sat 2027-01-02 17:00")), True)


def test_a_pause_can_make_a_deadline_provisional() -> None:
    start, one_day = moment("Tue 2026-12-29 17:00"), Allowance(1, "wd")
    assert not due_at(start, one_day, OFFICE).provisional  # Wednesday 17:00
    over_new_year = pauses_of(("Wed 2026-12-30 09:30", "Thu 2026-12-31 18:30"))  # two whole days
    moved = due_at(start, one_day, OFFICE, over_new_year)
    assert (said(moved.at), moved.provisional) == (said(moment("Fri 2027-01-01 17:00")), True)


# --- where the clocks change ----------------------------------------------------------------------

ALWAYS = {"hours": {"mon-sun": ("00:00-24:00",)}}
BERLIN = calendar("Europe/Berlin", **ALWAYS)  # Sun 29 March 2026 02→03, Sun 25 October 03→02
SANTIAGO = calendar("America/Santiago", **ALWAYS)  # Sat 4 April 24→23, Sun 6 September 00→01
LORD_HOWE = calendar("Australia/Lord_Howe", **ALWAYS)  # Sun 5 April 02:00→01:30, 4 October back
SUNDAYS_AT_TWO = calendar("Europe/Berlin", hours={"sun": ("02:00-03:00",)})
HALF_PAST_TWO = calendar("Europe/Berlin", hours={"sun": ("02:30-02:45",)})
SANTIAGO_OFFICE = calendar("America/Santiago", hours={"mon-fri": SPANS})
SAMOA = calendar("Pacific/Apia", **ALWAYS)  # went from Thu 29 to Sat 31 December 2011


@pytest.mark.parametrize(
    ("hours", "start", "allow", "until"),
    [
        # Berlin in spring: the Sunday has 23 hours
        (BERLIN, "Sat 2026-03-28 12:00", "24h", "Sun 2026-03-29 13:00"),  # 24 hours that pass
        (BERLIN, "Sat 2026-03-28 12:00", "1d", "Sun 2026-03-29 13:00"),  # a d has 24 hours
        (BERLIN, "Sat 2026-03-28 12:00", "1wd", "Sun 2026-03-29 12:00"),  # the same local time
        (BERLIN, "Sat 2026-03-28 02:30", "1wd", "Sun 2026-03-29 03:00"),  # Sunday has no 02:30
        (BERLIN, "Sun 2026-03-29 01:30", "1h", "Sun 2026-03-29 03:30"),  # Sunday's lost hour
        (BERLIN, "Sun 2026-03-29 00:00", "23h", "Mon 2026-03-30 00:00"),  # all of Sunday
        (BERLIN_OFFICE, "Fri 2026-03-27 16:00", "1wd", "Mon 2026-03-30 16:00"),  # Fri → Mon
        (BERLIN_OFFICE, "Fri 2026-03-27 17:00", "2h", "Mon 2026-03-30 09:00"),  # Fri → Mon
        (BERLIN_OFFICE, "Fri 2026-03-27 16:00", "3d", "Mon 2026-03-30 17:00"),  # 72 hours
        # Berlin in autumn: the Sunday has 25 hours
        (BERLIN, "Sat 2026-10-24 12:00", "24h", "Sun 2026-10-25 11:00"),
        (BERLIN, "Sat 2026-10-24 12:00", "1d", "Sun 2026-10-25 11:00"),
        (BERLIN, "Sat 2026-10-24 12:00", "1wd", "Sun 2026-10-25 12:00"),
        (BERLIN, "Sat 2026-10-24 02:30", "1wd", "Sun 2026-10-25 02:30+02:00"),  # the first of two
        (BERLIN, "Sun 2026-10-25 02:30+02:00", "1h", "Sun 2026-10-25 02:30+01:00"),  # to the second
        (BERLIN, "Sun 2026-10-25 02:30+01:00", "1wd", "Mon 2026-10-26 02:30"),  # Sunday → Monday
        (BERLIN_OFFICE, "Fri 2026-10-23 16:00", "1wd", "Mon 2026-10-26 16:00"),  # Fri → Mon
        (BERLIN_OFFICE, "Fri 2026-10-23 17:00", "2h", "Mon 2026-10-26 09:00"),  # Fri → Mon
        # only Sundays from 02:00 to 03:00: none in spring, two hours in autumn
        (SUNDAYS_AT_TWO, "Sun 2026-03-22 02:15", "1wd", "Sun 2026-04-05 02:15"),
        (SUNDAYS_AT_TWO, "Sun 2026-03-22 02:15", "1h", "Sun 2026-04-05 02:15"),
        (SUNDAYS_AT_TWO, "Sun 2026-10-18 02:15", "1h", "Sun 2026-10-25 02:15+02:00"),
        (SUNDAYS_AT_TWO, "Sun 2026-10-18 02:15", "105m", "Sun 2026-10-25 02:00+01:00"),
        (SUNDAYS_AT_TWO, "Sun 2026-10-18 02:15", "3h", "Sun 2026-11-01 02:15"),
        # a quarter of an hour that the clocks show twice is worked once, the first time
        (HALF_PAST_TWO, "Sat 2026-10-24 12:00", "15m", "Sun 2026-10-25 02:45+02:00"),
        (HALF_PAST_TWO, "Sat 2026-10-24 12:00", "16m", "Sun 2026-11-01 02:31"),
        (HALF_PAST_TWO, "Sun 2026-10-25 02:30+01:00", "1m", "Sun 2026-11-01 02:31"),
        # Santiago in autumn: Saturday's last hour comes twice, at midnight
        (SANTIAGO, "Sat 2026-04-04 12:00", "24h", "Sun 2026-04-05 11:00"),
        (SANTIAGO, "Sat 2026-04-04 12:00", "1d", "Sun 2026-04-05 11:00"),
        (SANTIAGO, "Sat 2026-04-04 12:00", "1wd", "Sun 2026-04-05 12:00"),
        (SANTIAGO, "Fri 2026-04-03 23:30", "1wd", "Sat 2026-04-04 23:30-03:00"),  # the first
        (SANTIAGO, "Sat 2026-04-04 23:30-04:00", "1h", "Sun 2026-04-05 00:30"),
        (SANTIAGO, "Sat 2026-04-04 23:30-04:00", "1wd", "Sun 2026-04-05 23:30"),
        (SANTIAGO, "Sat 2026-04-04 00:00", "25h", "Sun 2026-04-05 00:00"),  # all of Saturday
        # Santiago in spring: Sunday has no hour from 00:00 to 01:00
        (SANTIAGO, "Sat 2026-09-05 00:30", "1wd", "Sun 2026-09-06 01:00"),
        (SANTIAGO, "Sat 2026-09-05 23:30", "1h", "Sun 2026-09-06 01:30"),
        (SANTIAGO, "Sat 2026-09-05 12:00", "24h", "Sun 2026-09-06 13:00"),
        (SANTIAGO, "Sun 2026-09-06 01:00", "23h", "Mon 2026-09-07 00:00"),  # all of Sunday
        (SANTIAGO_OFFICE, "Fri 2026-04-03 17:30", "2h", "Mon 2026-04-06 10:30"),  # Fri → Mon
        (SANTIAGO_OFFICE, "Fri 2026-09-04 17:30", "1wd", "Mon 2026-09-07 17:30"),  # Fri → Mon
        # Lord Howe: half an hour, both ways
        (LORD_HOWE, "Sat 2026-04-04 12:00", "24h", "Sun 2026-04-05 11:30"),
        (LORD_HOWE, "Sat 2026-10-03 12:00", "24h", "Sun 2026-10-04 12:30"),
        (LORD_HOWE, "Sat 2026-10-03 02:15", "1wd", "Sun 2026-10-04 02:30"),  # Sunday has no 02:15
        # Samoa: a Friday that never was
        (SAMOA, "Thu 2011-12-29 12:00", "1wd", "Sat 2011-12-31 12:00"),
        (SAMOA, "Thu 2011-12-29 12:00", "24h", "Sat 2011-12-31 12:00"),
    ],
)
def test_a_change_of_the_clocks_is_reckoned_with(
    hours: Calendar, start: str, allow: str, until: str
) -> None:
    assert_due(hours, start, allow, until)


def test_a_working_day_that_would_end_within_the_lost_hour_ends_where_it_is_over() -> None:
    """At 03:00 sharp for all of them: who began later must not be done earlier."""
    over = moment("Sun 2026-03-29 03:00", "Europe/Berlin")
    for clock in ("02:00:00.250000", "02:30:00.900000", "02:59:59.999999"):
        start = moment(f"Sat 2026-03-28 {clock}", "Europe/Berlin")
        assert due_at(start, Allowance(1, "wd"), BERLIN).at == over


# --- pauses ---------------------------------------------------------------------------------------

MORNING = "Mon 2026-09-14 10:00"  # two hours from then are up at 12:00
FRIDAY = "Fri 2026-09-11 10:00"  # a working day from then is up on Monday at 10:00
SEPTEMBER = "Wed 2026-09-30 10:00"  # three working days from then are up on Sat 10 October at 10:00

PAUSES = [
    # (from, allowance, pauses, due)
    (MORNING, "2h", [], "Mon 2026-09-14 12:00"),
    (MORNING, "2h", [("Mon 2026-09-14 11:00", "Mon 2026-09-14 11:30")], "Mon 2026-09-14 12:30"),
    # over Monday's lunch: two hours before it, half an hour after it
    (MORNING, "2h", [("Mon 2026-09-14 11:00", "Mon 2026-09-14 16:00")], "Mon 2026-09-14 17:00"),
    # within lunch, and at night: nothing
    (MORNING, "4h", [("Mon 2026-09-14 13:00", "Mon 2026-09-14 15:30")], "Mon 2026-09-14 16:30"),
    (MORNING, "1wd", [("Mon 2026-09-14 18:30", "Tue 2026-09-15 09:30")], "Tue 2026-09-15 10:00"),
    # over midnight: half an hour on Monday, half an hour on Tuesday
    (
        "Mon 2026-09-14 16:00",
        "4h",
        [("Mon 2026-09-14 18:00", "Tue 2026-09-15 10:00")],
        "Tue 2026-09-15 12:00",
    ),
    # over the deadline: half an hour is left on Tuesday at 11:00
    (MORNING, "2h", [("Mon 2026-09-14 11:30", "Tue 2026-09-15 11:00")], "Tue 2026-09-15 11:30"),
    # begun with the deadline, or after it: too late to move it
    (MORNING, "2h", [("Mon 2026-09-14 12:00", "Mon 2026-09-14 12:30")], "Mon 2026-09-14 12:00"),
    (MORNING, "2h", [("Mon 2026-09-14 17:00", "Tue 2026-09-15 12:30")], "Mon 2026-09-14 12:00"),
    # begun before the start: only what lies after it
    (MORNING, "2h", [("Mon 2026-09-14 09:30", "Mon 2026-09-14 10:30")], "Mon 2026-09-14 12:30"),
    (MORNING, "2h", [("Thu 2026-09-10 09:30", "Fri 2026-09-11 10:30")], "Mon 2026-09-14 12:00"),
    # two that overlap, in any order: 10:30 to 12:00 once
    (
        MORNING,
        "2h",
        [
            ("Mon 2026-09-14 11:00", "Mon 2026-09-14 12:00"),
            ("Mon 2026-09-14 10:30", "Mon 2026-09-14 11:30"),
        ],
        "Mon 2026-09-14 16:00",
    ),
    # one within the other, and the same twice
    (
        MORNING,
        "2h",
        [
            ("Mon 2026-09-14 10:30", "Mon 2026-09-14 11:30"),
            ("Mon 2026-09-14 11:00", "Mon 2026-09-14 11:10"),
        ],
        "Mon 2026-09-14 13:00",
    ),
    (MORNING, "2h", [("Mon 2026-09-14 11:00", "Mon 2026-09-14 11:30")] * 2, "Mon 2026-09-14 12:30"),
    # one after the other, the second as the first ends
    (
        MORNING,
        "2h",
        [
            ("Mon 2026-09-14 10:30", "Mon 2026-09-14 11:00"),
            ("Mon 2026-09-14 11:00", "Mon 2026-09-14 11:30"),
        ],
        "Mon 2026-09-14 13:00",
    ),
    # the first moves the deadline to 13:00, so that the second counts as well
    (
        MORNING,
        "2h",
        [
            ("Mon 2026-09-14 11:00", "Mon 2026-09-14 12:00"),
            ("Mon 2026-09-14 12:30", "Mon 2026-09-14 12:45"),
        ],
        "Mon 2026-09-14 15:45",
    ),
    # over the weekend: an hour and a half on Friday, a quarter on Monday
    (FRIDAY, "1wd", [("Fri 2026-09-11 17:00", "Mon 2026-09-14 09:45")], "Mon 2026-09-14 11:45"),
    # on the Sunday that is worked: all of its six and a half hours
    (
        "Fri 2026-09-18 10:00",
        "2wd",
        [("Sat 2026-09-19 12:00", "Mon 2026-09-21 00:00")],
        "Tue 2026-09-22 10:00",
    ),
    # over the holidays: an hour on Wednesday, an hour and a half on Thursday the 8th
    (SEPTEMBER, "3wd", [("Wed 2026-09-30 17:30", "Thu 2026-10-08 11:00")], "Sat 2026-10-10 12:30"),
    # within the holidays, Thursday to Wednesday: nothing
    (SEPTEMBER, "3wd", [("Thu 2026-10-01 00:00", "Wed 2026-10-07 12:00")], "Sat 2026-10-10 10:00"),
    # Spring Festival: 4 h on Fri 13, 6.5 h on Sat 14, half an hour on Tue 24
    (
        "Fri 2026-02-13 10:00",
        "1wd",
        [("Fri 2026-02-13 12:00", "Tue 2026-02-24 10:00")],
        "Tue 2026-02-24 17:00",
    ),
    # calendar days are paused by the wall clock: six hours of Monday night
    (MORNING, "1d", [("Mon 2026-09-14 20:00", "Tue 2026-09-15 02:00")], "Tue 2026-09-15 16:00"),
    # and over a weekend all of it, from Saturday to Monday
    (FRIDAY, "1d", [("Fri 2026-09-11 22:00", "Sun 2026-09-13 22:00")], "Mon 2026-09-14 10:00"),
]


@pytest.mark.parametrize(("start", "allow", "pauses", "until"), PAUSES)
def test_a_pause_moves_a_deadline_by_the_working_time_within(
    start: str, allow: str, pauses: Sequence[tuple[str, str]], until: str
) -> None:
    due = due_at(moment(start), Allowance.parse(allow), OFFICE, pauses_of(*pauses))
    assert said(due.at) == said(moment(until))


def test_pauses_are_read_once_and_may_come_one_by_one() -> None:
    pauses = pauses_of(("Mon 2026-09-14 11:00", "Mon 2026-09-14 11:30"))
    counted = working_time(OFFICE)
    assert said(due_at(moment(MORNING), Allowance(2, "h"), OFFICE, iter(pauses)).at) == said(
        moment("Mon 2026-09-14 12:30")
    )
    share = used_up_at(0.5, moment(MORNING), moment("Mon 2026-09-14 12:30"), counted, iter(pauses))
    assert said(share) == said(moment("Mon 2026-09-14 11:00"))


def test_a_date_that_was_set_is_moved_by_pauses_as_well() -> None:
    counted, start = working_time(OFFICE), moment("Mon 2026-09-14 10:00")
    until = moment("Sun 2026-09-27 23:59:59")  # a Sunday that is off
    assert due_until(start, until, counted).at == until
    pauses = pauses_of(("Thu 2026-09-24 17:30", "Fri 2026-09-25 12:00"))  # an hour; Friday is off
    moved = due_until(start, until, counted, pauses)
    assert (said(moved.at), moved.provisional) == (said(moment("Mon 2026-09-28 10:30")), False)
    assert due_until(start, moment("Fri 2027-01-01 12:00"), counted).provisional


# --- what was worked ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "pauses", "minutes"),
    [
        ("Mon 2026-09-14 00:00", "Tue 2026-09-15 00:00", [], 390),  # all of Monday
        ("Mon 2026-09-14 13:00", "Mon 2026-09-14 15:30", [], 0),  # Monday's lunch
        ("Fri 2026-09-11 18:30", "Mon 2026-09-14 09:30", [], 0),  # a weekend
        ("Mon 2026-09-14 12:30", "Mon 2026-09-14 16:00", [], 60),  # around lunch
        ("Mon 2026-09-14 10:00", "Mon 2026-09-14 10:00", [], 0),
        ("Sat 2026-09-19 00:00", "Mon 2026-09-21 00:00", [], 390),  # the worked Sunday alone
        ("Thu 2026-10-01 00:00", "Thu 2026-10-08 00:00", [], 0),  # the holidays
        ("Thu 2026-10-08 00:00", "Mon 2026-10-12 00:00", [], 3 * 390),  # Thursday to Saturday
        ("Sun 2026-02-15 00:00", "Tue 2026-02-24 00:00", [], 0),  # the Spring Festival
        ("Sun 2026-02-08 00:00", "Sun 2026-02-15 00:00", [], 6 * 390),  # six days before it
        ("Mon 2026-08-10 00:00", "Mon 2026-08-17 00:00", [], 3 * 390),  # Mon, Tue, Fri
        ("Thu 2026-01-01 00:00", "Fri 2027-01-01 00:00", [], 246 * 390),  # 248 days less Aug 12, 13
        # with pauses: 8:00 to 10:00 half counts; two overlap; one lies outside; one never ended
        (
            "Mon 2026-09-14 09:30",
            "Mon 2026-09-14 13:00",
            [("Mon 2026-09-14 08:00", "Mon 2026-09-14 10:00")],
            180,
        ),
        (
            "Mon 2026-09-14 09:30",
            "Mon 2026-09-14 13:00",
            [
                ("Mon 2026-09-14 10:00", "Mon 2026-09-14 11:00"),
                ("Mon 2026-09-14 10:30", "Mon 2026-09-14 11:30"),
            ],
            120,
        ),
        (
            "Mon 2026-09-14 09:30",
            "Mon 2026-09-14 13:00",
            [("Tue 2026-09-15 10:00", "Tue 2026-09-15 11:00")],
            210,
        ),
        (
            "Mon 2026-09-14 09:30",
            "Mon 2026-09-14 13:00",
            [("Mon 2026-09-14 12:00", "Fri 2026-12-25 11:00")],
            150,
        ),
        (
            "Mon 2026-09-14 09:30",
            "Mon 2026-09-14 13:00",
            [("Fri 2026-09-11 12:00", "Fri 2026-12-25 11:00")],
            0,
        ),
    ],
)
def test_working_time_is_counted_without_nights_holidays_and_pauses(
    start: str, end: str, pauses: Sequence[tuple[str, str]], minutes: int
) -> None:
    counted = worked(moment(start), moment(end), working_time(OFFICE), pauses_of(*pauses))
    assert counted == minutes * A_MINUTE


@pytest.mark.parametrize(
    ("hours", "start", "end", "counted"),
    [
        (BERLIN, "Sun 2026-03-29 00:00", "Mon 2026-03-30 00:00", 23),  # the Sunday in spring
        (BERLIN, "Sun 2026-10-25 00:00", "Mon 2026-10-26 00:00", 25),  # the Sunday in autumn
        (BERLIN_OFFICE, "Fri 2026-03-27 00:00", "Tue 2026-03-31 00:00", 20),  # Friday and Monday
        (SUNDAYS_AT_TWO, "Sun 2026-03-29 00:00", "Mon 2026-03-30 00:00", 0),
        (SUNDAYS_AT_TWO, "Sun 2026-10-25 00:00", "Mon 2026-10-26 00:00", 2),
        (HALF_PAST_TWO, "Sun 2026-10-25 00:00", "Mon 2026-10-26 00:00", 0.25),
        (SANTIAGO, "Sat 2026-04-04 00:00", "Sun 2026-04-05 00:00", 25),  # the Saturday in autumn
        (SANTIAGO, "Sun 2026-09-06 01:00", "Mon 2026-09-07 00:00", 23),  # the Sunday in spring
        (LORD_HOWE, "Sun 2026-04-05 00:00", "Mon 2026-04-06 00:00", 24.5),
        (LORD_HOWE, "Sun 2026-10-04 00:00", "Mon 2026-10-05 00:00", 23.5),
    ],
)
def test_a_day_is_as_long_as_it_was(hours: Calendar, start: str, end: str, counted: float) -> None:
    zone = hours.timezone
    passed = worked(moment(start, zone), moment(end, zone), working_time(hours))
    assert passed == counted * AN_HOUR


def test_calendar_days_count_by_the_wall_clock_and_all_else_by_the_calendar() -> None:
    assert time_for(Allowance(1, "d"), OFFICE) is WALL_CLOCK
    assert time_for(Allowance(1, "wd"), None) is WALL_CLOCK
    for unit in ("m", "h", "wd"):
        assert time_for(Allowance.parse(f"1{unit}"), OFFICE) is working_time(OFFICE)


# --- shares and steps -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "start", "due", "pauses", "used"),
    [
        # five hours from Monday 10:00: four of them
        (0.8, "Mon 2026-09-14 10:00", "Mon 2026-09-14 17:30", [], "Mon 2026-09-14 16:30"),
        (0.5, "Mon 2026-09-14 10:00", "Mon 2026-09-14 17:30", [], "Mon 2026-09-14 12:30"),
        (1.0, "Mon 2026-09-14 10:00", "Mon 2026-09-14 17:30", [], "Mon 2026-09-14 17:30"),
        # a working day, Monday → Tuesday: 5 h 12 min
        (0.8, "Mon 2026-09-14 10:00", "Tue 2026-09-15 10:00", [], "Mon 2026-09-14 17:42"),
        # paused for an hour, Monday → Tuesday: 5 h are used by 18:30, 12 min are left
        (
            0.8,
            "Mon 2026-09-14 10:00",
            "Tue 2026-09-15 11:00",
            [("Mon 2026-09-14 11:00", "Mon 2026-09-14 12:00")],
            "Tue 2026-09-15 09:42",
        ),
        # a pause after that share is not yet known of: five hours, an hour moved
        (
            0.5,
            "Mon 2026-09-14 10:00",
            "Mon 2026-09-14 18:30",
            [("Mon 2026-09-14 16:30", "Mon 2026-09-14 17:30")],
            "Mon 2026-09-14 12:30",
        ),
        # five working days over the holidays, Wednesday → Tuesday: four of them
        (0.8, "Wed 2026-09-30 10:00", "Tue 2026-10-13 10:00", [], "Mon 2026-10-12 10:00"),
        # from a Saturday on: from Monday 09:30, 12 min of 15
        (0.8, "Sat 2026-09-12 10:00", "Mon 2026-09-14 09:45", [], "Mon 2026-09-14 09:42"),
    ],
)
def test_a_share_of_a_deadline_is_used_up_in_working_time(
    share: float, start: str, due: str, pauses: Sequence[tuple[str, str]], used: str
) -> None:
    counted = working_time(OFFICE)
    at = used_up_at(share, moment(start), moment(due), counted, pauses_of(*pauses))
    assert said(at) == said(moment(used))


def test_a_share_of_calendar_days_is_used_up_by_the_wall_clock() -> None:
    start = moment("Fri 2026-09-11 20:00")
    used = used_up_at(0.8, start, start + A_DAY, WALL_CLOCK)
    assert said(used) == said(moment("Sat 2026-09-12 15:12"))  # 19 h 12 min


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("Sat 2026-09-12 12:00", "Sun 2026-09-13 23:59"),  # a weekend
        ("Mon 2026-09-14 13:15", "Mon 2026-09-14 14:00"),  # Monday's lunch
        ("Thu 2026-10-01 12:00", "Wed 2026-10-07 23:59"),  # the holidays
        ("Mon 2026-09-14 09:30", "Mon 2026-09-14 13:00"),  # Monday morning, to its end
        ("Mon 2026-09-14 09:30", "Mon 2026-09-14 18:30"),  # all of Monday
        ("Mon 2026-09-14 10:00", "Fri 2026-09-18 10:00"),  # Monday → Friday
    ],
)
@pytest.mark.parametrize("share", [0.8, 1.0])
def test_nobody_is_warned_before_the_start_or_after_the_deadline(
    share: float, start: str, due: str
) -> None:
    begun, until = moment(start), moment(due)
    assert begun <= used_up_at(share, begun, until, working_time(OFFICE)) <= until


@pytest.mark.parametrize(
    ("at", "allow", "then"),
    [
        ("Mon 2026-09-14 10:00", "3wd", "Thu 2026-09-17 10:00"),  # Monday → Thursday
        ("Mon 2026-09-14 10:00", "2h", "Tue 2026-09-15 10:00"),  # at least a working day: Tuesday
        ("Fri 2026-09-11 10:00", "1d", "Mon 2026-09-14 10:00"),  # Saturday would be too soon
        ("Mon 2026-09-14 10:00", "1d", "Tue 2026-09-15 10:00"),  # both are Tuesday
        ("Wed 2026-09-30 10:00", "7d", "Thu 2026-10-08 10:00"),  # Wednesday is still a holiday
        ("Mon 2026-09-14 10:00", "7d", "Mon 2026-09-21 10:00"),  # Monday → Monday
        ("Mon 2026-09-14 10:00", "20h", "Thu 2026-09-17 10:30"),  # three working days and 30 min
        ("Sat 2026-09-12 10:00", "2h", "Tue 2026-09-15 09:30"),  # Saturday: from Monday 09:30
    ],
)
def test_the_next_step_comes_after_one_more_period_and_at_least_a_working_day(
    at: str, allow: str, then: str
) -> None:
    assert said(step_after(moment(at), Allowance.parse(allow), OFFICE)) == said(moment(then))


def test_without_a_calendar_a_step_is_at_least_24_hours() -> None:
    friday = moment("Fri 2026-09-11 20:00")
    assert step_after(friday, Allowance(2, "h"), None) == friday + A_DAY
    assert step_after(friday, Allowance(2, "d"), None) == friday + 2 * A_DAY


# --- the ends of the calendar ---------------------------------------------------------------------


def test_a_calendar_of_a_minute_a_week_says_quickly_that_it_is_too_far() -> None:
    minute = calendar(hours={"mon": ("09:30-09:31",)})  # 9999 hours are 11,500 years
    for allow in ("9999h", "9999h", "9999wd"):  # 9999 weeks are 191 years
        started = time.perf_counter()
        try:
            until = due_at(moment("Mon 2026-09-14 09:30"), Allowance.parse(allow), minute).at
        except TooFar as error:
            assert "2999" in str(error)
            assert allow == "9999h"
        else:
            assert until == moment("Mon 2026-09-14 09:30") + 9999 * timedelta(weeks=1)
        assert time.perf_counter() - started < 10


@pytest.mark.parametrize("allow", ["1wd", "24h", "9999wd", "9999h"])
def test_what_would_end_after_the_year_2999_is_too_far(allow: str) -> None:
    with pytest.raises(TooFar, match="2999"):
        due_at(moment("Tue 2999-12-31 12:00"), Allowance.parse(allow), calendar(**ALWAYS))


def test_what_ends_within_the_year_2999_is_not() -> None:
    assert_due(calendar(**ALWAYS), "Mon 2999-12-30 12:00", "24h", "Tue 2999-12-31 12:00")
    assert_due(calendar(**ALWAYS), "Mon 2999-12-30 12:00", "1wd", "Tue 2999-12-31 12:00")


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    """248 working days each of 2025 and 2026, from the first morning to the last evening."""
    plain = calendar(hours={"mon-fri": SPANS}, country="CN")
    start, all_of_them = moment("Thu 2025-01-02 09:30"), timedelta(hours=6.5) * (248 + 248)
    fresh, experienced = WorkingTime(plain), WorkingTime(plain)
    experienced.worked(moment("Mon 2001-01-01 12:00"), moment("Mon 2040-01-02 12:00"))
    assert fresh.worked(start, moment("Thu 2026-12-31 18:30")) == all_of_them
    fresh = WorkingTime(plain)
    assert said(fresh.later(start, all_of_them)) == said(experienced.later(start, all_of_them))
    assert fresh.days_later(start, 600) == experienced.days_later(start, 600)


# --- whatever the calendar ------------------------------------------------------------------------

ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe")
CHANGES = (  # of the clocks in those zones in 2026
    *(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    *(datetime(2026, 4, 5, 3, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)),
    *(datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
)
A_WEEK_IN_MINUTES = 7 * 24 * 60
whatever = settings(derandomize=True, deadline=None, max_examples=120)


@st.composite
def spans(draw: st.DrawFn) -> tuple[str, ...]:
    """The spans of a day, none to four, by the quarter of an hour; some touch."""
    marks = sorted(draw(st.sets(st.integers(0, 96), max_size=5)))
    clocks = [f"{mark // 4:02}:{mark % 4 * 15:02}" for mark in marks]
    chosen = draw(st.lists(st.booleans(), min_size=4, max_size=4))
    pairs = zip(pairwise(clocks), chosen, strict=False)
    return tuple(f"{first}-{last}" for (first, last), is_chosen in pairs if is_chosen)


days_near_a_change = st.builds(
    lambda change, days: change.date() + days * A_DAY, st.sampled_from(CHANGES), st.integers(-3, 3)
)


@st.composite
def calendars(draw: st.DrawFn, countries: Sequence[str | None] = (None, "CN")) -> Calendar:
    """Spans that differ from day to day, days off and on; somebody works on Wednesdays."""
    hours = {day: draw(spans()) for day in DAYS}
    hours["wed"] = hours["wed"] or ("01:30-03:15",)
    own = draw(
        st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)) | days_near_a_change, max_size=8)
    )
    on = {day for day in own if day.toordinal() % 2}
    return calendar(
        draw(st.sampled_from(ZONES)),
        hours=hours,
        country=draw(st.sampled_from(countries)),
        holidays=tuple(sorted(own - on)),
        working_days=tuple(sorted(on)),
    )


anywhere = st.integers(0, 364 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * A_MINUTE
)
near_a_change = st.builds(
    lambda change, minutes: change + minutes * A_MINUTE,
    st.sampled_from(CHANGES),
    st.integers(-3 * 24 * 60, 3 * 24 * 60),
)
moments = anywhere | near_a_change
hours_and_minutes = st.builds(Allowance, st.integers(1, 3000), st.just("m")) | st.builds(
    Allowance, st.integers(1, 60), st.just("h")
)
allowances = hours_and_minutes | st.builds(
    Allowance, st.integers(1, 15), st.sampled_from(("wd", "d"))
)
some_pauses = st.lists(
    st.builds(
        lambda begun, minutes: (begun, begun + minutes * A_MINUTE),
        moments,
        st.integers(0, A_WEEK_IN_MINUTES),
    ),
    max_size=4,
)


def around(start: datetime) -> st.SearchStrategy[list[Pause]]:
    """Pauses that have something to do with what starts then."""
    begun = st.integers(-24 * 60, A_WEEK_IN_MINUTES).map(lambda minutes: start + minutes * A_MINUTE)
    lengths = st.integers(0, 3 * 24 * 60)
    one = st.builds(lambda begun, minutes: (begun, begun + minutes * A_MINUTE), begun, lengths)
    return st.lists(one, max_size=4)


@whatever
@given(calendars(), moments, hours_and_minutes)
def test_an_allowance_is_worked_off_exactly_when_it_is_due(
    hours: Calendar, start: datetime, allowance: Allowance
) -> None:
    due = due_at(start, allowance, hours).at
    assert worked(start, due, working_time(hours)) == allowance.wall_clock


@whatever
@given(calendars(), st.tuples(moments, moments).map(sorted), allowances)
def test_who_starts_later_is_not_due_earlier(
    hours: Calendar, starts: list[datetime], allowance: Allowance
) -> None:
    """But for working days from an hour that comes twice, which end at the same local time."""
    zone = ZoneInfo(hours.timezone)
    assume(allowance.unit != "wd" or not any(_comes_twice(start, zone) for start in starts))
    first, second = (due_at(start, allowance, hours).at for start in starts)
    assert first <= second


def _comes_twice(at: datetime, zone: ZoneInfo) -> bool:
    local = at.astimezone(zone)
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@whatever
@given(calendars(), moments, allowances, st.integers(1, 500))
def test_who_has_more_time_is_not_due_earlier(
    hours: Calendar, start: datetime, allowance: Allowance, more: int
) -> None:
    longer = Allowance(allowance.amount + more, allowance.unit)
    assert start < due_at(start, allowance, hours).at <= due_at(start, longer, hours).at


@whatever
@given(st.data(), calendars(), moments, allowances)
def test_pauses_only_ever_move_a_deadline_later_and_leave_the_time_to_work(
    data: st.DataObject, hours: Calendar, start: datetime, allowance: Allowance
) -> None:
    pauses = data.draw(around(start) | some_pauses)
    plain, moved = (due_at(start, allowance, hours, each).at for each in ((), pauses))
    assert moved >= plain
    counted = time_for(allowance, hours)
    assert worked(start, moved, counted, pauses) == worked(start, plain, counted)
    more = [*pauses, *data.draw(around(start))]
    assert due_at(start, allowance, hours, more).at >= moved


@whatever
@given(st.data(), calendars(), st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up(data: st.DataObject, hours: Calendar, times: list[datetime]) -> None:
    start, between, end = times
    counted, pauses = working_time(hours), data.draw(around(start) | some_pauses)
    for taken_out in ((), pauses):
        parts = [
            worked(start, between, counted, taken_out),
            worked(between, end, counted, taken_out),
        ]
        assert sum(parts, timedelta(0)) == worked(start, end, counted, taken_out)
        assert all(timedelta(0) <= part <= end - start for part in parts)


@whatever
@given(st.data(), calendars(), moments, hours_and_minutes, st.sampled_from((0.1, 0.5, 0.8, 0.9)))
def test_a_share_is_used_up_between_the_start_and_the_deadline(
    data: st.DataObject, hours: Calendar, start: datetime, allowance: Allowance, share: float
) -> None:
    counted, pauses = working_time(hours), data.draw(around(start))
    due = due_at(start, allowance, hours, pauses).at
    used = used_up_at(share, start, due, counted, pauses)
    assert start < used < due
    assert worked(start, used, counted, pauses) == allowance.wall_clock * share


@settings(whatever, max_examples=60)
@given(calendars(countries=(None,)), near_a_change, st.integers(1, 3 * 24 * 60))
def test_a_clerk_who_looks_at_the_clock_every_minute_counts_as_much(
    hours: Calendar, start: datetime, minutes: int
) -> None:
    end = start + minutes * A_MINUTE
    seen = sum(at >= start for at in _minutes_at_work(hours, start - A_DAY, end))
    assert working_time(hours).worked(start, end) == seen * A_MINUTE


def _minutes_at_work(hours: Calendar, at: datetime, end: datetime) -> Iterator[datetime]:
    """A day's work begins and ends when the clock on the wall first shows (or skips) the time."""
    zone = ZoneInfo(hours.timezone)
    latest = datetime.min  # noqa: DTZ901 - a local time, and before all others
    while at < end:
        latest = max(latest, at.astimezone(zone).replace(tzinfo=None, fold=0))
        clock = f"{latest:%H:%M}"
        texts = _written_for(hours, latest.date())
        if any(text[:5] <= clock < text[6:] for text in texts):
            yield at
        at += A_MINUTE


def _written_for(hours: Calendar, day: date) -> tuple[str, ...]:
    if day in hours.holidays:
        return ()
    if day in hours.working_days:
        return next(hours.hours[name] for name in DAYS if hours.hours[name])
    return hours.hours[DAYS[day.weekday()]]
