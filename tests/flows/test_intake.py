"""登记: one form, and the order waits for the desk; what was typed wrong is asked again with everything else kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType

from flows.boards import rewrite_boards
from flows.intake import SUGGEST, RegisterForm, register
from flows.sweeps import forget_typed
from tasks.house import House
from tasks.models.tables import History, Message, Order, Resident
from tasks.wakes import run_of

DEPLOYMENT = "register/登记"
Rows = Callable[..., list[Any]]


def typed(**values: Any) -> Any:
    """登记 as somebody fills it who changes only what is named."""
    return RegisterForm(**{"who": "洛桑罗布", "words": "三号院门口的路灯不亮", **values})


@pytest.fixture
def fill(prefect: Any) -> Callable[..., Any]:
    """Starts 登记 with a filled form; gives the run."""
    return lambda **values: prefect.start(DEPLOYMENT, register.fn, typed(**values))


def board_above_orders(prefect: Any) -> str:
    """What stands on 待办 above the orders that wait."""
    above, _head, _orders = prefect.artifacts["todo"].data.partition("# 待办 ")
    return str(above)


def test_the_form_asks_for_who_and_the_words_and_has_the_rest_filled_in(
    sqlite_house: House,
) -> None:
    schema = RegisterForm.model_json_schema()
    assert schema["required"] == ["who", "words"]
    fields = schema["properties"]
    assert [field["position"] for field in fields.values()] == list(range(len(fields)))
    assert {name: field["default"] for name, field in fields.items() if "default" in field} == {
        "kind": "诉求",
        "place": "",
        "grid": "不知道",
        "resident": "",
        "phone": "",
        "category": SUGGEST,
        "urgency": "一般",
        "source": "窗口",
        "language": "中文",
        "channel": "人工电话/转发",
        "address": "",
        "consent": "同意",
    }
    assert fields["kind"]["enum"] == ["诉求", "微心愿", "大心愿"]
    assert len(fields["grid"]["enum"]) == 1 + 10
    assert len(fields["category"]["enum"]) == 1 + 16
    assert fields["channel"]["enum"] == ["人工电话/转发", "电子邮件", "对接系统"]  # no group's


def test_a_filled_form_is_an_order_that_waits_with_its_first_form(
    prefect: Any, fill: Callable[..., Any], desk: Any, rows: Rows
) -> None:
    run = fill(
        place="东门",
        grid="第三网格",
        resident="居民甲",
        phone="139 0000 0001",
        category="供电照明",
        urgency="紧急",
        source="电话",
        consent="不同意",
    )
    assert run.state.is_completed()
    assert run.name == "登记 A-2026-0001"
    (order,) = rows(Order)
    assert (order.grid, order.category, order.urgency.value, order.place, order.source) == (
        *("grid-3", "street-light", "urgent", "东门", "phone"),
    )
    assert order.external_id == f"run-{run.id}"
    (resident,) = rows(Resident)
    assert (resident.name, resident.phone, resident.consent) == ("居民甲", "13900000001", False)
    assert rows(History)[0].actor == "staff-1"
    assert desk.form("A-2026-0001").name == "AcceptanceForm"
    assert "三号院门口的路灯不亮" in prefect.artifacts["todo"].data
    link = f"http://127.0.0.1:4200/v2/runs/flow-run/{run_of('A-2026-0001').run_id}"
    assert prefect.log == [f"已登记 A-2026-0001，填下一张表：{link}"]


def test_what_nobody_knows_is_left_open(fill: Callable[..., Any], rows: Rows) -> None:
    fill(kind="微心愿", words="想要一盏台灯")
    (order,) = rows(Order)
    assert (order.number, order.grid, order.category, order.resident_id) == (
        *("S-2026-0001", None, None, None),
    )


def test_a_resident_who_reads_english_gets_mail(fill: Callable[..., Any], rows: Rows) -> None:
    fill(language="English", channel="电子邮件", address="one@example.org")
    (resident,) = rows(Resident)
    assert (resident.language, resident.channel, resident.address) == (
        *("en", "mail", "one@example.org"),
    )


def test_without_any_contact_the_way_to_tell_does_not_matter(
    fill: Callable[..., Any], rows: Rows
) -> None:
    fill(resident="居民甲", channel="电子邮件")
    (resident,) = rows(Resident)
    assert resident.channel is None


def test_a_wrong_phone_is_asked_again_and_nothing_is_typed_twice(
    prefect: Any, fill: Callable[..., Any], rows: Rows
) -> None:
    run = fill(resident="居民甲", phone="1390", grid="第三网格", urgency="紧急")
    assert rows(Order) == []
    form = prefect.form_of(run.id)
    assert form.name == "RegisterAgainForm"
    assert form.description == (
        "**⚠️ “电话”不对：“1390”不是电话号码，请写 11 位手机号，或带区号的固定电话。**\n\n"
    )
    kept = form.preselected
    assert "who" not in kept  # who acts is never preselected
    assert (kept["words"], kept["phone"], kept["grid"], kept["urgency"]) == (
        *("三号院门口的路灯不亮", "1390", "第三网格", "紧急"),
    )
    again = typed(phone="13900")
    assert board_above_orders(prefect) == (
        "# 没有登记完 1 次\n\n还没有存：\n\n"
        f"- [再填一次](http://127.0.0.1:4200/v2/runs/flow-run/{run.id}) 洛桑罗布：三号院门口的路灯不亮"
        "（填的内容有不对的地方）\n\n"
    )
    assert (run.name, run.tags) == ("登记 · 没登记完", ["窗口", "没登记完"])
    prefect.answer(run.id, who="洛桑罗布", phone="13900")
    prefect.process(run.id, register.fn, again)
    assert prefect.key_of(run.id) == "again-2"
    assert "“13900”不是电话号码" in prefect.form_of(run.id).description
    prefect.answer(run.id, who="格桑卓玛", phone="13900000001")
    prefect.process(run.id, register.fn, again)
    assert run.state.is_completed()
    (resident,) = rows(Resident)
    assert (resident.name, resident.phone) == ("居民甲", "13900000001")
    assert rows(History)[0].actor == "staff-2"
    assert (run.name, run.tags) == ("登记 A-2026-0001", ["窗口"])
    assert board_above_orders(prefect) == ""
    assert {id for id, _key in prefect.inputs} == {id for id in prefect.runs if id != run.id}


def test_a_run_that_is_woken_without_a_second_form_asks_again(
    prefect: Any, fill: Callable[..., Any], rows: Rows
) -> None:
    run = fill(phone="1390")
    prefect.process(run.id, register.fn, typed(phone="1390"))
    assert prefect.key_of(run.id) == "again-2"
    assert rows(Order) == []


def test_all_that_is_wrong_is_said_at_once(prefect: Any, fill: Callable[..., Any]) -> None:
    described = prefect.form_of(fill(words=" ", phone="12", resident="名" * 61).id).description
    assert described.count("⚠️") == 3


def test_what_nobody_wants_any_more_is_left(
    prefect: Any, fill: Callable[..., Any], rows: Rows
) -> None:
    run = fill(words=" ")
    assert "洛桑罗布：（没有内容）（填的内容有不对的地方）" in board_above_orders(prefect)
    prefect.answer(run.id, who="洛桑罗布", step="不要了")
    prefect.process(run.id, register.fn, typed(words=" "))
    assert (run.name, run.state.is_completed()) == ("登记 · 不要了", True)
    assert board_above_orders(prefect) == ""
    assert rows(Order) == []
    assert prefect.inputs == {}


def test_a_registration_that_was_given_up_leaves_the_list(
    prefect: Any, fill: Callable[..., Any], wait: Callable[..., Any]
) -> None:
    run = fill(phone="1390", words="| <b>灯</b>")
    assert "：\\| \\<b\\>灯\\</b\\>（" in board_above_orders(prefect)
    run.state = State(type=StateType.CANCELLED)
    wait(rewrite_boards(prefect))
    assert board_above_orders(prefect) == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"words": " \n "}, "没有填，这一项必须填写。"),
        ({"words": "灯" * 100_000}, "太长了，最多 10000 个字。"),
        ({"resident": "名" * 61}, "太长了，最多 60 个字。"),
        (
            {"channel": "电子邮件", "phone": "13900000001"},
            "要写一个邮箱地址，例如 name@\u200bexample.org。",
        ),
        ({"who": "路人"}, "没有操作人“路人”。"),
        ({"resident": "<b>", "phone": "<b>|"}, "“\\<b\\>\\|”不是电话号码"),
    ],
)
def test_every_mistake_is_said_above_the_form(
    prefect: Any, fill: Callable[..., Any], rows: Rows, wrong: dict[str, str], sentence: str
) -> None:
    run = fill(**wrong)
    assert sentence in prefect.form_of(run.id).description
    assert rows(Order) == rows(Message) == []


def test_a_run_that_is_repeated_after_a_power_failure_is_one_order(
    prefect: Any, fill: Callable[..., Any], rows: Rows
) -> None:
    run = fill(resident="居民甲", phone="13900000001")
    prefect.process(run.id, register.fn, typed(resident="居民甲", phone="13900000001"))
    assert len(rows(Order)) == len(rows(Message)) == 1
    assert len(prefect.runs) == 2  # 登记, and the order's


def test_what_was_typed_is_not_kept_by_prefect(
    prefect: Any, fill: Callable[..., Any], wait: Callable[..., Any]
) -> None:
    run = fill(resident="居民甲", phone="13900000001")
    assert wait(forget_typed(prefect)) == 0  # its page shows the link to the next form
    prefect.grow_old(run.id, timedelta(minutes=31))
    assert wait(forget_typed(prefect)) == 1
    assert run.id not in prefect.runs
    assert run_of("A-2026-0001").run_id in {str(id) for id in prefect.runs}


def test_the_fields_of_the_second_form_are_those_of_the_first_and_a_way_out(
    prefect: Any, fill: Callable[..., Any]
) -> None:
    again = prefect.form_of(fill(phone="1390").id)
    assert list(again.fields) == [*RegisterForm.model_fields, "step"]
