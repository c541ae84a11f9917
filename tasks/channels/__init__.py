"""The only door to the outside: one message to one address, over Apprise, with an honest outcome.

Nothing here is logged: Apprise's URLs and payloads hold secrets and addresses.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote

import apprise
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.email.base import NotifyEmail
from apprise.plugins.mqtt import NotifyMQTT

from config.catalog import ChannelKind
from config.channel_schemes import is_scheme_of
from tasks.channels import broker, mail, robots, sms, webhook, wecom_app
from tasks.channels.cutting import cut
from tasks.channels.errand import Errand, errand, verdict
from tasks.channels.outcome import ACCEPTED, BAD_URL, NO_ADDRESS, Outcome
from tasks.channels.signing import signing
from tasks.models.enums import MessageState
from tasks.rendering import Text

__all__ = ["KNOWS_DOUBLES", "OURS", "Outcome", "as_sent", "cut", "send", "signing"]

OURS = (robots, sms, wecom_app)  # plugins of our own; each plugs itself in

logging.getLogger("apprise").setLevel(logging.CRITICAL)
for _name in ("httpx", "httpcore", "urllib3"):  # they log the addresses that they call
    logging.getLogger(_name).setLevel(logging.WARNING)


def as_sent(kind: ChannelKind, body: str) -> str:
    """The text as a channel of this kind would pass it on: cut where its provider takes no more."""
    limits = {provider.scheme: provider.most_bytes for provider in robots.PROVIDERS}
    most = {**limits, "wecomapp": wecom_app.MOST_BYTES}.get(kind.value.replace("_", ""))
    return body if most is None else cut(body, most)


KNOWS_DOUBLES = frozenset({ChannelKind.WEBHOOK, ChannelKind.MQTT, ChannelKind.WECOM_APP})
"""Sending twice does no harm: receivers know a double by its key, and WeCom drops it (see wecom_app.FOUR_HOURS)."""


def send(kind: ChannelKind, url: str, address: str, text: Text, key: str) -> Outcome:
    """Sends one text to one address. Never raises: what goes wrong is the outcome."""
    if not is_scheme_of(kind, url):
        return BAD_URL
    given = errand.set(Errand(address, text, key))
    try:
        robot = _robot(_to(address, url) if kind is ChannelKind.MAIL else url)
        if not len(robot):
            return BAD_URL
        outcome = _told(robot, kind, errand.get())
    except Exception as error:  # a plugin may raise anything; the others must go on
        return Outcome(MessageState.UNKNOWN, type(error).__name__)
    finally:
        errand.reset(given)
    if outcome.state is MessageState.UNKNOWN and kind in KNOWS_DOUBLES:
        return replace(outcome, state=MessageState.FAILED)
    return outcome


def _to(address: str, url: str) -> str:
    """The URL of a mail server, with whom the letter is for; nobody's address can choose the server."""
    return f"{url}{'&' if '?' in url else '?'}to={quote(address, safe='')}&format=text"


@lru_cache(maxsize=64)
def _robot(url: str) -> apprise.Apprise:
    """What speaks for one URL; empty when Apprise does not know it. Those without an address in them are
    read once."""
    robot = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    robot.add(url)
    return robot


def _told(robot: apprise.Apprise, kind: ChannelKind, given: Errand) -> Outcome:
    """By our own hand where Apprise would not say what was answered, otherwise by its plugin."""
    (plugin,) = robot
    if isinstance(plugin, NotifyJSON):
        return webhook.post(plugin, given)
    if isinstance(plugin, NotifyMQTT):
        return broker.publish(plugin, given)
    if isinstance(plugin, NotifyEmail) and mail.is_plain(plugin):
        address = given.address if kind is ChannelKind.MAIL else ""
        if kind is ChannelKind.MAIL and not address:
            return NO_ADDRESS  # and not the URL's own
        return mail.deliver(plugin, address, given.text, given.key)
    plugin.request_rate_per_sec = 0  # its sleep would hold up everybody's messages
    verdict.set(None)
    text = given.text
    sent = robot.notify(title=text.subject, body=text.body, body_format=apprise.NotifyFormat.TEXT)
    return verdict.get() or (ACCEPTED if sent else Outcome(MessageState.FAILED))
