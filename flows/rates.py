"""三率, 公布三率 and 不计入三率 in the Prefect UI, one form each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from prefect import flow

from flows.forms.answers import Answer
from flows.forms.fields import Fields, day, other, pick, remembering, text, who
from flows.one_form import Page, Question, ask_and_do, ask_and_show
from flows.pages import section, table
from flows.rate_words import BURSTS, FIGURES, burst_rows, figures_of, name_in
from tasks.clock import utc_now
from tasks.directory import member_names
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.markup import escaped
from tasks.rate_books import (
    Rated,
    bursts_between,
    exclude,
    periods_to_publish,
    publish,
    rated_since,
)
from tasks.rates import By, RatedPart, rates_between
from tasks.rules.deadline import local_day
from tasks.rules.periods import Period, month_with, usual_periods

WHOLE_COMMUNITY = "全社区"
SPLITS = {
    WHOLE_COMMUNITY: None,
    "网格": By.GRID,
    "承办方": By.HANDLER,
    "党员": By.MEMBER,
    "类别": By.CATEGORY,
}
OWN_DAYS = "从哪天到哪天（在下面选）"
SURE = "公布，以后不再改"
PERIODS_SHOWN, RATED_SHOWN = 18, 300
LATELY = timedelta(days=90)


@flow(name="rates", flow_run_name="三率")
async def show_rates() -> None:
    """Asks for which period and split by what, and writes the rates on the run's page."""
    hint = "**三率** · 结果在这次运行的 Artifacts 页里"
    await ask_and_show(Question("RatesForm", hint, _wanted), _rates)


@flow(name="publish-rates", flow_run_name="公布三率")
async def publish_rates() -> None:
    """Shows the figures of what is over and not published, and freezes the period that is picked."""
    offered = _offered()
    figures = _table("时期", [(period.name, one) for period, one in offered])
    question = Question(
        "PublishForm",
        f"**公布三率** · 公布以后不再变\n\n{figures}",
        lambda: _publication(offered),
        nothing="没有过完了还没公布的时期。",
    )
    await ask_and_do(question, _publish)


@flow(name="exclude-rating", flow_run_name="不计入三率")
async def exclude_rating() -> None:
    """Offers the rounds that were rated lately, and leaves one out of the rates."""
    hint = f"**不计入三率** · 两位社区干部、一个原因；先列最近 {LATELY.days} 天最新的 {RATED_SHOWN} 个评价"
    question = Question("ExcludeForm", hint, _exclusion, nothing="最近没有计入的评价。")
    await ask_and_do(question, _exclude)


def _today() -> date:
    return local_day(utc_now(), house().timezone)


# --- 三率 -------------------------------------------------------------------------------------------


def _wanted() -> Fields:
    usual = {
        f"{word}（{period.name}）": [str(period.first), str(period.last)]
        for word, period in usual_periods(_today()).items()
    }
    return {
        "period": remembering(pick("看哪一段", [*usual, OWN_DAYS]), days=usual),
        "by": pick("按什么分", list(SPLITS), WHOLE_COMMUNITY),
        "first": day("从哪天", month_with(_today()).first),
        "last": day("到哪天", _today()),
    }


def _rates(answer: Answer) -> Page:
    first, last = _days(answer)
    split = SPLITS.get(answer.text("by"))
    whole = rates_between(first, last)
    parts = rates_between(first, last, split) if split else []
    rows = [(one.name, one) for one in (*whole, *parts)]
    found = burst_rows(bursts_between(first, last))
    bursts = [(*facts, escaped(actors)) for *facts, actors in found]
    body = (
        "已公布，不再变。" if whole[0].is_published else "还没有公布。",
        _table(answer.text("by"), rows),
        section("要看一眼的：一连串好评", table(BURSTS, bursts)),
    )
    return Page(f"三率 {first} 至 {last}", "\n\n".join(filter(None, body)))


def _days(answer: Answer) -> tuple[date, date]:
    if answer.text("period") != OWN_DAYS:
        first, last = answer.picked("period", "days")
        return date.fromisoformat(first), date.fromisoformat(last)
    return _day(answer, "first", "从哪天"), _day(answer, "last", "到哪天")


def _day(answer: Answer, field: str, title: str) -> date:
    try:
        return date.fromisoformat(answer.text(field).split("T")[0])
    except ValueError:
        raise BadInput(field=title, problem="请选一天。") from None


def _table(title: str, rows: Iterable[tuple[str, RatedPart]]) -> str:
    return table((title, *FIGURES), [(escaped(name), *figures_of(one)) for name, one in rows])


# --- 公布三率 ---------------------------------------------------------------------------------------


def _offered() -> list[tuple[Period, RatedPart]]:
    """The newest periods that can be published, with the figures of the whole community."""
    return [
        (period, rates_between(period.first, period.last)[0])
        for period in periods_to_publish()[:PERIODS_SHOWN]
    ]


def _publication(offered: Sequence[tuple[Period, RatedPart]]) -> Fields:
    if not offered:
        return {}
    known = {
        period.name: {
            "days": [str(period.first), str(period.last)],
            "figures": figures_of(one),
        }
        for period, one in offered
    }
    return {
        "who": who(),
        "period": remembering(pick("公布哪一段", list(known)), periods=known),
        "sure": pick("确认", [SURE]),
    }


def _publish(answer: Answer) -> Done:
    """Publishes what was shown: figures that have changed since have to be seen first."""
    known = answer.picked("period", "periods")
    first, last = map(date.fromisoformat, known["days"])
    if answer.text("sure") != SURE:
        raise BadInput(field="确认", problem="公布以后不能再改，请选上。")
    if figures_of(rates_between(first, last)[0]) != known["figures"]:
        raise BadInput(field="公布哪一段", problem="数字刚才变了，请看过下面新的再公布。")
    publish(first, last, answer.who)
    return Done(f"公布三率 · {answer.text('period')}")


# --- 不计入三率 --------------------------------------------------------------------------------------


def _exclusion() -> Fields:
    rounds = rated_since(_today() - LATELY, RATED_SHOWN)
    if not rounds:
        return {}
    members = member_names()
    lines = {_line(one, members): [one.number, one.round] for one in rounds}
    return {
        "who": who(),
        "second": other(),
        "rating": remembering(pick("哪个评价", list(lines)), rounds=lines),
        "reason": text("原因（必填）"),
    }


def _line(one: Rated, members: Mapping[str, str]) -> str:
    handler = name_in(house().catalog.handlers, one.handler)
    member = members.get(one.member or "", "")
    at = local_day(one.at, house().timezone)
    return f"{one.number} 第 {one.round} 轮 · {one.grade.label} · {handler} {member} · {at}"


def _exclude(answer: Answer) -> Done:
    number, round = answer.picked("rating", "rounds")
    exclude(number, round, answer.text("reason"), answer.who, answer.text("second"))
    return Done(f"不计入三率 · {number} 第 {round} 轮")
