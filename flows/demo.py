"""The demo: the example community with a dozen orders, every one of them carried by the same steps as anybody's."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from ruamel.yaml import YAML

from config.catalog import Allowance
from config.settings import ROOT, Settings
from flows.up import check_address, run_up
from tasks.clock import clock_at, utc_now
from tasks.finding import Wanted, summaries
from tasks.house import house, move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Kind, Purpose, Status
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
    """Places and carries every order of the file; gives their numbers."""
    now = utc_now()
    told = YAML(typ="safe").load(events.read_text(encoding="utf-8"))
    return [_carry(entry, now) for entry in told["orders"]]


def _carry(entry: dict[str, Any], now: datetime) -> str:
    placed_at = now - timedelta(days=entry["days_ago"], hours=2)
    request = request_for(Action.PLACE, entry["place"])
    assert isinstance(request, Place)
    with clock_at(placed_at):
        number = place_order(request, entry["by"])
    for happening in _happenings(entry, placed_at):
        with clock_at(happening.at):
            values = {**happening.values, **_member_meant(number, happening)}
            act(number, [request_for(happening.action, values)], happening.by)
    return number


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
    """Every order of the database, and how many stand where: all computed from the rows."""
    orders = summaries(Wanted())
    handlers = house().catalog.handlers
    table = Table(
        "编号",
        "种类",
        "环节",
        "内容",
        "承办方",
        title=f"{house().catalog.community.name}：演示订单",
    )
    for order in orders:
        handler = handlers[order["handler"]].name if order["handler"] else ""
        cells = (
            order["number"],
            Kind(order["kind"]).label,
            Status(order["status"]).label,
            shortened(order["words"], 18),
            handler,
        )
        table.add_row(*(escape(cell) for cell in cells))
    console = Console()
    console.print(table)
    counts = Counter(Status(order["status"]).label for order in orders)
    console.print(
        f"共 {len(orders)} 件：" + "，".join(f"{word} {count}" for word, count in counts.items())
    )
