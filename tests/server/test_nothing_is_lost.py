"""Whatever dies, is killed, cancelled, deleted or wiped: every order waits exactly once, every answer counts once."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.intake import place_order
from tasks.models.enums import Action
from tasks.models.inputs import Place
from tasks.orders import act
from tasks.requests import request_for

pytestmark = pytest.mark.server
LUO, GE = "洛桑罗布", "格桑卓玛"


def kill(pids: list[int], how: signal.Signals = signal.SIGKILL) -> None:
    for pid in pids:
        try:
            os.kill(pid, how)
        except ProcessLookupError:
            continue


def until(true: Callable[[], Any], patience: float = 180.0) -> Any:
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def test_the_server_itself_schedules_every_sweep(installed: Any) -> None:
    def scheduled() -> set[str]:
        later = {"state": {"type": {"any_": ["SCHEDULED"]}}}
        runs = installed.runs(flow_runs=later)
        return {run["name"] for run in runs if run["auto_scheduled"]}

    until(lambda: {"核对", "发消息"} <= scheduled() or len(scheduled()) >= 2)
    flows = {f["id"]: f["name"] for f in installed.api.post("/flows/filter", json={}).json()}
    later = {"state": {"type": {"any_": ["SCHEDULED"]}}}
    due = {
        flows[run["flow_id"]] for run in installed.runs(flow_runs=later) if run["auto_scheduled"]
    }
    assert due >= {"reconcile", "outbox"}


def test_an_answer_goes_on_after_the_worker_was_killed_while_the_order_waited(
    installed: Any,
) -> None:
    number = installed.place()
    run = installed.waiting(number)
    before = installed.workers()
    kill(before)
    until(lambda: (now := installed.workers()) and not set(now) & set(before))
    key = installed.key(run)
    assert installed.answer(run, who=LUO)["status"] == "ACCEPT"
    installed.waiting(number, not_key=key)
    assert installed.deeds(number) == [
        ("place", "resident"),
        ("accept", "staff-1"),
        ("assign", "staff-1"),
    ]


def test_an_answer_that_was_stored_when_everything_was_killed_counts_once(installed: Any) -> None:
    number = installed.place()
    run = installed.waiting(number)
    key = installed.key(run)
    assert installed.answer(run, who=GE)["status"] == "ACCEPT"
    kill(installed.workers() + installed.engines())  # before, or while, the step is applied
    installed.waiting(number, not_key=key)
    assert installed.deeds(number)[1:] == [("accept", "staff-2"), ("assign", "staff-2")]


def test_a_step_whose_process_is_killed_at_work_is_done_once(installed: Any) -> None:
    number = installed.place()
    run = installed.waiting(number)
    key = installed.key(run)
    installed.answer(run, who=GE)
    until(installed.engines)
    kill(installed.engines())
    installed.cli("reconcile")
    installed.waiting(number, not_key=key)
    assert installed.deeds(number)[1:] == [("accept", "staff-2"), ("assign", "staff-2")]


PLAN = {"to": "unit-roads", "date": "2099-01-01", "reason": "方案", "yuan": "100"}
DEEDS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "placed": [],
    "accepted": [("accept", {})],
    "on_hold": [("accept", {}), ("hold", {"reason": "等材料", "date": "2099-01-01"})],
    "in_meeting": [("accept", {}), ("refer", {"reason": "要商量"})],
    "assigned": [("accept", {"category": "street-light"}), ("assign", {"to": "unit-power"})],
    "funding": [("accept", {}), ("refer", {"reason": "要预算"}), ("open_funding", PLAN)],
}
DEEDS["taken"] = [*DEEDS["assigned"], ("take", {})]
DEEDS["claimed"] = [*DEEDS["taken"], ("claim", {"to": "m-241"})]
DEEDS["done"] = [*DEEDS["claimed"], ("finish", {"reason": "换了灯"})]


def in_every_waiting_status(installed: Any, settle: Callable[..., Any]) -> dict[str, str]:
    """status → the number of an order that waits in it; made behind the installation's back."""
    settle(home=installed.home)
    numbers = {}
    for status, deeds in DEEDS.items():
        kind = "big_wish" if status == "funding" else "appeal"
        order = request_for(Action.PLACE, {"kind": kind, "words": "村口的路灯坏了"})
        assert isinstance(order, Place)
        numbers[status] = place_order(order, "staff-1")
        requests = [request_for(Action(action), values) for action, values in deeds]
        if requests:
            act(numbers[status], requests, "staff-1")
    installed.json("reconcile", "--json")
    return numbers


