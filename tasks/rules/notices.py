"""Who hears of what: for every action, the notices that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tasks.models.enums import Action, Audience, Event, Kind, Role, Status
from tasks.models.inputs import (
    ActionInput,
    Claim,
    Decline,
    Merge,
    MoveMoney,
    Rate,
    Report,
    Spend,
)
from tasks.models.state import Actor, OrderState
from tasks.rules.funding import in_yuan
from tasks.rules.law import is_unsatisfied
from tasks.rules.preconditions import LAST_ROUND


@dataclass(frozen=True)
class Notice:
    """One thing to tell one audience; `recipient` is an id where the audience alone does not say who."""

    event: Event
    audience: Audience
    recipient: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    version: int = 0  # of the order, by the deed that this tells of
    again: str = ""  # tells apart what is told more than once of one version
    not_before: datetime | None = None  # nobody hears of it earlier


@dataclass(frozen=True)
class Deed:
    """What was done: the order before and after, the request, and who did it."""

    before: OrderState
    after: OrderState
    request: ActionInput
    actor: Actor


Notices = list[Notice]


def _resident(event: Event, **facts: Any) -> Notice:
    return Notice(event, Audience.RESIDENT, facts=facts)


def _handler(event: Event, handler: str | None, **facts: Any) -> Notices:
    return [Notice(event, Audience.HANDLER, handler, facts)] if handler else []


def _member(event: Event, member: str | None, **facts: Any) -> Notices:
    return [Notice(event, Audience.MEMBER, member, facts)] if member else []


def _placed(deed: Deed) -> Notices:
    told = [_resident(Event.ORDER_PLACED)]
    if deed.actor.role is not Role.STAFF:
        told.append(Notice(Event.ORDER_PLACED, Audience.COORDINATORS))
    return told


def _accepted(deed: Deed) -> Notices:
    return [_resident(Event.ORDER_ACCEPTED), *_open_again(deed)]


def _assigned(deed: Deed) -> Notices:
    return [_resident(Event.ORDER_ASSIGNED), *_handler(Event.ORDER_ASSIGNED, deed.after.handler)]


def _reassigned(deed: Deed) -> Notices:
    lost = [told for told in _taken_away(deed) if told.recipient != deed.after.handler]
    return [*_assigned(deed), *lost]


def _taken_away(deed: Deed) -> Notices:
    before, event = deed.before, Event.ORDER_TAKEN_AWAY
    return [*_handler(event, before.handler), *_member(event, before.member)]


def _returned(deed: Deed) -> Notices:
    return [
        Notice(Event.ORDER_RETURNED, Audience.COORDINATORS, facts={"handler": deed.before.handler})
    ]


def _claimed(deed: Deed) -> Notices:
    assert isinstance(deed.request, Claim)
    return [*_member(Event.ORDER_CLAIMED, deed.after.member), *_asked_to_help(deed.request)]


def _asked_to_help(request: Claim | Report) -> Notices:
    return [Notice(Event.HELP_ASKED, Audience.MEMBER, helper) for helper in request.helpers]


def _released(deed: Deed) -> Notices:
    if deed.after.handler:
        return _handler(Event.ORDER_RELEASED, deed.after.handler, member=deed.before.member)
    told = Notice(Event.ORDER_RELEASED, Audience.COORDINATORS, facts={"member": deed.before.member})
    return [told, *_open_again(deed)]


def _open_again(deed: Deed) -> Notices:
    """A small wish that anybody may claim, for those who might."""
    if (deed.after.kind, deed.after.status) != (Kind.SMALL_WISH, Status.ACCEPTED):
        return []
    return [Notice(Event.WISH_OPEN, Audience.GROUPS), Notice(Event.WISH_OPEN, Audience.MEMBER)]


def _reported(deed: Deed) -> Notices:
    assert isinstance(deed.request, Report)
    told = [_resident(Event.ORDER_PROGRESS)] if deed.request.tell_resident else []
    return [*told, *_asked_to_help(deed.request)]


def _held(deed: Deed) -> Notices:
    assert deed.after.hold_until is not None
    return [_resident(Event.ORDER_HELD, until=deed.after.hold_until.isoformat())]


def _extended(deed: Deed) -> Notices:
    return [_resident(Event.ORDER_EXTENDED)]


def _done(deed: Deed) -> Notices:
    told = [_resident(Event.ORDER_DONE)]
    if deed.after.kind is Kind.BIG_WISH:
        told.append(Notice(Event.WISH_FULFILLED, Audience.DONOR))
    return told


def _funded(deed: Deed) -> Notices:
    return [*_assigned(deed), Notice(Event.WISH_FUNDED, Audience.DONOR)]


def _spent(deed: Deed) -> Notices:
    assert isinstance(deed.request, Spend)
    facts = {"voucher": deed.request.voucher, "yuan": in_yuan(deed.request.yuan)}
    return [Notice(Event.MONEY_SPENT, Audience.DONOR, facts=facts)]


def _moved(deed: Deed) -> Notices:
    assert isinstance(deed.request, MoveMoney)
    facts = {"other": deed.request.to, "yuan": in_yuan(deed.request.yuan)}
    return [Notice(Event.MONEY_MOVED, Audience.DONOR, facts=facts)]


def _rated(deed: Deed) -> Notices:
    request = deed.request
    assert isinstance(request, Rate)
    round = deed.before.round
    facts = {"grade": request.grade.value, "solved": request.solved, "round": round}
    told = _member(Event.ORDER_RATED, deed.before.member, **facts)
    if is_unsatisfied(request) and deed.after.round >= LAST_ROUND:
        told.append(Notice(Event.ORDER_UNSATISFIED, Audience.COORDINATORS, facts=facts))
        told.append(Notice(Event.ORDER_UNSATISFIED, Audience.LADDER, facts=facts))
    return told


def _reopened(deed: Deed) -> Notices:
    told = [_resident(Event.ORDER_REOPENED), *_handler(Event.ORDER_REOPENED, deed.after.handler)]
    told += _open_again(deed)
    if rung := deed.after.rung:  # not the first time: it climbs at once
        facts = {"rung": rung, "clock": "", "due": ""}
        told.append(Notice(Event.ORDER_ESCALATED, Audience.LADDER, facts=facts))
    return told


def _declined(deed: Deed) -> Notices:
    instead = deed.request.instead if isinstance(deed.request, Decline) else ""
    return [_resident(Event.ORDER_DECLINED, instead=instead)]


def _merged(deed: Deed) -> Notices:
    assert isinstance(deed.request, Merge)
    return [_resident(Event.ORDER_MERGED, other=deed.request.to), *_taken_away(deed)]


def _withdrawn(deed: Deed) -> Notices:
    before, event = deed.before, Event.ORDER_WITHDRAWN
    told = [*_handler(event, before.handler), *_member(event, before.member)]
    return told if deed.actor.role is Role.RESIDENT else [_resident(event), *told]


NOTICES: dict[Action, Callable[[Deed], Notices]] = {
    Action.PLACE: _placed,
    Action.ACCEPT: _accepted,
    Action.ASSIGN: _assigned,
    Action.APPOINT: _reassigned,
    Action.COMPLETE_FUNDING: _funded,
    Action.SPEND: _spent,
    Action.MOVE_MONEY: _moved,
    Action.REASSIGN: _reassigned,
    Action.RETURN: _returned,
    Action.CLAIM: _claimed,
    Action.RELEASE: _released,
    Action.REPORT: _reported,
    Action.HOLD: _held,
    Action.APPROVE_EXTENSION: _extended,
    Action.FINISH: _done,
    Action.RATE: _rated,
    Action.REOPEN: _reopened,
    Action.DECLINE: _declined,
    Action.REFUSE: _declined,
    Action.MERGE: _merged,
    Action.WITHDRAW: _withdrawn,
}


def notices_of(deed: Deed) -> Notices:
    """The notices that one action calls for; none for an action that concerns nobody else."""
    tell = NOTICES.get(deed.request.action)
    notices = tell(deed) if tell else []
    return [replace(notice, version=deed.after.version) for notice in notices]


def without_echoes(notices: Notices, own: Collection[str]) -> Notices:
    """Of several actions in one submit each person hears the last only, and nobody hears of their own deed.

    `own` are the ids under which a message would reach who did it.
    """
    latest = {
        (notice.audience, notice.recipient): notice
        for notice in notices
        if notice.recipient not in own
    }
    return list(latest.values())


def own_ids(actor: Actor, desk: str) -> frozenset[str]:
    """The ids under which a message would reach the actor; `desk` is the handler that the staff are."""
    ids = {actor.id, actor.member} | ({desk} if actor.role is Role.STAFF else set())
    return frozenset(id for id in ids if id)


CARRIED = {
    (event, audience)
    for event, audiences in {
        Event.ORDER_PLACED: (Audience.RESIDENT, Audience.COORDINATORS),
        Event.ORDER_ACCEPTED: (Audience.RESIDENT,),
        Event.ORDER_ASSIGNED: (Audience.RESIDENT, Audience.HANDLER),
        Event.ORDER_TAKEN_AWAY: (Audience.HANDLER, Audience.MEMBER),
        Event.ORDER_RETURNED: (Audience.COORDINATORS,),
        Event.ORDER_RELEASED: (Audience.HANDLER, Audience.COORDINATORS),
        Event.ORDER_CLAIMED: (Audience.MEMBER,),
        Event.HELP_ASKED: (Audience.MEMBER,),
        Event.ORDER_PROGRESS: (Audience.RESIDENT,),
        Event.ORDER_HELD: (Audience.RESIDENT,),
        Event.ORDER_EXTENDED: (Audience.RESIDENT,),
        Event.ORDER_DONE: (Audience.RESIDENT,),
        Event.ORDER_RATED: (Audience.MEMBER,),
        Event.ORDER_REOPENED: (Audience.RESIDENT, Audience.HANDLER),
        Event.ORDER_UNSATISFIED: (Audience.COORDINATORS, Audience.LADDER),
        Event.ORDER_DECLINED: (Audience.RESIDENT,),
        Event.ORDER_MERGED: (Audience.RESIDENT,),
        Event.ORDER_WITHDRAWN: (Audience.RESIDENT, Audience.HANDLER, Audience.MEMBER),
        Event.WISH_OPEN: (Audience.GROUPS, Audience.MEMBER),
        Event.WISH_FUNDED: (Audience.DONOR,),
        Event.MONEY_SPENT: (Audience.DONOR,),
        Event.MONEY_MOVED: (Audience.DONOR,),
        Event.WISH_FULFILLED: (Audience.DONOR,),
        Event.ORDER_DUE_SOON: (
            Audience.HANDLER,
            Audience.MEMBER,
            Audience.COORDINATORS,
            Audience.LADDER,
        ),
        Event.ORDER_OVERDUE: (Audience.HANDLER, Audience.COORDINATORS),
        Event.ORDER_ESCALATED: (Audience.LADDER,),
        Event.DIGEST: (
            Audience.RESIDENT,
            Audience.HANDLER,
            Audience.MEMBER,
            Audience.COORDINATORS,
            Audience.LADDER,
        ),
        Event.RATING_REMINDER: (Audience.RESIDENT,),
        Event.MEETING_AGENDA: (Audience.LADDER,),
        Event.DAILY_BRIEF: (Audience.COORDINATORS,),
        Event.WEEKLY_BRIEF: (Audience.COORDINATORS, Audience.GROUPS),
        Event.BROADCAST: (
            Audience.RESIDENT,
            Audience.GROUPS,
            Audience.MEMBER,
            Audience.HANDLER,
        ),
    }.items()
    for audience in audiences
}
"""Every (event, audience) that can occur; each has a template in every locale."""
