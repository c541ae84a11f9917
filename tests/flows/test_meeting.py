"""The joint meeting in the Prefect UI: one form per matter, tasks at the end, minutes on paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from prefect.client.schemas.objects import FlowRun, State, StateType

from flows.boards import MEETING
from flows.links import run_link
from flows.meeting import hold_meeting
from tasks.clock import clock_at
from tasks.house import House
from tasks.meetings import decide_matter, newest_meeting, prepare_meeting
from tasks.models.enums import Decision, Status
from tasks.models.meeting_tables import Matter, TaskRow
from tasks.models.tables import Order
from tasks.views import messages_json

Look = Callable[[str], Order]


@pytest.fixture
def begin(prefect: Any) -> Callable[..., Any]:
    """A coordinator starts 联席会议."""
    return lambda what="联席会议": prefect.start(f"meeting/{what}", hold_meeting.fn, what)


@pytest.fixture
def fill(prefect: Any) -> Callable[..., None]:
    """The coordinator 洛桑罗布 fills the form that the run shows."""

    def send(run: Any, **values: Any) -> None:
        prefect.answer(run.id, **{"who": "洛桑罗布", **values})
        prefect.process(run.id, hold_meeting.fn, "联席会议")

    return send


@pytest.fixture
def referred(open_order: Callable[..., str], do: Callable[..., None]) -> Callable[..., str]:
    """An appeal that is put to the meeting, with its run."""

    def refer(**values: Any) -> str:
        number = open_order("claimed", **values)
        do(number, "refer", reason="要几家一起办")
        return number

    return refer


@pytest.fixture
def wish(place: Callable[..., str], do: Callable[..., None], prefect: Any) -> str:
    """A big wish that waits for the meeting."""
    number = place(kind="big_wish", words="想有个活动室")
    do(number, "accept")
    do(number, "refer", reason="要筹款")
    return number


def test_nothing_to_decide_asks_nothing(prefect: Any, begin: Callable[..., Any]) -> None:
    assert begin().state.is_completed()
    assert prefect.log == ["没有要上会的事。"]


def test_each_matter_has_its_form_and_each_decision_is_carried_out(
    prefect: Any,
    monday: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
    wish: str,
    do: Callable[..., None],
    open_order: Callable[..., str],
    look: Look,
) -> None:
    first, second = referred(words="*三号院*的路灯不亮"), referred()
    asked = open_order("claimed")
    do(asked, "ask_extension", by="unit-power", reason="等零件", date="2026-12-01")
    run = begin()
    form = prefect.form_of(run.id)
    assert form.name == "MatterForm"
    assert form.description.startswith(f"**议题 1/4 · 提交会议的订单 {first}**")
    assert "\\*三号院\\*的路灯不亮" in form.description
    assert form.options("decision") == ["指派牵头单位", "退回一线", "不同意", "以后再议"]
    fill(run, reason="先修危房")
    assert "“牵头单位”不对：请选择由谁牵头。" in prefect.form_of(run.id).description
    assert prefect.form_of(run.id).preselected["reason"] == "先修危房"
    fill(run, handler="住房建设所", helpers="供电所", yuan="1200.50")
    assert look(first).handler == "unit-housing"
    assert prefect.form_of(run.id).description.startswith(f"**议题 2/4 · 提交会议的订单 {second}**")
    fill(run, decision="退回一线", yuan="5")
    assert "“退回一线”用不上金额，已经去掉" in prefect.form_of(run.id).description
    assert prefect.form_of(run.id).preselected["yuan"] == ""
    fill(run, decision="以后再议")
    assert look(second).status is Status.IN_MEETING
    fill(run, handler="住房建设所", yuan="5000", date="2026-12-15")
    assert (look(wish).status, look(wish).target) == (Status.FUNDING, 500_000)
    form = prefect.form_of(run.id)
    assert "申请延到 2026-12-01" in form.description
    assert list(form.fields) == ["who", "decision", "reason"]
    fill(run, reason="零件确实没到")
    assert look(asked).asked_due_at is None


def test_tasks_are_noted_and_the_minutes_lie_ready_as_page_and_document(
    prefect: Any,
    monday: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
    sqlite_house: House,
    rows: Callable[..., list[Any]],
) -> None:
    number = referred(words="三号院|的路灯不亮")
    run = begin()
    assert "# 示范社区联席会议议程" in prefect.artifacts[MEETING].data
    fill(run, handler="住房建设所", date="2026-10-15")
    assert prefect.form_of(run.id).name == "TaskForm"
    fill(run, kind="重点任务")
    assert "没有填" in prefect.form_of(run.id).description
    fill(run, kind="重点任务", words="三号院电缆全部换掉", handler="供电所", date="2026-11-01")
    assert "重点任务：三号院电缆全部换掉" in prefect.form_of(run.id).description
    fill(run, chair="洛桑罗布")
    assert run.state.is_completed()
    (task,) = rows(TaskRow)
    assert (task.handler, task.due.isoformat()) == ("unit-power", "2026-11-01")
    minutes = prefect.artifacts[MEETING].data
    assert "# 示范社区联席会议纪要" in minutes
    assert (
        f"| 1 | 提交会议的订单 {number} 三号院\\|的路灯不亮 | 指派牵头单位 | 住房建设所 | 10月15日 |"
        in (minutes)
    )
    (file,) = Path(sqlite_house.settings.home / "meetings").glob("*-纪要.docx")
    assert "在装着点单的那台电脑上，meetings 文件夹里" in minutes
    assert f"`{file}`" in minutes
    assert "复制、粘贴到文档里" in minutes
    document = Document(str(file))
    assert document.paragraphs[0].text == "示范社区联席会议纪要"
    decided, given = ([cell.text for cell in table.rows[1].cells] for table in document.tables)
    assert decided == [
        "1",
        f"提交会议的订单 {number} 三号院|的路灯不亮",
        "指派牵头单位",
        "住房建设所",
        "10月15日",
        "",
    ]
    assert given == ["重点任务", "三号院电缆全部换掉", "供电所", "11月1日"]


def test_a_task_that_was_typed_is_not_lost_by_the_preset_end(
    prefect: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
    rows: Callable[..., list[Any]],
) -> None:
    referred()
    run = begin()
    fill(run, decision="以后再议")
    fill(run, words="请环卫所报方案")  # and the end was preset
    form = prefect.form_of(run.id)
    assert "写了内容，请选它是哪一种。" in form.description
    assert (form.preselected["kind"], form.preselected["words"]) == ("交办事项", "请环卫所报方案")
    fill(run, chair="洛桑罗布")
    assert [task.words for task in rows(TaskRow)] == ["请环卫所报方案"]


def test_a_process_that_died_after_a_decision_goes_on_with_the_next_matter(
    prefect: Any,
    begin: Callable[..., Any],
    referred: Callable[..., str],
    rows: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    referred()
    second = referred()
    run = begin()
    prefect.answer(run.id, who="洛桑罗布", handler="住房建设所")
    with monkeypatch.context() as patched, pytest.raises(ZeroDivisionError):

        async def die(*_: object) -> None:
            raise ZeroDivisionError

        patched.setattr("flows.meeting._show_change", die)
        prefect.process(run.id, hold_meeting.fn, "联席会议")
    prefect.process(run.id, hold_meeting.fn, "联席会议")
    assert second in prefect.form_of(run.id).description
    assert "⚠️" not in prefect.form_of(run.id).description
    assert [matter.decision for matter in rows(Matter)] == [Decision.APPOINT, None]


def test_what_somebody_else_decided_meanwhile_is_said_and_the_next_is_asked(
    prefect: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
    rows: Callable[..., list[Any]],
) -> None:
    referred()
    second = referred()
    run = begin()
    first = rows(Matter)[0].id
    decide_matter(first, Decision.SEND_BACK, {}, "staff-2")
    fill(run, handler="住房建设所")
    description = prefect.form_of(run.id).description
    assert "已经决定过：退回一线" in description
    assert second in description


def test_what_was_put_off_is_on_the_next_agenda(
    prefect: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
) -> None:
    number, other = referred(), referred()
    run = begin()
    fill(run, decision="以后再议", reason="等设计图")
    assert other in prefect.form_of(run.id).description
    fill(run, decision="退回一线")
    assert prefect.form_of(run.id).name == "TaskForm"
    fill(run, chair="洛桑罗布")
    assert run.state.is_completed()
    minutes = prefect.artifacts[MEETING].data
    assert "2026年9月14日，议题 2 个，决定 1 个，以后再议 1 个" in minutes
    assert "| 以后再议：等设计图 |" in minutes
    ended = newest_meeting()
    assert prepare_meeting() != ended
    description = prefect.form_of(begin().id).description
    assert number in description
    assert "上次（9月14日）以后再议：等设计图" in description
    assert "上次（9月14日）以后再议：等设计图" in prefect.artifacts[MEETING].data


def test_who_sits_in_the_meeting_reads_the_agenda_once(
    prefect: Any, monday: Any, begin: Callable[..., Any], referred: Callable[..., str]
) -> None:
    number = referred()
    begin().state = State(type=StateType.CANCELLED)
    begin()
    told = [one for one in messages_json() if one["event"] == "meeting_agenda"]
    assert [one["recipient"] for one in told] == ["staff-1", "m-004", "m-278"]
    assert f"1. 提交会议的订单 {number}“三号院门口的路灯不亮”" in told[0]["body"]


def test_the_weekly_meeting_asks_after_its_own_tasks_and_is_held_without_any(
    prefect: Any, begin: Callable[..., Any], fill: Callable[..., None], referred: Callable[..., str]
) -> None:
    referred()  # for the joint meeting, not for this one
    run = begin("周例会")
    assert prefect.form_of(run.id).name == "TaskForm"
    fill(run, kind="问题清单", words="二号巷口积水", handler="供电所")
    fill(run, chair="洛桑罗布")
    assert "# 示范社区周例会纪要" in prefect.artifacts[MEETING].data
    run = begin("周例会")
    form = prefect.form_of(run.id)
    assert "以前交办、还没办完" in form.description
    assert "二号巷口积水" in form.description
    assert form.options("decision") == ["继续办", "已办完", "以后再议"]
    fill(run, decision="已办完")
    fill(run, chair="洛桑罗布")
    assert prefect.form_of(begin("周例会").id).name == "TaskForm"


# --- who was there ----------------------------------------------------------------------------------


def test_who_came_stands_in_the_minutes_and_is_typed_once(
    prefect: Any,
    monday: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
    sqlite_house: House,
) -> None:
    referred()
    run = begin()
    fill(run, handler="住房建设所", date="2026-10-15")
    form = prefect.form_of(run.id)
    offered = form.fields["present"]["items"]["enum"]
    assert {"洛桑罗布", "住房建设所"} <= set(offered)
    assert "供水站" not in offered  # has nothing on this agenda
    assert "住房建设所" not in form.options("chair")
    came = ["住房建设所", "洛桑罗布"]
    fill(
        run,
        kind="重点任务",
        words="电缆换掉",
        handler="供电所",
        present=came,
        chair="格桑卓玛",
        others="居民代表甲、居民代表乙",
    )
    form = prefect.form_of(run.id)
    assert "供电所" in form.fields["present"]["items"]["enum"]
    assert form.preselected["present"] == came
    assert form.preselected["words"] == ""
    fill(run, others="代表" * 40)
    assert "“到会的人”不对：太长了，最多 60 个字。" in prefect.form_of(run.id).description
    assert prefect.form_of(run.id).preselected["present"] == came
    fill(run, others="居民代表甲，居民代表乙")
    assert run.state.is_completed()
    minutes = prefect.artifacts[MEETING].data
    assert "主持：格桑卓玛" in minutes
    assert "到会：格桑卓玛、住房建设所、洛桑罗布、居民代表甲、居民代表乙（5）" in minutes
    assert "记录：洛桑罗布" in minutes
    (file,) = Path(sqlite_house.settings.home / "meetings").glob("*-纪要.docx")
    lines = [one.text for one in Document(str(file)).paragraphs]
    assert "主持：格桑卓玛" in lines


def test_who_came_is_asked_once_more_and_a_meeting_may_end_without_a_word_about_it(
    prefect: Any, begin: Callable[..., Any], fill: Callable[..., None]
) -> None:
    run = begin("周例会")
    fill(run)
    assert "还没有选到会的人和主持人" in prefect.form_of(run.id).description
    fill(run)
    assert run.state.is_completed()
    minutes = prefect.artifacts[MEETING].data
    assert "主持" not in minutes
    assert "| 序号 |" not in minutes  # there was nothing to decide


# --- two at once ------------------------------------------------------------------------------------


def test_a_meeting_that_is_being_written_down_is_not_written_down_a_second_time(
    prefect: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    referred: Callable[..., str],
) -> None:
    referred()
    first = begin()
    agenda = prefect.artifacts[MEETING].data
    second = begin()
    assert (second.state.is_completed(), second.name) == (True, "联席会议 · 已在另一个运行里")
    (note,) = (one for one in prefect.artifacts.values() if one.flow_run_id == second.id)
    assert run_link(str(first.id)) in note.data
    assert run_link(str(first.id)) in prefect.log[-1]
    assert prefect.artifacts[MEETING].data == agenda
    assert prefect.form_of(begin("周例会").id).name == "TaskForm"  # another meeting
    fill(first, decision="退回一线")
    fill(first, chair="洛桑罗布")
    assert first.state.is_completed()
    referred()
    assert prefect.form_of(begin().id).name == "MatterForm"


def cancelled(_prefect: Any, run: FlowRun) -> None:
    run.state = State(type=StateType.CANCELLED)


def crashed(_prefect: Any, run: FlowRun) -> None:
    run.state = State(type=StateType.CRASHED)


def deleted(prefect: Any, run: FlowRun) -> None:
    del prefect.runs[run.id]


def started_later(_prefect: Any, run: FlowRun) -> None:
    run.state = State(type=StateType.RUNNING)
    run.start_time = datetime.now(UTC) + timedelta(seconds=30)


def planned_for_another_day(_prefect: Any, run: FlowRun) -> None:
    run.state = State(type=StateType.SCHEDULED)
    run.start_time = None


@pytest.mark.parametrize(
    "ended",
    [cancelled, crashed, deleted, started_later, planned_for_another_day],
)
def test_a_run_that_writes_nothing_down_keeps_nobody_from_the_meeting(
    prefect: Any,
    begin: Callable[..., Any],
    referred: Callable[..., str],
    ended: Callable[[Any, FlowRun], None],
) -> None:
    number = referred()
    ended(prefect, begin())
    assert number in prefect.form_of(begin().id).description


def test_a_run_that_is_just_going_on_keeps_the_meeting(
    prefect: Any, begin: Callable[..., Any], referred: Callable[..., str]
) -> None:
    referred()
    begin().state = State(type=StateType.SCHEDULED, name="Resuming")
    assert begin().name == "联席会议 · 已在另一个运行里"


# --- money ------------------------------------------------------------------------------------------


def test_a_wish_that_comes_back_says_what_was_promised_and_has_not_come(
    prefect: Any,
    monday: Any,
    begin: Callable[..., Any],
    wish: str,
    do: Callable[..., None],
) -> None:
    plan = {"to": "unit-housing", "date": "2026-12-15", "yuan": "5000", "reason": "修活动室"}
    do(wish, "open_funding", **plan)
    do(wish, "pledge", donor="爱心超市", kind="money", yuan="1200")
    do(wish, "pledge", donor="某某", kind="goods", yuan="300.50", anonymous=True)
    do(wish, "receive", pledge=1, yuan="1000")
    with clock_at(monday + timedelta(days=100)):
        do(wish, "fail_funding", by="system")
        description = prefect.form_of(begin().id).description
    said = "目标 5000.00 元，已有 1000.00 元，认领未到账 500.50 元"
    assert said in description
    assert said in prefect.artifacts[MEETING].data
    assert "某某" not in description


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("-5", "金额要大于 0，且不超过一千亿元。"),
        ("0.001", "金额要写成元，最多两位小数，例如 12.34。"),
        ("五千", "金额要写成元，最多两位小数，例如 12.34。"),
        ("0", "金额要大于 0，且不超过一千亿元。"),
    ],
)
def test_money_that_is_none_is_refused_by_its_name_and_stays_in_the_form(
    prefect: Any,
    begin: Callable[..., Any],
    fill: Callable[..., None],
    wish: str,
    look: Look,
    typed: str,
    problem: str,
) -> None:
    run = begin()
    fill(run, handler="住房建设所", yuan=typed, reason="修活动室", date="2026-12-15")
    form = prefect.form_of(run.id)
    assert f"“金额（元）”不对：{problem}" in form.description
    kept = form.preselected
    assert (kept["yuan"], kept["handler"], kept["reason"]) == (typed, "住房建设所", "修活动室")
    assert look(wish).status is Status.IN_MEETING


def test_an_appeal_has_no_funds_to_raise(
    prefect: Any, begin: Callable[..., Any], fill: Callable[..., None], referred: Callable[..., str]
) -> None:
    number = referred()
    run = begin()
    fill(run, decision="开始筹集", handler="住房建设所", yuan="500")  # of another day's form
    description = prefect.form_of(run.id).description
    assert "“决定”不对：只有提交会议的大心愿才能“开始筹集”；对“提交会议的订单”可以：" in description
    assert number in description
