"""Which deadlines an order has, when they stand still, and what they remember when they stop.

Every date was worked out with a wall calendar: in September 2026 Sunday the 20th is worked, the 25th
to 27th are off, and so are the 1st to 7th of October; Saturday the 10th is worked. A working day has
six hours and a half: 09:30-13:00 and 15:30-18:30.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlmodel import select

from config.shapes import DAYS
from tasks.clock import clock_at
from tasks.clocks import all_clocks
from tasks.db import reading, transaction
from tasks.errors import DiandanError
from tasks.house import House, house
from tasks.models.enums import Action, ClockKind, Kind, Status
from tasks.models.inputs import INPUTS
from tasks.models.state import Clock
from tasks.models.tables import History, Order
from tasks.rules.lifecycle import allowed_actions

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BAD: dict[str, Any] = {"grade": "unsatisfied", "solved": False, "reason": "又不亮了"}
MEETING = {"to": "unit-housing"}

Look = Callable[[str], Order]
Step = tuple[str, str, dict[str, Any]]


def at(text: str) -> datetime:
    """A local time, as in "Mon 2026-09-14 10:00"; the year is 2026 where none is written."""
    weekday, typed = text.split(" ", 1)
    whole = typed if len(typed.split("-")) == 3 else f"2026-{typed}"
    local = datetime.fromisoformat(whole).replace(tzinfo=SHANGHAI)
    assert weekday.lower() == DAYS[local.weekday()], f"the row is wrong: {text}"
    return local.astimezone(UTC)


def said(moment: datetime | None) -> str:
    """A moment as a row of a table writes it."""
    if moment is None:
        return "-"
    local = moment.astimezone(SHANGHAI)
    seconds = f":{local:%S}" if local.second else ""
    return f"{DAYS[local.weekday()].title()} {local:%m-%d %H:%M}{seconds}"


def all_of(number: str) -> list[Clock]:
    """Every clock that an order has had."""
    with reading(house().database) as session:
        order = session.exec(select(Order).where(Order.number == number)).one()
        assert order.id is not None
        return all_clocks(session, order.id)


def live(number: str) -> dict[str, str]:
    """The clocks that have not stopped, with their deadlines."""
    clocks = [clock for clock in all_of(number) if clock.is_live]
    assert len({clock.kind for clock in clocks}) == len(clocks), "two live clocks of one kind"
    return {clock.kind.value: said(clock.due_at) for clock in clocks}


def stopped(number: str, kind: str) -> list[tuple[timedelta, timedelta]]:
    """Used, and the difference to the deadline, of each clock of a kind that has stopped."""
    clocks = [one for one in all_of(number) if one.kind == kind and not one.is_live]
    return [(one.used, one.difference) for one in clocks if one.used is not None]  # type: ignore[misc]


@pytest.fixture
def carry(place: Callable[..., str], do: Callable[..., None]) -> Callable[..., str]:
    """Places an order on Monday at 10:00 and does what follows, each at its time."""

    def go(*steps: Step, number: str = "", **values: Any) -> str:
        if not number:
            with clock_at(at("Mon 09-14 10:00")):
                number = place(**values)
        for when, action, typed in steps:
            with clock_at(at(when)):
                do(number, action, **{"by": "staff-1", **typed})
        return number

    return go


Carry = Callable[..., str]

# --- which clocks run, and until when -------------------------------------------------------------

LAMP: dict[str, Any] = {"words": "三号院门口的路灯不亮"}  # a quick matter: three working days
CHAIR: dict[str, Any] = {"kind": "small_wish", "words": "想要一把轮椅"}  # a wish: fifteen
HALL: dict[str, Any] = {"kind": "big_wish", "words": "心愿：修一间活动室"}  # the same
STEPS: dict[str, list[Step]] = {
    "appeal": [
        ("Mon 09-14 11:00", "accept", {}),
        ("Mon 09-14 12:00", "assign", {"to": "unit-power"}),
        ("Mon 09-14 16:00", "take", {}),
        ("Tue 09-15 10:00", "claim", {"to": "m-241"}),
        ("Tue 09-15 11:00", "contact", {"reason": "打了电话"}),
        ("Tue 09-15 12:00", "finish", {"reason": "换了灯泡"}),
        ("Tue 09-15 13:00", "rate", {"by": "resident", "grade": "satisfied", "solved": True}),
    ],
    "assigned wish": [
        ("Mon 09-14 11:00", "accept", {}),
        ("Mon 09-14 12:00", "assign", {"to": "team-pomegranate"}),
        ("Mon 09-14 16:00", "take", {}),
        ("Tue 09-15 10:00", "claim", {"to": "m-079"}),
        ("Tue 09-15 11:00", "contact", {"reason": "打了电话"}),
    ],
    "open wish": [
        ("Mon 09-14 11:00", "accept", {}),
        ("Tue 09-15 10:00", "claim", {"to": "m-244"}),
    ],
    "big wish": [
        ("Mon 09-14 11:00", "accept", {}),
        ("Mon 09-14 12:00", "refer", {"reason": "要筹款"}),
        ("Tue 09-15 10:00", "appoint", MEETING),
        ("Tue 09-15 16:00", "take", {}),
        ("Wed 09-16 10:00", "claim", {"to": "m-270"}),
    ],
}
GIFT = {"donor": "县医院", "kind": "money", "yuan": "50000"}
FUNDING: list[Step] = [
    *STEPS["big wish"][:2],
    (
        "Tue 09-15 10:00",
        "open_funding",
        {**MEETING, "date": "2026-10-15", "yuan": "50000", "reason": "修活动室"},
    ),
    ("Wed 09-16 09:30", "pledge", GIFT),
    ("Wed 09-16 10:00", "receive", {"yuan": "50000"}),  # all of it: the wish is funded
    ("Wed 09-16 16:00", "take", {}),
]


@pytest.mark.parametrize(
    ("what", "steps", "expected"),
    [
        # two working hours; a working day later at the same time; Tue, Wed, Thu
        (LAMP, [], {"accept": "Mon 09-14 12:00"}),
        (LAMP, STEPS["appeal"][:1], {"take": "Tue 09-15 11:00", "finish": "Thu 09-17 11:00"}),
        # an appeal's handler has the time since the acceptance, not since the assignment
        (LAMP, STEPS["appeal"][:2], {"take": "Tue 09-15 11:00", "finish": "Thu 09-17 11:00"}),
        (LAMP, STEPS["appeal"][:3], {"claim": "Tue 09-15 16:00", "finish": "Thu 09-17 11:00"}),
        # a day by the wall clock
        (LAMP, STEPS["appeal"][:4], {"contact": "Wed 09-16 10:00", "finish": "Thu 09-17 11:00"}),
        (LAMP, STEPS["appeal"][:5], {"finish": "Thu 09-17 11:00"}),
        (LAMP, STEPS["appeal"][:6], {}),
        (LAMP, STEPS["appeal"], {}),
        # a small wish that waits for somebody has seven days of the wall clock, and nothing else
        (CHAIR, STEPS["open wish"][:1], {"open_claim": "Mon 09-21 11:00"}),
        (CHAIR, STEPS["assigned wish"][:2], {"take": "Tue 09-15 12:00"}),
        (CHAIR, STEPS["assigned wish"][:3], {"claim": "Tue 09-15 16:00"}),
        # seven days to speak with the wisher; 16 17 18 20 21 22 23 24 28 29 30, 8 9 10 12 October
        (
            CHAIR,
            STEPS["assigned wish"][:4],
            {"contact": "Tue 09-22 10:00", "finish": "Mon 10-12 10:00"},
        ),
        (CHAIR, STEPS["assigned wish"][:5], {"finish": "Mon 10-12 10:00"}),
        (CHAIR, STEPS["open wish"], {"contact": "Tue 09-22 10:00", "finish": "Mon 10-12 10:00"}),
        # 15 16 17 18, and the Sunday that is worked
        (HALL, STEPS["big wish"][:1], {"refer": "Sun 09-20 11:00"}),
        (HALL, STEPS["big wish"][:2], {}),
        (HALL, STEPS["big wish"][:3], {"take": "Wed 09-16 10:00"}),
        (HALL, STEPS["big wish"][:4], {"claim": "Wed 09-16 16:00", "finish": "Mon 10-12 16:00"}),
        (HALL, STEPS["big wish"], {"contact": "Wed 09-23 10:00", "finish": "Mon 10-12 16:00"}),
        # money is raised until the end of the day that the meeting said
        (HALL, FUNDING[:3], {"funding": "Thu 10-15 23:59:59"}),
        (HALL, FUNDING[:5], {"take": "Thu 09-17 10:00"}),
        # that day leaves more than the usual fifteen, so it holds for the work too
        (HALL, FUNDING, {"claim": "Thu 09-17 16:00", "finish": "Thu 10-15 23:59:59"}),
        # seven and fifteen working days, by the category
        (
            {"words": "村道塌了"},  # 15 16 17 18 20 21 22
            STEPS["appeal"][:1],
            {"take": "Tue 09-15 11:00", "finish": "Tue 09-22 11:00"},
        ),
        (
            {"words": "物业不管电梯"},
            STEPS["appeal"][:1],
            {"take": "Tue 09-15 11:00", "finish": "Sat 10-10 11:00"},
        ),
    ],
)
def test_each_step_has_its_clocks_and_each_clock_its_deadline(
    sqlite_house: House,
    carry: Carry,
    look: Look,
    what: dict[str, Any],
    steps: list[Step],
    expected: dict[str, str],
) -> None:
    number = carry(*steps, **what)
    assert live(number) == expected
    nearest = min((clock.due_at for clock in all_of(number) if clock.runs), default=None)
    assert look(number).next_due_at == nearest


@pytest.mark.parametrize(
    ("urgency", "words", "finish"),
    [
        ("green", "路灯不亮", "Tue 09-15 11:00"),  # quick: one working day instead of three
        ("green", "村道塌了", "Thu 09-17 11:00"),  # standard: three instead of seven
        ("green", "物业不管电梯", "Tue 09-22 11:00"),  # complex: seven instead of fifteen
    ],
)
def test_what_a_visit_brings_is_done_sooner(
    sqlite_house: House, carry: Carry, urgency: str, words: str, finish: str
) -> None:
    number = carry(("Mon 09-14 11:00", "accept", {"urgency": urgency}), words=words)
    assert live(number) == {"take": "Tue 09-15 11:00", "finish": finish}


def test_an_urgent_order_knows_no_night_and_no_weekend(
    sqlite_house: House, carry: Carry, place: Callable[..., str]
) -> None:
    with clock_at(at("Fri 09-18 18:00")):
        number = place(urgency="urgent")
    assert live(number) == {"accept": "Fri 09-18 20:00"}
    carry(("Fri 09-18 19:00", "accept", {}), number=number)
    assert live(number) == {"take": "Sat 09-19 19:00", "finish": "Sat 09-19 19:00"}
    carry(
        ("Fri 09-18 19:10", "assign", {"to": "unit-power"}),
        ("Fri 09-18 19:30", "take", {}),
        number=number,
    )
    assert live(number) == {"claim": "Sat 09-19 19:30", "finish": "Sat 09-19 19:00"}
    done = [
        ("Fri 09-18 20:00", "claim", {"to": "m-241"}),
        ("Sat 09-19 20:00", "finish", {"reason": "修好了"}),
    ]
    carry(*done, number=number)
    assert stopped(number, "finish") == [(25 * HOUR, -HOUR)]  # the night counts too


# --- anew, and once --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "step", "expected"),
    [  # finish goes on in every row: it runs once per round
        (2, ("return", {"reason": "不归我们"}), {"take": "Wed 09-16 16:00"}),
        (3, ("return", {"reason": "没有人手"}), {"take": "Wed 09-16 16:00"}),
        (2, ("reassign", {"to": "desk", "reason": "太远"}), {"take": "Wed 09-16 16:00"}),
        (3, ("reassign", {"to": "desk", "reason": "太远"}), {"take": "Wed 09-16 16:00"}),
        (4, ("reassign", {"to": "desk", "reason": "太远"}), {"take": "Wed 09-16 16:00"}),
        (4, ("release", {"reason": "出差"}), {"claim": "Wed 09-16 16:00"}),
        (5, ("release", {"reason": "出差"}), {"claim": "Wed 09-16 16:00"}),
    ],
)
def test_who_comes_next_has_the_whole_time_but_the_resident_s_deadline_stays(
    sqlite_house: House,
    carry: Carry,
    done: int,
    step: tuple[str, dict[str, Any]],
    expected: dict[str, str],
) -> None:
    number = carry(*STEPS["appeal"][:done], ("Tue 09-15 16:00", *step))
    assert live(number) == {**expected, "finish": "Thu 09-17 11:00"}


def test_whoever_claims_next_speaks_with_the_resident_too(
    sqlite_house: House, carry: Carry
) -> None:
    again = [
        ("Tue 09-15 16:00", "release", {"reason": "出差"}),
        ("Tue 09-15 17:00", "claim", {"to": "m-242"}),
    ]
    number = carry(*STEPS["appeal"][:5], *again)
    assert live(number) == {"contact": "Wed 09-16 17:00", "finish": "Thu 09-17 11:00"}
    # contacted after an hour of 24; claimed after 10:00-16:00 of one working day of six and a half
    assert stopped(number, "contact") == [(HOUR, 23 * HOUR)]


def test_a_wish_that_is_given_back_is_open_again_and_its_finish_goes_on(
    sqlite_house: House, carry: Carry
) -> None:
    number = carry(
        *STEPS["open wish"], ("Wed 09-16 10:00", "release", {"reason": "货不来了"}), **CHAIR
    )
    assert live(number) == {"open_claim": "Wed 09-23 10:00", "finish": "Mon 10-12 10:00"}
    assert len(stopped(number, "open_claim")) == 1


@pytest.mark.parametrize(
    ("what", "steps", "claimant", "expected"),
    [
        (LAMP, STEPS["appeal"][:4], "m-241", {"claim": "Thu 09-17 10:00"}),
        (CHAIR, STEPS["open wish"], "m-244", {"open_claim": "Wed 09-23 10:00"}),
        (HALL, STEPS["big wish"], "m-270", {"claim": "Thu 09-17 10:00"}),
    ],
)
def test_a_new_round_has_its_own_clocks_and_the_first_one_s_figures_stay(
    database: House,
    carry: Carry,
    what: dict[str, Any],
    steps: list[Step],
    claimant: str,
    expected: dict[str, str],
) -> None:
    number = carry(*steps, ("Wed 09-16 10:00", "finish", {"reason": "好了"}), **what)
    first = all_of(number)
    assert all(clock.used is not None and not clock.is_live for clock in first)
    carry(("Wed 09-16 10:00", "rate", {"by": "resident", **BAD}), number=number)
    # three working days: 17 18 20; fifteen: 17 18 20 21 22 23 24 28 29 30, 8 9 10 12 13 October
    finish = "Sun 09-20 10:00" if what is LAMP else "Tue 10-13 10:00"
    assert live(number) == {**expected, "finish": finish}
    carry(("Wed 09-16 11:00", "claim", {"to": claimant}), number=number)
    assert live(number)["finish"] == finish
    assert [clock for clock in all_of(number) if clock.round == 1] == first
    assert {clock.round for clock in all_of(number)} == {1, 2}


def test_what_is_solved_on_the_spot_starts_and_stops_every_clock_once(
    database: House, place: Callable[..., str], submit: Callable[..., None]
) -> None:
    with clock_at(at("Mon 09-14 10:00")):
        number = place()
    with clock_at(at("Mon 09-14 11:00")):
        submit(
            number,
            ("accept", {}),
            ("assign", {"to": "desk"}),
            ("take", {}),
            ("claim", {"to": "m-001"}),
            ("finish", {"reason": "换了灯泡"}),
        )
    clocks = all_of(number)
    assert [(clock.kind.value, clock.used) for clock in clocks] == [
        ("accept", HOUR),
        ("take", 0 * HOUR),
        ("finish", 0 * HOUR),
        ("claim", 0 * HOUR),
        ("contact", 0 * HOUR),
    ]
    # one hour of two was left; a working day; three of them; a day; each whole
    left = [HOUR, 6.5 * HOUR, 19.5 * HOUR, 6.5 * HOUR, 24 * HOUR]
    assert [clock.difference for clock in clocks] == left
    assert all(clock.act_at is None for clock in clocks)


def test_a_return_and_a_new_assignment_in_one_submit_start_one_clock(
    sqlite_house: House, carry: Carry, submit: Callable[..., None]
) -> None:
    number = carry(*STEPS["appeal"][:2])
    with clock_at(at("Mon 09-14 16:00")):
        submit(number, ("return", {"reason": "不归我们"}), ("assign", {"to": "desk"}))
    assert live(number) == {"take": "Tue 09-15 16:00", "finish": "Thu 09-17 11:00"}
    assert stopped(number, "take") == [(2.5 * HOUR, 4 * HOUR)]  # 11-13 and 15:30-16 of 6.5 hours


# --- dates that somebody sets -----------------------------------------------------------------------


def test_an_extension_that_is_approved_after_a_long_hold_takes_no_time_away(
    sqlite_house: House, carry: Carry
) -> None:
    number = carry(
        *STEPS["appeal"][:5],
        ("Wed 09-16 11:30", "ask_extension", {"date": "2026-09-18", "reason": "等货"}),
        ("Wed 09-16 12:00", "hold", {"reason": "等货", "date": "2026-09-30"}),
        ("Fri 09-18 12:00", "resume", {}),
    )
    # five hours and a half were left on Wednesday: four of Friday, and Sunday's from 9:30
    assert live(number) == {"finish": "Sun 09-20 11:00"}
    carry(("Fri 09-18 12:10", "approve_extension", {"by": "staff-2"}), number=number)
    assert live(number) == {"finish": "Sun 09-20 11:00"}


def test_the_date_of_an_earlier_meeting_does_not_outlive_its_decision(
    sqlite_house: House, carry: Carry
) -> None:
    number = carry(
        *STEPS["big wish"][:2],
        ("Tue 09-15 10:00", "appoint", {**MEETING, "date": "2026-11-30"}),
        ("Tue 09-15 11:00", "return", {"reason": "做不了", "by": "unit-housing"}),
        ("Tue 09-15 12:00", "appoint", MEETING),
        ("Tue 09-15 16:00", "take", {}),
        **HALL,
    )
    assert live(number)["finish"] == "Mon 10-12 16:00"  # fifteen working days, as without a date


@pytest.mark.parametrize(
    ("date", "finish"),
    [
        ("2026-10-30", "Fri 10-30 23:59:59"),
        ("2026-10-09", "Tue 10-13 16:00"),  # a day later than before the meeting: it stood for one
    ],
)
def test_the_date_of_the_money_gives_work_that_has_begun_more_time_and_never_less(
    sqlite_house: House, carry: Carry, date: str, finish: str
) -> None:
    plan = {**MEETING, "date": date, "yuan": "50000", "reason": "修活动室"}
    number = carry(
        *STEPS["big wish"][:4],
        ("Wed 09-16 10:00", "refer", {"reason": "钱不够"}),
        ("Wed 09-16 11:00", "open_funding", plan),
        ("Wed 09-16 12:00", "pledge", GIFT),
        ("Thu 09-17 10:00", "receive", {"yuan": "50000"}),
        **HALL,
    )
    assert live(number)["finish"] == finish


def test_an_order_that_never_had_clocks_gets_those_that_it_lacks_with_its_next_action(
    sqlite_house: House, carry: Carry
) -> None:
    number = carry(*STEPS["appeal"][:4])
    with transaction(house().database) as session:
        session.execute(text("DELETE FROM clocks"))
    carry(("Tue 09-15 11:00", "report", {"reason": "买灯泡去了"}), number=number)
    assert live(number) == {"contact": "Wed 09-16 11:00", "finish": "Fri 09-18 11:00"}


# --- standing still ----------------------------------------------------------------------------------

STAND = {
    "hold": (("hold", {"reason": "等货", "date": "2026-10-09"}), ("resume", {})),
    "refer": (("refer", {"reason": "要协调"}), ("send_back", {"reason": "照办"})),
}


@pytest.mark.parametrize("how", ["hold", "refer"])
@pytest.mark.parametrize(
    ("begun", "over", "take", "finish"),
    [
        # 2.5 + 6.5 + 4 hours: two working days; Friday's end is followed by the worked Sunday
        ("Mon 09-14 16:00", "Wed 09-16 16:00", "Thu 09-17 11:00", "Sun 09-20 11:00"),
        ("Mon 09-14 12:00", "Mon 09-14 15:30", "Tue 09-15 12:00", "Thu 09-17 12:00"),  # an hour
        ("Mon 09-14 13:00", "Mon 09-14 15:30", "Tue 09-15 11:00", "Thu 09-17 11:00"),  # the lunch
        ("Mon 09-14 18:30", "Tue 09-15 09:30", "Tue 09-15 11:00", "Thu 09-17 11:00"),  # the night
        # after the deadline of the handler: only the other one moves, by an hour
        ("Tue 09-15 11:30", "Tue 09-15 12:30", "Tue 09-15 11:00", "Thu 09-17 12:00"),
    ],
)
def test_while_an_order_stands_so_do_its_clocks(
    sqlite_house: House,
    carry: Carry,
    look: Look,
    how: str,
    begun: str,
    over: str,
    take: str,
    finish: str,
) -> None:
    (stop, stopping), (go, going) = STAND[how]
    number = carry(*STEPS["appeal"][:2], (begun, stop, stopping))
    assert set(live(number)) == {"take", "finish"}
    assert look(number).next_due_at is None
    assert all(clock.act_at is None for clock in all_of(number))
    carry((over, go, going), number=number)
    assert live(number) == {"take": take, "finish": finish}
    assert said(look(number).next_due_at) == min(take, finish, key=at)


def test_what_was_used_before_and_after_standing_counts_and_nothing_else(
    database: House, carry: Carry
) -> None:
    number = carry(
        ("Mon 09-14 10:00", "accept", {}),
        ("Mon 09-14 10:00", "assign", {"to": "unit-power"}),
        ("Mon 09-14 16:00", "hold", STAND["hold"][0][1]),
        ("Wed 09-16 16:00", "resume", {}),
        ("Wed 09-16 17:00", "hold", STAND["hold"][0][1]),
        ("Thu 09-17 11:00", "resume", {}),  # 1.5 + 1.5 hours more
        ("Thu 09-17 12:00", "take", {}),
    )
    # 10-13, 15:30-16; 16-17; 11-12: five hours and a half, so one was left
    assert stopped(number, "take") == [(5.5 * HOUR, HOUR)]
    # 16 hours after Thursday 10:00: 3 + 3, 6.5 on Friday, 3.5 of Sunday morning
    assert live(number)["finish"] == "Sun 09-20 13:00"


def test_only_the_clock_of_the_money_goes_on_while_it_is_raised(
    database: House, carry: Carry, look: Look
) -> None:
    number = carry(
        *STEPS["big wish"][:4],  # taken on Tuesday at 16:00
        ("Wed 09-16 10:00", "refer", {"reason": "钱不够"}),
        ("Wed 09-16 11:00", *FUNDING[2][1:]),
        **HALL,
    )
    running = [clock.kind.value for clock in all_of(number) if clock.runs]
    assert running == ["funding"]
    assert said(look(number).next_due_at) == said(look(number).due_at) == "Thu 10-15 23:59:59"
    carry(
        ("Wed 09-16 12:00", "pledge", GIFT),
        ("Thu 09-17 11:00", "receive", {"yuan": "50000"}),
        ("Thu 09-17 12:00", "take", {}),
        number=number,
    )
    # stood from Wednesday 10:00 to Thursday 11:00: 7.5 hours on top of Monday 12 October 16:00 are
    # Tuesday 17:00; the day that the meeting set for the money leaves more
    assert live(number)["finish"] == "Thu 10-15 23:59:59"
    assert stopped(number, "funding")[0][0] > 0 * HOUR


# --- other dates ------------------------------------------------------------------------------------

ASKED: list[Step] = [
    ("Tue 09-15 10:00", "ask_extension", {"reason": "等材料", "date": "2026-09-24"}),
]
GRANTED: list[Step] = [*ASKED, ("Tue 09-15 11:00", "approve_extension", {"by": "staff-2"})]


def test_an_extension_moves_the_deadline_to_the_end_of_its_day_and_nothing_else(
    database: House, carry: Carry, look: Look
) -> None:
    number = carry(*STEPS["appeal"][:3], *ASKED)
    assert live(number) == {"claim": "Tue 09-15 16:00", "finish": "Thu 09-17 11:00"}
    carry(*GRANTED[1:], number=number)
    assert live(number) == {"claim": "Tue 09-15 16:00", "finish": "Thu 09-24 23:59:59"}
    assert said(look(number).due_at) == "Thu 09-24 23:59:59"
    assert said(look(number).next_due_at) == "Tue 09-15 16:00"


def test_an_extension_that_is_refused_moves_nothing(sqlite_house: House, carry: Carry) -> None:
    refused = ("Tue 09-15 11:00", "refuse_extension", {"by": "staff-2"})
    number = carry(*STEPS["appeal"][:3], *ASKED, refused)
    assert live(number)["finish"] == "Thu 09-17 11:00"


def test_a_hold_moves_a_granted_date_too_but_one_before_it_does_not(
    sqlite_house: House, carry: Carry
) -> None:
    hold = STAND["hold"][0][1]
    number = carry(
        *STEPS["appeal"][:3],
        ("Mon 09-14 16:30", "hold", hold),
        ("Tue 09-15 09:30", "resume", {}),
        *GRANTED,
    )
    assert live(number)["finish"] == "Thu 09-24 23:59:59"
    carry(
        ("Wed 09-16 10:00", "hold", hold),
        ("Fri 09-18 10:00", "resume", {}),
        number=number,
    )
    # two working days after the end of Thursday the 24th: Monday the 28th, Tuesday the 29th
    assert live(number)["finish"] == "Tue 09-29 18:30"


def test_an_extension_that_was_granted_before_its_clock_runs_holds_once_it_starts(
    database: House, carry: Carry, look: Look
) -> None:
    ask = {"reason": "等货", "date": "2026-11-20"}
    number = carry(
        *STEPS["assigned wish"][:2],
        ("Mon 09-14 15:30", "ask_extension", ask),
        ("Mon 09-14 15:40", "approve_extension", {"by": "staff-2"}),
        *STEPS["assigned wish"][2:4],
        **CHAIR,
    )
    assert live(number) == {"contact": "Tue 09-22 10:00", "finish": "Fri 11-20 23:59:59"}
    assert said(look(number).due_at) == "Fri 11-20 23:59:59"


def test_a_granted_extension_never_leaves_less_time_than_there_was(
    sqlite_house: House, carry: Carry
) -> None:
    """Asked for while the clock was not running yet; the usual fifteen days end on 12 October."""
    number = carry(
        *STEPS["assigned wish"][:3],
        ("Mon 09-14 17:00", "ask_extension", {"reason": "等货", "date": "2026-09-16"}),
        ("Mon 09-14 17:10", "approve_extension", {"by": "staff-2"}),
        STEPS["assigned wish"][3],
        **CHAIR,
    )
    assert live(number)["finish"] == "Mon 10-12 10:00"


@pytest.mark.parametrize(
    ("steps", "claimed"),
    [
        (STEPS["appeal"][:2], False),  # its clock runs already
        (STEPS["appeal"][:4], False),
        (STEPS["big wish"][:1], True),  # its clock starts when the unit takes it
    ],
)
def test_the_date_of_the_meeting_is_the_deadline_of_the_work(
    sqlite_house: House, carry: Carry, look: Look, steps: list[Step], claimed: bool
) -> None:
    appoint = {**MEETING, "date": "2026-11-30"}
    number = carry(
        *steps,
        ("Tue 09-15 12:00", "refer", {"reason": "要协调"}),
        ("Wed 09-16 10:00", "appoint", appoint),
        ("Wed 09-16 11:00", "take", {}),
        **(HALL if claimed else LAMP),
    )
    assert live(number) == {"claim": "Thu 09-17 11:00", "finish": "Mon 11-30 23:59:59"}
    assert said(look(number).due_at) == "Mon 11-30 23:59:59"


# --- what a clock remembers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "used", "left"),
    [  # accepted on Monday at 11:00, due on Thursday at 11:00: 19.5 hours
        ("Tue 09-15 12:00", 7.5, 12.0),
        ("Wed 09-16 14:00", 15.0, 4.5),  # in the break: 5 + 6.5 + 3.5
        ("Thu 09-17 11:00", 19.5, 0.0),  # on the dot
        ("Thu 09-17 12:00", 20.5, -1.0),
        ("Sat 09-19 12:00", 31.0, -11.5),  # a Saturday off: until Friday's end
        ("Mon 09-21 10:00", 38.0, -18.5),  # with the Sunday that is worked
    ],
)
def test_a_stopped_clock_knows_how_long_it_took_and_how_early_or_late_that_was(
    sqlite_house: House, carry: Carry, done: str, used: float, left: float
) -> None:
    number = carry(*STEPS["appeal"][:5], (done, "finish", {"reason": "好了"}))
    assert stopped(number, "finish") == [(used * HOUR, left * HOUR)]


def test_a_deadline_in_a_year_without_a_notice_is_marked(
    database: House, place: Callable[..., str], carry: Carry
) -> None:
    with clock_at(at("Mon 12-28 10:00")):
        number = place(words="村道塌了")
    carry(("Mon 12-28 10:00", "accept", {}), number=number)
    # 29 30 31, then by the plain week: Friday 1, 4 5 6 January
    marks = {one.kind.value: (said(one.due_at), one.provisional) for one in all_of(number)}
    assert marks == {
        "accept": ("Mon 12-28 12:00", False),
        "take": ("Tue 12-29 10:00", False),
        "finish": ("Wed 01-06 10:00", True),
    }


# --- whatever people do -------------------------------------------------------------------------------

TYPED: dict[str, Any] = {
    "reason": "说明",
    "instead": "别处",
    "donor": "某人",
    "pledge": "1",
    "voucher": "1",
    "yuan": "10",
    "kind": "money",
}
CLAIMANTS = ["m-241", "m-270", "m-001", "m-079"]
ALL_ENDS = {Action.DECLINE, Action.MERGE, Action.MOVE_MONEY, Action.WITHDRAW, Action.REFUSE}


def typed_for(action: Action, chance: Random, now: datetime) -> dict[str, Any]:
    day = (now.astimezone(SHANGHAI) + timedelta(days=chance.randint(1, 40))).date().isoformat()
    to = chance.choice(CLAIMANTS if action is Action.CLAIM else ["unit-power", "unit-housing"])
    grade = chance.choice(["satisfied", "unsatisfied"])
    values = {**TYPED, "to": to, "date": day, "grade": grade, "solved": chance.random() < 0.5}
    return {name: values[name] for name in INPUTS[action].model_fields if name in values}


def wanted(order: Order, history: list[History]) -> set[str]:
    """The clocks of an order at work, by the domain's table and the rows of history alone."""
    this_round = [row.action for row in history if row.round == order.round]
    begins = {Kind.APPEAL: "accept", Kind.SMALL_WISH: "claim", Kind.BIG_WISH: "take"}[order.kind]
    finish = {"finish"} if order.round > 1 or Action(begins) in this_round else set()
    since_claim = this_round[::-1]
    since_claim = since_claim[: since_claim.index(Action.CLAIM)] if "claim" in since_claim else []
    waits = {
        Kind.APPEAL: {"take"},
        Kind.SMALL_WISH: {"open_claim"},
        Kind.BIG_WISH: {"refer"},
    }[order.kind]
    return {
        Status.PLACED: {"accept"},
        Status.ACCEPTED: waits | finish,
        Status.ASSIGNED: {"take"} | finish,
        Status.TAKEN: {"claim"} | finish,
        Status.CLAIMED: finish | (set() if Action.CONTACT in since_claim else {"contact"}),
    }[order.status]


