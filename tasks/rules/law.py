"""The law in one function: an order, a request and the circumstances in, the order as it will be out."""

from __future__ import annotations

from dataclasses import replace

from tasks.errors import NotAllowed
from tasks.models.enums import Action, Grade, Status
from tasks.models.inputs import (
    ActionInput,
    CompleteFunding,
    OpenFunding,
    Place,
    Rate,
    Receive,
    Reopen,
)
from tasks.models.state import OrderState
from tasks.rules.circumstances import Circumstances
from tasks.rules.clocks import with_clocks
from tasks.rules.effects import EFFECTS, remembered
from tasks.rules.funding import NO_MONEY, Funds
from tasks.rules.lifecycle import BEFORE, TRANSITIONS, allowed_actions
from tasks.rules.permissions import check_permission
from tasks.rules.preconditions import LAST_ROUND, check_preconditions


def placed(number: str, request: Place, around: Circumstances) -> OrderState:
    """A new order, in its first version and round."""
    state = OrderState(
        number=number,
        kind=request.kind,
        status=Status.PLACED,
        version=1,
        round=1,
        urgency=request.urgency,
        placed_at=around.now,
        category=request.category,
        grid=request.grid,
    )
    return with_clocks(None, state, request, around)


def decide(state: OrderState, request: ActionInput, around: Circumstances) -> OrderState:
    """The order after the request.

    Raises NotAllowed when the lifecycle lacks the step (and says what is allowed), NotForThem when
    the actor has no business here, Refused when another rule forbids it.
    """
    target = TRANSITIONS.get((state.kind, state.status, request.action))
    if target is None:
        raise NotAllowed(
            number=state.number,
            status=state.status.label,
            action=request.action.label,
            allowed=_in_words(allowed_actions(state.kind, state.status)),
        )
    check_permission(state, request, around.actor)
    check_preconditions(state, request, around)
    status = remembered(state, request.action) if target is BEFORE else target
    effect = EFFECTS.get(request.action)
    changes = effect(state, request, around) if effect else {}
    after = replace(state, status=status, version=state.version + 1, **changes)
    return with_clocks(state, after, request, around)


def consequence(
    after: OrderState, request: ActionInput, funds: Funds = NO_MONEY
) -> ActionInput | None:
    """What follows of itself in the same transaction: an unsatisfied or unsolved rating reopens, but the
    last; reaching the target ends the funding. `funds` are the books afterwards."""
    if isinstance(request, Receive | OpenFunding) and is_funded(after, funds):
        return CompleteFunding()
    if not isinstance(request, Rate) or after.round >= LAST_ROUND or not is_unsatisfied(request):
        return None
    return Reopen(
        reason=f"居民评价：{request.grade.label}，{'已' if request.solved else '未'}解决。{request.reason}"
    )


def is_funded(order: OrderState, funds: Funds) -> bool:
    """Whether a wish for which money is raised has reached its target."""
    return order.status is Status.FUNDING and funds.raised >= (order.target or 0)


def is_unsatisfied(request: Rate) -> bool:
    """Whether a rating sends the order back to work."""
    return request.grade is Grade.UNSATISFIED or not request.solved


def _in_words(actions: tuple[Action, ...]) -> str:
    return (
        "、".join(f"{action.label}（{action.value}）" for action in actions) or "无（订单已结束）"
    )
