"""What the desk sees of one order when it has to decide: everything a form shows or proposes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from tasks.advance import find_order, state_of
from tasks.claims import helpers_of
from tasks.clock import utc_now
from tasks.clocks import live_clocks
from tasks.db import reading
from tasks.directory import members_of
from tasks.finding import remarks_on
from tasks.funding import books_of
from tasks.house import house
from tasks.models.enums import OPEN, Entry, Kind, Status
from tasks.models.state import OrderState
from tasks.models.tables import History, Member, Order, Resident
from tasks.models.wish_tables import Edit, MoneyEntry
from tasks.rules.deadline import local_day, local_time
from tasks.rules.funding import Funds, in_yuan, outstanding_lines, said_with
from tasks.rules.routing import likely_twins, suggest_category
from tasks.texts import shortened
from tasks.twins import candidates, recent_open, twin_line
from tasks.views import name_of_actor
from tasks.wakes import form_key


@dataclass(frozen=True)
class PastDeed:
    """A line of history in words."""

    at: str
    who: str
    action: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class DeskView:
    """One order as a coordinator decides on it. Names, not ids, but for `state`."""

    state: OrderState
    wakes: int
    words: str
    place: str
    first_words: str  # "" when they are still the same
    category: str
    grid: str
    handler: str
    member: str
    helpers: tuple[str, ...]
    due: str
    first_asked: str  # "" when it was asked here
    resident_name: str
    resident_phone: str
    history: tuple[PastDeed, ...]
    suggested_category: str  # an id
    twins: tuple[str, ...]  # as pick list lines that begin with the number
    books: str  # of a big wish: what it needs, and what there is
    promises: tuple[str, ...]  # what is still to come of each pledge, as pick list lines
    members: tuple[str, ...]  # names of the handler's members, the best to propose first
    today: date

    @property
    def key(self) -> str:
        """The key of the form that this view leads to: of this version, at this wake."""
        return form_key(self.state.version, self.wakes)


def look_at(number: str) -> DeskView:
    """The order as it stands. Raises UnknownOrder."""
    with reading(house().database) as session:
        order = find_order(session, number)
        return _view(session, order)


def _view(session: Session, order: Order) -> DeskView:
    catalog, zone = house().catalog, house().timezone
    category = catalog.categories.get(order.category or "")
    grid = catalog.grids.get(order.grid or "")
    handler = catalog.handlers.get(order.handler or "")
    member = session.get(Member, order.member) if order.member else None
    resident = session.get(Resident, order.resident_id) if order.resident_id else None
    funds = books_of(session, order)
    history = session.exec(
        select(History).where(History.order_id == order.id).order_by(col(History.version))
    ).all()
    return DeskView(
        state=state_of(order),
        wakes=order.wakes,
        words=order.words,
        place=order.place,
        first_words=_first_words(session, order),
        category=category.name if category else "",
        grid=grid.name if grid else "",
        handler=handler.name if handler else "",
        member=member.name if member else "",
        helpers=tuple(name_of_actor(session, id) for id in sorted(helpers_of(session, order))),
        due=_due(session, order, zone),
        resident_name=resident.name if resident else "",
        resident_phone=resident.phone if resident else "",
        first_asked=_first_asked(history[0]),
        history=_past_deeds(session, order, history),
        suggested_category=category.id if category else suggest_category(order.words, catalog),
        twins=_twins(session, order) if order.status in (Status.PLACED, Status.ACCEPTED) else (),
        books=_books(order, funds),
        promises=tuple(outstanding_lines(funds)),
        members=_members(session, order),
        today=local_day(utc_now(), zone),
    )


def _books(order: Order, funds: Funds) -> str:
    if order.target is None and not funds.raised:
        return ""
    sums = (
        ("目标", order.target or 0),
        ("认领", funds.pledged),
        ("到账", funds.received),
        ("转入", funds.moved_in),
        ("转出", funds.moved_out),
        ("支出", funds.spent),
        ("结余", funds.left),
        ("比目标多", max(funds.raised - (order.target or 0), 0) if order.target else 0),
    )
    return "，".join(f"{name} {in_yuan(fen)}" for name, fen in sums if fen) + " 元"


def _due(session: Session, order: Order, zone: str) -> str:
    """What has to be done by when, the nearest first, and how high it has climbed."""
    assert order.id is not None
    clocks = [clock for clock in live_clocks(session, order.id) if clock.runs]
    parts = [
        f"{clock.kind.label} {local_time(clock.due_at, zone, utc_now())}"
        + "（暂定）" * clock.provisional
        for clock in sorted(clocks, key=lambda clock: clock.due_at)
    ]
    return "，".join([*parts, *remarks_on(order.rung, order.asked_due_at, order.hold_until)])


def _past_deeds(session: Session, order: Order, history: Iterable[History]) -> tuple[PastDeed, ...]:
    """The order's own steps, and what else happened to it: other words, money from another wish."""
    moved = select(MoneyEntry).where(
        MoneyEntry.order_id == order.id, MoneyEntry.entry == Entry.MOVED_IN
    )
    deeds = [
        *((row.at, row.actor, row.action.label, _said(row)) for row in history),
        *((row.at, row.actor, "改内容", row.reason) for row in _edits(session, order)),
        *(
            (row.at, "system", "转入款项", f"{in_yuan(row.fen)} 元，来自 {row.other}")
            for row in session.exec(moved)
        ),
    ]
    return tuple(
        PastDeed(
            local_time(at, house().timezone, utc_now()), name_of_actor(session, who), deed, said
        )
        for at, who, deed, said in sorted(deeds, key=lambda one: one[0])
    )


