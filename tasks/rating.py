"""The resident's word: by a link that counts once per round."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, select

from tasks.advance import find_order, state_of
from tasks.clock import utc_now
from tasks.db import reading
from tasks.directory import RESIDENT
from tasks.errors import LateLink, NotAllowed, StaleOrder, UnknownLink, UnknownOrder, UsedLink
from tasks.house import house
from tasks.links import order_and_round
from tasks.models.enums import Action, Status
from tasks.models.inputs import Rate
from tasks.models.tables import History, Order, Rating
from tasks.orders import act
from tasks.rules.deadline import service_level

DOUBLE_CLICK = timedelta(minutes=1)


def rate_by_link(token: str, request: Rate) -> str:
    """Rates the round that the link stands for, and gives the order's number.

    The same answer within a minute of the first (a double click) is accepted and counts once.
    Raises UnknownLink, LateLink, UsedLink, or what the law refuses.
    """
    number, round = order_and_round(token)
    with reading(house().database) as session:
        try:
            order = find_order(session, number)
        except UnknownOrder:
            raise UnknownLink from None
        if _is_double_click(session, order, round, request):
            return number
        _check_link(session, order, round)
        version = order.version
    try:
        act(number, [request], RESIDENT.id, version=version)
    except (StaleOrder, NotAllowed):
        with reading(house().database) as session:
            order = find_order(session, number)
            if not _is_double_click(session, order, round, request):
                _check_link(session, order, round)
                raise
    return number


def _check_link(session: Session, order: Order, round: int) -> None:
    finished = _finished_at(session, order, round)
    if finished is None:
        raise UnknownLink
    window = service_level(state_of(order).category, house().catalog).rating_window
    if utc_now() >= finished + window.wall_clock:
        raise LateLink
    if _rating(session, order, round):
        raise UsedLink
    if order.round != round or order.status is not Status.DONE:
        raise LateLink


def _finished_at(session: Session, order: Order, round: int) -> datetime | None:
    return session.exec(
        select(History.at).where(
            History.order_id == order.id,
            History.round == round,
            History.action == Action.FINISH,
        )
    ).first()


def _rating(session: Session, order: Order, round: int) -> Rating | None:
    return session.exec(
        select(Rating).where(Rating.order_id == order.id, Rating.round == round)
    ).first()


def _is_double_click(session: Session, order: Order, round: int, request: Rate) -> bool:
    earlier = _rating(session, order, round)
    return (
        earlier is not None
        and (earlier.grade, earlier.solved, earlier.comment)
        == (request.grade, request.solved, request.reason)
        and utc_now() - earlier.at <= DOUBLE_CLICK
    )
