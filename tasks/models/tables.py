"""The tables. Times are aware UTC; enums are stored by value; nothing here validates (inputs.py does)."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from config.catalog import Allowance
from tasks.models.columns import (
    StoredAllowance,
    StoredPauses,
    StoredSpan,
    UtcDateTime,
    enum_type,
)
from tasks.models.enums import (
    Action,
    Audience,
    ClockKind,
    Event,
    Grade,
    Kind,
    MessageState,
    Purpose,
    Status,
    Urgency,
)


class Installation(SQLModel, table=True):
    """One row: what this database is for, and an id that its runs in Prefect carry."""

    __tablename__ = "installation"
    id: int = Field(default=1, primary_key=True)
    purpose: Purpose = Field(sa_type=enum_type(Purpose))
    key: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class DoneForm(SQLModel, table=True):
    """What the form of a run has done, written with the deed: a run of one form does one thing."""

    __tablename__ = "done_forms"
    run: str = Field(primary_key=True)  # its id in Prefect
    said: str
    numbers: list[str] = Field(sa_column=Column(JSON, nullable=False))  # of the orders it changed
    at: datetime = Field(sa_type=UtcDateTime)


class Counter(SQLModel, table=True):
    """The last number given out per kind and year."""

    __tablename__ = "counters"
    series: str = Field(primary_key=True)
    last: int


class Member(SQLModel, table=True):
    """A registered member or volunteer. Those of the configuration are taken over once.

    `handler` is where they came from; where they belong now stands in their memberships.
    """

    __tablename__ = "members"
    id: str = Field(primary_key=True)
    name: str
    handler: str = Field(index=True)
    phone: str = ""
    verified: bool = False
    skills: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    grids: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    times: str = ""  # when they can help, in their own words
    registered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # None: configured
    verified_by: str | None = None
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Membership(SQLModel, table=True):
    """A member belongs to a unit or team, from when until when."""

    __tablename__ = "memberships"
    __table_args__ = (
        Index(
            "uq_memberships_live",
            "member",
            "handler",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_memberships_handler", "handler"),
    )
    id: int | None = Field(default=None, primary_key=True)
    member: str = Field(foreign_key="members.id")
    handler: str
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UnitRow(SQLModel, table=True):
    """A partner unit that registered with the community, or what one of the configuration said of itself."""

    __tablename__ = "units"
    id: str = Field(primary_key=True)
    name: str = Field(unique=True)
    phone: str
    contact: str = ""  # whom to ask for
    skills: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    grids: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    categories: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    times: str = ""  # when they can help, in their own words
    registered_at: datetime = Field(sa_type=UtcDateTime)
    verified_by: str | None = None
    verified_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Resident(SQLModel, table=True):
    """Who placed an order, and how to reach them."""

    __tablename__ = "residents"
    __table_args__ = (Index("ix_residents_name_phone", "name", "phone"),)
    id: int | None = Field(default=None, primary_key=True)
    name: str = ""
    phone: str = ""
    language: str = "zh-CN"
    channel: str | None = None
    address: str = ""
    consent: bool = True
    anonymised_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Order(SQLModel, table=True):
    """An order: what was asked (of a wish changed only by tasks/editing.py, which keeps what it said) and where
    it stands (changed only by `advance`)."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("source", "external_id", name="uq_orders_source_external_id"),
        Index("ix_orders_status_next_due_at", "status", "next_due_at"),
        Index("ix_orders_status_done_at", "status", "done_at"),
        Index("ix_orders_status_placed_at", "status", "placed_at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True, index=True)
    words: str = Field(sa_column=Column(Text, nullable=False))
    place: str = ""
    source: str
    external_id: str | None = None
    resident_id: int | None = Field(default=None, foreign_key="residents.id", index=True)
    # the law's columns, the same as OrderState
    kind: Kind = Field(sa_type=enum_type(Kind))
    status: Status = Field(sa_type=enum_type(Status))
    version: int
    round: int
    urgency: Urgency = Field(sa_type=enum_type(Urgency))
    placed_at: datetime = Field(sa_type=UtcDateTime)
    category: str | None = None
    grid: str | None = Field(default=None, index=True)
    handler: str | None = Field(default=None, index=True)
    member: str | None = None
    previous_member: str | None = None
    before: Status | None = Field(default=None, sa_type=enum_type(Status))
    claimed_from: Status | None = Field(default=None, sa_type=enum_type(Status))
    returns: int = 0
    contacted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    target: int | None = Field(default=None, sa_type=BigInteger)  # fen
    granted_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rung: int = 0
    asked_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    asked_by: str | None = None
    hold_until: date | None = None
    merged_into: str | None = Field(default=None, index=True)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_by: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # its run in Prefect: not law, kept by tasks/wakes.py
    wakes: int = 0
    run_id: str | None = None
    run_attempt: int = 0


class ClockRow(SQLModel, table=True):
    """A deadline of an order, the same as Clock; the sweeps find it by when its next step comes."""

    __tablename__ = "clocks"
    __table_args__ = (
        UniqueConstraint("order_id", "kind", "version", name="uq_clocks_order_kind_version"),
        Index(
            "ix_clocks_act_at",
            "act_at",
            "id",
            sqlite_where=text("act_at IS NOT NULL"),
            postgresql_where=text("act_at IS NOT NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    kind: ClockKind = Field(sa_type=enum_type(ClockKind))
    version: int
    round: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    limit: Allowance | None = Field(default=None, sa_type=StoredAllowance)
    by_wall_clock: bool = False
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    provisional: bool = False
    pauses: tuple[tuple[datetime, datetime], ...] = Field(default=(), sa_type=StoredPauses)
    paused_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    used: timedelta | None = Field(default=None, sa_type=StoredSpan)
    difference: timedelta | None = Field(default=None, sa_type=StoredSpan)
    step: int = 0
    act_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ClockChange(SQLModel, table=True):
    """What happened to a clock besides the order's actions: a step of the ladder, or another deadline."""

    __tablename__ = "clock_changes"
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id", index=True)
    kind: ClockKind = Field(sa_type=enum_type(ClockKind))
    version: int
    at: datetime = Field(sa_type=UtcDateTime)
    step: int
    rung: int  # of the order, afterwards
    due_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime = Field(sa_type=UtcDateTime)
    why: str = ""  # of another deadline; "" for a step


class History(SQLModel, table=True):
    """One row per action, never changed: who, when, from, to, why, and everything needed to replay it."""

    __tablename__ = "history"
    __table_args__ = (UniqueConstraint("order_id", "version", name="uq_history_order_version"),)
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    version: int
    round: int
    at: datetime = Field(sa_type=UtcDateTime)
    action: Action = Field(sa_type=enum_type(Action))
    from_status: Status | None = Field(default=None, sa_type=enum_type(Status))
    to_status: Status = Field(sa_type=enum_type(Status))
    actor: str
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    inputs: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    form: str | None = None  # the key of the form whose answer this was


class Rating(SQLModel, table=True):
    """The resident's word on one round. One row per order and round makes a link count once."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("order_id", "round", name="uq_ratings_order_round"),)
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    round: int
    grade: Grade = Field(sa_type=enum_type(Grade))
    solved: bool
    comment: str = Field(default="", sa_column=Column(Text, nullable=False))
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class Outcome(SQLModel, table=True):
    """How a round ended, rated or not, with whoever had done it and where: never changed, so that no
    later round changes an earlier one's figures."""

    __tablename__ = "outcomes"
    __table_args__ = (
        UniqueConstraint("order_id", "round", name="uq_outcomes_order_round"),
        Index("ix_outcomes_at", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="orders.id")
    round: int
    at: datetime = Field(sa_type=UtcDateTime)
    grade: Grade | None = Field(
        default=None, sa_type=enum_type(Grade)
    )  # None: nobody rated in time
    solved: bool | None = None
    contacted_in_time: bool
    rung: int  # of the ladder, the highest of the round
    category: str | None = None
    grid: str | None = None
    handler: str | None = None
    member: str | None = None


_WAITING = text("state IN ('failed', 'queued', 'sending')")


class Message(SQLModel, table=True):
    """One message to one recipient, written with its fact. Its text is made from the template when it is read."""

    __tablename__ = "messages"
    __table_args__ = (
        Index(
            "ix_messages_waiting",
            "channel",
            "priority",
            "next_attempt_at",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
    )
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    order_id: int | None = Field(default=None, foreign_key="orders.id", index=True)
    broadcast_id: int | None = Field(default=None, index=True)  # where it is of one said to many
    event: Event = Field(sa_type=enum_type(Event))
    audience: Audience = Field(sa_type=enum_type(Audience))
    recipient: str  # an id: of a resident's row, a handler, a member
    channel: str
    locale: str
    variables: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    state: MessageState = Field(sa_type=enum_type(MessageState))
    code: str = ""  # why it stands where it stands, in a word
    reason: str = Field(default="", sa_column=Column(String(500), nullable=False))
    attempts: int = 0
    priority: int = 1  # the lower goes earlier; rules/haste.py
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_attempt_at: datetime = Field(sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MessageStep(SQLModel, table=True):
    """What came of one attempt to send a message, never changed: its life can be looked up."""

    __tablename__ = "message_steps"
    __table_args__ = (
        Index("ix_message_steps_message_id", "message_id"),
        Index("ix_message_steps_channel_at", "channel", "at"),
    )
    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="messages.id")
    at: datetime = Field(sa_type=UtcDateTime)
    attempt: int
    channel: str
    state: MessageState = Field(sa_type=enum_type(MessageState))
    code: str = ""


class Provider(SQLModel, table=True):
    """How it stands with a channel's provider, for all senders together: one that is down rests."""

    __tablename__ = "providers"
    channel: str = Field(primary_key=True)
    failures: int = 0  # one after the other
    rests_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Absence(SQLModel, table=True):
    """Somebody is away, from the first day to the last, and who is asked instead."""

    __tablename__ = "absences"
    id: int | None = Field(default=None, primary_key=True)
    person: str = Field(index=True)  # the id of a staff person or a member
    first_day: date
    last_day: date
    substitute: str
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class Mark(SQLModel, table=True):
    """What a sweep remembers from one time to the next: when it was through, or what it saw."""

    __tablename__ = "marks"
    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    value: str = ""
