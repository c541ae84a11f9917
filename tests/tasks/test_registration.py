"""双报到: who registers, who may claim what, and what becomes of their orders when they leave."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from tasks.db import transaction
from tasks.directory import member_lines
from tasks.errors import DiandanError, NotForThem, Refused
from tasks.house import House
from tasks.models.enums import Status
from tasks.models.tables import Member, Order
from tasks.registration import join, leave, register, registered, verify
from tasks.requests import member_for

Do = Callable[..., None]
Look = Callable[[str], Order]
NEWCOMER = {"name": "拉姆措", "phone": "139 0000 1234", "to": "供电所", "times": "周末"}

pytestmark = pytest.mark.usefixtures("monday")


def a_newcomer(verified: bool = True, **changes: Any) -> str:
    return register(member_for({**NEWCOMER, **changes}), "staff-1", verified=verified)


# --- registering --------------------------------------------------------------------------------------


def test_who_registers_may_claim_once_a_coordinator_has_verified_them(
    database: House, place_at: Callable[..., str], do: Do, look: Look
) -> None:
    new = a_newcomer(verified=False, skills=["电工"], grids=["第三网格"])
    assert new == "r-0001"
    number = place_at("taken")
    with pytest.raises(Refused, match="“拉姆措”还没有通过核实，不能认领。"):
        do(number, "claim", to=new)
    assert (verify([new], "staff-2"), verify([new], "staff-2")) == (1, 0)
    do(number, "claim", by="拉姆措", to="拉姆措")
    assert look(number).member == new
    assert registered() == [
        {
            "id": "r-0001",
            "name": "拉姆措",
            "from": "unit-power",
            "teams": ["unit-power"],
            "skills": ["电工"],
            "grids": ["grid-3"],
            "times": "周末",
            "verified": True,
            "left": False,
        }
    ]
    assert member_lines()["拉姆措（供电所）"] == new


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "“名字（name）”没有填"),
        ({"phone": ""}, "“电话（phone）”没有填"),
        ({"phone": "12345"}, "“12345”不是电话号码"),
        ({"phone": "+86 13900001234"}, "“拉姆措”已经用这个电话报到过。"),
        ({"phone": "13900005678"}, "这个单位或队伍里已经有“拉姆措”"),
        ({"to": "nowhere"}, "没有承办方“nowhere”"),
        ({"name": "新人", "phone": "13900005678", "grids": ["grid-99"]}, "没有网格“grid-99”"),
        ({"age": "30"}, "“报到”没有这一项，可以填：name、phone、to、"),
    ],
)
def test_a_registration_that_is_not_right_is_refused_and_leaves_nothing(
    sqlite_house: House, rows: Callable[..., list[Any]], changes: dict[str, Any], sentence: str
) -> None:
    a_newcomer()
    known = len(rows(Member))
    with pytest.raises(DiandanError) as caught:
        a_newcomer(**changes)
    assert sentence in str(caught.value)
    assert len(rows(Member)) == known


def test_many_register_at_once_and_nobody_gets_another_s_id(database: House) -> None:
    def come(turn: int) -> str:
        return a_newcomer(name=f"志愿者{turn}", phone=f"139000020{turn:02d}")

    with ThreadPoolExecutor(8) as people:
        ids = list(people.map(come, range(16)))
    assert sorted(ids) == [f"r-{n:04d}" for n in range(1, 17)]


def test_only_a_coordinator_verifies(sqlite_house: House) -> None:
    new = a_newcomer(verified=False)
    for deed in (
        lambda: verify([new], "m-241"),
        lambda: register(
            member_for({**NEWCOMER, "name": "乙", "phone": "13900005678"}), "m-241", verified=True
        ),
        lambda: leave(new, None, "m-241"),
    ):
        with pytest.raises(DiandanError, match="核实要由社区干部来做。"):
            deed()


# --- more than one team -------------------------------------------------------------------------------


def test_who_joins_a_second_team_acts_for_both(
    database: House, place_at: Callable[..., str], do: Do, look: Look
) -> None:
    number = place_at("assigned")
    with pytest.raises(NotForThem):
        do(number, "take", by="m-244")  # of the water works
    join("m-244", "供电所", "staff-1")
    do(number, "take", by="m-244")
    do(number, "claim", by="m-244", to="m-244")
    assert look(number).member == "m-244"
    with pytest.raises(DiandanError, match="已经在里面了。"):
        join("m-244", "unit-power", "staff-1")


# --- leaving ------------------------------------------------------------------------------------------


def test_who_leaves_a_team_hands_its_live_orders_back_and_keeps_the_others(
    database: House, place_at: Callable[..., str], place: Any, do: Do, look: Look
) -> None:
    in_hand, held, done = place_at("claimed"), place_at("claimed"), place_at("done")
    do(held, "hold", reason="等零件", date="2026-10-09")
    wish = place(kind="small_wish", category="wishes", words="想要一个书包")
    do(wish, "accept")
    do(wish, "claim", to="m-241")
    join("m-241", "unit-water", "staff-1")
    assert leave("m-241", "unit-power", "staff-1") == [in_hand, held]
    assert (look(in_hand).status, look(in_hand).member) == (Status.TAKEN, None)
    assert (look(held).status, look(held).member) == (Status.ON_HOLD, None)
    assert (look(held).before, look(held).hold_until) == (Status.TAKEN, date(2026, 10, 9))
    assert look(done).member == "m-241"  # it is done: who did it stands there
    assert look(wish).member == "m-241"
    with pytest.raises(Refused, match="不是“供电所”的人"):
        do(in_hand, "claim", to="m-241")


def test_who_leaves_altogether_claims_nothing_any_more_until_they_are_verified_again(
    database: House, place: Any, do: Do, look: Look
) -> None:
    wish = place(kind="small_wish", category="wishes", words="想要一个书包")
    do(wish, "accept")
    do(wish, "claim", to="m-241")
    assert leave("边巴德吉", None, "staff-1") == [wish]
    assert look(wish).status is Status.ACCEPTED
    with pytest.raises(Refused, match="还没有通过核实"):
        do(wish, "claim", to="m-241")
    assert "边巴德吉（供电所）" not in member_lines()
    with pytest.raises(DiandanError, match="“边巴德吉”不在里面。"):
        leave("m-241", None, "staff-1")
    join("m-241", "unit-power", "staff-1")
    verify(["m-241"], "staff-1")
    do(wish, "claim", to="m-241")


def test_a_hold_that_ends_today_does_not_keep_anybody_in_a_team(
    sqlite_house: House, place_at: Callable[..., str], do: Do, look: Look, rows: Any
) -> None:
    number = place_at("claimed")
    do(number, "hold", reason="等零件", date="2026-09-15")
    with transaction(sqlite_house.database) as session:
        order = session.merge(look(number))
        order.hold_until = date(2026, 9, 14)
    assert leave("m-241", "unit-power", "staff-1") == [number]
    assert look(number).status is Status.TAKEN


def test_nobody_leaves_with_an_order_that_is_before_the_meeting(
    database: House, place_at: Callable[..., str], do: Do, look: Look
) -> None:
    number = place_at("claimed")
    do(number, "refer", reason="要几家一起办")
    with pytest.raises(DiandanError, match=f"手里的 {number} 在会议上，请先等会议决定。"):
        leave("m-241", None, "staff-1")
    do(number, "send_back", reason="先请网格协调")
    assert leave("m-241", None, "staff-1") == [number]


def test_who_left_and_comes_back_is_the_same_person(database: House) -> None:
    new = a_newcomer()
    leave(new, None, "staff-1")
    with pytest.raises(DiandanError, match="已经退出，请先加入单位或队伍。"):
        verify([new], "staff-1")
    assert a_newcomer(to="自来水厂", verified=False) == new
    (again,) = registered()
    assert (again["teams"], again["verified"], again["left"]) == (["unit-water"], False, False)


def test_two_who_register_the_same_phone_at_once_are_one(database: House) -> None:
    def come(turn: int) -> str:
        try:
            return a_newcomer(name=f"志愿者{turn}")
        except DiandanError:
            return ""

    with ThreadPoolExecutor(4) as people:
        ids = list(people.map(come, range(4)))
    assert sorted(ids)[:3] == ["", "", ""]
    assert len(registered()) == 1
