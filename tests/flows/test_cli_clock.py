"""When it has to be done and how long it took, asked on the command line without a database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

BERLIN = """\
timezone: Europe/Berlin
hours:
  mon-fri: ["08:00-18:00"]
"""
BERLIN_ALWAYS = """\
timezone: Europe/Berlin
hours:
  mon-sun: ["00:00-24:00"]
"""
MONDAY = "2026-09-14"
UNKNOWN = "国家的放假安排还没有公布"


@pytest.fixture
def refused(command: Command) -> Callable[..., str]:
    """The one sentence of a command that ends with 2 and prints nothing else."""

    def sentence(*arguments: str) -> str:
        said = command(*arguments)
        assert (said.code, said.out) == (2, ""), said
        assert said.error.count("\n") == 1, said.error
        return str(said.error).strip()

    return sentence


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    """Writes a calendar; gives the file."""

    def write(text: str) -> str:
        path = tmp_path / "ours.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def berlin(file: Callable[[str], str]) -> str:
    """An office in Berlin: Monday to Friday, 08:00 to 18:00."""
    return file(BERLIN)


@pytest.fixture
def always(file: Callable[[str], str]) -> str:
    """Somebody in Berlin who never sleeps."""
    return file(BERLIN_ALWAYS)


# --- when it is due -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "allow", "until"),
    [
        (f"{MONDAY}T10:00", "2h", f"{MONDAY}T12:00:00+08:00"),  # within Monday morning
        (f"{MONDAY}T12:00", "90m", f"{MONDAY}T16:00:00+08:00"),  # over Monday's lunch
        ("2026-09-11T10:00", "1wd", f"{MONDAY}T10:00:00+08:00"),  # Friday → Monday
        ("2026-09-11T10:00", "1d", "2026-09-12T10:00:00+08:00"),  # Friday → Saturday
        ("2026-02-13T17:00", "2wd", "2026-02-24T17:00:00+08:00"),  # Friday, Saturday, Tuesday
        ("2026-08-11T18:00", "1h", "2026-08-14T10:00:00+08:00"),  # Tuesday → Friday: own holidays
        (f"{MONDAY}T10:00:30", "1m", f"{MONDAY}T10:01:30+08:00"),  # with seconds
        (f"{MONDAY} 10:00", "2h", f"{MONDAY}T12:00:00+08:00"),  # as people write it
        (MONDAY, "1h", f"{MONDAY}T10:30:00+08:00"),  # a date alone is its midnight
    ],
)
def test_the_community_s_own_calendar_says_when_it_is_due(
    command: Command, start: str, allow: str, until: str
) -> None:
    asked = ("due", "--from", start, "--allow", allow)
    assert command(*asked, "--json").json == {"due": until, "provisional": False}
    said = command(*asked)
    assert (said.code, said.error) == (0, "")
    assert said.out == until[:19].replace("T", " ") + "\n"


@pytest.mark.parametrize(
    "start",
    [
        f"{MONDAY}T10:00",  # without a zone: Shanghai's
        f"{MONDAY}T10:00+08:00",
        f"{MONDAY}T02:00Z",
        f"{MONDAY}T04:00+02:00",
        "2026-09-13T22:00-04:00",  # still Sunday there
    ],
)
def test_a_time_with_a_zone_is_that_moment_and_one_without_is_local(
    command: Command, start: str
) -> None:
    said = command("due", "--from", start, "--allow", "2h", "--json").json
    assert said["due"] == f"{MONDAY}T12:00:00+08:00"


def test_a_calendar_of_another_zone_is_asked_and_answers_in_its_own_time(
    command: Command, berlin: str
) -> None:
    for start in ("2013-03-21T10:30", "2013-03-21T09:30Z"):  # a Thursday
        said = command("due", "--calendar", berlin, "--from", start, "--allow", "120m", "--json")
        assert said.json == {"due": "2013-03-21T12:30:00+01:00", "provisional": False}
    friday = ("due", "--calendar", berlin, "--from", "2026-03-27T17:00", "--allow", "2h")
    assert command(*friday).out == "2026-03-30 09:00:00\n"  # the clocks change on that Sunday
    assert command(*friday, "--json").json["due"] == "2026-03-30T09:00:00+02:00"


@pytest.mark.parametrize(
    ("start", "allow", "until"),
    [
        ("2026-03-28T12:00", "24h", "2026-03-29T13:00:00+02:00"),  # Saturday → a Sunday of 23 hours
        ("2026-03-28T12:00", "1d", "2026-03-29T13:00:00+02:00"),  # a d has 24 hours
        ("2026-03-28T12:00", "1wd", "2026-03-29T12:00:00+02:00"),
        ("2026-10-24T12:00", "24h", "2026-10-25T11:00:00+01:00"),  # Saturday → a Sunday of 25 hours
        ("2026-10-24T12:00", "1d", "2026-10-25T11:00:00+01:00"),
        ("2026-10-24T12:00", "1wd", "2026-10-25T12:00:00+01:00"),
        ("2026-10-25T02:30", "1h", "2026-10-25T02:30:00+01:00"),  # from the first half past two
    ],
)
@pytest.mark.parametrize("with_offset", [False, True])
def test_a_local_time_is_the_same_moment_as_with_its_offset_where_the_clocks_change(
    command: Command, always: str, start: str, allow: str, until: str, with_offset: bool
) -> None:
    offset = "+01:00" if start < "2026-03-29" else "+02:00"  # before the change of each row
    begun = start + offset * with_offset
    said = command("due", "--calendar", always, "--from", begun, "--allow", allow, "--json").json
    assert said["due"] == until


def test_what_is_provisional_is_marked_and_said_beside_it(command: Command) -> None:
    asked = ("due", "--from", "2026-12-31T17:00", "--allow", "1wd")  # Thursday → Friday
    said = command(*asked)
    assert (said.code, said.out) == (0, "2027-01-01 17:00:00（暂定）\n")
    assert UNKNOWN in said.error and said.error.count("\n") == 1
    data = command(*asked, "--json")
    assert data.code == 0
    assert json.loads(data.out) == {"due": "2027-01-01T17:00:00+08:00", "provisional": True}


def test_the_last_known_year_is_not_provisional_to_its_last_minute(command: Command) -> None:
    said = command("due", "--from", "2026-12-31T17:30", "--allow", "1h")
    assert (said.code, said.out, said.error) == (0, "2026-12-31 18:30:00\n", "")


def test_without_a_country_nothing_is_provisional(command: Command, berlin: str) -> None:
    said = command("due", "--calendar", berlin, "--from", "2030-05-06T10:00", "--allow", "1wd")
    assert (said.code, said.out, said.error) == (0, "2030-05-07 10:00:00\n", "")  # a Monday


@pytest.mark.parametrize(
    ("allow", "days"), [("9999d", timedelta(days=9999)), ("9999m", None), ("1d", timedelta(days=1))]
)
def test_the_most_and_the_least_that_an_allowance_can_be_are_taken(
    command: Command, allow: str, days: timedelta | None
) -> None:
    said = command("due", "--from", "2026-01-05T12:00", "--allow", allow, "--json")
    assert said.code == 0
    if days:
        until = date(2026, 1, 5) + days
        assert json.loads(said.out)["due"] == f"{until}T12:00:00+08:00"


# --- how long it took -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "pauses", "minutes"),
    [
        (f"{MONDAY}T00:00", "2026-09-15T00:00", [], 390),  # all of Monday
        (f"{MONDAY}T13:00", f"{MONDAY}T15:30", [], 0),  # Monday's lunch
        (f"{MONDAY}T10:00", f"{MONDAY}T10:00", [], 0),  # no time at all
        ("2026-09-11T18:00", f"{MONDAY}T10:00", [], 60),  # over a weekend
        ("2026-09-19T00:00", "2026-09-21T00:00", [], 390),  # Saturday off, Sunday worked
        ("2026-09-30T18:00", "2026-10-08T10:00", [], 60),  # over the holidays
        (f"{MONDAY}T02:00Z", f"{MONDAY}T12:00", [], 120),  # one with a zone, one without
        (f"{MONDAY}T10:00:00", f"{MONDAY}T10:00:30", [], 0.5),  # half a minute
        (f"{MONDAY}T10:00:00", f"{MONDAY}T10:00:20", [], 0.333),
        # pauses: one; two that overlap count once, in any order; one that lies elsewhere
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T10:00/{MONDAY}T11:00"], 150),
        (
            f"{MONDAY}T09:30",
            f"{MONDAY}T13:00",
            [f"{MONDAY}T10:30/{MONDAY}T11:30", f"{MONDAY}T10:00/{MONDAY}T11:00"],
            120,
        ),
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T10:00/{MONDAY}T11:00"] * 2, 150),
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", ["2026-09-15T10:00/2026-09-15T11:00"], 210),
        (
            f"{MONDAY}T09:30",
            f"{MONDAY}T13:00",
            [f"{MONDAY}T10:00/{MONDAY}T10:00"],
            210,
        ),  # of no length
        # begun before, or gone on after
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"2026-09-11T10:00/{MONDAY}T10:00"], 180),
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T12:00/2026-12-25T10:00"], 150),
        # open: it goes on to the end; one that begins after it takes nothing
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T12:00/"], 150),
        (
            f"{MONDAY}T09:30",
            f"{MONDAY}T13:00",
            [f"{MONDAY}T12:00/", f"{MONDAY}T11:30/{MONDAY}T12:30"],
            120,
        ),
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", ["2026-09-11T12:00/"], 0),
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T16:00/"], 210),
        # over midnight: half an hour of Monday, half an hour of Tuesday
        (f"{MONDAY}T17:30", "2026-09-15T10:30", [f"{MONDAY}T18:00/2026-09-15T10:00"], 60),
        # with zones of their own
        (f"{MONDAY}T09:30", f"{MONDAY}T13:00", [f"{MONDAY}T02:00Z/{MONDAY}T11:00"], 150),
    ],
)
def test_working_minutes_are_counted_without_pauses(
    command: Command, start: str, end: str, pauses: list[str], minutes: float
) -> None:
    taken_out = [word for pause in pauses for word in ("--pause", pause)]
    asked = ("elapsed", "--from", start, "--to", end, *taken_out)
    assert command(*asked, "--json").json == {"minutes": minutes}
    said = command(*asked)
    assert (said.code, said.out, said.error) == (0, f"{minutes} 分钟\n", "")


def test_minutes_are_counted_by_the_calendar_that_is_named(command: Command, berlin: str) -> None:
    thursday = ("elapsed", "--calendar", berlin, "--from", "2013-03-21T09:30Z")
    assert command(*thursday, "--to", "2013-03-21T14:00Z", "--json").json == {"minutes": 270}
    assert command(*thursday, "--to", "2013-03-21T15:00").out == "270 分钟\n"  # Berlin's 15:00


@pytest.mark.parametrize(
    ("start", "end", "pauses", "minutes"),
    [
        ("2026-03-28T12:00", "2026-03-29T12:00", [], 23 * 60),  # into a Sunday of 23 hours
        ("2026-10-24T12:00", "2026-10-25T12:00", [], 25 * 60),  # into a Sunday of 25 hours
        ("2026-10-25T02:30", "2026-10-25T03:00", [], 90),  # from the first half past two
        ("2026-03-28T12:00", "2026-03-29T12:00", ["2026-03-29T01:00/2026-03-29T04:00"], 21 * 60),
        ("2026-10-24T12:00", "2026-10-25T12:00", ["2026-10-25T01:00/2026-10-25T04:00"], 21 * 60),
        # the same moments with their offsets
        ("2026-03-28T12:00+01:00", "2026-03-29T12:00+02:00", [], 23 * 60),
        ("2026-10-24T12:00+02:00", "2026-10-25T12:00+01:00", [], 25 * 60),
        ("2026-10-25T02:30+02:00", "2026-10-25T02:10+01:00", [], 40),
    ],
)
def test_minutes_that_passed_are_counted_where_the_clocks_change(
    command: Command, always: str, start: str, end: str, pauses: list[str], minutes: int
) -> None:
    taken_out = [word for pause in pauses for word in ("--pause", pause)]
    said = command(
        *("elapsed", "--calendar", always, "--from", start, "--to", end, *taken_out, "--json")
    )
    assert said.json == {"minutes": minutes}


def test_that_a_year_is_not_known_is_said_beside_the_minutes(command: Command) -> None:
    asked = (
        "elapsed",
        "--from",
        "2026-12-31T17:30",
        "--to",
        "2027-01-01T10:30",
    )  # Thursday, Friday
    said = command(*asked)
    assert (said.code, said.out) == (0, "120 分钟\n")
    assert UNKNOWN in said.error and said.error.count("\n") == 1
    data = command(*asked, "--json")
    assert (data.code, json.loads(data.out)) == (0, {"minutes": 120})


# --- without a database ---------------------------------------------------------------------------


def test_no_database_is_made_or_opened(command: Command, tmp_path: Path) -> None:
    due = ("due", "--from", MONDAY, "--allow", "1h")
    elapsed = ("elapsed", "--from", MONDAY, "--to", "2026-09-15")
    for asked in (due, elapsed):
        assert command(*asked).code == 0
        assert command(*asked, "--json").code == 0
        assert command("--database", "sqlite:////nowhere/at/all.db", *asked).code == 0
    assert list(tmp_path.iterdir()) == []


def test_both_commands_are_listed(command: Command) -> None:
    helped = command()
    assert helped.code == 0
    for name in ("due", "elapsed"):
        assert f"\n  {name} " in helped.out


# --- mistakes -------------------------------------------------------------------------------------

A_TIME = "要写成 ISO 时间，例如 2026-03-01T09:30+08:00。"
A_YEAR = "年份要在 1971 到 2998 之间。"
LIMIT = "写一个正整数加单位：m 工作分钟、h 工作小时、wd 工作日、d 自然日，例如 3wd。"


def due(start: str = MONDAY, allow: str = "1h") -> tuple[str, ...]:
    return ("due", "--from", start, "--allow", allow)


def elapsed(
    *pauses: str, start: str = f"{MONDAY}T09:30", end: str = f"{MONDAY}T13:00"
) -> tuple[str, ...]:
    taken_out = (word for pause in pauses for word in ("--pause", pause))
    return ("elapsed", "--from", start, "--to", end, *taken_out)


MISTAKES = [
    # (arguments, the sentence or a part of it)
    (due(allow="0d"), f'“--allow”不对："0d" 是零，等于没有时间办理；{LIMIT}'),
    (due(allow="0000wd"), '“--allow”不对："0000wd" 是零'),
    (due(allow="10000d"), '“--allow”不对："10000d" 太长；最多写 9999。'),
    (due(allow="10000m"), '“--allow”不对："10000m" 太长；最多写 9999。'),
    (due(allow="x"), f'“--allow”不对："x" 不是时限；{LIMIT}'),
    (due(allow=""), '“--allow”不对："" 不是时限；'),
    (due(allow="3"), "不是时限；"),
    (due(allow="-1d"), "不是时限；"),
    (due(allow="1.5h"), "不是时限；"),
    (due(allow="3 wd"), "不是时限；"),
    (due(allow="3WD"), "不是时限；"),
    (due(allow="三天"), "不是时限；"),
    (due(allow="{0}"), "不是时限；"),  # nothing is filled into it
    (due(allow="a\nb\x1b[2J"), "“--allow”不对："),  # one line, and no terminal is cleared
    (due(allow="9" * 5000 + "d"), "“--allow”不对："),
    (due("x"), f"“--from”不对：{A_TIME}"),
    (due(""), f"“--from”不对：{A_TIME}"),
    (due("昨天"), f"“--from”不对：{A_TIME}"),
    (due("2026-02-30"), f"“--from”不对：{A_TIME}"),
    (due(f"{MONDAY}T25:00"), f"“--from”不对：{A_TIME}"),
    (due(f"{MONDAY}T10:00+99:00"), f"“--from”不对：{A_TIME}"),
    (due("9999-12-31T23:59"), f"“--from”不对：{A_YEAR}"),
    (due("9999-12-31T23:59-12:00"), f"“--from”不对：{A_YEAR}"),
    (due("2999-01-01"), f"“--from”不对：{A_YEAR}"),
    (due("1970-12-31T23:59"), f"“--from”不对：{A_YEAR}"),
    (due("0001-01-01T00:00+14:00"), f"“--from”不对：{A_YEAR}"),  # before all time in UTC
    (due("2998-01-02", "9999h"), "期限要到 2999 年以后"),  # 1,538 working days
    (due("2998-01-02", "9999wd"), "期限要到 2999 年以后"),
    (("due", "--allow", "1h"), "Missing option '--from'."),
    (("due", "--from", MONDAY), "Missing option '--allow'."),
    ((*due(), "--colour"), "No such option: --colour"),
    (elapsed(end=f"{MONDAY}T09:29"), "“--to”不对：要在 --from 之后。"),
    (elapsed(end=f"{MONDAY}T01:29Z"), "“--to”不对：要在 --from 之后。"),
    (elapsed(end="x"), f"“--to”不对：{A_TIME}"),
    (elapsed(end="9999-12-31"), f"“--to”不对：{A_YEAR}"),
    (elapsed(start="x"), f"“--from”不对：{A_TIME}"),
    (elapsed(start="1970-01-01"), f"“--from”不对：{A_YEAR}"),
    (
        elapsed(f"{MONDAY}T11:00/{MONDAY}T10:00"),
        f"“--pause”不对：“{MONDAY}T11:00/{MONDAY}T10:00”的结束在开始之前。",
    ),
    (
        elapsed(f"{MONDAY}T10:00/{MONDAY}T11:00", f"{MONDAY}T12:00/{MONDAY}T11:00"),
        f"“--pause”不对：“{MONDAY}T12:00/{MONDAY}T11:00”的结束在开始之前。",  # the second alone
    ),
    (elapsed(f"{MONDAY}T10:00"), f"“--pause”不对：“{MONDAY}T10:00”要写成 开始/结束。"),
    (elapsed(""), "“--pause”不对：“”要写成 开始/结束。"),
    (elapsed("灯" * 100_000), f"“--pause”不对：“{'灯' * 60}”要写成 开始/结束。"),
    (elapsed("/"), f"“--pause”不对：{A_TIME}"),
    (elapsed(f"/{MONDAY}T11:00"), f"“--pause”不对：{A_TIME}"),
    (elapsed(f"x/{MONDAY}T11:00"), f"“--pause”不对：{A_TIME}"),
    (elapsed(f"{MONDAY}T10:00/x"), f"“--pause”不对：{A_TIME}"),
    (elapsed(f"{MONDAY}T10:00/{MONDAY}T11:00/{MONDAY}T12:00"), f"“--pause”不对：{A_TIME}"),
    (elapsed(f"{MONDAY}T10:00/9999-12-31"), f"“--pause”不对：{A_YEAR}"),
    (("elapsed", "--from", MONDAY), "Missing option '--to'."),
    (("elapsed", "--to", MONDAY), "Missing option '--from'."),
]


@pytest.mark.parametrize(("arguments", "sentence"), MISTAKES)
@pytest.mark.parametrize("as_json", [False, True])
def test_a_mistake_is_one_sentence_and_ends_with_2(
    refused: Callable[..., str], arguments: tuple[str, ...], sentence: str, as_json: bool
) -> None:
    said = refused(*arguments, *["--json"] * as_json)
    assert sentence in said
    assert said.isprintable()
    assert "Traceback" not in said


def test_a_calendar_that_is_not_there_is_named(refused: Callable[..., str], tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere.yaml")
    for asked in (due(), elapsed()):
        said = refused(*asked, "--calendar", path)
        assert said == "nowhere.yaml:1: 文件不存在或打不开；补上 nowhere.yaml"


def test_a_slip_in_a_calendar_is_told_with_its_line(
    refused: Callable[..., str], file: Callable[[str], str]
) -> None:
    path = file(BERLIN.replace("08:00-18:00", "18:00-08:00"))
    said = refused(*due(), "--calendar", path)
    assert said.startswith('ours.yaml:3: 日历的 "hours.mon-fri" "18:00-08:00" 不是一段时间；')


def test_each_slip_in_a_calendar_has_a_line_of_its_own(
    command: Command, file: Callable[[str], str]
) -> None:
    path = file(BERLIN.replace("08:00-18:00", "18:00-08:00") + "country: DE\n")
    said = command(*elapsed(), "--calendar", path)
    assert (said.code, said.out) == (2, "")
    assert [line.split(" ")[0] for line in said.error.splitlines()] == [
        "ours.yaml:3:",
        "ours.yaml:4:",
    ]


def test_no_database_is_needed_for_a_calculation_or_a_check(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANDAN_DATABASE", "postgresql://postgres@127.0.0.1:1/nowhere")
    monkeypatch.setattr("tasks.house._house", None)
    assert command("due", "--from", "2026-09-14T10:00", "--allow", "4h").code == 0
    assert command("check").code == 0
