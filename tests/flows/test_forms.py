"""The forms: what a coordinator may pick for an order, what it leads to, and what stands above the fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt

from flows import actions, intake, told
from flows.forms.answers import Answer
from flows.forms.steps import BY_NAME, WAITING, Step, next_step, requests_of
from tasks.errors import BadInput, Refused
from tasks.house import House
from tasks.markup import escaped
from tasks.models.enums import OPEN, Status
from tasks.models.tables import Order
from tasks.orders import act
from tasks.wishes import wish_json

WHO = "洛桑罗布"
PHONE = "13900000001"
Arrive = Callable[..., str]
Look = Callable[[str], Order]

# --- the tables, by hand --------------------------------------------------------------------------

ASSIGNED = [("accept", {}), ("assign", {"to": "unit-power"})]
TAKEN = [*ASSIGNED, ("take", {})]
CLAIMED = [*TAKEN, ("claim", {"to": "m-241"})]
LATER = {"reason": "等材料", "date": "2030-01-01"}
WAYS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "placed": [],
    "accepted": [("accept", {})],
    "assigned": ASSIGNED,
    "taken": TAKEN,
    "claimed": CLAIMED,
    "done": [*CLAIMED, ("finish", {"reason": "换了灯泡"})],
    "on_hold": [*TAKEN, ("hold", LATER)],
    "in_meeting": [("accept", {}), ("refer", {"reason": "要大家商量"})],
}
IN_MEETING = WAYS["in_meeting"]
BIG_ASSIGNED = [*IN_MEETING, ("appoint", {"to": "unit-power"})]
BIG_TAKEN = [*BIG_ASSIGNED, ("take", {})]
BIG_CLAIMED = [*BIG_TAKEN, ("claim", {"to": "m-241"})]
PLAN = {"to": "unit-power", "date": "2030-01-01", "yuan": "5000", "reason": "计划"}
BIG_WAYS = {
    **WAYS,
    "assigned": BIG_ASSIGNED,
    "taken": BIG_TAKEN,
    "claimed": BIG_CLAIMED,
    "done": [*BIG_CLAIMED, ("finish", {"reason": "建好了"})],
    "on_hold": [*BIG_TAKEN, ("hold", LATER)],
    "funding": [*IN_MEETING, ("open_funding", PLAN)],
}

WORK = {
    "办结": "done",
    "进展": "claimed",
    "进展（告诉居民）": "claimed",
    "已联系": "claimed",
    "挂起": "on_hold",
    "退回": "taken",
    "改派": "assigned",  # by a second form
    "提交会议": "in_meeting",
}
HOLD = {"恢复": "taken", "撤单": "withdrawn"}
MEETING = {"退回一线": "accepted", "撤单": "withdrawn"}
RATING = {"满意": "closed", "基本满意": "closed", "不满意": "taken"}

LEADS_TO: dict[tuple[str, str], dict[str, str]] = {
    # (kind, status) → what can be picked, in this order, the usual first → where it leads
    ("appeal", "placed"): {
        "受理并派单": "assigned",
        "受理": "accepted",
        "当场办结": "done",
        "不予受理": "declined",
        "并单": "merged",
        "提交会议": "in_meeting",
    },
    ("appeal", "accepted"): {
        "派单": "assigned",
        "不予受理": "declined",
        "并单": "merged",
        "挂起": "on_hold",
        "提交会议": "in_meeting",
    },
    ("appeal", "assigned"): {
        "代单位接单并认领": "claimed",
        "单位接单": "taken",
        "退单": "accepted",
        "改派": "assigned",
    },
    ("appeal", "taken"): {"认领": "claimed", "退单": "accepted", "改派": "assigned"},
    ("appeal", "claimed"): WORK,
    ("appeal", "done"): RATING,
    ("appeal", "on_hold"): HOLD,
    ("appeal", "in_meeting"): MEETING,
    ("big_wish", "placed"): {
        "受理": "accepted",
        "不予受理": "declined",
        "并单": "merged",
        "提交会议": "in_meeting",
    },
    ("big_wish", "accepted"): {
        "提交会议": "in_meeting",
        "不予受理": "declined",
        "并单": "merged",
        "挂起": "on_hold",
    },
    ("big_wish", "assigned"): {
        "代单位接单并认领": "claimed",
        "单位接单": "taken",
        "退单": "in_meeting",  # a lead unit that declines sends it back to the meeting
        "改派": "assigned",
    },
    ("big_wish", "taken"): {"认领": "claimed", "退单": "in_meeting", "改派": "assigned"},
    ("big_wish", "claimed"): WORK,
    ("big_wish", "done"): RATING,
    ("big_wish", "on_hold"): HOLD,
    ("big_wish", "in_meeting"): MEETING,
    ("big_wish", "funding"): {
        "认领并到账": "funding",
        "认领资助": "funding",
        "进展": "funding",
        "撤单": "withdrawn",
    },
}
LEADS_TO |= {
    ("small_wish", status): options
    for (kind, status), options in LEADS_TO.items()
    if kind == "appeal"
}
LEADS_TO["small_wish", "accepted"] = {"认领": "claimed", **LEADS_TO["appeal", "accepted"]}
LEADS_TO["small_wish", "done"] = {**RATING, "不满意": "accepted"}  # open to claim again

USUAL = {  # what is preselected; the grade never is
    ("appeal", "placed"): "受理并派单",
    ("small_wish", "placed"): "受理",  # published, and open to claim
    ("big_wish", "placed"): "提交会议",
    ("appeal", "accepted"): "派单",
    ("small_wish", "accepted"): "认领",
    ("big_wish", "accepted"): "提交会议",
    **{
        (kind, status): usual
        for kind in ("appeal", "small_wish", "big_wish")
        for status, usual in (
            ("assigned", "代单位接单并认领"),
            ("taken", "认领"),
            ("claimed", "办结"),
            ("on_hold", "恢复"),
            ("in_meeting", "退回一线"),
        )
    },
    ("big_wish", "funding"): "认领并到账",
}
EVERY = sorted(LEADS_TO)


@pytest.fixture
def arrive(place: Callable[..., str], submit: Callable[..., None]) -> Arrive:
    """Carries an order of a kind to a status; there is another one like it."""

    def carry(kind: str, status: str, **values: Any) -> str:
        place(kind=kind, resident="居民乙", phone="13900000002")
        number = place(kind=kind, **values)
        for step in (BIG_WAYS if kind == "big_wish" else WAYS)[status]:
            submit(number, step)
        return number

    return carry


def schema_of(step: Step) -> dict[str, Any]:
    assert step.form is not None
    return step.form.model_json_schema()


def answer_to(shown: Step, /, **values: Any) -> Answer:
    """What a person sends who picks 操作人 and changes only what is named."""
    schema = schema_of(shown)
    preselected = {
        name: field["default"] for name, field in schema["properties"].items() if "default" in field
    }
    return Answer(schema["title"], shown.key, {**preselected, "who": WHO, **values})


def form_text(step: Step) -> str:
    """What stands above the fields."""
    assert step.form is not None
    return str(step.form._description)


def apply(number: str, answer: Answer, who: str = WHO) -> None:
    act(number, requests_of(number, answer), who, form=answer.key)


# --- every form -----------------------------------------------------------------------------------


def test_the_tables_here_know_every_status_that_waits() -> None:
    assert {status for _kind, status in LEADS_TO} == {status.value for status in WAITING}
    assert set(WAITING) == OPEN


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_a_form_asks_who_acts_and_has_the_rest_filled_in(
    sqlite_house: House, arrive: Arrive, kind: str, status: str
) -> None:
    step = next_step(arrive(kind, status))
    schema = schema_of(step)
    fields = schema["properties"]
    assert next(iter(fields)) == "who"
    assert fields["who"]["title"] == "操作人"
    assert fields["who"]["enum"] == ["洛桑罗布", "格桑卓玛", "仁青桑珠"]
    assert [field["position"] for field in fields.values()] == list(range(len(fields)))
    unfilled = {name for name, field in fields.items() if "default" not in field}
    assert unfilled == {"who", "grade"} if status == "done" else unfilled == {"who"}
    assert set(schema["required"]) == unfilled
    for name, field in fields.items():
        assert re.search("[\u4e00-\u9fff]", field["title"]), "a label that is not Chinese"
        if "enum" in field:
            assert len(set(field["enum"])) == len(field["enum"])
            assert field.get("default", field["enum"][0]) in field["enum"], name
    if status != "done":
        assert fields["step"]["default"] == USUAL[kind, status]


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_everything_that_can_be_picked_leads_where_it_says(
    sqlite_house: House, arrive: Arrive, look: Look, kind: str, status: str
) -> None:
    field = "grade" if status == "done" else "step"
    who = "格桑卓玛" if status == "done" else WHO  # nobody rates their own work
    offered = schema_of(next_step(arrive(kind, status)))["properties"][field]["enum"]
    assert offered == list(LEADS_TO[kind, status])
    for option, target in LEADS_TO[kind, status].items():
        number = arrive(kind, status)
        step = next_step(number)
        if option == "改派" and status == "claimed":
            step = next_step(number, reassign=True)
        fields = schema_of(step)["properties"]
        values = {field: option, "reason": "说清楚", "instead": "请到派出所"}
        if "twin" in fields:
            values["twin"] = fields["twin"]["enum"][-1]
        if status == "funding":
            values |= {"donor": "县医院", "yuan": "100"}
        if (kind, status, option) == ("small_wish", "accepted", "认领"):
            values["member"] = "边巴德吉（供电所）"
        apply(number, answer_to(step, **values), who)
        assert look(number).status.value == target, option


@pytest.mark.parametrize(
    ("kind", "status", "target"),
    [
        ("appeal", "placed", "assigned"),
        ("small_wish", "placed", "accepted"),
        ("appeal", "accepted", "assigned"),
        ("appeal", "assigned", "claimed"),
        ("big_wish", "assigned", "claimed"),
        ("appeal", "taken", "claimed"),
        ("small_wish", "taken", "claimed"),
        ("appeal", "on_hold", "taken"),
    ],
)
def test_the_usual_step_needs_nothing_but_who_acts(
    sqlite_house: House, arrive: Arrive, look: Look, kind: str, status: str, target: str
) -> None:
    number = arrive(kind, status)
    apply(number, answer_to(next_step(number)))
    assert look(number).status.value == target


def test_a_wish_that_was_claimed_from_the_open_goes_back_to_the_open(
    sqlite_house: House, arrive: Arrive, look: Look
) -> None:
    number = arrive("small_wish", "accepted")
    apply(number, answer_to(next_step(number), member="边巴德吉（供电所）"))
    assert look(number).member == "m-241"
    apply(number, answer_to(next_step(number), step="退回", reason="忙不过来"))
    assert (look(number).status, look(number).member) == (Status.ACCEPTED, None)


def test_the_member_of_the_round_before_is_proposed_for_a_wish(
    sqlite_house: House, arrive: Arrive
) -> None:
    number = arrive("small_wish", "done")
    answer = answer_to(next_step(number), grade="不满意", solved="没有解决", reason="还是没有")
    apply(number, answer, "格桑卓玛")
    fields = schema_of(next_step(number))["properties"]
    assert fields["member"]["default"] == "边巴德吉（供电所）"


def test_a_wish_that_its_lead_unit_sent_back_can_only_be_withdrawn_by_the_form(
    sqlite_house: House, arrive: Arrive, do: Callable[..., None], look: Look
) -> None:
    number = arrive("big_wish", "assigned")
    do(number, "return", reason="我们做不了")
    step = next_step(number)
    fields = schema_of(step)["properties"]
    assert fields["step"]["enum"] == ["撤单"]  # there is no line to go back to
    assert "default" not in fields["step"]  # so that nobody withdraws it with one click
    apply(number, answer_to(step, step="撤单"))
    assert look(number).status is Status.WITHDRAWN


def test_what_is_given_at_the_desk_is_one_form_and_the_last_of_it_funds_the_wish(
    sqlite_house: House, arrive: Arrive, look: Look
) -> None:
    number = arrive("big_wish", "funding")
    assert "promise" not in schema_of(next_step(number))["properties"]
    hidden = {"donor": "某商户", "kind": "物资", "yuan": "3000", "publicity": "不公开"}
    apply(number, answer_to(next_step(number), step="认领资助", **hidden))
    apply(number, answer_to(next_step(number), donor="县医院", yuan="2000.50"))
    shown = next_step(number)
    assert "| 款项 | 目标 5000.00，认领 5000.50，到账 2000.50，结余 2000.50 元 |" in form_text(
        shown
    )
    assert schema_of(shown)["properties"]["promise"]["enum"] == [
        "无",
        "第 1 笔 · 某商户 · 物资 · 还差 3000.00 元",
    ]
    with pytest.raises(BadInput, match="请选择是哪一笔认领。"):
        apply(number, answer_to(shown, step="到账", yuan="3000"))
    line = "第 1 笔 · 某商户 · 物资 · 还差 3000.00 元"
    apply(number, answer_to(shown, step="到账", promise=line, yuan="3000"))
    assert look(number).status is Status.ASSIGNED
    assert wish_json(number)["pledges"][0]["anonymous"] is True


def test_what_was_solved_on_the_spot_is_the_desk_s_own_work(
    sqlite_house: House, arrive: Arrive, look: Look, rows: Callable[..., list[Any]]
) -> None:
    number = arrive("appeal", "placed")
    apply(number, answer_to(next_step(number), step="当场办结", reason="合上闸就亮了"))
    order = look(number)
    assert (order.handler, order.member, order.done_by) == ("desk", "m-001", "staff-1")
    with pytest.raises(Refused, match="办理了这个订单，回访要由另一个人来做"):
        apply(number, answer_to(next_step(number), grade="满意"))


def test_what_the_desk_sees_differently_is_kept(
    sqlite_house: House, arrive: Arrive, look: Look
) -> None:
    number = arrive("appeal", "placed")
    changed = {"category": "安全隐患", "grid": "不知道", "urgency": "紧急", "handler": "派出所"}
    apply(number, answer_to(next_step(number), **changed))
    order = look(number)
    assert (order.category, order.handler, order.urgency.value) == (
        "safety",
        "unit-police",
        "urgent",
    )
    assert order.grid == "grid-3"  # not knowing takes nothing away


@pytest.mark.parametrize("status", ["placed", "accepted"])
def test_merging_needs_the_order_to_merge_into(
    sqlite_house: House, arrive: Arrive, status: str
) -> None:
    number = arrive("appeal", status)
    with pytest.raises(BadInput, match="请选择要并入的订单"):
        apply(number, answer_to(next_step(number), step="并单"))


def test_claiming_needs_a_member(sqlite_house: House, arrive: Arrive) -> None:
    number = arrive("small_wish", "accepted")
    with pytest.raises(BadInput, match="没有填，这一项必须填写"):
        apply(number, answer_to(next_step(number)))


def test_an_order_like_no_other_offers_no_merging(
    sqlite_house: House, place: Callable[..., str]
) -> None:
    fields = schema_of(next_step(place()))["properties"]
    assert "并单" not in fields["step"]["enum"]
    assert "twin" not in fields


def test_the_likely_twin_is_shown_by_number_and_words(sqlite_house: House, arrive: Arrive) -> None:
    fields = schema_of(next_step(arrive("appeal", "placed")))["properties"]
    assert fields["twin"]["enum"] == ["无", "A-2026-0001 三号院门口的路灯不亮"]


def test_while_a_member_works_the_form_has_four_fields(sqlite_house: House, arrive: Arrive) -> None:
    fields = schema_of(next_step(arrive("appeal", "claimed")))["properties"]
    assert list(fields) == ["who", "step", "reason", "date"]


def test_the_least_busy_member_is_proposed(sqlite_house: House, arrive: Arrive) -> None:
    arrive("appeal", "claimed")  # m-241 has one in hand
    fields = schema_of(next_step(arrive("appeal", "taken")))["properties"]
    assert fields["member"]["enum"][-1] == "边巴德吉"
    assert fields["member"]["default"] != "边巴德吉"


def test_every_form_has_an_ascii_name_of_its_own() -> None:
    names = [*BY_NAME, actions.NAME, told.NAME, intake._AGAIN, intake.RegisterForm.__name__]
    assert len(BY_NAME) == len(WAITING) + 1  # and the one of 改派
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)


# --- what stands above the fields, and in the list of runs -------------------------------------------

NASTY = (
    "| a | b |\n| --- | --- |\n# 标题\n<script>alert(1)</script> <b>粗</b> **粗** _斜_ ~~删~~ `码`\n"
    "[点我](https://evil.example) ![图](http://evil.example/x.png) https://evil.example/?a=1&b=2\n"
    "www.evil.example ftp://evil.example jia@example.org &lt;i&gt; \\| 1. 一 - 二"
)


def rendered(markdown: str) -> str:
    """As GitHub's kind of markdown would show it, with raw HTML and bare links taken seriously."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


