"""What Prefect keeps of a run that failed or crashed: its exception's words, without persons and secrets.

These words go into Prefect's database past every log, and stay there as long as the run.
"""

from __future__ import annotations

from types import TracebackType

from prefect import states

from tasks.scrubbing import scrubbed

_in_prefects_words = states.format_exception


def _format_scrubbed(exc: BaseException, tb: TracebackType | None = None) -> str:
    return scrubbed(_in_prefects_words(exc, tb))  # type: ignore[arg-type]


def scrub_failures() -> None:
    """From now on states of runs and tasks of this process carry no person and no secret."""
    states.format_exception = _format_scrubbed
