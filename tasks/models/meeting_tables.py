"""The tables of meetings: what they have to decide, and what they give people to do."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime, enum_type
from tasks.models.enums import (
    Decision,
    MatterKind,
    MeetingKind,
    TaskKind,
)


class Meeting(SQLModel, table=True):
    """A meeting from the preparing of its agenda to its end; of each kind one at a time."""

    __tablename__ = "meetings"
    __table_args__ = (
        Index(
            "uq_meetings_open",
            "kind",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: MeetingKind = Field(sa_type=enum_type(MeetingKind))
    prepared_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    chair: str | None = None  # by name, as it was that day
    minutes_by: str | None = None


class Attendee(SQLModel, table=True):
    """Somebody who came to a meeting, by the name of that day: many have no id."""

    __tablename__ = "attendees"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meetings.id", index=True)
    name: str


class Matter(SQLModel, table=True):
    """Something that a meeting has to decide, and what it decided. Without an order it is about a task."""

    __tablename__ = "matters"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meetings.id", index=True)
    kind: MatterKind = Field(sa_type=enum_type(MatterKind))
    order_id: int | None = Field(default=None, foreign_key="orders.id", index=True)
    task_id: int | None = Field(default=None, foreign_key="tasks.id")
    decision: Decision | None = Field(default=None, sa_type=enum_type(Decision))
    handler: str | None = None
    helpers: str = ""
    due: date | None = None
    fen: int | None = Field(default=None, sa_type=BigInteger)
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = None
    form: str | None = None  # the key of the form whose answer decided it
    dropped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # settled elsewhere


class TaskRow(SQLModel, table=True):
    """What a meeting gave somebody to do; later meetings ask after it until it is done."""

    __tablename__ = "tasks"
    id: int | None = Field(default=None, primary_key=True)
    meeting_id: int = Field(foreign_key="meetings.id", index=True)
    kind: TaskKind = Field(sa_type=enum_type(TaskKind))
    words: str = Field(sa_column=Column(Text, nullable=False))
    handler: str | None = None
    due: date | None = None
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
    form: str | None = Field(default=None, unique=True)  # whose answer it was
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
