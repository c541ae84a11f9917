"""The night's run and the week's as coordinators meet them: started by the clock or by hand, tried, read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import State, StateType

import tasks.escalation
from flows.away import note_absence
from flows.nightly import work_through_the_night
from flows.sweeps import forget_old_runs, reconcile_runs
from flows.weekly import report_the_week
from tasks import night
from tasks.absences import who_is_away
from tasks.clock import clock_at
from tasks.db import reading
from tasks.house import House
from tasks.marks import set_mark
from tasks.models.tables import ClockRow, Message, Order
from tasks.models.tally import Tally

Rows = Callable[..., list[Any]]
LATE = timedelta(days=2)  # Wednesday 10:00: a day and more after the two hours to accept


def pages(prefect: Any) -> str:
    """All that stands on the pages of runs."""
    return "\n".join(str(one.data) for one in prefect.artifacts.values() if one.key is None)


@pytest.fixture
def overdue(place: Callable[..., str], monday: datetime) -> str:
    """An order that nobody has accepted since Monday."""
    return place()


def test_the_night_climbs_and_its_report_is_there_in_the_morning(
    prefect: Any, overdue: str, rows: Rows, monday: datetime
) -> None:
    with clock_at(monday + LATE):
        run = prefect.start("nightly/夜间处理", work_through_the_night.fn)
    assert run.state.is_completed()
    (order,) = rows(Order)
    assert order.rung == 3  # overdue on Monday at noon, and a working day more
    report = prefect.artifacts["night"].data
    assert "在办 **1** 件 · 超期 **1** 件 · 已上报 **1** 件" in report
    assert re.search(r"\| 待受理 \| 1 \| 1 \|", report)
    assert "| 网格党（总）支部 | 1 |" in report
    assert f"| 按五级链条上报 | 1 | {overdue} |" in report
    assert prefect.artifacts["night-progress"].data == 100.0
    assert order.run_id is not None  # the order got its form in the same night


def test_a_second_run_on_the_same_day_keeps_what_the_night_has_done_in_the_report(
    prefect: Any, overdue: str, place: Callable[..., str], monday: datetime
) -> None:
    with clock_at(monday + LATE):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    with clock_at(monday + LATE + timedelta(hours=1)):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    assert f"| 按五级链条上报 | 1 | {overdue} |" in prefect.artifacts["night"].data
    with clock_at(monday + LATE + timedelta(days=1)):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    assert "| 按五级链条上报 | 1 |" in prefect.artifacts["night"].data  # that of its own day alone
    with clock_at(monday + LATE + timedelta(days=8)):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    with clock_at(monday + LATE + timedelta(days=9)):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    assert "按五级链条上报" not in prefect.artifacts["night"].data


def test_the_bar_moves_while_many_orders_climb(
    prefect: Any, place: Callable[..., str], monday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.escalation, "BATCH", 1)
    for _ in range(4):
        place()
    shown: list[float] = []
    usual = prefect.update_artifact

    async def looked_at(id: Any, artifact: Any) -> None:
        shown.append(artifact.data)
        await usual(id, artifact)

    monkeypatch.setattr(prefect, "update_artifact", looked_at)
    with clock_at(monday + LATE):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    before, steps = list(night.STEPS).index(night.CLIMB), len(night.STEPS) + 1
    quarters = [100 * (before + part / 4) / steps for part in (1, 2, 3)]
    assert all(any(share == pytest.approx(one) for share in shown) for one in quarters)
    assert shown == sorted(shown)


def test_a_night_that_is_only_tried_says_what_it_would_do_and_changes_nothing(
    prefect: Any, overdue: str, rows: Rows, monday: datetime
) -> None:
    before = [row.model_dump() for table in (Order, ClockRow, Message) for row in rows(table)]
    with clock_at(monday + LATE):
        prefect.start("nightly/夜间处理", work_through_the_night.fn, True)
    after = [row.model_dump() for table in (Order, ClockRow, Message) for row in rows(table)]
    assert after == before
    assert f"| 按五级链条上报 | 1 | {overdue} |" in pages(prefect)
    assert "night" not in prefect.artifacts


def test_a_step_that_fails_is_told_in_the_report_and_the_others_are_done(
    prefect: Any, overdue: str, rows: Rows, monday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_given: Any) -> Tally:
        raise RuntimeError("居民 13900000001")

    monkeypatch.setitem(night.STEPS, "放行到期的挂起", fail)
    with clock_at(monday + LATE):
        prefect.start("nightly/夜间处理", work_through_the_night.fn)
    report = prefect.artifacts["night"].data
    assert "## 没有处理成的，今夜再试" in report
    assert "| 放行到期的挂起 | RuntimeError |" in report
    assert "13900000001" not in report  # an error's text may be anybody's words
    assert rows(Order)[0].rung == 3


def test_in_the_quiet_hours_only_urgent_orders_climb(
    prefect: Any, place: Callable[..., str], rows: Rows, monday: datetime
) -> None:
    place()
    place(urgency="urgent")
    with clock_at(monday + timedelta(hours=13)):  # 23:00
        prefect.start("reconcile/核对", reconcile_runs.fn)
    assert [order.rung for order in rows(Order)] == [0, 2]
    with clock_at(monday + timedelta(hours=22)):  # 08:00
        prefect.start("reconcile/核对", reconcile_runs.fn)
    assert [order.rung for order in rows(Order)] == [2, 2]


def test_a_night_that_was_missed_is_started_once(
    prefect: Any, sqlite_house: House, monday: datetime
) -> None:
    def nights() -> int:
        return sum(run.name == "夜间处理 · 补做" for run in prefect.runs.values())

    with clock_at(monday):
        set_mark(night.NIGHTLY)
        prefect.start("reconcile/核对", reconcile_runs.fn)
    assert nights() == 0
    with clock_at(monday + timedelta(hours=24)):
        for _ in range(2):
            prefect.start("reconcile/核对", reconcile_runs.fn)
    assert nights() == 1


def test_the_week_is_reported_to_the_desk_and_to_the_groups_once(
    prefect: Any, place_at: Callable[..., str], rows: Rows, monday: datetime
) -> None:
    place_at("done")
    with clock_at(monday + timedelta(days=7)):
        for _ in range(2):
            prefect.start("weekly/周报", report_the_week.fn)
    report = prefect.artifacts["week"].data
    assert "# 周报 09-14 至 09-20" in report
    assert "收到 **1** 件，办结 **1** 件" in report
    assert "| 第三网格 | 1 | 1 |" in report
    told = [one.audience.value for one in rows(Message) if one.event.value == "weekly_brief"]
    assert sorted(told) == ["coordinators", "groups"]


def test_a_week_that_is_only_looked_at_writes_to_nobody(
    prefect: Any, sqlite_house: House, rows: Rows, monday: datetime
) -> None:
    prefect.start("weekly/周报", report_the_week.fn, True)
    assert "# 周报" in pages(prefect)
    assert rows(Message) == []


def test_who_is_away_is_noted_and_a_slip_is_asked_again(
    prefect: Any, sqlite_house: House, monday: datetime
) -> None:
    run = prefect.start("away/请假代班", note_absence.fn)
    away, other = "赵春生 · 第三网格队伍", "洛桑罗布 · 社区干部"
    days = {"first": "2026-09-14", "last": "2026-09-16"}
    prefect.answer(run.id, who="格桑卓玛", person=away, substitute=away, **days)
    prefect.process(run.id, note_absence.fn)
    form = prefect.form_of(run.id)
    assert "不能是本人" in form.description
    assert form.preselected["person"] == away
    prefect.answer(run.id, who="格桑卓玛", person=away, substitute=other, **days)
    assert prefect.process(run.id, note_absence.fn).state.is_completed()
    with reading(sqlite_house.database) as session:
        assert who_is_away(session) == {"m-019": "staff-1"}


@pytest.mark.parametrize(
    ("state", "days", "is_removed"),
    [
        (StateType.COMPLETED, 31, True),
        (StateType.FAILED, 31, True),
        (StateType.COMPLETED, 29, False),
        (StateType.PAUSED, 400, False),  # it waits for somebody
    ],
)
def test_runs_that_ended_a_month_ago_are_removed(
    prefect: Any, wait: Callable[..., Any], state: StateType, days: int, is_removed: bool
) -> None:
    order = prefect.deployments["order/订单"]
    run = wait(prefect.create_flow_run_from_deployment(order.id))
    run.state = State(type=state)
    run.end_time = datetime.now(UTC) - timedelta(days=days) if state.name != "PAUSED" else None
    assert wait(forget_old_runs(prefect)) == int(is_removed)
    assert (run.id not in prefect.runs) is is_removed
