"""The only door to the outside: one message to one address, over Apprise, with an honest outcome.

Nothing here is logged: Apprise's URLs and payloads hold secrets and addresses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

import apprise
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.email.base import NotifyEmail

from config.catalog import ChannelKind
from tasks.channels import mail, webhook
from tasks.channels.cutting import cut, sms_parts
from tasks.channels.outcome import ACCEPTED, BAD_URL, Outcome
from tasks.channels.robots import verdict
from tasks.models.enums import MessageState
from tasks.rendering import Text

__all__ = ["ADDRESSED", "KNOWS_DOUBLES", "Outcome", "cut", "send", "sms_parts"]

logging.getLogger("apprise").setLevel(logging.CRITICAL)
for _name in ("httpx", "httpcore", "urllib3"):  # they log the addresses that they call
    logging.getLogger(_name).setLevel(logging.WARNING)


def _with_query(url: str, **parameters: str) -> str:
    query = "&".join(
        f"{quote(name, safe='+:')}={quote(value, safe='')}" for name, value in parameters.items()
    )
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _mail(url: str, address: str, key: str) -> str:
    return _with_query(url, to=address, format="text")


def _as_it_is(url: str, address: str, key: str) -> str:
    return url


ADDRESSED: dict[ChannelKind, Callable[[str, str, str], str]] = {
    ChannelKind.MAIL: _mail,
    ChannelKind.WEBHOOK: _as_it_is,
    ChannelKind.WECOM_ROBOT: _as_it_is,
    ChannelKind.DINGTALK_ROBOT: _as_it_is,
    ChannelKind.FEISHU_ROBOT: _as_it_is,
    ChannelKind.APPRISE: _as_it_is,
}
"""How a channel's URL gets the recipient's address and the message's key. No recipient can choose the host."""

KNOWS_DOUBLES = frozenset({ChannelKind.WEBHOOK})  # a key makes sending twice harmless


def send(kind: ChannelKind, url: str, address: str, text: Text, key: str) -> Outcome:
    """Sends one text to one address. Never raises: what goes wrong is the outcome."""
    try:
        robot = _robot(ADDRESSED[kind](url, address, key))
        if not len(robot):
            return BAD_URL
        outcome = _told(robot, address, text, key)
    except Exception as error:  # a plugin may raise anything; the others must go on
        return Outcome(MessageState.UNKNOWN, type(error).__name__)
    if outcome.state is MessageState.UNKNOWN and kind in KNOWS_DOUBLES:
        return replace(outcome, state=MessageState.FAILED)
    return outcome


@lru_cache(maxsize=64)
def _robot(url: str) -> apprise.Apprise:
    """What speaks for one URL; empty when Apprise does not know it. Those without an address in them are
    read once."""
    robot = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    robot.add(url)
    return robot


def _told(robot: apprise.Apprise, address: str, text: Text, key: str) -> Outcome:
    """By our own hand where Apprise would not say what was answered, otherwise by its plugin."""
    (plugin,) = robot
    if isinstance(plugin, NotifyJSON):
        return webhook.post(plugin, address, text, key)
    if isinstance(plugin, NotifyEmail) and mail.is_plain(plugin):
        return mail.deliver(plugin, address, text, key)
    plugin.request_rate_per_sec = 0  # its sleep would hold up everybody's messages
    verdict.set(None)
    sent = robot.notify(title=text.subject, body=text.body, body_format=apprise.NotifyFormat.TEXT)
    return verdict.get() or (ACCEPTED if sent else Outcome(MessageState.FAILED))
