"""From what was typed to a validated request, with a sentence for each thing that is not right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import phonenumbers
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tasks.errors import BadInput, NotFilledIn
from tasks.models.broadcast_inputs import NewBroadcast
from tasks.models.enums import Action
from tasks.models.inputs import (
    INPUTS,
    ActionInput,
    Attendance,
    NewMember,
    NewTask,
    NewUnit,
    NewWords,
    Noted,
)
from tasks.scrubbing import hide_name

T = TypeVar("T", bound=BaseModel)

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*", re.ASCII)
_QUOTED = re.compile("'(.*?)'")
_NOTHING_THERE = frozenset({"missing", "string_too_short", "too_short"})
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)  # the library's ranges lag behind newly opened ones

FIELD_WORDS = {
    "kind": "种类",
    "words": "内容",
    "place": "地点",
    "grid": "网格",
    "category": "类别",
    "urgency": "紧急程度",
    "source": "来源",
    "external_id": "外部编号",
    "resident": "姓名",
    "phone": "电话",
    "channel": "渠道",
    "address": "渠道地址",
    "asked_at": "提出时间",
    "language": "语言",
    "consent": "同意",
    "reason": "说明",
    "instead": "建议去向",
    "to": "对象",
    "date": "日期",
    "tell_resident": "告知居民",
    "helpers": "协办",
    "yuan": "金额（元）",
    "donor": "资助方",
    "anonymous": "匿名",
    "pledge": "第几笔认领",
    "voucher": "凭证",
    "grade": "满意度",
    "solved": "是否解决",
    "name": "名字",
    "skills": "特长",
    "contact": "联系人",
    "categories": "能办的类别",
    "grids": "网格",
    "times": "什么时候有空",
    "present": "到会的人",
    "chair": "主持人",
    "title": "标题",
    "text": "内容",
    "title_en": "英文标题",
    "text_en": "英文内容",
    "not_before": "什么时候发",
    "last_day": "到哪天还值得说",
    "urgent": "紧急",
}


def request_for(action: Action, values: Mapping[str, Any]) -> ActionInput:
    """The validated input of an action. Raises BadInput, naming the field and what would be right."""
    request, problems = try_request(action, values)
    if request is None:
        raise problems[0]
    return request


def try_request(
    action: Action, values: Mapping[str, Any]
) -> tuple[ActionInput | None, list[BadInput]]:
    """The validated input of an action, or everything that is wrong with the values."""
    return _validated(INPUTS[action], action.label, values)


def task_for(values: Mapping[str, Any]) -> NewTask:
    """What a meeting gives somebody to do. Raises BadInput as `request_for` does."""
    return _valid(NewTask, "交办", values)


def attendance_for(values: Mapping[str, Any]) -> Attendance:
    """Who came to a meeting. Raises BadInput as `request_for` does."""
    return _valid(Attendance, "到会", values)


def noted_for(label: str, values: Mapping[str, Any]) -> Noted:
    """What goes with a decision of this name that takes a reason and no more. Raises BadInput."""
    return _valid(Noted, label, values)


def words_for(values: Mapping[str, Any]) -> NewWords:
    """What a wish is to say instead. Raises BadInput as `request_for` does."""
    return _valid(NewWords, "改心愿", values)


def member_for(values: Mapping[str, Any]) -> NewMember:
    """Somebody who registers. Raises BadInput as `request_for` does."""
    return _valid(NewMember, "报到", values)


def unit_for(values: Mapping[str, Any]) -> NewUnit:
    """A unit that registers. Raises BadInput as `request_for` does."""
    return _valid(NewUnit, "单位报到", values)


def broadcast_for(values: Mapping[str, Any]) -> NewBroadcast:
    """What a coordinator says to many. Raises BadInput as `request_for` does."""
    return _valid(NewBroadcast, "向群众发声", values)


def _valid(model: type[T], label: str, values: Mapping[str, Any]) -> T:
    valid, problems = _validated(model, label, values)
    if valid is None:
        raise problems[0]
    return valid


def _validated(
    model: type[T], label: str, values: Mapping[str, Any]
) -> tuple[T | None, list[BadInput]]:
    hide_name(values.get("resident"))
    try:
        return model.model_validate(dict(values)), []
    except ValidationError as error:
        return None, [_in_words(model, label, each) for each in error.errors(include_url=False)]


def _in_words(model: type[BaseModel], about: str, error: ErrorDetails) -> BadInput:
    name = str(error["loc"][0]) if error["loc"] else ""
    field = _word_for(model, name)
    label = f"{field}（{name}）" if field != name else name
    if error["type"] in _NOTHING_THERE:
        return NotFilledIn(field=label, name=name)
    if error["type"] == "extra_forbidden":
        known = "、".join(model.model_fields) or "无"
        problem = f"“{about}”没有这一项，可以填：{known}。"
    else:
        problem = _problem(error["type"], error.get("ctx", {}), error["msg"])
    return BadInput(field=label, problem=problem, name=name)


_KINDS_OF_TO = {"handler": "承办方", "member": "党员", "order": "哪一单"}


def _word_for(model: type[BaseModel], name: str) -> str:
    """What people call a field: `to` by what it names."""
    extra = model.model_fields[name].json_schema_extra if name in model.model_fields else None
    kind = str(extra.get("type")) if name == "to" and isinstance(extra, dict) else ""
    return _KINDS_OF_TO.get(kind) or FIELD_WORDS.get(name, name)


def _problem(kind: str, context: Mapping[str, Any], plain: str) -> str:
    if kind in {"string_too_long", "too_long"}:
        return f"太长了，最多 {context['max_length']} 个字。"
    if kind == "enum":
        return f"只能是 {'、'.join(_QUOTED.findall(context['expected']))}。"
    if kind.startswith("date"):
        return "要写成年-月-日，例如 2026-12-01。"
    if kind.startswith(("int", "greater_than")):
        return "要写序号，例如 1。"
    if kind.startswith("bool"):
        return "要写 yes 或 no。"
    if kind == "value_error":
        return f"{context['error']}。"
    return f"不能用（{plain}）。"


def is_mail_address(text: str) -> bool:
    """Whether it is one plain address. A name around it, a list or an escape could reach others."""
    return _MAIL.fullmatch(text) is not None


def is_mobile(text: str) -> bool:
    """Whether it is one mainland mobile, in normal form."""
    return _MOBILE.fullmatch(text) is not None


def dialled(phone: str) -> str:
    """A phone of the configuration in normal form, for comparing; as it stands when it is none."""
    try:
        return normal_phone(phone)
    except BadInput:
        return phone


@lru_cache(2**16)  # a table has the same people again and again, a city's table many of them
def normal_phone(text: str) -> str:
    """A phone number as it is dialled from anywhere in the country; "" for none.

    Takes what people write (blanks, dashes, +86, an area code), mainland numbers and
    international ones with their +. Raises BadInput for what cannot be a number.
    """
    if not text.strip():
        return ""
    wrong = BadInput(
        name="phone",
        field="电话（phone）",
        problem=f"“{text[:30]}”不是电话号码，请写 11 位手机号，或带区号的固定电话。",
    )
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise wrong from None
    if not (phonenumbers.is_valid_number(number) or _MOBILE.fullmatch(str(number.national_number))):
        raise wrong
    if number.country_code == 86:
        national = phonenumbers.PhoneNumberFormat.NATIONAL
        return phonenumbers.format_number(number, national).replace(" ", "")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
