"""A working calendar is read as it was meant; who writes it wrong is told line and remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from config.catalog import Calendar, CatalogError, Mistake, load_calendar, load_catalog
from config.settings import ROOT

EXAMPLE = ROOT / "config" / "example"
OFFICE = ("09:30-13:00", "15:30-18:30")

Write = Callable[[str], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "community"))


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a calendar of these lines after its time zone's; gives the file."""

    def written(lines: str, timezone: str = "Asia/Shanghai") -> Path:
        path = tmp_path / "ours.yaml"
        path.write_text(f"timezone: {timezone}\n{lines}\n", encoding="utf-8")
        return path

    return written


def mistakes_of(path: Path) -> tuple[Mistake, ...]:
    with pytest.raises(CatalogError) as raised:
        load_calendar(path)
    return raised.value.mistakes


def mistakes_in(folder: Path) -> tuple[Mistake, ...]:
    with pytest.raises(CatalogError) as raised:
        load_catalog(folder)
    return raised.value.mistakes


def clock(text: str) -> timedelta:
    return timedelta(hours=int(text[:2]), minutes=int(text[3:]))


# --- what is right --------------------------------------------------------------------------------


def test_the_example_is_an_office_in_china_with_days_of_its_own() -> None:
    example = load_calendar(EXAMPLE / "calendar.yaml")
    assert example == load_catalog(EXAMPLE).calendar
    assert (example.timezone, example.country) == ("Asia/Shanghai", "CN")
    assert example.hours == {"mon-fri": OFFICE}
    assert example.holidays[0] == date(2026, 2, 18)
    office = tuple((clock(span[:5]), clock(span[6:])) for span in OFFICE)
    assert example.week == (*[office] * 5, (), ())
    assert example.own_days == dict.fromkeys(example.holidays, False)


def test_country_holidays_and_working_days_may_be_left_out(write: Write) -> None:
    plain = load_calendar(write('hours:\n  mon-fri: ["09:30-13:00", "15:30-18:30"]'))
    assert (plain.country, plain.holidays, plain.working_days) == (None, (), ())
    assert plain.own_days == {}


def test_a_community_may_leave_them_out_as_well(folder: Path) -> None:
    text = 'timezone: Asia/Shanghai\nhours: {mon-fri: ["09:00-17:00"]}\n'
    (folder / "calendar.yaml").write_text(text, encoding="utf-8")
    assert load_catalog(folder).calendar.country is None


def test_a_day_may_last_from_midnight_to_midnight(write: Write) -> None:
    always = load_calendar(write('hours: {mon-sun: ["00:00-24:00"]}'))
    assert always.week == (((timedelta(0), timedelta(days=1)),),) * 7


def test_two_keys_may_speak_of_the_same_day_where_they_do_not_overlap(write: Write) -> None:
    both = load_calendar(write('hours:\n  mon-fri: ["09:00-12:00"]\n  wed: ["13:00-17:00"]'))
    morning = (clock("09:00"), clock("12:00"))
    assert both.week[1] == (morning,)  # Tuesday
    assert both.week[2] == (morning, (clock("13:00"), clock("17:00")))  # Wednesday


@pytest.mark.parametrize(
    ("lines", "spans"),
    [
        ('hours: {mon: ["15:30-18:30", "09:30-13:00"]}', OFFICE),  # the afternoon first
        (
            'hours: {wed: ["13:00-14:00"], mon-wed: ["09:00-13:00"], mon: ["14:00-15:00"]}',
            ("09:00-13:00", "14:00-15:00"),
        ),  # three keys, in no order
        (
            'hours: {mon: ["09:00-12:00", "12:00-18:00"]}',
            ("09:00-12:00", "12:00-18:00"),
        ),  # they touch
        ("hours:\n  mon:\n    - 09:30-13:00", ("09:30-13:00",)),  # without quotes
        (
            'hours: {mon: ["00:00-00:01"], tue: []}',
            ("00:00-00:01",),
        ),  # a day without hours among others
        ('hours: {fri-sun: ["10:00-11:00"], mon: ["23:59-24:00"]}', ("23:59-24:00",)),
    ],
)
def test_a_monday_is_read_in_the_order_of_the_day(
    write: Write, lines: str, spans: tuple[str, ...]
) -> None:
    read = load_calendar(write(lines))
    assert read.week[0] == tuple((clock(span[:5]), clock(span[6:])) for span in spans)


