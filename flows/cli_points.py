"""Points on the command line: rankings, a member's year, corrections, the ledger made again."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer

from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from flows.point_words import (
    ENTRIES,
    board_columns,
    entry_rows,
    ranking_rows,
    standing_of,
    sum_of_year,
)
from tasks.clock import utc_now
from tasks.house import house
from tasks.ledger import Replay, correct, recompute
from tasks.models.enums import Board
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
    ranked = ranking_rows(month)
    if as_json:
        boards = {
            board.value: [
                {"rank": one.rank, "id": one.id, "name": name, "points": one.points}
                for one, (_rank, name, _points) in zip(
                    month.boards[board], ranked[board], strict=True
                )
            ]
            for board in Board
        }
        print_json({"month": f"{month.first:%Y-%m}", "frozen": month.is_frozen, **boards})
        return
    print(standing_of(month))
    for board in Board:
        if rows := ranked[board]:
            print()
            print_columns(board_columns(board), rows)


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
    print(sum_of_year(found))
    if rows := list(entry_rows(found)):
        print_columns(ENTRIES, rows)


def _month(at: str) -> str:
    return f"{local_day(datetime.fromisoformat(at), house().timezone):%Y-%m}"
