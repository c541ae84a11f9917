"""Changing what a wish says, until somebody claims it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from flows.forms.description import describe
from tasks.clock import clock_at
from tasks.desk import look_at
from tasks.editing import edit_wish, editable_wishes, still_said
from tasks.errors import DiandanError, StaleOrder
from tasks.house import House
from tasks.models.tables import Order
from tasks.models.wish_tables import Edit
from tasks.requests import words_for
from tasks.retention import forget_residents
from tasks.views import messages_json, order_json

Do = Callable[..., None]
Rows = Callable[..., list[Any]]

pytestmark = pytest.mark.usefixtures("monday")


@pytest.fixture
def wish(place: Callable[..., str]) -> Callable[..., str]:
    """A small wish that was just placed."""
    return lambda **values: place(
        kind="small_wish", category="wishes", **{"words": "想要一个书包", **values}
    )


def edit(number: str, words: str, who: str = "staff-1", **more: str) -> bool:
    return edit_wish(number, words_for({"words": words, **more}), who)


def test_a_wish_that_nobody_has_claimed_says_it_anew_and_what_it_said_is_kept(
    database: House, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish()
    do(number, "accept")
    before = look_at(number)
    assert edit(number, "想要一个蓝书包\r\n大号", place="二号院", reason="问清楚了")
    assert (look(number).words, look(number).place) == ("想要一个蓝书包\n大号", "二号院")
    assert not edit(number, "想要一个蓝书包\n大号", place="二号院")
    (kept,) = order_json(number)["edits"]
    assert (kept["by"], kept["words"], kept["reason"]) == ("staff-1", "想要一个书包", "问清楚了")
    assert order_json(number)["edits"][0]["place"] == ""
    view = look_at(number)
    assert (view.state.version, view.key) != (before.state.version, before.key)
    assert [(deed.who, deed.action, deed.reason) for deed in view.history][-1] == (
        "洛桑罗布",
        "改内容",
        "问清楚了",
    )
    assert "| 原来写的 | 想要一个书包 |" in describe(view, 4, with_phone=False)
    do(number, "claim", to="m-241")
    told = [one["body"] for one in messages_json() if one["event"] == "order_claimed"]
    assert "蓝书包" in told[0]


def test_of_two_who_change_the_same_words_the_second_is_told(
    database: House, wish: Callable[..., str], look: Callable[[str], Order]
) -> None:
    number = wish()
    shown = still_said(number)
    assert edit_wish(number, words_for({"words": "想要蓝书包"}), "staff-1", shown)
    with pytest.raises(StaleOrder, match="内容改成了“想要蓝书包”"):
        edit_wish(number, words_for({"words": "想要一个书包，六年级用"}), "staff-2", shown)
    assert look(number).words == "想要蓝书包"


def test_a_wish_that_is_on_hold_can_be_changed_and_one_that_is_over_says_so(
    sqlite_house: House, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    do(number, "accept")
    do(number, "hold", reason="等货", date="2026-09-30")
    assert [choice.number for choice in editable_wishes()] == [number]
    assert edit(number, "想要一个蓝书包")
    do(number, "resume")
    do(number, "claim", to="m-241")
    do(number, "finish", reason="送到了")
    do(number, "rate", by="resident", grade="satisfied", solved=True)
    assert still_said(number) is None
    with pytest.raises(DiandanError, match="现在是“已评单”。"):
        edit(number, "想要两个书包")


def test_once_it_is_claimed_its_words_stay(
    sqlite_house: House, wish: Callable[..., str], do: Do, rows: Rows
) -> None:
    number, free = wish(), wish(words="想要一副老花镜")
    do(number, "accept")
    assert [choice.number for choice in editable_wishes()] == [free, number]
    do(number, "claim", to="m-241")
    with pytest.raises(DiandanError, match="“边巴德吉”已经认领了，要补充的请写在进展里。"):
        edit(number, "想要两个书包")
    assert [choice.number for choice in editable_wishes()] == [free]
    do(number, "release", reason="家里有事")
    assert edit(number, "想要两个书包")
    do(free, "withdraw", by="resident")
    with pytest.raises(DiandanError, match="现在是“撤单”。"):
        edit(free, "不要了")
    assert len(rows(Edit)) == 1


@pytest.mark.parametrize(
    ("kind", "who", "words", "sentence"),
    [
        ("appeal", "staff-1", "路灯", "是“诉求”，不是心愿。"),
        ("small_wish", "m-241", "书包", "改内容要由社区干部来做。"),
        ("small_wish", "staff-1", " \n ", "内容（words）”没有填"),
        ("small_wish", "staff-1", "长" * 10_001, "太长了，最多 10000 个字。"),
    ],
)
def test_what_is_not_right_is_refused_and_leaves_nothing(
    sqlite_house: House,
    place: Callable[..., str],
    rows: Rows,
    kind: str,
    who: str,
    words: str,
    sentence: str,
) -> None:
    number = place(kind=kind, words="原来的话")
    with pytest.raises(DiandanError, match=sentence):
        edit(number, words, who)
    assert order_json(number)["words"] == "原来的话"
    assert rows(Edit) == []


def test_a_resident_who_is_forgotten_stands_in_no_earlier_words_either(
    sqlite_house: House, wish: Callable[..., str], do: Do, rows: Rows, monday: datetime
) -> None:
    number = wish(words="请打 13900000001 找居民甲", place="二号院")
    edit(number, "想要一个书包", place="二号院", reason="居民甲说的")
    do(number, "withdraw", by="resident")
    with clock_at(monday + timedelta(days=400)):
        assert forget_residents().counts == {"forgotten": 1}
    (kept,) = rows(Edit)
    assert (kept.words, kept.place, kept.reason) == ("请打 ••• 找•••", "", "•••说的")
