"""One POST to a web server, told apart: refused, down, too fast, silent, gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from time import monotonic
from typing import Any

import httpx

from tasks.channels.outcome import ACCEPTED, BAD_URL, LOST, NO_CONNECTION, TIMEOUT, Outcome
from tasks.clock import utc_now
from tasks.models.enums import MessageState

MOST_READ = 65_536  # bytes of an answer; a code stands in the first few
LONGEST_WAIT = 86_400.0  # seconds that a provider can ask for
_WAITS = ("Retry-After", "x-ogw-ratelimit-reset")  # the second is Feishu's, always seconds
_TRY_AGAIN = frozenset({408, 425, 429})  # refusals that do not mean the message


@dataclass(frozen=True)
class Answer:
    """What a server said: its status, its headers and the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@cache
def _client(verify: bool, keeps: bool) -> httpx.Client:
    most = None if keeps else 0
    limits = httpx.Limits(max_keepalive_connections=most)
    return httpx.Client(verify=verify, follow_redirects=False, limits=limits)


os.register_at_fork(after_in_child=_client.cache_clear)  # two must not speak on one connection


def call(
    url: str,
    timeout: httpx.Timeout,
    *,
    verify: bool = True,
    keeps: bool = False,
    method: str = "POST",
    **given: Any,
) -> Answer | Outcome:
    """The server's answer, or the outcome where there was none. Nothing is tried twice.

    `keeps` keeps the connection for the next: one that closed meanwhile would leave a doubt about
    what was sent on it.
    """
    give_up_at = monotonic() + 2 * (timeout.read or 0) + (timeout.connect or 0)
    try:
        with _client(verify, keeps).stream(method, url, timeout=timeout, **given) as answer:
            body = b""
            for chunk in answer.iter_bytes():
                body += chunk
                if len(body) > MOST_READ:
                    break
                if monotonic() > give_up_at:  # an answer that drips
                    return TIMEOUT
            return Answer(answer.status_code, answer.headers, body)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError):
        return NO_CONNECTION
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError):
        return BAD_URL
    except httpx.TimeoutException:
        return TIMEOUT
    except httpx.HTTPError:
        return LOST


def judge_status(answer: Answer) -> Outcome:
    """What the status alone says."""
    code = f"http_{answer.status}"
    if 200 <= answer.status < 300:
        return ACCEPTED
    if answer.status >= 500 or answer.status in _TRY_AGAIN:
        wait = _retry_after(answer.headers)
        return Outcome(MessageState.FAILED, code, wait, is_down=answer.status >= 429)
    return Outcome(MessageState.REFUSED, code)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from seconds or a date; None when it is missing or neither."""
    asked = next((headers[name].strip() for name in _WAITS if name in headers), "")
    if asked.isascii() and asked.isdigit():
        return min(float(asked[:9]), LONGEST_WAIT)
    try:
        wait = (parsedate_to_datetime(asked) - utc_now()).total_seconds()
    except (ValueError, TypeError, OverflowError):  # no date, one without a zone, one out of reach
        return None
    return min(max(wait, 0.0), LONGEST_WAIT)
