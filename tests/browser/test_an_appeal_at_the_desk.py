"""A street lamp, from the resident's call to her word on it: what it costs the desk in clicks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

WORDS = "三号院门口路灯不亮"
FINDER, CALLER = "洛桑罗布", "格桑卓玛"
MOST_FORMS, MOST_CLICKS = 3, 8


def test_a_lamp_costs_the_desk_three_forms_and_a_rating(coordinator, capsys) -> None:
    desk = coordinator

    desk.begin("登记")
    desk.go("登记新订单")
    desk.pick("操作人", FINDER)
    desk.write("内容（居民的话）", WORDS)
    desk.pick("网格", "第三网格")
    desk.write("居民姓名", "王阿姨")
    desk.write("电话", "13800138000")
    desk.picture("01-登记")
    desk.whole_picture("01-登记")
    desk.start()
    desk.wait_for_status(WORDS, "placed")

    desk.begin("受理并派单")
    desk.open_form(WORDS, "待受理", picture="02-待办")
    desk.picture("02-受理", for_readme=True)
    desk.whole_picture("02-受理")
    assert "供电所" in desk.chosen("承办方").inner_text()
    desk.pick("操作人", FINDER)
    desk.submit()
    desk.wait_for_status(WORDS, "assigned")

    desk.begin("代单位接单并认领")
    desk.open_form(WORDS, "待单位接单")
    desk.picture("03-代单位接单并认领")
    desk.pick("操作人", FINDER)
    desk.submit()
    desk.wait_for_status(WORDS, "claimed")

    desk.begin("办结")
    desk.open_form(WORDS, "办理中")
    desk.picture("04-办结")
    desk.whole_picture("04-办结")
    desk.pick("操作人", FINDER)
    desk.write("说明（要填：怎么办的、什么进展、为什么）", "换了灯泡")
    desk.submit()
    desk.wait_for_status(WORDS, "done")

    desk.begin("回访")
    desk.open_form(WORDS, "待评价")
    desk.picture("05-回访")
    assert "13800138000" in desk.form.inner_text()
    desk.pick("操作人", CALLER)
    desk.pick("居民说", "满意")
    desk.submit()
    assert desk.wait_for_status(WORDS, "closed")["round"] == 1

    desk.go("待办")
    expect(desk.page.get_by_role("heading", name="待办")).to_be_visible()
    desk.reload_while(desk.row(WORDS))
    with capsys.disabled():
        print(f"\n\n{table(desk.efforts)}\n")
    after_intake = [effort for effort in desk.efforts if effort.form not in ("登记", "回访")]
    assert len(after_intake) <= MOST_FORMS
    assert all(effort.clicks <= MOST_CLICKS for effort in desk.efforts)
    assert [effort.typed for effort in desk.efforts[1:]].count([]) == 3  # only 办结 is explained


def table(efforts) -> str:
    lines = [f"{'clicks':>6}  {'typed':>5}  form (what was typed)"]
    for effort in efforts:
        typed = f"（{'、'.join(effort.typed)}）" if effort.typed else ""
        lines.append(f"{effort.clicks:>6}  {len(effort.typed):>5}  {effort.form}{typed}")
    clicks, typed = sum(e.clicks for e in efforts), sum(len(e.typed) for e in efforts)
    return "\n".join([*lines, f"{clicks:>6}  {typed:>5}  together"])
