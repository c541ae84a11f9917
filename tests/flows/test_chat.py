"""登记一段群聊: a chat is pasted, its drafts are ticked and corrected in one form, and become orders with runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flows.chat import ChatStart, register_chat
from flows.forms.chat import ON_A_PAGE
from flows.sweeps import forget_typed
from tasks.clock import clock_at
from tasks.models.tables import History, Message, Order, Resident

DEPLOYMENT = "register-chat/登记一段群聊"
LAMP, RUBBISH, WELL = "三号院的路灯不亮", "楼下垃圾没人收", "井盖丢了，孩子们从那里走"
CHAT = (
    f"卓玛 09:12\n{LAMP}\n达瓦 09:13\n{RUBBISH}\n央宗 09:14\n今天天气真好呀\n李大爷 09:15\n{WELL}\n"
)
Rows = Callable[..., list[Any]]
Paste = Callable[..., Any]


@pytest.fixture
def paste(prefect: Any, monday: Any, monkeypatch: pytest.MonkeyPatch) -> Paste:
    """A coordinator pastes a chat of the third grid's group, on that Monday."""
    create = prefect.create_flow_run_from_deployment

    async def create_on_monday(*given: Any, **named: Any) -> Any:
        run = await create(*given, **named)
        run.created = monday
        return run

    def start(text: str, group: str = "第三网格居民群") -> Any:
        given = ChatStart(who="洛桑罗布", group=group, text=text)
        with monkeypatch.context() as patch:
            patch.setattr(prefect, "create_flow_run_from_deployment", create_on_monday)
            return prefect.start(DEPLOYMENT, register_chat.fn, given)

    return start


def send(prefect: Any, run: Any, **values: Any) -> None:
    """Sends the form that the run shows, changing only what is named."""
    prefect.answer(run.id, **{"who": "格桑卓玛", **values})
    prefect.process(run.id, register_chat.fn, ChatStart(**run.parameters["群聊"]))


def test_a_chat_becomes_drafts_that_are_proposed_and_nothing_is_stored_yet(
    prefect: Any, paste: Paste, rows: Rows
) -> None:
    form = prefect.form_of(paste(CHAT).id)
    assert [field["title"] for field in form.fields.values()][:5] == [
        *("操作人", "网格", "1 · 卓玛 09-14 09:12", "1 · 内容", "1 · 类别"),
    ]
    shown = form.preselected
    assert "who" not in shown
    assert shown["grid"] == "第三网格"
    assert [shown[f"kind_{n}"] for n in (1, 2, 3, 4)] == ["诉求", "诉求", "不登记", "诉求"]
    assert [shown[f"words_{n}"] for n in (1, 2, 4)] == [LAMP, RUBBISH, WELL]
    assert [shown[f"category_{n}"] for n in (1, 2, 4)] == ["供电照明", "环境卫生", "供水排水"]
    assert form.options("kind_1") == ["诉求", "诉求（紧急）", "微心愿", "大心愿", "不登记"]
    assert rows(Order) == []


def test_what_is_ticked_becomes_orders_with_runs_and_receipts(
    prefect: Any, desk: Any, paste: Paste, rows: Rows
) -> None:
    run = paste(CHAT)
    send(prefect, run, words_2="三号院楼下垃圾没人收", kind_4="微心愿", category_4="邻里噪声")
    assert run.state.is_completed()
    assert (run.name, run.tags) == ("登记群聊 3 件", ["窗口"])
    assert [(o.number, o.words, o.grid, o.category, o.source) for o in rows(Order)] == [
        ("A-2026-0001", LAMP, "grid-3", "street-light", "chat"),
        ("A-2026-0002", "三号院楼下垃圾没人收", "grid-3", "sanitation", "chat"),
        ("S-2026-0001", WELL, "grid-3", "neighbours", "chat"),
    ]
    assert [resident.name for resident in rows(Resident)] == [
        f"{name}（第三网格居民群）" for name in ("卓玛", "达瓦", "李大爷")
    ]  # where they can be told
    assert {row.actor for row in rows(History)} == {"staff-2"}
    assert [message.audience.value for message in rows(Message)].count("resident") == 3
    for order in rows(Order):
        assert desk.form(order.number).name == "AcceptanceForm"
    assert "2026-09-14" in desk.form("A-2026-0001").description  # when it was said in the group
    assert sum("已登记" in line for line in prefect.log) == 3
    assert {id for id, _key in prefect.inputs} == {desk.id(order.number) for order in rows(Order)}


def test_what_sounds_urgent_is_proposed_as_such_and_a_phone_goes_where_phones_are(
    prefect: Any, paste: Paste, rows: Rows
) -> None:
    run = paste("边巴 09:12\n电梯停了，困了个孩子，我电话13889001234\n")
    form = prefect.form_of(run.id)
    assert form.preselected["kind_1"] == "诉求（紧急）"
    assert "13889001234" not in form.preselected["words_1"]
    send(prefect, run)
    (order,) = rows(Order)
    assert (order.kind.value, order.urgency.value) == ("appeal", "urgent")
    assert order.words == "电梯停了，困了个孩子，我电话（电话已登记）"
    assert rows(Resident)[0].phone == "13889001234"


def test_pasted_again_nothing_is_offered_twice(prefect: Any, paste: Paste, rows: Rows) -> None:
    send(prefect, paste(CHAT))
    again = paste(CHAT)
    form = prefect.form_of(again.id)
    assert form.preselected["kind_1"] == "不登记"  # the talk about the weather
    assert "kind_2" not in form.fields
    assert "以前登记过 3 条（A-2026-0001 三号院的路灯不亮" in form.description
    send(prefect, again)
    assert again.name == "登记群聊 · 没有登记"
    assert len(rows(Order)) == 3


