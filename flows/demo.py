"""The demo: a year of the example community in a database of its own, and what is printed of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from config.settings import ROOT, Settings
from flows.demo_year import play
from flows.up import check_address, run_up
from tasks.figures import Figures, Share, count_all
from tasks.finding import Brief, Wanted, briefs
from tasks.house import house, move_in
from tasks.migrate import migrate
from tasks.models.enums import WAITING_FOR, Grade, Purpose
from tasks.rules.funding import in_yuan
from tasks.texts import shortened

EVENTS = ROOT / "config" / "demo" / "events.yaml"
REAL = (
    "DIANDAN_CHANNELS",
    "DIANDAN_CONFIG",
    "DIANDAN_DATABASE",
    "DIANDAN_SECRET",
    "PREFECT_API_URL",
)


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


def print_table() -> None:
    """What came in and how it went, and what waits now: every figure counted from the rows."""
    figures, console = count_all(), Console()
    console.print(_shares("种类", figures.kinds))
    console.print(_shares("怎么来的", figures.sources))
    print("，".join(_in_a_line(figures)) + "。")
    if beside := "，".join(_beside(figures)):
        console.print(beside + "。")
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


def _beside(figures: Figures) -> Iterator[str]:
    """What the newspaper tells of such a year."""
    if figures.registered:
        yield f"报到党员 {figures.registered} 人"
    if wishes := [f"{kind.label} {n} 个" for kind, n in figures.fulfilled.items() if n]:
        yield f"实现{'、'.join(wishes)}"
    if figures.raised:
        yield f"筹到 {in_yuan(figures.raised)} 元"
    held = [f"{kind.label} {n} 次" for kind, n in figures.meetings.items() if n]
    if held:
        yield f"{'、'.join(held)}，联席会议议定 {figures.decided} 件事"


def _waiting(orders: Sequence[Brief]) -> Table:
    table = Table("编号", "等什么", "内容", "承办方", title=f"等着的 {len(orders)} 件")
    for order in orders:
        cells = (order.number, WAITING_FOR[order.status], shortened(order.words, 18), order.handler)
        table.add_row(*map(escape, cells))
    return table
