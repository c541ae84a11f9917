"""A year told as events and played in their order, everything by the same steps as anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from config.catalog import Allowance
from tasks.agenda import meeting_json
from tasks.by_hand import mark_told, to_tell_since_before
from tasks.clock import clock_at, utc_now
from tasks.house import house
from tasks.intake import place_order
from tasks.meetings import decide_matter, end_meeting, give_task, prepare_meeting
from tasks.models.enums import Action, Decision, MeetingKind
from tasks.models.inputs import Place
from tasks.orders import act
from tasks.rate_books import exclude
from tasks.registration import register
from tasks.requests import member_for, request_for, task_for
from tasks.views import order_json

CARE_TEAM = "team-care"
FIRST_PHONE = 301  # of those who register; nobody can be called there


@dataclass(frozen=True)
class Deed:
    """Something that happens at a moment."""

    at: datetime
    do: Callable[[], object]


def play(events: Path) -> list[str]:
    """Plays everything that the file tells, in the order of time; gives the orders' numbers, as the file
    has them."""
    now, numbers = utc_now(), dict[int, str]()
    told = YAML(typ="safe").load(events.read_text(encoding="utf-8"))
    keys = {entry["key"]: place for place, entry in enumerate(told["orders"]) if "key" in entry}
    deeds = [
        *_registrations(told.get("registered", ()), now),
        *(
            deed
            for place, entry in enumerate(told["orders"])
            for deed in _life(place, entry, now, numbers)
        ),
        *(
            Deed(_moment(entry, now), partial(_meet, entry, _moment(entry, now), keys, numbers))
            for entry in told.get("meetings", ())
        ),
        *_tellings(told.get("told", ()), now),
        *(
            Deed(_moment(entry, now), partial(_leave_out, entry, keys, numbers))
            for entry in told.get("excluded", ())
        ),
    ]
    for deed in sorted(deeds, key=lambda deed: deed.at):
        with clock_at(deed.at):
            deed.do()
    return [numbers[place] for place in sorted(numbers)]


def _moment(entry: Mapping[str, Any], now: datetime) -> datetime:
    """So many days ago, at the local time that the file says, or two hours before this one."""
    before = now - timedelta(days=entry["days_ago"], hours=2)
    if "at" not in entry:
        return before
    local = before.astimezone(ZoneInfo(house().timezone))
    return datetime.combine(local.date(), time.fromisoformat(entry["at"]), local.tzinfo)


def _day_after(moment: datetime, days: int) -> date:
    return (moment + timedelta(days=days)).date()


# --- orders -----------------------------------------------------------------------------------------


def _life(
    place: int, entry: Mapping[str, Any], now: datetime, numbers: dict[int, str]
) -> Iterator[Deed]:
    placed_at = _moment(entry, now)
    yield Deed(placed_at, partial(_place, place, entry, numbers))
    for step in entry["then"]:
        at = placed_at + Allowance.parse(step["after"]).wall_clock
        yield Deed(at, partial(_act, place, step, at, numbers))


def _place(place: int, entry: Mapping[str, Any], numbers: dict[int, str]) -> None:
    request = request_for(Action.PLACE, entry["place"])
    assert isinstance(request, Place)
    numbers[place] = place_order(request, entry["by"])


def _act(place: int, step: Mapping[str, Any], at: datetime, numbers: Mapping[int, str]) -> None:
    number = numbers[place]
    values = {key: step[key] for key in ("to", "reason") if key in step} | step.get("set", {})
    if "in_days" in step:
        values["date"] = _day_after(at, step["in_days"])
    values |= _member_meant(number, values.get("to"))
    act(number, [request_for(Action(step["do"]), values)], step["by"])


def _member_meant(number: str, meant: str | None) -> dict[str, str]:
    """The first member of the order's handler, or of the team that cares for the old."""
    if meant not in ("@member", "@care"):
        return {}
    handler = CARE_TEAM if meant == "@care" else order_json(number)["handler"]
    return {"to": house().catalog.handler_members(handler)[0].id}


# --- everything else --------------------------------------------------------------------------------


def _registrations(entries: Any, now: datetime) -> Iterator[Deed]:
    phones = count(FIRST_PHONE)
    for entry in entries:
        for name in entry["names"]:
            typed = {"name": name, "phone": f"0893-{next(phones):07d}", "to": entry["from"]}
            deed = partial(register, member_for(typed), "staff-1", verified=True)
            yield Deed(_moment(entry, now), deed)


def _tellings(entries: Any, now: datetime) -> Iterator[Deed]:
    for entry in entries:
        at = now - timedelta(days=entry["days_ago"])
        yield Deed(at, partial(_tell, at, entry["by"]))


def _tell(at: datetime, by: str) -> None:
    mark_told(to_tell_since_before(at), by)


def _leave_out(
    entry: Mapping[str, Any], keys: Mapping[str, int], numbers: Mapping[int, str]
) -> None:
    number = numbers[keys[entry["key"]]]
    exclude(number, entry["round"], entry["reason"], entry["by"], entry["second"])


def _meet(
    entry: Mapping[str, Any], at: datetime, keys: Mapping[str, int], numbers: Mapping[int, str]
) -> None:
    """Decides what the file says of each order, asks after the tasks, gives new ones, and ends."""
    meeting = prepare_meeting(MeetingKind(entry["kind"]))
    if meeting is None:
        return
    decisions = {
        numbers[keys[key]]: decision
        for key, decision in entry.get("decisions", {}).items()
        if keys.get(key) in numbers
    }
    for matter in meeting_json(meeting)["matters"]:
        if matter["task"]:
            is_done = matter["words"] in entry.get("done", ())
            decision = Decision.DONE if is_done else Decision.GO_ON
            decide_matter(matter["id"], decision, {}, entry["by"])
        elif matter["order"] in decisions:
            _decide(matter["id"], decisions[matter["order"]], at, entry["by"])
    for task in entry.get("tasks", ()):
        typed = {key: task[key] for key in ("kind", "words", "to")}
        if "in_days" in task:
            typed["date"] = _day_after(at, task["in_days"])
        give_task(meeting, task_for(typed), entry["by"])
    end_meeting(meeting, entry["by"])


def _decide(matter: int, decided: Mapping[str, Any], at: datetime, by: str) -> None:
    typed = {key: decided[key] for key in ("to", "yuan", "reason") if key in decided}
    if "in_days" in decided:
        typed["date"] = _day_after(at, decided["in_days"]).isoformat()
    decide_matter(matter, Decision(decided["decision"]), typed, by)
