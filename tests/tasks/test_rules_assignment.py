"""Accepting, declining, merging, and finding who does it: what the law allows, and what it says when it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasks.errors import BadInput
from tasks.models.enums import Action, Kind, Status, Urgency
from tasks.models.state import OrderState
from tasks.requests import request_for

NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
After = Callable[..., OrderState]
Order = Callable[..., OrderState]
WhyNot = Callable[..., str]


# --- accepting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "category", "grid", "urgency", "due"),
    [
        ({}, "street-light", "grid-3", "normal", "09-17"),  # the words say so: quick, three days
        (
            {"category": "housing"},
            "housing",
            "grid-3",
            "normal",
            "10-10",
        ),  # complex, over 中秋 and 国庆, two 调休
        ({"grid": "grid-1"}, "street-light", "grid-1", "normal", "09-17"),
        (
            {"urgency": "urgent"},
            "street-light",
            "grid-3",
            "urgent",
            "09-15",
        ),  # 24 hours by the clock
        ({"urgency": "green"}, "street-light", "grid-3", "green", "09-15"),  # a working day
    ],
)
def test_accepting_sets_category_grid_urgency_and_the_deadline(
    order: Order,
    after: After,
    typed: dict[str, str],
    category: str,
    grid: str,
    urgency: str,
    due: str,
) -> None:
    placed = order("placed", placed_at=NOW - timedelta(hours=1))
    accepted = after(placed, "accept", around={"suggested_category": "street-light"}, **typed)
    assert (accepted.category, accepted.grid) == (category, grid)
    assert accepted.urgency is Urgency(urgency)
    assert accepted.due_at == datetime.fromisoformat(f"2026-{due}T10:00+08:00")
    assert (accepted.status, accepted.version) == (Status.ACCEPTED, 2)


def test_the_category_that_the_resident_chose_is_kept_unless_the_desk_names_another(
    order: Order, after: After
) -> None:
    placed = order("placed", category="water")
    suggested = {"suggested_category": "street-light"}
    assert after(placed, "accept", around=suggested).category == "water"
    assert after(placed, "accept", around=suggested, category="roads").category == "roads"


@pytest.mark.parametrize(("field", "words"), [("category", "类别"), ("grid", "网格")])
def test_an_unknown_category_or_grid_is_named(
    order: Order, why_not: WhyNot, field: str, words: str
) -> None:
    assert f"没有{words}“moon”" in why_not(order("placed"), "accept", **{field: "moon"})


@pytest.mark.parametrize("missing", ["reason", "instead"])
def test_declining_needs_a_reason_and_where_to_go_instead(missing: str) -> None:
    typed = {"reason": "不归社区管", "instead": "请到县供电公司", missing: "  "}
    with pytest.raises(BadInput, match=f"（{missing}）”没有填"):
        request_for(Action.DECLINE, typed)


# --- assigning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "grid", "handler"),
    [
        ("street-light", "grid-3", "unit-power"),  # its first handler
        ("street-light", "grid-3", "officers-grid-3"),  # the grid's own officers
        ("street-light", "grid-3", "officers-grid-1"),  # another grid's officers
        ("street-light", "grid-3", "desk"),  # the community itself, always
        ("market", "grid-market", "unit-market-office"),  # bound to this grid
        ("street-light", None, "unit-power"),  # nobody knows where
        ("other", "grid-3", "desk"),
    ],
)
def test_an_order_goes_to_who_serves_its_category_or_to_the_community(
    order: Order, after: After, category: str, grid: str | None, handler: str
) -> None:
    assigned = after(order("accepted", category=category, grid=grid), "assign", to=handler)
    assert (assigned.status, assigned.handler) == (Status.ASSIGNED, handler)


@pytest.mark.parametrize(
    ("category", "grid", "handler", "sentence"),
    [
        (
            "street-light",
            "grid-3",
            "unit-water",  # water, not light
            "“自来水厂”不办“供电照明”，可以派给：供电所、第三网格队伍，或社区、网格。",
        ),
        (
            "market",
            "grid-3",
            "unit-market-office",  # serves the market's grid alone
            "“集贸市场管理处”不办“市场消费”，可以派给：市场监管所，或社区、网格。",
        ),
        (
            "street-light",
            None,
            "team-bench",  # nobody knows where, and it does not do lights
            "“板凳议事服务队”不办“供电照明”，可以派给：供电所、社区服务台，或社区、网格。",
        ),
    ],
)
def test_who_does_not_serve_the_category_gets_no_order(
    order: Order, why_not: WhyNot, category: str, grid: str | None, handler: str, sentence: str
) -> None:
    why = why_not(order("accepted", category=category, grid=grid), "assign", to=handler)
    assert why == f"订单 A-2026-0001 不能“派单”：{sentence}"


def test_a_handler_that_nobody_knows_gets_no_order(order: Order, why_not: WhyNot) -> None:
    for action in ("assign", "reassign", "appoint"):
        status = {"assign": "accepted", "reassign": "taken", "appoint": "in_meeting"}[action]
        typed = {"reason": "换一家"} if action == "reassign" else {}
        assert "没有承办方“unit-moon”" in why_not(order(status), action, to="unit-moon", **typed)


def test_reassigning_ends_the_claim_and_proposes_nobody(order: Order, after: After) -> None:
    claimed = order("claimed", previous_member="m-241")
    given = after(claimed, "reassign", to="officers-grid-3", reason="要先看现场")
    assert (given.status, given.handler) == (Status.ASSIGNED, "officers-grid-3")
    assert (given.member, given.claimed_from, given.previous_member) == (None, None, None)


def test_reassigning_needs_another_handler_and_a_reason(order: Order, why_not: WhyNot) -> None:
    why = why_not(order("taken"), "reassign", to="unit-power", reason="再派一次")
    assert "已经派给它了，请选另一个承办方。" in why
    with pytest.raises(BadInput, match="说明（reason）”没有填"):
        request_for(Action.REASSIGN, {"to": "unit-water"})


# --- returning ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["assigned", "taken"])
@pytest.mark.parametrize("kind", [Kind.APPEAL, Kind.SMALL_WISH])
def test_a_handler_may_give_an_order_back_twice_and_the_third_time_keeps_it(
    order: Order, after: After, why_not: WhyNot, status: str, kind: Kind
) -> None:
    for returns in (0, 1):
        back = after(
            order(status, kind=kind, returns=returns), "return", by="unit-power", reason="没有人手"
        )
        assert (back.status, back.handler, back.returns) == (Status.ACCEPTED, None, returns + 1)
    why = why_not(order(status, kind=kind, returns=2), "return", by="unit-power", reason="还是没有")
    assert "已经退过两次，不能再退；确有困难请申请延期或提交会议。" in why


@pytest.mark.parametrize("status", ["assigned", "taken"])
def test_a_lead_unit_that_declines_sends_a_big_wish_back_to_the_meeting(
    order: Order, after: After, why_not: WhyNot, status: str
) -> None:
    wish = order(status, kind=Kind.BIG_WISH, handler="unit-power")
    back = after(wish, "return", by="unit-power", reason="做不了")
    assert (back.status, back.handler, back.before) == (Status.IN_MEETING, None, None)
    assert "没有可以退回的一线环节" in why_not(back, "send_back", reason="请再想想")


def test_reopening_counts_the_returns_anew(order: Order, after: After) -> None:
    reopened = after(order("closed", returns=2), "reopen", reason="灯又坏了")
    assert reopened.returns == 0
    assert after(reopened, "return", by="unit-power", reason="没有材料").returns == 1


def test_a_meeting_s_appointment_counts_the_returns_anew(order: Order, after: After) -> None:
    assert after(order("in_meeting", returns=2), "appoint", to="unit-power").returns == 0


# --- merging ------------------------------------------------------------------------------------


def into(other: OrderState) -> dict[str, Any]:
    return {"to": other.number, "around": {"named_order": other}}


@pytest.mark.parametrize("status", ["placed", "accepted", "assigned", "taken"])
def test_an_order_is_merged_into_an_open_one_of_its_kind(
    order: Order, after: After, status: str
) -> None:
    twin = order("claimed", number="A-2026-0002")
    merged = after(order(status), "merge", **into(twin))
    assert (merged.status, merged.merged_into) == (Status.MERGED, "A-2026-0002")


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ({"number": "A-2026-0001"}, "不能并入自己。"),
        (
            {"number": "S-2026-0001", "kind": Kind.SMALL_WISH},
            "S-2026-0001 是“微心愿”，只能并入同一种订单。",
        ),
        (
            {"number": "A-2026-0002", "status": Status.CLOSED},  # nobody works on it any more
            "A-2026-0002 已经是“已评单”，只能并入还在办的订单。",
        ),
        (
            {"number": "A-2026-0002", "status": Status.MERGED},  # the way round would be a cycle
            "A-2026-0002 已经是“并单”，只能并入还在办的订单。",
        ),
        (
            {"number": "A-2026-0002", "status": Status.WITHDRAWN},
            "A-2026-0002 已经是“撤单”，只能并入还在办的订单。",
        ),
    ],
)
def test_an_order_is_not_merged_into_itself_another_kind_or_one_that_has_ended(
    order: Order, why_not: WhyNot, other: dict[str, Any], sentence: str
) -> None:
    twin = order(**{"status": "accepted", **other})
    assert why_not(order("accepted"), "merge", **into(twin)).endswith(sentence)
