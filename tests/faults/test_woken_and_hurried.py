"""Runs woken for nothing, answers that come at once, too late, or wrong: nobody's decision is lost or made up."""

from __future__ import annotations

import pytest

from flows.forms.steps import WAITING
from flows.order import TOO_LATE
from tasks.models.enums import Status

pytestmark = pytest.mark.server
LUO, GE = "洛桑罗布", "格桑卓玛"
LATER = {"reason": "等材料", "date": "2099-01-01"}
PLAN = {"to": "unit-roads", "yuan": "100", **LATER}
ACCEPT, REFER = ("accept", {"category": "street-light"}), ("refer", {"reason": "要商量"})
ASSIGN, TAKE = ("assign", {"to": "unit-power"}), ("take", {})
CLAIM, FINISH = ("claim", {"to": "m-241"}), ("finish", {"reason": "换了灯泡"})
STEPS = {
    "placed": (),
    "accepted": (ACCEPT,),
    "assigned": (ACCEPT, ASSIGN),
    "taken": (ACCEPT, ASSIGN, TAKE),
    "claimed": (ACCEPT, ASSIGN, TAKE, CLAIM),
    "done": (ACCEPT, ASSIGN, TAKE, CLAIM, FINISH),
    "on_hold": (ACCEPT, ("hold", LATER)),
    "in_meeting": (ACCEPT, REFER),
    "funding": (ACCEPT, REFER, ("open_funding", PLAN)),
}


def test_whoever_is_woken_twice_for_nothing_has_decided_nothing(up, agree) -> None:
    orders = {
        status: up.place(
            *steps, kind="big_wish" if status == "funding" else "appeal", words=status, show=False
        )
        for status, steps in STEPS.items()
    }
    assert {Status(status) for status in orders} == set(WAITING)
    agree()
    runs = {number: up.waiting(number) for number in orders.values()}
    before = {number: (up.stands(number), up.deeds(number)) for number in runs}
    for _ in range(2):
        for run in runs.values():
            up.wake(run)
    for status, number in orders.items():
        assert up.waiting(number) == runs[number]
        assert up.form(runs[number])["title"] == WAITING[Status(status)].name
        assert up.stands(number)[0] == status
    assert {number: (up.stands(number), up.deeds(number)) for number in runs} == before
    assert not {run["id"] for run in up.order_runs(["FAILED", "CRASHED"])} & set(runs.values())


def test_answers_as_quick_as_the_forms_are_taken_and_the_worker_lives_on(up, wait) -> None:
    number = up.place(category="street-light")
    run, workers = up.waiting(number), up.workers()
    finish, rate = {"who": LUO, "reason": "换了灯泡"}, {"who": GE, "grade": "满意"}
    for values in ({"who": LUO}, {"who": LUO}, finish, rate):
        wait(lambda: up.state(run) == "PAUSED", every=0.01)
        up.answer(run, **values)
    wait(lambda: up.state(run) == "COMPLETED")
    deeds = ("accept", "assign", "take", "claim", "finish")
    assert up.deeds(number)[1:] == [*((deed, "staff-1") for deed in deeds), ("rate", "staff-2")]
    assert up.workers() == workers


def test_an_answer_that_came_too_late_changes_nothing_and_the_form_says_so(up, wait) -> None:
    moved, ended = up.place(), up.place()
    runs = {number: up.waiting(number) for number in (moved, ended)}
    with up.nobody_working():
        for run in runs.values():
            up.answer(run, who=LUO, handler="供电所")
        up.typed("act", moved, "accept", "--by", "staff-3")
        up.typed("act", ended, "withdraw", "--by", "resident")
    assert up.waiting(moved) == runs[moved]
    wait(lambda: up.state(runs[ended]) == "COMPLETED")
    assert up.deeds(moved)[1:] == [("accept", "staff-3")]
    assert up.deeds(ended)[1:] == [("withdraw", "resident")]
    form = up.form(runs[moved])
    assert form["title"] == "AssignForm"
    assert TOO_LATE in form["description"]


def test_a_finish_without_a_word_shows_the_form_again_and_says_why(up) -> None:
    number = up.place(*STEPS["claimed"])
    run, before = up.waiting(number), up.stands(number)
    up.answer(run, who=GE, step="办结", reason="")
    assert up.waiting(number) == run
    form = up.form(run)
    assert form["title"] == "WorkForm"
    assert "⚠️" in form["description"] and "必须填写" in form["description"]
    assert up.stands(number) == before


def test_of_two_who_start_the_meeting_at_once_one_writes_it_down(up, wait) -> None:
    runs = [up.begin("meeting/周例会", what="周例会") for _ in range(2)]
    wait(lambda: sorted(up.state(run) for run in runs) == ["COMPLETED", "PAUSED"])
    writing, led_away = sorted(runs, key=up.state, reverse=True)
    assert up.run(led_away)["name"] == "周例会 · 已在另一个运行里"
    up.answer(writing, who=LUO, present=["格桑卓玛"])
    wait(lambda: up.state(writing) == "COMPLETED")
    third = up.begin("meeting/周例会", what="周例会")
    wait(lambda: up.state(third) == "PAUSED")
    up.set_state(third, type="CANCELLED")
    fourth = up.begin("meeting/周例会", what="周例会")
    wait(lambda: up.state(fourth) == "PAUSED")
    up.answer(fourth, who=LUO, present=["格桑卓玛"], chair="洛桑罗布")
    wait(lambda: up.state(fourth) == "COMPLETED")
    assert "到会：洛桑罗布、格桑卓玛（2）" in up.board("meeting")
