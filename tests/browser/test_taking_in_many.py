"""Many at once: a pasted chat, a dropped file of two hundred rows, and the one of them that has waited for forty days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WHO, ROWS = "洛桑罗布", 200
LAMP, RUBBISH, WELL = "三号院的路灯不亮", "楼下垃圾两天没人收", "井盖丢了，孩子们从那里走"
OLD = "桥栏杆松了一段，老人不敢走"
CHAT = f"""卓玛 09:12
{LAMP}

达瓦 09:13
{RUBBISH}

央宗 09:14
[图片]

达瓦 09:15
收到，谢谢

李大爷 09:20
{WELL}
"""


@pytest.fixture(scope="module")
def installation(start_installation: Callable[..., Any]) -> Iterator[Any]:
    """One of its own: with two hundred orders the others would not see theirs on 待办."""
    with start_installation({}) as started:
        yield started


def drop(installation: Any, *lines: str) -> None:
    inbox = installation.home / "inbox"
    inbox.mkdir(exist_ok=True)
    text = "\n".join(("编号,内容,网格,登记时间", *lines))
    (inbox / "台账.csv").write_text(text, encoding="utf-8")


def test_a_pasted_chat_becomes_three_orders(coordinator: Any, installation: Any) -> None:
    desk = coordinator
    desk.go("登记一段群聊")
    desk.pick("操作人", WHO)
    desk.pick("哪个群", "第三网格居民群")
    desk.write("聊天记录（在微信里选中、复制，再粘贴到这里）", CHAT)
    desk.start()
    desk.follow()
    desk.resume()
    desk.picture("16-登记一段群聊")
    desk.whole_picture("16-登记一段群聊")
    expect(desk.form).to_contain_text("第三网格居民群：3 条话可以登记")
    expect(desk.text_field("1 · 内容")).to_have_value(LAMP)
    expect(desk.chosen("网格")).to_have_text("第三网格")
    desk.pick("操作人", WHO)
    desk.write("3 · 内容", f"{WELL}，在二号院门口")
    desk.submit()
    for words in (LAMP, RUBBISH, f"{WELL}，在二号院门口"):
        assert desk.wait_for_status(words, "placed")["grid"] == "grid-3"
    assert installation.count() == 3
    desk.go("待办")
    desk.reload_until(desk.row(LAMP, "待受理"))


def test_a_dropped_file_is_previewed_and_imported(coordinator: Any, installation: Any) -> None:
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    lines = [
        f"L-{n},第 {n} 号院的水龙头滴水,第一网格,{now:%Y-%m-%d %H:%M}" for n in range(ROWS - 1)
    ]
    lines.append(f"L-{ROWS},{OLD},第五网格,{now - timedelta(days=40):%Y-%m-%d %H:%M}")
    drop(installation, *lines, "L-x,,第九网格,")
    before, desk = installation.count(), coordinator
    desk.go("导入表格")
    desk.start()
    desk.follow()
    desk.resume()
    desk.picture("17-导入-有错")
    expect(desk.form).to_contain_text("台账.csv：有 2 处要改，现在导入会一件也不存")
    expect(desk.form).to_contain_text(f"第 {ROWS + 2} 行“网格”是“第九网格”")
    drop(installation, *lines)
    desk.pick("操作人", WHO)
    desk.submit()  # of the old file: nobody has seen the new one
    desk.resume()
    desk.picture("18-导入-预览")
    expect(desk.form).to_contain_text(f"台账.csv：会登记 {ROWS} 件")
    desk.pick("操作人", WHO)
    desk.pick("时限", "从表里的时间算起")
    desk.submit()
    desk.reload_until(desk.page.get_by_text("Completed", exact=True), 120)
    desk.picture("19-导入-完成")
    expect(desk.page.get_by_text(f"导入 台账.csv · 登记 {ROWS} 件").first).to_be_visible()
    assert installation.count() == before + ROWS
    assert not (installation.home / "inbox" / "台账.csv").exists()


def test_among_two_hundred_the_oldest_is_found_in_two_clicks(
    coordinator: Any, installation: Any
) -> None:
    desk = coordinator
    desk.begin("the oldest")
    desk.go("待办")
    oldest = desk.page.get_by_role("heading", name="等得最久的")
    desk.reload_until(oldest)
    desk.picture("20-待办-两百件")
    desk.whole_picture("20-待办-两百件")
    expect(desk.row(OLD).filter(has_text="40 天")).to_be_visible()
    desk.click(desk.row(OLD).first.get_by_role("link", name="填表"))
    expect(desk.page.get_by_text("Suspended", exact=True).first).to_be_visible()
    assert desk.efforts[-1].clicks == 1  # and one to open 待办
    desk.resume()
    expect(desk.form).to_contain_text(OLD)


def test_the_rest_of_a_stage_is_linked(coordinator: Any) -> None:
    desk = coordinator
    desk.go("待办")
    stage = desk.reload_until(desk.page.get_by_role("heading", name="待受理"))
    stage.get_by_role("link", name="全部").click()
    expect(desk.page.get_by_role("link", name="A-").first).to_be_visible()
    desk.picture("21-待受理-全部")


def test_an_order_is_found_by_its_words(coordinator: Any, installation: Any) -> None:
    desk = coordinator
    desk.go("查找")
    desk.write("编号、内容里的词、姓名，或电话后四位", "栏杆")
    desk.start()
    desk.follow()
    desk.reload_until(desk.page.get_by_text("查找 · 找到 1 件"))
    desk.picture("22-查找")
    with desk.page.expect_popup() as opened:
        desk.page.get_by_role("link", name="/v2/artifacts/artifact/").click()
    desk.page = opened.value
    desk.reload_until(desk.row(OLD))
    desk.picture("23-查找-结果")
    desk.row(OLD).first.get_by_role("link", name="填表").click()
    expect(desk.page.get_by_text("Suspended", exact=True).first).to_be_visible()
