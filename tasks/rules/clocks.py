"""Which clocks an order has, and what an action does to them: start, stand still, go on, stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from config.catalog import Allowance, Catalog
from tasks.models.enums import WISHES, Action, ClockKind, Kind, Status, Urgency
from tasks.models.inputs import ActionInput, Appoint, Claim, Contact
from tasks.models.state import Clock, OrderState
from tasks.rules.circumstances import Circumstances
from tasks.rules.deadline import local_day, service_level
from tasks.rules.ladder import next_step, step_reached
from tasks.rules.sla import Due, due_at, due_until, left, time_for, worked
from tasks.rules.working_time import Time

STANDING = frozenset({Status.ON_HOLD, Status.IN_MEETING, Status.FUNDING})
_AT_WORK = frozenset({Status.ACCEPTED, Status.ASSIGNED, Status.TAKEN, Status.CLAIMED})
_FINISH_FROM = {  # in the first round; later ones count from the reopening
    Kind.APPEAL: _AT_WORK,
    Kind.SMALL_WISH: frozenset({Status.CLAIMED}),
    Kind.BIG_WISH: frozenset({Status.TAKEN, Status.CLAIMED}),
}
_TAKE_ANEW = frozenset({Action.RETURN, Action.REASSIGN, Action.APPOINT})
_DECIDE = frozenset({Action.APPOINT, Action.COMPLETE_FUNDING})  # until when, by the meeting
_BY_DATE = Allowance(1, "wd")  # a date is working time, whatever it replaced


def with_clocks(
    before: OrderState | None, after: OrderState, request: ActionInput, around: Circumstances
) -> OrderState:
    """`after` with its clocks as the action leaves them, and the deadlines that they make."""
    live = _live(before, around) if before else []
    if after.status in STANDING:
        clocks = _standing(live, after, request, around)
    else:
        clocks = _working(live, after, request, around)
    if until := _new_date(before, after, request):
        is_order = isinstance(request, Appoint)  # the others only give more time
        clocks = [_granted(clock, until, around, shorten=is_order) for clock in clocks]
    return with_deadlines(replace(after, clocks=tuple(clocks)))


def _live(order: OrderState, around: Circumstances) -> list[Clock]:
    """The clocks that have not stopped; of an order that never had any those that it should have."""
    live = [clock for clock in order.clocks if clock.is_live]
    since = order.placed_at if order.status is Status.PLACED else around.now
    return live or missing(order, since, around.catalog)


def retimed(clock: Clock, order: OrderState, now: datetime, catalog: Catalog) -> Clock:
    """The same clock by today's limits and calendar. One that stands keeps its moment until it goes on."""
    limit = limit_of(clock.kind, order, catalog) if clock.limit else None
    moved = replace(clock, limit=limit, by_wall_clock=order.urgency is Urgency.URGENT)
    return _timed(moved, now, catalog) if clock.runs else moved


def missing(order: OrderState, since: datetime, catalog: Catalog) -> list[Clock]:
    """The clocks that an order should have and has not, started at `since`; one that stands still gets
    them when it goes on."""
    if order.status is Status.FUNDING:  # its deadline is the day that was decided on
        order = replace(order, decided_until=order.decided_until or order.due_at or since)
        wanted = [ClockKind.FUNDING]
    else:
        wanted = [] if order.status in STANDING else list(_wanted(order, None))
    kinds = [kind for kind in wanted if order.clock(kind) is None]
    return [_started(kind, order, since, catalog) for kind in kinds]


def limit_of(kind: ClockKind, order: OrderState, catalog: Catalog) -> Allowance | None:
    """The limit of a clock by the order's service level; None for one that a meeting's date decides."""
    level = service_level(order.category, catalog)
    if kind is ClockKind.FUNDING:
        return None
    if kind is ClockKind.CONTACT and order.kind in WISHES:
        return level.contact_wish or level.contact
    if kind is ClockKind.FINISH and order.urgency is not Urgency.NORMAL:
        shorter = level.urgent if order.urgency is Urgency.URGENT else level.green
        return shorter or level.finish
    limit: Allowance = getattr(level, kind.value)
    return limit


