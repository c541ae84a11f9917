"""When an order climbs the five-level ladder, and how high.

Bottom to top: member household, grid branch, grid general branch, community committee, town working
committee. A clock takes one step at 80 % of its time (a warning), one when it is overdue, and one more
for each further period of the same length.
"""

from __future__ import annotations

from datetime import datetime

from config.catalog import Allowance, Calendar
from tasks.models.enums import ClockKind
from tasks.models.state import Clock, OrderState
from tasks.rules.sla import due_until, step_after, time_for, used_up_at

WARNED, OVERDUE, TOP = 1, 2, 5
WARN_AT = 0.8  # of the time that there is
HOUSEHOLD, BRANCH, COMMITTEE = 1, 2, 4  # rungs
STAYS_DOWN = frozenset({ClockKind.OPEN_CLAIM, ClockKind.FUNDING})  # no climbing, no warning
_A_DAY = Allowance(1, "wd")


def rung_of(step: int, grid: str | None) -> int:
    """The rung that a clock's step leads to, 0 for none; an order without a grid starts at the committee."""
    if grid is not None:
        return min(step, TOP)
    return 0 if step < OVERDUE else min(step - OVERDUE + COMMITTEE, TOP)


def rung_when_reopened(before: OrderState, grid: str | None) -> int:
    """The rung that a new round begins with: from the second reopening on, one above the last round's."""
    if before.round == 1:
        return 0
    lowest = BRANCH if grid is not None else COMMITTEE
    return min(max(before.rung + 1, lowest), TOP)


def next_step(clock: Clock, calendar: Calendar) -> tuple[int, datetime] | None:
    """The step that comes next and when; None after the last, and for a clock that stands."""
    return _following(clock.step, clock, calendar) if clock.runs else None


def step_reached(clock: Clock, now: datetime, calendar: Calendar) -> int:
    """The step that a running clock has come to by now; at least the one that was taken."""
    step = clock.step
    while (following := _following(step, clock, calendar)) and following[1] <= now:
        step = following[0]
    return step


def _following(step: int, clock: Clock, calendar: Calendar) -> tuple[int, datetime] | None:
    if clock.kind in STAYS_DOWN:
        return (OVERDUE, clock.due_at) if step < OVERDUE else None
    return (step + 1, moment_of(step + 1, clock, calendar)) if step < TOP else None


def moment_of(step: int, clock: Clock, calendar: Calendar) -> datetime:
    """When a step of a running clock is taken. What stands still does not climb either."""
    counted = None if clock.by_wall_clock else calendar
    limit = clock.limit or _A_DAY
    time = time_for(limit if clock.until is None else _A_DAY, counted)
    if step == WARNED:
        return used_up_at(WARN_AT, clock.started_at, clock.due_at, time, clock.pauses)
    moment = clock.due_at
    for _ in range(step - OVERDUE):
        moment = step_after(moment, limit, counted)
    later = [pause for pause in clock.pauses if pause[0] >= clock.due_at]
    return due_until(clock.due_at, moment, time, later).at
