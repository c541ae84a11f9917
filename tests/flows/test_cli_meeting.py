"""The joint meeting on the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
MONDAY = ("--at", "2026-09-14T10:00")


@pytest.fixture
def wish(command: Command) -> str:
    """A big wish that waits for the meeting."""
    command("init", "--purpose", "test")
    said = command(*MONDAY, "place", "--kind", "big_wish", "--words", "想有个活动室")
    number = str(said.json["number"])
    for step in (("accept",), ("refer", "--reason", "要筹款")):
        assert command(*MONDAY, "act", number, *step, "--by", "staff-1").code == 0
    return number


def test_an_agenda_is_prepared_decided_and_told_again(command: Command, wish: str) -> None:
    found = command(*MONDAY, "meeting", "prepare", "--json").json
    (matter,) = found["matters"]
    assert (matter["kind"], matter["order"], matter["decision"]) == ("big_wish", wish, None)
    typed = ("--decision", "open_funding", "--to", "unit-housing", "--date", "2026-10-15")
    one = ("meeting", "decide", str(matter["id"]), "--by", "staff-1", *typed)
    refused = command(*MONDAY, *one)
    assert (refused.code, refused.error) == (
        2,
        "“金额（元）（yuan）”没有填，这一项必须填写。\n",
    )
    decided = command(*MONDAY, *one, "--yuan", "500").json
    assert (decided["status"], decided["fen"], decided["to_name"]) == (
        "funding",
        50_000,
        "住房建设所",
    )
    again = command(*MONDAY, *one, "--yuan", "500")
    assert again.error == f"议题 {matter['id']}（{wish}）已经决定过：开始筹集。\n"
    task = ("--kind", "key_task", "--words", "选好地方", "--to", "unit-housing")
    noted = command(*MONDAY, "meeting", "task", *task, "--by", "staff-1").json["tasks"]
    assert [(one["words"], one["to_name"], one["done"]) for one in noted] == [
        ("选好地方", "住房建设所", False)
    ]
    shown = command(*MONDAY, "meeting", "show").out
    assert "联席会议 2026-09-14，议题 1 个" in shown
    assert "500.00" in shown
    (following,) = command(*MONDAY, "meeting", "prepare", "--json").json["matters"]
    assert (following["kind"], following["words"]) == ("follow_up", "选好地方")


def test_nothing_to_decide_is_said(command: Command) -> None:
    command("init", "--purpose", "test")
    assert command("meeting", "prepare").out == "没有要上会的事。\n"
    assert command("meeting", "prepare", "--json").json["matters"] == []


def test_a_task_that_says_nothing_is_refused(command: Command, wish: str) -> None:
    command(*MONDAY, "meeting", "prepare")
    for words, sentence in (("", "没有填"), ("x" * 2001, "最多 2000 个字")):
        said = command("meeting", "task", "--kind", "problem", "--words", words, "--by", "staff-1")
        assert said.code == 2
        assert sentence in said.error


def test_a_matter_is_put_off_with_its_reason(command: Command, wish: str) -> None:
    (matter,) = command(*MONDAY, "meeting", "prepare", "--json").json["matters"]
    one = ("meeting", "decide", str(matter["id"]), "--by", "staff-1", "--decision", "put_off")
    refused = command(*MONDAY, *one, "--yuan", "5")
    assert (refused.code, refused.error) == (
        2,
        "“金额（元）（yuan）”不对：“以后再议”没有这一项，可以填：reason。\n",
    )
    decided = command(*MONDAY, *one, "--reason", "等设计图").json
    assert (decided["decision"], decided["reason"]) == ("put_off", "等设计图")
    (again,) = command(*MONDAY, "meeting", "prepare", "--json").json["matters"]
    assert (again["order"], again["decision"]) == (wish, None)
    assert again["put_off"]["reason"] == "等设计图"
