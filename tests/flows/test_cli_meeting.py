"""The joint meeting on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document

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


def test_a_meeting_is_ended_with_who_was_there_and_its_minutes_lie_in_a_file(
    command: Command, wish: str
) -> None:
    command(*MONDAY, "meeting", "prepare")
    came = ("--present", "staff-2", "--present", "居民代表甲", "--chair", "洛桑罗布")
    said = command(*MONDAY, "meeting", "end", "--by", "staff-1", *came)
    file = Path(said.out.strip())
    text = [one.text for one in Document(str(file)).paragraphs]
    assert "到会：洛桑罗布、格桑卓玛、居民代表甲（3）" in text
    shown = command("meeting", "show", "--json").json
    assert shown["attendees"] == ["洛桑罗布", "格桑卓玛", "居民代表甲"]
    assert (shown["chair"], shown["minutes_by"]) == ("洛桑罗布", "洛桑罗布")
    assert shown["ended_at"] is not None
    again = command(*MONDAY, "meeting", "end", "--by", "staff-1", "--json").json
    assert (again["file"], again["attendees"]) == (str(file), shown["attendees"])


def test_a_meeting_that_never_was_is_not_ended(command: Command) -> None:
    command("init", "--purpose", "test")
    said = command("meeting", "end", "--by", "staff-1")
    assert (said.code, said.out) == (2, "")
    assert "还没有开过会" in said.error


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("--by", "nobody"), "没有操作人“nobody”"),
        (("--by", "staff-1", "--present", "  "), "“到会的人（present）”没有填"),
        (("--by", "staff-1", "--chair", "主" * 61), "“主持人（chair）”不对：太长了，最多 60 个字"),
    ],
)
def test_an_end_that_is_not_right_ends_nothing(
    command: Command, wish: str, typed: tuple[str, ...], sentence: str
) -> None:
    command(*MONDAY, "meeting", "prepare")
    said = command(*MONDAY, "meeting", "end", *typed)
    assert said.code == 2
    assert sentence in said.error
    assert command("meeting", "show", "--json").json["ended_at"] is None
