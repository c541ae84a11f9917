"""One night's work on our own tables, step by step; a step that fails does not stop the others."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim
from sqlmodel import select

from tasks.brief import Week, standing, week_before
from tasks.clock import utc_now
from tasks.dates import end_funding, expire_ratings, release_holds, remind_to_rate
from tasks.db import reading, transaction
from tasks.done import forget_done
from tasks.escalation import Progress, sweep_clocks
from tasks.house import house
from tasks.lapses import give_up_leases
from tasks.marks import marked, set_mark
from tasks.messages import write_brief
from tasks.models.enums import Audience, Event
from tasks.models.tables import Installation, Mark
from tasks.models.tally import Tally
from tasks.points import freeze_months
from tasks.reminders import gather_reminders
from tasks.retention import forget_residents
from tasks.retiming import retime_orders, start_missing_clocks
from tasks.rules.deadline import local_day

NIGHTLY = "nightly"  # its schedule, and the mark of the last night that was gone through
PATIENCE = timedelta(minutes=20)  # for the scheduled run, before a night is missed
Step = Callable[..., Tally]


def run_night(*, dry_run: bool = False) -> Tally:
    """All steps. With `dry_run` nothing is changed: it is counted what would be."""
    tally = Tally()
    for name in STEPS:
        tally.add(take_step(name, dry_run=dry_run))
    return tally


def take_step(name: str, *, dry_run: bool, **how: Any) -> Tally:
    """What one step did; one that fails as a whole is set aside under its name."""
    try:
        return STEPS[name](dry_run=dry_run, **how)
    except Exception as error:  # the next step must have its turn
        tally = Tally()
        tally.set_aside(name, error)
        return tally


def climb_and_gather(
    *, dry_run: bool = False, urgent_only: bool = False, progress: Progress | None = None
) -> Tally:
    """Warnings and escalations, and the messages about them let go."""
    tally = sweep_clocks(urgent_only=urgent_only, dry_run=dry_run, progress=progress)
    if not dry_run:
        single, digests = gather_reminders()
        tally.counts.update(single=single, digests=digests)
    return tally


def free_leases(*, dry_run: bool = False) -> Tally:
    """Messages whose sender has died."""
    tally = Tally()
    if not dry_run:
        tally.counts["freed_messages"] = give_up_leases()
    return tally


def freeze_rankings(*, dry_run: bool = False) -> Tally:
    """The months that are over and whose rankings are not kept yet."""
    tally = Tally()
    if not dry_run:
        tally.counts["frozen_months"] = freeze_months()
    return tally


def forget_forms(*, dry_run: bool = False) -> Tally:
    """What the forms of long ago have done need not be known any more. Nobody has to be told."""
    if not dry_run:
        forget_done()
    return Tally()


CLIMB, FUNDING = "提醒和上报", "筹集到期或筹足的心愿"
STEPS: dict[str, Step] = {  # a night, in this order, each step with its name for people
    "放行到期的挂起": release_holds,
    "按新的日历和时限重算": retime_orders,
    "补上缺的计时": start_missing_clocks,
    CLIMB: climb_and_gather,
    FUNDING: end_funding,
    "催评": remind_to_rate,
    "到期未评的归档": expire_ratings,
    "放开没人管的发送": free_leases,
    "定下上个月的积分榜": freeze_rankings,
    "抹去早已办结的居民资料": forget_residents,
    "清掉做过的表的记录": forget_forms,
}


def missed_night(now: datetime) -> datetime | None:
    """The night that should have been gone through by now and was not, None when there is none."""
    with reading(house().database) as session:
        mark = session.get(Mark, NIGHTLY)
        known = mark.at if mark else session.exec(select(Installation.created_at)).one()
    local = now.astimezone(ZoneInfo(house().timezone))
    latest = next(CronSim(house().catalog.schedules[NIGHTLY], local, reverse=True))
    late = known < latest and local - latest > PATIENCE
    return latest.astimezone(UTC) if late else None


def end_night(tally: Tally) -> Tally:
    """Marks the night as gone through, and writes the brief for the coordinators, once a day.

    Gives what this and the earlier runs of the day have done, with what this one set aside.
    """
    stands = standing()
    channels = [channel.variables for channel in stands.channels]
    figures = {**stands.figures, "set_aside": len(tally.failed), "channels": channels}
    today = local_day(utc_now(), house().timezone)
    with transaction(house().database) as session:
        day, facts = today.isoformat(), {"figures": figures}
        write_brief(session, Event.DAILY_BRIEF, Audience.COORDINATORS, day, facts)
    whole = _done_earlier(today)
    whole.add(tally)
    set_mark(NIGHTLY, json.dumps({"counts": whole.counts, "numbers": whole.numbers}))
    return whole


def _done_earlier(today: date) -> Tally:
    mark = marked(NIGHTLY)
    if mark is None or not mark.value or local_day(mark.at, house().timezone) != today:
        return Tally()
    done = json.loads(mark.value)
    return Tally(counts=Counter(done["counts"]), numbers=done["numbers"])


def end_week() -> Week:
    """Writes the brief of the last week, to the coordinators and to be forwarded to the groups, once."""
    week = week_before(utc_now())
    with transaction(house().database) as session:
        for audience in (Audience.COORDINATORS, Audience.GROUPS):
            day = week.first.isoformat()
            write_brief(session, Event.WEEKLY_BRIEF, audience, day, week.variables)
    return week
