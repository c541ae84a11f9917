"""The tables of what people chose about their messages, and of addresses that take none for a while."""

from datetime import datetime

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime, enum_type
from tasks.models.enums import Audience


class ChoiceRow(SQLModel, table=True):
    """What somebody chose; who chose nothing has no row. A resident's channel and language stand with the
    resident."""

    __tablename__ = "choices"
    audience: Audience = Field(sa_type=enum_type(Audience), primary_key=True)
    person: str = Field(primary_key=True)  # an id; of staff who are members too, that of the staff
    channel: str = ""
    language: str = ""
    declined: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    quiet: str = ""  # "22:00-07:00"
    digest_hour: int | None = None  # local; None: one by one
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class Muted(SQLModel, table=True):
    """An address that was refused for its own sake. It stands here as a seal, never in clear."""

    __tablename__ = "muted"
    seal: str = Field(primary_key=True)  # of the channel and the address
    audience: Audience = Field(sa_type=enum_type(Audience))
    person: str  # to whom the refused message was
    channel: str
    code: str
    at: datetime = Field(sa_type=UtcDateTime)
