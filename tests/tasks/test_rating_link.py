"""The resident's link: it counts once per round, says why when it does not, and is stored nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import SQLModel, select

from tasks.by_hand import errands, mark_told
from tasks.clock import clock_at
from tasks.dates import remind_to_rate
from tasks.db import reading
from tasks.errors import BadInput, LateLink, Refused, UnknownLink, UsedLink
from tasks.house import House
from tasks.links import order_and_round, rating_link, rating_token
from tasks.models.enums import Grade, Status
from tasks.models.inputs import Rate
from tasks.models.tables import History, Message, Order, Rating
from tasks.orders import act
from tasks.rating import rate_by_link
from tasks.requests import request_for
from tasks.texts import text_of

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
GOOD = Rate(grade=Grade.SATISFIED, solved=True, reason="很快")
BAD = Rate(grade=Grade.UNSATISFIED, solved=False, reason="灯还是不亮")
PlaceAt = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]

pytestmark = pytest.mark.usefixtures("monday")


def finish_again(number: str, do: Callable[..., None]) -> None:
    do(number, "claim", to="m-241")
    do(number, "finish", reason="又修了一次")


# --- rating ---------------------------------------------------------------------------------------


def test_a_resident_rates_by_the_link_and_the_order_is_closed(
    database: House, place_at: PlaceAt, look: Look, rows: Rows
) -> None:
    number = place_at("done")
    assert rate_by_link(rating_token(number, 1), GOOD) == number
    assert look(number).status is Status.CLOSED
    (rating,) = rows(Rating)
    assert (rating.round, rating.grade, rating.solved) == (1, Grade.SATISFIED, True)
    assert (rating.comment, rating.actor, rating.at) == ("很快", "resident", MONDAY)


def test_the_whole_address_works_as_well_as_the_token(
    sqlite_house: House, place_at: PlaceAt, look: Look
) -> None:
    number = place_at("done")
    address = rating_link(number, 1)
    assert address.startswith("https://diandan.example.org/r/A-2026-0001.1.")
    assert rate_by_link(f"  {address}\n", GOOD) == number
    assert look(number).status is Status.CLOSED


def test_an_unsatisfied_resident_opens_a_second_round_with_a_link_of_its_own(
    sqlite_house: House, place_at: PlaceAt, do: Callable[..., None], look: Look, rows: Rows
) -> None:
    number = place_at("done")
    rate_by_link(rating_token(number, 1), BAD)
    assert (look(number).status, look(number).round) == (Status.TAKEN, 2)
    with pytest.raises(UsedLink), clock_at(MONDAY + timedelta(minutes=5)):
        rate_by_link(rating_token(number, 1), GOOD)
    finish_again(number, do)
    assert rating_token(number, 2) != rating_token(number, 1)
    rate_by_link(rating_token(number, 2), GOOD)
    assert [(row.round, row.grade) for row in rows(Rating)] == [
        (1, Grade.UNSATISFIED),
        (2, Grade.SATISFIED),
    ]
    assert look(number).status is Status.CLOSED


def test_what_the_law_refuses_is_refused_by_the_link_too(
    sqlite_house: House, place_at: PlaceAt, look: Look, rows: Rows
) -> None:
    number = place_at("done")
    without_words = Rate(grade=Grade.UNSATISFIED, solved=False)
    with pytest.raises(Refused, match="不满意时请写明原因"):
        rate_by_link(rating_token(number, 1), without_words)
    assert rows(Rating) == []
    assert look(number).status is Status.DONE


@pytest.mark.parametrize("typed", ["0893-0000011", "0893 0000011", "+86 893 0000011"])
def test_a_member_does_not_rate_their_own_work_however_the_phone_is_written(
    sqlite_house: House,
    place: Callable[..., str],
    submit: Callable[..., None],
    rows: Rows,
    typed: str,
) -> None:
    number = place(phone=typed)
    submit(
        number,
        ("accept", {}),
        ("assign", {"to": "officers-grid-3"}),
        ("take", {}),
        ("claim", {"to": "m-015"}),  # whose phone is 0893-0000011
        ("finish", {"reason": "换了灯泡"}),
    )
    with pytest.raises(Refused, match="办理人与点单人是同一个电话，不能评价自己的工作"):
        rate_by_link(rating_token(number, 1), GOOD)
    assert rows(Rating) == []


def test_a_grade_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(BadInput, match="满意度（grade）.*只能是 satisfied、basically、unsatisfied"):
        request_for(Rate.action, {"grade": "5", "solved": "yes"})


# --- links that do not count ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "",
        "hello",
        "A-2026-0001",
        "A-2026-0001.1.",
        "A-2026-0001.1.AAAAAAAAAAAAAAAAAAAAAA",  # a seal that nobody made
        "X-2026-0001.1.AAAAAAAAAAAAAAAAAAAAAA",
        "../../etc/passwd",
        "A-2026-0001.1.' OR 1=1 --",
        "Ａ-2026-0001.1.AAAAAAAAAAAAAAAAAAAAAA",
        "A-2026-0001.1.AAAAAAAAAAAAAAAAAAAAAA\x00",
        "9" * 100_000,
    ],
)
def test_a_link_that_was_never_given_out_is_unknown(
    sqlite_house: House, place_at: PlaceAt, token: str, rows: Rows
) -> None:
    place_at("done")
    with pytest.raises(UnknownLink, match="这个评价链接不存在"):
        rate_by_link(token, GOOD)
    assert rows(Rating) == []


def test_another_order_s_seal_opens_nothing(
    sqlite_house: House, place_at: PlaceAt, rows: Rows
) -> None:
    mine, theirs = place_at("done"), place_at("done")
    seal = rating_token(theirs, 1).rsplit(".", 1)[1]
    for forged in (f"{mine}.1.{seal}", f"{theirs}.2.{seal}", f"{theirs}.01.{seal}"):
        with pytest.raises(UnknownLink):
            rate_by_link(forged, GOOD)
    assert rows(Rating) == []


def test_a_good_seal_for_an_order_that_is_not_there_is_unknown(sqlite_house: House) -> None:
    with pytest.raises(UnknownLink):
        rate_by_link(rating_token("A-2026-9999", 1), GOOD)


@pytest.mark.parametrize("status", ["placed", "claimed"])
def test_a_round_that_is_not_finished_has_no_link_yet(
    sqlite_house: House, place_at: PlaceAt, status: str
) -> None:
    number = place_at(status)
    with pytest.raises(UnknownLink):
        rate_by_link(rating_token(number, 1), GOOD)
    with pytest.raises(UnknownLink):
        rate_by_link(rating_token(number, 2), GOOD)


def test_the_window_closes_after_fourteen_days(
    sqlite_house: House, place_at: PlaceAt, look: Look
) -> None:
    number, other = place_at("done"), place_at("done")
    with clock_at(MONDAY + timedelta(days=14, seconds=-1)):
        assert rate_by_link(rating_token(other, 1), GOOD) == other
    with clock_at(MONDAY + timedelta(days=14)), pytest.raises(LateLink, match="评价期已过"):
        rate_by_link(rating_token(number, 1), GOOD)
    assert look(number).status is Status.DONE


def test_a_used_link_that_is_also_late_is_late(sqlite_house: House, place_at: PlaceAt) -> None:
    number = place_at("done")
    rate_by_link(rating_token(number, 1), GOOD)
    with clock_at(MONDAY + timedelta(days=20)), pytest.raises(LateLink):
        rate_by_link(rating_token(number, 1), GOOD)


def test_an_expired_round_is_not_rated_any_more(
    sqlite_house: House, place_at: PlaceAt, do: Callable[..., None], rows: Rows
) -> None:
    number = place_at("done")
    with clock_at(MONDAY + timedelta(days=14)):
        do(number, "expire", by="system")
        with pytest.raises(LateLink):
            rate_by_link(rating_token(number, 1), GOOD)
    assert rows(Rating) == []


def test_a_call_back_uses_the_link_up(
    sqlite_house: House, place_at: PlaceAt, do: Callable[..., None]
) -> None:
    number = place_at("done")
    do(number, "rate", by="staff-2", grade="satisfied", solved=True)
    with clock_at(MONDAY + timedelta(minutes=2)), pytest.raises(UsedLink):
        rate_by_link(rating_token(number, 1), GOOD)


# --- twice ------------------------------------------------------------------------------------------


def test_a_double_click_counts_once_and_nobody_sees_an_error(
    database: House, place_at: PlaceAt, rows: Rows
) -> None:
    number = place_at("done")
    for seconds in (0, 1, 60):
        with clock_at(MONDAY + timedelta(seconds=seconds)):
            assert rate_by_link(rating_token(number, 1), GOOD) == number
    assert len(rows(Rating)) == 1
    assert [row.action for row in rows(History)].count("rate") == 1


def test_a_double_click_of_an_unsatisfied_resident_reopens_once(
    sqlite_house: House, place_at: PlaceAt, look: Look, rows: Rows
) -> None:
    number = place_at("done")
    for _ in range(2):
        assert rate_by_link(rating_token(number, 1), BAD) == number
    assert look(number).round == 2
    assert [row.action for row in rows(History)].count("reopen") == 1


def test_after_a_minute_the_link_is_used(
    sqlite_house: House, place_at: PlaceAt, rows: Rows
) -> None:
    number = place_at("done")
    rate_by_link(rating_token(number, 1), GOOD)
    with clock_at(MONDAY + timedelta(seconds=61)):
        with pytest.raises(UsedLink, match="这一轮已经评价过了"):
            rate_by_link(rating_token(number, 1), GOOD)
    assert len(rows(Rating)) == 1


@pytest.mark.parametrize(
    "other",
    [
        Rate(grade=Grade.BASICALLY, solved=True, reason="很快"),
        Rate(grade=Grade.SATISFIED, solved=False, reason="很快"),
        Rate(grade=Grade.SATISFIED, solved=True, reason="慢"),
    ],
)
def test_another_answer_is_no_double_click(
    sqlite_house: House, place_at: PlaceAt, other: Rate
) -> None:
    number = place_at("done")
    rate_by_link(rating_token(number, 1), GOOD)
    with pytest.raises(UsedLink):
        rate_by_link(rating_token(number, 1), other)


def test_who_clicks_in_the_moment_of_a_call_back_reads_that_it_has_been_rated(
    database: House,
    place_at: PlaceAt,
    do: Callable[..., None],
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    number = place_at("done")

    def call_back_first(*given: Any, **named: Any) -> None:
        do(number, "rate", by="staff-2", grade="basically", solved=True)
        act(*given, **named)

    monkeypatch.setattr("tasks.rating.act", call_back_first)
    with pytest.raises(UsedLink):
        rate_by_link(rating_token(number, 1), GOOD)
    assert [rating.grade for rating in rows(Rating)] == [Grade.BASICALLY]


# --- derived, not stored ----------------------------------------------------------------------------


def link_in(message: Message, order: Order, house: House) -> str:
    with reading(house.database) as session:
        body = text_of(session, message, order).body
    return next(line for line in body.splitlines() if line.startswith("https://"))


def test_the_same_link_is_in_every_message_about_a_round(
    sqlite_house: House, place_at: PlaceAt, look: Look, rows: Rows
) -> None:
    """A reminder a week later is made from the same template of the same round."""
    number = place_at("done")
    message = rows(Message)[-1]
    first = link_in(message, look(number), sqlite_house)
    with clock_at(MONDAY + timedelta(days=7)):
        assert link_in(message, look(number), sqlite_house) == first == rating_link(number, 1)
    assert order_and_round(first) == (number, 1)


def test_a_link_that_programs_open_again_and_again_and_a_reminder_repeats_is_rated_once(
    database: House, place_at: PlaceAt, look: Look, rows: Rows
) -> None:
    """Mail scanners and chat programs open every link before a person does."""
    number = place_at("done")
    mark_told([call.id for call in errands()], "staff-1")
    with clock_at(MONDAY + timedelta(days=7)):
        remind_to_rate()
    asked = [row for row in rows(Message) if row.event in ("order_done", "rating_reminder")]
    links = [link_in(message, look(number), database) for message in asked]
    assert len(links) == 2
    assert len(set(links)) == 1
    (link,) = set(links)
    before = everything_stored(database)
    with clock_at(MONDAY + timedelta(days=8)):
        for _ in range(10):
            assert order_and_round(link) == (number, 1)
        assert everything_stored(database) == before
        assert rate_by_link(link, GOOD) == number
    with clock_at(MONDAY + timedelta(days=8, seconds=30)):  # the second finger
        assert rate_by_link(link, GOOD) == number
    with clock_at(MONDAY + timedelta(days=9)):
        assert order_and_round(link) == (number, 1)
        with pytest.raises(UsedLink, match="这一轮已经评价过了"):
            rate_by_link(link, GOOD)
    assert [(row.round, row.grade) for row in rows(Rating)] == [(1, Grade.SATISFIED)]
    assert [row.action for row in rows(History)].count("rate") == 1


def test_a_link_changes_with_the_secret_and_the_address_with_the_portal(
    sqlite_house: House, settle: Callable[..., House], place_at: PlaceAt
) -> None:
    number = place_at("done")
    token = rating_token(number, 1)
    settle(public_url="https://pingjia.example.org/")
    assert rating_link(number, 1) == f"https://pingjia.example.org/r/{token}"
    settle(secret="another secret")
    assert rating_token(number, 1) != token
    with pytest.raises(UnknownLink):
        rate_by_link(token, GOOD)


def test_no_table_holds_a_token_or_the_secret(
    database: House, place_at: PlaceAt, do: Callable[..., None]
) -> None:
    number = place_at("done", language="en")
    rate_by_link(rating_token(number, 1), BAD)
    finish_again(number, do)
    stored = everything_stored(database)
    assert "灯还是不亮" in stored  # the dump does see what is there
    for round in (1, 2, 3):
        assert rating_token(number, round).rsplit(".", 1)[1] not in stored
    for secret in ("/r/", "the secret of the tests"):
        assert secret not in stored


def everything_stored(house: House) -> str:
    with reading(house.database) as session:
        return "\n".join(
            str(tuple(row))
            for table in SQLModel.metadata.sorted_tables
            for row in session.execute(select(table))
        )
