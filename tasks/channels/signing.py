"""A signature by which a receiver knows that a post is ours, and when it was made."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tasks.clock import utc_now

TIMESTAMP, SIGNATURE = "X-Diandan-Timestamp", "X-Diandan-Signature"

_secret: ContextVar[str] = ContextVar("secret", default="")


@contextmanager
def signing(secret: str) -> Iterator[None]:
    """What this thread posts meanwhile is signed with the secret; with an empty one it is not."""
    given = _secret.set(secret)
    try:
        yield
    finally:
        _secret.reset(given)


def signature(body: bytes) -> dict[str, str]:
    """The headers of a body: the HMAC-SHA256 of `timestamp.body`; none where nothing is signed."""
    secret = _secret.get()
    if not secret:
        return {}
    now = str(int(utc_now().timestamp()))
    mac = hmac.digest(secret.encode(), now.encode() + b"." + body, "sha256").hex()
    return {TIMESTAMP: now, SIGNATURE: f"sha256={mac}"}
