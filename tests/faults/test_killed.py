"""Whoever dies, and when: the order goes on, and what was answered is done once, by whom it was."""

from __future__ import annotations

import pytest

from flows.stuck import free_stuck_runs

pytestmark = pytest.mark.server
LUO, GE = "洛桑罗布", "格桑卓玛"
PLACED, ACCEPTED_BY_GE = ("place", "staff-1"), [("accept", "staff-2"), ("assign", "staff-2")]


def test_an_order_goes_on_although_the_worker_was_killed_while_it_waited(up, kill, wait) -> None:
    number = up.place()
    run, dead = up.waiting(number), up.workers()
    kill(dead)
    up.answer(run, who=GE)
    assert up.waiting(number) == run
    assert up.deeds(number) == [PLACED, *ACCEPTED_BY_GE]
    assert up.workers() and not set(up.workers()) & set(dead)


def test_an_answer_that_no_worker_has_seen_is_applied_once_by_the_next_worker(up, kill) -> None:
    number = up.place()
    run = up.waiting(number)
    with up.nobody_working():
        up.answer(run, who=GE)
        kill(up.workers())
    assert up.waiting(number) == run
    assert up.deeds(number) == [PLACED, *ACCEPTED_BY_GE]


def test_an_answer_whose_process_was_killed_is_applied_once(up, kill, wait, agree) -> None:
    number = up.place()
    run = up.waiting(number)
    up.answer(run, who=GE)
    wait(up.carriers, every=0.01)
    kill(up.carriers())
    wait(lambda: agree() and up.is_waiting(number), every=1)
    assert up.waiting(number) == run
    assert up.deeds(number) == [PLACED, *ACCEPTED_BY_GE]


def test_what_was_done_before_the_process_was_killed_is_not_done_again(
    up, kill, wait, ask_prefect
) -> None:
    number = up.place()
    run = up.waiting(number)
    up.answer(run, who=GE)
    wait(lambda: len(up.deeds(number)) > 1, every=0.002)
    kill(up.workers() + up.carriers())
    ask_prefect(lambda client: free_stuck_runs(client, all_are_dead=True))
    up.waiting(number)
    assert up.deeds(number) == [PLACED, *ACCEPTED_BY_GE]
    assert "太晚" not in up.form(up.waiting(number))["description"]


def test_the_launcher_alone_frees_what_died_together_with_its_worker(up, kill, wait) -> None:
    number = up.place()
    run = up.waiting(number)
    up.answer(run, who=GE)
    wait(lambda: up.state(run) == "RUNNING", every=0.01)
    kill(up.workers() + up.carriers())
    assert up.waiting(number) == run
    assert up.deeds(number) == [PLACED, *ACCEPTED_BY_GE]


def test_two_registrations_survive_a_worker_that_died_over_both(fresh, kill, wait) -> None:
    ours = fresh()
    ours.start()
    words = {"第一盏路灯不亮", "第二盏路灯不亮"}
    for one in words:
        ours.begin("register/登记", 登记={"who": GE, "words": one, "resident": "王阿姨"})
    wait(lambda: len(ours.runs(["PENDING", "RUNNING"])) == 2, every=0.01)
    kill(ours.workers() + ours.carriers())
    wait(lambda: len(ours.typed("orders", "--json")) == 2)
    assert {order["words"] for order in ours.typed("orders", "--json")} == words