def with_deadlines(order: OrderState) -> OrderState:
    """The order with the deadlines that its clocks make; without any clock the last one stays."""
    live = [clock for clock in order.clocks if clock.is_live]
    main = order.clock(ClockKind.FUNDING) or order.clock(ClockKind.FINISH)
    nearest = min((clock.due_at for clock in live), default=order.due_at)
    running = (clock.due_at for clock in live if clock.runs)
    return replace(
        order, due_at=main.due_at if main else nearest, next_due_at=min(running, default=None)
    )


def _standing(
    live: list[Clock], after: OrderState, request: ActionInput, around: Circumstances
) -> list[Clock]:
    """While the order stands so do its clocks, but for that of the money that is being raised."""
    clocks = []
    for clock in live:
        ends = _is_over(clock.kind, after, request)
        clocks.append(_stopped(clock, around) if ends else _paused(clock, around.now))
    if request.action is Action.OPEN_FUNDING:
        clocks.append(_started(ClockKind.FUNDING, after, around.now, around.catalog))
    return clocks


def _is_over(kind: ClockKind, after: OrderState, request: ActionInput) -> bool:
    """Whether what a clock was for has come, or has been given up, although the order stands."""
    if kind is ClockKind.FUNDING:
        return after.status is not Status.FUNDING
    if kind is ClockKind.REFER:
        return after.status is Status.IN_MEETING
    return request.action is Action.RETURN and kind is ClockKind.TAKE


def _working(
    live: list[Clock], after: OrderState, request: ActionInput, around: Circumstances
) -> list[Clock]:
    wanted = dict.fromkeys(_wanted(after, request, {clock.kind for clock in live}))
    clocks = []
    for clock in live:
        anew = clock.kind is ClockKind.TAKE and request.action in _TAKE_ANEW
        if clock.kind not in wanted or anew:
            clocks.append(_stopped(clock, around))
        else:
            clocks.append(_going_on(clock, around))
            del wanted[clock.kind]
    return clocks + [_started(kind, after, around.now, around.catalog) for kind in wanted]


def _wanted(
    order: OrderState, request: ActionInput | None, live: set[ClockKind] | None = None
) -> Iterator[ClockKind]:
    """The clocks that run in the order's status. Without a request: as if it had come there just now."""
    status, kind, has = order.status, order.kind, live or set()
    if status is Status.PLACED:
        yield ClockKind.ACCEPT
    elif status is Status.ACCEPTED:
        yield {
            Kind.APPEAL: ClockKind.TAKE,
            Kind.SMALL_WISH: ClockKind.OPEN_CLAIM,
            Kind.BIG_WISH: ClockKind.REFER,
        }[kind]
    elif status is Status.ASSIGNED:
        yield ClockKind.TAKE
    elif status is Status.TAKEN:
        yield ClockKind.CLAIM
    elif status is Status.CLAIMED and _awaits_contact(order, request, has):
        yield ClockKind.CONTACT
    begun = status in _FINISH_FROM[kind] or order.round > 1 or ClockKind.FINISH in has
    if status in _AT_WORK and begun:
        yield ClockKind.FINISH


def _awaits_contact(order: OrderState, request: ActionInput | None, has: set[ClockKind]) -> bool:
    """Whoever claims an order speaks with the resident, whoever has done so before."""
    if request is None:
        return order.contacted_at is None
    return isinstance(request, Claim) or (
        ClockKind.CONTACT in has and not isinstance(request, Contact)
    )


