"""The only door to the outside: one message to one address, over Apprise, with an honest outcome.

Nothing here is logged: Apprise's URLs and payloads hold secrets and addresses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import apprise
import httpx
from apprise.decorators import notify

from config.catalog import ChannelKind
from tasks.models.enums import MessageState
from tasks.rendering import Text

logging.getLogger("apprise").setLevel(logging.CRITICAL)
for _name in ("httpx", "httpcore", "urllib3"):  # they log the addresses that they call
    logging.getLogger(_name).setLevel(logging.WARNING)

WECOM_TIMEOUT = 10.0
WECOM_MOST_BYTES = 2048  # https://developer.work.weixin.qq.com/document/path/91770, text
WECOM_BUSY = frozenset({-1, 45009, 45033})  # try again: busy, too many a minute, too many at once


@dataclass(frozen=True)
class Outcome:
    """ACCEPTED, FAILED (try again), REFUSED (for good) or UNKNOWN; `code` says why in a word.

    `retry_after` are the seconds that the provider asks for; `is_down` says that the provider is the
    trouble and not this message.
    """

    state: MessageState
    code: str = ""
    retry_after: float | None = None
    is_down: bool = False


_verdict: ContextVar[Outcome | None] = ContextVar("verdict", default=None)


def _judge(state: MessageState, code: str = "") -> bool:
    """Leaves the outcome for `send`, and gives Apprise the plain boolean that it wants."""
    _verdict.set(Outcome(state, code))
    return state is MessageState.ACCEPTED


@notify(on="wecomrobot", name="WeCom group robot")  # type: ignore[untyped-decorator, no-untyped-call]
def _wecom_robot(
    body: str, title: str, notify_type: str, *_: Any, meta: dict[str, Any], **__: Any
) -> bool:
    """wecomrobot://HOST[:PORT]/KEY[?secure=no]: posts a text and reads the provider's own code."""
    scheme = "http" if meta["qsd"].get("secure") == "no" else "https"
    port = f":{meta['port']}" if meta.get("port") else ""
    url = f"{scheme}://{meta['host']}{port}/cgi-bin/webhook/send"
    payload = {"msgtype": "text", "text": {"content": cut_bytes(body, WECOM_MOST_BYTES)}}
    key = str(meta.get("fullpath") or "").strip("/")
    try:
        answer = httpx.post(url, params={"key": key}, json=payload, timeout=WECOM_TIMEOUT)
        code = answer.json()["errcode"] if answer.status_code == httpx.codes.OK else None
    except (httpx.ConnectError, httpx.ConnectTimeout):
        return _judge(MessageState.FAILED, "no_connection")
    except httpx.HTTPError:
        return _judge(MessageState.UNKNOWN, "timeout")
    except (ValueError, KeyError, TypeError):
        return _judge(MessageState.UNKNOWN, "nonsense")
    if answer.status_code != httpx.codes.OK:
        return _judge(MessageState.FAILED, f"http_{answer.status_code}")
    if not isinstance(code, int):
        return _judge(MessageState.UNKNOWN, "nonsense")
    if code == 0:
        return _judge(MessageState.ACCEPTED)
    return _judge(
        MessageState.FAILED if code in WECOM_BUSY else MessageState.REFUSED, f"errcode_{code}"
    )


def cut_bytes(text: str, most: int) -> str:
    """The text within `most` bytes of UTF-8, cut between characters, with … where it was cut."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"


def _with_query(url: str, **parameters: str) -> str:
    query = "&".join(
        f"{quote(name, safe='+:')}={quote(value, safe='')}" for name, value in parameters.items()
    )
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _mail(url: str, address: str, key: str) -> str:
    return _with_query(url, to=address, format="text")


def _webhook(url: str, address: str, key: str) -> str:
    return _with_query(url, **{"+X-Idempotency-Key": key, ":recipient": address})


def _as_it_is(url: str, address: str, key: str) -> str:
    return url


ADDRESSED: dict[ChannelKind, Callable[[str, str, str], str]] = {
    ChannelKind.MAIL: _mail,
    ChannelKind.WEBHOOK: _webhook,
    ChannelKind.WECOM_ROBOT: _as_it_is,
    ChannelKind.APPRISE: _as_it_is,
}
"""How a channel's URL gets the recipient's address and the message's key. No recipient can choose the host."""

KNOWS_DOUBLES = frozenset({ChannelKind.WEBHOOK})  # a key makes sending twice harmless


def send(kind: ChannelKind, url: str, address: str, text: Text, key: str) -> Outcome:
    """Sends one text to one address. Never raises: what goes wrong is the outcome."""
    robot = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    try:
        if not robot.add(ADDRESSED[kind](url, address, key)):
            return Outcome(MessageState.REFUSED, "bad_channel_url")
        for plugin in robot:
            plugin.request_rate_per_sec = 0  # its sleep would hold up everybody's messages
        _verdict.set(None)
        sent = robot.notify(
            title=text.subject, body=text.body, body_format=apprise.NotifyFormat.TEXT
        )
    except Exception as error:  # a plugin may raise anything; the others must go on
        return Outcome(MessageState.UNKNOWN, type(error).__name__)
    return _verdict.get() or Outcome(MessageState.ACCEPTED if sent else MessageState.FAILED)
