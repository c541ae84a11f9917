"""积分 and 更正积分 in the Prefect UI, one form each."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows.forms.answers import Answer
from flows.forms.fields import Fields, other, pick, remembering, text, who
from flows.one_form import Page, Question, ask_and_do, ask_and_show
from flows.pages import section, table
from flows.point_words import (
    ENTRIES,
    board_columns,
    entry_rows,
    ranking_rows,
    standing_of,
    sum_of_year,
)
from tasks.directory import member_lines
from tasks.done import Done
from tasks.errors import BadInput
from tasks.ledger import correct
from tasks.markup import escaped
from tasks.points import Month, month_of, months_with_points, rankings_of, statement

EVERYBODY = "所有人：这个月的排名"
_SIGNS = str.maketrans("＋－−–", "+---")


@flow(name="points", flow_run_name="积分")
async def show_points() -> None:
    """Asks for a month or somebody's year, and writes the points on the run's page."""
    hint = "**积分** · 选一个月看排名；选了人，看他那一年的每一笔。结果在这次运行的 Artifacts 页里"
    await ask_and_show(Question("PointsForm", hint, _wanted), _points)


@flow(name="correct-points", flow_run_name="更正积分")
async def correct_points() -> None:
    """Asks whose points are corrected by how many and why; two people agree."""
    hint = "**更正积分** · 加一笔或者减一笔，原来的不改；两位社区干部、一个原因"
    await ask_and_do(Question("CorrectForm", hint, _correction), _correct)


def _wanted() -> Fields:
    members = member_lines()
    return {
        "month": pick("哪个月", [f"{month:%Y-%m}" for month in months_with_points()]),
        "member": remembering(pick("看谁的", [EVERYBODY, *members], EVERYBODY), ids=members),
    }


def _points(answer: Answer) -> Page:
    month = month_of(answer.text("month"))
    if answer.text("member") == EVERYBODY:
        return _rankings(rankings_of(month))
    return _year(statement(answer.picked("member", "ids"), month.year))


def _rankings(month: Month) -> Page:
    boards = (
        section(
            board.label,
            table(board_columns(board), [(rank, escaped(name), sum) for rank, name, sum in rows]),
        )
        for board, rows in ranking_rows(month).items()
    )
    body = "\n\n".join(filter(None, boards))
    return Page(f"积分 {standing_of(month)}", body or "这个月还没有积分。")


def _year(found: dict[str, Any]) -> Page:
    months = [(month, f"{points:+d}") for month, points in found["months"].items()]
    lines = [(*facts, escaped(why)) for *facts, why in entry_rows(found)]
    parts = (
        escaped(sum_of_year(found)),
        section("每个月", table(("月份", "积分"), months)),
        section("每一笔", table(ENTRIES, lines)),
    )
    title = f"积分 {found['name']} {found['year']} 年"
    return Page(title, "\n\n".join(filter(None, parts)))


def _correction() -> Fields:
    members = member_lines()
    return {
        "who": who(),
        "second": other(),
        "member": remembering(pick("更正谁的", list(members)), ids=members),
        "points": text("加减几分（必填，例如 5 或 -5）"),
        "reason": text("原因（必填）"),
    }


def _correct(answer: Answer) -> Done:
    member, points = answer.picked("member", "ids"), _whole_number(answer.text("points"))
    correct(member, points, answer.text("reason"), answer.who, answer.text("second"))
    return Done(f"更正积分 · {member} {points:+d} 分")


def _whole_number(typed: str) -> int:
    try:
        return int(typed.removesuffix("分").strip().translate(_SIGNS))
    except ValueError:
        raise BadInput(field="加减几分", problem="要写整数，例如 5 或 -5。") from None
