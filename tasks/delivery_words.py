"""Why a message stands where it stands, in plain Chinese: for people at the desk, who know no codes."""

from __future__ import annotations

import re

_WORDS = {
    "no_address": "没有地址",
    "bad_address": "地址写得不对",
    "no_contact": "没有留联系方式",
    "no_connection": "连不上渠道",
    "timeout": "对方没有回应",
    "connection_lost": "说到一半断线了",
    "nonsense": "渠道的回答看不懂",
    "sender_died": "发到一半断了",
    "channel_not_set_up": "渠道还没有设置",
    "bad_template": "文字模板有错",
    "on_todo_list": "在待办里看",
    "gathering": "等着合并",
    "for_digest": "等着合成每天一条",
    "in_digest": "合在一条里说了",
    "told_on_phone": "在电话里说过了",
    "declined": "本人不要这种消息",
    "hears_once": "同一个人已经有一条",
    "muted": "这个地址发不到，60 天内不再发",
    "no_longer_true": "事情已经办了，不用再提醒",
    "no_longer_open": "心愿已有人认领",
    "superseded": "有了更新的消息",
    "over": "事情已经过去",
    "expired": "过了该说的时候",
    "received": "对方说收到了",
    "answered": "已经答复",
    "forgotten": "居民资料已删除",
    "provider_rests": "渠道一直不通，等得太久",
    "called_off": "已经撤回",
    "bad_channel_url": "渠道的设置写错了",
    "broken_plugin": "渠道出了内部错误",
    "smtp_not_supported": "邮件服务器不支持这种登录",
    "no_such_user": "企业微信里没有这个人，或应用看不到他",
    "bad_phone": "手机号不对",
    "phone_blocked": "对方退订了短信",
    "words_forbidden": "短信里有不让发的词",
    "no_sms_template": "这种消息没有短信模板",
    "bad_sms_template": "短信签名或模板没有审核通过",
    "too_many": "给这个号码发得太多",
    "sms_limit": "短信发到了限额",
    "no_money": "短信余额不足",
    "not_allowed": "短信平台不认这个账号",
    "provider_busy": "短信平台正忙",
    "mqtt_134": "消息服务器不认用户名和密码",
    "mqtt_135": "消息服务器不让登录",
}
_BY_KIND = {
    "errcode_": "渠道拒绝（代码 {}）",
    "http_": "渠道报错（HTTP {}）",
    "smtp_": "邮件被退（代码 {}）",
    "mqtt_": "消息服务器拒绝（代码 {}）",
}
_EXCEPTION = re.compile(
    r"[A-Z][A-Za-z0-9]*|[a-z]*error", re.ASCII
)  # what a plugin raised, by its name
_BY_WHOM = {"told_by:": "{}已告知", "again_by:": "{}要再发一次"}


def in_words(code: str, names: dict[str, str] | None = None) -> str:
    """The code in words, "" for none; `names` are those behind the ids in codes of people's deeds."""
    if code in _WORDS:
        return _WORDS[code]
    if _EXCEPTION.fullmatch(code):
        return f"渠道出了内部错误（{code}）"
    for start, sentence in _BY_KIND.items():
        if code.startswith(start):
            return sentence.format(code.removeprefix(start))
    for start, sentence in _BY_WHOM.items():
        if code.startswith(start):
            who, _, how = code.removeprefix(start).partition("/")
            said = f"（{_WORDS.get(how, how)}）" if how else ""
            return sentence.format((names or {}).get(who, who)) + said
    return code


def way_in(reason: str) -> tuple[str, str]:
    """Of why a message is in a person's hands, which channel did not take it and the code for why; "" where
    it does not say."""
    channel, colon, code = reason.partition(": ")
    return (channel, code) if colon else ("", "")


def person_in(code: str) -> str:
    """The id of whoever a code speaks of, "" when it speaks of nobody."""
    start = next((start for start in _BY_WHOM if code.startswith(start)), None)
    return code.removeprefix(start).partition("/")[0] if start else ""
