"""What coordinators say to many at once: 向群众发声."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Text
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime


class Broadcast(SQLModel, table=True):
    """One thing said to many, by whom, to whom and from when to when. The words never change; what may
    come later is that it was called off."""

    __tablename__ = "broadcasts"
    id: int | None = Field(default=None, primary_key=True)
    form: str | None = Field(default=None, unique=True)  # the run whose form wrote it
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    target: str  # as Target writes it
    title: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    title_en: str = ""
    text_en: str = Field(default="", sa_column=Column(Text, nullable=False))
    urgent: bool = False
    not_before: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    counts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))  # of Reach, when written
    called_off_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    called_off_by: str | None = None
