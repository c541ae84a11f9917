"""Changing what a wish says, as long as nobody has claimed it. What it said before is kept."""

from __future__ import annotations

from sqlmodel import Session, col, select

from tasks.advance import find_order
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.desk import Choice, choice_of
from tasks.directory import actor
from tasks.errors import NoLongerEdited, NotForThem, NoWish, StaleOrder
from tasks.house import house
from tasks.models.enums import OPEN, WISHES, Role, Status
from tasks.models.inputs import NewWords
from tasks.models.tables import Order
from tasks.models.wish_tables import Edit
from tasks.texts import shortened
from tasks.views import name_of_actor

UNCLAIMED = frozenset({Status.PLACED, Status.ACCEPTED, Status.ASSIGNED, Status.TAKEN})
Said = tuple[str, str]  # words and place


def edit_wish(number: str, new: NewWords, who: str, shown: Said | None = None) -> bool:
    """Gives a wish other words and place, and says whether they were others.

    `shown` is what was looked at: StaleOrder when somebody else has changed it since.
    Raises UnknownOrder, NoWish, NotForThem for anybody but staff, NoLongerEdited when it has been claimed.
    """
    with transaction(house().database) as session:
        person = actor(session, who)
        order = find_order(session, number, lock=True)
        if person.role is not Role.STAFF:
            why = "改内容要由社区干部来做。"
            raise NotForThem(who=person.name, number=order.number, action="改心愿", why=why)
        if why := _why_not(session, order):
            raise NoLongerEdited(number=order.number, why=why)
        if shown not in (None, said_by(order)):
            what = f"内容改成了“{shortened(order.words)}”"
            raise StaleOrder(number=order.number, what=what)
        if said_by(order) == (new.words, new.place):
            return False
        session.add(_edit(order, new.reason, person.id))
        order.words, order.place = new.words, new.place
        order.wakes += 1  # its form shows them
        return True


def said_by(order: Order) -> Said:
    """What an order says now: its words and its place."""
    return order.words, order.place


def still_said(number: str) -> Said | None:
    """What a wish says now, None when it cannot be changed any more. Raises UnknownOrder."""
    with reading(house().database) as session:
        order = find_order(session, number)
        return None if _why_not(session, order) else said_by(order)


def _why_not(session: Session, order: Order) -> str:
    if order.kind not in WISHES:
        raise NoWish(number=order.number, kind=order.kind.label)
    status = order.before if order.status is Status.ON_HOLD else order.status
    if order.member is not None and order.status in OPEN:
        who = name_of_actor(session, order.member)
        return f"“{who}”已经认领了，要补充的请写在进展里。"
    return "" if status in UNCLAIMED else f"现在是“{order.status.label}”。"


def _edit(order: Order, reason: str, who: str) -> Edit:
    assert order.id is not None
    return Edit(
        order_id=order.id,
        at=utc_now(),
        actor=who,
        words=order.words,
        place=order.place,
        reason=reason,
    )


def editable_wishes() -> list[Choice]:
    """The wishes that nobody has claimed, as pick list lines, the newest first."""
    wanted = select(Order).where(
        col(Order.kind).in_(WISHES),
        col(Order.status).in_(UNCLAIMED)
        | ((col(Order.status) == Status.ON_HOLD) & col(Order.before).in_(UNCLAIMED)),
        col(Order.member).is_(None),
    )
    with reading(house().database) as session:
        return [choice_of(order) for order in session.exec(wanted.order_by(col(Order.id).desc()))]
