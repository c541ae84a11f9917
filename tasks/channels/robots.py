"""Robots of chat groups: one plugin for all, and for each provider a table of what it says and means."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import httpx
from apprise.decorators import notify

from tasks.channels.cutting import cut
from tasks.channels.outcome import ACCEPTED, BAD_URL, NONSENSE, Outcome
from tasks.channels.web import Answer, call, judge_status
from tasks.clock import utc_now
from tasks.models.enums import MessageState

TIMEOUT = 10.0

verdict: ContextVar[Outcome | None] = ContextVar("verdict", default=None)
"""What the last robot of this thread said; Apprise itself passes on only yes or no."""


@dataclass(frozen=True)
class Call:
    """What a POST to a robot carries."""

    path: str
    query: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Provider:
    """How one provider's robots are called, and what their answers mean."""

    scheme: str
    name: str
    most_bytes: int  # of text
    call: Callable[[str, str], Call]  # from the robot's key and the text
    codes: tuple[str, ...]  # where the code stands, the first that is there
    message: str  # where its words stand
    busy: frozenset[int]  # codes that mean: try again later
    busy_words: str = "\0"  # words that mean the same where a code means several things
    rest: Mapping[int, float] = field(default_factory=dict)  # seconds that a code asks for
    sign: Callable[[Call, str], Call] = lambda call, _secret: call


def _wecom(key: str, text: str) -> Call:
    body = {"msgtype": "text", "text": {"content": text}}
    return Call("/cgi-bin/webhook/send", {"key": key}, body)


def _dingtalk(key: str, text: str) -> Call:
    body = {"msgtype": "text", "text": {"content": text}}
    return Call("/robot/send", {"access_token": key}, body)


def _feishu(key: str, text: str) -> Call:
    return Call(
        f"/open-apis/bot/v2/hook/{key}", {}, {"msg_type": "text", "content": {"text": text}}
    )


def _hmac(key: str, words: str) -> str:
    return base64.b64encode(hmac.digest(key.encode(), words.encode(), "sha256")).decode()


def _sign_query(call: Call, secret: str) -> Call:
    now = str(int(utc_now().timestamp() * 1000))
    signed = {"timestamp": now, "sign": _hmac(secret, f"{now}\n{secret}")}
    return Call(call.path, call.query | signed, call.body)


def _sign_body(call: Call, secret: str) -> Call:
    now = str(int(utc_now().timestamp()))
    signed = {"timestamp": now, "sign": _hmac(f"{now}\n{secret}", "")}
    return Call(call.path, call.query, signed | call.body)


PROVIDERS = (
    Provider(
        scheme="wecomrobot",
        name="WeCom group robot",
        most_bytes=2048,  # https://developer.work.weixin.qq.com/document/path/91770, text
        call=_wecom,
        codes=("errcode",),
        message="errmsg",
        busy=frozenset({-1, 45009, 45033}),  # busy, too many a minute, too many at once
        rest={45009: 60.0},
    ),
    Provider(
        scheme="dingtalkrobot",
        name="DingTalk group robot",
        most_bytes=15_000,  # of 20,000 for the whole body
        call=_dingtalk,
        codes=("errcode",),
        message="errmsg",
        # busy, too fast (four names for it). 310000 (keyword, address or signature), 300001 and 400101
        # (no such robot), 400102 (switched off) and the like are refusals.
        busy=frozenset({-1, 88, 130101, 130102, 410100}),
        rest=dict.fromkeys((130101, 130102, 410100), 600.0),  # it is blocked for ten minutes
        sign=_sign_query,
    ),
    Provider(
        scheme="feishurobot",
        name="Feishu group robot",
        most_bytes=15_000,  # of 20 KB for the whole body
        call=_feishu,
        codes=("code", "StatusCode"),
        message="msg",
        # inside error, too fast (two names). 19001 (no such robot), 19021 (signature), 19022 (address)
        # and 19024 (keyword) are refusals.
        busy=frozenset({2200, 11232, 99991400}),
        busy_words="too many",  # 9499 is both a bad request and one too many
        sign=_sign_body,
    ),
)


def tell(provider: Provider, text: str, meta: Mapping[str, Any]) -> Outcome:
    """Posts a text to the robot of a URL, SCHEME://HOST[:PORT]/KEY[?secret=…][&secure=no], and reads its answer."""
    given = meta.get("qsd") or {}
    key = str(meta.get("fullpath") or "").strip("/")
    if not key or not meta.get("host"):
        return BAD_URL
    made = provider.call(key, cut(text, provider.most_bytes))
    if given.get("secret"):
        made = provider.sign(made, given["secret"])
    scheme = "http" if given.get("secure") == "no" else "https"
    port = f":{meta['port']}" if meta.get("port") else ""
    answer = call(
        f"{scheme}://{meta['host']}{port}{made.path}",
        httpx.Timeout(TIMEOUT),
        params=made.query,
        json=made.body,
    )
    return answer if isinstance(answer, Outcome) else judge(provider, answer)


def judge(provider: Provider, answer: Answer) -> Outcome:
    """The provider's own code decides where there is one, and else the status."""
    by_status = judge_status(answer)
    said = _said(answer.body)
    code = next((said[name] for name in provider.codes if name in said), None)
    if not isinstance(code, int) or isinstance(code, bool):
        return by_status if by_status.state is not MessageState.ACCEPTED else NONSENSE
    if code == 0:
        return ACCEPTED if by_status.state is MessageState.ACCEPTED else by_status
    word = f"errcode_{code}"
    if code in provider.busy or provider.busy_words in str(said.get(provider.message, "")).lower():
        wait = by_status.retry_after or provider.rest.get(code)
        return Outcome(MessageState.FAILED, word[:40], wait, is_down=True)
    if answer.status >= 429:  # the server is the trouble, whatever its body says
        return by_status
    return Outcome(MessageState.REFUSED, word[:40])


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _plug_in(provider: Provider) -> None:
    @notify(on=provider.scheme, name=provider.name)  # type: ignore[untyped-decorator, no-untyped-call]
    def _robot(
        body: str, title: str, notify_type: str, *_: Any, meta: dict[str, Any], **__: Any
    ) -> bool:
        verdict.set(Outcome(MessageState.UNKNOWN, "broken_plugin"))  # should the next line raise
        said = tell(provider, body, meta)
        verdict.set(said)
        return said.state is MessageState.ACCEPTED


for _provider in PROVIDERS:
    _plug_in(_provider)
