"""The three rates on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
SEPTEMBER = ("--from", "2026-09-01", "--to", "2026-09-30")


@pytest.fixture
def rated(command: Command) -> Callable[..., Any]:
    """The rates of September, in which one order was rated and one not."""
    command("init", "--purpose", "test")
    on_the_spot = [
        ("accept",),
        ("assign", "--to", "desk"),
        ("take",),
        ("claim", "--to", "m-001"),
        ("finish", "--reason", "换了灯泡"),
        ("rate", "--set", "grade=basically", "--set", "solved=yes"),
    ]
    said = command(
        *("--at", "2026-09-14T10:00", "place", "--kind", "appeal", "--words", "路灯不亮"),
        *("--grid", "grid-3", "--json"),
    )
    number = json.loads(said.out)["number"]
    for step in on_the_spot:
        who = "staff-2" if step[0] == "rate" else "staff-1"
        done = command("--at", "2026-09-14T10:00", "act", number, *step, "--by", who)
        assert done.code == 0, done

    def ask(*more: str) -> Any:
        return command("rates", *SEPTEMBER, *more)

    return ask


def test_the_rates_of_a_month_are_printed_for_people_and_for_programs(
    rated: Callable[..., Any],
) -> None:
    (whole,) = json.loads(rated("--json").out)
    assert whole["name"] == "示范社区"
    assert (whole["valid"], whole["basically"], whole["expired"]) == (1, 1, 0)
    rates = {name: whole[name] for name in ("response", "resolution", "satisfaction", "composite")}
    assert rates == {"response": 1.0, "resolution": 1.0, "satisfaction": 0.9, "composite": 96.0}
    assert whole["formula"] == "v1"
    head, line = rated().out.strip().split("\n")
    assert head.split() == [
        "有效评价",
        "回应率",
        "解决率",
        "满意率",
        "综合",
        "逾期未评",
        "不计入",
        "重办率",
        "一线解决",
    ]
    assert line.split() == [
        "示范社区",
        "1",
        "100.0%",
        "100.0%",
        "90.0%",
        "96.0",
        "0",
        "0",
        "0.0%",
        "100.0%",
    ]


@pytest.mark.parametrize(
    ("by", "name"),
    [
        ("grid", "第三网格"),
        ("handler", "社区服务台"),
        ("member", "洛桑罗布"),
        ("category", "供电照明"),
    ],
)
def test_they_are_split_by_whoever_has_to_do_with_it(
    rated: Callable[..., Any], by: str, name: str
) -> None:
    assert [one["name"] for one in json.loads(rated("--by", by, "--json").out)] == [name]


def test_a_month_without_ratings_has_no_rates(command: Command) -> None:
    said = command("rates", *SEPTEMBER, "--json")
    (whole,) = json.loads(said.out)
    assert (whole["valid"], whole["composite"], whole["satisfaction"]) == (0, None, None)
    assert command("rates", *SEPTEMBER).out.split()[-9:] == [
        "0",
        "–",
        "–",
        "–",
        "–",
        "0",
        "0",
        "–",
        "–",
    ]


@pytest.mark.parametrize(
    ("period", "sentence"),
    [
        (("2026-09-30", "2026-09-01"), "2026-09-01 在 2026-09-30 之前"),
        (("September", "2026-09-01"), "--from"),
        (("9999-01-01", "9999-12-31"), "9999-01-01 至 9999-12-31 太远，请核对年份"),
        (("0001-01-01", "2026-09-30"), "请核对年份"),
        (("2026-09-01", "2026-09-31"), "--to"),
    ],
)
def test_a_period_that_is_none_is_told_in_one_sentence(
    command: Command, period: tuple[str, str], sentence: str
) -> None:
    said = command("rates", "--from", period[0], "--to", period[1])
    assert (said.code, said.out) == (2, "")
    assert sentence in said.error and said.error.count("\n") == 1


def test_a_round_is_left_out_by_two_people_and_a_period_is_published_once(
    command: Command, rated: Callable[..., Any]
) -> None:
    out = ("exclude-rating", "A-2026-0001", "--reason", "打错了单", "--by", "staff-2")
    refused = command(*out, "--second", "staff-2")
    assert (refused.code, refused.error) == (2, "“第二个人”不对：不计入要由另一个人同意。\n")
    assert command(*out, "--second", "staff-3").out == "A-2026-0001 第 1 轮不计入三率。\n"
    (whole,) = json.loads(rated("--json").out)
    assert (whole["valid"], whole["excluded"], whole["published"]) == (0, 1, False)
    assert json.loads(rated("--bursts", "--json").out) == []
    publish = ("publish-rates", *SEPTEMBER, "--by", "staff-1")
    october = ("--at", "2026-10-08T10:00")
    assert command(*october, *publish).out == "已公布 2026-09-01 至 2026-09-30，以后不再变。\n"
    again = command(*october, *publish)
    assert "2026-09-01 至 2026-09-30 已在 2026-10-08 公布过，不能再改。" in again.error
    assert json.loads(rated("--json").out)[0]["published"] is True
