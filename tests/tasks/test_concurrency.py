"""Many people at once: exactly one wins, the others read what happened, and no number is lost."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import func, select

from tasks.advance import advance
from tasks.clock import clock_at
from tasks.db import reading, transaction
from tasks.errors import DiandanError, StaleOrder
from tasks.escalation import sweep_clocks
from tasks.house import House
from tasks.ledger import Replay, recompute
from tasks.links import rating_token
from tasks.models.enums import Grade, PointRule, Status
from tasks.models.inputs import Rate
from tasks.models.point_tables import PointEntry
from tasks.models.tables import Counter, History, Member, Message, Order, Rating, Resident
from tasks.models.wish_tables import ClaimRow
from tasks.orders import version_of
from tasks.rating import rate_by_link
from tasks.registration import leave, register, verify
from tasks.reminders import gather_reminders
from tasks.requests import member_for
from tasks.retention import forget_residents

Rows = Callable[..., list[Any]]
Do = Callable[..., None]
Deed = Callable[[], object]
MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
CLAIMANTS = [f"m-{n:03d}" for n in range(178, 242)]


def all_at_once(deeds: list[Deed]) -> tuple[list[Any], list[DiandanError]]:
    """What each gave, and what was refused in words; anything else fails the test."""
    start = threading.Barrier(len(deeds))
    given: list[Any] = []
    refused: list[DiandanError] = []
    broken: list[BaseException] = []

    def run(deed: Deed) -> None:
        start.wait()
        try:
            given.append(deed())
        except DiandanError as error:
            refused.append(error)
        except BaseException as error:
            broken.append(error)

    people = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert broken == []
    return given, refused


def test_of_sixty_four_who_claim_one_wish_one_gets_it_and_the_others_read_so(
    database: House, place: Callable[..., str], do: Do, look: Callable[[str], Order], rows: Rows
) -> None:
    number = place(kind="small_wish", category="wishes", words="想要一个书包")
    do(number, "accept")
    deeds = [lambda id=id: do(number, "claim", by=id, to=id) for id in CLAIMANTS]
    given, refused = all_at_once(deeds)  # type: ignore[arg-type]
    assert len(given) == 1
    assert look(number).member in CLAIMANTS
    claims = [row for row in rows(History) if row.action == "claim"]
    assert [claim.actor for claim in claims] == [look(number).member]
    assert [(row.member, row.ended_at) for row in rows(ClaimRow)] == [(look(number).member, None)]
    said = {str(error) for error in refused}
    assert len(refused) == 63
    assert f"订单 {number} 已经由另一位党员认领了。" in said
    # of the same team one reads the name
    assert all("认领了。" in sentence for sentence in said)


def test_who_leaves_while_they_claim_has_nothing_in_hand(
    database: House, place: Callable[..., str], do: Do, rows: Rows
) -> None:
    numbers = []
    for _ in CLAIMANTS[:12]:
        numbers.append(place(kind="small_wish", category="wishes", words="想要一个书包"))
        do(numbers[-1], "accept")
    claims = [
        lambda number=number, id=id: do(number, "claim", to=id)
        for number, id in zip(numbers, CLAIMANTS, strict=False)
    ]
    leaves = [lambda id=id: leave(id, None, "staff-1") for id in CLAIMANTS[:12]]
    _given, refused = all_at_once([*claims, *leaves])  # type: ignore[list-item]
    assert all("还没有通过核实" in str(error) for error in refused)
    assert [order.number for order in rows(Order) if order.member] == []


def test_members_that_two_verify_at_once_are_verified_once(database: House, rows: Rows) -> None:
    ids = [
        register(
            member_for({"name": f"新人{n}", "phone": f"1390000{n:04d}", "to": "供电所"}), "staff-1"
        )
        for n in range(12)
    ]
    orders = [ids, ids[::-1], ids, ids[::-1]]
    given, refused = all_at_once([lambda some=some: verify(some, "staff-1") for some in orders])
    assert (sum(given), refused) == (12, [])


def test_sixteen_who_place_at_once_get_numbers_without_gaps(
    database: House, place: Callable[..., str], rows: Rows
) -> None:
    deeds = [lambda guest=guest: place(phone=f"139000000{guest:02}") for guest in range(16)]
    with clock_at(datetime(2027, 1, 1, 1, 0, tzinfo=UTC)):
        given, refused = all_at_once(deeds)  # type: ignore[arg-type]
    assert refused == []
    assert sorted(given) == [f"A-2027-{number:04}" for number in range(1, 17)]
    assert sorted(order.number for order in rows(Order)) == sorted(given)


def test_a_refused_order_uses_up_no_number(
    database: House, place: Callable[..., str], rows: Rows
) -> None:
    place()
    with pytest.raises(DiandanError):
        place(by="nobody")  # found out within the transaction
    second = place()
    assert second.endswith("-0002")
    with reading(database.database) as session:
        assert session.exec(select(Counter.last)).all() == [2]


def test_each_kind_and_each_local_year_counts_from_one(
    database: House, place: Callable[..., str]
) -> None:
    with clock_at(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)):  # 23:59 in Shanghai
        assert place() == "A-2026-0001"
        assert place(kind="small_wish") == "S-2026-0001"
        assert place(kind="big_wish") == "B-2026-0001"
    with clock_at(datetime(2026, 12, 31, 16, 0, tzinfo=UTC)):  # midnight there
        assert place() == "A-2027-0001"


def test_eight_copies_of_one_message_from_another_system_are_one_order(
    database: House, place: Callable[..., str], rows: Rows
) -> None:
    deeds = [lambda: place(source="hotline", external_id="12345-7")] * 8
    given, refused = all_at_once(deeds)  # type: ignore[arg-type]
    assert refused == []
    assert len(set(given)) == 1
    assert len(rows(Order)) == 1
    assert len(rows(History)) == 1
    assert place(phone="13900000099").endswith("-0002")  # and they have used up one number


def test_the_same_external_id_of_two_systems_is_two_orders(
    database: House, place: Callable[..., str]
) -> None:
    numbers = {place(source=source, external_id="7") for source in ("hotline", "portal")}
    assert len(numbers) == 2
    assert place(source="hotline", external_id="7") in numbers


def test_two_who_looked_at_the_same_form_do_not_both_act(
    database: House, place_at: Callable[..., str], submit: Callable[..., None], rows: Rows
) -> None:
    number = place_at("placed", by="staff-1")
    seen = version_of(number)
    moment = datetime(2026, 9, 14, 2, 5, tzinfo=UTC)

    def accept(who: str) -> Deed:
        return lambda: submit(number, ("accept", {}), by=who, version=seen)

    with clock_at(moment):
        given, refused = all_at_once([accept("staff-1"), accept("staff-2")])
    assert len(given) == 1
    (error,) = refused
    assert isinstance(error, StaleOrder)
    winner = {"staff-1": "洛桑罗布", "staff-2": "格桑卓玛"}[rows(History)[-1].actor]
    assert str(error) == (
        f"订单 {number} 刚刚已有变化：{winner} 在 09-14 10:05 做了“受理”，"
        "现在是“社区已接单”。请按现在的情况再办。"
    )
    assert [row.action.value for row in rows(History)] == ["place", "accept"]


def test_all_actions_of_a_submit_or_none(
    database: House, place_at: Callable[..., str], submit: Callable[..., None], rows: Rows
) -> None:
    number = place_at("placed")
    before = (rows(Order), rows(History), rows(Message))
    with pytest.raises(DiandanError, match="自来水厂"):
        submit(number, ("accept", {}), ("assign", {"to": "unit-water"}))
    assert (rows(Order), rows(History), rows(Message)) == before


def test_two_clicks_at_the_same_moment_rate_once(
    database: House, place_at: Callable[..., str], rows: Rows
) -> None:
    number = place_at("done")
    bad = Rate(grade=Grade.UNSATISFIED, solved=False, reason="还是不亮")
    given, refused = all_at_once([lambda: rate_by_link(rating_token(number, 1), bad)] * 8)
    assert refused == []
    assert given == [number] * 8
    assert len(rows(Rating)) == 1
    assert [row.action.value for row in rows(History)][-2:] == ["rate", "reopen"]


def test_two_orders_that_are_merged_into_each_other_at_once_leave_one_open(
    database: House,
    place: Callable[..., str],
    do: Do,
    look: Callable[[str], Order],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither may hold its own order while it waits for the other's."""
    both_have_begun = threading.Barrier(2)

    def advance_together(*given: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_begun.wait(0.3)
        return advance(*given)

    monkeypatch.setattr("tasks.orders.advance", advance_together)
    one, other = place(), place()
    given, refused = all_at_once(
        [lambda: do(one, "merge", to=other), lambda: do(other, "merge", to=one, by="staff-2")]
    )
    assert (len(given), len(refused)) == (1, 1)
    assert sorted((look(one).status, look(other).status)) == [Status.MERGED, Status.PLACED]


def test_a_reader_sees_one_moment(database: House, place: Callable[..., str]) -> None:
    place()
    counted = select(func.count()).select_from(Order)
    with reading(database.database) as session:
        assert session.exec(counted).one() == 1
        place()
        assert session.exec(counted).one() == 1
    with reading(database.database) as session:
        assert session.exec(counted).one() == 2


def test_what_was_raised_within_a_transaction_leaves_nothing(database: House, rows: Rows) -> None:
    known = len(rows(Member))
    with pytest.raises(ZeroDivisionError), transaction(database.database) as session:
        session.add(Member(id="m-900", name="新人", handler="desk"))
        session.flush()
        raise ZeroDivisionError
    assert len(rows(Member)) == known


def test_two_who_gather_reminders_at_once_send_one_digest(
    database: House, place_at: Callable[..., str], rows: Rows
) -> None:
    with clock_at(MONDAY):
        for _ in range(6):
            place_at("assigned")
    with clock_at(MONDAY + timedelta(days=1)):
        sweep_clocks()
        _given, refused = all_at_once([gather_reminders] * 4)
    assert refused == []
    digests = [one.recipient for one in rows(Message) if one.event == "digest"]
    assert sorted(digests) == ["m-019", "unit-power"]


def test_a_ledger_that_is_made_again_while_residents_rate_has_every_line_once(
    database: House, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    with clock_at(MONDAY):
        numbers = [place_at("done") for _ in range(12)]
    rating = {"by": "resident", "grade": "satisfied", "solved": "yes"}
    ratings = [lambda number=number: do(number, "rate", **rating) for number in numbers]
    with clock_at(MONDAY):
        given, refused = all_at_once([*ratings[:6], *[recompute] * 3, *ratings[6:]])  # type: ignore[list-item]
    assert refused == []
    assert [one.different + one.unexpected for one in given if isinstance(one, Replay)] == [[]] * 3
    kept = rows(PointEntry)
    assert [one.rule for one in kept] == [PointRule.SERVICE] * 4  # the day's cap
    with transaction(database.database) as session:
        for entry in kept:
            session.delete(session.merge(entry))
    given, refused = all_at_once([recompute] * 4)
    assert refused == []
    assert sorted(len(one.added) for one in given) == [0, 0, 0, 4]


def test_who_comes_back_while_they_are_forgotten_has_a_name_all_the_same(
    database: House, place: Callable[..., str], do: Do, rows: Rows
) -> None:
    def placing() -> str:
        return place(words="又不亮了")

    with clock_at(MONDAY):
        do(place(), "withdraw", by="resident")
    with clock_at(MONDAY + timedelta(days=400)):
        given, _refused = all_at_once([forget_residents, placing])
    (number,) = [one for one in given if isinstance(one, str)]
    owner = next(order.resident_id for order in rows(Order) if order.number == number)
    assert [one.name for one in rows(Resident) if one.id == owner] == ["居民甲"]
