"""提醒设置 in the Prefect UI."""

from __future__ import annotations

from typing import Any

import pytest

from flows.boards import MESSAGES, TODO, rewrite_boards
from flows.choosing import RESIDENT, set_reminders
from tasks.choices import choice_of
from tasks.clock import utc_now
from tasks.db import transaction
from tasks.done import what_was_done
from tasks.house import house
from tasks.models.enums import Audience, Event, MessageState
from tasks.models.tables import Message
from tasks.muting import mute, muted_addresses

NAME = "choices/提醒设置"


@pytest.fixture
def fill(prefect: Any) -> Any:
    """The coordinator answers the form that the run shows."""

    def send(run: Any, **values: Any) -> None:
        prefect.answer(run.id, **values)
        prefect.process(run.id, set_reminders.fn)

    return send


def test_a_member_s_choices_are_shown_and_changed(prefect: Any, fill: Any) -> None:
    run = prefect.start(NAME, set_reminders.fn)
    fill(run, whose="边巴德吉 · 供电所", resident="")
    form = prefect.form_of(run.id)
    assert "提醒设置 · 边巴德吉" in form.description
    assert form.fields["declined"]["items"]["enum"] == [
        "群众发声",
        "快到期",
        "已评价",
        "心愿待认领",
    ]
    typed = {"channel": "照平常", "language": "en", "declined": ["已评价"], "quiet": "22-7"}
    fill(run, who="洛桑罗布", **typed, digest="18 点合成一条")
    form = prefect.form_of(run.id)
    assert "要写成 22:00-07:00" in form.description
    assert form.preselected["declined"] == ["已评价"]
    fill(run, who="洛桑罗布", **{**typed, "quiet": "22:00-07:00"}, digest="18 点合成一条")
    assert (run.state.is_completed(), run.name) == (True, "提醒设置 · 边巴德吉")
    chosen = choice_of(Audience.MEMBER, "m-241")
    assert (chosen["language"], chosen["quiet"], chosen["digest_hour"]) == ("en", "22:00-07:00", 18)
    assert chosen["declined"] == ["order_rated"]
    run = prefect.start(NAME, set_reminders.fn)
    fill(run, whose="边巴德吉 · 供电所", resident="")
    shown = prefect.form_of(run.id).preselected
    assert (shown["language"], shown["quiet"], shown["digest"]) == (
        "en",
        "22:00-07:00",
        "18 点合成一条",
    )


@pytest.mark.parametrize("word", ["没有", "无"])
def test_quiet_hours_end_with_a_word_since_emptied_text_never_arrives(
    prefect: Any, fill: Any, word: str
) -> None:
    def choose(**typed: str) -> str:
        run = prefect.start(NAME, set_reminders.fn)
        fill(run, whose="边巴德吉 · 供电所", resident="")
        form = prefect.form_of(run.id)
        assert "写“没有”就取消" in form.fields["quiet"]["title"]
        left = {name: value for name, value in form.preselected.items() if name != "quiet"}
        fill(run, who="洛桑罗布", **left, **typed)
        assert run.state.is_completed()
        return str(choice_of(Audience.MEMBER, "m-241")["quiet"])

    assert choose(quiet="22:00-07:00") == "22:00-07:00"
    assert choose() == "22:00-07:00"  # as the form showed it
    assert choose(quiet=word) == ""
    assert choose() == ""


def test_a_resident_is_named_by_an_order_and_an_address_is_tried_again(
    prefect: Any, fill: Any, place: Any, wait: Any
) -> None:
    number = place(channel="webhook", address="x-1")
    message = Message(
        key="k",
        event=Event.ORDER_PLACED,
        audience=Audience.RESIDENT,
        recipient="1",
        channel="webhook",
        locale="zh-CN",
        state=MessageState.REFUSED,
        created_at=utc_now(),
        next_attempt_at=utc_now(),
    )
    with transaction(house().database) as session:
        mute(session, message, "x-1", "smtp_550")
    wait(rewrite_boards(prefect))
    assert "1 个地址发不到 · [细看](" in prefect.artifacts[TODO].data
    page = prefect.artifacts[MESSAGES].data
    assert f"| 居民 {number} | 对接系统 |" in page
    assert "居民甲" not in page and "x-1" not in page  # only our own tables know who that is
    run = prefect.start(NAME, set_reminders.fn)
    fill(run, whose=RESIDENT, resident="")
    assert "居民请写电话或订单编号" in prefect.form_of(run.id).description
    fill(run, whose=RESIDENT, resident=number)
    form = prefect.form_of(run.id)
    assert "居民甲" in form.description
    assert "已办结" not in form.fields["declined"]["items"]["enum"]
    answer = {name: value for name, value in form.preselected.items() if name != "unmute"}
    fill(run, who="洛桑罗布", **answer, unmute=["对接系统"])
    assert (run.state.is_completed(), run.name) == (True, "提醒设置 · 居民")
    done = what_was_done(str(run.id))
    assert done is not None and done.said == "提醒设置 · 居民"
    assert muted_addresses() == []
    wait(rewrite_boards(prefect))
    assert "发不到" not in prefect.artifacts[TODO].data
    assert "没有要管的消息" in prefect.artifacts[MESSAGES].data
