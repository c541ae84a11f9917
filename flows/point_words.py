"""Points as people read them, on a page and on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tasks.clock import utc_now
from tasks.directory import member_names
from tasks.house import house
from tasks.models.enums import Board, PointRule
from tasks.points import Month
from tasks.rules.deadline import local_time

ENTRIES = ("时间", "为什么", "积分", "订单")


def board_columns(board: Board) -> tuple[str, str, str]:
    """What stands above a ranking."""
    return "名次", board.label, "积分"


def ranking_rows(month: Month) -> dict[Board, list[tuple[str, str, str]]]:
    """The rankings with names instead of ids."""
    names = {**member_names(), **{id: one.name for id, one in house().catalog.handlers.items()}}
    return {
        board: [(str(one.rank), names.get(one.id, one.id), str(one.points)) for one in places]
        for board, places in month.boards.items()
    }


def standing_of(month: Month) -> str:
    """Which month it is, and whether it can still change."""
    return f"{month.first:%Y-%m}" + ("（已定）" if month.is_frozen else "（还在变）")


def sum_of_year(statement: Mapping[str, Any]) -> str:
    """A member's year in one line."""
    level = f"，{statement['level']}" if statement["level"] else ""
    line = "" if statement["reached"] else f"，还没到底线 {statement['bottom_line']} 分"
    return f"{statement['name']} {statement['year']} 年 {statement['points']} 分{level}{line}"


def entry_rows(statement: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row for each line of a statement, a cell for each of ENTRIES; the last one was typed."""
    for one in statement["entries"]:
        at = local_time(datetime.fromisoformat(one["at"]), house().timezone, utc_now())
        why = PointRule(one["rule"]).label
        yield at, why, f"{one['points']:+d}", one["order"] or one["reason"]
