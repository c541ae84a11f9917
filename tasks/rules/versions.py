"""Which version of what the community has written down holds on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TypeVar

from config.version_shapes import Version

V = TypeVar("V", bound=Version)


def version_on(day: date, versions: Iterable[V]) -> V | None:
    """The newest that has begun; None before the first."""
    begun = (version for version in versions if version.since <= day)
    return max(begun, key=lambda version: version.since, default=None)
