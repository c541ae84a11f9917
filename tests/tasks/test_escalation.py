"""Who is warned, how an order climbs the ladder, and how those hear of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel, select

import tasks.escalation
from tasks.by_hand import errands
from tasks.clock import clock_at
from tasks.db import reading, transaction
from tasks.escalation import sweep_clocks
from tasks.house import House, house
from tasks.models.enums import BY_THE_CLOCK
from tasks.models.tables import ClockRow, Message, Order
from tasks.models.tally import Tally
from tasks.outbox import send_waiting
from tasks.reminders import gather_reminders

Do = Callable[..., None]
PlaceAt = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
SOON, OVERDUE, CLIMBED = "order_due_soon", "order_overdue", "order_escalated"
DESK, POWER = "coordinators", "unit-power"
HOUSEHOLD, BRANCH, GENERAL, TOWN = "m-018", "m-019", "m-200", "m-278"
COMMITTEE = {"staff-1", "m-004"}
ABOVE = [{BRANCH}, {GENERAL}, COMMITTEE, {TOWN}]
UNSATISFIED = {"grade": "unsatisfied", "solved": False, "reason": "不亮"}
ROLLS_ON = {"by": "staff-2", "reason": "等零件"}

pytestmark = pytest.mark.usefixtures("monday")


def at(local: str) -> datetime:
    """A moment in Shanghai, of 2026: at("09-14 10:00")."""
    return datetime.fromisoformat(f"2026-{local}").replace(tzinfo=ZoneInfo("Asia/Shanghai"))


def sweep(when: str, **how: Any) -> Tally:
    with clock_at(at(when)):
        return sweep_clocks(**how)


def gather(when: str) -> tuple[int, int]:
    with clock_at(at(when)):
        return gather_reminders()


def write(sql: str) -> None:
    with transaction(house().database) as session:
        session.connection().execute(text(sql))


def everything() -> list[Any]:
    with reading(house().database) as session:
        names = ("orders", "clocks", "clock_changes", "messages")
        return [session.execute(select(SQLModel.metadata.tables[name])).all() for name in names]


@pytest.fixture
def heard(rows: Rows) -> Callable[[], list[tuple[str, str]]]:
    """What the clock has written since one asked last: which event, to whom."""
    known = 0

    def listen() -> list[tuple[str, str]]:
        nonlocal known
        new, known = rows(Message)[known:], len(rows(Message))
        return sorted((m.event.value, m.recipient) for m in new if m.event in BY_THE_CLOCK)

    return listen


Heard = Callable[[], list[tuple[str, str]]]


def told(event: str, *people: str) -> list[tuple[str, str]]:
    return sorted((event, person) for person in people)


# --- warnings -----------------------------------------------------------------------------------

WARNED = [
    ("placed", {}, "09-14 11:36", [DESK, HOUSEHOLD]),  # 80 % of 2 hours
    ("accepted", {}, "09-14 17:42", [DESK, HOUSEHOLD]),  # 5.2 of 6.5 hours: 3, and 2.2 from 15:30
    ("assigned", {}, "09-14 17:42", [POWER, HOUSEHOLD]),
    ("claimed", {}, "09-15 05:12", [POWER, "m-241", HOUSEHOLD]),  # 19.2 of 24 hours
    ("placed", {"grid": None}, "09-14 11:36", [DESK]),  # where there is no grid, nobody keeps it
]


@pytest.mark.parametrize(("status", "values", "when", "people"), WARNED)
def test_whoever_has_an_order_is_warned_when_80_percent_of_the_time_are_used(
    database: House,
    place_at: PlaceAt,
    heard: Heard,
    status: str,
    values: Any,
    when: str,
    people: Any,
) -> None:
    place_at(status, **values)
    early = (at(when) - timedelta(minutes=1)).isoformat()[5:16]
    assert (sweep(early).counts, heard()) == ({}, [])
    assert sweep(when).counts["warned"] == 1
    assert heard() == told(SOON, *people)


def test_the_desk_that_has_an_order_itself_is_warned_as_the_coordinators(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Heard
) -> None:
    do(place_at("accepted"), "assign", to="desk")
    sweep("09-14 17:42")
    assert heard() == told(SOON, DESK, HOUSEHOLD)


# --- the ladder -----------------------------------------------------------------------------------

CLIMBING = [  # until when it stands on the rungs 1, 2, 3, 4; then it stays with the town
    ("placed", "09-14 11:36", "09-14 12:00", "09-15 12:00", "09-16 12:00", "09-17 12:00"),
    ("assigned", "09-14 17:42", "09-15 10:00", "09-16 10:00", "09-17 10:00", "09-18 10:00"),
    # 15.6 hours; then 3 working days each, with Sunday the 20th and without the 25th to 27th
    ("contacted", "09-16 12:36", "09-17 10:00", "09-21 10:00", "09-24 10:00", "09-30 10:00"),
]


@pytest.mark.parametrize("case", CLIMBING)
def test_an_order_climbs_a_rung_with_each_further_period_up_to_the_town(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Look, case: tuple[str, ...]
) -> None:
    status, *moments = case
    number = place_at("claimed" if status == "contacted" else status)
    if status == "contacted":
        do(number, "contact", reason="打了电话")
    for rung, moment in enumerate(moments):
        sweep((at(moment) - timedelta(minutes=1)).isoformat()[5:16])
        assert look(number).rung == rung
        sweep(moment)
        assert look(number).rung == rung + 1
    sweep("12-30 10:00")
    assert look(number).rung == 5


def test_a_further_period_of_24_hours_is_at_least_a_working_day(
    sqlite_house: House, place_at: PlaceAt, look: Look
) -> None:
    with clock_at(at("09-18 10:00")):
        number = place_at("claimed")  # to be called by Saturday at 10:00; Sunday is a working day
    # one working day from Saturday, which has none, is from Sunday 9:30 to Monday 9:30
    for when, rung in [("09-19 10:00", 2), ("09-21 09:29", 2), ("09-21 09:30", 3)]:
        sweep(when)
        assert look(number).rung == rung


def test_who_sweeps_late_tells_each_rung_once(
    database: House, place_at: PlaceAt, look: Look, heard: Heard
) -> None:
    number = place_at("placed")
    tally = sweep("09-17 12:00")
    assert (look(number).rung, tally.counts["overdue"], tally.counts["warned"]) == (5, 1, 0)
    above = [BRANCH, GENERAL, *COMMITTEE, TOWN]
    assert heard() == sorted([*told(OVERDUE, DESK), *told(CLIMBED, *above)])


def test_an_order_without_a_grid_climbs_to_the_committee_first_and_then_to_the_town(
    sqlite_house: House, place_at: PlaceAt, look: Look, heard: Heard
) -> None:
    number = place_at("placed", grid=None)
    for when, rung, people in [
        ("09-14 11:36", 0, []),
        ("09-14 12:00", 4, COMMITTEE),
        ("09-15 12:00", 5, {TOWN}),
        ("09-16 12:00", 5, []),
    ]:
        sweep(when)
        assert look(number).rung == rung
        assert [one for one in heard() if one[0] == CLIMBED] == told(CLIMBED, *people)


def test_a_rung_never_falls_in_a_round_and_nobody_there_hears_again_of_a_lower_one(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Look, heard: Heard
) -> None:
    number = place_at("placed")
    sweep("09-15 12:00")
    heard()
    with clock_at(at("09-15 12:00")):
        do(number, "accept")
    for when in ("09-16 11:59", "09-16 12:00"):  # warned, and overdue: the second rung at most
        sweep(when)
        assert look(number).rung == 3
    assert not [one for one in heard() if one[0] == CLIMBED]


@pytest.mark.parametrize(
    ("grid", "before", "after", "people"),
    [
        ("grid-3", 0, 2, {BRANCH}),
        ("grid-3", 2, 3, {GENERAL}),
        ("grid-3", 5, 5, {TOWN}),
        (None, 0, 4, COMMITTEE),
    ],
)
def test_the_second_reopening_climbs_at_once_and_the_first_does_not(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    look: Look,
    heard: Heard,
    grid: Any,
    before: int,
    after: int,
    people: Any,
) -> None:
    number = place_at("done", grid=grid)
    do(number, "rate", by="resident", **UNSATISFIED)
    assert (look(number).round, look(number).rung, heard()) == (2, 0, [])
    write(f"update orders set rung = {before}")
    do(number, "claim", to="m-241")
    do(number, "finish", by="m-241", reason="换了电缆")
    do(number, "rate", by="resident", **UNSATISFIED)
    assert (look(number).round, look(number).rung) == (3, after)
    assert heard() == told(CLIMBED, *people)


def test_a_small_wish_that_nobody_claims_climbs_nowhere_and_the_desk_hears_once(
    sqlite_house: House, place_at: PlaceAt, look: Look, heard: Heard
) -> None:
    number = place_at("accepted", kind="small_wish")
    for day in (17, 20):
        assert sweep(f"09-{day} 18:00").counts == {}
    assert sweep("09-21 10:00").counts["unclaimed"] == 1
    assert heard() == told(OVERDUE, DESK)
    sweep("10-20 10:00")
    assert (look(number).rung, heard()) == (0, [])


def test_money_that_is_being_raised_bothers_nobody_until_its_day_and_then_the_desk_once(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Look, heard: Heard
) -> None:
    number = place_at("accepted", kind="big_wish")
    do(number, "refer", reason="大事")
    plan = {"to": POWER, "date": "2026-10-15", "yuan": "10", "reason": "计划"}
    do(number, "open_funding", **plan)
    for day in range(15, 31):
        sweep(f"09-{day} 10:00")
    sweep("10-15 23:59")
    assert heard() == []
    for when in ("10-16 00:00", "10-16 09:00", "11-20 10:00"):
        sweep(when)
    assert (look(number).rung, heard()) == (0, told(OVERDUE, DESK))


# --- hearing of it ------------------------------------------------------------------------------------


def test_somebody_hears_of_an_order_and_a_kind_once_a_day(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Heard
) -> None:
    place_at("assigned", urgency="green")  # to be taken and to be done by Tuesday at 10:00
    sweep("09-15 10:00")
    assert heard() == sorted([*told(OVERDUE, POWER), *told(CLIMBED, BRANCH)])
    number = place_at("claimed")  # to be called by Tuesday, to be done by Thursday
    heard()
    sweep("09-15 10:00")
    assert told(OVERDUE, POWER) == [one for one in heard() if one[0] == OVERDUE]
    with clock_at(at("09-15 10:30")):
        do(number, "contact", reason="打了电话")
    sweep("09-17 10:00")
    assert told(OVERDUE, POWER) == [one for one in heard() if one[0] == OVERDUE]


@pytest.mark.parametrize(("orders", "let_go"), [(5, (5, 0)), (6, (0, 1))])
def test_of_more_than_five_orders_at_once_somebody_hears_in_one_digest(
    database: House, place_at: PlaceAt, rows: Rows, orders: int, let_go: tuple[int, int]
) -> None:
    for _ in range(orders):
        place_at("placed")
    sweep("09-14 12:00")
    assert gather("09-14 12:00") == let_go
    assert gather("09-14 12:01") == (0, 0)
    waiting = [m for m in rows(Message) if m.recipient == BRANCH and m.state == "queued"]
    if let_go == (0, 1):
        assert [(m.event, m.variables["count"]) for m in waiting] == [("digest", 6)]
    else:
        assert [m.event for m in waiting] == [CLIMBED] * 5


def test_a_digest_that_nobody_has_told_yet_becomes_part_of_the_next(
    database: House, place_at: PlaceAt, rows: Rows
) -> None:
    for _ in range(7):
        place_at("assigned")
    sweep("09-14 17:42")  # 80 percent of their working day are over
    gather("09-14 17:42")
    with clock_at(at("09-14 10:30")):
        for _ in range(6):
            place_at("assigned")
    sweep("09-14 18:15")  # the same of the others; nothing is overdue yet
    gather("09-14 18:15")
    digests = [m for m in rows(Message) if m.event == "digest" and m.recipient == POWER]
    assert [(m.state, m.code) for m in digests] == [("suppressed", "in_digest"), ("queued", "")]
    assert digests[1].variables["count"] == 13
    assert len({line["order_id"] for line in digests[1].variables["lines"]}) == 10  # as many as fit
    sweep("09-15 10:01")  # the first seven are overdue
    gather("09-15 10:01")
    (_, _, newest) = [m for m in rows(Message) if m.event == "digest" and m.recipient == POWER]
    assert (newest.state, newest.variables["count"]) == ("queued", 13)
    assert [line["event"] for line in newest.variables["lines"][:7]] == [OVERDUE] * 7


def test_a_digest_goes_where_its_reader_wants_digests(
    sqlite_house: House, settle: Any, community: Any, hook: Any, place_at: PlaceAt
) -> None:
    ways = [
        {"channel": "webhook", "address": "one by one", "events": [SOON, OVERDUE]},
        {"channel": "webhook", "address": "all at once", "events": ["digest"]},
    ]
    folder = community({"handlers.yaml": {"units": {POWER: {"contacts": ways}}}})
    settle(config=folder, channels={"webhook": f"json://{hook.host}/hook"})
    for _ in range(6):
        place_at("assigned")
    sweep("09-14 17:42")
    gather("09-14 17:42")
    with clock_at(at("09-14 17:43")):
        send_waiting()
    assert [post.json["recipient"] for post in hook.received] == ["all at once"]


@pytest.mark.parametrize(
    ("urgency", "when", "start"),
    [
        ("normal", "09-14 20:59", "09-14 20:59"),
        ("normal", "09-14 21:00", "09-15 08:00"),
        ("normal", "09-15 07:59", "09-15 08:00"),
        ("normal", "09-15 08:00", "09-15 08:00"),
        ("urgent", "09-15 03:00", "09-15 03:00"),
    ],
)
def test_nobody_is_woken_at_night_but_for_what_is_urgent(
    sqlite_house: House, place_at: PlaceAt, rows: Rows, urgency: str, when: str, start: str
) -> None:
    place_at("placed", urgency=urgency)
    sweep(when)
    gather(when)
    waiting = [m for m in rows(Message) if m.event == CLIMBED]
    assert {m.next_attempt_at for m in waiting} == {at(start)}


def test_who_has_not_heard_the_warning_hears_only_that_it_is_overdue(
    sqlite_house: House, place_at: PlaceAt, rows: Rows
) -> None:
    place_at("assigned")
    sweep("09-14 17:42")
    gather("09-14 17:42")
    sweep("09-15 10:00")
    warnings = {(m.state.value, m.code) for m in rows(Message) if m.event == SOON}
    assert warnings == {("suppressed", "superseded")}


@pytest.mark.parametrize("gathered", [True, False])
@pytest.mark.parametrize(
    ("action", "values", "state"),
    [
        ("take", {}, ("suppressed", "no_longer_true")),
        ("hold", {"reason": "等零件", "date": "2026-09-30"}, ("suppressed", "no_longer_true")),
        ("withdraw", {}, ("suppressed", "no_longer_true")),
        ("ask_extension", {"reason": "等零件", "date": "2026-09-30"}, ("queued", "")),
    ],
)
def test_nobody_is_reminded_of_what_has_been_done_or_stands_still(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    rows: Rows,
    action: str,
    values: Any,
    state: Any,
    gathered: bool,
) -> None:
    number = place_at("assigned")
    sweep("09-14 17:42")
    if gathered:
        gather("09-14 17:43")
    with clock_at(at("09-14 17:45")):
        do(number, action, **values)
    gather("09-14 17:46")
    assert {(m.state.value, m.code) for m in rows(Message) if m.event == SOON} == {state}


def test_nobody_is_reminded_of_a_date_that_has_been_put_off(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("claimed")
    do(number, "contact", reason="打了电话")
    sweep("09-16 12:36")
    with clock_at(at("09-16 12:40")):
        do(number, "ask_extension", by=POWER, reason="等零件", date="2026-09-30")
        do(number, "approve_extension")
    assert {m.code for m in rows(Message) if m.event == SOON} == {"no_longer_true"}


def test_what_is_still_being_gathered_is_shown_to_nobody(
    sqlite_house: House, settle: Any, community: Any, hook: Any, place_at: PlaceAt
) -> None:
    robot = {"contacts": [{"channel": "webhook", "address": "power"}]}
    folder = community({"handlers.yaml": {"units": {POWER: robot}}})
    settle(config=folder, channels={"webhook": f"json://{hook.host}/hook"})
    place_at("assigned")
    with clock_at(at("09-14 17:42")):
        send_waiting()
        before = (len(hook.received), len(errands()))
        sweep_clocks()
        send_waiting()
        assert (len(hook.received), len(errands())) == before
        gather_reminders()
        send_waiting()
        assert (len(hook.received), len(errands())) == (before[0] + 1, before[1] + 1)


# --- the sweep ----------------------------------------------------------------------------------------


def test_a_clock_that_cannot_be_read_stops_no_other_and_is_tried_again(
    database: House, place_at: PlaceAt, look: Look
) -> None:
    first, broken, last = (place_at("placed") for _ in range(3))
    write(f"update clocks set \"limit\" = 'x' where order_id = {look(broken).id}")
    for when, rung in [("09-14 12:00", 2), ("09-15 12:00", 3)]:
        assert [number for number, _why in sweep(when).failed] == [broken]
        assert [look(number).rung for number in (first, broken, last)] == [rung, 0, rung]
    write(f"update clocks set \"limit\" = '2h' where order_id = {look(broken).id}")
    assert sweep("09-15 12:00").failed == []
    assert look(broken).rung == 3


def test_a_second_sweep_and_a_dry_one_change_nothing(database: House, place_at: PlaceAt) -> None:
    for status in ("placed", "assigned", "claimed"):
        place_at(status)
    before = everything()
    tried = sweep("09-16 12:00", dry_run=True)
    assert everything() == before
    done = sweep("09-16 12:00")
    assert (tried.counts, tried.numbers) == (done.counts, done.numbers)
    assert everything() != before
    after = everything()
    assert sweep("09-16 12:00").counts["told"] == 0
    assert everything() == after


def test_at_night_only_the_urgent_ones_are_looked_at(
    sqlite_house: House, place_at: PlaceAt, look: Look
) -> None:
    normal, urgent = place_at("placed"), place_at("placed", urgency="urgent")
    sweep("09-15 03:00", urgent_only=True)
    assert (look(normal).rung, look(urgent).rung) == (0, 2)


def test_a_sweep_that_was_stopped_half_way_and_run_again_leads_to_the_same(
    new_house: Callable[[], House], place_at: PlaceAt, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.escalation, "BATCH", 2)

    def power_cut(_looked_at: int, _of: int) -> None:
        raise KeyboardInterrupt

    def outcome(*, stopped: bool) -> Any:
        new_house()
        for status in ("placed", "assigned", "claimed", "taken"):
            place_at(status)
        if stopped:
            with pytest.raises(KeyboardInterrupt):
                sweep("09-17 12:00", progress=power_cut)
        sweep("09-17 12:00")
        gather("09-17 12:00")
        return (
            [(order.number, order.rung) for order in rows(Order)],
            [(clock.kind, clock.step, clock.act_at) for clock in rows(ClockRow)],
            sorted((m.key, m.state) for m in rows(Message) if m.event != "digest"),
        )

    assert outcome(stopped=True) == outcome(stopped=False)


# --- stories ------------------------------------------------------------------------------------------


def days(first: str, number: int) -> list[str]:
    """Every hour of the days from 8 to 21, and a half hour before."""
    start = at(f"{first} 08:00")
    hours = [start + timedelta(days=d, hours=h) for d in range(number) for h in range(14)]
    return [hour.isoformat()[5:16] for hour in hours if hour >= at("09-14 10:00")]


def test_an_order_that_nobody_takes_climbs_all_the_way_and_each_holder_hears_once(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Look, heard: Heard
) -> None:
    number = place_at("assigned")
    reached: dict[int, str] = {}
    everybody: list[tuple[str, str]] = []
    for hour in days("09-14", 7):
        if hour in ("09-16T11:00", "09-17T11:00"):  # it stands for a working day, after two rungs
            with clock_at(at(hour)):
                do(
                    number,
                    *(["hold"] if hour < "09-17" else ["resume"]),
                    **({"reason": "等", "date": "2026-09-30"} if hour < "09-17" else {}),
                )
        sweep(hour)
        reached.setdefault(look(number).rung, hour)
        everybody += [one for one in heard() if one[0] == CLIMBED]
    assert reached == {
        0: "09-14T10:00",
        1: "09-14T18:00",  # warned at 17:42
        2: "09-15T10:00",
        3: "09-16T10:00",
        4: "09-18T10:00",  # it stood from Wednesday to Thursday
        5: "09-20T10:00",  # Sunday, which is worked
    }
    assert sorted(everybody) == told(CLIMBED, BRANCH, GENERAL, *COMMITTEE, TOWN)


def test_an_order_whose_grid_is_gone_climbs_as_one_without_a_grid(
    sqlite_house: House, place_at: PlaceAt, look: Look, heard: Heard
) -> None:
    number = place_at("placed")
    write("update orders set grid = 'grid-of-old'")
    for when, rung, people in [("09-14 12:00", 4, COMMITTEE), ("09-15 12:00", 5, {TOWN})]:
        sweep(when)
        assert look(number).rung == rung
        assert [one for one in heard() if one[0] == CLIMBED] == told(CLIMBED, *people)


def test_an_order_in_the_meeting_stands_still(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Look, heard: Heard
) -> None:
    number = place_at("assigned")
    do(number, "refer", reason="大事")
    for hour in days("09-14", 21):
        sweep(hour)
    assert (look(number).rung, heard()) == (0, [])
