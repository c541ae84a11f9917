"""What is derived from the server's secret: rating links, of which none is ever stored, and sealed ids and addresses."""

from __future__ import annotations

import base64
import hmac
import re
from hashlib import sha256

from tasks.errors import UnknownLink
from tasks.house import house

_SHAPE = re.compile(r"([ASB]-\d{4}-\d{4,9})\.(\d{1,3})\.([A-Za-z0-9_-]{22})", re.ASCII)


def rating_token(number: str, round: int) -> str:
    """The token of an order's round: the same whenever it is asked for."""
    digest = hmac.new(house().settings.secret_key, f"rate:{number}:{round}".encode(), sha256)
    seal = base64.urlsafe_b64encode(digest.digest()[:16]).decode().rstrip("=")
    return f"{number}.{round}.{seal}"


def sealed_id(id: str) -> str:
    """What stands in place of another system's id that named a person: the same whenever it is asked for."""
    seal = hmac.new(house().settings.secret_key, f"forget:{id}".encode(), sha256)
    return f"•••{seal.hexdigest()[:32]}"


def sealed_address(channel: str, address: str) -> str:
    """What stands in place of an address on a channel, however its letters are written."""
    plain = f"address:{channel}:{address.strip().lower()}"
    return hmac.new(house().settings.secret_key, plain.encode(), sha256).hexdigest()[:32]


def rating_link(number: str, round: int) -> str:
    """The address that a resident opens to rate; it ends in /r/TOKEN."""
    return f"{house().public_url}/r/{rating_token(number, round)}"


def order_and_round(token: str) -> tuple[str, int]:
    """What a token stands for. Raises UnknownLink for one that was never given out."""
    match = _SHAPE.fullmatch(token.strip().rsplit("/r/", 1)[-1])
    if match is None:
        raise UnknownLink
    number, round = match[1], int(match[2])
    if not hmac.compare_digest(rating_token(number, round), match[0]):
        raise UnknownLink
    return number, round
