"""The tables of wishes: who had which in hand, who gave what, and the books."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from tasks.models.columns import UtcDateTime, enum_type
from tasks.models.enums import (
    Action,
    Entry,
    PledgeKind,
)


class ClaimRow(SQLModel, table=True):
    """A member had an order in hand, from when until when. The database lets only one be live per order."""

    __tablename__ = "claims"
    __table_args__ = (
        Index(
            "uq_claims_live",
            "order_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_claims_order_id", "order_id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    member: str
    claimed_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: Action | None = Field(default=None, sa_type=enum_type(Action))


class HelperRow(SQLModel, table=True):
    """A member helps whoever has an order in hand, from when until when; in each claim at most once."""

    __tablename__ = "helpers"
    __table_args__ = (
        Index(
            "uq_helpers_live",
            "order_id",
            "member",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_helpers_member", "member"),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    claim_id: int = Field(foreign_key="claims.id", index=True)
    round: int  # of the order
    member: str = Field(foreign_key="members.id")
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Edit(SQLModel, table=True):
    """The words of a wish were changed before anybody claimed it: what they were, and who changed them."""

    __tablename__ = "edits"
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    words: str = Field(sa_column=Column(Text, nullable=False))  # before
    place: str  # before
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class Donation(SQLModel, table=True):
    """Who promised money, goods or labour to a big wish. How much stands in the books alone."""

    __tablename__ = "donations"
    __table_args__ = (UniqueConstraint("order_id", "number", name="uq_donations_order_number"),)
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    number: int  # the wish's pledges, counted from 1
    donor: str
    kind: PledgeKind = Field(sa_type=enum_type(PledgeKind))
    anonymous: bool = False
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class MoneyEntry(SQLModel, table=True):
    """A line in the books of a big wish, never changed: sums are made of these."""

    __tablename__ = "money"
    __table_args__ = (
        UniqueConstraint("order_id", "voucher", name="uq_money_order_voucher"),
        CheckConstraint("fen > 0", name="ck_money_fen"),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id", index=True)
    version: int  # of the order, by the deed that wrote it
    at: datetime = Field(sa_type=UtcDateTime)
    entry: Entry = Field(sa_type=enum_type(Entry))
    fen: int = Field(sa_type=BigInteger)
    pledge: int | None = None  # its donation's number
    voucher: str | None = None
    other: str | None = None  # the number of the wish on the other side
