"""Claiming, extending, holding, referring: what the law allows while somebody works on an order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tasks.errors import BadInput
from tasks.models.enums import Action, Kind, Status
from tasks.models.state import MemberView, OrderState
from tasks.requests import request_for
from tasks.rules.funding import Funds

NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai
WORK = ["accepted", "assigned", "taken", "claimed"]
After = Callable[..., OrderState]
Order = Callable[..., OrderState]
WhyNot = Callable[..., str]


# --- claiming and giving back -------------------------------------------------------------------


def test_a_member_of_the_handler_claims_what_it_has_taken(order: Order, after: After) -> None:
    claimed = after(order("taken"), "claim", by="m-241", to="m-241")
    assert (claimed.status, claimed.member) == (Status.CLAIMED, "m-241")
    assert (claimed.handler, claimed.claimed_from) == ("unit-power", Status.TAKEN)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_stranger_to_the_handler_cannot_claim_what_it_has_taken(
    order: Order, why_not: WhyNot, kind: Kind
) -> None:
    why = why_not(order("taken", kind=kind), "claim", by="m-244", to="m-244")
    assert "“尼玛罗布”不是“供电所”的人。" in why


@pytest.mark.parametrize(
    ("kind", "status"), [(Kind.APPEAL, "taken"), (Kind.SMALL_WISH, "accepted")]
)
def test_who_has_not_been_verified_claims_nothing(
    order: Order, why_not: WhyNot, kind: Kind, status: str
) -> None:
    newcomer = MemberView("m-242", "李建平", "unit-power", "", verified=False)
    why = why_not(order(status, kind=kind), "claim", to="m-242", around={"named_member": newcomer})
    assert "“李建平”还没有通过核实，不能认领。" in why


@pytest.mark.parametrize("member", ["m-241", "m-244", "m-001"])
def test_any_member_claims_a_small_wish_that_is_open(
    order: Order, after: After, member: str
) -> None:
    wish = order("accepted", kind=Kind.SMALL_WISH, category="wishes")
    claimed = after(wish, "claim", by=member, to=member)
    assert (claimed.member, claimed.handler) == (member, None)
    assert claimed.claimed_from is Status.ACCEPTED


@pytest.mark.parametrize("came_from", [Status.ACCEPTED, Status.TAKEN])
def test_a_small_wish_goes_back_to_where_it_was_claimed_from(
    order: Order, after: After, came_from: Status
) -> None:
    wish = order("claimed", kind=Kind.SMALL_WISH, claimed_from=came_from)
    released = after(wish, "release", by="m-241", reason="家里有事")
    assert released.status is came_from
    assert (released.member, released.claimed_from) == (None, None)


def test_a_hold_does_not_forget_where_a_small_wish_was_claimed_from(
    order: Order, after: After
) -> None:
    wish = order("claimed", kind=Kind.SMALL_WISH, claimed_from=Status.ACCEPTED, handler=None)
    held = after(wish, "hold", reason="等货", date="2026-10-09")
    released = after(after(held, "resume"), "release", by="m-241", reason="货不来了")
    assert released.status is Status.ACCEPTED


@pytest.mark.parametrize("kind", [Kind.APPEAL, Kind.BIG_WISH])
def test_an_appeal_or_big_wish_that_a_member_gives_back_is_with_its_handler_again(
    order: Order, after: After, kind: Kind
) -> None:
    released = after(order("claimed", kind=kind), "release", by="m-241", reason="出差")
    assert (released.status, released.handler, released.member) == (
        Status.TAKEN,
        "unit-power",
        None,
    )


# --- reaching the resident, finishing -------------------------------------------------------------


def test_the_first_contact_counts_and_a_second_call_does_not_move_it(
    order: Order, after: After
) -> None:
    first = after(order("claimed"), "contact", by="m-241", reason="电话约好明天")
    again = after(
        first, "contact", by="m-241", reason="又打了一次", around={"now": NOW + timedelta(days=1)}
    )
    assert (first.contacted_at, again.contacted_at) == (NOW, NOW)
    assert again.status is Status.CLAIMED


def test_finishing_on_the_spot_is_a_contact(order: Order, after: After) -> None:
    done = after(order("claimed"), "finish", by="m-241", reason="换了灯泡")
    assert (done.status, done.done_at, done.done_by) == (Status.DONE, NOW, "m-241")
    assert done.contacted_at == NOW


def test_finishing_keeps_the_earlier_contact(order: Order, after: After) -> None:
    claimed = order("claimed", contacted_at=NOW - timedelta(hours=5))
    done = after(claimed, "finish", by="m-241", reason="换了灯泡")
    assert done.contacted_at == NOW - timedelta(hours=5)


@pytest.mark.parametrize(
    "action",
    ["finish", "release", "return", "contact", "report", "refer", "send_back", "reopen", "refuse"],
)
def test_what_has_to_be_explained_is_refused_without_words(action: str) -> None:
    with pytest.raises(BadInput, match="说明（reason）”没有填"):
        request_for(Action(action), {"reason": " \n "})


# --- extensions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", WORK)
def test_an_extension_is_asked_before_the_deadline_and_approved_by_another(
    order: Order, after: After, status: str
) -> None:
    asked = after(order(status), "ask_extension", by="staff-1", reason="等材料", date="2026-10-09")
    until = datetime(2026, 10, 9, 15, 59, 59, tzinfo=UTC)  # the end of that day in Shanghai
    assert (asked.asked_due_at, asked.asked_by) == (until, "staff-1")
    assert (asked.due_at, asked.status) == (order(status).due_at, Status(status))
    approved = after(asked, "approve_extension", by="staff-2")
    assert (approved.due_at, approved.asked_due_at, approved.asked_by) == (until, None, None)
    refused = after(asked, "refuse_extension", by="staff-2")
    assert (refused.due_at, refused.asked_due_at) == (order(status).due_at, None)


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=2)])
def test_an_extension_is_not_asked_once_the_deadline_has_passed(
    order: Order, why_not: WhyNot, late: timedelta
) -> None:
    overdue = order("taken", due_at=NOW - late)
    why = why_not(overdue, "ask_extension", reason="等材料", date="2026-10-09")
    assert "期限已过，不能再申请延期。" in why


@pytest.mark.parametrize(
    "day",
    [
        "2026-09-14",  # today
        "2026-09-17",  # the day before the deadline
        "2020-01-01",
    ],
)
def test_an_extension_must_be_later_than_the_deadline(
    order: Order, why_not: WhyNot, day: str
) -> None:
    taken = order("taken", due_at=datetime(2026, 9, 18, 2, 0, tzinfo=UTC))
    assert "新日期不能比现在的期限早。" in why_not(taken, "ask_extension", reason="等", date=day)


def test_one_extension_waits_at_a_time(order: Order, after: After, why_not: WhyNot) -> None:
    asked = after(order("taken"), "ask_extension", reason="等材料", date="2026-10-09")
    why = why_not(asked, "ask_extension", reason="再等等", date="2026-10-20")
    assert "已有一个延期申请在等批准。" in why


@pytest.mark.parametrize("action", ["approve_extension", "refuse_extension"])
@pytest.mark.parametrize(
    "asked_by",
    [
        "staff-1",  # the same person
        "m-001",  # the same person again, who asked as a member
    ],
)
def test_nobody_decides_on_an_extension_that_they_asked_for(
    order: Order, why_not: WhyNot, action: str, asked_by: str
) -> None:
    asked = order("claimed", asked_due_at=NOW + timedelta(days=9), asked_by=asked_by)
    assert "申请人不能批自己的申请，请另一个人来批。" in why_not(asked, action, by="staff-1")


@pytest.mark.parametrize("action", ["approve_extension", "refuse_extension"])
def test_an_extension_that_nobody_asked_for_cannot_be_decided(
    order: Order, why_not: WhyNot, action: str
) -> None:
    assert "没有等待批准的延期申请。" in why_not(order("taken"), action)


def test_a_date_that_the_meeting_sets_ends_an_extension_that_was_asked_before(
    order: Order, after: After
) -> None:
    """Or approving the old wish would move the meeting's deadline, even backwards."""
    asked = after(order("taken"), "ask_extension", reason="等材料", date="2026-10-09")
    referred = after(asked, "refer", reason="要协调")
    appointed = after(referred, "appoint", to="unit-power", date="2026-11-30")
    assert appointed.due_at == datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    assert (appointed.asked_due_at, appointed.asked_by) == (None, None)


