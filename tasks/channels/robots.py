"""Robots of chat groups: one plugin for all, and for each provider a table of what it says and means."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from tasks.channels.codes import Codes, judge
from tasks.channels.cutting import cut
from tasks.channels.errand import Errand, origin, plug_in
from tasks.channels.outcome import BAD_URL, Outcome
from tasks.channels.web import call
from tasks.clock import utc_now

TIMEOUT = 10.0


_AT = re.compile(r"<(?=/?at\b)", re.IGNORECASE)  # what a Feishu robot reads as a mention


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
    codes: Codes
    sign: Callable[[Call, str], Call] = lambda call, _secret: call


def _wecom(key: str, text: str) -> Call:
    body = {"msgtype": "text", "text": {"content": text}}
    return Call("/cgi-bin/webhook/send", {"key": key}, body)


def _dingtalk(key: str, text: str) -> Call:
    body = {"msgtype": "text", "text": {"content": text}}
    return Call("/robot/send", {"access_token": key}, body)


def _feishu(key: str, text: str) -> Call:
    text = _AT.sub("<\u200b", text)  # nobody's words call everybody in the group
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
        codes=Codes(
            places=("errcode",),
            message="errmsg",
            # -1 busy, 45009 too often: …/document/path/90455. 45033, too many at once, is not in that table.
            busy=frozenset({-1, 45009, 45033}),
            rest={
                45009: 60.0
            },  # …/document/path/90454: who is too fast by the minute waits 60 seconds
        ),
    ),
    Provider(
        scheme="dingtalkrobot",
        name="DingTalk group robot",
        most_bytes=15_000,  # of 20,000 for the whole body
        call=_dingtalk,
        codes=Codes(
            places=("errcode",),
            message="errmsg",
            # -1 busy, and three names for too fast, of which 130101 (send too fast, exceed 20 times per
            # minute) is what robots are seen to answer. 310000 (keyword, address or signature), 300001
            # and 400101 (no such robot), 400102 (switched off) and the like are refusals.
            busy=frozenset({-1, 130101, 130102, 410100}),
            # 88 covers much, from a wrong token to being too fast: the subcode in its words decides.
            # 900xx are those of the flow control.
            busy_words=r"subcode=900\d\d\b",
            # https://open.dingtalk.com/document/orgapp/custom-robot-access: it is blocked for ten minutes
            rest=dict.fromkeys((130101, 130102, 410100), 600.0),
        ),
        sign=_sign_query,
    ),
    Provider(
        scheme="feishurobot",
        name="Feishu group robot",
        most_bytes=15_000,  # of 20 KB for the whole body
        call=_feishu,
        codes=Codes(
            places=("code", "StatusCode"),
            message="msg",
            # 2200 inside error. 11232 and 99991400 too fast: open.larkoffice.com/document/
            # ukTMukTMukTM/uUzN04SN3QjL1cDN. 19001 (no such robot), 19021 (signature), 19022 (address)
            # and 19024 (keyword) are refusals.
            busy=frozenset({2200, 11232, 99991400}),
            busy_words="too many",  # 9499 is both a bad request and one too many
        ),
        sign=_sign_body,
    ),
)


def tell(provider: Provider, errand: Errand, meta: Mapping[str, Any]) -> Outcome:
    """Posts a text to the robot of a URL, SCHEME://HOST[:PORT]/KEY[?secret=…][&secure=no], and reads its answer."""
    given = meta.get("qsd") or {}
    key = str(meta.get("fullpath") or "").strip("/")
    if not key or not meta.get("host"):
        return BAD_URL
    made = provider.call(key, cut(errand.text.body, provider.most_bytes))
    if given.get("secret"):
        made = provider.sign(made, given["secret"])
    answer = call(
        origin(meta["host"], meta.get("port"), given) + made.path,
        httpx.Timeout(TIMEOUT),
        params=made.query,
        json=made.body,
    )
    return answer if isinstance(answer, Outcome) else judge(provider.codes, answer)


for _provider in PROVIDERS:
    plug_in(_provider.scheme, _provider.name, partial(tell, _provider))
