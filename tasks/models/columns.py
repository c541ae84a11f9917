"""The types of columns that a database knows nothing of: aware times, closed lists, allowances, spans."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, String
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.types import TypeDecorator

from config.catalog import Allowance


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC out, on every database. Naive ones are refused."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class StoredEnum(TypeDecorator[StrEnum]):
    """A member in and out, its value as plain text in the database."""

    impl = String(40)
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self._members = {str(member.value): member for member in kind}  # ten times as fast

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(self.kind(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self._members.get(value) or self.kind(value)


class StoredAllowance(TypeDecorator[Allowance]):
    """An allowance as it is written in the configuration."""

    impl = String(12)
    cache_ok = True

    def process_bind_param(self, value: Allowance | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Allowance | None:
        return None if value is None else Allowance.parse(value)


class StoredSpan(TypeDecorator[timedelta]):
    """A length of time, as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // timedelta.resolution

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else value * timedelta.resolution


class StoredPauses(TypeDecorator[tuple[tuple[datetime, datetime], ...]]):
    """Spans of time, as a list of pairs of ISO times."""

    impl = JSON
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return [[moment.isoformat() for moment in pause] for pause in value or ()]

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return tuple((datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in value or ())


def enum_type(kind: type[StrEnum]) -> Any:
    """For `sa_type`, which wants a class but takes an instance."""
    return StoredEnum(kind)
