"""Acting on any open order from one form: what is offered, what it does, and what a refusal says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.actions import OFFERS, act_on_order
from flows.runs import start_run
from tasks.models.enums import Action, Status
from tasks.models.tables import Order
from tasks.rules.lifecycle import TRANSITIONS
from tasks.wishes import wish_json

Look = Callable[[str], Order]
Open = Callable[..., str]


MONEY = {"到账", "支出", "转用款项"}


@pytest.fixture
def start(prefect: Any) -> Callable[[str], Any]:
    """A coordinator starts one of the offers."""
    return lambda what: prefect.start(f"act-on-order/{what}", act_on_order.fn, what)


@pytest.fixture
def fill(prefect: Any) -> Callable[..., None]:
    """The coordinator 洛桑罗布 fills the form that such a run shows."""

    def send(run: Any, what: str, **values: Any) -> None:
        prefect.answer(run.id, **{"who": "洛桑罗布", **values})
        prefect.process(run.id, act_on_order.fn, what)

    return send


def test_everything_that_is_offered_can_be_started(prefect: Any) -> None:
    names = {name.split("/")[1] for name in prefect.deployments if name.startswith("act-on-order/")}
    assert names == set(OFFERS)
    assert (
        names
        == {"改派", "加帮手", "撤单", "恢复", "申请延期", "批准延期", "退回一线", "回访"} | MONEY
    )


def test_only_orders_that_it_can_be_done_to_are_offered_the_newest_first(
    prefect: Any, start: Callable[[str], Any], open_order: Open
) -> None:
    for status in ("placed", "assigned", "claimed", "done"):
        open_order(status)
    form = prefect.form_of(start("改派").id)
    assert form.name == "ActForm"
    assert list(form.fields) == ["who", "order", "handler", "reason"]
    assert form.options("order") == [
        "A-2026-0003 · 供电照明 · 第三网格 · 三号院门口的路灯不亮",
        "A-2026-0002 · 供电照明 · 第三网格 · 三号院门口的路灯不亮",
    ]
    assert set(form.fields) - set(form.preselected) == {"who", "order", "handler"}
    assert form.description == "**改派** · 可选 2 件"


def test_nothing_to_do_it_to_is_said_and_asks_nothing(
    prefect: Any, start: Callable[[str], Any]
) -> None:
    run = start("恢复")
    assert run.state.is_completed()
    assert prefect.log == ["现在没有可以“恢复”的订单。"]


@pytest.mark.parametrize(
    ("what", "before", "values", "after"),
    [
        ("改派", [], {"handler": "自来水厂", "reason": "是水管的事"}, Status.ASSIGNED),
        ("撤单", [], {}, Status.WITHDRAWN),
        ("恢复", [("hold", {"reason": "等材料", "date": "2030-01-01"})], {}, Status.CLAIMED),
        ("申请延期", [], {"date": "2030-01-01", "reason": "等材料"}, Status.CLAIMED),
        ("退回一线", [("refer", {"reason": "难办"})], {"reason": "再试"}, Status.CLAIMED),
        (
            "回访",
            [("finish", {"reason": "换了灯泡"})],
            {"who": "格桑卓玛", "grade": "基本满意", "reason": "还行"},
            Status.CLOSED,
        ),
        (
            "回访",
            [("finish", {"reason": "换了灯泡"})],
            {"who": "格桑卓玛", "grade": "满意", "solved": "没有解决"},
            Status.TAKEN,  # the second round
        ),
    ],
)
def test_each_offer_does_what_it_says(
    prefect: Any,
    desk: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Open,
    do: Callable[..., None],
    look: Look,
    what: str,
    before: list[tuple[str, dict[str, Any]]],
    values: dict[str, Any],
    after: Status,
) -> None:
    number = open_order("claimed")
    for action, given in before:
        do(number, action, **given)
    run = start(what)
    line = prefect.form_of(run.id).options("order")[0]
    fill(run, what, order=line, **values)
    assert run.state.is_completed()
    assert run.name == f"{what} {number}"
    assert look(number).status is after
    assert not [key for id, key in prefect.inputs if id == run.id]  # nothing typed is kept
    if after in (Status.WITHDRAWN, Status.CLOSED):
        assert desk.run(number).state.is_completed()
    else:
        assert desk.form(number).name  # the order's own run shows its next form at once
        assert number in prefect.artifacts["todo"].data


@pytest.mark.parametrize(
    ("decision", "due"), [("批准延期", "2030-01-01"), ("不批准延期", "2026-09-17")]
)
def test_an_extension_is_asked_by_one_and_decided_by_another(
    prefect: Any,
    monday: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Open,
    look: Look,
    decision: str,
    due: str,
) -> None:
    number = open_order("claimed")
    assert start("批准延期").state.is_completed()  # nobody has asked
    asking = start("申请延期")
    line = prefect.form_of(asking.id).options("order")[0]
    fill(asking, "申请延期", order=line, date="2030-01-01", reason="等材料")
    assert start("申请延期").state.is_completed()  # it is asked already: no order is offered
    deciding = start("批准延期")
    (line,) = prefect.form_of(deciding.id).options("order")
    assert line.endswith("申请延到 2030-01-01")
    fill(deciding, "批准延期", order=line, step=decision)  # by whoever asked
    form = prefect.form_of(deciding.id)
    assert "申请人不能批自己的申请" in form.description
    assert form.preselected["order"] == line
    fill(deciding, "批准延期", order=line, step=decision, who="格桑卓玛")
    order = look(number)
    assert order.asked_due_at is None
    assert order.due_at.date().isoformat() == due


def test_a_refusal_is_shown_above_the_same_form_with_the_order_kept(
    prefect: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Open,
    look: Look,
) -> None:
    number = open_order("claimed")
    open_order("claimed")
    run = start("改派")
    line = next(one for one in prefect.form_of(run.id).options("order") if number in one)
    fill(run, "改派", order=line, handler="供电所", reason="换人")
    form = prefect.form_of(run.id)
    assert form.description.startswith(
        f"**⚠️ 订单 {number} 不能“改派”：已经派给它了，请选另一个承办方。**\n\n"
    )
    assert form.preselected["order"] == line
    assert look(number).handler == "unit-power"
    fill(run, "改派", order=line, handler="自来水厂", reason="换人")
    assert look(number).handler == "unit-water"


def test_whoever_looked_too_long_is_told_what_has_happened_meanwhile(
    prefect: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Open,
    do: Callable[..., None],
    look: Look,
) -> None:
    number = open_order("claimed")
    run = start("撤单")
    (line,) = prefect.form_of(run.id).options("order")
    do(number, "report", by="m-241", reason="快好了")
    fill(run, "撤单", order=line)
    assert look(number).status is Status.CLAIMED
    assert "刚刚已有变化：边巴德吉 在" in prefect.form_of(run.id).description
    fill(run, "撤单", order=line)  # having read it
    assert look(number).status is Status.WITHDRAWN


def test_an_order_has_to_be_picked(
    prefect: Any, start: Callable[[str], Any], fill: Callable[..., None], open_order: Open
) -> None:
    open_order()
    run = start("撤单")
    fill(run, "撤单")
    assert "“哪一单”不对：请选择订单。" in prefect.form_of(run.id).description


def test_a_repeated_run_does_it_once(
    prefect: Any,
    start: Callable[[str], Any],
    open_order: Open,
    look: Look,
    submit: Callable[..., None],
) -> None:
    number = open_order("claimed")
    run = start("申请延期")
    (line,) = prefect.form_of(run.id).options("order")
    prefect.answer(run.id, who="洛桑罗布", order=line, date="2030-01-01", reason="等材料")
    asked = ("ask_extension", {"date": "2030-01-01", "reason": "等材料"})
    submit(number, asked, form=f"{run.id}:pick-1")  # done; then the power failed
    prefect.process(run.id, act_on_order.fn, "申请延期")
    assert run.state.is_completed()
    assert look(number).version == 6  # once


def test_a_run_that_is_woken_without_an_answer_asks_again(
    prefect: Any, start: Callable[[str], Any], open_order: Open, look: Look
) -> None:
    number = open_order()
    run = start("撤单")
    prefect.process(run.id, act_on_order.fn, "撤单")
    assert prefect.key_of(run.id) == "pick-2"
    assert look(number).status is Status.PLACED


def test_whom_to_call_back_stands_there_and_nowhere_else(
    prefect: Any, start: Callable[[str], Any], open_order: Open
) -> None:
    number = open_order("done", resident="*居民甲", phone="13900000001")
    assert f"{number} \\*居民甲 13900000001" in prefect.form_of(start("回访").id).description
    open_order("claimed", resident="居民乙", phone="13900000002")
    form = prefect.form_of(start("撤单").id)
    assert "1390000000" not in form.description + "".join(form.options("order"))


# --- money ------------------------------------------------------------------------------------------

PLAN = {"to": "unit-housing", "date": "2030-01-01", "yuan": "500", "reason": "修活动室"}


@pytest.fixture
def wish(prefect: Any, wait: Callable[..., Any], place: Callable[..., str], do: Any) -> Any:
    """A big wish for which 500 yuan are raised, 400 of them promised, with its run."""

    def begin() -> str:
        number = place(kind="big_wish", words="想有个活动室")
        steps = [
            ("accept", {}),
            ("refer", {"reason": "要筹款"}),
            ("open_funding", PLAN),
            ("pledge", {"donor": "县医院", "kind": "money", "yuan": "400"}),
        ]
        for action, typed in steps:
            do(number, action, **typed)
        wait(start_run(prefect, number))
        return number

    return begin


def test_money_comes_is_spent_and_is_moved_without_a_number_typed(
    prefect: Any,
    start: Callable[[str], Any],
    fill: Callable[..., None],
    open_order: Open,
    do: Callable[..., None],
    wish: Callable[[], str],
) -> None:
    open_order("taken")  # an appeal, of which no money is known
    first, second = wish(), wish()

    def go(what: str, chosen: int, **values: Any) -> Any:
        run = start(what)
        line = prefect.form_of(run.id).options("order")[chosen]
        fill(run, what, order=line, **values)
        return run

    run = start("到账")
    assert prefect.form_of(run.id).options("order") == [
        f"{number} · 第 1 笔 · 县医院 · 资金 · 还差 400.00 元 · 其他 · 第三网格 · 想有个活动室"
        for number in (second, first)
    ]
    assert go("到账", 1, yuan="400").state.is_completed()
    refused = go("转用款项", 0, yuan="400.01", to=second, reason="会议决定")
    assert "账上只剩 400.00 元，不够 400.01 元。" in prefect.form_of(refused.id).description
    assert go("转用款项", 0, yuan="100", to=second, reason="会议决定").state.is_completed()
    assert go("到账", 0, yuan="400").state.is_completed()  # with what was moved: funded
    do(second, "take")
    assert go("支出", 0, yuan="12.34", voucher="收据 1").state.is_completed()
    books = [wish_json(number) for number in (first, second)]
    assert [(one["left"], one["spent"]) for one in books] == [(30_000, 0), (48_766, 1_234)]


@pytest.mark.parametrize("what", OFFERS)
def test_what_is_offered_is_law_somewhere(what: str) -> None:
    for action in OFFERS[what].actions:
        assert any(key[2] is action for key in TRANSITIONS)
        assert action is not Action.PLACE


def test_what_is_left_of_a_wish_that_was_rated_can_still_be_moved(
    prefect: Any, start: Callable[[str], Any], do: Callable[..., None], wish: Callable[[], str]
) -> None:
    number, other = wish(), wish()
    do(number, "pledge", donor="商会", kind="money", yuan="100")
    do(number, "receive", pledge=1, yuan="400")
    do(number, "receive", pledge=2, yuan="100")
    for action, typed in (
        ("take", {}),
        ("claim", {"to": "m-270"}),
        ("finish", {"reason": "修好了"}),
        ("rate", {"by": "resident", "grade": "satisfied", "solved": True}),
    ):
        do(number, action, **typed)
    form = prefect.form_of(start("转用款项").id)
    assert [line.split(" · ")[:2] for line in form.options("order")] == [[number, "结余 500.00 元"]]
    assert form.options("to")[0].startswith(other)