@pytest.mark.parametrize(
    "words", [NASTY, NASTY.replace("\n", "\r\n"), NASTY.replace("\n", "\u2028")]
)
def test_a_resident_s_words_stay_words(
    sqlite_house: House, arrive: Arrive, do: Callable[..., None], words: str
) -> None:
    number = arrive("appeal", "taken", words=f"路灯 {words}", place="| 东门 |", resident="<甲>|")
    do(number, "report", reason=words)
    html = rendered(next_step(number, problem=words).form._description)
    plain = arrive("appeal", "taken", words="路灯", place="东门", resident="甲")
    assert html.count("<table>") == 1
    assert html.count("<tr>") == rendered(next_step(plain).form._description).count("<tr>")
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"p", "strong", "br", "table", "thead", "tbody", "tr", "th", "td"}
    shown = html.replace("\u200b", "")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &lt;b&gt;粗&lt;/b&gt; **粗** _斜_ ~~删~~" in shown
    assert "[点我](https://evil.example)" in shown
    assert "\\| 1. 一 - 二" in shown
    assert "<td>| 东门 |</td>" in shown
    assert not linkable(html)


def linkable(text: str) -> list[str]:
    """What a browser's markdown would turn into a link although nobody wrote one."""
    bare = r"(?i)(?:https?|ftp)://[\w.]|www\.\w|[\w.+-]+@[\w-]+\.\w"
    return re.findall(bare, text)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<b>", r"\<b\>"),
        ("**a**", r"\*\*a\*\*"),
        ("a\n\n| b", r"a \| b"),
        ("&amp;", r"\&amp;"),
        ("https://a.cn", "https:\u200b//a.cn"),
        ("HTTP://a.cn", "HTTP:\u200b//a.cn"),
        ("www.a.cn", "www.\u200ba.cn"),
        ("ftp://a.cn", "ftp:\u200b//a.cn"),
        ("jia@a.cn", "jia@\u200ba.cn"),
        ("- 一", r"\- 一"),  # no list,
        ("1. 一", r"1\. 一"),
        ("===", r"\==="),  # and no heading of the line above
        ("第 1. 条 - 二", "第 1. 条 - 二"),
        ("", ""),
    ],
)
def test_markup_is_taken_out_of_words(words: str, shown: str) -> None:
    assert escaped(words) == shown


