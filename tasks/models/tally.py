"""What a sweep has done, counted, and what it had to set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

SHOWN = 20  # orders that are remembered by number, of each thing that was done


@dataclass
class Tally:
    """`counts` by what was done, `numbers` the first orders that it was done to; `failed` are orders
    (or whole steps) that are tried again next time, and why."""

    counts: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, list[str]] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)

    def note(self, what: str, number: str) -> None:
        """Counts one order."""
        self.counts[what] += 1
        self._remember(what, [number])

    def set_aside(self, what: str, error: Exception) -> None:
        """Notes what failed; the kind of error only, since its text may hold somebody's words."""
        self.failed.append((what, type(error).__name__))

    def add(self, other: Tally) -> None:
        """Takes over what another has counted."""
        self.counts += other.counts
        self.failed += other.failed
        for what, numbers in other.numbers.items():
            self._remember(what, numbers)

    def _remember(self, what: str, numbers: list[str]) -> None:
        known = self.numbers.setdefault(what, [])
        fresh = [number for number in dict.fromkeys(numbers) if number not in known]
        known += fresh[: max(SHOWN - len(known), 0)]