@pytest.mark.timeout(600)
def test_whoever_is_woken_twice_for_nothing_has_decided_nothing(
    installed: Any, settle: Callable[..., Any]
) -> None:
    numbers = in_every_waiting_status(installed, settle)
    before = {number: installed.order(number)["version"] for number in numbers.values()}
    for _ in range(2):
        asked = {}
        for number in numbers.values():
            run = installed.waiting(number)
            asked[number] = installed.key(run)
            installed.wake(run)
        for number, key in asked.items():
            installed.waiting(number, not_key=key)
    for status, number in numbers.items():
        now = installed.order(number)
        assert (now["status"], now["version"]) == (status, before[number])
    failed = {"state": {"type": {"any_": ["FAILED", "CRASHED"]}}}
    names = [
        run["name"] for run in installed.runs(flow_runs=failed, flows={"name": {"any_": ["order"]}})
    ]
    assert not [name for name in names if any(number in name for number in numbers.values())]


def test_an_answer_as_quick_as_the_form_is_taken(installed: Any) -> None:
    number = installed.place()
    run, key = installed.waiting(number), None
    for values in ({"who": LUO}, {"who": LUO}, {"who": LUO, "reason": "换了灯"}):
        key = until(lambda last=key: (now := installed.key(run)) != last and now)
        assert installed.answer(run, **values)["status"] == "ACCEPT"
    installed.waiting(number, not_key=key)
    assert installed.order(number)["status"] == "done"
    assert installed.workers()


def test_an_answer_that_came_too_late_is_refused_in_words(installed: Any) -> None:
    number = installed.place()
    run = installed.waiting(number)
    key = installed.key(run)
    workers = installed.workers()
    kill(workers, signal.SIGSTOP)
    try:
        assert installed.answer(run, who=LUO)["status"] == "ACCEPT"
        installed.act(number, "withdraw", by="resident")
        other = installed.place()
        other_run = installed.waiting(other)
        other_key = installed.key(other_run)
        assert installed.answer(other_run, who=LUO)["status"] == "ACCEPT"
        installed.act(other, "accept", by="staff-3")
    finally:
        kill(workers, signal.SIGCONT)
    until(lambda: not installed.runs_of(number))
    assert [action for action, _ in installed.deeds(number)] == ["place", "withdraw"]
    shown = installed.waiting(other, not_key=other_key)
    name, description = installed.form(shown)
    assert name == "AssignForm" and "太晚" in description
    assert installed.deeds(other) == [("place", "resident"), ("accept", "staff-3")]
    assert key != installed.key(shown)


def test_a_refused_answer_shows_the_form_again_and_says_why(installed: Any) -> None:
    number = installed.place()
    installed.act(number, "accept")
    run = installed.waiting(number)
    key = installed.key(run)
    installed.answer(run, who=LUO, step="挂起", reason="")
    installed.waiting(number, not_key=key)
    name, description = installed.form(run)
    assert name == "AssignForm" and "必须填写" in description
    assert installed.order(number)["version"] == 2


def test_runs_cancelled_deleted_and_doubled_are_put_right(installed: Any) -> None:
    cancelled, deleted, doubled = installed.place(), installed.place(), installed.place()
    installed.set_state(installed.waiting(cancelled), "CANCELLED")
    installed.api.delete(f"/flow_runs/{installed.waiting(deleted)}")
    original = installed.waiting(doubled)
    deployment = installed.api.get("/deployments/name/order/订单").json()["id"]
    installed.api.post(
        f"/deployments/{deployment}/create_flow_run", json={"parameters": {"number": doubled}}
    )
    until(lambda: len(installed.runs_of(doubled)) == 1 or len(installed.runs_of(doubled)) == 2)
    installed.json("reconcile", "--json")
    assert installed.waiting(cancelled) and installed.waiting(deleted)
    assert original in [run["id"] for run in installed.runs_of(doubled)]


