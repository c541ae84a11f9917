"""A joint meeting with twelve matters, decided one form after the other, with tasks and minutes at the end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from docx import Document
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WHO = "格桑卓玛"  # not who asked for the extensions
REFERRED = [["accept", {}], ["refer", {"reason": "要几家一起办"}]]
APPEALS = [f"{n}号院的路没有人修" for n in range(1, 9)]
WISHES = ["想有一间活动室", "想修一座小桥"]
LATE = ["楼道灯要等零件", "水管要等材料"]
IN_A_MONTH = f"{datetime.now() + timedelta(days=30):%Y-%m-%d}"  # noqa: DTZ005
TO_POWER = [
    ["accept", {"category": "street-light"}],
    ["assign", {"to": "unit-power"}],
    ["take", {}],
    ["claim", {"to": "m-241"}],
    ["ask_extension", {"reason": "等零件", "date": IN_A_MONTH}],
]
MATTERS = {
    **{words: ({}, REFERRED) for words in APPEALS},
    **{words: ({"kind": "big_wish"}, REFERRED) for words in WISHES},
    **{words: ({}, TO_POWER) for words in LATE},
}


@pytest.fixture(scope="module")
def installation(start_installation: Callable[..., Any]) -> Iterator[Any]:
    """One of its own, with twelve matters that wait for a meeting and nothing else."""
    with start_installation(MATTERS) as started:
        yield started


def wait_for_form(desk: Any, place: int) -> None:
    """Until the run has asked so many times, looked up where it costs nothing, and the page shows it."""
    asked = (
        "select count(*) from flow_run_state join flow_run on flow_run.id = flow_run_id"
        " where flow_run.name = '联席会议' and type = 'PAUSED'"
    )
    deadline = time.monotonic() + 60
    database = desk.installation.home / "prefect" / "prefect.db"
    while True:
        with sqlite3.connect(database, timeout=60) as prefect:
            if prefect.execute(asked).fetchone()[0] >= place:
                break
        assert time.monotonic() < deadline, f"form {place} did not come"
        time.sleep(0.2)
    desk.page.reload()


@pytest.mark.timeout(600)  # twelve forms, and each is a process of its own that starts
def test_twelve_matters_are_decided_in_twelve_forms(coordinator: Any, installation: Any) -> None:
    desk = coordinator
    desk.go("其他操作")
    desk.page.get_by_role("link", name="联席会议", exact=True).click()
    desk.page.get_by_role("button", name="Run", exact=True).click()
    desk.page.get_by_role("menuitem", name="Quick run").click()
    desk.run_now()
    desk.follow()
    for place in range(1, len(MATTERS) + 1):
        wait_for_form(desk, place)
        desk.resume()
        expect(desk.form).to_contain_text(f"议题 {place}/{len(MATTERS)}")
        desk.pick("操作人", WHO)
        if place <= len(APPEALS):
            desk.pick("牵头单位（指派、筹集要选）", "公路养护段")
        elif place <= len(APPEALS) + len(WISHES):
            desk.pick("牵头单位（指派、筹集要选）", "住房建设所")
            desk.write("金额（元）（筹集要填：总共要多少）", "5000")
        if place in (1, 9, 11):
            desk.whole_picture(f"23-会议-议题{place}")
        desk.submit()
    wait_for_form(desk, len(MATTERS) + 1)
    desk.resume()
    desk.pick("操作人", WHO)
    desk.pick("还有要交办的吗", "重点任务")
    desk.write("内容", "每月把进度告诉居民")
    desk.picture("24-会议-交办")
    desk.submit()
    wait_for_form(desk, len(MATTERS) + 2)
    desk.resume()
    expect(desk.form).to_contain_text("重点任务：每月把进度告诉居民")
    desk.pick("操作人", WHO)
    desk.pick("主持人", WHO)
    desk.submit()
    desk.reload_until(desk.page.get_by_text("Completed", exact=True))
    for words in APPEALS:
        assert desk.wait_for_status(words, "assigned")["handler"] == "unit-roads"
    for words in WISHES:
        assert desk.wait_for_status(words, "funding")["target"] == 500_000
    for words in LATE:
        assert installation.order(words)["asked_due_at"] is None
    (minutes,) = (installation.home / "meetings").glob("*-纪要.docx")
    decided, given = Document(str(minutes)).tables
    assert len(decided.rows) == 1 + len(MATTERS)
    assert given.rows[1].cells[1].text == "每月把进度告诉居民"
    desk.go("会议")
    desk.reload_until(desk.page.get_by_role("heading", name="示范社区联席会议纪要"))
    desk.picture("25-会议-纪要")
    desk.whole_picture("25-会议-纪要")
