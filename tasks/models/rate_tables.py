"""The tables of the three rates: rounds that are left out, and figures that were published."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Column, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime


class Exclusion(SQLModel, table=True):
    """A round whose rating does not count, for a reason that two people have agreed on."""

    __tablename__ = "exclusions"
    __table_args__ = (UniqueConstraint("order_id", "round", name="uq_exclusions_order_round"),)
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    round: int
    reason: str = Field(sa_column=Column(Text, nullable=False))
    actor: str
    second: str
    at: datetime = Field(sa_type=UtcDateTime)


class Publication(SQLModel, table=True):
    """What was counted for a period when it was published, with the version of the formula: never changed."""

    __tablename__ = "publications"
    __table_args__ = (UniqueConstraint("first", "last", name="uq_publications_first_last"),)
    id: int | None = Field(default=None, primary_key=True)
    first: date
    last: date
    formula: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    parts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))  # split → id → counts
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
