"""Wishes on the command line: promised, come in, spent, and what is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Command = Callable[..., Any]
MONDAY = ("--at", "2026-09-14T10:00")
GIFT = ("--by", "staff-1", "--donor", "县医院", "--kind", "money", "--yuan", "300")


@pytest.fixture
def placed(command: Command) -> Callable[[str], str]:
    """Places a wish of a kind and gives its number."""
    command("init", "--purpose", "test")

    def place(kind: str) -> str:
        said = command(
            *MONDAY, "place", "--kind", kind, "--words", "想有个活动室", "--grid", "grid-3"
        )
        return str(said.json["number"])

    return place


@pytest.fixture
def raising(command: Command, placed: Callable[[str], str]) -> str:
    """A big wish for which 500 yuan are raised."""
    number = placed("big_wish")
    plan = ("--to", "unit-housing", "--date", "2026-10-15", "--set", "yuan=500", "--reason", "修")
    for step in (("accept",), ("refer", "--reason", "要筹款"), ("open_funding", *plan)):
        assert command(*MONDAY, "act", number, *step, "--by", "staff-1").code == 0
    return number


def test_what_is_promised_comes_and_is_spent_stands_in_the_books_in_fen(
    command: Command, raising: str
) -> None:
    promised = command(*MONDAY, "pledge", raising, *GIFT).json
    assert (promised["target"], promised["pledged"], promised["received"]) == (50_000, 30_000, 0)
    hidden = ("--donor", "爱心商户", "--kind", "goods", "--yuan", "200.00", "--anonymous")
    second = command(*MONDAY, "pledge", raising, "--by", "staff-1", *hidden).json["pledges"][1]
    assert second == {
        "id": 2,
        "donor": "爱心商户",
        "kind": "goods",
        "anonymous": True,
        "pledged": 20_000,
        "received": 0,
    }
    for pledge, yuan in (("1", "300"), ("2", "200")):
        come = ("--by", "staff-1", "--pledge", pledge, "--yuan", yuan)
        funded = command(*MONDAY, "receive", raising, *come).json
    assert (funded["status"], funded["received"]) == ("assigned", 50_000)
    assert command(*MONDAY, "act", raising, "take", "--by", "unit-housing").code == 0
    paid = ("--by", "unit-housing", "--voucher", "收据 1", "--yuan", "12.34")
    assert command(*MONDAY, "spend", raising, *paid).code == 0
    books = command("wish", raising, "--json").json
    assert (books["spent"], books["left"]) == (1_234, 48_766)
    assert [(one["voucher"], one["fen"]) for one in books["spending"]] == [("收据 1", 1_234)]
    shown = command("wish", raising).out
    assert "爱心商户（不公开）" in shown
    assert "487.66" in shown


def test_who_had_a_small_wish_in_hand_is_told_with_their_names(
    command: Command, placed: Callable[[str], str]
) -> None:
    number = placed("small_wish")
    for step in (
        ("accept",),
        ("claim", "--to", "m-241"),
        ("release", "--reason", "家里有事"),
        ("claim", "--to", "m-244"),
    ):
        assert command(*MONDAY, "act", number, *step, "--by", "staff-1").code == 0
    claims = command("wish", number, "--json").json["claims"]
    assert [(one["name"], one["ended_by"]) for one in claims] == [
        ("边巴德吉", "release"),
        ("尼玛罗布", None),
    ]
    assert "尼玛罗布" in command("wish", number).out


@pytest.mark.parametrize("yuan", ["0", "-1", "0.001", "1000000000000"])
def test_a_sum_that_is_none_is_refused_in_one_sentence(
    command: Command, raising: str, yuan: str
) -> None:
    gift = ("--by", "staff-1", "--donor", "县医院", "--kind", "money", "--yuan", yuan)
    said = command(*MONDAY, "pledge", raising, *gift)
    assert (said.code, said.out) == (2, "")
    assert said.error.startswith("“金额（元）（yuan）”不对：金额要")
    assert command("wish", raising, "--json").json["pledges"] == []


def test_an_appeal_has_no_books(command: Command, placed: Callable[[str], str]) -> None:
    number = placed("appeal")
    said = command("wish", number)
    assert (said.code, said.error) == (2, f"{number} 是“诉求”，不是心愿。\n")
