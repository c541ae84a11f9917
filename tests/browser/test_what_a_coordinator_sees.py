"""The other ways of the desk: what is refused, kept, proposed and ticked off, and how it looks."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from config.catalog import Catalog

pytestmark = pytest.mark.browser

FINDER, CALLER = "洛桑罗布", "格桑卓玛"


def test_an_unsatisfied_resident_reopens_and_the_earlier_member_is_proposed(
    coordinator, example_catalog: Catalog
) -> None:
    words, desk = "广场的灯一闪一闪", coordinator
    earlier = example_catalog.members["m-243"]
    colleagues = [m.id for m in example_catalog.members.values() if m.handler == earlier.handler]
    assert colleagues[0] != earlier.id  # not who would be proposed anyway
    desk.open_form(words, "待评价")
    desk.pick("操作人", CALLER)
    desk.pick("居民说", "不满意")
    desk.write("居民的话（不满意要填）", "晚上还是一闪一闪")
    desk.submit()
    assert desk.wait_for_status(words, "taken")["round"] == 2
    desk.open_form(words, "待认领")
    desk.picture("06-第二轮认领")
    expect(desk.form).to_contain_text("第 2 轮")
    expect(desk.form).to_contain_text("晚上还是一闪一闪")
    expect(desk.chosen("党员")).to_have_text(earlier.name)


def test_a_wrong_phone_asks_again_and_keeps_what_was_typed(coordinator) -> None:
    words = "二号院的水管漏水"
    typed = {"内容（居民的话）": words, "地点": "二号院东墙", "居民姓名": "王阿姨"}
    desk = coordinator
    desk.go("登记新订单")
    desk.pick("操作人", FINDER)
    for title, text in typed.items():
        desk.write(title, text)
    desk.write("电话", "1380013")
    desk.pick("网格", "第二网格")
    desk.pick("紧急程度", "紧急")
    desk.start()
    desk.follow()
    desk.resume()
    desk.picture("07-登记-电话不对")
    expect(desk.form).to_contain_text("⚠️")
    expect(desk.form).to_contain_text("电话")
    for title, text in typed.items():
        expect(desk.text_field(title)).to_have_value(text)
    expect(desk.text_field("电话")).to_have_value("1380013")
    expect(desk.chosen("网格")).to_have_text("第二网格")
    expect(desk.chosen("紧急程度")).to_have_text("紧急")
    assert not desk.installation.order(words)
    desk.pick("操作人", FINDER)
    desk.write("电话", "13800138000")
    desk.submit()
    assert desk.wait_for_status(words, "placed")["place"] == "二号院东墙"


def test_the_link_of_all_waiting_orders_shows_what_has_waited_for_a_month(
    coordinator, installation
) -> None:
    number = installation.order("台阶松了一块")["number"]
    month_ago = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%d %H:%M:%S.%f")
    database = installation.home / "prefect" / "prefect.db"
    with sqlite3.connect(database, timeout=60) as prefect:
        changed = prefect.execute(
            "update flow_run set created = :then, expected_start_time = :then,"
            " state_timestamp = :then where name like :name",
            {"then": month_ago, "name": f"{number} %"},
        )
        assert changed.rowcount == 1
    desk = coordinator
    run = desk.page.get_by_role("link", name=number)
    desk.page.goto(f"{installation.address}/v2/runs")
    expect(desk.page.get_by_text("Past week")).to_be_visible()  # what the page shows by itself
    expect(desk.page.get_by_text("Flow runs").first).to_be_visible()
    expect(run).to_have_count(0)
    desk.go("所有等待的单")
    expect(run.first).to_be_visible()
    run.first.scroll_into_view_if_needed()
    desk.picture("08-所有等待的单")


def test_what_was_told_leaves_the_list_of_calls(coordinator, installation) -> None:
    told, other = (installation.order(words)["number"] for words in ("井盖响", "门禁坏了"))
    desk = coordinator
    desk.go("要打的电话")
    call = desk.page.get_by_role("heading", name=f"{told} · 居民 李大爷")
    desk.reload_until(call)
    expect(desk.page.get_by_text("13800138001")).to_have_count(0)  # no list that stays shows it
    desk.picture("09-要打的电话")
    desk.go("已告知打勾")
    desk.start()
    desk.follow()
    desk.resume()
    desk.picture("10-已告知")
    desk.whole_picture("10-已告知")
    expect(desk.form).to_contain_text("13800138001")
    desk.pick("操作人", FINDER)
    desk.chosen("已经告诉了谁").click()
    desk.page.get_by_role("option").filter(has_text=f"{told} · 居民 李大爷").click()
    desk.page.keyboard.press("Escape")
    desk.submit()
    desk.go("要打的电话")
    desk.reload_until(desk.page.get_by_role("heading", name="要打的电话").filter(visible=True))
    desk.reload_while(call)
    expect(desk.page.get_by_role("heading", name=f"{other} · 居民 张大姐")).to_be_visible()


def test_an_order_is_withdrawn_from_a_pick_list(coordinator) -> None:
    words = "旧衣柜挡着楼道"
    desk = coordinator
    desk.go("其他操作")
    desk.page.get_by_role("link", name="撤单", exact=True).wait_for()
    desk.picture("11-其他操作")
    desk.click(desk.page.get_by_role("link", name="撤单", exact=True))
    desk.click(desk.page.get_by_role("button", name="Run", exact=True))
    desk.click(desk.page.get_by_role("menuitem", name="Quick run"))
    expect(desk.form).to_contain_text("不用改，直接提交")
    desk.picture("12-撤单-启动")
    desk.run_now()
    desk.follow()
    desk.resume()
    desk.pick("操作人", FINDER)
    desk.chosen("哪一单").click()
    desk.picture("13-撤单-选订单")
    desk.page.get_by_role("option").filter(has_text=words).click()
    desk.write("说明", "居民自己搬走了")
    desk.submit()
    desk.wait_for_status(words, "withdrawn")
    desk.go("待办")
    expect(desk.page.get_by_role("heading", name="待办")).to_be_visible()
    desk.reload_while(desk.row(words))


def test_a_form_without_a_name_is_refused_and_changes_nothing(coordinator, installation) -> None:
    words = "垃圾桶满了"
    before = installation.order(words)
    desk = coordinator
    desk.open_form(words, "待受理")
    desk.form.get_by_role("button", name="Resume").click()
    expect(desk.page.get_by_text("is a required property").first).to_be_visible()
    desk.picture("14-没有操作人")
    expect(desk.form).to_be_visible()
    desk.page.reload()
    expect(desk.page.get_by_text("Suspended", exact=True).first).to_be_visible()
    assert installation.order(words) == before


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desktop", "phone"])
def test_a_form_is_readable_on_a_desktop_and_on_a_phone(sit_down, size: tuple[int, int]) -> None:
    words = "健身角的灯杆松动，孩子们放学后在下面玩"
    desk = sit_down(size)
    desk.open_form(words, "办理中")
    desk.picture(f"15-办理中-宽{size[0]}")
    shown = desk.form.get_by_role("columnheader", name=words)
    expect(shown).to_be_in_viewport(ratio=1)
    box = desk.form.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= size[0]
    assert desk.form.evaluate("form => form.scrollWidth <= form.clientWidth")
    expect(desk.chosen("操作人")).to_be_in_viewport(ratio=0.5)
    field = desk.text_field("说明（要填：怎么办的、什么进展、为什么）")
    field.scroll_into_view_if_needed()
    expect(field).to_be_in_viewport(ratio=1)
    expect(desk.form.get_by_role("button", name="Resume")).to_be_in_viewport(ratio=1)


def test_the_night_is_tried_and_its_report_is_read_over_morning_tea(
    coordinator, installation
) -> None:
    desk = coordinator
    desk.page.goto(f"{installation.address}/v2/deployments?limit=100")
    night = desk.page.get_by_role("link", name="夜间处理", exact=True).get_attribute("href")
    desk.page.goto(f"{installation.address}{night}/run")
    expect(desk.page.get_by_text("打勾：只列出会做什么，什么也不改。")).to_be_visible()
    desk.picture("20-夜间处理-启动")
    desk.start()
    desk.follow()
    desk.reload_until(desk.page.get_by_text("Completed", exact=True))
    desk.go("夜报")
    desk.click(desk.page.locator("a[href*='/artifacts/artifact/']").first)
    report = desk.page.get_by_role("heading", name="在哪一步等着")
    expect(report).to_be_visible()
    expect(desk.page.get_by_role("cell", name="待受理").first).to_be_visible()
    expect(desk.page.get_by_text("13800138001")).to_have_count(0)  # nobody's phone
    desk.whole_picture("21-夜报")
