"""Who may do what: every role with every action, so that the record names the right people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tasks.errors import NotForThem
from tasks.models.enums import Action, Kind, Role
from tasks.models.inputs import INPUTS, Claim
from tasks.models.state import Actor, OrderState
from tasks.rules.permissions import check_permission

STAFF = Actor("staff-1", Role.STAFF, "洛桑罗布", "desk", "m-001")
SYSTEM = Actor("system", Role.SYSTEM, "系统")
RESIDENT = Actor("resident", Role.RESIDENT, "居民")
POWER = Actor("unit-power", Role.HANDLER, "供电所", "unit-power")
WATER = Actor("unit-water", Role.HANDLER, "自来水厂", "unit-water")
CLAIMANT = Actor("m-241", Role.MEMBER, "边巴德吉", "unit-power", "m-241")
COLLEAGUE = Actor("m-242", Role.MEMBER, "李建平", "unit-power", "m-242")
STRANGER = Actor("m-244", Role.MEMBER, "尼玛罗布", "unit-water", "m-244")

Order = Callable[..., OrderState]


def allowed(state: OrderState, who: Actor) -> set[str]:
    """The actions that somebody may try on an order, whatever its status; a claim is for themselves."""
    found = set()
    for action in Action:
        request = INPUTS[action].model_construct()
        if action is Action.CLAIM:
            request = Claim(to=who.id)
        try:
            check_permission(state, request, who)
        except NotForThem:
            continue
        found.add(action.value)
    return found


@pytest.mark.parametrize(
    ("who", "actions"),
    [
        (STAFF, {action.value for action in Action}),  # the desk also acts for who only phoned
        (SYSTEM, {action.value for action in Action} - {"rate"}),  # a rating is a resident's
        (RESIDENT, {"place", "withdraw", "rate"}),
        (POWER, {"take", "return", "claim", "report", "ask_extension", "spend"}),
        (WATER, set()),  # the order is not theirs
        (
            CLAIMANT,
            {
                *("claim", "take", "return", "report"),  # for their own unit
                *("release", "contact", "finish", "ask_extension", "spend"),  # for their own work
            },
        ),
        (COLLEAGUE, {"claim", "take", "return", "report"}),  # for their own unit
        (STRANGER, {"claim"}),  # for themselves; whether it is open to them, the law says
    ],
)
def test_each_role_has_its_own_actions(order: Order, who: Actor, actions: set[str]) -> None:
    assert allowed(order("claimed"), who) == actions


@pytest.mark.parametrize(
    ("who", "action", "typed", "sentence"),
    [
        (POWER, "finish", {"reason": "好了"}, "承办方可以接单、退单、认领、报进展和申请延期。"),
        (WATER, "report", {"reason": "在看"}, "订单没有派给它。"),
        (CLAIMANT, "claim", {"to": "m-242"}, "党员只能为自己认领。"),
        (COLLEAGUE, "finish", {"reason": "好了"}, "订单不是由其认领的。"),
        (STRANGER, "contact", {"reason": "打了电话"}, "订单不是由其认领的。"),
        (CLAIMANT, "hold", {"reason": "等", "date": "2026-12-01"}, "党员可以认领、联系"),
        (RESIDENT, "finish", {"reason": "好了"}, "居民可以点单、撤单和评价。"),
        (SYSTEM, "rate", {"grade": "satisfied", "solved": True}, "评价只能来自居民。"),
    ],
)
def test_who_has_no_business_with_an_order_is_told_so(
    order: Order, who: Actor, action: str, typed: dict[str, object], sentence: str
) -> None:
    request = INPUTS[Action(action)].model_validate(typed)
    with pytest.raises(NotForThem) as caught:
        check_permission(order("claimed"), request, who)
    beginning = f"“{who.name}”不能对订单 A-2026-0001“{Action(action).label}”："
    assert str(caught.value).startswith(beginning + sentence)


def test_a_member_without_a_handler_in_common_takes_nothing_where_nobody_has_it(
    order: Order,
) -> None:
    nobody_has_it = order("accepted", kind=Kind.SMALL_WISH)
    assert allowed(nobody_has_it, STRANGER) == {"claim"}
    assert allowed(nobody_has_it, WATER) == set()
