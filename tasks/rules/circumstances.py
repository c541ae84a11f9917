"""What the law needs to know around an order to judge an action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.catalog import Catalog
from tasks.models.state import Actor, MemberView, OrderState
from tasks.rules.funding import NO_MONEY, Funds


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Looked up before the law is asked, in the same transaction. `now` is aware UTC."""

    now: datetime
    actor: Actor
    catalog: Catalog
    suggested_category: str = "other"
    named_member: MemberView | None = None  # the member that the request names
    named_helpers: tuple[MemberView, ...] = ()  # the members that the request asks to help
    helpers: frozenset[str] = (
        frozenset()
    )  # who helps already; of a rating: who has helped in its round
    named_order: OrderState | None = None  # the order that the request names
    funds: Funds = NO_MONEY  # the books of a big wish
    resident_phone: str = ""
    worker_phones: frozenset[str] = frozenset()  # of the member who has the order, and who helped
