"""Alembic's entry: it migrates the connection that it is handed."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

import tasks.models.broadcast_tables
import tasks.models.choice_tables
import tasks.models.meeting_tables
import tasks.models.point_tables
import tasks.models.rate_tables
import tasks.models.tables
import tasks.models.wish_tables  # noqa: F401  (they fill SQLModel.metadata)


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes our own column types into a new migration as what they are in the database."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl!r}"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_item=_render,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
