"""The commands about time: what a calendar makes of an allowance, and how much of it has gone by."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from config.catalog import Allowance, Calendar, load_calendar
from flows.cli_output import local, print_columns, print_json
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import ClockKind
from tasks.rules.sla import Pause, due_at, worked
from tasks.rules.working_time import LAST_YEAR, working_time
from tasks.views import clocks_json

FIRST_YEAR = 1970
EXAMPLE = "2026-03-01T09:30+08:00"


def calendar_in(file: Path | None) -> Calendar:
    """The calendar of a file, the community's own without one."""
    return load_calendar(file) if file else house().description.calendar


def moment_in(typed: str, timezone: str, field: str, last: int = LAST_YEAR) -> datetime:
    """An ISO time; one without a zone is local. Raises BadInput."""
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        raise BadInput(field=field, problem=f"要写成 ISO 时间，例如 {EXAMPLE}。") from None
    if not FIRST_YEAR < moment.year < last:
        problem = f"年份要在 {FIRST_YEAR + 1} 到 {last - 1} 之间。"
        raise BadInput(field=field, problem=problem)
    local = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))
    return local.astimezone(UTC)


def show_due(file: Path | None, start: str, allow: str, *, as_json: bool) -> None:
    """When something with an allowance has to be done."""
    calendar = calendar_in(file)
    try:
        allowance = Allowance.parse(allow[:40])
    except PydanticCustomError as error:
        problem = error.message_template.format(**error.context or {})
        remedy = (error.context or {}).get("remedy", "")
        raise BadInput(field="--allow", problem=f"{problem}；{remedy}。") from None
    begun = moment_in(start, calendar.timezone, "--from")
    due = due_at(begun, allowance, calendar)
    local = due.at.astimezone(ZoneInfo(calendar.timezone))
    if as_json:
        print_json({"due": local.isoformat(), "provisional": due.provisional})
        return
    print(f"{local:%Y-%m-%d %H:%M:%S}" + "（暂定）" * due.provisional)
    if due.provisional:
        _say_unknown()


def show_elapsed(
    file: Path | None, start: str, end: str, pauses: Sequence[str], *, as_json: bool
) -> None:
    """The working minutes between two moments, with the pauses taken out."""
    calendar = calendar_in(file)
    begun = moment_in(start, calendar.timezone, "--from")
    over = moment_in(end, calendar.timezone, "--to")
    if over < begun:
        raise BadInput(field="--to", problem="要在 --from 之后。")
    time = working_time(calendar)
    taken_out = [_pause(typed, calendar.timezone, over) for typed in pauses]
    minutes = worked(begun, over, time, taken_out).total_seconds() / 60
    whole = int(minutes) if minutes.is_integer() else round(minutes, 3)
    if as_json:
        print_json({"minutes": whole})
    else:
        print(f"{whole} 分钟")
    if not time.knows(begun, over):
        _say_unknown()


def show_clocks(number: str, *, as_json: bool) -> None:
    """The deadlines of an order: what they allow, and what was used."""
    clocks = clocks_json(number)
    if as_json:
        print_json(clocks)
        return
    head = ("计时", "轮", "开始", "时限", "期限", "停表", "用了", "早（迟）")
    print_columns(head, [_clock_line(clock) for clock in clocks])


def _clock_line(clock: dict[str, Any]) -> tuple[str, ...]:
    state = "暂停" if clock["paused"] and not clock["stopped"] else local(clock["stopped"])
    due = local(clock["due"]) + "（暂定）" * clock["provisional"]
    spans = (f"{clock[name]:.0f} 分钟" for name in ("used", "difference"))
    started, limit = local(clock["started"]), clock["limit"]
    return (
        ClockKind(clock["clock"]).label,
        str(clock["round"]),
        started,
        limit,
        due,
        state,
        *spans,
    )


def _pause(typed: str, timezone: str, end: datetime) -> Pause:
    """What "A/B" means; without B the pause has not ended."""
    first, slash, last = typed.partition("/")
    if not slash:
        raise BadInput(field="--pause", problem=f"“{typed[:60]}”要写成 开始/结束。")
    begun = moment_in(first, timezone, "--pause")
    over = moment_in(last, timezone, "--pause") if last else max(end, begun)
    if over < begun:
        raise BadInput(field="--pause", problem=f"“{typed[:60]}”的结束在开始之前。")
    return begun, over


def _say_unknown() -> None:
    """On standard error, so that what a program reads stays as it is."""
    print(
        "其中有的年份，国家的放假安排还没有公布（或不在放假资料里），先按平常的星期算，公布后可能会变。",
        file=sys.stderr,
    )
