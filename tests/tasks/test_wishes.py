"""Small wishes: who may claim one, who reads what of whom, and what becomes of a claim."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from tasks.db import transaction
from tasks.errors import AlreadyClaimed, Refused
from tasks.house import House
from tasks.models.enums import Action, Audience, Event
from tasks.models.tables import Member, Message, Order
from tasks.models.wish_tables import ClaimRow
from tasks.views import messages_json

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
        (body,) = (
            one["body"]
            for one in messages_json()
            if (one["event"], one["recipient"]) == ("order_claimed", member)
        )
        return str(body)

    do(number, "claim", to="m-241")
    assert PHONE in told("m-241")
    do(number, "release", reason="家里有事")
    do(number, "claim", to="m-244")
    assert PHONE not in told("m-241")
    assert PHONE in told("m-244")
    do(number, "finish", reason="书包送到了")
    assert PHONE not in told("m-244")


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
