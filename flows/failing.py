"""What Prefect keeps of a run that failed or crashed: its exception's words, without persons and secrets.

These words pass every log by: they go into Prefect's database, and into a file beside it that nothing
ever removes.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from prefect import states
from prefect.results import ResultStore

from tasks.scrubbing import scrubbed

_in_prefects_words = states.format_exception
_persist, _apersist = ResultStore.persist_result_record, ResultStore.apersist_result_record


def _format_scrubbed(exc: BaseException, tb: TracebackType | None = None) -> str:
    return scrubbed(_in_prefects_words(exc, tb))  # type: ignore[arg-type]


def _persist_no_failure(store: ResultStore, result_record: Any, *more: Any, **named: Any) -> None:
    if not isinstance(result_record.result, BaseException):
        _persist(store, result_record, *more, **named)


async def _apersist_no_failure(
    store: ResultStore, result_record: Any, *more: Any, **named: Any
) -> None:
    if not isinstance(result_record.result, BaseException):
        await _apersist(store, result_record, *more, **named)


def scrub_failures() -> None:
    """From now on states of this process's runs and tasks name nobody, and their exceptions are not kept."""
    states.format_exception = _format_scrubbed
    ResultStore.persist_result_record = _persist_no_failure  # type: ignore[method-assign, assignment]
    ResultStore.apersist_result_record = _apersist_no_failure  # type: ignore[method-assign, assignment]
