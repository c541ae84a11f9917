"""The demo: a year of the example community, every order carried by the same steps as anybody's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from ruamel.yaml import YAML

from config.catalog import Allowance
from config.settings import ROOT, Settings
from flows.up import check_address, run_up
from tasks.by_hand import mark_told, to_tell_since_before
from tasks.clock import clock_at, utc_now
from tasks.figures import Figures, Share, count_all
from tasks.finding import Brief, Wanted, briefs
from tasks.house import house, move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import WAITING_FOR, Action, Grade, Purpose
from tasks.models.inputs import Place
from tasks.orders import act
from tasks.requests import request_for
from tasks.texts import shortened
from tasks.views import order_json

EVENTS = ROOT / "config" / "demo" / "events.yaml"
REAL = (
    "DIANDAN_CHANNELS",
    "DIANDAN_CONFIG",
    "DIANDAN_DATABASE",
    "DIANDAN_SECRET",
    "PREFECT_API_URL",
)
CARE_TEAM = "team-care"


@dataclass(frozen=True)
class Happening:
    """One action of the demo's file, at a moment."""

    at: datetime
    action: Action
    by: str
    values: dict[str, Any] = field(default_factory=dict)


def run_demo(*, serve: bool) -> None:
    """Fills the demo's own database if it is empty, prints what is in it, and starts everything on it."""
    home = Settings.load().home / "demo"
    for name in [name for name in os.environ if name.startswith(REAL)]:
        del os.environ[name]  # nothing of the demo may reach a real person, server or database
    move_in(Settings.load(home=home, database=f"sqlite:///{home / 'demo.db'}"))
    if serve:
        check_address(house().settings)
    _fill(home)
    print_table()
    if serve:
        print("正在启动，约十几秒…", flush=True)
        run_up()


def _fill(home: Path) -> None:
    """Plays the events once; what an interrupted start has left is thrown away first."""
    complete = home / "filled"
    if not complete.exists():
        for left in home.glob("demo.db*"):
            left.unlink()
    migrate(house().database, house().catalog, Purpose.DEMO)
    if not complete.exists():
        play(EVENTS)
        complete.touch()


def play(events: Path) -> list[str]:
    """Places and carries every order of the file, and tells whom somebody told; gives the numbers."""
    now = utc_now()
    told = YAML(typ="safe").load(events.read_text(encoding="utf-8"))
    numbers = [_carry(entry, now) for entry in told["orders"]]
    for telling in told.get("told", ()):
        at = now - timedelta(days=telling["days_ago"])
        with clock_at(at):
            mark_told(to_tell_since_before(at), telling["by"])
    return numbers


def _carry(entry: dict[str, Any], now: datetime) -> str:
    placed_at = _moment(entry, now)
    request = request_for(Action.PLACE, entry["place"])
    assert isinstance(request, Place)
    with clock_at(placed_at):
        number = place_order(request, entry["by"])
    for happening in _happenings(entry, placed_at):
        with clock_at(happening.at):
            values = {**happening.values, **_member_meant(number, happening)}
            act(number, [request_for(happening.action, values)], happening.by)
    return number


def _moment(entry: dict[str, Any], now: datetime) -> datetime:
    """So many days ago, at the local time that the file says, or two hours before this one."""
    before = now - timedelta(days=entry["days_ago"], hours=2)
    if "at" not in entry:
        return before
    local = before.astimezone(ZoneInfo(house().timezone))
    return datetime.combine(local.date(), time.fromisoformat(entry["at"]), local.tzinfo)


def _happenings(entry: dict[str, Any], placed_at: datetime) -> Iterator[Happening]:
    for step in entry["then"]:
        at = placed_at + Allowance.parse(step["after"]).wall_clock
        values = {key: step[key] for key in ("to", "reason") if key in step}
        values |= step.get("set", {})
        if "in_days" in step:
            values["date"] = _day_after(at, step["in_days"])
        yield Happening(at, Action(step["do"]), step["by"], values)


def _day_after(moment: datetime, days: int) -> date:
    return (moment + timedelta(days=days)).date()


def _member_meant(number: str, happening: Happening) -> dict[str, str]:
    """The first member of the order's handler, or of the team that cares for the old."""
    meant = happening.values.get("to")
    if meant not in ("@member", "@care"):
        return {}
    handler = CARE_TEAM if meant == "@care" else order_json(number)["handler"]
    return {"to": house().catalog.handler_members(handler)[0].id}


def print_table() -> None:
    """What came in and how it went, and what waits now: every figure counted from the rows."""
    figures, console = count_all(), Console()
    console.print(_shares("种类", figures.kinds))
    console.print(_shares("怎么来的", figures.sources))
    print("，".join(_in_a_line(figures)) + "。")
    console.print(_waiting(briefs(Wanted(open_only=True))))


def _shares(name: str, shares: Sequence[Share]) -> Table:
    table = Table(name, *(Column(title, justify="right") for title in ("登记", "办结", "还在等")))
    total = Share("合计", *(sum(column) for column in zip(*map(_counts, shares), strict=True)))
    for share in (*shares, total):
        table.add_row(share.name, *map(str, _counts(share)), end_section=share is shares[-1])
    return table


def _counts(share: Share) -> tuple[int, int, int]:
    return share.placed, share.done, share.open


def _in_a_line(figures: Figures) -> Iterator[str]:
    rated = sum(figures.grades.values())
    content = rated - figures.grades[Grade.UNSATISFIED]
    if figures.days is not None:
        yield f"从登记到办结，一半在 {figures.days:.1f} 天以内"
    if rated:
        grades = "、".join(f"{grade.label} {count}" for grade, count in figures.grades.items())
        yield f"评价 {rated} 件（{grades}），满意率 {100 * content / rated:.0f}%"
    yield f"重办 {figures.rounds} 件"


def _waiting(orders: Sequence[Brief]) -> Table:
    table = Table("编号", "等什么", "内容", "承办方", title=f"等着的 {len(orders)} 件")
    for order in orders:
        cells = (order.number, WAITING_FOR[order.status], shortened(order.words, 18), order.handler)
        table.add_row(*map(escape, cells))
    return table
