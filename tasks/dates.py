"""What a date brings of itself: residents are reminded to rate, ratings expire, holds and funding end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlmodel import col, select

from tasks.advance import find_order, state_of
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import SYSTEM
from tasks.errors import StaleOrder
from tasks.funding import books_of
from tasks.house import house
from tasks.messages import is_settled, write_messages
from tasks.models.enums import Audience, Event, Status
from tasks.models.inputs import ActionInput, CompleteFunding, Expire, FailFunding, Resume
from tasks.models.tables import Order
from tasks.models.tally import Tally
from tasks.orders import act
from tasks.rules.deadline import local_day, rating_until, service_level
from tasks.rules.law import is_funded
from tasks.rules.notices import Notice
from tasks.rules.quiet import told_from

PAGE = 500
_A_DAY = timedelta(days=1)


def release_holds(*, dry_run: bool = False) -> Tally:
    """Lets every order go on whose hold ends today or has ended."""
    today = local_day(utc_now(), house().timezone)
    with reading(house().database) as session:
        wanted = select(Order.number, Order.version).where(
            col(Order.status) == Status.ON_HOLD, col(Order.hold_until) <= today
        )
        seen = list(session.exec(wanted.order_by(col(Order.id))))
    return _act_on_each(seen, Resume(reason="挂起的日期到了"), "released", dry_run)


def end_funding(*, dry_run: bool = False) -> Tally:
    """Hands every wish whose target has been reached to its lead unit, and brings those whose day has
    passed back to the meeting."""
    now, tally = utc_now(), Tally()
    with reading(house().database) as session:
        raising = session.exec(select(Order).where(Order.status == Status.FUNDING)).all()
        funded = {o.number: is_funded(state_of(o), books_of(session, o)) for o in raising}
    reached = [(order.number, order.version) for order in raising if funded[order.number]]
    failed = [
        (order.number, order.version)
        for order in raising
        if not funded[order.number] and order.due_at is not None and order.due_at <= now
    ]
    tally.add(_act_on_each(reached, CompleteFunding(), "funded", dry_run))
    tally.add(_act_on_each(failed, FailFunding(), "not_funded", dry_run))
    return tally


def expire_ratings(*, dry_run: bool = False) -> Tally:
    """Closes every order that nobody rated within its window."""
    now, catalog = utc_now(), house().catalog
    seen = [
        (order.number, order.version)
        for order in _done_orders()
        if rating_until(state_of(order), catalog) <= now
    ]
    return _act_on_each(seen, Expire(reason="没有人在评价期内评价"), "expired", dry_run)


def remind_to_rate(*, dry_run: bool = False) -> Tally:
    """Reminds each resident who has not rated yet, on the days that the service level says, once each.

    After days without a run only the latest reminder is sent.
    """
    tally = Tally()
    for order in _done_orders():
        try:
            if _remind(order, dry_run):
                tally.note("reminded", order.number)
        except Exception as error:  # the others must have their turn
            tally.set_aside(order.number, error)
    return tally


def _act_on_each(
    seen: Sequence[tuple[str, int]], request: ActionInput, word: str, dry_run: bool
) -> Tally:
    """`seen` are numbers with the versions that were looked at: who has moved on is left alone."""
    tally = Tally()
    for number, version in seen:
        try:
            if not dry_run:
                act(number, [request], SYSTEM.id, version=version)
            tally.note(word, number)
        except StaleOrder:
            continue
        except Exception as error:  # the others must have their turn
            tally.set_aside(number, error)
    return tally


def _done_orders() -> Iterator[Order]:
    """The orders that have waited for a rating for a day or more, the oldest first."""
    after, until = 0, utc_now() - _A_DAY
    while True:
        with reading(house().database) as session:
            wanted = select(Order).where(
                col(Order.status) == Status.DONE, col(Order.done_at) <= until, col(Order.id) > after
            )
            page = session.exec(wanted.order_by(col(Order.id)).limit(PAGE)).all()
        if not page:
            return
        yield from page
        after = page[-1].id or after


def _remind(found: Order, dry_run: bool) -> bool:
    """Whether the resident of a finished order is reminded now."""
    notice = _reminder(found)
    if notice is None or found.resident_id is None:
        return False
    with transaction(house().database) as session:
        order = find_order(session, found.number, lock=True)
        if order.version != found.version:
            return False
        if is_settled(session, order, notice, str(order.resident_id)):
            return False
        if not dry_run:
            write_messages(session, order, [notice], SYSTEM)
        return True


def _reminder(order: Order) -> Notice | None:
    """The latest reminder that is due; None before the first, and when the window is over."""
    now, catalog, state = utc_now(), house().catalog, state_of(order)
    assert order.done_at is not None
    until = rating_until(state, catalog)
    reminders = service_level(order.category, catalog).rating_reminders
    due = [one for one in reminders if order.done_at + one.wall_clock <= now < until]
    if not due:
        return None
    latest = max(due, key=lambda one: one.wall_clock)
    return Notice(
        Event.RATING_REMINDER,
        Audience.RESIDENT,
        facts={"deadline": until.isoformat()},
        version=order.version,
        again=str(latest),
        not_before=told_from(now, order.urgency, catalog.community.quiet, house().timezone),
    )
