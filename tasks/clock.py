"""The only clock. A test, a demo, or `--at` on a database that is not production may move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

APART = timedelta(hours=1)
"""The clocks of two machines differ by less: what is later than that was written before the clock was set back."""

_moved_to: datetime | None = None


def utc_now() -> datetime:
    """Now, as aware UTC."""
    return _moved_to or datetime.now(UTC)


@contextmanager
def clock_at(moment: datetime | None) -> Iterator[None]:
    """Inside, in every thread, it is `moment` (aware) and stands still; None leaves the clock alone."""
    global _moved_to
    earlier, _moved_to = _moved_to, moment.astimezone(UTC) if moment else None
    try:
        yield
    finally:
        _moved_to = earlier
