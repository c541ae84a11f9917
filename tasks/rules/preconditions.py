"""What must be true for an action, beyond the status: one function per rule of the lifecycle's last column.

Each returns "" or a sentence that says why not. They ask nothing of the outside world.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import date
from typing import Any

from config.catalog import OTHER
from tasks.errors import Refused, UnknownId
from tasks.models.enums import OPEN, WISHES, Action, ClockKind, Grade, Kind, Role, Status
from tasks.models.inputs import (
    Accept,
    ActionInput,
    Appoint,
    AskExtension,
    Assign,
    Claim,
    Hold,
    Merge,
    MoveMoney,
    OpenFunding,
    Rate,
    Reassign,
    Receive,
    Report,
    Spend,
)
from tasks.models.state import MemberView, OrderState
from tasks.rules.circumstances import Circumstances
from tasks.rules.deadline import end_of_day, local_day, local_time, rating_until, reopen_until
from tasks.rules.funding import in_yuan

MAX_RETURNS = 2  # the third time the handler keeps it (终审派单)
LAST_ROUND = 3  # after it an unsatisfied order stays closed

Rule = Callable[[OrderState, Any, Circumstances], str]


def _accept(state: OrderState, request: Accept, around: Circumstances) -> str:
    _known("类别", request.category, around.catalog.categories)
    _known("网格", request.grid, around.catalog.grids)
    return ""


def _known(what: str, id: str | None, where: Container[str]) -> None:
    if id is not None and id not in where:
        raise UnknownId(what=what, id=id, hint="")


def _assign(state: OrderState, request: Assign, around: Circumstances) -> str:
    catalog = around.catalog
    _known("承办方", request.to, catalog.handlers)
    known = catalog.categories.get(state.category or OTHER)
    category = known.id if known else OTHER
    if catalog.serves(request.to, category, state.grid):
        return ""
    names = "、".join(
        catalog.handlers[handler].name for handler in catalog.default_handlers(category, state.grid)
    )
    return (
        f"“{catalog.handlers[request.to].name}”不办“{catalog.categories[category].name}”，"
        f"可以派给：{names}，或社区、网格。"
    )


def _reassign(state: OrderState, request: Reassign, around: Circumstances) -> str:
    _known("承办方", request.to, around.catalog.handlers)
    return "已经派给它了，请选另一个承办方。" if request.to == state.handler else ""


def _appoint(state: OrderState, request: Appoint, around: Circumstances) -> str:
    _known("承办方", request.to, around.catalog.handlers)
    return _in_the_future(request.date, around) if request.date else ""


def _open_funding(state: OrderState, request: OpenFunding, around: Circumstances) -> str:
    _known("承办方", request.to, around.catalog.handlers)
    return _in_the_future(request.date, around)


def _in_the_future(day: date, around: Circumstances) -> str:
    today = local_day(around.now, around.catalog.calendar.timezone)
    return "" if day > today else f"日期要在今天（{today.isoformat()}）之后。"


def _merge(state: OrderState, request: Merge, around: Circumstances) -> str:
    other = around.named_order
    assert other is not None
    if other.number == state.number:
        return "不能并入自己。"
    if other.kind is not state.kind:
        return f"{other.number} 是“{other.kind.label}”，只能并入同一种订单。"
    if other.status not in OPEN:
        return f"{other.number} 已经是“{other.status.label}”，只能并入还在办的订单。"
    return _nothing_left(state, request, around)


def _move_money(state: OrderState, request: MoveMoney, around: Circumstances) -> str:
    other = around.named_order
    assert other is not None
    if other.kind is not Kind.BIG_WISH or other.number == state.number:
        return "款项只能转给另一个大心愿。"
    if other.status not in OPEN - {Status.PLACED}:
        return f"{other.number} 现在是“{other.status.label}”，款项只能转给受理了、还在办的大心愿。"
    return _enough_left(request.yuan, around)


def _enough_left(fen: int, around: Circumstances) -> str:
    left = around.funds.left
    return "" if fen <= left else f"账上只剩 {in_yuan(left)} 元，不够 {in_yuan(fen)} 元。"


def _receive(state: OrderState, request: Receive, around: Circumstances) -> str:
    promise = around.funds.promise(request.pledge)
    if promise is None:
        count = len(around.funds.promises)
        known = f"，现在有第 1 到第 {count} 笔" if count else "，还没有人认领资助"
        return f"没有第 {request.pledge or 1} 笔认领{known}。"
    if request.yuan > promise.outstanding:
        return (
            f"第 {promise.number} 笔（{promise.donor}）认领了 {in_yuan(promise.pledged)} 元，"
            f"已到 {in_yuan(promise.received)} 元，多出来的请先另记一笔认领。"
        )
    return ""


def _spend(state: OrderState, request: Spend, around: Circumstances) -> str:
    if request.voucher in around.funds.vouchers:
        return f"凭证“{request.voucher}”已经记过一次。"
    return _enough_left(request.yuan, around)


def _complete_funding(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    missing = (state.target or 0) - around.funds.raised
    return "" if missing <= 0 else f"还差 {in_yuan(missing)} 元才筹足。"


def _fail_funding(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    if around.funds.raised >= (state.target or 0):
        return "已经筹足。"
    clock = state.clock(ClockKind.FUNDING)
    if clock is not None and around.now < clock.due_at:
        zone = around.catalog.calendar.timezone
        return f"筹集期到 {local_time(clock.due_at, zone)} 才结束。"
    return ""


def _nothing_left(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    left = around.funds.left
    return f"账上还有 {in_yuan(left)} 元，请先由会议决定转给别的大心愿。" if left else ""


def _return(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    return (
        "已经退过两次，不能再退；确有困难请申请延期或提交会议。"
        if state.returns >= MAX_RETURNS
        else ""
    )


def _claim(state: OrderState, request: Claim, around: Circumstances) -> str:
    member = around.named_member
    assert member is not None
    if not member.verified:
        return f"“{member.name}”还没有通过核实，不能认领。"
    if state.kind in WISHES and _is_their_own(member, around):
        return "这是其自己的心愿，要由别人来认领。"
    if state.status is Status.TAKEN and not member.belongs_to(state.handler):
        handler = around.catalog.handlers.get(state.handler or "")
        return f"“{member.name}”不是“{handler.name if handler else state.handler}”的人。"
    return _cannot_help(state, request.to, around)


def _report(state: OrderState, request: Report, around: Circumstances) -> str:
    if request.helpers and state.member is None:
        return "还没有人认领，认领以后才能加帮手。"
    return _cannot_help(state, state.member, around)


def _cannot_help(state: OrderState, claimant: str | None, around: Circumstances) -> str:
    """Several may help whoever has it in hand: verified members, each once, and not the wisher."""
    for member in around.named_helpers:
        if not member.verified:
            return f"“{member.name}”还没有通过核实，不能帮忙办理。"
        if member.id == claimant or member.id in around.helpers:
            return f"“{member.name}”已经在办这件事了。"
        if state.kind in WISHES and _is_their_own(member, around):
            return f"这是“{member.name}”自己的心愿，要由别人来办。"
    return ""


def _is_their_own(member: MemberView, around: Circumstances) -> bool:
    return bool(around.resident_phone) and member.phone == around.resident_phone


def _ask_extension(state: OrderState, request: AskExtension, around: Circumstances) -> str:
    if state.asked_due_at is not None:
        return "已有一个延期申请在等批准。"
    finish = state.clock(ClockKind.FINISH)
    if finish is None:  # the date will hold once it starts
        return _in_the_future(request.date, around)
    if around.now >= finish.due_at:
        return "期限已过，不能再申请延期。"
    if end_of_day(request.date, around.catalog.calendar.timezone) < finish.due_at:
        return "新日期不能比现在的期限早。"
    return ""


def _decide_extension(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    if state.asked_due_at is None:
        return "没有等待批准的延期申请。"
    if state.asked_by in {around.actor.id, around.actor.member}:
        return "申请人不能批自己的申请，请另一个人来批。"
    return ""


def _hold(state: OrderState, request: Hold, around: Circumstances) -> str:
    return _in_the_future(request.date, around)


def _send_back(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    return "" if state.before else "没有可以退回的一线环节，请由会议指派或作出决定。"


def _rate(state: OrderState, request: Rate, around: Circumstances) -> str:
    if request.grade is Grade.UNSATISFIED and not request.reason:
        return "不满意时请写明原因。"
    if around.resident_phone and around.resident_phone in around.worker_phones:
        return "办理人与点单人是同一个电话，不能评价自己的工作。"
    actor = around.actor
    if actor.role is Role.RESIDENT:
        return ""
    own = {id for id in (actor.id, actor.member) if id}
    if own & {state.member, state.done_by, *around.helpers}:
        return f"“{actor.name}”办理了这个订单，回访要由另一个人来做。"
    return ""


def _expire(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    until = rating_until(state, around.catalog)
    zone = around.catalog.calendar.timezone
    return "" if around.now >= until else f"评价期到 {local_time(until, zone)} 才结束。"


def _reopen(state: OrderState, request: ActionInput, around: Circumstances) -> str:
    until = reopen_until(state, around.catalog)
    zone = around.catalog.calendar.timezone
    return (
        "" if around.now <= until else f"重办期到 {local_time(until, zone)} 已经结束，请重新登记。"
    )


RULES: dict[Action, Rule] = {
    Action.ACCEPT: _accept,
    Action.ASSIGN: _assign,
    Action.REASSIGN: _reassign,
    Action.APPOINT: _appoint,
    Action.OPEN_FUNDING: _open_funding,
    Action.MERGE: _merge,
    Action.MOVE_MONEY: _move_money,
    Action.RECEIVE: _receive,
    Action.SPEND: _spend,
    Action.COMPLETE_FUNDING: _complete_funding,
    Action.FAIL_FUNDING: _fail_funding,
    Action.DECLINE: _nothing_left,
    Action.REFUSE: _nothing_left,
    Action.WITHDRAW: _nothing_left,
    Action.RETURN: _return,
    Action.CLAIM: _claim,
    Action.REPORT: _report,
    Action.ASK_EXTENSION: _ask_extension,
    Action.APPROVE_EXTENSION: _decide_extension,
    Action.REFUSE_EXTENSION: _decide_extension,
    Action.HOLD: _hold,
    Action.SEND_BACK: _send_back,
    Action.RATE: _rate,
    Action.EXPIRE: _expire,
    Action.REOPEN: _reopen,
}


def check_preconditions(state: OrderState, request: ActionInput, around: Circumstances) -> None:
    """Raises Refused with a sentence, or UnknownId, when a rule forbids the action here and now."""
    rule = RULES.get(request.action)
    if rule and (why := rule(state, request, around)):
        raise Refused(number=state.number, action=_name_of(request), why=why)


def _name_of(request: ActionInput) -> str:
    asks_for_help = isinstance(request, Report) and request.helpers
    return "加帮手" if asks_for_help else request.action.label
