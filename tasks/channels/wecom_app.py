"""Messages of a WeCom application to one of its users: wecomapp://CORPID:SECRET@AGENTID/.

After https://developer.work.weixin.qq.com/document/path/90236 (sending), 91039 (the token) and 90455 (codes).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any

import httpx

from tasks.channels.codes import Codes, judge, said
from tasks.channels.cutting import cut
from tasks.channels.errand import Errand, origin, plug_in
from tasks.channels.outcome import BAD_URL, NO_ADDRESS, NONSENSE, Outcome
from tasks.channels.web import Answer, call
from tasks.models.enums import MessageState

SCHEME = "wecomapp"
HOST = "qyapi.weixin.qq.com"
TIMEOUT = 10.0
MOST_BYTES = 2048  # of text; the provider would cut it anywhere
FOUR_HOURS = 4 * 60 * 60
"""The longest time in which the provider drops the same message. It covers the retries that follow soon, after
1, 5, 15 and 60 minutes, and whatever a sender leaves behind that dies. A message whose first attempt nobody
can vouch for, and whose provider is then gone for hours, may come twice: better than never."""
EARLIER = 300.0  # seconds before its end that a token is not used any more

# path/90331, userid: letters, digits and _-@. , the first of them a letter or digit. So neither @all nor a list.
_USER = re.compile(r"[A-Za-z0-9][\w.@-]{0,63}", re.ASCII)
_STALE = frozenset({40001, 40014, 42001})  # the token is wrong or has expired
_CODES = Codes(
    places=("errcode",),
    message="errmsg",
    busy=frozenset({-1, 6000, 45009, 45033}),  # busy, another write, too often, too many at once
    rest={45009: 60.0},
    # 40001 secret, 40013 corpid, 40014 and 42001 token, 40056 agentid, 41001 no token, 48002 not allowed to
    # call this, 60020 not from this address, 301002 not this application's: mended in the settings, or at WeCom.
    house=frozenset({40001, 40013, 40014, 40056, 41001, 42001, 48002, 60020, 301002}),
)
_NOBODY = frozenset({40003, 60111, 81013})  # no such user, none that this application may write to
NO_SUCH_USER = Outcome(MessageState.REFUSED, "no_such_user", bad_address=True)
_BAD_ADDRESS = Outcome(MessageState.REFUSED, "bad_address", bad_address=True)


@dataclass(frozen=True)
class _App:
    """An application at a provider."""

    origin: str
    corp: str
    secret: str


class _Token:
    """The token of one application, asked for once and kept until shortly before it expires."""

    def __init__(self) -> None:
        self.lock, self.word, self.ends_at = Lock(), "", 0.0


@cache
def _token_of(_app: _App) -> _Token:
    return _Token()


def tell(errand: Errand, meta: Mapping[str, Any]) -> Outcome:
    """Sends a text to the user that the address names. With a stale token it asks for a new one, once."""
    given = meta.get("qsd") or {}
    agent = str(meta.get("host") or "")
    if not (agent.isascii() and agent.isdigit() and meta.get("user") and meta.get("password")):
        return BAD_URL
    if not _USER.fullmatch(errand.address):
        return _BAD_ADDRESS if errand.address else NO_ADDRESS
    app = _App(origin(given.get("host") or HOST, None, given), meta["user"], meta["password"])
    body = _body(errand, int(agent))
    token = _token(app)
    answer = token if isinstance(token, Outcome) else _post(app, token, body)
    if isinstance(answer, Answer) and said(answer.body).get("errcode") in _STALE:
        token = _token(app, instead_of=str(token))
        answer = token if isinstance(token, Outcome) else _post(app, token, body)
    return answer if isinstance(answer, Outcome) else _judge(answer, errand.address)


def _body(errand: Errand, agent: int) -> bytes:
    """The same for the same message, and for no other: the provider drops what it has had, byte for byte.

    Two messages may say the same (a reminder, and the one of the day after), so each ends in a mark of
    its own. No word of anybody makes a link: the provider reads <a href=…> as one.
    """
    mark = "\n#" + sha256(errand.key.encode()).hexdigest()[:6].upper()
    text = cut(errand.text.body.replace("<", "＜"), MOST_BYTES - len(mark)) + mark
    content = {
        "touser": errand.address,
        "msgtype": "text",
        "agentid": agent,
        "text": {"content": text},
        "enable_duplicate_check": 1,
        "duplicate_check_interval": FOUR_HOURS,
    }
    return json.dumps(content, ensure_ascii=False).encode()  # 40033: it refuses \uxxxx


def _token(app: _App, instead_of: str = "") -> str | Outcome:
    """The application's token, or why there is none; a new one where the present is `instead_of`."""
    token = _token_of(app)
    with token.lock:
        if token.word and token.word != instead_of and monotonic() < token.ends_at:
            return token.word
        answer = call(
            f"{app.origin}/cgi-bin/gettoken",
            httpx.Timeout(TIMEOUT),
            method="GET",
            params={"corpid": app.corp, "corpsecret": app.secret},
        )
        outcome = answer if isinstance(answer, Outcome) else judge(_CODES, answer)
        if isinstance(answer, Outcome) or outcome.state is not MessageState.ACCEPTED:
            return _nothing_sent(outcome)
        granted = said(answer.body)
        word, seconds = granted.get("access_token"), granted.get("expires_in")
        if not (isinstance(word, str) and word and isinstance(seconds, int)):
            return _nothing_sent(NONSENSE)
        token.word, token.ends_at = word, monotonic() + seconds - EARLIER
        return word


def _nothing_sent(outcome: Outcome) -> Outcome:
    """No doubt about a message that has not been shown to anybody yet."""
    if outcome.state is MessageState.UNKNOWN:
        return replace(outcome, state=MessageState.FAILED, is_down=True)
    return outcome


def _post(app: _App, token: str, body: bytes) -> Answer | Outcome:
    return call(
        f"{app.origin}/cgi-bin/message/send",
        httpx.Timeout(TIMEOUT),
        params={"access_token": token},
        content=body,
        headers={"Content-Type": "application/json"},
    )


def _judge(answer: Answer, user: str) -> Outcome:
    """A yes that leaves out our only user is none."""
    answered, outcome = said(answer.body), judge(_CODES, answer)
    if outcome.state is MessageState.REFUSED and answered.get("errcode") in _NOBODY:
        return NO_SUCH_USER
    if outcome.state is MessageState.ACCEPTED:
        if _is_among(user, answered.get("invaliduser")):
            return NO_SUCH_USER
        if _is_among(user, answered.get("unlicenseduser")):  # the community's to buy
            return replace(NO_SUCH_USER, bad_address=False)
    return outcome


def _is_among(user: str, listed: object) -> bool:
    return user.lower() in str(listed or "").lower().split("|")


plug_in(SCHEME, "WeCom application", tell)