def test_a_wiped_prefect_gets_every_open_order_back_exactly_once(
    fresh: Callable[..., Any],
) -> None:
    mine = fresh()
    mine.start()
    numbers = [mine.place(words=f"第{turn}盏路灯坏了") for turn in range(4)]
    mine.act(numbers[3], "withdraw", by="resident")
    for number in numbers[:3]:
        mine.waiting(number)
    mine.stop()
    shutil.rmtree(mine.home / "prefect")
    mine.start()
    for number in numbers[:3]:
        assert mine.waiting(number)
    assert not mine.runs_of(numbers[3])


def test_two_registrations_survive_a_worker_that_dies_over_them(fresh: Callable[..., Any]) -> None:
    mine = fresh()
    mine.start()
    deployment = mine.api.get("/deployments/name/register/登记").json()["id"]
    for turn in range(2):
        form = {
            "who": LUO,
            "words": f"第{turn}盏路灯坏了",
            "resident": "王阿姨",
            "phone": "0893-0000101",
        }
        mine.api.post(
            f"/deployments/{deployment}/create_flow_run", json={"parameters": {"登记": form}}
        )
    at_work = {"state": {"type": {"any_": ["PENDING", "RUNNING"]}}}
    until(lambda: len(mine.runs(flow_runs=at_work)) == 2)
    kill(mine.workers() + mine.engines())
    until(lambda: len(mine.json("orders", "--json")) == 2, patience=180)
    words = {order["words"] for order in mine.json("orders", "--json")}
    assert words == {"第0盏路灯坏了", "第1盏路灯坏了"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"DIANDAN_HOST": "0.0.0.0"}, "DIANDAN_AUTH_STRING"),
        ({"DIANDAN_CONFIG": "config/nothing"}, "没有这个文件夹"),
        ({"DIANDAN_PORT": "abc"}, "DIANDAN_PORT"),
    ],
)
def test_what_cannot_start_says_why_in_one_sentence(
    fresh: Callable[..., Any], settings: dict[str, str], said: str
) -> None:
    done = fresh(**settings).cli("up")
    assert done.returncode == 2 and said in done.stderr and not done.stdout
    assert "Traceback" not in done.stderr


def test_a_second_start_on_the_same_port_says_so(installed: Any, fresh: Callable[..., Any]) -> None:
    done = fresh(DIANDAN_PORT=str(installed.port)).cli("up")
    assert done.returncode == 2 and str(installed.port) in done.stderr


def test_the_todo_list_names_what_waits_with_its_form_and_no_call_names_a_phone(
    installed: Any,
) -> None:
    number = installed.place(words="桥边的路灯坏了")
    run = installed.waiting(number)

    def board(key: str) -> str:
        wanted = {"artifacts": {"key": {"any_": [key]}}}
        return str(installed.api.post("/artifacts/filter", json=wanted).json()[0]["data"])

    assert f"/runs/flow-run/{run}" in board("todo") and number in board("todo")
    assert number in board("by-hand") and "0000101" not in board("by-hand")
    installed.act(number, "withdraw", by="resident")
    assert number not in board("todo")


def test_the_messages_of_a_change_leave_by_mail(
    fresh: Callable[..., Any], mailbox: Any, tmp_path: Path
) -> None:
    mine = fresh(DIANDAN_CHANNELS__MAIL=mailbox.url)
    mine.start()
    more = ("--channel", "mail", "--address", "wang@example.org")
    placed = mine.json(
        "place", "--kind", "appeal", "--words", "路灯坏了", "--resident", "王阿姨", *more
    )
    until(lambda: mailbox.letters)
    assert placed["number"] in str(mailbox.letters[0])
