"""Values that the rules reason about: an order as the law sees it, who acts, and who could take it in hand."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from config.catalog import Allowance
from tasks.models.enums import ClockKind, Kind, Role, Status, Urgency


@dataclass(frozen=True, kw_only=True)
class Clock:
    """One deadline of an order. Times are aware UTC; `used` and `difference` are working time."""

    kind: ClockKind
    version: int  # of the order, at which it started
    round: int
    started_at: datetime
    limit: Allowance | None  # None where a meeting set the date
    by_wall_clock: bool = False  # an urgent order's: no nights, no weekends
    until: datetime | None = None  # a date granted or decided, instead of the limit
    until_since: datetime | None = None  # when it was set: earlier pauses do not move it
    due_at: datetime
    provisional: bool = False  # runs into a year whose holidays are not known yet
    pauses: tuple[tuple[datetime, datetime], ...] = ()
    paused_at: datetime | None = None  # stands still since then
    stopped_at: datetime | None = None
    used: timedelta | None = None
    difference: timedelta | None = None  # early, or negative: late
    step: int = 0  # of the ladder: 1 warned, 2 overdue, then one more for each further period
    act_at: datetime | None = None  # when the next step is taken

    @property
    def is_live(self) -> bool:
        return self.stopped_at is None

    @property
    def runs(self) -> bool:
        return self.is_live and self.paused_at is None


@dataclass(frozen=True, kw_only=True)
class OrderState:
    """The columns of an order that only the law changes. Times are aware UTC."""

    number: str
    kind: Kind
    status: Status
    version: int
    round: int
    urgency: Urgency
    placed_at: datetime
    category: str | None = None
    grid: str | None = None
    handler: str | None = None
    member: str | None = None
    previous_member: str | None = None  # proposed first when a round begins again
    before: Status | None = None  # remembered by a hold or a referral
    claimed_from: Status | None = None  # remembered by a claim
    returns: int = 0  # how often handlers gave it back in this round
    contacted_at: datetime | None = None
    due_at: datetime | None = None  # of the work as a whole, as far as it is known
    next_due_at: datetime | None = None  # the nearest of the clocks that run
    decided_until: datetime | None = None  # by when a meeting wants it finished
    target: int | None = None  # of a big wish, in fen, as the meeting decided it
    granted_until: datetime | None = None  # an extension that was granted before its clock ran
    rung: int = 0  # of the ladder, in this round: 0 none, 1 the member household … 5 the town
    asked_due_at: datetime | None = None  # an extension is asked, until then
    asked_by: str | None = None
    hold_until: date | None = None
    merged_into: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    closed_at: datetime | None = None
    clocks: tuple[
        Clock, ...
    ] = ()  # those that have not stopped, and those that the last action stopped

    def clock(self, kind: ClockKind) -> Clock | None:
        """The live clock of a kind, None when there is none."""
        return next((clock for clock in self.clocks if clock.kind is kind and clock.is_live), None)

    @property
    def columns(self) -> dict[str, Any]:
        """What stands in the order's own row."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS = tuple(field.name for field in fields(OrderState) if field.name != "clocks")


@dataclass(frozen=True)
class Actor:
    """Who acts, as declared. `member` is the member that a staff person also is."""

    id: str
    role: Role
    name: str
    handler: str | None = None
    member: str | None = None
    teams: frozenset[str] = frozenset()  # of a member: more of those that they act for


@dataclass(frozen=True)
class MemberView:
    """A member as registered in the database."""

    id: str
    name: str
    handler: str
    phone: str
    verified: bool
    teams: frozenset[str] | None = None  # where they belong; None: to their handler

    def belongs_to(self, handler: str | None) -> bool:
        """Whether they act for a unit or team."""
        return handler in (self.teams if self.teams is not None else {self.handler})
