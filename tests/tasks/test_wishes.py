"""Small wishes: who may claim one, who reads what of whom, and what becomes of a claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from flows.forms.description import describe
from tasks.db import reading, transaction
from tasks.desk import look_at
from tasks.errors import AlreadyClaimed, DiandanError, Refused
from tasks.house import House
from tasks.models.enums import Action, Audience, Event
from tasks.models.tables import Member, Message, Order
from tasks.models.wish_tables import ClaimRow, HelperRow
from tasks.registration import leave
from tasks.texts import text_of
from tasks.views import messages_json, order_json
from tasks.wishes import wish_json

Do = Callable[..., None]
Rows = Callable[..., list[Any]]
PHONE = "13900000001"


@pytest.fixture
def wish(place: Callable[..., str], do: Do) -> Callable[..., str]:
    """A small wish that waits for somebody to claim it."""

    def begin(**values: Any) -> str:
        number = place(kind="small_wish", category="wishes", words="想要一个书包", **values)
        do(number, "accept")
        return number

    return begin


def claims(rows: Rows) -> list[tuple[str, Action | None]]:
    return [(row.member, row.ended_by) for row in rows(ClaimRow)]


def test_a_claim_that_is_given_back_stays_in_the_books_and_another_begins(
    database: House, monday: Any, wish: Callable[..., str], do: Do, rows: Rows
) -> None:
    number = wish()
    do(number, "claim", by="m-241", to="m-241")
    do(number, "hold", reason="等货", date="2026-09-30")
    do(number, "resume")
    assert claims(rows) == [("m-241", None)]
    do(number, "release", by="m-241", reason="家里有事")
    do(number, "claim", by="m-244", to="m-244")
    do(number, "finish", by="m-244", reason="书包送到了")
    assert claims(rows) == [("m-241", Action.RELEASE), ("m-244", None)]
    do(number, "rate", by="resident", grade="satisfied", solved=True)
    assert claims(rows) == [("m-241", Action.RELEASE), ("m-244", Action.RATE)]


def test_an_order_that_is_reassigned_or_withdrawn_is_in_nobodys_hands(
    sqlite_house: House, monday: Any, place_at: Callable[..., str], do: Do, rows: Rows
) -> None:
    do(place_at("claimed"), "reassign", to="unit-water", reason="是水的事")
    do(place_at("claimed"), "withdraw", by="resident")
    assert claims(rows) == [("m-241", Action.REASSIGN), ("m-241", Action.WITHDRAW)]


def test_the_database_itself_lets_nobody_claim_twice(
    database: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish()
    do(number, "claim", by="m-241", to="m-241")
    order = look(number)
    with pytest.raises(IntegrityError), transaction(database.database) as session:
        session.add(ClaimRow(order_id=order.id or 0, member="m-244", claimed_at=monday))


@pytest.mark.parametrize(
    ("by", "who"),
    [
        ("m-244", "另一位党员"),  # of another unit
        ("m-242", "“边巴德吉”"),  # of the same
        ("staff-1", "“边巴德吉”"),
        ("m-241", "您自己"),
    ],
)
def test_who_comes_too_late_reads_so_and_only_as_much_as_they_may_know(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do, by: str, who: str
) -> None:
    number = wish()
    do(number, "claim", by="m-241", to="m-241")
    with pytest.raises(AlreadyClaimed, match=f"订单 {number} 已经由{who}认领了。"):
        do(number, "claim", by=by, to="m-244" if by == "staff-1" else by)


@pytest.mark.parametrize("typed", ["13800000241", "+86 138 0000 0241", "138-0000-0241"])
def test_nobody_claims_their_own_wish_however_their_phone_is_written(
    settle: Callable[..., House],
    sqlite_house: House,
    monday: Any,
    wish: Callable[..., str],
    do: Do,
    typed: str,
) -> None:
    with transaction(sqlite_house.database) as session:
        member = session.get(Member, "m-241")
        assert member is not None
        member.phone = typed
    number = wish(phone="13800000241")
    with pytest.raises(Refused, match="这是其自己的心愿，要由别人来认领。"):
        do(number, "claim", by="m-241", to="m-241")


def test_the_wishers_phone_is_for_the_one_who_has_the_wish_in_hand(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()

    def told(member: str) -> str:
        claimed = Message.event == Event.ORDER_CLAIMED, Message.recipient == member
        with reading(sqlite_house.database) as session:
            message = session.exec(select(Message).where(*claimed)).one()
            return text_of(session, message, session.get(Order, message.order_id)).body

    do(number, "claim", to="m-241")
    assert PHONE in told("m-241")
    assert PHONE not in str(messages_json())  # who looks after the machine need not know it
    do(number, "release", reason="家里有事")
    do(number, "claim", to="m-244")
    assert PHONE not in told("m-241")
    assert PHONE in told("m-244")
    do(number, "finish", reason="书包送到了")
    assert PHONE not in told("m-244")


# --- several help, one claims -----------------------------------------------------------------------


def test_several_help_whoever_has_the_wish_in_hand_as_long_as_they_have_it(
    database: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    do(number, "claim", to="m-241", helpers="m-244、m-245、尼玛罗布")
    do(number, "report", reason="送货上门", helpers="m-246")
    told = [one for one in messages_json() if one["event"] == "help_asked"]
    assert [one["recipient"] for one in told] == ["m-244", "m-245", "m-246"]
    assert "请您和边巴德吉一起办微心愿" in told[2]["body"]
    assert "怎么帮：送货上门" in told[2]["body"]
    assert all(PHONE not in one["body"] for one in told)
    do(number, "hold", reason="等货", date="2026-09-30")
    do(number, "resume")
    assert order_json(number)["helpers"] == ["m-244", "m-245", "m-246"]
    do(number, "release", reason="家里有事")
    assert order_json(number)["helpers"] == []
    do(number, "claim", to="m-244", helpers="m-241")
    assert [(one["member"], one["helpers"]) for one in wish_json(number)["claims"]] == [
        ("m-241", ["m-244", "m-245", "m-246"]),
        ("m-244", ["m-241"]),
    ]
    leave("m-241", None, "staff-1")
    assert order_json(number)["helpers"] == []


def test_the_desk_sees_who_helps(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    do(number, "claim", to="m-241", helpers="m-244")
    assert "| 党员 · 帮手 | 边巴德吉 · 尼玛罗布 |" in describe(look_at(number), 4, with_phone=False)


@pytest.mark.parametrize(
    ("helpers", "sentence"),
    [
        ("m-241", "“边巴德吉”已经在办这件事了。"),
        ("m-999", "没有党员“m-999”"),
        ("m-247", "“新来的”还没有通过核实，不能帮忙办理。"),
        ("m-248", "这是“点单人”自己的心愿，要由别人来办。"),
    ],
)
def test_who_cannot_help_is_refused_and_nothing_is_stored(
    sqlite_house: House,
    monday: Any,
    wish: Callable[..., str],
    do: Do,
    rows: Rows,
    helpers: str,
    sentence: str,
) -> None:
    with transaction(sqlite_house.database) as session:
        for id, name, verified, phone in (
            ("m-247", "新来的", False, ""),
            ("m-248", "点单人", True, PHONE),
        ):
            member = session.get(Member, id)
            assert member is not None
            member.name, member.verified, member.phone = name, verified, phone
    number = wish(phone=PHONE)
    with pytest.raises(DiandanError, match=sentence):
        do(number, "claim", to="m-241", helpers=helpers)
    assert rows(ClaimRow) == rows(HelperRow) == []


def test_nobody_helps_before_somebody_has_claimed_and_who_helps_does_not_rate_it(
    sqlite_house: House, monday: Any, place_at: Callable[..., str], do: Do
) -> None:
    number = place_at("taken")
    with pytest.raises(Refused, match="还没有人认领，认领以后才能加帮手。"):
        do(number, "report", reason="帮忙", helpers="m-244")
    do(number, "claim", to="m-241", helpers="m-002")  # staff-2 is m-002
    do(number, "finish", by="staff-1", reason="换了灯泡")
    with pytest.raises(Refused, match="回访要由另一个人来做"):
        do(number, "rate", by="staff-2", grade="satisfied", solved=True)


def test_who_has_helped_in_the_round_does_not_rate_it_whatever_happened_since(
    sqlite_house: House, monday: Any, place_at: Callable[..., str], do: Do
) -> None:
    number = place_at("taken", phone=PHONE)
    with transaction(sqlite_house.database) as session:
        member = session.get(Member, "m-244")
        assert member is not None
        member.phone = PHONE
    do(number, "claim", to="m-242", helpers="m-002、m-244")
    do(number, "release", reason="家里有事")
    do(number, "claim", to="m-241")
    do(number, "finish", by="staff-1", reason="换了灯泡")
    with pytest.raises(Refused, match="办理人与点单人是同一个电话"):
        do(number, "rate", by="resident", grade="satisfied", solved=True)
    with transaction(sqlite_house.database) as session:
        member = session.get(Member, "m-244")
        assert member is not None
        member.phone = ""
    with pytest.raises(Refused, match="回访要由另一个人来做"):
        do(number, "rate", by="staff-2", grade="satisfied", solved=True)
    do(number, "rate", by="staff-3", grade="unsatisfied", solved=False, reason="又坏了")
    do(number, "claim", to="m-241")
    do(number, "finish", reason="又修好了")
    do(number, "rate", by="staff-2", grade="satisfied", solved=True)  # another round


# --- published to members ---------------------------------------------------------------------------


def test_an_open_wish_is_told_to_the_verified_members_who_want_to_hear(
    settle: Callable[..., House],
    sqlite_house: House,
    community: Callable[..., Path],
    monday: Any,
    wish: Callable[..., str],
    rows: Rows,
    hook: Any,
) -> None:
    to_all = {"channel": "webhook", "address": "a"}
    members = {
        "m-241": {"contacts": [to_all]},
        "m-244": {"contacts": [{**to_all, "events": ["wish_open"]}]},
        "m-246": {"contacts": [{**to_all, "events": ["order_claimed"]}]},
    }
    settle(
        config=community({"people.yaml": {"members": members}}),
        channels={"webhook": f"json://{hook.host}/in"},
    )
    number = wish()
    told = [
        (message.recipient, message.channel)
        for message in rows(Message)
        if message.event is Event.WISH_OPEN and message.audience is Audience.MEMBER
    ]
    assert told == [("m-241", "webhook"), ("m-244", "webhook")]
    (text,) = {one["body"] for one in messages_json() if one["recipient"] == "m-244"}
    assert number in text
    assert PHONE not in text
