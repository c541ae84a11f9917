"""已告知: whoever calls sees the phones, ticks off, and nothing that was shown is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.told import tick_off
from tasks.by_hand import errands
from tasks.models.enums import MessageState
from tasks.models.tables import Message

DEPLOYMENT = "told/已告知"
Rows = Callable[..., list[Any]]


@pytest.fixture
def ask(prefect: Any, place: Callable[..., str]) -> Callable[[], Any]:
    """Two residents wait for a call, and a coordinator starts 已告知."""

    def start() -> Any:
        place(resident="居民甲", phone="13900000001")
        place(resident="居民乙 *", phone="13900000002")
        return prefect.start(DEPLOYMENT, tick_off.fn)

    return start


def test_the_form_shows_whom_to_call_and_what_to_say(prefect: Any, ask: Callable[[], Any]) -> None:
    form = prefect.form_of(ask().id)
    assert list(form.fields) == ["who", "told"]
    assert "default" not in form.fields["who"]
    assert form.fields["told"]["items"]["enum"] == [
        "1 · A-2026-0001 · 居民 居民甲",
        "3 · A-2026-0002 · 居民 居民乙 *",
    ]
    assert form.preselected == {"told": []}
    assert "**1** A-2026-0001 · 居民 居民甲 · 电话 **13900000001**" in form.description
    assert "居民乙 \\* · 电话 **13900000002**" in form.description
    assert "已收到您的诉求“三号院门口的路灯不亮”" in form.description


def test_who_was_told_is_ticked_off_and_nothing_typed_is_kept(
    prefect: Any, ask: Callable[[], Any], rows: Rows
) -> None:
    run = ask()
    prefect.answer(run.id, who="格桑卓玛", told=["3 · A-2026-0002 · 居民 居民乙 *"])
    prefect.process(run.id, tick_off.fn)
    assert run.state.is_completed()
    told = [row for row in rows(Message) if row.state is MessageState.DELIVERED]
    assert [(row.id, row.code) for row in told] == [(3, "told_by:staff-2")]
    assert [errand.id for errand in errands()] == [1]
    assert prefect.inputs == {}
    assert prefect.log == ["已勾掉 1 条。"]
    assert "# 要打的电话 / 要转发的文字 1 条" in prefect.artifacts["by-hand"].data


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"who": "格桑卓玛"}, "还没有选已经告诉了谁，什么也没有改。"),
        ({"who": "路人", "told": ["1 · A-2026-0001 · 居民 居民甲"]}, "没有操作人“路人”。"),
        ({"who": "", "told": ["1 · A-2026-0001 · 居民 居民甲"]}, "请选择是谁在操作。"),
    ],
)
def test_what_cannot_be_ticked_off_is_asked_again(
    prefect: Any, ask: Callable[[], Any], answer: dict[str, Any], sentence: str
) -> None:
    run = ask()
    prefect.answer(run.id, **answer)
    prefect.process(run.id, tick_off.fn)
    assert sentence in prefect.form_of(run.id).description
    assert prefect.form_of(run.id).preselected["told"] == answer.get("told", [])
    assert len(errands()) == 2
    prefect.answer(run.id, who="格桑卓玛", told=["1 · A-2026-0001 · 居民 居民甲"])
    prefect.process(run.id, tick_off.fn)
    assert run.state.is_completed()
    assert len(errands()) == 1


def test_a_form_that_was_shown_and_not_filled_asks_again(
    prefect: Any, ask: Callable[[], Any]
) -> None:
    run = ask()
    prefect.process(run.id, tick_off.fn)
    assert prefect.key_of(run.id) == "told-2"
    assert len(errands()) == 2


def test_nobody_to_tell_asks_nothing(prefect: Any) -> None:
    run = prefect.start(DEPLOYMENT, tick_off.fn)
    assert run.state.is_completed()
    assert prefect.log == ["没有要告知的人。"]
