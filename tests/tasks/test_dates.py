"""What a date brings: holds end, residents are reminded to rate, ratings expire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import tasks.dates
from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.dates import expire_ratings, release_holds, remind_to_rate
from tasks.house import House
from tasks.models.enums import Status
from tasks.models.tables import History, Message, Order, Resident
from tasks.models.tally import Tally

Do = Callable[..., None]
Place = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)

# finished on Monday 14 September 2026 at 10:00
THIRD_DAY = datetime(2026, 9, 17, 10, 0, tzinfo=ZONE)
SEVENTH_DAY = datetime(2026, 9, 21, 10, 0, tzinfo=ZONE)
EXPIRY = datetime(2026, 9, 28, 10, 0, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _monday(monday: datetime) -> Iterator[None]:
    yield


@pytest.fixture
def done(place_at: Place) -> Place:
    """An order that was finished on Monday at 10:00, and whose resident was told so."""

    def finish(**values: Any) -> str:
        number = place_at("done", **values)
        tell_everybody()
        return number

    return finish


@pytest.fixture
def reminded(rows: Rows) -> Callable[[], list[tuple[str, datetime]]]:
    """Every reminder that was written: the resident's name, and from when it may be told."""

    def read() -> list[tuple[str, datetime]]:
        names = {str(one.id): one.name for one in rows(Resident)}
        return [
            (names[one.recipient], one.next_attempt_at)
            for one in rows(Message)
            if one.event == "rating_reminder"
        ]

    return read


def tell_everybody() -> None:
    mark_told([one.id for one in errands(1000)], "staff-1")


def at(moment: datetime, step: Callable[..., Tally], **how: Any) -> Tally:
    with clock_at(moment):
        return step(**how)


# --- holds ----------------------------------------------------------------------------------------


def test_an_order_goes_on_with_the_first_second_of_its_local_day_and_not_before(
    database: House, place_at: Place, do: Do, look: Look, rows: Rows
) -> None:
    number = place_at("claimed")
    do(number, "hold", reason="等天暖", date="2026-09-17")
    midnight = datetime(2026, 9, 17, 0, 0, tzinfo=ZONE)  # in UTC it is still the 16th, 16:00
    assert not at(midnight - SECOND, release_holds).counts
    assert look(number).status is Status.ON_HOLD
    tally = at(midnight, release_holds)
    assert (tally.counts, tally.numbers) == ({"released": 1}, {"released": [number]})
    assert look(number).status is Status.CLAIMED
    last = rows(History)[-1]
    assert (last.action.value, last.actor, last.at) == ("resume", "system", midnight)
    assert last.reason
    assert not at(midnight, release_holds).counts


def test_a_hold_that_nobody_looked_at_for_days_ends_too(
    sqlite_house: House, place_at: Place, do: Do, look: Look
) -> None:
    number = place_at("claimed")
    do(number, "hold", reason="等天暖", date="2026-09-17")
    assert at(datetime(2026, 9, 30, 2, 30, tzinfo=ZONE), release_holds).counts == {"released": 1}
    assert look(number).status is Status.CLAIMED


def test_only_the_orders_whose_day_has_come_are_let_go(
    sqlite_house: House, place_at: Place, do: Do, look: Look
) -> None:
    early, late, never_held = (place_at("claimed") for _ in range(3))
    do(early, "hold", reason="等天暖", date="2026-09-17")
    do(late, "hold", reason="等材料", date="2026-09-18")
    tally = at(datetime(2026, 9, 17, 2, 30, tzinfo=ZONE), release_holds)
    assert tally.numbers == {"released": [early]}
    assert look(late).status is Status.ON_HOLD
    assert look(never_held).version == 5  # place, accept, assign, take, claim


