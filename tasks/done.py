"""What the form of a run has done, so that a process that dies right after it does not do it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import col

from tasks.clock import utc_now
from tasks.db import reading, transaction, upsert, whole_transaction
from tasks.house import house
from tasks.models.tables import DoneForm

KEPT = timedelta(days=60)  # a run of Prefect is not taken up again after that


@dataclass(frozen=True)
class Done:
    """What was done, in words, and the numbers of the orders that it changed."""

    said: str
    numbers: list[str] = field(default_factory=list)


def what_was_done(run: str) -> Done | None:
    """What the form of this run has done, None when nothing yet."""
    with reading(house().database) as session:
        known = session.get(DoneForm, run)
        return Done(known.said, known.numbers) if known else None


@contextmanager
def _looking_again() -> Iterator[None]:
    """What was read of the community within a transaction that came to nothing is forgotten."""
    try:
        yield
    except Exception:
        house().look_again()
        raise


def do_once(run: str, deed: Callable[[], Done]) -> Done:
    """Does the deed and notes it for the run, both or neither; done before, it gives what was said then.

    The deed's own transactions become one with the note. Raises its refusals, with nothing stored.
    """
    with _looking_again(), whole_transaction(house().database) as session:
        note = upsert(session, DoneForm).values(run=run, said="", numbers=[], at=utc_now())
        is_first = session.execute(note.on_conflict_do_nothing().returning(DoneForm.run)).all()
        noted = session.get_one(DoneForm, run)
        if not is_first:
            return Done(noted.said, noted.numbers)
        done = deed()
        noted.said, noted.numbers = done.said, done.numbers
        return done


def forget_done() -> None:
    """Removes the notes of long ago: they may name somebody."""
    with transaction(house().database) as session:
        session.execute(delete(DoneForm).where(col(DoneForm.at) < utc_now() - KEPT))