def _started(kind: ClockKind, order: OrderState, at: datetime, catalog: Catalog) -> Clock:
    decided = order.decided_until
    by_date = kind is ClockKind.FUNDING or (kind is ClockKind.FINISH and decided is not None)
    clock = Clock(
        kind=kind,
        version=order.version,
        round=order.round,
        started_at=at,
        limit=limit_of(kind, order, catalog),
        by_wall_clock=order.urgency is Urgency.URGENT,
        until=decided if by_date else None,
        until_since=at if by_date else None,
        due_at=at,
    )
    timed = _timed(clock, at, catalog)
    granted = order.granted_until
    if kind is not ClockKind.FINISH or by_date or granted is None or granted <= timed.due_at:
        return timed
    return _timed(replace(clock, until=granted, until_since=at), at, catalog)


def _new_date(
    before: OrderState | None, after: OrderState, request: ActionInput
) -> datetime | None:
    """The date by which the action wants the order finished."""
    if request.action is Action.APPROVE_EXTENSION and before is not None:
        return before.asked_due_at
    return after.decided_until if request.action in _DECIDE else None


def _granted(clock: Clock, until: datetime, around: Circumstances, *, shorten: bool) -> Clock:
    """The finish clock with a new date; the others as they are."""
    if clock.kind is not ClockKind.FINISH or not clock.is_live:
        return clock
    if until <= clock.due_at and not shorten:
        return clock
    return _timed(replace(clock, until=until, until_since=around.now), around.now, around.catalog)


def _paused(clock: Clock, now: datetime) -> Clock:
    if clock.paused_at is not None or clock.kind is ClockKind.FUNDING:
        return clock
    return replace(clock, paused_at=now, act_at=None)


def _going_on(clock: Clock, around: Circumstances) -> Clock:
    if clock.paused_at is None:
        return clock
    pauses = (*clock.pauses, (clock.paused_at, around.now))
    return _timed(replace(clock, pauses=pauses, paused_at=None), around.now, around.catalog)


def _stopped(clock: Clock, around: Circumstances) -> Clock:
    used, difference = standing_of(clock, around.now, around.catalog)
    return replace(clock, stopped_at=around.now, act_at=None, used=used, difference=difference)


def standing_of(clock: Clock, now: datetime, catalog: Catalog) -> tuple[timedelta, timedelta]:
    """The working time that was used until it stopped, began to stand, or now; and the time that was
    left then, negative when it was late."""
    if clock.used is not None and clock.difference is not None:
        return clock.used, clock.difference
    time, until = time_of(clock, catalog), max(clock.paused_at or now, clock.started_at)
    used = worked(clock.started_at, until, time, clock.pauses)
    return used, left(until, clock.due_at, time)


def limit_text(clock: Clock, timezone: str) -> str:
    """What a clock allows: "3wd", or the local day until which somebody has allowed it."""
    if clock.until is not None:
        return local_day(clock.until, timezone).isoformat()
    return str(clock.limit)


def time_of(clock: Clock, catalog: Catalog) -> Time:
    """What a clock counts in."""
    limit = clock.limit if clock.until is None and clock.limit else _BY_DATE
    return time_for(limit, None if clock.by_wall_clock else catalog.calendar)


def _timed(clock: Clock, now: datetime, catalog: Catalog) -> Clock:
    """With its deadline and its next step. A step that lies ahead again will be taken again."""
    due = _due(clock, catalog)
    timed = replace(clock, due_at=due.at, provisional=due.provisional)
    if clock.step:
        reached = step_reached(replace(timed, step=0), now, catalog.calendar)
        timed = replace(timed, step=min(clock.step, reached))
    return with_next_step(timed, catalog)


def with_next_step(clock: Clock, catalog: Catalog) -> Clock:
    """The clock knowing when its next step comes."""
    following = next_step(clock, catalog.calendar)
    return replace(clock, act_at=following[1] if following else None)


def _due(clock: Clock, catalog: Catalog) -> Due:
    time = time_of(clock, catalog)
    if clock.until is not None:
        since = clock.until_since or clock.started_at
        later = [pause for pause in clock.pauses if pause[0] >= since]
        return due_until(clock.started_at, clock.until, time, later)
    assert clock.limit is not None
    calendar = None if clock.by_wall_clock else catalog.calendar
    return due_at(clock.started_at, clock.limit, calendar, clock.pauses)
