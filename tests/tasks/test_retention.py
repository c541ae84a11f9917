"""Residents are forgotten long after their last order; the orders and figures stay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import tasks.retention
from tasks.by_hand import errands
from tasks.clock import clock_at
from tasks.db import transaction
from tasks.house import House
from tasks.meetings import decide_matter, prepare_meeting
from tasks.models.enums import Decision, Status
from tasks.models.meeting_tables import Matter
from tasks.models.rate_tables import Exclusion
from tasks.models.tables import ClockRow, History, Message, Order, Rating, Resident
from tasks.models.tally import Tally
from tasks.retention import GONE, forget_residents, without_persons

Do = Callable[..., None]
Place = Callable[..., str]
Look = Callable[[str], Order]
Rows = Callable[..., list[Any]]
ZONE = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)
ENDED = datetime(2026, 9, 14, 10, 0, tzinfo=ZONE)  # whatever the tests do on Monday
LONG_AGO = datetime(2027, 9, 14, 10, 0, 1, tzinfo=ZONE)  # 365 days and a second later

pytestmark = pytest.mark.usefixtures("monday")


def forget_at(moment: datetime, *, dry_run: bool = False) -> Tally:
    with clock_at(moment):
        return forget_residents(dry_run=dry_run)


@pytest.fixture
def names(rows: Rows) -> Callable[[], list[str]]:
    return lambda: [resident.name for resident in rows(Resident)]


# --- what goes and what stays ---------------------------------------------------------------------


def test_the_person_goes_and_the_order_stays(
    database: House, place_at: Place, do: Do, look: Look, rows: Rows
) -> None:
    words = "我是王秀兰，电话13900000001，2026-09-10晚上8点起三号院路灯不亮，上次的编号A-2026-0007"
    number = place_at(
        "claimed",
        words=words,
        place="三号院二单元",
        resident="王秀兰",
        phone="13900000001",
        channel="mail",
        address="lan@example.org",
    )
    do(number, "contact", by="m-241", reason="打了王秀兰的电话139 0000 0001")
    do(number, "finish", by="m-241", reason="换了灯泡，王秀兰在场")
    do(number, "rate", by="resident", grade="satisfied", solved=True, reason="王秀兰说好")
    before, clocks = look(number), rows(ClockRow)
    steps = [(row.version, row.at, row.action, row.actor) for row in rows(History)]

    tally = forget_at(LONG_AGO)

    assert (tally.counts, tally.failed) == ({"forgotten": 1}, [])
    (resident,) = rows(Resident)
    assert (resident.name, resident.phone, resident.address, resident.channel) == ("", "", "", None)
    assert resident.anonymised_at == LONG_AGO
    after = look(number)
    assert after.words == (
        f"我是{GONE}，电话{GONE}，2026-09-10晚上8点起三号院路灯不亮，上次的编号A-2026-0007"
    )
    assert after.place == ""
    assert after.resident_id == resident.id  # still one resident for the figures
    private = {"words", "place"}
    assert after.model_dump(exclude=private) == before.model_dump(exclude=private)
    assert rows(ClockRow) == clocks
    history = rows(History)
    assert [(row.version, row.at, row.action, row.actor) for row in history] == steps
    assert [row.reason for row in history[-3:]] == [
        f"打了{GONE}的电话{GONE}",
        f"换了灯泡，{GONE}在场",
        f"{GONE}说好",
    ]
    assert history[-1].inputs["grade"] == "satisfied"
    (rating,) = rows(Rating)
    assert (rating.comment, rating.grade.value, rating.solved) == (f"{GONE}说好", "satisfied", True)
    kept = str([row.model_dump() for table in (Order, History, Rating) for row in rows(table)])
    for private_word in ("王秀兰", "13900000001", "139 0000 0001", "lan@example.org"):
        assert private_word not in kept


def test_what_meetings_and_exclusions_said_of_somebody_is_forgotten_too(
    sqlite_house: House, place: Place, do: Do, rows: Rows
) -> None:
    number = place(resident="王秀兰")
    do(number, "accept")
    do(number, "refer", reason="要商量")
    meeting = prepare_meeting()
    assert meeting is not None
    (matter,) = rows(Matter)
    decide_matter(matter.id, Decision.REFUSE, {"reason": "王秀兰 13900000001 已搬走"}, "staff-1")
    with transaction(sqlite_house.database) as session:
        left_out = {"round": 1, "reason": "王秀兰自己评的", "actor": "staff-1", "second": "staff-2"}
        session.add(Exclusion(order_id=matter.order_id, at=LONG_AGO, **left_out))
    forget_at(LONG_AGO)
    assert [row.reason for row in rows(Matter)] == [f"{GONE} {GONE} 已搬走"]
    assert [row.reason for row in rows(Exclusion)] == [f"{GONE}自己评的"]


def test_what_a_declined_resident_should_do_instead_keeps_nobody_either(
    sqlite_house: House, place: Place, do: Do, rows: Rows
) -> None:
    number = place(resident="王秀兰")
    do(number, "decline", reason="王秀兰不住本社区", instead="请王秀兰打 13800000002 找老李")
    forget_at(LONG_AGO)
    row = rows(History)[-1]
    assert row.reason == f"{GONE}不住本社区"
    assert row.inputs == {
        "reason": f"{GONE}不住本社区",
        "instead": f"请{GONE}打 {GONE} 找老李",
    }
    (message,) = [one for one in rows(Message) if one.event == "order_declined"]
    assert message.variables["instead"] == f"请{GONE}打 {GONE} 找老李"


def test_an_id_of_another_system_that_names_somebody_goes_and_stays_unique(
    database: House, place: Place, do: Do, look: Look, rows: Rows
) -> None:
    ids = ["王秀兰-1", "王秀兰-2", "13900000001", "M-2026-0042"]
    numbers = [place(resident="王秀兰", source="chat", external_id=id) for id in ids]
    for number in numbers:
        do(number, "withdraw", by="resident")
    forget_at(LONG_AGO)
    kept = [look(number).external_id for number in numbers]
    assert len(set(kept)) == 4
    assert kept[3] == "M-2026-0042"
    placed = [row.inputs["external_id"] for row in rows(History) if row.action == "place"]
    assert placed == kept
    assert not [id for id in kept[:3] if "王秀兰" in str(id) or "139" in str(id)]
    again = [place(resident="王秀兰", source="chat", external_id=id) for id in ids]
    assert again == numbers  # the same file once more brings no second order


def test_nobody_calls_whom_nobody_knows_any_more(
    sqlite_house: House, place: Place, do: Do, rows: Rows
) -> None:
    number = place()
    do(number, "withdraw", by="staff-1", reason="搬走了")
    assert [one.audience.value for one in errands()] == ["resident"]
    forget_at(LONG_AGO)
    assert errands() == []
    assert [one.code for one in rows(Message) if one.event == "order_withdrawn"] == ["forgotten"]


def test_who_places_an_order_while_they_are_to_be_forgotten_stays(
    database: House, place: Place, do: Do, names: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    do(place(), "withdraw", by="resident")
    usual = tasks.retention._candidates

    def somebody_comes_back(*wanted: Any) -> list[int]:
        found = usual(*wanted)
        if found:
            place()
        return found

    monkeypatch.setattr(tasks.retention, "_candidates", somebody_comes_back)
    assert not forget_at(LONG_AGO).counts
    assert names() == ["居民甲"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("打13900000001", "打•••"),
        ("打139-0000-0001找我", "打•••找我"),
        ("打+86 13900000001", "打•••"),
        ("打0893-7654321", "打•••"),
        ("打7654321", "打•••"),
        ("身份证54222719800101002X", "身份证•••"),
        ("写信到 lan.w@example.org", "写信到 •••"),
        ("写信到lan.w@example.org好吗", "写信到•••好吗"),
        ("王秀兰，就是王秀兰", "•••，就是•••"),
        ("2026-09-10 20:30，3栋502，花了1500元", "2026-09-10 20:30，3栋502，花了1500元"),
        ("2026年9月10日", "2026年9月10日"),
        (
            "见 A-2026-0001、S-2026-12345 和 B-2026-1234567",
            "见 A-2026-0001、S-2026-12345 和 B-2026-1234567",
        ),
        ("李秀兰", "李秀兰"),
        ("", ""),
    ],
)
def test_phones_cards_addresses_and_the_name_go_and_dates_and_numbers_of_orders_stay(
    typed: str, kept: str
) -> None:
    assert without_persons(typed, ["王秀兰"]) == kept


def test_a_name_of_one_character_is_not_cut_out_of_the_words(
    sqlite_house: House, place: Place, do: Do, look: Look, names: Any
) -> None:
    number = place(resident="灯", words="路灯不亮")
    do(number, "withdraw", by="resident")
    forget_at(LONG_AGO)
    assert (look(number).words, names()) == ("路灯不亮", [""])


# --- when -----------------------------------------------------------------------------------------


def test_a_resident_is_known_for_a_year_after_their_last_order_ended(
    database: House, place: Place, do: Do, names: Any
) -> None:
    do(place(), "withdraw", by="resident")
    assert not forget_at(ENDED + timedelta(days=365) - SECOND).counts
    assert names() == ["居民甲"]
    assert forget_at(LONG_AGO).counts == {"forgotten": 1}
    assert names() == [""]


@pytest.mark.parametrize("status", ["placed", "accepted", "assigned", "taken", "claimed", "done"])
def test_a_resident_with_an_open_order_is_not_forgotten_however_old_it_is(
    sqlite_house: House, place: Place, place_at: Place, do: Do, names: Any, status: str
) -> None:
    do(place(), "withdraw", by="resident")
    place_at(status)
    assert not forget_at(LONG_AGO + timedelta(days=1000)).counts
    assert names() == ["居民甲"]


def test_a_resident_whose_order_is_held_is_not_forgotten(
    sqlite_house: House, place_at: Place, do: Do, names: Any
) -> None:
    do(place_at("claimed"), "hold", reason="等天暖", date="2029-09-17")
    assert not forget_at(LONG_AGO).counts
    assert names() == ["居民甲"]


def test_one_order_that_ended_lately_keeps_the_resident(
    database: House, place: Place, do: Do, names: Any
) -> None:
    do(place(), "withdraw", by="resident")
    later = ENDED + timedelta(days=100)
    with clock_at(later):
        do(place(), "withdraw", by="resident")
    assert not forget_at(LONG_AGO).counts
    assert not forget_at(later + timedelta(days=365) - SECOND).counts
    assert forget_at(later + timedelta(days=365) + SECOND).counts == {"forgotten": 1}
    assert names() == [""]


def test_a_resident_whose_order_was_merged_is_known_as_long_as_the_other_order_goes_on(
    database: House, place: Place, do: Do, names: Any
) -> None:
    merged, middle, last = (
        place(resident=f"居民{one}", phone=f"1390000000{two}")
        for one, two in (("甲", 1), ("乙", 2), ("丙", 3))
    )
    do(merged, "merge", to=middle)
    do(middle, "merge", to=last)
    assert not forget_at(LONG_AGO).counts
    assert names() == ["居民甲", "居民乙", "居民丙"]
    with clock_at(LONG_AGO):
        do(last, "withdraw", by="staff-1", reason="都不要了")
    assert not forget_at(LONG_AGO + timedelta(days=365) - SECOND).counts
    assert forget_at(LONG_AGO + timedelta(days=365) + SECOND).counts == {"forgotten": 3}
    assert names() == ["", "", ""]


def test_others_are_forgotten_beside_those_who_are_not(
    sqlite_house: House, place: Place, do: Do, names: Any
) -> None:
    gone = place(resident="居民甲", phone="13900000001")
    place(resident="居民乙", phone="13900000002")
    do(gone, "withdraw", by="resident")
    assert forget_at(LONG_AGO).counts == {"forgotten": 1}
    assert names() == ["", "居民乙"]


def test_who_comes_again_after_they_were_forgotten_is_a_new_resident(
    sqlite_house: House, place: Place, do: Do, look: Look, names: Any
) -> None:
    old = place()
    do(old, "withdraw", by="resident")
    forget_at(LONG_AGO)
    with clock_at(LONG_AGO):
        new = place()
    assert names() == ["", "居民甲"]
    assert look(new).resident_id != look(old).resident_id


# --- twice, dry, and one that fails ---------------------------------------------------------------


def everything(rows: Rows) -> list[Any]:
    tables = (Resident, Order, History, Rating, Message, ClockRow)
    return [row.model_dump() for table in tables for row in rows(table)]


def test_forgetting_twice_changes_nothing_the_second_time(
    database: House, place: Place, do: Do, rows: Rows
) -> None:
    do(place(words="打13900000001找居民甲"), "withdraw", by="resident")
    assert forget_at(LONG_AGO).counts == {"forgotten": 1}
    once = everything(rows)
    assert not forget_at(LONG_AGO + timedelta(days=1)).counts
    assert everything(rows) == once


def test_a_dry_run_counts_whom_the_real_one_forgets_and_changes_nothing(
    database: House, place: Place, do: Do, rows: Rows
) -> None:
    for one in range(3):
        do(place(resident=f"居民{one}", phone=f"1390000000{one}"), "withdraw", by="resident")
    place(resident="居民乙", phone="13900000009")
    before = everything(rows)
    assert forget_at(LONG_AGO, dry_run=True).counts == {"forgotten": 3}
    assert everything(rows) == before
    assert forget_at(LONG_AGO).counts == {"forgotten": 3}
    assert everything(rows) != before


def test_a_resident_who_cannot_be_forgotten_is_set_aside_and_the_others_are_not(
    database: House, place: Place, do: Do, names: Any, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in range(3):
        do(place(resident=f"居民{one}", phone=f"1390000000{one}"), "withdraw", by="resident")
    usual = tasks.retention._erase

    def fails_for_one(session: Any, resident: Resident, orders: Any) -> None:
        usual(session, resident, orders)
        if resident.id == 2:
            raise RuntimeError

    monkeypatch.setattr(tasks.retention, "_erase", fails_for_one)
    tally = forget_at(LONG_AGO)
    assert (tally.counts, tally.failed) == ({"forgotten": 2}, [("居民 2", "RuntimeError")])
    assert names() == ["", "居民1", ""]
    assert look("A-2026-0002").status is Status.WITHDRAWN
    monkeypatch.setattr(tasks.retention, "_erase", usual)
    assert forget_at(LONG_AGO).counts == {"forgotten": 1}
    assert names() == ["", "", ""]
