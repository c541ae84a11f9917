"""Big wishes: what is promised, given and spent adds up to the fen, whoever tries what."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from tasks.by_hand import errands
from tasks.clock import clock_at
from tasks.dates import end_funding
from tasks.db import reading, transaction
from tasks.desk import look_at
from tasks.errors import DiandanError, Refused
from tasks.funding import books_of
from tasks.house import House, house
from tasks.migrate import _alembic, migrate
from tasks.models.enums import Action, Audience, Entry, Status
from tasks.models.tables import History, Order
from tasks.models.wish_tables import MoneyEntry
from tasks.rules.funding import Funds
from tasks.views import messages_json

Do = Callable[..., None]
PLAN = {"to": "unit-housing", "date": "2026-10-15", "yuan": "500", "reason": "修活动室"}
GIFT = {"donor": "县医院", "kind": "money", "yuan": "300"}


@pytest.fixture
def wish(place: Callable[..., str], do: Do) -> Callable[..., str]:
    """A big wish for which 500 yuan are raised; with `given`, so much of it has come in."""

    def begin(given: str = "", **plan: Any) -> str:
        number = place(kind="big_wish", words="想有个活动室")
        do(number, "accept")
        do(number, "refer", reason="要筹款")
        do(number, "open_funding", **{**PLAN, **plan})
        if given:
            do(number, "pledge", **{**GIFT, "yuan": given})
            do(number, "receive", yuan=given)
        return number

    return begin


@pytest.fixture
def taken(wish: Callable[..., str], do: Do) -> Callable[..., str]:
    """A big wish that is funded with 500 yuan and that its lead unit has taken."""

    def begin() -> str:
        number = wish(given="500")
        do(number, "take")
        return number

    return begin


def books(number: str) -> Funds:
    with reading(house().database) as session:
        order = session.exec(select(Order).where(Order.number == number)).one()
        return books_of(session, order)


def history(number: str) -> list[History]:
    with reading(house().database) as session:
        order = session.exec(select(Order).where(Order.number == number)).one()
        rows = select(History).where(History.order_id == order.id).order_by(col(History.version))
        return list(session.exec(rows))


def refused(do: Do, number: str, action: str, **typed: Any) -> str:
    before = entries()
    with pytest.raises(DiandanError) as caught:
        do(number, action, **typed)
    assert entries() == before
    return str(caught.value)


def entries() -> list[dict[str, Any]]:
    with reading(house().database) as session:
        return [row.model_dump() for row in session.exec(select(MoneyEntry))]


# --- promised and received --------------------------------------------------------------------------


def test_what_several_give_reaches_the_target_and_the_lead_unit_is_asked(
    database: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish()
    do(number, "pledge", **GIFT)
    do(number, "pledge", donor="爱心商户", kind="goods", yuan="150.50", anonymous=True)
    do(number, "pledge", donor="志愿者", kind="labour", yuan="49.50")
    assert books(number).pledged == 50_000
    do(number, "receive", pledge=1, yuan="300")
    do(number, "receive", pledge=2, yuan="150.50")
    assert look(number).status is Status.FUNDING
    do(number, "receive", pledge=3, yuan="49.50")
    order = look(number)
    assert (order.status, order.handler) == (Status.ASSIGNED, "unit-housing")
    money = books(number)
    assert (money.received, money.spent, money.left) == (50_000, 0, 50_000)
    assert [(one.donor, one.anonymous) for one in money.promises] == [
        ("县医院", False),
        ("爱心商户", True),
        ("志愿者", False),
    ]


def test_more_than_was_promised_is_not_received_and_the_sentence_says_what_to_do(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    assert "没有第 1 笔认领，还没有人认领资助。" in refused(do, number, "receive", yuan="1")
    do(number, "pledge", **GIFT)
    do(number, "receive", pledge=1, yuan="200")
    assert (
        "第 1 笔（县医院）认领了 300.00 元，已到 200.00 元，多出来的请先另记一笔认领。"
        in refused(do, number, "receive", pledge=1, yuan="100.01")
    )
    assert "没有第 2 笔认领，现在有第 1 到第 1 笔。" in refused(
        do, number, "receive", pledge=2, yuan="1"
    )
    assert books(number).received == 20_000


@pytest.mark.parametrize(
    "yuan", ["0", "-1", "0.001", "1000000000000", "一百", "", "1,00", "1,0000"]
)
def test_a_sum_that_is_none_is_refused(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do, yuan: str
) -> None:
    number = wish()
    assert "金额（元）（yuan）”" in refused(do, number, "pledge", **{**GIFT, "yuan": yuan})


@pytest.mark.parametrize("yuan", ["1234.50", "1,234.5", "1，234.50 元", " 1234.50元 "])
def test_a_sum_is_written_as_people_write_it(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do, yuan: str
) -> None:
    number = wish()
    do(number, "pledge", **{**GIFT, "yuan": yuan})
    assert books(number).pledged == 123_450


def test_what_comes_later_than_the_target_is_received_too(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    do(number, "pledge", **GIFT)
    do(number, "pledge", **{**GIFT, "donor": "企业", "yuan": "500"})
    do(number, "receive", pledge=2, yuan="500")  # funded
    do(number, "receive", pledge=1, yuan="300")
    assert books(number).left == 80_000


# --- spent ------------------------------------------------------------------------------------------


def test_no_more_is_spent_than_there_is_and_no_voucher_counts_twice(
    database: House, monday: Any, taken: Callable[..., str], do: Do
) -> None:
    number = taken()
    do(number, "spend", voucher="收据 1", yuan="499.99")
    assert "凭证“收据 1”已经记过一次。" in refused(
        do, number, "spend", voucher="收据 1", yuan="0.01"
    )
    assert "账上只剩 0.01 元，不够 0.02 元。" in refused(
        do, number, "spend", voucher="收据 2", yuan="0.02"
    )
    do(number, "spend", by="unit-housing", voucher="收据 2", yuan="0.01")
    assert (books(number).spent, books(number).left) == (50_000, 0)


# --- how it ends ------------------------------------------------------------------------------------


def test_a_wish_that_ends_releases_what_had_not_come(
    database: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish()
    do(number, "pledge", **GIFT)
    do(number, "withdraw", by="resident")
    assert look(number).status is Status.WITHDRAWN
    assert books(number).pledged == 0
    assert [row["entry"] for row in entries()] == [Entry.PLEDGED, Entry.RELEASED]


def test_a_wish_with_money_ends_only_when_the_money_has_been_moved(
    database: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number, other = wish(given="200"), wish()
    sentence = "账上还有 200.00 元，请先由会议决定转给别的大心愿。"
    assert sentence in refused(do, number, "withdraw")
    assert "账上只剩 200.00 元，不够 200.01 元。" in refused(
        do, number, "move_money", to=other, yuan="200.01", reason="会议决定"
    )
    do(number, "move_money", to=other, yuan="200", reason="会议决定")
    do(number, "withdraw")
    assert books(number).left == 0
    assert (books(other).moved_in, books(other).left) == (20_000, 20_000)
    do(other, "pledge", **GIFT)
    do(other, "receive", yuan="300")  # with the 200 that were moved: funded


def test_the_meeting_does_not_refuse_what_has_money_and_no_wish_with_money_is_merged(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number, other = wish(given="200"), wish(given="500")
    with clock_at(monday + timedelta(days=40)):
        do(number, "fail_funding", by="system")
        assert "账上还有 200.00 元" in refused(do, number, "refuse", reason="不办了")
    assert "账上还有 500.00 元" in refused(do, other, "merge", to=number)


def test_funding_fails_only_after_its_day_and_below_its_target(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish(given="499.99")
    assert "筹集期到 10-15 23:59 才结束。" in refused(do, number, "fail_funding", by="system")
    assert "还差 0.01 元才筹足。" in refused(do, number, "complete_funding", by="system")
    with clock_at(monday + timedelta(days=32)):
        do(number, "fail_funding", by="system")
        assert look(number).status is Status.IN_MEETING
        do(number, "open_funding", **{**PLAN, "date": "2026-12-01", "yuan": "499.99"})
    assert look(number).status is Status.ASSIGNED  # what had come in stays


def test_the_sweep_ends_the_funding_that_is_over_and_no_other(
    database: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    late, raising, rich = wish(), wish(date="2026-12-01"), wish(given="300")
    with transaction(database.database) as session:  # as an older version left one behind
        row = session.exec(select(Order).where(Order.number == rich)).one()
        row.target = 30_000
    with clock_at(monday + timedelta(days=31)):  # in the morning of the last day
        assert end_funding(dry_run=True).numbers == {"funded": [rich]}
        assert look(rich).status is Status.FUNDING
        assert end_funding().numbers == {"funded": [rich]}
        assert look(rich).status is Status.ASSIGNED
    with clock_at(monday + timedelta(days=32)):
        assert end_funding().numbers == {"not_funded": [late]}
        assert end_funding().counts == {}
    assert [look(one).status for one in (late, raising)] == [Status.IN_MEETING, Status.FUNDING]


# --- what donors hear ---------------------------------------------------------------------------------


def test_who_gave_hears_that_it_is_funded_and_what_came_of_it_and_is_not_called_for_every_bill(
    sqlite_house: House, monday: Any, taken: Callable[[], str], do: Do
) -> None:
    number = taken()
    do(number, "spend", voucher="收据 1", yuan="450")
    do(number, "claim", to="m-270")
    do(number, "finish", reason="活动室修好了")
    told = [one for one in messages_json() if one["audience"] == "donor"]
    assert [one["event"] for one in told] == ["wish_funded", "wish_fulfilled"]
    assert "已经筹足 500.00 元" in told[0]["body"]
    assert "共筹得 500.00 元，支出 450.00 元，结余 50.00 元" in told[1]["body"]
    assert [errand.name for errand in errands() if errand.audience is Audience.DONOR] == [
        "县医院"
    ] * 2


def test_a_unit_that_gave_hears_of_every_bill_on_its_own_channel_and_of_its_two_gifts_once(
    settle: Callable[..., House],
    sqlite_house: House,
    community: Callable[..., Path],
    monday: Any,
    wish: Callable[..., str],
    do: Do,
    hook: Any,
) -> None:
    bank = {"contacts": [{"channel": "webhook", "address": "bank"}]}
    settle(
        config=community({"handlers.yaml": {"units": {"unit-bank": bank}}}),
        channels={"webhook": f"json://{hook.host}/in"},
    )
    number = wish()
    name = house().catalog.handlers["unit-bank"].name
    for _ in range(2):
        do(number, "pledge", donor=name, kind="money", yuan="250")
        do(number, "receive", yuan="250")
    do(number, "take")
    do(number, "spend", voucher="收据 1", yuan="450", reason="买水泥")
    told = [one for one in messages_json() if one["audience"] == "donor"]
    assert [(one["event"], one["channel"]) for one in told] == [
        ("wish_funded", "webhook"),
        ("money_spent", "webhook"),
    ]
    assert "支出 450.00 元（凭证：收据 1）。\n用途：买水泥\n共筹得 500.00 元" in told[1]["body"]


def test_who_gave_hears_when_the_money_goes_to_another_wish(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number, other = wish(given="200"), wish()
    do(number, "move_money", to=other, yuan="150", reason="联席会议 9 月 14 日决定")
    before = look_at(other)
    do(number, "move_money", to=other, yuan="25", reason="再转一点")
    after = look_at(other)
    assert after.key != before.key  # its own form is shown anew
    assert "转入 175.00" in after.books
    assert [(deed.action, deed.reason) for deed in after.history][-1] == (
        "转入款项",
        f"25.00 元，来自 {number}",
    )
    told = next(one for one in messages_json() if one["audience"] == "donor")
    assert f"它的款项有 150.00 元转给了另一个大心愿 {other}。" in told["body"]
    assert "决定：联席会议 9 月 14 日决定" in told["body"]


def test_a_wish_that_moved_money_completes_goes_to_its_lead_unit_at_once_and_its_donors_hear(
    database: House, monday: Any, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    giver, number = wish(given="200"), wish(given="300")
    do(giver, "move_money", to=number, yuan="200", reason="会议决定")
    assert look(number).status is Status.ASSIGNED
    events = [(one["order"], one["event"]) for one in messages_json() if one["audience"] == "donor"]
    assert sorted(events) == [(giver, "money_moved"), (number, "wish_funded")]
    assert [row.action for row in history(number)][-1] is Action.COMPLETE_FUNDING


def test_the_desk_reads_who_gave_how_much_and_what_is_more_than_was_asked_for(
    sqlite_house: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    number = wish()
    do(number, "pledge", donor="县医院", kind="goods", yuan="600", reason="桌椅")
    do(number, "receive", yuan="550")
    do(number, "take")
    do(number, "spend", voucher="收据 1", yuan="12.34", reason="买水泥")
    view = look_at(number)
    said = {deed.action: deed.reason for deed in view.history}
    assert said[Action.PLEDGE.label] == "县医院 物资 600.00 元，桌椅"
    assert said[Action.RECEIVE.label] == "550.00 元"
    assert said[Action.SPEND.label] == "凭证 收据 1 12.34 元，买水泥"
    assert "比目标多 50.00" in view.books


# --- whoever tries what -------------------------------------------------------------------------------


def test_many_give_at_once_and_every_fen_is_counted(
    database: House, wish: Callable[..., str], do: Do, look: Callable[[str], Order]
) -> None:
    number = wish(yuan="16", date="2099-01-01")

    def give(turn: int) -> None:
        do(number, "pledge", donor=f"居民 {turn}", kind="money", yuan="1")

    with ThreadPoolExecutor(8) as donors:
        list(donors.map(give, range(16)))
        list(donors.map(lambda turn: do(number, "receive", pledge=turn, yuan="1"), range(1, 17)))
    assert [one.received for one in books(number).promises] == [100] * 16
    assert look(number).status is Status.ASSIGNED


def test_of_two_who_spend_the_last_money_one_is_refused(
    database: House, wish: Callable[..., str], do: Do
) -> None:
    number = wish(given="500", date="2099-01-01")
    do(number, "take")

    def spend(turn: int) -> str:
        try:
            do(number, "spend", voucher=f"收据 {turn}", yuan="300")
        except Refused as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(2) as spenders:
        said = sorted(spenders.map(spend, range(2)))
    assert said[0] == ""
    assert "账上只剩 200.00 元，不够 300.00 元。" in said[1]


def some_deed(chance: Random, numbers: list[str]) -> tuple[str, dict[str, Any]]:
    """Mostly money, now and then something else that happens to a wish."""
    other = chance.choice(numbers)
    yuan = chance.choice(["0.01", "1", "33.33", "250", "500"])
    return chance.choice(
        [
            ("pledge", {"donor": "某人", "kind": "money", "yuan": yuan}),
            ("pledge", {"donor": "某人", "kind": "goods", "yuan": yuan, "anonymous": True}),
            ("receive", {"pledge": chance.randint(1, 3), "yuan": yuan}),
            ("receive", {"yuan": yuan}),
            ("receive", {"yuan": yuan}),
            ("spend", {"voucher": f"收据 {chance.randint(1, 5)}", "yuan": yuan}),
            ("spend", {"voucher": f"收据 {chance.randint(1, 99)}", "yuan": yuan}),
            ("move_money", {"to": other, "yuan": yuan, "reason": "会议决定"}),
            ("take", {}),
            ("refer", {"reason": "再议"}),
            ("open_funding", {**PLAN, "date": "2099-01-01", "yuan": yuan}),
            ("return", {"reason": "办不了"}),
            ("withdraw", {}),
        ]
    )


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=True))
def test_the_books_balance_after_whatever_was_tried(
    database: House, monday: Any, wish: Callable[..., str], do: Do, chance: Random
) -> None:
    numbers = [wish(), wish()]
    for _ in range(25):
        number = chance.choice(numbers)
        action, typed = some_deed(chance, numbers)
        try:
            do(number, action, **typed)
        except DiandanError as refusal:
            assert str(refusal)
        both = [books(each) for each in numbers]
        for money in both:
            assert all(0 <= one.received <= one.pledged for one in money.promises)
            assert money.received + money.moved_in == money.spent + money.moved_out + money.left
            assert 0 <= money.spent <= money.received + money.moved_in - money.moved_out
        assert sum(money.moved_in for money in both) == sum(money.moved_out for money in both)


# --- an older database --------------------------------------------------------------------------------


def test_what_was_written_down_before_there_were_books_is_in_them_after_the_upgrade(
    database: House, monday: Any, wish: Callable[..., str], do: Do
) -> None:
    giver, number = wish(given="500"), wish(yuan="5000")
    do(number, "pledge", **GIFT)
    do(number, "pledge", donor="商会", kind="goods", yuan="150", anonymous=True)
    do(number, "receive", pledge=2, yuan="100")
    do(giver, "take")
    do(giver, "spend", voucher="收据 1", yuan="12.34")
    do(giver, "move_money", to=number, yuan="20", reason="会议决定")
    before = [books(giver), books(number)]
    with transaction(database.database) as session:
        config = _alembic()
        config.attributes["connection"] = session.connection()
        command.downgrade(config, "0004")
    migrate(database.database, database.catalog)
    assert [books(giver), books(number)] == before
