"""A WeCom application, over a server on loopback that behaves as the provider's documentation says."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from config.catalog import ChannelKind
from tasks.channels import KNOWS_DOUBLES, Outcome, send, wecom_app
from tasks.models.enums import MessageState
from tasks.rendering import Text

ACCEPTED, FAILED, REFUSED = MessageState.ACCEPTED, MessageState.FAILED, MessageState.REFUSED
NOBODY = Outcome(REFUSED, "no_such_user", bad_address=True)
TEXT = Text("请接单", "【请接单】\n三号院门口的路灯不亮。")


class WeCom:
    """gettoken and message/send: tokens that end, users that it knows, and messages that it has had already."""

    def __init__(self) -> None:
        self.users = {"li.dengke", "m-241"}
        self.tokens: list[str] = []  # the last one is good
        self.sent: list[dict[str, Any]] = []  # what was asked for
        self.shown: list[tuple[str, str]] = []  # what users read
        self.errors: dict[
            str, Any
        ] = {}  # "token" or "send" → the answer, "hang", or a list of them
        self.is_over = threading.Event()
        self._bodies = set[bytes]()
        wecom = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = parse_qs(urlsplit(self.path).query)
                assert urlsplit(self.path).path == "/cgi-bin/gettoken"
                self.answer("token", lambda: wecom.grant(given))

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                given = parse_qs(urlsplit(self.path).query)
                assert urlsplit(self.path).path == "/cgi-bin/message/send"
                self.answer("send", lambda: wecom.take(given["access_token"][0], content))

            def answer(self, where: str, usual: Callable[[], dict[str, Any]]) -> None:
                error = wecom.errors.get(where)
                if isinstance(error, list):
                    error = error.pop(0) if error else None
                said = usual()
                if error == "hang":
                    wecom.is_over.wait(30)
                    return
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(json.dumps(error or said).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def grant(self, given: dict[str, list[str]]) -> dict[str, Any]:
        if given["corpid"] != ["ww1"] or given["corpsecret"] != ["S3-cret_"]:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return {
            **{"errcode": 0, "errmsg": "ok"},
            **{"access_token": self.tokens[-1], "expires_in": 7200},
        }

    def take(self, token: str, content: bytes) -> dict[str, Any]:
        if not self.tokens or token != self.tokens[-1]:
            return {"errcode": 42001, "errmsg": "access_token expired"}
        assert b"\\u" not in content  # 40033
        asked = json.loads(content)
        self.sent.append(asked)
        if asked["touser"].lower() not in self.users:
            return {"errcode": 81013, "errmsg": "user & party & tag all invalid"}
        if not (asked["enable_duplicate_check"] and content in self._bodies):
            self.shown.append((asked["touser"], asked["text"]["content"]))
        self._bodies.add(content)
        return {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "x"}

    def close(self) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def wecom(monkeypatch: pytest.MonkeyPatch) -> Iterator[WeCom]:
    monkeypatch.setattr(wecom_app, "TIMEOUT", 1.0)
    wecom_app._token_of.cache_clear()
    server = WeCom()
    yield server
    server.close()


def tell(
    wecom: WeCom,
    user: str = "li.dengke",
    *,
    key: str = "order_assigned:7",
    text: Text = TEXT,
    secret: str = "S3-cret_",
) -> Outcome:
    url = f"wecomapp://ww1:{secret}@1000002/?host={wecom.host}&secure=no"
    return send(ChannelKind.WECOM_APP, url, user, text, key)


def test_a_user_reads_the_text_and_the_token_is_asked_for_once(wecom: WeCom) -> None:
    assert tell(wecom) == Outcome(ACCEPTED)
    assert tell(wecom, "m-241", key="order_assigned:8") == Outcome(ACCEPTED)
    assert wecom.tokens == ["token-1"]
    (user, words), _other = wecom.shown
    assert user == "li.dengke"
    assert words.startswith("【请接单】\n三号院门口的路灯不亮。\n#")
    asked = wecom.sent[0]
    assert (asked["msgtype"], asked["agentid"]) == ("text", 1000002)
    assert (asked["enable_duplicate_check"], asked["duplicate_check_interval"]) == (1, 14400)


def test_what_is_sent_again_after_a_silence_is_read_once(wecom: WeCom) -> None:
    wecom.errors["send"] = ["hang"]
    assert tell(wecom) == Outcome(FAILED, "timeout", None, True)  # and will be tried again
    assert tell(wecom) == Outcome(ACCEPTED)
    assert len(wecom.sent) == 2
    assert len(wecom.shown) == 1
    assert ChannelKind.WECOM_APP in KNOWS_DOUBLES


def test_two_messages_that_say_the_same_are_both_read(wecom: WeCom) -> None:
    for key in ("order_due_soon:7:monday", "order_due_soon:7:tuesday"):
        assert tell(wecom, key=key) == Outcome(ACCEPTED)
    assert len(wecom.shown) == 2


def test_a_token_that_has_ended_is_asked_for_anew_and_nothing_is_lost(wecom: WeCom) -> None:
    tell(wecom)
    wecom.tokens.append("somebody else's")  # the provider lets the older one end
    assert tell(wecom, key="another") == Outcome(ACCEPTED)
    assert len(wecom.shown) == 2


def test_a_token_is_not_used_to_its_last_second(
    wecom: WeCom, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(wecom)
    now = wecom_app.monotonic()
    monkeypatch.setattr(wecom_app, "monotonic", lambda: now + 7200 - 299)
    assert tell(wecom, key="another") == Outcome(ACCEPTED)
    assert len(wecom.tokens) == 2


@pytest.mark.parametrize(
    ("where", "answer", "expected"),
    [
        ("send", {"errcode": -1}, Outcome(FAILED, "errcode_-1", None, True)),
        ("send", {"errcode": 45009}, Outcome(FAILED, "errcode_45009", 60.0, True)),
        ("token", {"errcode": 45009}, Outcome(FAILED, "errcode_45009", 60.0, True)),
        ("send", {"errcode": 60020}, Outcome(REFUSED, "errcode_60020", None, True)),
        ("token", {"errcode": 40013}, Outcome(REFUSED, "errcode_40013", None, True)),
        ("send", {"errcode": 40014}, Outcome(REFUSED, "errcode_40014", None, True)),  # twice
        ("send", {"errcode": 40008}, Outcome(REFUSED, "errcode_40008")),
        ("send", {"errcode": 81013, "invaliduser": "x"}, NOBODY),
        ("send", {"errcode": 0, "invaliduser": "LI.dengke"}, NOBODY),
        ("send", {"errcode": 0, "unlicenseduser": "li.dengke"}, Outcome(REFUSED, "no_such_user")),
        ("send", {"errcode": 0, "invaliduser": "zhao"}, Outcome(ACCEPTED)),
        ("send", "hang", Outcome(FAILED, "timeout", None, True)),
        ("send", ["?"], Outcome(FAILED, "nonsense")),
        # No token: nothing was shown to anybody.
        ("token", "hang", Outcome(FAILED, "timeout", None, True)),
        ("token", {"errcode": 0}, Outcome(FAILED, "nonsense", None, True)),
    ],
)
def test_the_provider_s_answers_are_told_apart(
    wecom: WeCom, where: str, answer: Any, expected: Outcome
) -> None:
    wecom.errors[where] = answer
    assert tell(wecom) == expected
    assert len(wecom.sent) <= 2


def test_a_wrong_secret_is_refused_and_the_provider_rests(wecom: WeCom) -> None:
    assert tell(wecom, secret="wrong") == Outcome(REFUSED, "errcode_40001", None, True)
    assert wecom.sent == []


@pytest.mark.parametrize("user", ["", "@all", "li|zhao", "li,zhao", "居民甲", "a" * 65, "li\n"])
def test_an_address_is_one_user_and_never_a_list(wecom: WeCom, user: str) -> None:
    refused = tell(wecom, user)
    assert refused.code == ("bad_address" if user else "no_address")
    assert (refused.state, refused.bad_address) == (REFUSED, bool(user))
    assert wecom.tokens == []


def test_a_user_whom_nobody_knows_goes_another_way(wecom: WeCom) -> None:
    assert tell(wecom, "nobody") == NOBODY


def test_a_long_text_keeps_its_link_and_its_mark_within_the_bytes(wecom: WeCom) -> None:
    link = "https://example.org/r/abc?x=1"
    tell(wecom, text=Text("题", "路灯不亮。" * 600 + f"\n评价：{link}"))
    ((_user, words),) = wecom.shown
    assert 1024 < len(words.encode()) <= 2048
    assert link in words
    assert words.rpartition("\n#")[2].isalnum()


def test_no_resident_s_words_become_a_link(wecom: WeCom) -> None:
    tell(wecom, text=Text("题", '<a href="https://evil.example">领红包</a>'))
    ((_user, words),) = wecom.shown
    assert "<" not in words and "领红包" in words


@pytest.mark.parametrize(
    "url",
    [
        "wecomapp://ww1:secret@agent/",
        "wecomapp://1000002/",
        "wecomapp://ww1@1000002/",
        "wechat://ww1:secret@1000002/",
        "json://127.0.0.1/",
    ],
)
def test_a_url_that_is_none_of_an_application_is_said(url: str) -> None:
    refused = send(ChannelKind.WECOM_APP, url, "li", TEXT, "key")
    assert refused == Outcome(REFUSED, "bad_channel_url")