def test_a_date_after_all_calendars_is_refused_in_words() -> None:
    for day in ("9999-12-31", "4000-01-01"):
        with pytest.raises(BadInput, match="日期（date）"):
            request_for(Action.ASK_EXTENSION, {"reason": "等", "date": day})


# --- holding --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", WORK)
def test_a_hold_ends_where_it_began(order: Order, after: After, kind: Kind, status: str) -> None:
    held = after(order(status, kind=kind), "hold", reason="等天暖", date="2026-10-09")
    assert (held.status, held.before) == (Status.ON_HOLD, Status(status))
    assert held.hold_until == date(2026, 10, 9)
    resumed = after(held, "resume")
    assert (resumed.status, resumed.before, resumed.hold_until) == (Status(status), None, None)
    assert (resumed.handler, resumed.member) == (order(status).handler, order(status).member)


@pytest.mark.parametrize(
    ("action", "day", "now"),
    [
        ("hold", "2026-09-14", NOW),  # today
        ("hold", "2026-09-13", NOW),
        ("hold", "2026-09-15", datetime(2026, 9, 14, 16, 30, tzinfo=UTC)),  # the 15th in Shanghai
        ("appoint", "2026-09-14", NOW),
        ("open_funding", "2026-09-14", NOW),
    ],
)
def test_a_date_to_wait_for_lies_in_the_future(
    order: Order, why_not: WhyNot, action: str, day: str, now: datetime
) -> None:
    status = "taken" if action == "hold" else "in_meeting"
    typed = {
        "hold": {"reason": "等"},
        "appoint": {"to": "unit-power"},
        "open_funding": {"to": "unit-power", "yuan": "100", "reason": "计划"},
    }
    wish = order(status, kind=Kind.BIG_WISH)
    why = why_not(wish, action, date=day, around={"now": now}, **typed[action])
    assert "日期要在今天（2026-09-1" in why
    assert why.endswith("之后。")


