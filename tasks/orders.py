"""Acting on an order: one submit, one transaction, one or several actions, and the messages they call for."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, select

from tasks.advance import advance, find_order, state_of
from tasks.db import reading, transaction
from tasks.directory import SYSTEM, actor
from tasks.errors import AlreadyClaimed, StaleOrder
from tasks.funding import books_of
from tasks.house import house
from tasks.messages import mark_handler_told, write_messages
from tasks.models.enums import Role, Status
from tasks.models.inputs import ActionInput, Claim, CompleteFunding, Merge, MoveMoney, Take
from tasks.models.state import Actor
from tasks.models.tables import History, Member, Order
from tasks.moot import end_moot
from tasks.reminders import remind_new_handler
from tasks.rules.deadline import local_time
from tasks.rules.law import is_funded
from tasks.rules.lifecycle import allowed_actions
from tasks.rules.notices import Notice
from tasks.views import name_of_actor


def version_of(number: str) -> int:
    """The order's version now. Raises UnknownOrder."""
    with reading(house().database) as session:
        return find_order(session, number).version


def allowed_for(number: str) -> str:
    """What the law allows for the order now, as ids of actions. Raises UnknownOrder."""
    with reading(house().database) as session:
        order = find_order(session, number)
        return "、".join(action.value for action in allowed_actions(order.kind, order.status))


def touched_by(number: str, request: ActionInput) -> list[str]:
    """The numbers of the orders that a request about one of them can change."""
    return [number, request.to.upper()] if isinstance(request, MoveMoney) else [number]


def act(
    number: str,
    requests: Sequence[ActionInput],
    who: str,
    *,
    version: int | None = None,
    form: str | None = None,
) -> None:
    """Does the requests one after the other, all or none, on behalf of `who` (an id or name).

    `version` is the one that was looked at: when the order has moved on since, StaleOrder says to
    what. `form` is the key of the form whose answer this is. Raises the law's refusals.
    """
    with transaction(house().database) as session:
        act_within(session, number, requests, who, version=version, form=form)


def act_within(
    session: Session,
    number: str,
    requests: Sequence[ActionInput],
    who: str,
    *,
    version: int | None = None,
    form: str | None = None,
) -> None:
    """The same in a transaction that does more than this."""
    order = _lock(session, number, requests)
    person, handler = actor(session, who), order.handler
    if order.status is Status.CLAIMED and any(isinstance(each, Claim) for each in requests):
        raise AlreadyClaimed(number=order.number, who=_claimant(session, order, person))
    if version is not None and order.version != version:
        raise StaleOrder(number=order.number, what=_latest(session, order))
    notices: list[Notice] = []
    for request in requests:
        notices += advance(session, order, request, person, form)
    write_messages(session, order, notices, person)
    end_moot(session, [order])
    if order.handler != handler:
        remind_new_handler(session, order)
    if person.role is Role.STAFF and any(isinstance(request, Take) for request in requests):
        mark_handler_told(session, order)
    for moved in (request for request in requests if isinstance(request, MoveMoney)):
        _receive_moved(session, moved.to)


def _receive_moved(session: Session, number: str) -> None:
    """Shows the money that was moved to a wish in its form, and hands it to its lead unit when that
    reaches the target."""
    wish = find_order(session, number)
    wish.wakes += 1
    if is_funded(state_of(wish), books_of(session, wish)):
        act_within(session, number, [CompleteFunding()], SYSTEM.id)


def _lock(session: Session, number: str, requests: Sequence[ActionInput]) -> Order:
    """The order, locked with those that the requests name: by number, so that nobody waits in a ring."""
    own = number.strip().upper()
    named = {request.to.upper() for request in requests if isinstance(request, Merge | MoveMoney)}
    locked = {one: find_order(session, one, lock=True) for one in sorted({own, *named})}
    return locked[own]


def _claimant(session: Session, order: Order, person: Actor) -> str:
    """Who has it, by name for the desk and their own people alone."""
    member = session.get(Member, order.member) if order.member else None
    if member is None:
        return "别人"
    if member.id == person.id:
        return "您自己"
    may_know = person.role is Role.STAFF or member.handler in {person.handler, *person.teams}
    return f"“{member.name}”" if may_know else "另一位党员"


def _latest(session: Session, order: Order) -> str:
    row = session.exec(
        select(History).where(History.order_id == order.id).order_by(History.version.desc())  # type: ignore[attr-defined]
    ).first()
    assert row is not None
    who = name_of_actor(session, row.actor)
    return f"{who} 在 {local_time(row.at, house().timezone)} 做了“{row.action.label}”，现在是“{order.status.label}”"
