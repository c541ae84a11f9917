"""What the form of a run has done, so that a process that dies right after it does not do it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tasks.db import reading, upsert, whole_transaction
from tasks.house import house
from tasks.models.tables import DoneForm


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


def do_once(run: str, deed: Callable[[], Done]) -> Done:
    """Does the deed and notes it for the run, both or neither; done before, it gives what was said then.

    The deed's own transactions become one with the note. Raises its refusals, with nothing stored.
    """
    with whole_transaction(house().database) as session:
        note = upsert(session, DoneForm).values(run=run, said="", numbers=[])
        is_first = session.execute(note.on_conflict_do_nothing().returning(DoneForm.run)).all()
        noted = session.get_one(DoneForm, run)
        if not is_first:
            return Done(noted.said, noted.numbers)
        done = deed()
        noted.said, noted.numbers = done.said, done.numbers
        return done
