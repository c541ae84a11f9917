"""Flows of one form: what was done is done once, whenever their process dies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.registration import leave_team, register_member
from tasks.db import reading, transaction
from tasks.done import Done, do_once
from tasks.errors import BadInput
from tasks.house import House, house
from tasks.models.tables import Counter, DoneForm
from tasks.registration import registered

TYPED = {"who": "洛桑罗布", "name": "拉姆措", "phone": "13900001234", "to": "供电所"}


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture
def dies(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes a run up, and kills its process as soon as it asks something of Prefect."""

    def take_up(prefect: Any, run: Any, work: Any, asked: str) -> None:
        async def die(*_given: Any, **_more: Any) -> None:
            raise Killed

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(prefect, asked, die)
            prefect.process(run.id, work.fn)

    return take_up


@pytest.mark.parametrize("asked", ["update_flow_run", "filter_flow_run_input"])
def test_who_was_registered_before_the_process_died_is_not_refused_after_it(
    prefect: Any, dies: Callable[..., None], asked: str
) -> None:
    run = prefect.start("register-member/党员报到", register_member.fn)
    prefect.answer(run.id, **TYPED)
    dies(prefect, run, register_member, asked)
    assert len(registered()) == 1
    prefect.process(run.id, register_member.fn)
    assert (run.state.is_completed(), run.name) == (True, "党员报到 · r-0001")
    assert [one["id"] for one in registered()] == ["r-0001"]
    assert not [key for id, key in prefect.inputs if id == run.id]


def test_a_run_that_had_only_to_end_asks_for_nobody_else(prefect: Any) -> None:
    run = prefect.start("register-member/党员报到", register_member.fn)
    prefect.answer(run.id, **TYPED)
    prefect.process(run.id, register_member.fn)
    prefect.process(run.id, register_member.fn)  # it died before Prefect knew that it had ended
    assert run.state.is_completed()
    assert prefect.log == ["党员报到 · r-0001"] * 2


def test_the_orders_of_who_left_show_it_after_the_process_died(
    prefect: Any, dies: Callable[..., None], open_order: Callable[..., str], desk: Any
) -> None:
    number = open_order("claimed")
    run = prefect.start("leave-team/退出队伍", leave_team.fn)
    left = {"member": "边巴德吉（供电所）", "from": "供电所"}
    prefect.answer(run.id, who="洛桑罗布", **left)
    dies(prefect, run, leave_team, "set_flow_run_state")
    prefect.process(run.id, leave_team.fn)
    assert run.name == "退出队伍 · 退回 1 件"
    assert desk.form(number).name == "ClaimForm"


def test_an_answer_that_came_while_the_run_still_suspended_is_not_lost(prefect: Any) -> None:
    prefect.answer_meanwhile = TYPED
    run = prefect.start("register-member/党员报到", register_member.fn)
    assert (run.state.is_completed(), run.name) == (True, "党员报到 · r-0001")


# --- what is written with the deed ----------------------------------------------------------------


def count_one() -> Done:
    """A deed with a transaction of its own."""
    with transaction(house().database) as session:
        counter = session.get(Counter, "deeds") or Counter(series="deeds", last=0)
        counter.last += 1
        session.add(counter)
        return Done(f"第 {counter.last} 次", ["A-2026-0001"])


def counted() -> int:
    """How often it was done."""
    with reading(house().database) as session:
        found = session.get(Counter, "deeds")
        return found.last if found else 0


def test_a_run_does_its_deed_once_and_another_run_its_own(database: House) -> None:
    first = do_once("run-1", count_one)
    assert first == Done("第 1 次", ["A-2026-0001"])
    assert do_once("run-1", count_one) == first
    assert counted() == 1
    assert do_once("run-2", count_one).said == "第 2 次"


def test_of_a_deed_that_was_refused_nothing_stays_and_it_can_be_tried_again(
    database: House,
) -> None:
    def refuse() -> Done:
        count_one()
        raise BadInput(field="谁", problem="不行。")

    with pytest.raises(BadInput):
        do_once("run-1", refuse)
    with reading(house().database) as session:
        assert session.get(DoneForm, "run-1") is None
    assert counted() == 0
    assert do_once("run-1", count_one).said == "第 1 次"