def test_long_words_are_cut(sqlite_house: House, place: Callable[..., str]) -> None:
    description = next_step(place(words="灯" * 5000)).form._description
    assert "灯" * 1499 + "…" in description
    assert "灯" * 1500 not in description


def test_an_order_that_came_from_elsewhere_says_when_it_was_first_asked(
    sqlite_house: House, place: Callable[..., str]
) -> None:
    asked = datetime(2025, 3, 4, 17, 0, tzinfo=UTC)  # already the 5th in Shanghai
    assert "| 最初提出 | 2025-03-05 |" in next_step(place(asked_at=asked)).form._description
    assert "最初提出" not in next_step(place()).form._description


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_the_phone_stands_only_where_somebody_has_to_call(
    sqlite_house: House, arrive: Arrive, kind: str, status: str
) -> None:
    step = next_step(arrive(kind, status, phone=PHONE))
    everything = json.dumps(schema_of(step), ensure_ascii=False) + step.form._description
    assert (PHONE in everything) is (status == "done")


@pytest.mark.parametrize(("kind", "status"), EVERY)
def test_the_list_of_runs_says_where_an_order_stands_and_nothing_of_its_resident(
    sqlite_house: House, arrive: Arrive, kind: str, status: str
) -> None:
    step = next_step(arrive(kind, status, words="路灯 说不得", resident="王小明", phone=PHONE))
    text = " ".join((step.run_name, *step.tags))
    for secret in ("说不得", "王小明", PHONE):
        assert secret not in text
    assert step.number in step.run_name
    assert len(step.tags) == 2
    assert step.tags[0] in step.run_name
    assert re.fullmatch("[a-z0-9-]+", step.key)


