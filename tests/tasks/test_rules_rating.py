"""The resident has the last word: who may rate, what follows, when it is too late."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tasks.models.enums import Grade, Kind, Status
from tasks.models.inputs import Rate, Reopen
from tasks.models.state import OrderState
from tasks.rules.law import consequence

NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
FORTNIGHT = timedelta(days=14)
After = Callable[..., OrderState]
Order = Callable[..., OrderState]
WhyNot = Callable[..., str]
GOOD = {"grade": "satisfied", "solved": True}


# --- who rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["resident", "staff-1", "staff-2"])
def test_the_resident_rates_or_somebody_who_calls_back(order: Order, after: After, by: str) -> None:
    closed = after(order("done"), "rate", by=by, **GOOD)
    assert (closed.status, closed.closed_at) == (Status.CLOSED, NOW)


@pytest.mark.parametrize(
    ("member", "done_by"),
    [
        ("m-001", "m-001"),  # staff-1 is the member m-001
        ("m-241", "staff-1"),  # staff-1 entered the completion for the member
        ("m-001", "staff-2"),
        ("m-241", "m-001"),
    ],
)
def test_nobody_calls_back_about_their_own_work(
    order: Order, after: After, why_not: WhyNot, member: str, done_by: str
) -> None:
    done = order("done", member=member, done_by=done_by)
    why = why_not(done, "rate", by="staff-1", **GOOD)
    assert "“洛桑罗布”办理了这个订单，回访要由另一个人来做。" in why
    if done_by != "staff-2":  # then the other one of the desk may
        assert after(done, "rate", by="staff-2", **GOOD).status is Status.CLOSED


@pytest.mark.parametrize("by", ["resident", "staff-2"])
def test_a_member_does_not_rate_the_wish_that_they_placed_and_did_themselves(
    order: Order, why_not: WhyNot, by: str
) -> None:
    same = {"resident_phone": "13900000001", "worker_phones": {"13900000001"}}
    why = why_not(order("done"), "rate", by=by, around=same, **GOOD)
    assert "办理人与点单人是同一个电话，不能评价自己的工作。" in why


def test_a_resident_and_a_member_without_phones_are_not_taken_for_one_person(
    order: Order, after: After
) -> None:
    unknown = {"resident_phone": "", "worker_phones": {""}}
    assert after(order("done"), "rate", by="resident", around=unknown, **GOOD).closed_at == NOW


@pytest.mark.parametrize("by", ["m-241", "unit-power", "system"])
def test_members_handlers_and_the_clock_rate_nothing(
    order: Order, why_not: WhyNot, by: str
) -> None:
    assert "不能对订单 A-2026-0001“评价”" in why_not(order("done"), "rate", by=by, **GOOD)


@pytest.mark.parametrize("solved", [True, False])
def test_an_unsatisfied_resident_says_why(
    order: Order, after: After, why_not: WhyNot, solved: bool
) -> None:
    typed = {"grade": "unsatisfied", "solved": solved, "by": "resident"}
    assert "不满意时请写明原因。" in why_not(order("done"), "rate", **typed)
    assert "不满意时请写明原因。" in why_not(order("done"), "rate", reason="  ", **typed)
    assert after(order("done"), "rate", reason="灯还是不亮", **typed).closed_at == NOW


# --- what follows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("grade", "solved", "round", "reopens"),
    [
        ("satisfied", True, 1, False),
        ("basically", True, 1, False),
        ("unsatisfied", True, 1, True),  # solved, but not well
        ("satisfied", False, 1, True),  # friendly people, a dark lamp
        ("basically", False, 2, True),
        ("unsatisfied", False, 2, True),
        ("unsatisfied", False, 3, False),  # stays closed; the coordinator and the ladder hear
        ("satisfied", False, 3, False),
        ("unsatisfied", False, 4, False),  # reopened by hand after the third
    ],
)
def test_a_bad_word_reopens_an_order_after_the_first_two_rounds(
    order: Order, after: After, grade: str, solved: bool, round: int, reopens: bool
) -> None:
    rating = Rate(grade=Grade(grade), solved=solved, reason="说明")
    closed = after(
        order("done", round=round), "rate", by="resident", grade=grade, solved=solved, reason="说明"
    )
    follows = consequence(closed, rating)
    assert isinstance(follows, Reopen) is reopens


def test_the_reopening_says_what_the_resident_said(order: Order, after: After) -> None:
    words = {"grade": "unsatisfied", "solved": False, "reason": "灯还是不亮"}
    closed = after(order("done"), "rate", by="resident", **words)
    follows = consequence(closed, Rate(**words))
    assert follows == Reopen(reason="居民评价：不满意，未解决。灯还是不亮")


@pytest.mark.parametrize(
    ("kind", "status", "handler"),
    [
        (Kind.APPEAL, Status.TAKEN, "unit-power"),  # the same handler
        (Kind.BIG_WISH, Status.TAKEN, "unit-power"),
        (Kind.SMALL_WISH, Status.ACCEPTED, None),  # open to everybody again
    ],
)
def test_a_new_round_begins_with_clean_figures_and_the_earlier_member_proposed(
    order: Order,
    after: After,
    kind: Kind,
    status: Status,
    handler: str | None,
) -> None:
    reopened = after(order("closed", kind=kind, returns=1), "reopen", reason="灯又坏了")
    assert (reopened.status, reopened.handler, reopened.round) == (status, handler, 2)
    assert (reopened.member, reopened.previous_member) == (None, "m-241")
    assert (reopened.contacted_at, reopened.done_at, reopened.done_by) == (None, None, None)
    assert (reopened.closed_at, reopened.returns) == (None, 0)
    thursday = datetime(2026, 9, 17, 2, 0, tzinfo=UTC)
    assert reopened.due_at == thursday  # its own clock, three working days from the reopening


# --- windows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "allowed"),
    [
        (timedelta(0), True),
        (FORTNIGHT, True),  # the last moment
        (FORTNIGHT + timedelta(seconds=1), False),
        (timedelta(days=400), False),
    ],
)
@pytest.mark.parametrize("round", [1, 3])
def test_an_order_is_reopened_by_hand_within_fourteen_days_of_its_closing(
    order: Order, after: After, why_not: WhyNot, late: timedelta, allowed: bool, round: int
) -> None:
    closed = order("closed", round=round)
    around = {"now": NOW + late}
    if allowed:
        reopened = after(closed, "reopen", around=around, reason="灯又坏了")
        assert reopened.round == round + 1
    else:
        why = why_not(closed, "reopen", around=around, reason="灯又坏了")
        assert why.endswith("重办期到 09-28 10:00 已经结束，请重新登记。")


@pytest.mark.parametrize(
    ("late", "allowed"),
    [
        (timedelta(0), False),
        (FORTNIGHT - timedelta(seconds=1), False),
        (FORTNIGHT, True),
        (timedelta(days=60), True),  # nobody looked for a while
    ],
)
def test_a_rating_expires_only_after_its_window(
    order: Order, after: After, why_not: WhyNot, late: timedelta, allowed: bool
) -> None:
    around = {"now": NOW + late}
    if allowed:
        expired = after(order("done"), "expire", by="system", around=around)
        assert (expired.status, expired.closed_at) == (Status.CLOSED, NOW + late)
    else:
        why = why_not(order("done"), "expire", by="system", around=around)
        assert why.endswith("评价期到 09-28 10:00 才结束。")
