"""The tables of points: the ledger, and the rankings that were frozen."""

from datetime import datetime

from sqlalchemy import Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime, enum_type
from tasks.models.enums import Board, PointRule


class PointEntry(SQLModel, table=True):
    """A line of the ledger, never changed: balances are sums. Its key lets the same be written once."""

    __tablename__ = "points"
    __table_args__ = (
        Index("ix_points_member_at", "member", "at"),
        Index("ix_points_at", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    at: datetime = Field(sa_type=UtcDateTime)
    member: str
    handler: str | None = None  # for which it was done
    rule: PointRule = Field(sa_type=enum_type(PointRule))
    points: int
    order_id: int | None = Field(default=None, foreign_key="orders.id", index=True)
    round: int | None = None
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    actor: str | None = None  # of a correction
    second: str | None = None  # who agreed to it


class Ranking(SQLModel, table=True):
    """A place in a month's ranking, frozen: later entries do not move it."""

    __tablename__ = "rankings"
    __table_args__ = (
        UniqueConstraint("month", "board", "subject", name="uq_rankings_month_board_subject"),
    )
    id: int | None = Field(default=None, primary_key=True)
    month: str  # 2026-09
    board: Board = Field(sa_type=enum_type(Board))
    subject: str  # a member, a team or a unit
    rank: int
    points: int
    frozen_at: datetime = Field(sa_type=UtcDateTime)
