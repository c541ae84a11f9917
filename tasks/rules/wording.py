"""What the template of each message is given: the names, their types, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tasks.models.enums import Audience, Event


@dataclass(frozen=True)
class Variable:
    """A value that a template may use; `meaning` is for whoever writes templates."""

    type: type
    meaning: str


VARIABLES: Mapping[str, Variable] = {
    name: Variable(type, meaning)
    for name, type, meaning in (
        ("community", str, "社区名称"),
        ("desk_phone", str, "服务台电话，没有时为空"),
        ("timezone", str, "时区"),
        ("today", str, "今天，年-月-日"),
        ("locale", str, "模板的语言"),
        ("number", str, "订单编号"),
        ("kind", str, "诉求、微心愿或大心愿"),
        ("words", str, "居民的话，截短为一行"),
        ("place", str, "地点，没有时为空"),
        ("category", str, "类别，没有时为空"),
        ("grid", str, "网格，没有时为空"),
        ("handler", str, "承办方，没有时为空"),
        ("member", str, "党员，没有时为空"),
        ("deadline", str, "期限，用 | day 或 | moment 写出来，没有时为空"),
        ("urgency", str, "normal 一般、urgent 紧急"),
        ("round", int, "第几轮办理"),
        ("reason", str, "办这一步时填写的说明，没有时为空"),
        ("link", str, "评价链接，不能评价时为空"),
        ("resident_name", str, "居民姓名，不能告诉时为空"),
        ("resident_phone", str, "居民电话，不能告诉时为空"),
        ("until", str, "挂起到哪天，用 | day 写出来"),
        ("instead", str, "可以找谁办，没有时为空"),
        ("other", str, "另一个订单的编号"),
        ("grade", str, "satisfied 满意、basically 基本满意、unsatisfied 不满意"),
        ("solved", bool, "解决了没有"),
        ("points", int, "这次得了几分"),
        ("groups", list, "要转发的微信群"),
        ("clock", str, "哪一种时限，没有时为空"),
        ("due", str, "这一时限的期限，用 | moment 写出来，没有时为空"),
        ("rung", str, "报到哪一级，没有时为空"),
        ("count", int, "一共几件"),
        ("lines", list, "其中几件，各有自己的值"),
        ("daily", bool, "是每天一条的合并消息，不是提醒"),
        ("figures", dict, "数字"),
        ("target", str, "目标金额，元"),
        ("raised", str, "已筹金额，元"),
        ("spent", str, "已支出金额，元"),
        ("left", str, "剩余金额，元"),
        ("voucher", str, "票据"),
        ("yuan", str, "这一笔的金额，元"),
        ("title", str, "群众发声的标题"),
        ("said", str, "群众发声的内容"),
    )
}
_ANY = frozenset({"community", "desk_phone", "timezone", "today", "locale"})
_OF_AN_ORDER = frozenset(
    {
        *("number", "kind", "words", "place", "category", "grid", "handler", "member"),
        *("deadline", "urgency", "round", "reason"),
    }
)
_OF_THE_CLOCK = frozenset({"clock", "due", "rung"})
_OF_A_RATING = frozenset({"grade", "solved"})
_OF_MANY: Mapping[Event, frozenset[str]] = {
    Event.DIGEST: frozenset({"count", "lines", "daily"}),
    Event.MEETING_AGENDA: frozenset({"count", "lines"}),
    Event.DAILY_BRIEF: frozenset({"figures"}),
    Event.WEEKLY_BRIEF: frozenset({"figures", "lines"}),
    Event.BROADCAST: frozenset({"title", "said"}),
}
_OF_AN_EVENT: Mapping[Event, frozenset[str]] = {
    Event.ORDER_HELD: frozenset({"until"}),
    Event.ORDER_DECLINED: frozenset({"instead"}),
    Event.ORDER_MERGED: frozenset({"other"}),
    Event.ORDER_RATED: _OF_A_RATING | {"points"},
    Event.ORDER_UNSATISFIED: _OF_A_RATING,
    Event.ORDER_DUE_SOON: _OF_THE_CLOCK,
    Event.ORDER_OVERDUE: _OF_THE_CLOCK,
    Event.ORDER_ESCALATED: _OF_THE_CLOCK,
    Event.MONEY_SPENT: frozenset({"voucher", "yuan"}),
    Event.MONEY_MOVED: frozenset({"other", "yuan"}),
}
_OF_AN_AUDIENCE: Mapping[Audience, frozenset[str]] = {
    Audience.GROUPS: frozenset({"groups"}),
    Audience.DONOR: frozenset({"target", "raised", "spent", "left"}),
}
_OF_BOTH: Mapping[tuple[Event, Audience], frozenset[str]] = {
    (Event.ORDER_DONE, Audience.RESIDENT): frozenset({"link"}),
    (Event.RATING_REMINDER, Audience.RESIDENT): frozenset({"link"}),
    (Event.ORDER_CLAIMED, Audience.MEMBER): frozenset({"resident_name", "resident_phone"}),
}


@cache
def given_to(event: Event, audience: Audience) -> Mapping[str, Variable]:
    """The variables of one message, by name, in the order of VARIABLES."""
    names = _ANY | _OF_AN_AUDIENCE.get(audience, frozenset())
    names |= _OF_MANY.get(event, _OF_AN_ORDER)
    names |= _OF_AN_EVENT.get(event, frozenset()) | _OF_BOTH.get((event, audience), frozenset())
    return {name: variable for name, variable in VARIABLES.items() if name in names}


def only_given(event: Event, audience: Audience, known: Mapping[str, Any]) -> dict[str, Any]:
    """Of all that is known about a message, what its template is given."""
    return {name: known[name] for name in given_to(event, audience)}
