"""Values that the rules reason about: an order as the law sees it, who acts, and who could take it in hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tasks.models.enums import Kind, Role, Status, Urgency


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
    due_at: datetime | None = None
    asked_due_at: datetime | None = None  # an extension is asked, until then
    asked_by: str | None = None
    hold_until: date | None = None
    merged_into: str | None = None
    done_at: datetime | None = None
    done_by: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Actor:
    """Who acts, as declared. `member` is the member that a staff person also is."""

    id: str
    role: Role
    name: str
    handler: str | None = None
    member: str | None = None


@dataclass(frozen=True)
class MemberView:
    """A member as registered in the database."""

    id: str
    name: str
    handler: str
    phone: str
    verified: bool
