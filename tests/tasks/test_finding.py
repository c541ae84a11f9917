"""Orders are found by number, words, name, phone, grid, handler, status and age, on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tasks.clock import clock_at
from tasks.errors import BadInput, UnknownId
from tasks.finding import Wanted, count, lines, summaries
from tasks.house import House
from tasks.models.enums import Kind, Status

LAMP, BRIDGE, WISH = "A-2026-0001", "A-2026-0002", "S-2026-0001"


@pytest.fixture(autouse=True)
def _three_orders(
    database: House, monday: datetime, place: Callable[..., str], submit: Callable[..., None]
) -> None:
    with clock_at(monday - timedelta(days=40)):
        place(words="路灯不亮", place="三号院_东", resident="王阿姨", phone="13900001234")
    number = place(
        words="桥栏杆松了，100% 危险", grid="grid-1", resident="李大爷", phone="0893-0000101"
    )
    submit(number, ("accept", {"category": "roads"}), ("assign", {"to": "unit-roads"}))
    place(
        kind="small_wish",
        words="想要一盏台灯，WiFi 也行",
        place="3-2-1",
        grid=None,
        resident="",
        phone="",
    )


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({}, [LAMP, BRIDGE, WISH]),
        ({"anything": "a-2026-1"}, [LAMP]),
        ({"anything": "A20260002"}, [BRIDGE]),
        ({"anything": "灯"}, [LAMP, WISH]),
        ({"anything": "王阿姨"}, [LAMP]),
        ({"anything": "三号院"}, [LAMP]),
        ({"anything": "1234"}, [LAMP]),
        ({"anything": "0002"}, [BRIDGE]),
        ({"anything": "139 0000 1234"}, [LAMP]),
        ({"anything": "100%"}, [BRIDGE]),
        ({"anything": "%"}, [BRIDGE]),  # a character like any other
        ({"anything": "_"}, [LAMP]),
        ({"anything": "没有"}, []),
        ({"anything": "wifi"}, [WISH]),
        ({"anything": "WIFI"}, [WISH]),
        ({"anything": "3-2-1"}, [WISH]),
        ({"anything": "+8613900001234"}, [LAMP]),
        ({"anything": "１２３４"}, [LAMP]),
        ({"number": "s-2026-1"}, [WISH]),
        ({"number": "A-2026-0009"}, []),
        ({"words": "栏杆"}, [BRIDGE]),
        ({"words": "王阿姨"}, []),  # a name is no word of hers
        ({"phone": "0101"}, [BRIDGE]),
        ({"phone": "0893-0000101"}, [BRIDGE]),
        ({"grid": "第一网格"}, [BRIDGE]),
        ({"grid": "grid-3"}, [LAMP]),
        ({"handler": "unit-roads"}, [BRIDGE]),
        ({"status": Status.ASSIGNED}, [BRIDGE]),
        ({"kind": Kind.SMALL_WISH}, [WISH]),
        ({"older_than": 40}, [LAMP]),
        ({"older_than": 41}, []),
        ({"anything": "灯", "older_than": 1}, [LAMP]),
        ({"open_only": True, "grid": "grid-1"}, [BRIDGE]),
    ],
)
def test_what_fits_is_found(wanted: dict[str, Any], numbers: list[str]) -> None:
    assert [found["number"] for found in summaries(Wanted(**wanted))] == numbers
    assert sorted(line.number for line in lines(Wanted(**wanted), 10)) == numbers
    assert count(Wanted(**wanted)) == len(numbers)


@pytest.mark.parametrize(
    ("wanted", "error", "sentence"),
    [
        ({"number": "0001"}, BadInput, "“编号”不对：“0001”不是编号，样式：A-2026-0001。"),
        ({"phone": "12"}, BadInput, "“电话”不对：请写最后四位数字，或者更多。"),
        ({"grid": "grid-99"}, UnknownId, "没有网格“grid-99”，是否想写“grid-1”。"),
        ({"handler": "unit-powr"}, UnknownId, "没有承办方“unit-powr”，是否想写“unit-power”。"),
        ({"words": "\udcff"}, BadInput, "“要找的”不对：没有能找的字。"),
        ({"anything": "\x00"}, BadInput, "“要找的”不对：没有能找的字。"),
        ({"older_than": -1}, BadInput, "“天数”不对：要在 0 到 36500 之间。"),
        ({"older_than": 10**9}, BadInput, "“天数”不对：要在 0 到 36500 之间。"),
    ],
)
def test_what_cannot_be_looked_for_is_said(
    wanted: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error) as caught:
        summaries(Wanted(**wanted))
    assert str(caught.value) == sentence


def test_open_ones_come_first_then_the_newest_and_no_more_than_wanted(
    do: Callable[..., None],
) -> None:
    do(WISH, "decline", reason="不归社区管", instead="请找民政")
    assert [line.number for line in lines(Wanted(), 10)] == [BRIDGE, LAMP, WISH]
    assert [line.number for line in lines(Wanted(), 2)] == [BRIDGE, LAMP]


def test_a_line_is_in_words() -> None:
    (line,) = lines(Wanted(number=BRIDGE), 10)
    assert (line.kind, line.stage, line.category, line.grid, line.handler, line.member) == (
        *("诉求", "待单位接单", "道路设施", "第一网格", "公路养护段", ""),
    )


def test_nothing_that_is_found_tells_who_asked() -> None:
    for found in summaries(Wanted()):
        assert not {"王阿姨", "13900001234"} & set(map(str, found.values()))
