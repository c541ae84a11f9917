"""What a joint meeting can decide on each matter, and which actions of an order that means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.models.enums import Action, Decision, MatterKind, Status
from tasks.models.state import OrderState
from tasks.rules.ladder import COMMITTEE
from tasks.rules.lifecycle import TRANSITIONS

_LATER = Decision.PUT_OFF
_OF_AN_ORDER = (Decision.APPOINT, Decision.SEND_BACK, Decision.REFUSE, _LATER)
_OF_A_WISH = (Decision.OPEN_FUNDING, Decision.APPOINT, Decision.REFUSE, Decision.SEND_BACK, _LATER)
DECISIONS: dict[MatterKind, tuple[Decision, ...]] = {  # the usual one first
    MatterKind.REFERRED: _OF_AN_ORDER,
    MatterKind.BIG_WISH: _OF_A_WISH,
    MatterKind.UNDER_TARGET: _OF_A_WISH,
    MatterKind.RAISED: (Decision.APPOINT, Decision.SEND_BACK, _LATER),
    MatterKind.EXTENSION: (Decision.APPROVE, Decision.REFUSE, _LATER),
    MatterKind.FOLLOW_UP: (Decision.GO_ON, Decision.DONE, _LATER),
}
JUST_NOTED = frozenset({Decision.GO_ON, Decision.DONE, _LATER})  # no order is moved by them
_ACTIONS = {
    Decision.SEND_BACK: Action.SEND_BACK,
    Decision.APPOINT: Action.APPOINT,
    Decision.REFUSE: Action.REFUSE,
    Decision.OPEN_FUNDING: Action.OPEN_FUNDING,
}
Typed = Mapping[str, Any]


def matter_of(order: OrderState) -> MatterKind | None:
    """Why an order is on the agenda now, None when it is not."""
    if order.status is Status.IN_MEETING:
        if (order.kind, order.status, Action.OPEN_FUNDING) not in TRANSITIONS:
            return MatterKind.REFERRED
        return MatterKind.BIG_WISH if order.target is None else MatterKind.UNDER_TARGET
    if order.asked_due_at is not None:
        return MatterKind.EXTENSION
    can_be_referred = (order.kind, order.status, Action.REFER) in TRANSITIONS
    waits = can_be_referred or order.status is Status.PLACED
    return MatterKind.RAISED if order.rung >= COMMITTEE and waits else None


def steps_of(
    kind: MatterKind, status: Status, decision: Decision, typed: Typed
) -> list[tuple[Action, Typed]]:
    """The actions that a decision on an order in a status means, with what was typed for each.

    What has only climbed to the meeting is accepted, if it was not, and referred in the same breath.
    """
    if kind is MatterKind.EXTENSION:
        approved = decision is Decision.APPROVE
        return [(Action.APPROVE_EXTENSION if approved else Action.REFUSE_EXTENSION, typed)]
    steps: list[tuple[Action, Typed]] = [(_ACTIONS[decision], typed)]
    if kind is MatterKind.RAISED:
        steps.insert(0, (Action.REFER, {"reason": "超期上报，由联席会议讨论"}))
        if status is Status.PLACED:
            steps.insert(0, (Action.ACCEPT, {}))
    return steps
