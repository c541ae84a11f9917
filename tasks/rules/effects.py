"""What an action changes in an order besides its status: one function per action that changes anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tasks.models.enums import Action, ClockKind, Kind, Status
from tasks.models.inputs import (
    Accept,
    ActionInput,
    Appoint,
    AskExtension,
    Assign,
    Claim,
    Hold,
    Merge,
    OpenFunding,
    Reassign,
)
from tasks.models.state import OrderState
from tasks.rules.circumstances import Circumstances
from tasks.rules.deadline import end_of_day, service_level
from tasks.rules.ladder import rung_when_reopened
from tasks.rules.sla import due_at

Changes = dict[str, Any]  # column of OrderState → its new value
Effect = Callable[[OrderState, Any, Circumstances], Changes]

_NO_ASKING: Changes = {"asked_due_at": None, "asked_by": None}
_NO_CLAIM: Changes = {"member": None, "claimed_from": None}


def _accept(state: OrderState, request: Accept, around: Circumstances) -> Changes:
    category = request.category or state.category or around.suggested_category
    return {
        "category": category,
        "grid": request.grid or state.grid,
        "urgency": request.urgency or state.urgency,
    }


def _merge(state: OrderState, request: Merge, around: Circumstances) -> Changes:
    return {"merged_into": request.to, **_NO_CLAIM, **_NO_ASKING}


def _assign(state: OrderState, request: Assign, around: Circumstances) -> Changes:
    return {"handler": request.to}


def _reassign(state: OrderState, request: Reassign, around: Circumstances) -> Changes:
    return {"handler": request.to, "previous_member": None, **_NO_CLAIM}


def _return(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    # a lead unit's return sends a big wish to the meeting, which has no earlier status to go back to
    return {"handler": None, "returns": state.returns + 1, "before": None}


def _claim(state: OrderState, request: Claim, around: Circumstances) -> Changes:
    return {"member": request.to, "claimed_from": state.status}


def _release(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {**_NO_CLAIM, "previous_member": None}


def _contact(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"contacted_at": state.contacted_at or around.now}


def _ask_extension(state: OrderState, request: AskExtension, around: Circumstances) -> Changes:
    until = end_of_day(request.date, around.catalog.calendar.timezone)
    return {"asked_due_at": until, "asked_by": around.actor.id}


def _approve_extension(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    if state.clock(ClockKind.FINISH) is None:
        return {"granted_until": state.asked_due_at, **_NO_ASKING}
    return _NO_ASKING  # the clock takes the date over


def _refuse_extension(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return _NO_ASKING


def _hold(state: OrderState, request: Hold, around: Circumstances) -> Changes:
    return {"before": state.status, "hold_until": request.date}


def _resume(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"before": None, "hold_until": None}


def _refer(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"before": state.status}


def _send_back(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"before": None}


def _appoint(state: OrderState, request: Appoint, around: Circumstances) -> Changes:
    changes: Changes = {"handler": request.to, "before": None, "returns": 0, **_NO_CLAIM}
    if request.date is None:  # that of an earlier meeting was for another decision
        return {**changes, "decided_until": None}
    until = end_of_day(request.date, around.catalog.calendar.timezone)
    # the meeting's date overrides one that was asked for before
    return {**changes, "decided_until": until, "granted_until": None, **_NO_ASKING}


def _open_funding(state: OrderState, request: OpenFunding, around: Circumstances) -> Changes:
    until = end_of_day(request.date, around.catalog.calendar.timezone)
    return {
        "handler": request.to,
        "before": None,
        "decided_until": until,
        "target": request.yuan,
        **_NO_CLAIM,
        **_NO_ASKING,
    }


def _complete_funding(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    """The meeting's date was for the money; it is for the work too where it leaves the usual time."""
    if state.clock(ClockKind.FINISH) is not None:
        return {}  # the clock takes the date over where it gives more time
    limit = service_level(state.category, around.catalog).finish
    usual = due_at(around.now, limit, around.catalog.calendar).at
    decided = state.decided_until
    return {"decided_until": decided if decided and decided >= usual else None}


def _fail_funding(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"handler": None, "before": None, "decided_until": None}


def _finish(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {
        "done_at": around.now,
        "done_by": around.actor.id,
        "contacted_at": state.contacted_at or around.now,
        **_NO_ASKING,
    }


def _close(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"closed_at": around.now}


def _reopen(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    changes: Changes = {
        "round": state.round + 1,
        "previous_member": state.member,
        "returns": 0,
        "contacted_at": None,
        "done_at": None,
        "done_by": None,
        "closed_at": None,
        "decided_until": None,
        "granted_until": None,
        "rung": rung_when_reopened(state, around.catalog.known_grid(state.grid)),
        **_NO_CLAIM,
    }
    if state.kind is Kind.SMALL_WISH:
        changes["handler"] = None
    return changes


def _end(state: OrderState, request: ActionInput, around: Circumstances) -> Changes:
    return {"before": None, "hold_until": None, **_NO_ASKING}


EFFECTS: dict[Action, Effect] = {
    Action.ACCEPT: _accept,
    Action.DECLINE: _end,
    Action.MERGE: _merge,
    Action.ASSIGN: _assign,
    Action.REASSIGN: _reassign,
    Action.RETURN: _return,
    Action.CLAIM: _claim,
    Action.RELEASE: _release,
    Action.CONTACT: _contact,
    Action.ASK_EXTENSION: _ask_extension,
    Action.APPROVE_EXTENSION: _approve_extension,
    Action.REFUSE_EXTENSION: _refuse_extension,
    Action.HOLD: _hold,
    Action.RESUME: _resume,
    Action.REFER: _refer,
    Action.SEND_BACK: _send_back,
    Action.APPOINT: _appoint,
    Action.REFUSE: _end,
    Action.OPEN_FUNDING: _open_funding,
    Action.COMPLETE_FUNDING: _complete_funding,
    Action.FAIL_FUNDING: _fail_funding,
    Action.FINISH: _finish,
    Action.RATE: _close,
    Action.EXPIRE: _close,
    Action.REOPEN: _reopen,
    Action.WITHDRAW: _end,
}


def remembered(state: OrderState, action: Action) -> Status:
    """The status that `<before>` means for an order: before its hold or referral, or before its claim."""
    status = state.claimed_from if action is Action.RELEASE else state.before
    assert status is not None, f"{state.number} remembers no status for {action}"
    return status
