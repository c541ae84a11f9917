"""Broadcasts in words, for the forms and the command line: whom one reaches, when, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from config.catalog import ChannelKind
from tasks.clock import utc_now
from tasks.house import house
from tasks.models.enums import MessageState
from tasks.reach import Reach
from tasks.rules.deadline import local_time

KINDS = {
    ChannelKind.BY_HAND: "要人转发、打电话的文字",
    ChannelKind.MAIL: "电子邮件",
    ChannelKind.WEBHOOK: "对接系统",
    ChannelKind.WECOM_ROBOT: "企业微信群机器人",
    ChannelKind.DINGTALK_ROBOT: "钉钉群机器人",
    ChannelKind.FEISHU_ROBOT: "飞书群机器人",
    ChannelKind.MQTT: "消息服务器",
    ChannelKind.WECOM_APP: "企业微信应用",
    ChannelKind.SMS: "短信",
    ChannelKind.APPRISE: "其他渠道",
}
STATES = {
    MessageState.ACCEPTED.value: "已交给渠道",
    MessageState.DELIVERED.value: "已告知",
    MessageState.REFUSED.value: "被拒",
    MessageState.UNKNOWN.value: "不确定",
    "waits": "还没发",
    MessageState.SUPPRESSED.value: "不发了",
    MessageState.EXPIRED.value: "过时未发",
    MessageState.DEAD.value: "发不出",
}
COLUMNS = ("编号", "什么时候", "标题", "发给谁", *STATES.values(), "")


def whom(reach: Reach) -> list[str]:
    """Who hears it on which way, and who does not, a line each."""
    return [*(f"收得到：{line}" for line in _reached(reach)), *_not_reached(reach)]


def _reached(reach: Reach) -> Iterator[str]:
    """Who hears it, a line for each way."""
    channels = house().catalog.channels
    for id, count in reach.channels.items():
        if count:
            yield f"{channels[id].name if id in channels else id} {count} 条"
    if reach.groups:
        yield f"要人转发的群 {len(reach.groups)} 个：{'、'.join(reach.groups)}"
    if reach.calls:
        yield f"要打电话的单位 {reach.calls} 家"


def _not_reached(reach: Reach) -> Iterator[str]:
    """Who does not hear it, or hears it from somebody else, as counts."""
    by_groups = "，请群里的人转告" if reach.groups else "，也没有群可以转告"
    if reach.phone_only:
        yield f"只有电话 {reach.phone_only} 人：不一个个打电话{by_groups}"
    if reach.no_contact:
        yield f"没有联系方式 {reach.no_contact} 人"
    if reach.declined:
        yield f"不同意联系 {reach.declined} 人：不发"
    if reach.shared:
        yield f"和别人同一个地址 {reach.shared} 人：一个地址只发一次"


def from_when(not_before: datetime, expires: datetime) -> str:
    """From when it is said, and until when."""
    now, zone = utc_now(), house().timezone
    begins = "现在" if not_before <= now else local_time(not_before, zone, now)
    return f"{begins}发；{local_time(expires, zone, now)} 还没发出的，不再发"


def row_of(one: Mapping[str, Any], plain: Callable[[str], str] = str) -> tuple[str, ...]:
    """A broadcast as a line of a table, below COLUMNS; `plain` is for what somebody typed."""
    begins = local_time(datetime.fromisoformat(one["not_before"]), house().timezone, utc_now())
    called_off = "已撤回" if one["called_off_at"] else ""
    counts = (str(one[state]) for state in STATES)
    typed = (plain(one["title"]), plain(one["to_name"]))
    return (str(one["id"]), begins, *typed, *counts, called_off)
