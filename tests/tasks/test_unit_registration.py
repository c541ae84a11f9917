"""双报到 of units: what registers, and from when on orders can be assigned to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from config.settings import Settings
from config.units import RegisteredUnit, with_units
from tasks.desk import look_at
from tasks.errors import DiandanError, Refused
from tasks.house import House, house, move_in
from tasks.models.enums import Status
from tasks.models.tables import Order
from tasks.requests import unit_for
from tasks.unit_registration import register_unit, registered_units, verify_units
from tasks.views import messages_json

Do = Callable[..., None]
CLINIC = {"name": "藏医诊所", "phone": "139 0000 5678", "contact": "次医生"}
LEARNS = {"categories": ["供电照明"], "grids": ["第三网格"], "skills": ["修灯"]}

pytestmark = pytest.mark.usefixtures("monday")


def a_unit(verified: bool = True, **changes: Any) -> str:
    return register_unit(unit_for({**CLINIC, **LEARNS, **changes}), "staff-1", verified=verified)


def test_a_unit_that_registered_is_assigned_to_once_a_coordinator_has_verified_it(
    database: House, place_at: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    new = a_unit(verified=False)
    assert new == "u-0001"
    number = place_at("accepted")
    with pytest.raises(DiandanError, match="没有承办方“u-0001”"):
        do(number, "assign", to=new)
    assert (verify_units([new], "staff-2"), verify_units([new], "staff-2")) == (1, 0)
    do(number, "assign", to="藏医诊所")
    assert (look(number).handler, look(number).status) == (new, Status.ASSIGNED)
    (told,) = [one for one in messages_json() if one["audience"] == "handler"]
    assert (told["recipient"], told["channel"], told["state"]) == (new, "by-hand", "queued")
    do(number, "take", by=new)
    assert look(number).status is Status.TAKEN


def test_what_a_unit_does_not_take_on_and_where_it_does_not_go_is_not_assigned_to_it(
    sqlite_house: House, place_at: Callable[..., str], do: Do
) -> None:
    new = a_unit(grids=["第一网格"])
    with pytest.raises(Refused, match="“藏医诊所”不办“供电照明”"):
        do(place_at("accepted"), "assign", to=new)  # in another grid
    a_unit(categories=[], grids=[])
    with pytest.raises(Refused, match="“藏医诊所”不办“供电照明”"):
        do(place_at("accepted"), "assign", to=new)


def test_one_that_the_configuration_knows_keeps_its_id_and_its_ways_and_takes_on_more(
    sqlite_house: House, place_at: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    assert a_unit(name="自来水厂") == "unit-water"
    assert house().catalog.handlers["unit-water"].phone == "0893-0000054"
    number = place_at("accepted")
    do(number, "assign", to="unit-water")
    assert look(number).handler == "unit-water"
    assert [one["id"] for one in registered_units()] == ["unit-water"]


def test_who_registers_again_says_it_anew_and_stays_verified(sqlite_house: House) -> None:
    first = a_unit()
    assert a_unit(verified=False, phone="0893-1234567", skills=[]) == first
    (unit,) = registered_units()
    assert (unit["phone"], unit["skills"], unit["verified"]) == ("08931234567", [], True)


@pytest.mark.parametrize("who", ["resident", "unit-power", "m-241"])
def test_only_a_coordinator_changes_what_a_verified_unit_says(
    sqlite_house: House, who: str
) -> None:
    a_unit()
    with pytest.raises(DiandanError, match="核实要由社区干部来做。"):
        register_unit(unit_for({**CLINIC, "phone": "13911112222"}), who)
    assert registered_units()[0]["phone"] == "13900005678"


def test_what_waits_to_be_assigned_offers_the_unit_in_its_next_form(
    sqlite_house: House, place_at: Callable[..., str], look: Callable[[str], Order]
) -> None:
    placed, accepted, done = place_at("placed"), place_at("accepted"), place_at("done")
    before = {number: look_at(number).key for number in (placed, accepted, done)}
    new = a_unit(verified=False)
    assert {number: look_at(number).key for number in before} == before
    verify_units([new], "staff-1")
    changed = [number for number, key in before.items() if look_at(number).key != key]
    assert changed == [accepted]  # of one that has no category yet every handler is offered


def test_a_unit_that_the_files_rename_or_describe_later_stays_one_body(
    settle: Callable[..., House],
    sqlite_house: House,
    community: Callable[..., Any],
    place_at: Callable[..., str],
    do: Do,
    look: Callable[[str], Order],
) -> None:
    a_unit(name="自来水厂")
    a_unit()
    renamed = {"unit-water": {"name": "新水务公司"}, "unit-post": {"name": "藏医诊所"}}
    settle(config=community({"handlers.yaml": {"units": renamed}}))
    house().look_again()
    handlers = house().catalog.handlers
    assert (handlers["unit-water"].name, handlers["unit-post"].name) == ("新水务公司", "藏医诊所")
    assert "u-0001" not in handlers
    number = place_at("accepted")
    do(number, "assign", to="藏医诊所")
    assert look(number).handler == "unit-post"
    assert a_unit(name="新水务公司") == "unit-water"
    assert [one["name"] for one in registered_units()] == ["藏医诊所", "新水务公司"]


def test_a_unit_none_of_whose_grids_is_left_is_offered_nowhere(sqlite_house: House) -> None:
    gone = RegisteredUnit("u-0009", "藏医诊所", "13900005678", ("grid-gone",), ("street-light",))
    catalog = with_units(house().description, [gone])
    assert not catalog.serves("u-0009", "street-light", "grid-3")


def test_another_process_knows_the_unit_too(sqlite_house: House) -> None:
    new = a_unit()
    other = move_in(Settings(_env_file=None, **sqlite_house.settings.model_dump()))  # type: ignore[call-arg]
    assert other.catalog.handlers[new].name == "藏医诊所"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"phone": "12"}, "“12”不是电话号码"),
        ({"name": " "}, "名字（name）”没有填"),
        ({"name": "暖心助老服务队"}, "“暖心助老服务队”是社区的队伍，不用报到。"),
        ({"name": "边巴德吉"}, "“边巴德吉”是一个人的名字，请写单位的全称。"),
        ({"name": "洛桑罗布"}, "“洛桑罗布”是一个人的名字，请写单位的全称。"),
        ({"grids": ["第九十九网格"]}, "没有网格“第九十九网格”"),
        ({"categories": ["看牙"]}, "没有类别“看牙”"),
    ],
)
def test_a_registration_that_is_not_right_is_refused_and_leaves_nothing(
    sqlite_house: House, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(DiandanError, match=sentence):
        a_unit(**changes)
    assert registered_units() == []


def test_only_a_coordinator_verifies_a_unit(sqlite_house: House) -> None:
    new = a_unit(verified=False)
    with pytest.raises(DiandanError, match="核实要由社区干部来做。"):
        verify_units([new], "m-241")
    with pytest.raises(DiandanError, match="没有报到的单位“u-0099”。"):
        verify_units(["u-0099"], "staff-1")


def test_many_register_at_once_and_each_has_its_own_id(database: House) -> None:
    with ThreadPoolExecutor(8) as people:
        ids = list(people.map(lambda turn: a_unit(name=f"单位 {turn % 4}"), range(8)))
    assert sorted(set(ids)) == ["u-0001", "u-0002", "u-0003", "u-0004"]
    assert len(registered_units()) == 4