def _said(row: History) -> str:
    return said_with(row.action, row.inputs, row.reason)


def _edits(session: Session, order: Order) -> Sequence[Edit]:
    """The changes of a wish's words, the oldest first."""
    return session.exec(select(Edit).where(Edit.order_id == order.id).order_by(col(Edit.id))).all()


def _first_words(session: Session, order: Order) -> str:
    """What a wish said before its words were changed, "" where they never were."""
    return next((edit.words for edit in _edits(session, order)), "")


def _first_asked(first: History) -> str:
    """The local day when it was asked somewhere else, before it came here."""
    asked = first.inputs.get("asked_at")
    return str(local_day(datetime.fromisoformat(asked), house().timezone)) if asked else ""


def _twins(session: Session, order: Order) -> tuple[str, ...]:
    """Open orders that it may repeat."""
    others = [other for other in recent_open(session, order.kind) if other.id != order.id]
    resident = order.resident_id
    found = candidates(
        others, order.grid, lambda other: resident is not None and other.resident_id == resident
    )
    return tuple(map(twin_line, likely_twins(order.words, found)))


def _members(session: Session, order: Order) -> tuple[str, ...]:
    """The handler's members: who had it before, then whoever has the least in hand."""
    if not order.handler:
        return ()
    load = dict(
        session.exec(
            select(Order.member, func.count())
            .where(Order.handler == order.handler, Order.status == Status.CLAIMED)
            .group_by(col(Order.member))
        ).all()
    )
    members = members_of(session, order.handler)
    members.sort(key=lambda m: (m.id != order.previous_member, load.get(m.id, 0), m.id))
    return tuple(member.name for member in members)


@dataclass(frozen=True)
class Choice:
    """An open order as a line of a pick list."""

    number: str
    line: str
    kind: Kind
    status: Status
    version: int
    asked_until: datetime | None
    resident: str  # name and phone, for whoever has to call


def open_with_deadlines() -> list[Choice]:
    """Every open order with the deadline of the whole work in its line."""
    zone = house().timezone
    with reading(house().database) as session:
        orders = session.exec(
            select(Order).where(col(Order.status).in_(OPEN)).order_by(col(Order.id).desc())
        )
        return [
            choice_of(
                order,
                more=f"期限 {local_time(order.due_at, zone, utc_now())}" if order.due_at else "",
            )
            for order in orders
        ]


def open_orders() -> list[Choice]:
    """Every open order as a pick list line that a coordinator recognises, the newest first."""
    wanted = (
        select(Order, Resident)
        .outerjoin(Resident, col(Order.resident_id) == col(Resident.id))
        .where(col(Order.status).in_(OPEN))
        .order_by(col(Order.id).desc())
    )
    with reading(house().database) as session:
        return [choice_of(order, resident) for order, resident in session.exec(wanted)]


def choice_of(order: Order, resident: Resident | None = None, more: str = "") -> Choice:
    """An order as a line that begins with its number; `more` stands right behind it."""
    catalog = house().catalog
    category = catalog.categories.get(order.category or "")
    grid = catalog.grids.get(order.grid or "")
    asked = order.asked_due_at
    parts = (
        order.number,
        more,
        category and category.name,
        grid and grid.name,
        shortened(order.words, 16),
        asked and f"申请延到 {local_day(asked, house().timezone)}",
    )
    return Choice(
        number=order.number,
        line=" · ".join(part for part in parts if part),
        kind=order.kind,
        status=order.status,
        version=order.version,
        asked_until=asked,
        resident=f"{resident.name} {resident.phone}".strip() if resident else "",
    )
