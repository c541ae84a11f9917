"""`diandan import`: a file of orders, told row by row when something is wrong, with a bar while it works."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from flows.cli_news import runs_for_new_orders
from flows.cli_output import print_json
from tasks.errors import BadRows
from tasks.importing import Plan, plan_import, run_import, spans_of, summary_of

_PLAIN = (
    *("file", "mapping", "sheet", "unread", "unused", "missing"),
    *("rows", "stored", "repeated", "differing"),
)


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for beside the file."""

    mapping: str | None
    who: str
    keep_dates: bool
    notify: bool
    dry_run: bool


def import_file(path: Path, wanted: Wanted, *, as_json: bool) -> None:
    """Imports a file, or says what it would do. Raises BadRows when a cell is not right, and BadFile."""
    with _bar() as bar:
        plan = plan_import(path, wanted.mapping, bar.show)
        numbers: list[str] = []
        if not (plan.mistakes or wanted.dry_run):
            numbers = run_import(
                plan,
                wanted.who,
                keep_dates=wanted.keep_dates,
                notify=wanted.notify,
                progress=bar.show,
            )
            runs_for_new_orders(bar.of)
    _tell(plan, numbers, wanted, as_json=as_json)


def _tell(plan: Plan, numbers: list[str], wanted: Wanted, *, as_json: bool) -> None:
    if plan.mistakes and not as_json:
        raise BadRows(file=plan.file, mistakes=plan.mistakes)
    _show(plan, numbers, dry_run=wanted.dry_run, as_json=as_json)
    if plan.mistakes:
        raise BadRows(file=plan.file, mistakes=plan.mistakes)


def _show(plan: Plan, numbers: Sequence[str], *, dry_run: bool, as_json: bool) -> None:
    """What an import did, or would do."""
    if as_json:
        print_json(
            {
                **{name: getattr(plan, name) for name in _PLAIN},
                "new": len(plan.new),
                "mistakes": [asdict(mistake) for mistake in plan.mistakes],
                "numbers": list(numbers),
            }
        )
        return
    done = f"会登记 {len(plan.new)} 件（没有存）" if dry_run else f"已登记 {len(numbers)} 件"
    spans = f"，{spans_of(numbers)}" if numbers else ""
    print(f"{done}{spans}。{summary_of(plan)}")


class Bar:
    """A line per thing that is being done, drawn only where somebody looks."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lines: dict[str, TaskID] = {}

    def show(self, what: str, done: int) -> None:
        """So many rows are done; how many there are is not known."""
        self._progress.update(self._line(what), completed=done)

    def of(self, what: str, done: int, total: int) -> None:
        """So many of so many are done."""
        self._progress.update(self._line(what), completed=done, total=total)

    def _line(self, what: str) -> TaskID:
        if what not in self._lines:
            self._lines[what] = self._progress.add_task(what, total=None)
        return self._lines[what]


@contextmanager
def _bar() -> Iterator[Bar]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as progress:
        yield Bar(progress)