def test_what_is_wrong_is_asked_again_with_what_was_typed_and_nothing_is_stored(
    prefect: Any, paste: Paste, rows: Rows
) -> None:
    run = paste(CHAT)
    send(prefect, run, words_1="  ", words_2="二号院垃圾", grid="第二网格", kind_3="诉求")
    assert rows(Order) == []
    form = prefect.form_of(run.id)
    assert "⚠️" in form.description
    assert "第 1 条：" in form.description
    kept = form.preselected
    assert (kept["words_2"], kept["grid"], kept["kind_3"]) == ("二号院垃圾", "第二网格", "诉求")
    assert "who" not in kept
    send(prefect, run, words_1=LAMP)
    assert [order.grid for order in rows(Order)] == ["grid-2"] * 4


def test_a_form_sent_a_day_later_is_about_the_same_drafts(
    prefect: Any, paste: Paste, rows: Rows, monday: Any
) -> None:
    run = paste(CHAT)
    with clock_at(monday + timedelta(days=1)):
        send(prefect, run)
    assert run.name == "登记群聊 3 件"
    assert len(rows(Order)) == 3


def test_what_was_typed_stays_with_its_draft_when_another_has_gone(
    prefect: Any, paste: Paste, rows: Rows, place: Callable[..., str]
) -> None:
    run = paste(CHAT)
    place(words=LAMP, resident="卓玛", grid="grid-3")  # the desk was quicker
    send(prefect, run, who="", words_1="卓玛的话", words_2="达瓦的话")
    form = prefect.form_of(run.id)
    assert "达瓦" in form.fields["kind_1"]["title"]
    assert form.preselected["words_1"] == "达瓦的话"


def test_a_log_keeps_no_words(prefect: Any, paste: Paste) -> None:
    send(prefect, paste(CHAT))
    send(prefect, paste(CHAT), kind_1="不登记")
    assert not [line for line in prefect.log if LAMP in line or WELL in line]


def test_nobody_chosen_as_operator_is_asked_again(prefect: Any, paste: Paste, rows: Rows) -> None:
    run = paste(CHAT)
    send(prefect, run, who="")
    assert "请选择是谁在操作" in prefect.form_of(run.id).description
    assert rows(Order) == []


def test_a_long_chat_comes_in_pages_and_what_was_left_is_not_asked_again(
    prefect: Any, paste: Paste, rows: Rows
) -> None:
    run = paste("".join(f"居民{n:02d} 09:{n:02d}\n{n} 号楼的灯坏了{'啊' * n}\n" for n in range(20)))
    first = prefect.form_of(run.id)
    assert f"kind_{ON_A_PAGE}" in first.fields
    assert f"kind_{ON_A_PAGE + 1}" not in first.fields
    assert "先看 12 条" in first.description
    send(prefect, run, **{f"kind_{n}": "不登记" for n in range(1, ON_A_PAGE)}, kind_12="诉求")
    second = prefect.form_of(run.id)
    assert "居民12" in second.fields["kind_1"]["title"]
    assert "kind_9" not in second.fields
    assert [order.words[:2] for order in rows(Order)] == ["11"]
    send(prefect, run, **{f"kind_{n}": "诉求" for n in range(1, 9)})
    assert len(rows(Order)) == 9
    assert run.name == "登记群聊 9 件"


def test_a_run_that_died_after_storing_ends_with_the_same_orders(
    prefect: Any, desk: Any, paste: Paste, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = paste(CHAT)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr("flows.chat.start_runs", _dies)
        send(prefect, run)
    assert len(rows(Order)) == 3
    prefect.process(run.id, register_chat.fn, ChatStart(**run.parameters["群聊"]))
    assert len(rows(Order)) == 3
    assert len(rows(Message)) == len({(m.order_id, m.audience, m.event) for m in rows(Message)})
    for order in rows(Order):
        assert desk.form(order.number).name == "AcceptanceForm"


async def _dies(*_given: Any) -> None:
    raise RuntimeError


def test_a_chat_with_nothing_to_register_ends_and_says_what_was_left_out(
    prefect: Any, paste: Paste
) -> None:
    run = paste("卓玛 09:12\n[图片]\n达瓦 09:13\n收到\n")
    assert run.state.is_completed()
    assert run.name == "登记群聊 · 没有登记"
    assert "没有列出：图片或表情 1 条、应答 1 条。" in prefect.log


def test_a_draft_much_like_an_open_order_is_not_ticked(
    prefect: Any, paste: Paste, place: Callable[..., str]
) -> None:
    number = place(words="三号院的路灯又不亮了", grid="grid-3")
    form = prefect.form_of(paste(CHAT).id)
    assert form.preselected["kind_1"] == "不登记"
    assert f"第 1 条很像 {number} 三号院的路灯又不亮了" in form.description


def test_a_group_of_several_grids_asks_which(prefect: Any, paste: Paste) -> None:
    form = prefect.form_of(paste(CHAT, group="第六第七网格居民群").id)
    assert form.preselected["grid"] == "不知道"


def test_drafts_that_wait_stand_above_the_orders_and_are_forgotten_when_all_is_done(
    prefect: Any, paste: Paste, wait: Callable[..., Any]
) -> None:
    run = paste(CHAT)
    assert (run.name, run.tags) == ("登记群聊 · 没登记完", ["窗口", "没登记完"])
    board = prefect.artifacts["todo"].data
    assert board.index("第三网格居民群的聊天") < board.index("# 待办")
    send(prefect, run)
    assert "没有登记完" not in prefect.artifacts["todo"].data
    prefect.grow_old(run.id, timedelta(hours=1))
    wait(forget_typed(prefect))
    assert run.id not in prefect.runs
