"""What coordinators start themselves, the lists that they keep open, and the messages that leave: with a real worker."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

import flows.sweeps
from flows.actions import OFFERS
from flows.links import run_link
from tasks.finding import Wanted, summaries
from tasks.points import statement
from tasks.views import order_json

pytestmark = pytest.mark.server
LUO, GE = "洛桑罗布", "格桑卓玛"
LATER = {"reason": "等材料", "date": "2099-01-01"}
ACCEPT, ASSIGN = ("accept", {"category": "street-light"}), ("assign", {"to": "unit-power"})
CLAIMED = (ACCEPT, ASSIGN, ("take", {}), ("claim", {"to": "m-241"}))
PHONE = "0893-0000101"
RESIDENT = {"resident": "王阿姨", "phone": PHONE}
# What is done: the steps before, what is filled in, the deed that follows and the status it leads to.
DEEDS = {
    "改派": ((ACCEPT, ASSIGN), {"handler": "社区服务台", "reason": "换人"}, "reassign", "assigned"),
    "加帮手": (
        CLAIMED,
        {"helpers": ["格桑卓玛（社区服务台）"], "reason": "扶梯子"},
        "report",
        "claimed",
    ),
    "撤单": ((), {}, "withdraw", "withdrawn"),
    "恢复": ((ACCEPT, ("hold", LATER)), {}, "resume", "accepted"),
    "申请延期": ((ACCEPT, ASSIGN), LATER, "ask_extension", "assigned"),
    "批准延期": (
        (ACCEPT, ASSIGN, ("ask_extension", LATER)),
        {"step": "批准延期"},
        "approve_extension",
        "assigned",
    ),
    "退回一线": (
        (ACCEPT, ("refer", {"reason": "要商量"})),
        {"reason": "一线能办"},
        "send_back",
        "accepted",
    ),
    "回访": (
        (*CLAIMED, ("finish", {"reason": "换了灯泡"})),
        {"grade": "满意"},
        "rate",
        "closed",
    ),
}


PLAN = {"to": "unit-housing", "date": "2030-01-01", "yuan": "500", "reason": "修活动室"}
RAISING = (
    *(ACCEPT, ("refer", {"reason": "要筹款"}), ("open_funding", PLAN)),
    ("pledge", {"donor": "县医院", "kind": "money", "yuan": "500"}),
)
GIVEN = (*RAISING, ("receive", {"yuan": "500"}), ("take", {}))
DEEDS_WITH_MONEY = {
    "到账": (RAISING, {"yuan": "300"}, "receive", "funding"),
    "支出": (GIVEN, {"yuan": "12.34", "voucher": "收据 1"}, "spend", "taken"),
    "转用款项": (GIVEN, {"yuan": "20", "reason": "会议决定"}, "move_money", "taken"),
}
DEEDS |= DEEDS_WITH_MONEY


def test_everything_that_is_done_without_a_number_works_once(up, wait) -> None:
    assert set(DEEDS) == set(OFFERS)
    orders = {
        what: up.place(
            *steps, words=what, kind="big_wish" if what in DEEDS_WITH_MONEY else "appeal"
        )
        for what, (steps, *_) in DEEDS.items()
    }
    before = {what: len(up.deeds(number)) for what, number in orders.items()}
    runs = {what: up.begin(f"act-on-order/{what}", what=what) for what in DEEDS}
    for what, run in runs.items():
        wait(lambda run=run: up.state(run) == "PAUSED")
        offered = up.form(run)["properties"]["order"]["enum"]
        (line,) = [line for line in offered if line.startswith(orders[what])]
        typed = dict(DEEDS[what][1])
        if what == "转用款项":
            wishes = up.form(run)["properties"]["to"]["enum"]
            typed["to"] = next(wish for wish in wishes if wish.startswith(orders["到账"]))
        up.answer(run, who=GE, order=line, **typed)
    for what, run in runs.items():
        wait(lambda run=run: up.state(run) == "COMPLETED")
        _, _, deed, status = DEEDS[what]
        number = orders[what]
        assert up.deeds(number)[before[what] :] == [(deed, "staff-2")], what
        assert order_json(number)["status"] == status, what
        if status not in ("withdrawn", "closed"):
            up.waiting(number)


def test_a_registration_with_a_wrong_phone_is_asked_again_placed_once_and_forgotten(
    up, wait, ask_prefect, monkeypatch
) -> None:
    words = "水管漏水，楼道里都是水"
    typed = {"who": LUO, "words": words, "place": "二号院东墙", **RESIDENT, "phone": "1380013"}
    run = up.begin("register/登记", 登记=typed)
    wait(lambda: up.state(run) == "PAUSED")
    form = up.form(run)
    assert "⚠️" in form["description"] and "电话" in form["description"]
    again = {name: field.get("default") for name, field in form["properties"].items()}
    assert {**again, "who": LUO}.items() >= typed.items()
    assert not [order for order in summaries(Wanted()) if order["words"] == words]
    up.answer(run, **{**again, "who": LUO, "phone": PHONE})
    wait(lambda: up.state(run) == "COMPLETED")
    (order,) = [order for order in summaries(Wanted()) if order["words"] == words]
    assert order["place"] == "二号院东墙"
    up.waiting(order["number"])
    monkeypatch.setattr(flows.sweeps, "FORGET_AFTER", timedelta(0))
    ask_prefect(flows.sweeps.forget_typed)
    assert up.run(run) is None
    up.waiting(order["number"])


def test_the_list_of_what_waits_leads_to_every_form_by_deadline_and_follows_the_orders(up) -> None:
    number = up.place(ACCEPT, words="桥边的路灯坏了")
    run = up.waiting(number)
    board = up.board("todo")
    for waiting in up.order_runs(["PAUSED"]):
        assert run_link(waiting["id"]) in board, waiting["name"]
    lines = [line for line in board.splitlines() if line.startswith("| [填表]")]
    due = {order["number"]: order["next_due_at"] for order in summaries(Wanted())}
    deadlines = [due[re.findall(r"[AB]-\d{4}-\d{4}", line)[-1]] or "9999" for line in lines]
    assert deadlines == sorted(deadlines)
    (line,) = [line for line in lines if run_link(run) in line]
    assert "待派单" in line and "桥边的路灯坏了" in line
    up.typed("act", number, *("assign", "--by", "staff-1", "--to", "unit-power"))
    (line,) = [line for line in up.board("todo").splitlines() if run_link(run) in line]
    assert "待单位接单" in line
    up.typed("act", number, "withdraw", "--by", "resident")
    assert number not in up.board("todo")


def test_who_was_told_is_ticked_off_and_no_list_that_stays_shows_a_phone(up, wait) -> None:
    told, other = (up.place(ACCEPT, words=words, **RESIDENT) for words in ("井盖响", "门坏了"))
    board = up.board("by-hand")
    assert told in board and other in board and PHONE not in board and "0000101" not in board
    run = up.begin("told/已告知")
    wait(lambda: up.state(run) == "PAUSED")
    form = up.form(run)
    assert PHONE.replace("-", "") in form["description"]
    offered = form["properties"]["told"]["items"]["enum"]
    ticked = [line for line in offered if told in line]
    assert ticked
    up.answer(run, who=LUO, told=ticked)
    wait(lambda: up.state(run) == "COMPLETED")
    assert told not in up.board("by-hand") and other in up.board("by-hand")


def test_the_message_of_a_change_leaves_by_mail_in_a_run_that_the_change_has_started(
    up, wait, mailbox
) -> None:
    (up.home / ".env").write_text(f"DIANDAN_CHANNELS__MAIL={mailbox.url}\n", encoding="utf-8")
    try:
        about = ("place", "--kind", "appeal", "--words", "路灯不亮", "--resident", "王阿姨")
        to = ("--channel", "mail", "--address", "wang@example.org")
        number = up.typed(*about, *to)["number"]
        wait(lambda: mailbox.letters)
    finally:
        (up.home / ".env").unlink()
    (letter,) = mailbox.letters
    assert letter.to == ["wang@example.org"]
    assert number in letter.subject + letter.body


def test_points_are_corrected_once_by_two_people_and_rates_stand_on_the_page_of_their_run(
    up, wait
) -> None:
    run = up.begin("correct-points/更正积分")
    wait(lambda: up.state(run) == "PAUSED")
    (line,) = [one for one in up.form(run)["properties"]["member"]["enum"] if "边巴德吉" in one]
    typed = {"who": GE, "member": line, "points": "-5", "reason": "值班没有到"}
    up.answer(run, **typed, second=GE)
    wait(lambda: up.state(run) == "PAUSED" and "⚠️" in up.form(run)["description"])
    up.answer(run, **typed, second=LUO)
    wait(lambda: up.state(run) == "COMPLETED")
    entries = statement("m-241")["entries"]
    assert [one["points"] for one in entries if one["rule"] == "correction"] == [-5]
    run = up.begin("rates/三率")
    wait(lambda: up.state(run) == "PAUSED")
    (month,) = [one for one in up.form(run)["properties"]["period"]["enum"] if "本月" in one]
    up.answer(run, period=month)
    wait(lambda: up.state(run) == "COMPLETED")
    wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}}
    (page,) = up.api.post("/artifacts/filter", json=wanted).json()
    assert page["description"] == up.run(run)["name"]
    assert "| 全社区 | 有效评价 |" in page["data"]
