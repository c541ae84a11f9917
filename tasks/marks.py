"""What a sweep remembers from one time to the next."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.house import house
from tasks.models.tables import Mark


def marked(name: str) -> Mark | None:
    """What stands under a name, None before it was first set."""
    with reading(house().database) as session:
        return session.get(Mark, name)


def marked_at(name: str) -> datetime | None:
    """When the mark was last set."""
    mark = marked(name)
    return mark.at if mark else None


def set_mark(name: str, value: str = "") -> None:
    """Sets a mark, now."""
    with transaction(house().database) as session:
        put_mark(session, name, value)


def put_mark(session: Session, name: str, value: str = "") -> None:
    """The same within somebody else's transaction."""
    session.merge(Mark(name=name, at=utc_now(), value=value))