def check(order: Order, history: list[History], clocks: list[Clock]) -> None:
    living = [clock for clock in clocks if clock.is_live]
    kinds = [clock.kind.value for clock in living]
    assert len(kinds) == len(set(kinds))
    running = [clock for clock in living if clock.runs]
    if order.status in (Status.ON_HOLD, Status.IN_MEETING):
        assert running == []
    elif order.status is Status.FUNDING:
        assert [clock.kind for clock in running] == [ClockKind.FUNDING]
    elif order.status in (Status.PLACED, Status.ACCEPTED, *list(Status)[2:5]):
        assert set(kinds) == wanted(order, history), [row.action for row in history]
        assert running == living
    else:
        assert living == []
    assert order.next_due_at == min((clock.due_at for clock in running), default=None)
    for clock in clocks:
        assert (clock.act_at is not None) == (clock.runs and clock.step < 5)
        assert (clock.used is None) == (clock.difference is None) == clock.is_live
        assert clock.used is None or clock.used >= timedelta(0)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_whatever_people_do_every_order_has_the_clocks_of_its_status_and_no_others(
    new_house: Callable[[], House],
    place: Callable[..., str],
    do: Callable[..., None],
    rows: Callable[..., list[Any]],
    chance: Random,
) -> None:
    new_house()
    now, kept = at("Mon 09-14 10:00"), dict[Any, Clock]()
    with clock_at(now):
        number = place(kind=chance.choice(list(Kind)).value)
    for _ in range(16):
        (order,) = rows(Order)
        known = allowed_actions(order.kind, order.status)
        some = [action for action in known if action not in ALL_ENDS] or list(known)
        if not some or order.status in (Status.DECLINED, Status.WITHDRAWN):
            break
        now += timedelta(minutes=chance.choice([0, 20, 60, 300, 1500, 6000]))
        action = chance.choice(some if chance.random() < 0.95 else list(known))
        with clock_at(now):
            try:
                by = chance.choice(["staff-1", "staff-2"])
                do(number, action.value, by=by, **typed_for(action, chance, now))
            except DiandanError as refusal:
                assert str(refusal)
        (order,) = rows(Order)
        clocks = all_of(number)
        check(order, rows(History), clocks)
        for key, clock in kept.items():
            assert clock in clocks, f"a stopped clock was changed: {key}"
        kept |= {(one.kind, one.version): one for one in clocks if not one.is_live}


def test_what_one_submit_stops_and_lets_go_again_runs_as_before(
    sqlite_house: House,
    monday: datetime,
    place_at: Callable[..., str],
    submit: Callable[..., None],
    look: Look,
) -> None:
    number = place_at("assigned")
    due = live(number)
    submit(number, ("hold", {"reason": "等", "date": "2026-11-30"}), ("resume", {}))
    assert live(number) == due
    assert look(number).next_due_at is not None
