"""What must hold between channels and the contacts on them."""

import re
from collections.abc import Callable, Iterator

from config.drafts import Draft, Slot
from config.mistakes import Mistake
from config.shapes import Channel, ChannelKind, Contact

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_NEEDED = {  # what stands where nothing does, and what to write
    ChannelKind.MAIL: ("没有写邮箱", "加上 address: 邮箱地址"),
    ChannelKind.SMS: ("没有写手机号", '加上 address: "11 位手机号"'),
    ChannelKind.WECOM_APP: ("没有写企业微信账号", "加上 address: 通讯录里的账号（userid）"),
}


def _contacts(draft: Draft) -> Iterator[tuple[Slot, tuple[str | int, ...], Contact, str]]:
    """Every contact that could be read, with where it stands and the kind of its channel."""
    kinds = {slot.id: slot.text("kind") for slot in draft.of("channels")}
    for key in ("contacts", "desk_contacts"):
        for slot in draft.slots:
            addresses = {place[:-1]: text for place, text in slot.texts(key, "address")}
            for place, channel in slot.texts(key, "channel"):
                contact = Contact(channel=channel, address=addresses.get(place[:-1], ""))
                yield slot, place, contact, kinds.get(channel, "")


def _contacts_have_addresses(draft: Draft) -> Iterator[Mistake]:
    for slot, place, contact, kind in _contacts(draft):
        if kind in _NEEDED and not contact.address:
            lack, remedy = _NEEDED[ChannelKind(kind)]
            yield slot.mistake(place, f'的渠道 "{contact.channel}" {lack}', remedy)
        elif kind == ChannelKind.SMS and not _MOBILE.fullmatch(contact.address):
            problem = f'的手机号 "{contact.address}" 发不了短信'
            yield slot.mistake(place, problem, "写 11 位手机号，不带空格和区号")


def _short_messages_are_set_up(draft: Draft) -> Iterator[Mistake]:
    for slot in draft.of("channels"):
        channel = slot.entry
        if not isinstance(channel, Channel):
            continue
        if channel.kind is ChannelKind.SMS and channel.sms is None:
            remedy = "加上 sms，写签名 sign 和审核过的模板 templates"
            yield slot.mistake((), "没有写短信签名和模板", remedy)
        if channel.kind is not ChannelKind.SMS and channel.sms is not None:
            yield slot.mistake(("sms",), "不该有 sms", "只有 kind: sms 的渠道才写")


def _short_messages_are_said_once(draft: Draft) -> Iterator[Mistake]:
    for slot in draft.of("channels"):
        if not isinstance(slot.entry, Channel) or slot.entry.sms is None:
            continue
        known: set[tuple[str, str, str]] = set()
        for at, one in enumerate(slot.entry.sms.templates):
            about = (one.event, one.audience, one.locale)
            if about in known:
                problem = f"给 {one.event}/{one.audience} 写了两个模板"
                yield slot.mistake(("sms", "templates", at), problem, "只留一个")
            known.add(about)


CHANNEL_CHECKS: tuple[Callable[[Draft], Iterator[Mistake]], ...] = (
    _contacts_have_addresses,
    _short_messages_are_set_up,
    _short_messages_are_said_once,
)
