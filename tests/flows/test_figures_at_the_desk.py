"""三率 and 积分 in the Prefect UI: looked at, published, left out and corrected with one form each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import flows.rates
from flows.points import correct_points, show_points
from flows.rates import exclude_rating, publish_rates, show_rates
from tasks.clock import clock_at
from tasks.models.point_tables import PointEntry
from tasks.models.rate_tables import Exclusion, Publication
from tasks.points import statement
from tasks.rate_books import exclude
from tasks.rates import rates_between

FLOWS = {
    "rates/三率": show_rates,
    "publish-rates/公布三率": publish_rates,
    "exclude-rating/不计入三率": exclude_rating,
    "points/积分": show_points,
    "correct-points/更正积分": correct_points,
}
LUO, GE = "洛桑罗布", "格桑卓玛"
SEPTEMBER = (date(2026, 9, 1), date(2026, 9, 30))
SURE = "公布，以后不再改"
CONTENT: dict[str, Any] = {"by": "resident", "grade": "satisfied", "solved": True}
Rows = Callable[..., list[Any]]


class Counter:
    """A coordinator who starts one of them, and fills its form until it is done."""

    def __init__(self, prefect: Any) -> None:
        self.prefect = prefect

    def start(self, name: str) -> Any:
        return self.prefect.start(name, FLOWS[name].fn)

    def form(self, run: Any) -> Any:
        return self.prefect.form_of(run.id)

    def fill(self, run: Any, name: str, **values: Any) -> None:
        self.prefect.answer(run.id, **values)
        self.prefect.process(run.id, FLOWS[name].fn)

    def page(self, name: str, **values: Any) -> str:
        """What it wrote."""
        run = self.start(name)
        self.fill(run, name, **values)
        assert run.state.is_completed()
        (page,) = [one for one in self.prefect.artifacts.values() if one.flow_run_id == run.id]
        return str(page.data)


@pytest.fixture
def counter(prefect: Any) -> Counter:
    return Counter(prefect)


@pytest.fixture
def rated(place_at: Callable[..., str], do: Callable[..., None]) -> str:
    """A lamp in grid 3 that 边巴德吉 of 供电所 repaired, rated 满意."""
    number = place_at("done")
    do(number, "rate", **CONTENT)
    return number


@pytest.fixture
def october(rated: str) -> Iterator[datetime]:
    """September is over."""
    with clock_at(datetime(2026, 10, 8, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))) as now:
        yield now


# --- 三率 -------------------------------------------------------------------------------------------


def test_a_period_is_picked_and_its_rates_are_on_the_page(
    counter: Counter, rated: str, rows: Rows
) -> None:
    run = counter.start("rates/三率")
    options = counter.form(run).options("period")
    assert options == [
        *("上个月（2026 年 8 月）", "本月（2026 年 9 月）", "上季度（2026 年第 2 季度）"),
        *("今年（2026 年）", "去年（2025 年）", "从哪天到哪天（在下面选）"),
    ]
    page = counter.page("rates/三率", period=options[1])
    assert page.startswith("# 三率 2026-09-01 至 2026-09-30\n\n还没有公布。\n\n| 全社区 | 有效评价")
    figures = ["1", "100.0%", "100.0%", "100.0%", "100.0", "0", "0", "0.0%", "100.0%"]
    assert page.endswith(" | ".join(["| 示范社区", *figures]) + " |")
    assert rows(Publication) == []


@pytest.mark.parametrize(
    ("by", "name"),
    [("网格", "第三网格"), ("承办方", "供电所"), ("党员", "边巴德吉"), ("类别", "供电照明")],
)
def test_they_are_split_below_the_whole_community(
    counter: Counter, rated: str, by: str, name: str
) -> None:
    page = counter.page("rates/三率", period="本月（2026 年 9 月）", by=by)
    lines = [line.split(" | ")[0] for line in page.splitlines() if line.startswith("|")]
    assert lines == [f"| {by}", "| ---", "| 示范社区", f"| {name}"]


def test_own_days_are_asked_again_when_they_run_backwards(counter: Counter, rated: str) -> None:
    name = "rates/三率"
    run = counter.start(name)
    own = "从哪天到哪天（在下面选）"
    counter.fill(run, name, period=own, first="2026-09-30", last="2026-09-01")
    assert "2026-09-01 在 2026-09-30 之前" in counter.form(run).description
    counter.fill(run, name, period=own, first="9999-12-01", last="9999-12-31")
    assert "请核对年份" in counter.form(run).description
    counter.fill(run, name, period=own, first="2026-09-14", last="2026-09-14")
    assert run.name == "三率 2026-09-14 至 2026-09-14"


def test_a_burst_of_good_ratings_stands_below(
    counter: Counter, place_at: Callable[..., str], do: Callable[..., None]
) -> None:
    for _ in range(4):
        do(place_at("done"), "rate", **CONTENT)
    assert "要看一眼的" not in counter.page("rates/三率", period="本月（2026 年 9 月）")
    do(place_at("done"), "rate", **CONTENT)
    page = counter.page("rates/三率", period="本月（2026 年 9 月）")
    assert "## 要看一眼的" in page
    assert "| 供电所 | 第三网格 | 09-14 10:00 | 09-14 10:00 | 5 | 居民 |" in page


# --- 公布三率 ---------------------------------------------------------------------------------------


def test_what_is_over_is_shown_with_its_figures_and_published_once(
    counter: Counter, october: datetime, rows: Rows
) -> None:
    name = "publish-rates/公布三率"
    run = counter.start(name)
    form = counter.form(run)
    assert form.options("period") == ["2026 年 9 月", "2026 年第 3 季度"]
    assert "| 2026 年 9 月 | 1 | 100.0% |" in form.description
    assert not {"who", "period", "sure"} & set(form.preselected)
    month = {"who": LUO, "period": "2026 年 9 月"}
    counter.fill(run, name, **month)
    assert "请选上" in counter.form(run).description
    assert rows(Publication) == []
    counter.fill(run, name, **month, sure=SURE)
    assert (run.state.is_completed(), run.name) == (True, "公布三率 · 2026 年 9 月")
    (publication,) = rows(Publication)
    assert (publication.first, publication.last, publication.actor) == (*SEPTEMBER, "staff-1")
    assert "已公布，不再变。" in counter.page("rates/三率", period="上个月（2026 年 9 月）")
    assert counter.form(counter.start(name)).options("period") == ["2026 年第 3 季度"]


def test_figures_that_changed_since_they_were_shown_are_shown_anew(
    counter: Counter, october: datetime, rated: str, rows: Rows
) -> None:
    name = "publish-rates/公布三率"
    run = counter.start(name)
    exclude(rated, 1, "打错了单", "staff-1", "staff-2")
    typed = {"who": LUO, "period": "2026 年 9 月", "sure": SURE}
    counter.fill(run, name, **typed)
    form = counter.form(run)
    assert "数字刚才变了" in form.description and "| 2026 年 9 月 | 0 | – |" in form.description
    assert rows(Publication) == []
    counter.fill(run, name, **typed)
    assert len(rows(Publication)) == 1


def test_what_somebody_else_has_published_meanwhile_is_said(
    counter: Counter, october: datetime
) -> None:
    name, typed = "publish-rates/公布三率", {"who": LUO, "period": "2026 年 9 月", "sure": SURE}
    late = counter.start(name)
    counter.fill(counter.start(name), name, **typed)
    counter.fill(late, name, **typed)
    assert "2026-09-01 至 2026-09-30 已在 2026-10-08 公布过" in counter.form(late).description


def test_where_nothing_is_over_nothing_is_asked(counter: Counter, prefect: Any, rated: str) -> None:
    assert counter.start("publish-rates/公布三率").state.is_completed()
    assert prefect.log == ["没有过完了还没公布的时期。"]


# --- 不计入三率 --------------------------------------------------------------------------------------


def test_a_rating_is_left_out_by_two_who_may(counter: Counter, rated: str, rows: Rows) -> None:
    name = "exclude-rating/不计入三率"
    run = counter.start(name)
    (line,) = counter.form(run).options("rating")
    assert line == f"{rated} 第 1 轮 · 满意 · 供电所 边巴德吉 · 2026-09-14"
    typed = {"who": LUO, "rating": line, "reason": "打错了电话"}
    counter.fill(run, name, **typed, second=LUO)
    assert "由另一个人同意" in counter.form(run).description
    assert counter.form(run).preselected["reason"] == "打错了电话"
    counter.fill(run, name, **typed, second=GE)
    assert (run.state.is_completed(), run.name) == (True, f"不计入三率 · {rated} 第 1 轮")
    (row,) = rows(Exclusion)
    assert (row.reason, row.actor, row.second) == ("打错了电话", "staff-1", "staff-2")
    (whole,) = rates_between(*SEPTEMBER)
    assert (whole.counted.valid, whole.counted.excluded) == (0, 1)
    assert counter.start(name).state.is_completed()  # it is not offered again


def test_only_what_was_rated_lately_is_offered_the_newest_first(
    counter: Counter,
    prefect: Any,
    rated: str,
    monday: datetime,
    place_at: Callable[..., str],
    do: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place_at("done")  # nobody has rated it
    with clock_at(monday + timedelta(days=80)):
        newer = place_at("done")
        do(newer, "rate", **{**CONTENT, "grade": "basically"})
    name = "exclude-rating/不计入三率"
    with clock_at(monday + timedelta(days=90)):
        lines = counter.form(counter.start(name)).options("rating")
        assert [line.split(" ")[0] for line in lines] == [newer, rated]
        monkeypatch.setattr(flows.rates, "RATED_SHOWN", 1)
        assert len(counter.form(counter.start(name)).options("rating")) == 1
    with clock_at(monday + timedelta(days=91)):
        (line,) = counter.form(counter.start(name)).options("rating")
        assert line.startswith(f"{newer} 第 1 轮 · 基本满意")


# --- 积分 -------------------------------------------------------------------------------------------


def test_the_rankings_of_a_month_are_on_the_page(counter: Counter, october: datetime) -> None:
    run = counter.start("points/积分")
    assert counter.form(run).options("month") == ["2026-10", "2026-09"]
    page = counter.page("points/积分", month="2026-09")
    assert page.startswith("# 积分 2026-09（还在变）\n\n## 党员\n\n| 名次 | 党员 | 积分 |")
    assert "| 1 | 边巴德吉 | 10 |" in page
    assert "| 1 | 供电所 | 10 |" in page
    assert counter.page("points/积分", month="2026-10").endswith("这个月还没有积分。")


def test_a_members_year_tells_every_line(counter: Counter, rated: str) -> None:
    page = counter.page("points/积分", month="2026-09", member="边巴德吉（供电所）")
    assert page.startswith("# 积分 边巴德吉 2026 年\n\n边巴德吉 2026 年 10 分，还没到底线 20 分")
    assert "| 2026-09 | +10 |" in page
    assert f"| 09-14 10:00 | 办结 | +10 | {rated} |" in page


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"points": "五分"}, "要写整数"),
        ({"points": "0"}, "要写明加减几分"),
        ({"points": "1.5"}, "要写整数"),
        ({"points": "99999999999"}, "一次最多加减 10000 分"),
        ({"second": LUO}, "由另一个人同意"),
        ({"second": ""}, "没有操作人"),
        ({"reason": " "}, "要写明加减几分"),
        ({"member": "洛桑罗布（社区服务台）"}, "本人的积分要由别人来更正"),
        ({"member": ""}, "请在下面选一项"),
    ],
)
def test_points_are_corrected_by_two_who_may_with_a_number_and_a_reason(
    counter: Counter, prefect: Any, rows: Rows, given: dict[str, str], sentence: str
) -> None:
    name = "correct-points/更正积分"
    run = counter.start(name)
    typed = {
        **{"who": LUO, "second": GE, "member": "边巴德吉（供电所）"},
        **{"points": "-5", "reason": "值班没有到"},
    }
    counter.fill(run, name, **{**typed, **given})
    assert sentence in counter.form(run).description
    assert rows(PointEntry) == []
    counter.fill(run, name, **{**typed, "points": "－5 分"})
    assert (run.state.is_completed(), run.name) == (True, "更正积分 · m-241 -5 分")
    assert statement("m-241")["points"] == -5
