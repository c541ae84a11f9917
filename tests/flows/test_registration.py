"""双报到 in the Prefect UI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.registration import (
    join_team,
    leave_team,
    register_member,
    register_new_unit,
    verify_members,
)
from tasks.db import reading
from tasks.directory import teams_of
from tasks.house import house
from tasks.models.enums import Status
from tasks.models.tables import Order
from tasks.registration import registered
from tasks.unit_registration import registered_units

FLOWS = {
    "register-member/党员报到": register_member,
    "register-unit/单位报到": register_new_unit,
    "verify-members/核实报到": verify_members,
    "join-team/加入队伍": join_team,
    "leave-team/退出队伍": leave_team,
}


@pytest.fixture
def start(prefect: Any) -> Callable[[str], Any]:
    """A coordinator starts one of them."""
    return lambda name: prefect.start(name, FLOWS[name].fn)


@pytest.fixture
def fill(prefect: Any) -> Callable[..., None]:
    """The coordinator 洛桑罗布 fills the form that the run shows."""

    def send(run: Any, deployment: str, **values: Any) -> None:
        prefect.answer(run.id, **{"who": "洛桑罗布", **values})
        prefect.process(run.id, FLOWS[deployment].fn)

    return send


def test_who_registers_is_noted_and_a_slip_is_asked_again_with_all_that_was_typed(
    prefect: Any, start: Callable[[str], Any], fill: Callable[..., None]
) -> None:
    name = "register-member/党员报到"
    run = start(name)
    typed = {"name": "拉姆措", "to": "供电所", "skills": "电工、驾驶", "grids": ["第三网格"]}
    fill(run, name, phone="123", **typed)
    form = prefect.form_of(run.id)
    assert "“123”不是电话号码" in form.description
    assert form.preselected["skills"] == "电工、驾驶"
    fill(run, name, phone="13900001234", seen="以后再核实", **typed)
    assert (run.state.is_completed(), run.name) == (True, "党员报到 · r-0001")
    (new,) = registered()
    assert (new["skills"], new["grids"], new["verified"]) == (["电工", "驾驶"], ["grid-3"], False)
    assert not [key for id, key in prefect.inputs if id == run.id]  # nothing typed is kept

    name = "verify-members/核实报到"
    run = start(name)
    assert prefect.form_of(run.id).fields["seen"]["items"]["enum"] == ["r-0001 拉姆措"]
    fill(run, name, seen=[])
    assert "还没有选" in prefect.form_of(run.id).description
    fill(run, name, seen=["r-0001 拉姆措"])
    assert run.name == "核实报到 · 1 人"
    assert registered()[0]["verified"]
    assert start(name).state.is_completed()
    assert prefect.log[-1] == "没有要核实的人和单位。"


def test_who_leaves_hands_the_orders_back_and_their_runs_show_it(
    prefect: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Callable[..., str],
    desk: Any,
    look: Callable[[str], Order],
) -> None:
    number = open_order("claimed")
    name = "leave-team/退出队伍"
    run = start(name)
    fill(run, name, member="边巴德吉（供电所）", **{"from": "自来水厂"})
    assert "“边巴德吉”不在里面。" in prefect.form_of(run.id).description
    fill(run, name, member="边巴德吉（供电所）", **{"from": "供电所"})
    assert run.name == "退出队伍 · 退回 1 件"
    assert look(number).status is Status.TAKEN
    assert desk.form(number).name == "ClaimForm"


def test_a_unit_registers_and_is_verified_beside_the_members(
    prefect: Any, start: Callable[[str], Any], fill: Callable[..., None]
) -> None:
    name = "register-unit/单位报到"
    run = start(name)
    typed = {"name": "藏医诊所", "phone": "13900005678", "contact": "次医生", "seen": "以后再核实"}
    fill(run, name, **{**typed, "name": "暖心助老服务队"})
    assert "“暖心助老服务队”是社区的队伍，不用报到。" in prefect.form_of(run.id).description
    fill(run, name, **typed, categories=["医疗养老"], skills="量血压，看牙", grids=["第一网格"])
    assert run.name == "单位报到 · u-0001"
    (unit,) = registered_units()
    assert (unit["categories"], unit["skills"]) == (["medical-care"], ["量血压", "看牙"])
    name = "verify-members/核实报到"
    run = start(name)
    fill(run, name, seen=["u-0001 藏医诊所（单位）"])
    assert run.name == "核实报到 · 0 人，1 个单位"
    assert house().catalog.handlers["u-0001"].name == "藏医诊所"


def test_who_joins_a_second_team_belongs_to_both_and_joins_it_once(
    prefect: Any, start: Callable[[str], Any], fill: Callable[..., None]
) -> None:
    name = "join-team/加入队伍"
    run = start(name)
    both = {"member": "边巴德吉（供电所）", "to": "暖心助老服务队"}
    fill(run, name, **both)
    assert run.name == "加入队伍 · 边巴德吉到暖心助老服务队"
    with reading(house().database) as session:
        assert teams_of(session, "m-241") == {"unit-power", "team-care"}
    run = start(name)
    fill(run, name, **both)
    assert "“边巴德吉”已经在里面了。" in prefect.form_of(run.id).description
