"""Which action leads from which status to which, for each kind of order. The whole law of movement, as data."""

from __future__ import annotations

from enum import Enum
from itertools import product
from typing import Final

from tasks.models.enums import WISHES, Action, Kind, Status


class Before(Enum):
    """The target of an action that goes back to a remembered status."""

    BEFORE = "<before>"


BEFORE: Final = Before.BEFORE
Target = Status | Before
Key = tuple[Kind, Status | None, Action]

_ALL = tuple(Kind)
_APPEAL = (Kind.APPEAL,)
_SMALL = (Kind.SMALL_WISH,)
_BIG = (Kind.BIG_WISH,)
_NOT_BIG = (Kind.APPEAL, Kind.SMALL_WISH)
_NOT_SMALL = (Kind.APPEAL, Kind.BIG_WISH)
_WISHES = tuple(sorted(WISHES))

_PLACED, _ACCEPTED, _ASSIGNED = Status.PLACED, Status.ACCEPTED, Status.ASSIGNED
_TAKEN, _CLAIMED, _DONE = Status.TAKEN, Status.CLAIMED, Status.DONE
_HOLD, _MEETING, _FUNDING = Status.ON_HOLD, Status.IN_MEETING, Status.FUNDING
_CLOSED = Status.CLOSED
_WORK = (_ACCEPTED, _ASSIGNED, _TAKEN, _CLAIMED)

# kinds, statuses from which, action, status to which (None: it stays as it is)
_RULES: tuple[tuple[tuple[Kind, ...], tuple[Status | None, ...], Action, Target | None], ...] = (
    (_ALL, (None,), Action.PLACE, _PLACED),
    (_ALL, (_PLACED,), Action.ACCEPT, _ACCEPTED),
    (_ALL, (_PLACED, _ACCEPTED), Action.DECLINE, Status.DECLINED),
    (_ALL, (_PLACED, _ACCEPTED, _ASSIGNED, _TAKEN), Action.MERGE, Status.MERGED),
    (_NOT_BIG, (_ACCEPTED,), Action.ASSIGN, _ASSIGNED),
    (_ALL, (_ASSIGNED, _TAKEN, _CLAIMED), Action.REASSIGN, _ASSIGNED),
    (_ALL, (_ASSIGNED,), Action.TAKE, _TAKEN),
    (_NOT_BIG, (_ASSIGNED, _TAKEN), Action.RETURN, _ACCEPTED),
    (_BIG, (_ASSIGNED, _TAKEN), Action.RETURN, _MEETING),
    (_ALL, (_TAKEN,), Action.CLAIM, _CLAIMED),
    (_SMALL, (_ACCEPTED,), Action.CLAIM, _CLAIMED),
    (_NOT_SMALL, (_CLAIMED,), Action.RELEASE, _TAKEN),
    (_SMALL, (_CLAIMED,), Action.RELEASE, BEFORE),
    (_ALL, (_CLAIMED,), Action.CONTACT, None),
    (_ALL, (_TAKEN, _CLAIMED), Action.REPORT, None),
    (_BIG, (_FUNDING,), Action.REPORT, None),
    (_ALL, _WORK, Action.ASK_EXTENSION, None),
    (_ALL, _WORK, Action.APPROVE_EXTENSION, None),
    (_ALL, _WORK, Action.REFUSE_EXTENSION, None),
    (_ALL, _WORK, Action.HOLD, _HOLD),
    (_ALL, (_HOLD,), Action.RESUME, BEFORE),
    (_ALL, _WORK, Action.REFER, _MEETING),
    (_ALL, (_MEETING,), Action.SEND_BACK, BEFORE),
    (_ALL, (_MEETING,), Action.APPOINT, _ASSIGNED),
    (_ALL, (_MEETING,), Action.REFUSE, Status.DECLINED),
    (_BIG, (*_WORK, _MEETING, _FUNDING, _DONE, _CLOSED), Action.MOVE_MONEY, None),
    (_BIG, (_MEETING,), Action.OPEN_FUNDING, _FUNDING),
    (_BIG, (_FUNDING,), Action.PLEDGE, None),
    (_BIG, (_FUNDING, _ASSIGNED, _TAKEN, _CLAIMED), Action.RECEIVE, None),
    (_BIG, (_TAKEN, _CLAIMED), Action.SPEND, None),
    (_BIG, (_FUNDING,), Action.COMPLETE_FUNDING, _ASSIGNED),
    (_BIG, (_FUNDING,), Action.FAIL_FUNDING, _MEETING),
    (_ALL, (_CLAIMED,), Action.FINISH, _DONE),
    (_ALL, (_DONE,), Action.RATE, _CLOSED),
    (_ALL, (_DONE,), Action.EXPIRE, _CLOSED),
    (_NOT_SMALL, (_CLOSED,), Action.REOPEN, _TAKEN),
    (_SMALL, (_CLOSED,), Action.REOPEN, _ACCEPTED),
    (_ALL, (_PLACED, *_WORK, _HOLD, _MEETING), Action.WITHDRAW, Status.WITHDRAWN),
    (_BIG, (_FUNDING,), Action.WITHDRAW, Status.WITHDRAWN),
)


def _spread() -> dict[Key, Target]:
    table: dict[Key, Target] = {}
    for kinds, sources, action, target in _RULES:
        for kind, source in product(kinds, sources):
            to = source if target is None else target
            assert to is not None
            table[kind, source, action] = to
    return table


TRANSITIONS: Final[dict[Key, Target]] = _spread()


def allowed_actions(kind: Kind, status: Status | None) -> tuple[Action, ...]:
    """What the law allows for an order of this kind in this status, in the order of the domain's words."""
    return tuple(action for action in Action if (kind, status, action) in TRANSITIONS)
