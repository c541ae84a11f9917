"""The night from the command line: the same steps; those in Prefect where an installation runs."""

from __future__ import annotations

from flows.cli_news import mend_running, report_running
from flows.cli_output import print_json
from flows.sweep_words import WORDS
from tasks.house import house
from tasks.models.tally import Tally
from tasks.night import end_night, run_night


def go_through_night(*, dry_run: bool, as_json: bool) -> None:
    """Goes through it, and says what was done."""
    tally = run_night(dry_run=dry_run)
    if not dry_run:
        tally.add(mend_running())
        report_running(end_night(tally))
    if as_json:
        counts = {word: tally.counts[word] for word in WORDS}
        failed = [{"what": what, "why": why} for what, why in tally.failed]
        print_json({"dry_run": dry_run, **counts, "numbers": tally.numbers, "failed": failed})
        return
    print(f"{house().catalog.community.name}：{'只看不做，会做：' if dry_run else '这一夜：'}")
    print("\n".join(f"  {line}" for line in _lines(tally)) or "  没有要做的。")


def _lines(tally: Tally) -> list[str]:
    done = [f"{WORDS[word]} {count}" for word, count in tally.counts.items() if count]
    return done + [f"没有处理成：{what}（{why}）" for what, why in tally.failed]
