"""Many rows at once, where one that fails must not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tasks.models.tally import Tally

BATCH = 500
Item = TypeVar("Item")


def batches(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in pieces of at most BATCH."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def try_batch(
    batch: Sequence[Item],
    step: Callable[[Sequence[Item]], Tally],
    tally: Tally,
    name_of: Callable[[Item], str],
) -> None:
    """Does a batch in one step, which is one transaction; item by item where one spoils it for the others.

    An item that fails alone is set aside under its name.
    """
    try:
        tally.add(step(batch))
    except Exception:  # whatever it is, the others must have their turn
        for item in batch:
            try:
                tally.add(step([item]))
            except Exception as error:
                tally.set_aside(name_of(item), error)
