"""What the clock starts: runs and lists put right, messages sent, and nothing typed kept for long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType

import flows.sweeps
import tasks.night
from flows.sweeps import forget_typed, reconcile_runs, send_messages
from flows.tags import DESK
from tasks.house import House
from tasks.models.tables import Message
from tasks.outbox import send_waiting

Wait = Callable[..., Any]


def test_the_ten_minute_sweep_gives_every_order_its_run_and_rewrites_the_lists(
    prefect: Any, desk: Any, place: Callable[..., str]
) -> None:
    number = place()
    run = prefect.start("reconcile/核对", reconcile_runs.fn)
    assert run.state.is_completed()
    assert desk.form(number).name == "AcceptanceForm"
    assert number in prefect.artifacts["todo"].data
    assert prefect.log == ["核对 {'started': 1}，清理 0 次登记或告知"]


def test_reminders_that_fail_do_not_keep_the_rest_from_being_done(
    prefect: Any, desk: Any, place: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_how: bool) -> None:
        raise RuntimeError

    monkeypatch.setitem(tasks.night.STEPS, tasks.night.CLIMB, broken)
    number = place()
    assert prefect.start("reconcile/核对", reconcile_runs.fn).state.is_completed()
    assert desk.form(number).name == "AcceptanceForm"
    assert prefect.log == ["核对 {'started': 1}，清理 0 次登记或告知，没有处理成 1"]


def test_the_sweep_of_messages_sends_what_waits(
    prefect: Any,
    settle: Callable[..., House],
    mailbox: Any,
    place: Callable[..., str],
    rows: Callable[..., list[Any]],
) -> None:
    settle(channels={"mail": mailbox.url})
    place(channel="mail", address="jia@example.org")
    for said in ("已发 {'accepted': 1}", "已发 （没有等着的消息）"):
        prefect.start("outbox/发消息", send_messages.fn)
        assert prefect.log[-1] == said
    assert [letter.to for letter in mailbox.letters] == [["jia@example.org"]]
    assert {row.state.value for row in rows(Message)} == {"accepted", "suppressed"}
    assert "没有要告知的人" in prefect.artifacts["by-hand"].data


def test_more_than_go_at_once_need_no_second_start(
    prefect: Any,
    settle: Callable[..., House],
    mailbox: Any,
    place: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle(channels={"mail": mailbox.url})
    monkeypatch.setattr(flows.sweeps, "send_now", partial(send_waiting, most=2))
    for guest in range(5):
        place(channel="mail", address=f"{guest}@example.org", phone=f"1390000000{guest}")
    prefect.start("outbox/发消息", send_messages.fn)
    assert prefect.log[-1] == "已发 {'accepted': 5}"


@pytest.mark.parametrize(
    ("deployment", "state", "minutes", "is_forgotten"),
    [
        ("register/登记", StateType.COMPLETED, 31, True),
        ("register/登记", StateType.COMPLETED, 29, False),  # its page may still be looked at
        ("register/登记", StateType.CANCELLED, 31, True),
        ("register/登记", StateType.FAILED, 10_000, False),  # what was typed must not be lost
        ("register/登记", StateType.PAUSED, 10_000, False),  # it waits to be put right
        ("told/已告知", StateType.COMPLETED, 31, True),
        ("told/已告知", StateType.CRASHED, 31, True),
        ("undelivered/没送到的消息", StateType.PAUSED, 24 * 60 + 1, True),
        ("told/已告知", StateType.PAUSED, 60, False),
        ("told/已告知", StateType.PAUSED, 24 * 60 + 1, True),  # abandoned, with phones in it
        ("act-on-order/回访", StateType.FAILED, 31, True),
        ("act-on-order/回访", StateType.RUNNING, 10_000, False),
        ("order/订单", StateType.COMPLETED, 10_000, False),  # holds nothing that was typed
        ("outbox/发消息", StateType.COMPLETED, 10_000, False),
    ],
)
def test_what_was_typed_is_forgotten_in_time(
    prefect: Any, wait: Wait, deployment: str, state: StateType, minutes: int, is_forgotten: bool
) -> None:
    run = wait(prefect.create_flow_run_from_deployment(prefect.deployments[deployment].id))
    run.state = State(type=state)
    prefect.grow_old(run.id, timedelta(minutes=minutes))
    assert wait(forget_typed(prefect)) == int(is_forgotten)
    assert (run.id not in prefect.runs) is is_forgotten


@pytest.mark.parametrize(("days", "is_forgotten"), [(364, False), (366, True)])
def test_a_form_that_nobody_ever_sends_goes_with_the_residents_of_its_time(
    prefect: Any, wait: Wait, days: int, is_forgotten: bool
) -> None:
    deployment = prefect.deployments["register/登记"].id
    run = wait(prefect.create_flow_run_from_deployment(deployment, tags=[DESK]))
    run.state = State(type=StateType.PAUSED)
    prefect.grow_old(run.id, timedelta(days=days))
    assert wait(forget_typed(prefect)) == int(is_forgotten)
    assert (run.id not in prefect.runs) is is_forgotten
