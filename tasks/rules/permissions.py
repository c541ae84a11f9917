"""Who may do what to an order: "may they?", apart from "is it right now?" (preconditions.py).

The actor is declared, not proven (Prefect's forms have no login), so these rules keep the record
honest; they are no lock.
"""

from __future__ import annotations

from tasks.errors import NotForThem
from tasks.models.enums import Action, Role
from tasks.models.inputs import ActionInput, Claim
from tasks.models.state import Actor, OrderState

_RESIDENTS = frozenset({Action.PLACE, Action.WITHDRAW, Action.RATE})
_HANDLERS = frozenset(
    {Action.TAKE, Action.RETURN, Action.CLAIM, Action.REPORT, Action.ASK_EXTENSION, Action.SPEND}
)
_MEMBERS = frozenset(
    {
        Action.RELEASE,
        Action.CONTACT,
        Action.REPORT,
        Action.FINISH,
        Action.ASK_EXTENSION,
        Action.SPEND,
    }
)
_FOR_THE_HANDLER = frozenset({Action.TAKE, Action.RETURN, Action.REPORT})


def _why_not(state: OrderState, request: ActionInput, actor: Actor) -> str:
    action = request.action
    if actor.role is Role.STAFF:
        return ""
    if actor.role is Role.SYSTEM:
        return "评价只能来自居民。" if action is Action.RATE else ""
    if actor.role is Role.RESIDENT:
        return "" if action in _RESIDENTS else "居民可以点单、撤单和评价。"
    if actor.role is Role.HANDLER:
        if action not in _HANDLERS:
            return "承办方可以接单、退单、认领、报进展和申请延期。"
        return "" if state.handler == actor.id else "订单没有派给它。"
    return _why_not_member(state, request, actor)


def _why_not_member(state: OrderState, request: ActionInput, actor: Actor) -> str:
    action = request.action
    if isinstance(request, Claim):
        return "" if request.to == actor.id else "党员只能为自己认领。"
    if action in _FOR_THE_HANDLER and state.handler in {actor.handler, *actor.teams} - {None}:
        return ""
    if action not in _MEMBERS:
        return "党员可以认领、联系、报进展、申请延期、退回和办结自己的订单。"
    return "" if state.member == actor.id else "订单不是由其认领的。"


def check_permission(state: OrderState, request: ActionInput, actor: Actor) -> None:
    """Raises NotForThem with the reason when this actor has no business doing this."""
    if why := _why_not(state, request, actor):
        raise NotForThem(who=actor.name, number=state.number, action=request.action.label, why=why)
