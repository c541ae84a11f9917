"""A mail server breaks off before it has said whether it has a letter: a coordinator finds out and decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WHO = "洛桑罗布"
DECIDE = "没送到的消息"
ARRIVED, LOST = "wang@example.org", "zhao@example.org"
PEOPLE = {ARRIVED: "王大姐", LOST: "赵大爷"}
IN_DOUBT = "select id from messages where state = 'unknown' order by id"


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def decide(desk: Any, whose: str, what: str) -> None:
    """From the form that starts the run to the decision about one letter."""
    desk.start()
    desk.follow()
    desk.resume()
    desk.pick("操作人", WHO)
    desk.chosen("哪几条").click()
    desk.page.get_by_role("option").filter(has_text=whose).click()
    desk.page.keyboard.press("Escape")
    desk.pick("操作", what)
    desk.picture(f"31-没送到的消息-{what}")
    desk.submit()


def place(installation: Any, address: str) -> None:
    """Somebody who is reached by mail places an order."""
    name = PEOPLE[address]
    order = ("--kind", "appeal", "--grid", "grid-3", "--words", f"{name}门口的雨水井堵了")
    installation.command(
        "place", *order, "--resident", name, "--channel", "mail", "--address", address
    )


def test_of_letters_in_doubt_the_mail_server_has_exactly_one_each(
    coordinator: Any, installation: Any, mail_server: Any
) -> None:
    desk = coordinator
    mail_server.breaks |= {ARRIVED: "kept", LOST: "lost"}
    for address in (ARRIVED, LOST):
        place(installation, address)
    wait_until(lambda: len(installation.ask(IN_DOUBT)) == 2, "not both are in doubt")
    assert [letter.to for letter in mail_server.letters] == [[ARRIVED]]

    desk.go("待办")
    line = desk.page.get_by_text("不知道送没送到")
    desk.reload_until(desk.page.get_by_text("2 条", exact=True))
    desk.picture("30-待办-消息")
    desk.page.get_by_role("link", name="来定").click()
    decide(desk, PEOPLE[ARRIVED], "对方收到了")
    wait_until(lambda: len(installation.ask(IN_DOUBT)) == 1, "nobody noted what was received")

    desk.go("消息")
    desk.reload_until(desk.page.get_by_role("heading", name="不知道送没送到 1 条"))
    desk.picture("30-消息")
    desk.page.get_by_role("link", name=DECIDE).first.click()
    decide(desk, PEOPLE[LOST], "再发一次")
    wait_until(lambda: len(mail_server.letters) == 2, "it was not sent again")
    assert [letter.to for letter in mail_server.letters] == [[ARRIVED], [LOST]]

    desk.go("消息")
    desk.reload_until(desk.page.get_by_text("没有要管的消息。"))
    desk.picture("32-消息-没有要管的")
    desk.go("待办")
    expect(desk.page.get_by_role("heading", name="待办")).to_be_visible()
    desk.reload_while(line)
