"""Points on the command line: rankings, a member's year, corrections, the ledger made again."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

from flows.cli_opening import Json, open_house
from flows.cli_output import local, print_columns, print_json
from tasks.clock import utc_now
from tasks.directory import member_names
from tasks.house import house
from tasks.ledger import Replay, correct, recompute
from tasks.models.enums import Board, PointRule
from tasks.points import Month, month_of, rankings_of, statement
from tasks.rules.deadline import local_day

point_commands = typer.Typer()


@point_commands.command()
def points(
    context: typer.Context,
    member: Annotated[str | None, typer.Option(help="One member's year, by id or name.")] = None,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; the present one without.")] = None,
    again: Annotated[
        bool, typer.Option("--recompute", help="Make the ledger again from the history.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The rankings of a month, or one member's year."""
    open_house(context)
    if again:
        _show_replay(recompute(), as_json=as_json)
    elif member is not None:
        _show_statement(member, month, as_json=as_json)
    else:
        today = local_day(utc_now(), house().timezone)
        first = month_of(month) if month else today.replace(day=1)
        _show_month(rankings_of(first), as_json=as_json)


@point_commands.command()
def correct_points(
    context: typer.Context,
    member: str,
    points: Annotated[int, typer.Option(help="For example -5.")],
    reason: Annotated[str, typer.Option()],
    by: Annotated[str, typer.Option(help="Who corrects.")],
    second: Annotated[str, typer.Option(help="Who agrees; another person.")],
) -> None:
    """Add a counter-entry to a member's points; nothing is ever changed."""
    open_house(context)
    correct(member, points, reason, by, second)
    print(f"已更正：{member} {points:+d} 分。")


def _show_replay(found: Replay, *, as_json: bool) -> None:
    if as_json:
        print_json(vars(found))
    else:
        print(f"由历史算出 {found.entries} 笔，补上 {len(found.added)} 笔。")
    if found.different or found.unexpected:
        keys = "、".join((*found.different, *found.unexpected)[:20])
        print(f"和历史对不上的有：{keys}。", file=sys.stderr)


def _show_month(month: Month, *, as_json: bool) -> None:
    names = {**member_names(), **{id: one.name for id, one in house().catalog.handlers.items()}}
    boards = {
        board.value: [
            {
                "rank": one.rank,
                "id": one.id,
                "name": names.get(one.id, one.id),
                "points": one.points,
            }
            for one in month.boards[board]
        ]
        for board in Board
    }
    if as_json:
        print_json({"month": f"{month.first:%Y-%m}", "frozen": month.is_frozen, **boards})
        return
    print(f"{month.first:%Y-%m}" + ("（已定）" if month.is_frozen else "（还在变）"))
    for board in Board:
        rows = [(str(one["rank"]), str(one["name"]), str(one["points"])) for one in boards[board]]
        if rows:
            print()
            print_columns(("名次", board.label, "积分"), rows)


def _show_statement(member: str, month: str | None, *, as_json: bool) -> None:
    wanted = month_of(month) if month else None
    found = statement(member, wanted.year if wanted else None)
    if wanted:
        inside = [one for one in found["entries"] if _month(one["at"]) == month]
        found = {
            **found,
            "month": month,
            "points_of_month": found["months"].get(month, 0),
            "entries": inside,
        }
    if as_json:
        print_json(found)
        return
    level = f"，{found['level']}" if found["level"] else ""
    line = "" if found["reached"] else f"，还没到底线 {found['bottom_line']} 分"
    print(f"{found['name']} {found['year']} 年 {found['points']} 分{level}{line}")
    rows = [
        (
            local(one["at"]),
            PointRule(one["rule"]).label,
            f"{one['points']:+d}",
            one["order"] or one["reason"],
        )
        for one in found["entries"]
    ]
    if rows:
        print_columns(("时间", "为什么", "积分", "订单"), rows)


def _month(at: str) -> str:
    return f"{local_day(datetime.fromisoformat(at), house().timezone):%Y-%m}"
