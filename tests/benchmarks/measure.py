"""Ours beside the floor, in one run: how long, how much more, and on what machine."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """What something costs us, and what it costs by hand. `at_most` is the ratio that we allow ourselves."""

    name: str
    unit: str
    ours: float
    floor: float | None
    floor_is: str
    at_most: float | None = None

    def as_json(self) -> dict[str, Any]:
        """With the ratio; three digits are all that a second run repeats."""
        ratio = self.ours / self.floor if self.floor else None
        rounded = {"ours": _short(self.ours), "floor": _short(self.floor), "ratio": _short(ratio)}
        return {**asdict(self), **rounded}


def _short(value: float | None) -> float | None:
    return value if value is None else float(f"{value:.3g}")


def median_ms(work: Callable[[int], object], times: int) -> float:
    """The median of so many turns, in milliseconds; each turn gets its number."""
    took = []
    for turn in range(times):
        began = time.perf_counter()
        work(turn)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "cpu": platform.machine(),
        "cores": os.cpu_count(),
    }
