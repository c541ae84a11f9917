"""消息, and its line on 待办: what needs a person's word, what goes on by itself, which channels rest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import desc, select

from flows.boards import MESSAGES, TODO, rewrite_boards
from tasks.arrivals import mark_received
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.house import House, house
from tasks.models.enums import MessageState
from tasks.models.tables import Message, Provider

Page = Callable[[], str]
Stand = Callable[..., int]


@pytest.fixture
def page(prefect: Any, wait: Callable[..., Any], monday: Any) -> Page:
    """The page, rewritten."""

    def read() -> str:
        wait(rewrite_boards(prefect))
        return str(prefect.artifacts[MESSAGES].data)

    return read


@pytest.fixture
def todo(prefect: Any, page: Page) -> Page:
    """The list of what waits, rewritten."""

    def read() -> str:
        page()
        return str(prefect.artifacts[TODO].data)

    return read


@pytest.fixture
def stand(
    prefect: Any, place: Callable[..., str], settle: Callable[..., House], monday: Any
) -> Stand:
    """A message to a resident by mail that stands like this; gives its id."""
    settle(database=house().settings.database, channels={"mail": "mailto://a@127.0.0.1:9"})

    def put(state: str, **values: Any) -> int:
        place(channel="mail", address="jia@example.org", resident="王小明", phone="13900000001")
        with transaction(house().database) as session:
            latest = select(Message).where(Message.audience == "resident").order_by(desc("id"))
            message = session.exec(latest).first()
            assert message is not None
            for name, value in {"state": MessageState(state), **values}.items():
                setattr(message, name, value)
            assert message.id is not None
            return int(message.id)

    return put


def rest(until: Any) -> None:
    with transaction(house().database) as session:
        session.add(Provider(channel="mail", failures=4, rests_until=until))


def test_where_nothing_is_wrong_one_line_says_so(page: Page, todo: Page, stand: Stand) -> None:
    assert page() == "# 消息\n\n09-14 10:00 更新\n\n没有要管的消息。"
    stand("accepted")
    stand("queued")
    assert page() == "# 消息\n\n09-14 10:00 更新\n\n没有要管的消息。等着发的 1 条。"
    assert "消息" not in todo()


def test_what_is_in_doubt_leads_to_the_form_that_decides(
    prefect: Any, page: Page, todo: Page, stand: Stand
) -> None:
    id = stand("unknown", code="timeout")
    shown = page()
    form = f"/deployments/deployment/{prefect.deployments['undelivered/没送到的消息'].id}/run)"
    assert "## 不知道送没送到 1 条" in shown
    assert f"[没送到的消息](http://127.0.0.1:4200/v2{form}" in shown
    assert f"| {id} | A-2026-0001 | 已收到 | 居民 | 对方没有回应 | 09-14 10:00 |" in shown
    line = todo().splitlines()[0]
    assert line.startswith("**消息**：不知道送没送到 **1 条**，[来定](http")
    assert f"{form}" in line
    assert f"/artifacts/artifact/{prefect.artifacts[MESSAGES].id})" in line
    mark_received([id], "staff-1")
    assert "没有要管的消息。" in page()
    assert todo().startswith("# 待办")


def test_what_is_tried_again_says_when_and_needs_nobody(
    page: Page, todo: Page, stand: Stand, monday: Any
) -> None:
    stand("failed", code="smtp_451", next_attempt_at=monday + timedelta(minutes=5))
    shown = page()
    assert "## 没发成，会自己再发 1 条" in shown
    assert "| 邮件被退（代码 451） | 09-14 10:00 | 09-14 10:05 以后 |" in shown
    assert todo().startswith("# 待办")


def test_what_has_no_text_stands_on_the_list_of_what_waits(
    prefect: Any, page: Page, todo: Page, stand: Stand
) -> None:
    stand("dead", code="bad_template")
    assert "## 没有文字可发 1 条" in page()
    form = f"/deployments/deployment/{prefect.deployments['undelivered/没送到的消息'].id}/run)"
    line = todo().splitlines()[0]
    assert line.startswith("**消息**：没有文字可发 **1 条**，模板改好后[再发一次](http")
    assert f"{form} · [细看]" in line


def test_what_no_channel_took_is_for_a_call(prefect: Any, page: Page, stand: Stand) -> None:
    reason = "mail: smtp_550"
    stand("queued", channel="by-hand", code="smtp_550", reason=reason)
    stand("queued", channel="by-hand")  # a call like any other: nothing has gone wrong
    shown = page()
    assert "## 渠道送不到，要人告诉 1 条" in shown
    calls = f"/artifacts/artifact/{prefect.artifacts['by-hand'].id})"
    assert "[要打的电话](" in shown
    assert calls in shown


def test_a_channel_that_rests_says_until_when_and_how_many_wait(
    page: Page, todo: Page, stand: Stand, monday: Any
) -> None:
    stand("queued")
    rest(monday + timedelta(minutes=12))
    assert "| 电子邮件 | 不通，09-14 10:12 以后再试 | 1 | – |" in page()
    assert "**消息**：“电子邮件”不通，09-14 10:12 以后再试 · [细看]" in todo()
    with clock_at(monday + timedelta(minutes=12)):
        assert "没有要管的消息。等着发的 1 条。" in page()


def test_a_channel_s_limit_stands_beside_what_waits_for_it(
    page: Page, stand: Stand, monday: Any
) -> None:
    stand("queued", channel="wecom-desk")
    stand("unknown")
    assert "| 服务台企业微信群 | 在发 | 1 | 20 |" in page()


def test_nobody_s_name_phone_or_address_is_on_the_page(
    page: Page, todo: Page, stand: Stand
) -> None:
    for state in ("unknown", "failed", "refused"):
        stand(state, code="timeout")
    both = page() + todo()
    for private in ("王小明", "13900000001", "jia@example.org", "mailto"):
        assert private not in both


def test_of_many_the_oldest_are_listed_and_all_are_counted(
    page: Page, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [stand("unknown") for _ in range(3)]
    monkeypatch.setattr("flows.messages_page.SHOWN", 2)
    shown = page()
    assert "## 不知道送没送到 3 条" in shown
    assert "先列最早的 2 条。" in shown
    assert [f"| {id} | A-" in shown for id in ids] == [True, True, False]
