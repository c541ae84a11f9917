"""Where money is meant: the wishes and pledges that a coordinator can pick, each with what is left of it."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col, select

from tasks.db import reading
from tasks.desk import Choice, choice_of
from tasks.funding import books_of
from tasks.house import house
from tasks.models.enums import OPEN, Kind, Status
from tasks.models.tables import Order
from tasks.rules.funding import Funds, in_yuan, outstanding_lines


def promised() -> list[Choice]:
    """Every pledge of an open big wish of which something is still to come."""
    return [
        choice_of(order, more=line)
        for order, funds in _books()
        for line in outstanding_lines(funds)
    ]


def with_money() -> list[Choice]:
    """Every big wish that has money left, also one that has been rated: the rest is still to be moved."""
    return [
        choice_of(order, more=f"结余 {in_yuan(funds.left)} 元")
        for order, funds in _books({*OPEN, Status.CLOSED})
        if funds.left
    ]


def big_wishes() -> list[Choice]:
    """Every open big wish."""
    return [choice_of(order) for order, _funds in _books()]


def _books(statuses: Collection[Status] = OPEN) -> list[tuple[Order, Funds]]:
    wanted = select(Order).where(Order.kind == Kind.BIG_WISH, col(Order.status).in_(statuses))
    with reading(house().database) as session:
        orders = session.exec(wanted.order_by(col(Order.id).desc())).all()
        return [(order, books_of(session, order)) for order in orders]
