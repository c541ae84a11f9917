"""One run carries one order: what it asks, what it does with an answer, and how it is put right when it is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

import flows.order
from flows import runs
from flows.asking import forget_answer, forget_forms, keyset_of, stored_answer, was_asked
from flows.forms.steps import next_step
from flows.order import TOO_LATE
from flows.runs import reconcile, refresh, start_run
from flows.stuck import free_stuck_runs
from tasks.house import House
from tasks.models.enums import Status
from tasks.models.tables import History, Message, Order
from tasks.wakes import run_of

Look = Callable[[str], Order]
Open = Callable[..., str]
Wait = Callable[..., Any]


def state(kind: StateType, name: str = "") -> State[Any]:
    return State(type=kind, name=name or None)


# --- the loop ---------------------------------------------------------------------------------------


def test_the_desk_carries_a_lamp_from_placed_to_rated_by_forms_alone(
    prefect: Any, desk: Any, open_order: Open, look: Look, rows: Callable[..., list[Any]]
) -> None:
    number = open_order()
    run = desk.run(number)
    for form, stage, answer in (
        ("AcceptanceForm", "待受理", {}),  # 受理并派单, as routing proposes
        ("TakeForm", "待单位接单", {}),  # 代单位接单并认领
        ("WorkForm", "办理中", {"reason": "换了灯泡"}),  # 办结
        ("RatingForm", "待评价", {"grade": "满意", "reason": "谢谢"}),
    ):
        assert desk.form(number).name == form
        assert stage in run.name
        assert run.tags == [stage, "第三网格"]
        if form == "RatingForm":
            desk.who = "格桑卓玛"  # a second pair of eyes
        desk.fill(number, **answer)
    assert look(number).status is Status.CLOSED
    assert run.state.is_completed()
    assert run.name == f"{number} 供电照明 · 第三网格 · 已评单"
    assert prefect.inputs == {}  # no form and no answer is left behind
    assert [(row.action.value, row.form) for row in rows(History)] == [
        ("place", None),
        ("accept", "v1-w0"),
        ("assign", "v1-w0"),
        ("take", "v3-w0"),
        ("claim", "v3-w0"),
        ("finish", "v5-w0"),
        ("rate", "v6-w0"),
    ]


def test_an_unsatisfied_resident_brings_the_order_back_to_the_unit(
    desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order("done")
    desk.who = "格桑卓玛"
    desk.fill(number, grade="不满意", solved="没有解决", reason="晚上还是不亮")
    assert (look(number).status, look(number).round) == (Status.TAKEN, 2)
    form = desk.form(number)
    assert form.name == "ClaimForm"
    assert "（第 2 轮）" in form.description
    assert form.preselected["member"] == "边巴德吉"  # who had it before is proposed


def test_a_refused_answer_is_asked_again_with_the_reason_above_a_new_form(
    desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order("claimed")
    first = desk.prefect.key_of(desk.id(number))
    desk.fill(number, step="办结", reason="")
    assert (look(number).status, look(number).version) == (Status.CLAIMED, 5)
    assert (first, desk.prefect.key_of(desk.id(number))) == ("v5-w0", "v5-w1")
    assert desk.form(number).description.startswith("**⚠️ “说明”没有填，这一项必须填写。**\n\n")
    desk.fill(number, step="办结", reason="换了灯泡")
    assert look(number).status is Status.DONE
    assert "⚠️" not in desk.form(number).description


def test_what_was_chosen_stays_chosen_when_an_answer_is_refused(
    desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order()
    desk.fill(number, step="不予受理", instead="请找物业", grid="第一网格")  # without a reason
    kept = desk.form(number).preselected
    assert "who" not in kept
    assert (kept["step"], kept["instead"], kept["grid"]) == ("不予受理", "请找物业", "第一网格")
    desk.fill(number, reason="不归社区管")
    assert look(number).status is Status.DECLINED
    held = open_order("claimed")
    desk.fill(held, step="挂起", date="2026-10-09")
    kept = desk.form(held).preselected
    assert (kept["step"], kept["date"]) == ("挂起", "2026-10-09")
    for date in ("2026-10-09T00:00:00Z", "2026-13-45", ""):
        desk.fill(held, step="挂起", date=date)
        assert desk.form(held).preselected["step"] == "挂起"


def test_a_corrected_category_takes_who_usually_does_it(
    desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order(words="路边的垃圾")
    assert desk.form(number).preselected["category"] == "环境卫生"
    desk.fill(number, category="供电照明")
    assert (look(number).category, look(number).handler) == ("street-light", "unit-power")
    number = open_order(words="路边的垃圾")
    desk.who = ""
    desk.fill(number, category="供电照明")  # refused for something else
    desk.who = "洛桑罗布"
    desk.fill(number)
    assert look(number).handler == "unit-power"
    number = open_order(words="路边的垃圾")
    desk.fill(number, category="供电照明", handler="自来水厂")  # what a person chose is not changed
    assert look(number).status is Status.PLACED
    assert desk.form(number).preselected["handler"] == "自来水厂"


def test_a_guessed_category_and_a_likely_twin_stand_where_they_are_seen(
    desk: Any, open_order: Open
) -> None:
    first = open_order()
    form = desk.form(open_order())
    assert form.description.startswith(f"**很像：{first} 三号院门口的路灯不亮**，是同一件就选并单")
    assert "| 类别 · 网格 | 猜是 **供电照明**，请核对 · 第三网格 |" in form.description
    assert "并单" in form.options("step")


def test_an_answer_by_nobody_is_refused(desk: Any, open_order: Open, look: Look) -> None:
    number = open_order()
    desk.who = ""
    desk.fill(number)
    assert look(number).status is Status.PLACED
    assert "请选择是谁在操作" in desk.form(number).description


def test_reassigning_opens_a_second_form(desk: Any, open_order: Open, look: Look) -> None:
    number = open_order("claimed")
    desk.fill(number, step="改派", reason="是水管的事")
    assert look(number).status is Status.CLAIMED
    form = desk.form(number)
    assert form.name == "ReassignForm"
    assert list(form.fields) == ["who", "step", "handler", "reason"]
    assert form.preselected["reason"] == "是水管的事"  # nothing is typed twice
    assert "供电所" not in form.options("handler")
    desk.fill(number, handler="自来水厂")
    assert (look(number).status, look(number).handler) == (Status.ASSIGNED, "unit-water")
    assert desk.form(number).name == "TakeForm"


def test_a_refused_reassignment_is_asked_again_and_can_be_left(
    desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order("claimed")
    desk.fill(number, step="改派")
    desk.fill(number, handler="自来水厂", reason="")
    assert look(number).handler == "unit-power"
    form = desk.form(number)
    assert form.name == "ReassignForm"
    assert form.preselected["handler"] == "自来水厂"
    assert "“说明”没有填，这一项必须填写。" in form.description
    desk.fill(number, step="不改派了")
    assert (look(number).status, look(number).handler) == (Status.CLAIMED, "unit-power")
    assert desk.form(number).name == "WorkForm"
    assert "⚠️" not in desk.form(number).description


def test_an_answer_that_comes_after_the_order_has_moved_on_is_forgotten_with_words(
    prefect: Any, desk: Any, open_order: Open, look: Look, do: Callable[..., None]
) -> None:
    number = open_order("claimed")
    late = prefect.answer(desk.id(number), who=desk.who, step="办结", reason="以为好了")
    do(number, "hold", reason="等材料", date="2030-01-01")  # another person, by another way
    desk.carry(number)
    assert look(number).status is Status.ON_HOLD
    form = desk.form(number)
    assert form.name == "HoldForm"
    assert form.description.startswith(f"**⚠️ {TOO_LATE}**")
    assert not prefect.inputs.get((desk.id(number), keyset_of(late)["response"]))


def test_an_answer_that_was_applied_before_its_process_died_is_not_called_late(
    prefect: Any, desk: Any, open_order: Open, submit: Callable[..., None], look: Look
) -> None:
    number = open_order("claimed")
    key = prefect.answer(desk.id(number), who=desk.who, step="办结", reason="换了灯泡")
    submit(number, ("finish", {"reason": "换了灯泡"}), form=key)  # applied; then the power failed
    desk.carry(number)
    assert look(number).version == 6  # once
    assert desk.form(number).name == "RatingForm"
    assert "⚠️" not in desk.form(number).description


def test_a_run_that_is_woken_without_an_answer_decides_nothing(
    prefect: Any, desk: Any, open_order: Open, look: Look
) -> None:
    number = open_order("taken")
    for wakes in (1, 2, 3):
        desk.carry(number)
        assert prefect.key_of(desk.id(number)) == f"v4-w{wakes}"
        assert desk.form(number).name == "ClaimForm"
    assert (look(number).status, look(number).version) == (Status.TAKEN, 4)


def test_an_answer_that_comes_while_the_run_suspends_counts(
    prefect: Any, desk: Any, open_order: Open, look: Look, do: Callable[..., None]
) -> None:
    number = open_order("taken")
    do(number, "report", reason="明天去看")  # so that the run asks under a new key
    prefect.answer_meanwhile = {"who": desk.who}
    desk.carry(number)
    assert look(number).status is Status.CLAIMED
    assert desk.form(number).name == "WorkForm"


def test_the_desk_is_told_when_somebody_else_was_faster_by_a_moment(
    prefect: Any,
    desk: Any,
    open_order: Open,
    look: Look,
    do: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = open_order("taken")
    prefect.answer(desk.id(number), who=desk.who, step="退单", reason="人手不够")

    genuine = flows.order.requests_of

    def meanwhile(number: str, answer: Any) -> Any:
        monkeypatch.setattr("flows.order.requests_of", genuine)
        do(number, "claim", to="m-241", by="unit-power")
        return genuine(number, answer)

    monkeypatch.setattr("flows.order.requests_of", meanwhile)
    desk.carry(number)
    assert look(number).status is Status.CLAIMED
    form = desk.form(number)
    assert form.name == "WorkForm"
    first_line = form.description.splitlines()[0]
    assert f"订单 {number} 刚刚已有变化：供电所 在 " in first_line
    assert "做了“认领”，现在是“党员已接单”。请按现在的情况再办。" in first_line


def test_what_cannot_be_told_at_once_does_not_stop_the_order(
    prefect: Any, desk: Any, open_order: Open, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(**_: Any) -> None:
        raise ConnectionError

    number = open_order("taken")
    monkeypatch.setattr(prefect, "read_artifacts", broken)
    desk.fill(number)
    assert look(number).status is Status.CLAIMED
    assert desk.form(number).name == "WorkForm"


def test_a_message_for_a_channel_starts_the_outbox_once(
    prefect: Any,
    desk: Any,
    open_order: Open,
    settle: Callable[..., House],
    community: Callable[..., Path],
    rows: Callable[..., list[Any]],
) -> None:
    contacts = [{"channel": "webhook", "address": "power"}]
    folder = community({"handlers.yaml": {"units": {"unit-power": {"contacts": contacts}}}})
    settle(config=folder, channels={"webhook": "json://127.0.0.1:9/hook"})
    for _ in range(2):
        desk.fill(open_order())
    assert {row.channel for row in rows(Message) if row.recipient == "unit-power"} == {"webhook"}
    (outbox,) = [run for run in prefect.runs.values() if run.name == "发消息"]
    assert outbox.tags == ["随时"]


# --- one run put right --------------------------------------------------------------------------------


def test_a_new_order_s_run_waits_already_and_twice_is_once(
    prefect: Any, desk: Any, wait: Wait, place: Callable[..., str]
) -> None:
    number = place()
    wait(start_run(prefect, number))
    wait(start_run(prefect, number))
    (run,) = prefect.runs.values()
    assert run_of(number).run_id == str(run.id)
    assert run.parameters == {"number": number}
    assert prefect.key_of(run.id) == "v1-w0"
    assert desk.form(number).name == "AcceptanceForm"


def test_a_run_whose_making_was_cut_off_is_found_again_with_today_s_form(
    prefect: Any, desk: Any, open_order: Open, wait: Wait, do: Callable[..., None]
) -> None:
    number = open_order()
    run = desk.id(number)
    runs.set_runs([runs.Made(number, None, 0)])  # made in Prefect, not yet remembered here
    do(number, "accept")
    assert wait(reconcile(prefect)) == {"started": 1}
    assert desk.id(number) == run
    assert prefect.key_of(run) == "v2-w0"
    assert len(prefect.runs) == 1


def test_a_run_whose_making_was_cut_off_and_that_ended_since_is_replaced(
    prefect: Any, desk: Any, open_order: Open, wait: Wait
) -> None:
    number = open_order()
    run = desk.run(number)
    run.state = state(StateType.CANCELLED)
    runs.set_runs([runs.Made(number, None, 0)])
    assert wait(reconcile(prefect)) == {"started": 1}
    assert desk.id(number) != run.id
    assert desk.form(number).name == "AcceptanceForm"


def test_of_many_orders_without_a_run_the_most_urgent_come_first(
    prefect: Any, desk: Any, wait: Wait, place_at: Callable[..., str], place: Callable[..., str]
) -> None:
    usual, urgent = place_at("accepted"), place(urgency="urgent")
    assert wait(reconcile(prefect, most_new=1)) == {"started": 1, "left": 1}
    assert run_of(urgent).run_id is not None
    assert run_of(usual).run_id is None


def test_an_order_that_has_ended_gets_no_run(
    prefect: Any, wait: Wait, place: Callable[..., str], do: Callable[..., None]
) -> None:
    number = place()
    do(number, "withdraw", by="resident")
    wait(start_run(prefect, number))
    assert wait(refresh(prefect, number)) == "over"
    assert prefect.runs == {}


def test_a_run_whose_order_has_moved_on_shows_the_new_form_without_a_process(
    prefect: Any, desk: Any, open_order: Open, wait: Wait, do: Callable[..., None]
) -> None:
    number = open_order()
    do(number, "accept")
    assert wait(refresh(prefect, number)) == "shown"
    assert prefect.key_of(desk.id(number)) == "v2-w0"
    assert desk.run(number).name == f"{number} 供电照明 · 第三网格 · 待派单"
    assert {key for _run, key in prefect.inputs} == {
        "suspended-v2-w0-schema",
        "suspended-v2-w0-description",
    }
    assert wait(refresh(prefect, number)) == "right"


@pytest.mark.parametrize(
    ("happened", "done"),
    [
        ("nothing", "right"),
        ("it never had a run", "started"),
        ("the run was deleted", "started"),
        ("the run was cancelled", "started"),
        ("the run was cancelled, answered", "started"),  # whoever cancels, takes the answer back
        ("the run failed, answered", "started"),  # over that very answer, it may be
        ("the run crashed", "started"),
        ("the run crashed, answered", "woken"),
        ("the run was answered", "woken"),
        ("the form was lost", "shown"),
        ("the run is at work", "working"),
        ("the run is about to start", "working"),
    ],
)
def test_a_run_is_put_right_whatever_happened_to_it(
    prefect: Any, desk: Any, open_order: Open, wait: Wait, look: Look, happened: str, done: str
) -> None:
    number = open_order("taken")
    run = desk.run(number)
    what, _, answered = happened.partition(", ")
    if answered or what == "the run was answered":
        prefect.answer(run.id, who=desk.who)
    if what == "it never had a run":
        runs.set_runs([runs.Made(number, None, 0)])
        del prefect.runs[run.id]
        prefect.keys.clear()
    elif what == "the run was deleted":
        del prefect.runs[run.id]
    elif what == "the form was lost":
        prefect.inputs.clear()
    else:
        run.state = {
            "the run was cancelled": state(StateType.CANCELLED),
            "the run failed": state(StateType.FAILED),
            "the run crashed": state(StateType.CRASHED),
            "the run is at work": state(StateType.RUNNING),
            "the run is about to start": state(StateType.SCHEDULED, "Resuming"),
        }.get(what, run.state)
    assert wait(refresh(prefect, number)) == done
    if done == "started":
        assert desk.id(number) != run.id
        assert desk.form(number).name == "ClaimForm"
    elif done == "woken":
        assert (run.state.type, run.state.name) == (StateType.SCHEDULED, "Resuming")
        desk.carry(number)
        assert look(number).status is Status.CLAIMED
    else:
        assert desk.id(number) == run.id
    assert len([one for one in prefect.runs.values() if not one.state.is_final()]) == 1


def test_a_run_that_waits_for_a_closed_order_ends(
    prefect: Any, desk: Any, open_order: Open, wait: Wait, do: Callable[..., None]
) -> None:
    number = open_order()
    do(number, "withdraw", by="resident")
    assert wait(refresh(prefect, number)) == "ended"
    run = desk.run(number)
    assert run.state.is_completed()
    assert run.name == f"{number} 诉求 · 第三网格 · 撤单"
    assert prefect.inputs == {}


def test_two_that_put_a_run_right_at_once_make_one(
    prefect: Any, open_order: Open, wait: Wait, desk: Any
) -> None:
    number = open_order()
    attempt = run_of(number).attempt
    del prefect.runs[desk.id(number)]
    assert runs.next_attempt(number, attempt) == attempt + 1
    assert runs.next_attempt(number, attempt) == attempt + 1  # the other one, a moment later
    wait(start_run(prefect, number))
    wait(start_run(prefect, number))
    assert len(prefect.runs) == 1


# --- all runs put right -------------------------------------------------------------------------------


def test_every_open_order_has_one_waiting_run_afterwards(
    prefect: Any,
    desk: Any,
    open_order: Open,
    place: Callable[..., str],
    wait: Wait,
    do: Callable[..., None],
) -> None:
    right, moved, cancelled, closed, broken = (open_order() for _ in range(5))
    lost = place()
    do(moved, "accept")
    do(closed, "withdraw", by="resident")
    desk.run(cancelled).state = state(StateType.CANCELLED)
    prefect.broken.add(desk.id(broken))
    counts = wait(reconcile(prefect))
    assert counts == {"right": 1, "shown": 1, "started": 2, "failed": 1}
    assert prefect.key_of(desk.id(moved)) == "v2-w0"
    prefect.broken.clear()
    for number in (right, moved, cancelled, broken, lost):
        assert prefect.key_of(desk.id(number))
    assert wait(reconcile(prefect)) == {"right": 5}


def test_what_is_right_for_long_is_not_even_looked_at(
    prefect: Any, desk: Any, open_order: Open, wait: Wait
) -> None:
    number = open_order()
    prefect.broken.add(desk.id(number))  # to read it would fail
    assert wait(reconcile(prefect)) == {"failed": 1}
    prefect.grow_old(desk.id(number), timedelta(hours=2))
    assert wait(reconcile(prefect)) == {"right": 1}


def test_doubles_are_removed_and_strangers_are_left_alone(
    prefect: Any, desk: Any, open_order: Open, wait: Wait
) -> None:
    number = open_order()
    deployment = prefect.deployments["order/订单"]
    key = deployment.version

    def another(idempotency_key: str | None) -> Any:
        made = prefect.create_flow_run_from_deployment(
            deployment.id,
            parameters={"number": number},
            state=state(StateType.PAUSED),
            idempotency_key=idempotency_key,
        )
        run = wait(made)
        prefect.inputs[run.id, "suspended-v1-w0-schema"] = "{}"
        return run

    old, fresh = another(f"{key}:{number}:7"), another(f"{key}:{number}:8")
    by_hand, of_another_database = another(None), another("0123456789abcdef:A-2026-0001:0")
    for run in (old, by_hand, of_another_database):
        prefect.grow_old(run.id, timedelta(minutes=5))
    assert wait(reconcile(prefect)) == {"right": 1, "removed": 2}
    assert {run.id for run in (old, by_hand)} == {
        run.id for run in prefect.runs.values() if run.state.is_cancelled()
    }
    assert not {run for run, _key in prefect.inputs} & {old.id, by_hand.id}
    assert fresh.state.is_paused()  # somebody may be making it this very moment
    assert desk.form(number).name == "AcceptanceForm"
    deployment.version = "of somebody else"
    assert wait(reconcile(prefect)) == {"right": 1}


def test_all_pages_of_runs_are_read(
    prefect: Any, open_order: Open, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "PAGE", 2)
    for _ in range(5):
        open_order()
    assert len(wait(runs.live_order_runs(prefect))) == 5


def test_runs_whose_process_has_died_are_freed(
    prefect: Any, open_order: Open, desk: Any, wait: Wait
) -> None:
    number = open_order()
    order_run = desk.run(number)
    sweep = wait(
        prefect.create_flow_run_from_deployment(
            prefect.deployments["reconcile/核对"].id, tags=["定时"]
        )
    )
    ending = wait(prefect.create_flow_run_from_deployment(prefect.deployments["told/已告知"].id))
    for run, kind in (
        (order_run, StateType.RUNNING),
        (sweep, StateType.RUNNING),
        (ending, StateType.CANCELLING),
    ):
        run.state = state(kind)
    assert wait(free_stuck_runs(prefect)) == 0  # all of them work
    for run in (order_run, sweep, ending):
        prefect.grow_old(run.id, timedelta(seconds=121))
    assert wait(free_stuck_runs(prefect)) == 2  # a sweep may take ten times as long
    assert (order_run.state.type, order_run.state.name) == (StateType.SCHEDULED, "Resuming")
    assert ending.state.is_cancelled()
    prefect.grow_old(sweep.id, timedelta(seconds=1201))
    assert wait(free_stuck_runs(prefect)) == 1
    assert sweep.state.is_crashed()


def test_at_a_start_everything_at_work_is_dead(
    prefect: Any, open_order: Open, desk: Any, wait: Wait
) -> None:
    number = open_order()
    desk.run(number).state = state(StateType.PENDING)
    assert wait(free_stuck_runs(prefect, all_are_dead=True)) == 1
    assert desk.run(number).state.name == "Resuming"


# --- what is kept with a run --------------------------------------------------------------------------


def test_a_form_is_saved_once_under_a_key(
    prefect: Any, place: Callable[..., str], wait: Wait
) -> None:
    step = next_step(place())
    run = uuid4()
    wait(step.form.asave(keyset_of(step.key), run))
    before = dict(prefect.inputs)
    wait(step.form.asave(keyset_of(step.key), run))  # ObjectAlreadyExists
    assert prefect.inputs == before


@pytest.mark.parametrize(("status", "harmless"), [(409, True), (503, False)])
def test_a_conflict_while_saving_is_harmless_and_an_outage_is_not(
    prefect: Any,
    place: Callable[..., str],
    wait: Wait,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    harmless: bool,
) -> None:
    error = http_error(status)

    async def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr("prefect.input.run_input.acreate_flow_run_input", refuse)
    step = next_step(place())
    if harmless:
        wait(step.form.asave(keyset_of(step.key), uuid4()))
    else:
        with pytest.raises(PrefectHTTPStatusError):
            wait(step.form.asave(keyset_of(step.key), uuid4()))


@pytest.mark.parametrize(("status", "absent"), [(404, True), (503, False)])
def test_only_what_is_not_there_counts_as_not_answered(
    prefect: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch, status: int, absent: bool
) -> None:
    error = http_error(status)

    async def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(prefect, "read_flow_run_input", refuse)
    if absent:
        assert wait(stored_answer(prefect, uuid4(), "v1-w0")) is None
        assert not wait(was_asked(prefect, uuid4(), "v1-w0"))
    else:
        with pytest.raises(PrefectHTTPStatusError):
            wait(stored_answer(prefect, uuid4(), "v1-w0"))


def http_error(status: int) -> PrefectHTTPStatusError:
    request = httpx.Request("GET", "http://127.0.0.1/api")
    response = httpx.Response(status, request=request)
    return PrefectHTTPStatusError("refused", request=request, response=response)


def test_forgetting_what_somebody_else_has_forgotten_is_no_mistake(
    prefect: Any, desk: Any, open_order: Open, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = desk.id(open_order())
    wait(forget_answer(prefect, run, "v9-w9"))
    genuine = prefect.delete_flow_run_input

    async def after_another(run_id: Any, key: str) -> None:
        await genuine(run_id, key)
        raise ObjectNotFound(KeyError(key))

    monkeypatch.setattr(prefect, "delete_flow_run_input", after_another)
    wait(forget_forms(prefect, run))
    assert prefect.inputs == {}


def test_an_answer_is_completed_with_what_the_form_had_preselected(
    prefect: Any, desk: Any, open_order: Open, wait: Wait
) -> None:
    number = open_order()
    prefect.answer(desk.id(number), who=desk.who, urgency="紧急")
    answer = wait(stored_answer(prefect, desk.id(number), "v1-w0"))
    assert answer.form == "AcceptanceForm"
    assert (answer.who, answer.text("urgency")) == ("洛桑罗布", "紧急")
    assert answer.text("step") == "受理并派单"
    assert (answer.text("handler"), answer.text("category")) == ("供电所", "供电照明")
