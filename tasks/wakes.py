"""What our own database remembers of an order's run in Prefect: its id, and how often it was woken.

None of this is law: version, status and history are untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from tasks.db import reading, transaction
from tasks.house import house
from tasks.models.enums import OPEN
from tasks.models.tables import History, Installation, Order


@dataclass(frozen=True)
class Carried:
    """Which run carries an order, and how many it has had."""

    run_id: str | None
    attempt: int


@dataclass(frozen=True)
class Made:
    """A run that was made for an order, and which one of the order's runs it is."""

    number: str
    run_id: str
    attempt: int


@dataclass(frozen=True)
class OpenOrder:
    """An open order, the run that carries it, and the key of the form that this run should show."""

    number: str
    run_id: str | None
    key: str


def run_of(number: str) -> Carried:
    """The order's run. Raises NoResultFound for a number that is none."""
    with reading(house().database) as session:
        row = session.exec(
            select(Order.run_id, Order.run_attempt).where(Order.number == number)
        ).one()
        return Carried(*row)


def form_key(version: int, wakes: int) -> str:
    """The key of an order's form: of this version, at this wake."""
    return f"v{version}-w{wakes}"


def carried_orders() -> list[OpenOrder]:
    """All open orders, the one with the nearest deadline first."""
    wanted = (
        select(Order.number, col(Order.run_id), Order.version, Order.wakes)
        .where(col(Order.status).in_(OPEN))
        .order_by(col(Order.next_due_at).is_(None), col(Order.next_due_at), col(Order.id))
    )
    with reading(house().database) as session:
        rows = session.exec(wanted)
        return [OpenOrder(n, run, form_key(version, wakes)) for n, run, version, wakes in rows]


def orders_without_run() -> list[str]:
    """The numbers of open orders that no run carries, the one with the nearest deadline first."""
    return [order.number for order in carried_orders() if order.run_id is None]


def known_runs() -> set[str]:
    """The ids of all runs that an order is carried by."""
    with reading(house().database) as session:
        wanted = select(Order.number, Order.run_id).where(col(Order.run_id).is_not(None))
        return {str(run_id) for _number, run_id in session.exec(wanted)}


def count_wake(number: str) -> None:
    """Makes the order's next form a new one, although nothing has changed."""
    with transaction(house().database) as session:
        session.execute(
            update(Order).where(col(Order.number) == number).values(wakes=Order.wakes + 1)
        )


def show_anew(session: Session, which: ColumnElement[bool]) -> None:
    """The same for many: their runs show a new form with the next 核对."""
    session.execute(update(Order).where(which).values(wakes=Order.wakes + 1))


def set_runs(made: Sequence[Made]) -> None:
    """Remembers which runs carry their orders, unless a later attempt has begun."""
    with transaction(house().database) as session:
        for one in made:
            session.execute(
                update(Order)
                .where(col(Order.number) == one.number, col(Order.run_attempt) == one.attempt)
                .values(run_id=one.run_id)
            )


def next_attempt(number: str, after: int) -> int:
    """Counts one more run for the order, unless somebody else just did; gives the count."""
    with transaction(house().database) as session:
        session.execute(
            update(Order)
            .where(col(Order.number) == number, col(Order.run_attempt) == after)
            .values(run_attempt=after + 1, run_id=None)
        )
        return session.exec(select(Order.run_attempt).where(Order.number == number)).one()


def was_applied(number: str, form: str) -> bool:
    """Whether the answer to a form (by its key) has become history."""
    with reading(house().database) as session:
        found = session.exec(
            select(History.id)
            .join(Order, col(Order.id) == col(History.order_id))
            .where(Order.number == number, History.form == form)
            .limit(1)
        ).first()
        return found is not None


def installation_key() -> str:
    """The id that this database's runs carry in Prefect."""
    with reading(house().database) as session:
        return session.exec(select(Installation.key)).one()
