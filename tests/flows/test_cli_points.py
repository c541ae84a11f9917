"""Points on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
MONDAY = ("--at", "2026-09-14T10:00")


@pytest.fixture
def rated(command: Command) -> str:
    """A lamp that was repaired by 边巴德吉 and rated 满意."""
    command("init", "--purpose", "test")
    said = command(
        *(*MONDAY, "place", "--kind", "appeal", "--words", "路灯不亮", "--grid", "grid-3")
    )
    number = str(said.json["number"])
    for step in (
        ("accept",),
        ("assign", "--to", "unit-power"),
        ("take",),
        ("claim", "--to", "m-241"),
        ("finish", "--reason", "换了灯泡"),
    ):
        assert command(*MONDAY, "act", number, *step, "--by", "staff-1").code == 0
    grade = ("rate", "--set", "grade=satisfied", "--set", "solved=yes", "--by", "staff-2")
    assert command(*MONDAY, "act", number, *grade).code == 0
    return number


def test_a_months_ranking_is_printed_for_people_and_for_programs(
    command: Command, rated: str
) -> None:
    month = command("points", "--month", "2026-09", "--json").json
    assert (month["month"], month["frozen"], month["teams"]) == ("2026-09", False, [])
    assert month["members"] == [{"rank": 1, "id": "m-241", "name": "边巴德吉", "points": 10}]
    assert month["units"] == [{"rank": 1, "id": "unit-power", "name": "供电所", "points": 10}]
    assert "边巴德吉" in command("points", "--month", "2026-09").out
    assert command("points", "--month", "2026-08", "--json").json["members"] == []


def test_a_members_year_and_month_tell_every_line(command: Command, rated: str) -> None:
    year = command(*MONDAY, "points", "--member", "边巴德吉", "--json").json
    assert (year["year"], year["points"]) == (2026, 10)
    assert [(line["order"], line["points"]) for line in year["entries"]] == [(rated, 10)]
    month = command("points", "--member", "m-241", "--month", "2026-08", "--json").json
    assert (month["points_of_month"], month["entries"]) == (0, [])
    shown = command(*MONDAY, "points", "--member", "m-241").out
    assert "边巴德吉 2026 年 10 分，还没到底线 20 分" in shown


def test_a_correction_needs_another_person_and_the_ledger_is_made_again(
    command: Command, rated: str
) -> None:
    typed = ("correct-points", "m-241", "--points", "-3", "--reason", "迟到", "--by", "staff-1")
    refused = command(*typed, "--second", "staff-1")
    assert (refused.code, refused.error) == (2, "“第二个人”不对：更正要由另一个人同意。\n")
    assert command(*typed, "--second", "staff-2").out == "已更正：m-241 -3 分。\n"
    again = command("points", "--recompute", "--json").json
    assert again == {"entries": 1, "added": [], "different": [], "unexpected": []}
    assert command("points", "--recompute").out == "由历史算出 1 笔，补上 0 笔。\n"
