"""没送到的消息 in the Prefect UI: what did not arrive is ticked, and ends, goes out again or is called about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.undelivered import mend_messages
from tasks.by_hand import errands
from tasks.db import transaction
from tasks.house import house
from tasks.models.enums import MessageState
from tasks.models.tables import Message

DEPLOYMENT = "undelivered/没送到的消息"
Rows = Callable[..., list[Any]]
FIRST = "1 · A-2026-0001 · 居民 居民甲 · 已收到 · 对方没有回应"
SECOND = "3 · A-2026-0002 · 居民 居民乙 · 已收到 · 渠道拒绝（代码 45009）"


@pytest.fixture
def ask(prefect: Any, place: Callable[..., str], settle: Callable[..., Any]) -> Callable[[], Any]:
    """One message is in doubt, one failed; a coordinator starts 没送到的消息."""
    by_mail = {"channel": "mail", "address": "jia@example.org", "phone": "13900000001"}
    stand = {
        1: (MessageState.UNKNOWN, "timeout"),
        3: (MessageState.FAILED, "errcode_45009"),
    }

    def start() -> Any:
        settle(database=house().settings.database, channels={"mail": "mailto://a@127.0.0.1:9"})
        place(resident="居民甲", **by_mail)
        place(resident="居民乙", **by_mail)
        with transaction(house().database) as session:
            for id, (state, code) in stand.items():
                message = session.get(Message, id)
                assert message is not None
                message.state, message.code = state, code
        return prefect.start(DEPLOYMENT, mend_messages.fn)

    return start


@pytest.fixture
def fill(prefect: Any) -> Callable[..., None]:
    """The coordinator fills the form that the run shows."""

    def send(run: Any, **values: Any) -> None:
        prefect.answer(run.id, **{"who": "洛桑罗布", **values})
        prefect.process(run.id, mend_messages.fn)

    return send


def states(rows: Rows) -> dict[int, tuple[str, str]]:
    return {row.id: (row.channel, row.state.value) for row in rows(Message) if row.id in (1, 3)}


def test_the_form_says_who_was_to_hear_what_and_why_it_did_not_arrive(
    prefect: Any, ask: Callable[[], Any]
) -> None:
    form = prefect.form_of(ask().id)
    assert list(form.fields) == ["who", "which", "what"]
    assert form.fields["which"]["items"]["enum"] == [FIRST, SECOND]
    assert form.options("what") == ["对方收到了", "再发一次", "我来打电话"]
    assert form.preselected == {"which": []}
    asked = "**1** A-2026-0001 · 居民 居民甲 · 电话 **13900000001** · “已收到”，09-14 10:00 写的：对方没有回应"
    assert asked in form.description
    assert "13900000001" not in str(form.fields)


def test_what_was_received_is_over_and_the_rest_stays(
    prefect: Any, ask: Callable[[], Any], fill: Callable[..., None], rows: Rows
) -> None:
    run = ask()
    fill(run, which=[FIRST], what="对方收到了")
    assert run.state.is_completed()
    assert run.name == "对方收到了 1 条"
    assert states(rows) == {1: ("mail", "delivered"), 3: ("mail", "failed")}
    again = prefect.start(DEPLOYMENT, mend_messages.fn)
    assert prefect.form_of(again.id).fields["which"]["items"]["enum"] == [SECOND]


def test_what_is_sent_again_is_on_its_way_at_once(
    prefect: Any, ask: Callable[[], Any], fill: Callable[..., None], rows: Rows
) -> None:
    run = ask()
    fill(run, which=[FIRST, SECOND], what="再发一次")
    assert run.name == "再发一次 2 条"
    assert states(rows) == {1: ("mail", "queued"), 3: ("mail", "queued")}
    assert "发消息" in [other.name for other in prefect.runs.values()]


def test_what_is_called_about_is_on_the_list_of_calls(
    ask: Callable[[], Any], fill: Callable[..., None], rows: Rows
) -> None:
    run = ask()
    fill(run, which=[SECOND], what="我来打电话")
    assert run.state.is_completed()
    assert states(rows)[3] == ("by-hand", "queued")
    assert 3 in [errand.id for errand in errands()]


def test_a_form_without_a_tick_or_too_late_comes_back_with_what_is_wrong(
    prefect: Any, ask: Callable[[], Any], fill: Callable[..., None], rows: Rows
) -> None:
    run = ask()
    fill(run, which=[], what="再发一次")
    assert "还没有选，什么也没有改。" in prefect.form_of(run.id).description
    with transaction(house().database) as session:
        message = session.get(Message, 1)
        assert message is not None
        message.state = MessageState.DELIVERED  # somebody else has said so
    fill(run, which=[FIRST], what="再发一次")
    assert "消息 1 不能“再发一次”：已经告知对方了。" in prefect.form_of(run.id).description
    assert states(rows)[1] == ("mail", "delivered")
    assert prefect.form_of(run.id).fields["which"]["items"]["enum"] == [SECOND]


def test_where_everything_arrived_nothing_is_asked(prefect: Any) -> None:
    run = prefect.start(DEPLOYMENT, mend_messages.fn)
    assert run.state.is_completed()
    assert prefect.log == ["没有没送到的消息。"]