# --- the joint meeting ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", WORK)
def test_the_meeting_sends_an_order_back_to_where_it_came_from(
    order: Order, after: After, status: str
) -> None:
    referred = after(order(status), "refer", reason="要几家一起办")
    assert (referred.status, referred.before) == (Status.IN_MEETING, Status(status))
    sent_back = after(referred, "send_back", reason="先请网格协调")
    assert (sent_back.status, sent_back.before) == (Status(status), None)
    assert (sent_back.handler, sent_back.member) == (order(status).handler, order(status).member)


def test_the_meeting_appoints_a_handler_and_ends_the_claim(order: Order, after: After) -> None:
    referred = after(order("claimed"), "refer", reason="要几家一起办")
    appointed = after(referred, "appoint", to="unit-housing")  # need not serve the category
    assert (appointed.status, appointed.handler) == (Status.ASSIGNED, "unit-housing")
    assert (appointed.member, appointed.claimed_from, appointed.before) == (None, None, None)
    assert appointed.due_at == referred.due_at  # no date was decided


def test_a_big_wish_whose_funding_failed_is_not_sent_back_but_decided_anew(
    order: Order, after: After, why_not: WhyNot
) -> None:
    referred = after(order("accepted", kind=Kind.BIG_WISH), "refer", reason="要筹款")
    plan = {"to": "unit-housing", "date": "2026-12-01", "yuan": "50000", "reason": "修浴室"}
    funding = after(referred, "open_funding", **plan)
    assert (funding.status, funding.handler) == (Status.FUNDING, "unit-housing")
    assert "筹集期到 12-01 23:59 才结束。" in why_not(funding, "fail_funding", by="system")
    later = {"now": datetime(2026, 12, 2, tzinfo=UTC)}
    failed = after(funding, "fail_funding", by="system", around=later)
    assert (failed.status, failed.handler) == (Status.IN_MEETING, None)
    assert "没有可以退回的一线环节，请由会议指派或作出决定。" in why_not(
        failed, "send_back", reason="退回"
    )
    assert after(failed, "appoint", to="unit-housing").status is Status.ASSIGNED
    assert after(failed, "refuse", reason="钱不够").status is Status.DECLINED


def test_a_lead_unit_still_has_to_take_what_has_been_funded(order: Order, after: After) -> None:
    funded = after(order("funding", kind=Kind.BIG_WISH), "complete_funding", by="system")
    assert (funded.status, funded.handler) == (Status.ASSIGNED, "unit-housing")


def test_money_moves_only_to_another_big_wish(order: Order, after: After, why_not: WhyNot) -> None:
    wish = order("funding", number="B-2026-0001", kind=Kind.BIG_WISH)
    typed = {"yuan": "10", "reason": "会议决定"}
    appeal = order("taken", number="A-2026-0002")
    for other in (wish, appeal):
        why = why_not(wish, "move_money", to=other.number, around={"named_order": other}, **typed)
        assert "款项只能转给另一个大心愿。" in why
    second = order("funding", number="B-2026-0002", kind=Kind.BIG_WISH)
    rich = {"named_order": second, "funds": Funds(received=1_000)}
    moved = after(wish, "move_money", to="B-2026-0002", around=rich, **typed)
    assert moved.status is Status.FUNDING
    ended = order("closed", number="B-2026-0003", kind=Kind.BIG_WISH)
    why = why_not(wish, "move_money", to="B-2026-0003", around={"named_order": ended}, **typed)
    assert "B-2026-0003 现在是“已评单”，款项只能转给受理了、还在办的大心愿。" in why