def test_an_order_that_was_held_again_meanwhile_stays_held(
    sqlite_house: House, place_at: Place, do: Do, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = place_at("claimed")
    do(number, "hold", reason="等天暖", date="2026-09-17")
    usual = tasks.dates.act

    def somebody_is_faster(number: str, *rest: Any, **how: Any) -> None:
        do(number, "resume")
        do(number, "hold", reason="等材料", date="2026-09-30")
        usual(number, *rest, **how)

    monkeypatch.setattr(tasks.dates, "act", somebody_is_faster)
    tally = at(datetime(2026, 9, 17, 2, 30, tzinfo=ZONE), release_holds)
    assert (tally.counts, tally.failed) == ({}, [])
    assert str(look(number).hold_until) == "2026-09-30"


# --- reminders ------------------------------------------------------------------------------------


def test_a_resident_is_reminded_after_three_and_after_seven_days_once_each(
    database: House, done: Place, reminded: Any
) -> None:
    number = done()
    assert not at(THIRD_DAY - SECOND, remind_to_rate).counts
    tally = at(THIRD_DAY, remind_to_rate)
    assert (tally.counts, tally.numbers) == ({"reminded": 1}, {"reminded": [number]})
    assert reminded() == [("居民甲", THIRD_DAY)]
    tell_everybody()
    for moment in (THIRD_DAY, THIRD_DAY + timedelta(days=1), SEVENTH_DAY - SECOND):
        assert not at(moment, remind_to_rate).counts
    assert at(SEVENTH_DAY, remind_to_rate).counts == {"reminded": 1}
    tell_everybody()
    for moment in (SEVENTH_DAY, SEVENTH_DAY + timedelta(days=1), EXPIRY - SECOND, EXPIRY):
        assert not at(moment, remind_to_rate).counts
    assert reminded() == [("居民甲", THIRD_DAY), ("居民甲", SEVENTH_DAY)]


def test_after_days_without_a_run_the_resident_gets_only_the_latest_reminder(
    sqlite_house: House, done: Place, reminded: Any
) -> None:
    done()
    eighth_day = SEVENTH_DAY + timedelta(days=1)
    assert at(eighth_day, remind_to_rate).counts == {"reminded": 1}
    tell_everybody()
    assert not at(eighth_day, remind_to_rate).counts
    assert reminded() == [("居民甲", eighth_day)]


def test_a_resident_who_is_still_to_be_told_that_it_is_done_is_not_reminded(
    sqlite_house: House, place_at: Place, reminded: Any
) -> None:
    place_at("done")  # nobody has called them yet
    assert not at(THIRD_DAY, remind_to_rate).counts
    tell_everybody()
    assert at(THIRD_DAY, remind_to_rate).counts == {"reminded": 1}
    assert reminded() == [("居民甲", THIRD_DAY)]


def test_a_resident_who_has_rated_is_not_reminded(
    sqlite_house: House, done: Place, do: Do, reminded: Any
) -> None:
    do(done(), "rate", by="resident", grade="satisfied", solved=True)
    assert not at(THIRD_DAY, remind_to_rate).counts
    assert reminded() == []


@pytest.mark.parametrize("how", ["rate", "expire"])
def test_nobody_is_called_about_a_rating_that_cannot_be_given_any_more(
    database: House, done: Place, do: Do, how: str
) -> None:
    number = done()
    at(THIRD_DAY, remind_to_rate)
    assert [one.number for one in errands()] == [number]
    if how == "rate":
        do(number, "rate", by="resident", grade="satisfied", solved=True)
    else:
        at(EXPIRY, expire_ratings)
    assert [one for one in errands() if one.audience == "resident"] == []


def test_who_was_never_told_that_it_is_done_hears_so_after_the_expiry_without_being_asked_to_rate(
    sqlite_house: House, place_at: Place
) -> None:
    place_at("done")
    at(EXPIRY, expire_ratings)
    (call,) = [one for one in errands() if one.audience == "resident"]
    assert "办好了" in call.text.body
    assert "评价" not in call.text.subject + call.text.body
    assert "/r/" not in call.text.body


def test_only_the_resident_of_the_order_itself_is_reminded(
    database: House, place: Place, place_at: Place, submit: Do, do: Do, reminded: Any, rows: Rows
) -> None:
    number = place_at("claimed")
    other = place(resident="居民乙", phone="13900000002")
    do(other, "merge", to=number)
    do(number, "finish", by="m-241", reason="换了灯泡")
    heard = [one.recipient for one in rows(Message) if one.event == "order_done"]
    assert sorted(heard) == ["1", "2"]  # both hear that it is done
    tell_everybody()
    assert at(THIRD_DAY, remind_to_rate).counts == {"reminded": 1}
    assert reminded() == [("居民甲", THIRD_DAY)]


def test_nobody_reminds_for_an_order_that_has_no_resident(
    sqlite_house: House, done: Place, reminded: Any
) -> None:
    done(resident="", phone="")
    assert not at(THIRD_DAY, remind_to_rate).counts
    assert reminded() == []


def test_what_is_written_at_night_is_told_from_eight_in_the_morning(
    database: House, done: Place, reminded: Any
) -> None:
    done()
    at(datetime(2026, 9, 18, 2, 30, tzinfo=ZONE), remind_to_rate)
    assert reminded() == [("居民甲", datetime(2026, 9, 18, 8, 0, tzinfo=ZONE))]


def test_what_is_written_in_the_late_evening_is_told_the_next_morning(
    sqlite_house: House, done: Place, reminded: Any
) -> None:
    done()
    at(datetime(2026, 9, 18, 22, 0, tzinfo=ZONE), remind_to_rate)
    assert reminded() == [("居民甲", datetime(2026, 9, 19, 8, 0, tzinfo=ZONE))]


def test_a_new_round_is_reminded_of_anew(
    sqlite_house: House, done: Place, do: Do, submit: Do, reminded: Any
) -> None:
    number = done()
    with clock_at(THIRD_DAY):
        assert remind_to_rate().counts == {"reminded": 1}
        tell_everybody()
        do(number, "rate", by="resident", grade="unsatisfied", solved=False, reason="又不亮了")
        submit(number, ("claim", {"to": "m-241"}))
        submit(number, ("finish", {"reason": "换了线"}))
        tell_everybody()
        assert not remind_to_rate().counts
    again = THIRD_DAY + timedelta(days=3)  # Sunday the 20th, 10:00
    assert not at(again - SECOND, remind_to_rate).counts
    assert at(again, remind_to_rate).counts == {"reminded": 1}
    assert reminded() == [("居民甲", THIRD_DAY), ("居民甲", again)]


# --- expiry ---------------------------------------------------------------------------------------


def test_an_order_that_nobody_rates_is_closed_after_fourteen_days_and_not_a_second_earlier(
    database: House, done: Place, look: Look, rows: Rows
) -> None:
    number = done()
    assert not at(EXPIRY - SECOND, expire_ratings).counts
    assert look(number).status is Status.DONE
    tally = at(EXPIRY, expire_ratings)
    assert (tally.counts, tally.numbers) == ({"expired": 1}, {"expired": [number]})
    order = look(number)
    assert (order.status, order.closed_at) == (Status.CLOSED, EXPIRY)
    last = rows(History)[-1]
    assert (last.action.value, last.actor) == ("expire", "system")
    assert not at(EXPIRY, expire_ratings).counts


# --- one that fails, and dry runs -----------------------------------------------------------------


def _held(place_at: Place, do: Do) -> str:
    number = place_at("claimed")
    do(number, "hold", reason="等天暖", date="2026-09-17")
    return number


@pytest.mark.parametrize(
    ("step", "what", "moment", "door"),
    [
        (release_holds, "released", THIRD_DAY, "act"),
        (remind_to_rate, "reminded", THIRD_DAY, "write_messages"),
        (expire_ratings, "expired", EXPIRY, "act"),
    ],
)
def test_an_order_that_fails_is_set_aside_and_has_its_turn_the_next_time(
    sqlite_house: House,
    place_at: Place,
    do: Do,
    done: Place,
    monkeypatch: pytest.MonkeyPatch,
    step: Callable[..., Tally],
    what: str,
    moment: datetime,
    door: str,
) -> None:
    make = (lambda: _held(place_at, do)) if step is release_holds else done
    first, broken, last = make(), make(), make()
    usual = getattr(tasks.dates, door)

    def fails_for_one(*args: Any, **how: Any) -> Any:
        about = {one if isinstance(one, str) else getattr(one, "number", None) for one in args[:2]}
        if broken in about:
            raise RuntimeError("的电话是13900000001")
        return usual(*args, **how)

    monkeypatch.setattr(tasks.dates, door, fails_for_one)
    tally = at(moment, step)
    assert tally.numbers == {what: [first, last]}
    assert tally.failed == [(broken, "RuntimeError")]  # nobody's words stand there
    monkeypatch.setattr(tasks.dates, door, usual)
    tally = at(moment, step)
    assert (tally.numbers, tally.failed) == ({what: [broken]}, [])


@pytest.mark.parametrize(
    ("step", "what", "moment"),
    [
        (release_holds, "released", THIRD_DAY),
        (remind_to_rate, "reminded", THIRD_DAY),
        (expire_ratings, "expired", EXPIRY),
    ],
)
def test_a_dry_run_counts_what_the_real_one_does_and_changes_nothing(
    database: House,
    place_at: Place,
    do: Do,
    done: Place,
    rows: Rows,
    step: Callable[..., Tally],
    what: str,
    moment: datetime,
) -> None:
    numbers = [_held(place_at, do), _held(place_at, do), done(), done()]
    expected = numbers[:2] if step is release_holds else numbers[2:]

    def everything() -> list[Any]:
        return [row.model_dump() for table in (Order, History, Message) for row in rows(table)]

    before = everything()
    dry = at(moment, step, dry_run=True)
    assert everything() == before
    real = at(moment, step)
    assert dry.numbers == real.numbers == {what: expected}
    assert dry.counts == real.counts == {what: 2}
    assert everything() != before