def test_dates_are_read_with_and_without_quotes(write: Write) -> None:
    read = load_calendar(
        write(
            'hours: {mon: ["09:00-12:00"]}\n'
            'holidays: [2026-02-18, "2028-02-29"]\n'
            "working_days:\n  - 2026-02-21"
        )
    )
    assert read.own_days == {
        date(2026, 2, 18): False,
        date(2028, 2, 29): False,
        date(2026, 2, 21): True,
    }


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "America/Santiago", "Asia/Urumqi", "UTC"])
def test_a_calendar_by_itself_may_be_anywhere(write: Write, timezone: str) -> None:
    assert load_calendar(write('hours: {mon: ["09:00-12:00"]}', timezone)).timezone == timezone


def test_a_calendar_can_be_remembered_by_what_it_says(write: Write) -> None:
    lines = 'hours: {mon-fri: ["09:00-12:00"]}\ncountry: CN\nholidays: [2026-02-18]'
    first, second = load_calendar(write(lines)), load_calendar(write(lines))
    assert first.week  # which it keeps, and is none the less the same
    assert (first, hash(first)) == (second, hash(second))
    other = load_calendar(write(lines.replace("18", "19")))
    assert other != first


def test_a_calendar_saved_by_a_windows_editor_reads_as_well(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    text = (EXAMPLE / "calendar.yaml").read_text(encoding="utf-8")
    path.write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load_calendar(path) == load_calendar(EXAMPLE / "calendar.yaml")


# --- what is wrong --------------------------------------------------------------------------------


class Slip(NamedTuple):
    """The lines after the time zone's; the mistake is at `line`, and told in these words."""

    lines: str
    line: int
    words: tuple[str, ...]


SPAN = ('的 "hours.mon-fri"', "不是一段时间", '"09:30-13:00"')
OVERLAP = ("重叠", "错开")
PLAIN = 'hours: {mon-fri: ["09:00-17:00"]}\n'

SLIPS = {
    # spans
    "a span that ends before it begins": Slip(
        'hours:\n  mon-fri: ["13:00-09:30"]', 3, (*SPAN, '"13:00-09:30"')
    ),
    "a span over midnight": Slip('hours:\n  mon-fri: ["22:00-06:00"]', 3, (*SPAN, "从早到晚")),
    "a span that ends as it begins": Slip(
        'hours:\n  mon-fri: ["09:30-09:30"]', 3, (*SPAN, '"09:30-09:30"')
    ),
    "a span that ends after midnight": Slip('hours:\n  mon-fri: ["09:30-24:30"]', 3, SPAN),
    "an hour that is none": Slip('hours:\n  mon-fri: ["09:30-25:00"]', 3, SPAN),
    "a minute that is none": Slip('hours:\n  mon-fri: ["09:60-13:00"]', 3, SPAN),
    "an hour of one digit": Slip('hours:\n  mon-fri: ["9:30-13:00"]', 3, SPAN),
    "a long dash": Slip('hours:\n  mon-fri: ["09:30–13:00"]', 3, SPAN),
    "a full-width colon": Slip('hours:\n  mon-fri: ["09：30-13：00"]', 3, SPAN),
    "a span without end": Slip('hours:\n  mon-fri: ["09:30"]', 3, SPAN),
    "the second span on its own line": Slip(
        'hours:\n  mon-fri:\n    - "09:30-13:00"\n    - "18:30-15:30"', 5, (*SPAN, '"18:30-15:30"')
    ),
    "a span without brackets": Slip(
        'hours:\n  mon-fri: "09:30-13:00"', 3, ('"hours.mon-fri"', "列表", "方括号")
    ),
    # spans that overlap
    "two spans of a key that overlap": Slip(
        'hours:\n  mon-fri: ["09:00-13:00", "12:00-18:00"]',
        3,
        (*OVERLAP, '"mon-fri"', '"12:00-18:00"', '"09:00-13:00"'),
    ),
    "a span within another": Slip(
        'hours:\n  mon-fri:\n    - "09:00-18:00"\n    - "12:00-13:00"', 5, OVERLAP
    ),
    "the same span twice": Slip(
        'hours:\n  mon-fri:\n    - "09:00-18:00"\n    - "09:00-18:00"', 5, OVERLAP
    ),
    "an earlier span after a later one": Slip(
        'hours:\n  mon-fri:\n    - "12:00-18:00"\n    - "09:00-12:01"', 5, OVERLAP
    ),
    "the third span over the first": Slip(
        'hours:\n  mon:\n    - "09:00-10:00"\n    - "11:00-12:00"\n    - "09:59-10:30"',
        6,
        (*OVERLAP, '"09:59-10:30"', '"09:00-10:00"'),
    ),
    "spans of two keys that overlap": Slip(
        'hours:\n  mon-fri: ["09:00-13:00"]\n  wed: ["12:00-18:00"]',
        4,
        (*OVERLAP, '"wed"', '"12:00-18:00"', '"09:00-13:00"'),
    ),
    "spans of two ranges that share a day": Slip(
        'hours:\n  mon-wed: ["09:00-13:00"]\n  wed-fri: ["12:59-18:00"]', 4, (*OVERLAP, '"wed-fri"')
    ),
    # days
    "no day": Slip("hours: {}", 2, ("没有一天上班", "mon-fri")),
    "no hours for the only day": Slip("hours:\n  mon: []", 2, ("没有一天上班", "mon-fri")),
    "no hours for any day": Slip("hours: {mon-fri: [], sun: []}", 2, ("没有一天上班",)),
    "nothing for the hours": Slip("hours:", 2, ('"hours"', "键: 值")),
    "a list for the hours": Slip('hours: ["09:00-17:00"]', 2, ('"hours"', "键: 值")),
    "no word of hours": Slip("country: CN", 1, ('缺少 "hours"', "补上 hours")),
    "a day that is none": Slip('hours:\n  mon-fry: ["09:00-17:00"]', 3, ('"mon-fry"', "星期")),
    "a week backwards": Slip('hours:\n  fri-mon: ["09:00-17:00"]', 3, ('"fri-mon"', "星期")),
    "a range of one day": Slip('hours:\n  mon-mon: ["09:00-17:00"]', 3, ('"mon-mon"', "星期")),
    "a range without end": Slip('hours:\n  "mon-": ["09:00-17:00"]', 3, ('"mon-"', "星期")),
    "a day in capitals": Slip('hours:\n  Mon: ["09:00-17:00"]', 3, ('"Mon"', "星期")),
    "a day in Chinese": Slip('hours:\n  周一: ["09:00-17:00"]', 3, ('"周一"', "mon")),
    "a day twice": Slip(
        'hours:\n  mon: ["09:00-12:00"]\n  mon: ["13:00-17:00"]', 4, ('"mon" 写了两次', "第 3 行")
    ),
    # the country
    "another country": Slip(PLAIN + "country: US", 3, ('"country"', "CN")),
    "the country in small letters": Slip(PLAIN + "country: cn", 3, ('"country"', "CN")),
    "the country by its name": Slip(PLAIN + "country: 中国", 3, ('"country"', "CN")),
    # dates
    "a holiday that is a working day": Slip(
        PLAIN + "holidays: [2026-02-18, 2026-02-19]\nworking_days:\n  - 2026-02-21\n  - 2026-02-19",
        6,
        ("working_days", "2026-02-19", "holidays", "只留一处"),
    ),
    "a holiday that no calendar has": Slip(
        PLAIN + 'holidays: ["2026-02-30"]', 3, ('"holidays"', '"2026-02-30" 不是日期', "年-月-日")
    ),
    "a leap day of no leap year": Slip(PLAIN + "holidays: [2026-02-29]", 3, ("不是日期",)),
    "a working day that is none": Slip(
        PLAIN + "working_days:\n  - 2026-02-21\n  - someday", 5, ('"working_days"', '"someday"')
    ),
    "a date of one digit": Slip(PLAIN + "holidays: [2026-2-18]", 3, ('"2026-2-18" 不是日期',)),
    "a date without brackets": Slip(PLAIN + "holidays: 2026-02-18", 3, ('"holidays"', "列表")),
    "a date of nothing": Slip(PLAIN + 'holidays: [2026-02-18, ""]', 3, ('"holidays"', "不是日期")),
    "a date with a time": Slip(PLAIN + 'holidays: ["2026-02-18T09:30"]', 3, ("不是日期",)),
    # keys
    "an unknown key": Slip(
        PLAIN + "holiday: [2026-02-18]", 3, ('不认识 "holiday"', '是否想写 "holidays"')
    ),
    "a key twice": Slip(PLAIN + PLAIN, 3, ('"hours" 写了两次', "第 2 行")),
    # YAML itself
    "a bracket that is not closed": Slip(
        'hours:\n  mon-fri: ["09:30-13:00"', 3, ("YAML 读不懂", "括号")
    ),
    "a full-width bracket": Slip(
        'hours:\n  mon-fri: ［"09:30-13:00"］', 3, ('"hours.mon-fri"', "列表", "方括号")
    ),
    "a full-width colon after a key": Slip(
        'hours：\n  mon-fri: ["09:30-13:00"]', 2, ("YAML 读不懂", "中文标点")
    ),
    "a tab": Slip('hours:\n\tmon-fri: ["09:30-13:00"]', 3, ("YAML 读不懂", "Tab")),
}


def _told(mistakes: tuple[Mistake, ...], file: str, slip: Slip) -> None:
    assert [(each.file, each.line) for each in mistakes] == [(file, slip.line)]
    sentence = str(mistakes[0])
    assert sentence.startswith(f"{file}:{slip.line}: ")
    for word in slip.words:
        assert word in sentence
    assert mistakes[0].problem and mistakes[0].remedy
    assert "\n" not in sentence


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_in_a_calendar_of_its_own_is_told_once_where_it_is(write: Write, slip: Slip) -> None:
    _told(mistakes_of(write(slip.lines)), "ours.yaml", slip)


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_in_a_community_s_calendar_is_told_once_where_it_is(
    folder: Path, slip: Slip
) -> None:
    text = f"timezone: Asia/Shanghai\n{slip.lines}\n"
    (folder / "calendar.yaml").write_text(text, encoding="utf-8")
    _told(mistakes_in(folder), "calendar.yaml", slip)


@pytest.mark.parametrize(
    ("timezone", "remedy"),
    [
        ("Asia/Shangai", '是否想写 "Asia/Shanghai"'),
        ("Mars/Olympus", ""),
        ('""', ""),
        ("../../etc/passwd", ""),
        ("/etc/localtime", ""),
    ],
)
def test_a_zone_that_is_none_is_told_in_either_place(
    write: Write, folder: Path, timezone: str, remedy: str
) -> None:
    slip = Slip("", 1, ('"timezone"', "不是时区", remedy))
    path = write(PLAIN, timezone)
    _told(mistakes_of(path), "ours.yaml", slip)
    shutil.copy(path, folder / "calendar.yaml")
    first, *_ = mistakes = mistakes_in(folder)  # that it is not the community's may be told as well
    assert {(each.file, each.line) for each in mistakes} == {("calendar.yaml", 1)}
    _told((first,), "calendar.yaml", slip)


def test_a_calendar_without_a_zone_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    _told(mistakes_of(path), "ours.yaml", Slip("", 1, ('缺少 "timezone"',)))


def test_a_slip_reads_as_a_coordinator_would_say_it(write: Write) -> None:
    (overlap,) = mistakes_of(write('hours:\n  mon-fri: ["09:00-13:00"]\n  wed: ["12:00-18:00"]'))
    assert str(overlap) == (
        'ours.yaml:4: 日历的 "wed" 里 "12:00-18:00" 和 "09:00-13:00" 重叠；让两段错开，或合成一段'
    )
    (nothing,) = mistakes_of(write("hours: {}"))
    assert str(nothing) == (
        "ours.yaml:2: 日历没有一天上班，什么时候到期就说不清；"
        '至少写一天，例如 mon-fri: ["09:30-13:00"]'
    )


def test_all_slips_of_a_calendar_are_told_in_the_order_of_its_lines(write: Write) -> None:
    mistakes = mistakes_of(
        write(
            "hours:\n"
            '  mon: ["12:00-09:00"]\n'
            '  fry: ["09:00-12:00"]\n'
            "country: US\n"
            "holidays:\n  - 2026-02-18\n  - 2026-02-30\n"
            "working_day: []",
            "Asia/Shangai",
        )
    )
    assert [mistake.line for mistake in mistakes] == [1, 3, 4, 5, 8, 9]


def test_slips_between_entries_are_told_together(write: Write) -> None:
    mistakes = mistakes_of(
        write(
            'hours:\n  mon: ["09:00-12:00", "11:00-13:00"]\n  mon-tue: ["12:30-14:00"]\n'
            "holidays: [2026-02-18]\nworking_days: [2026-02-18]"
        )
    )
    assert [mistake.line for mistake in mistakes] == [3, 4, 6]


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "# 还没写\n", "always\n", "- mon\n"])
def test_a_calendar_that_says_nothing_is_one_mistake(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(text, encoding="utf-8")
    (mistake,) = mistakes_of(path)
    assert (mistake.file, mistake.line) == ("ours.yaml", 1)


def test_a_calendar_that_is_not_there_is_named(tmp_path: Path, folder: Path) -> None:
    slip = Slip("", 1, ("不存在或打不开", "补上"))
    _told(mistakes_of(tmp_path / "nowhere" / "ours.yaml"), "ours.yaml", slip)
    _told(mistakes_of(folder), "community", slip)  # a folder is no file
    (folder / "calendar.yaml").unlink()
    _told(mistakes_in(folder), "calendar.yaml", slip)


def test_a_calendar_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_bytes("timezone: Asia/Shanghai\n# 工作时间\n".encode("gb18030"))
    _told(mistakes_of(path), "ours.yaml", Slip("", 2, ("UTF-8",)))


def test_a_calendar_never_changes(write: Write) -> None:
    read = load_calendar(write(PLAIN))
    assert isinstance(read, Calendar)
    with pytest.raises(ValueError, match="frozen"):
        read.country = "CN"  # type: ignore[misc]