def test_a_wish_without_a_grid_or_category_still_has_a_name(
    sqlite_house: House, place: Callable[..., str]
) -> None:
    step = next_step(place(kind="small_wish", words="想要一盏台灯", grid=None))
    assert step.run_name == "S-2026-0001 微心愿 · 网格不详 · 待受理"
    assert step.tags == ("待受理", "网格不详")


def test_urgency_round_and_deadline_are_in_sight(
    sqlite_house: House, monday: Any, arrive: Arrive
) -> None:
    number = arrive("appeal", "done", urgency="urgent")
    answer = answer_to(next_step(number), grade="不满意", solved="没有解决", reason="还黑着")
    apply(number, answer, "格桑卓玛")
    description = next_step(number).form._description
    head = description.splitlines()[0]
    assert head.startswith(f"**{number}** 诉求 · 单位已接单（第 2 轮） · **紧急** · ")
    assert "共 5 栏" in head
    assert "09-15 10:00" in description  # the deadline: 24 hours after the reopening
    assert "09-14 10:00 系统：重办（居民评价：不满意，未解决。还黑着）" in description


def test_deeds_of_one_submit_are_one_line_and_old_ones_are_left_out(
    sqlite_house: House, monday: Any, arrive: Arrive, do: Callable[..., None]
) -> None:
    number = arrive("appeal", "placed")
    apply(number, answer_to(next_step(number)))
    assert "洛桑罗布：受理、派单" in next_step(number).form._description
    do(number, "take", by="unit-power")
    for day in range(9):
        do(number, "report", by="unit-power", reason=f"第 {day} 次")
    history = next_step(number).form._description.rpartition("\n\n")[2]
    assert "第 8 次" in history
    assert "第 0 次" not in history
    assert "派单" not in history
