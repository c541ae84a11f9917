"""What each kind of channel makes of each kind of answer, over real servers on loopback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config.catalog import ChannelKind
from config.settings import ROOT
from tasks.channels import Outcome, mail, robots, send, signing
from tasks.models.enums import MessageState
from tasks.rendering import Short, Text

ACCEPTED, FAILED, REFUSED, UNKNOWN = (
    *(MessageState.ACCEPTED, MessageState.FAILED, MessageState.REFUSED),
    MessageState.UNKNOWN,
)
TEXT = Text("请接单", "三号院门口的路灯不亮。")
WEBHOOK, MAIL = ChannelKind.WEBHOOK, ChannelKind.MAIL
SCHEMES = {
    "wecom": (ChannelKind.WECOM_ROBOT, "wecomrobot"),
    "dingtalk": (ChannelKind.DINGTALK_ROBOT, "dingtalkrobot"),
    "feishu": (ChannelKind.FEISHU_ROBOT, "feishurobot"),
}

pytestmark = pytest.mark.usefixtures("monday")


def tell(hook: Any, provider: str, text: Text = TEXT, **query: str) -> Outcome:
    """One text to a provider's robot that listens at the hook."""
    kind, scheme = SCHEMES[provider]
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return send(kind, f"{scheme}://{hook.host}/the-key?secure=no{more}", "", text, "key")


def call(hook: Any, query: str = "", address: str = "power-7") -> Outcome:
    """One text to a webhook that listens at the hook."""
    return send(
        WEBHOOK, f"json://{hook.host}/path{query and f'?{query}'}", address, TEXT, "order:7"
    )


@pytest.fixture
def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield int(silent.getsockname()[1])


# --- what a status means, for all that speak HTTP --------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((200, "fine"), Outcome(ACCEPTED)),
        ((204, ""), Outcome(ACCEPTED)),
        ((302, "", {"Location": "/elsewhere"}), Outcome(REFUSED, "http_302")),
        ((400, "no"), Outcome(REFUSED, "http_400")),
        ((404, ""), Outcome(REFUSED, "http_404")),
        ((408, ""), Outcome(FAILED, "http_408")),
        ((429, ""), Outcome(FAILED, "http_429", None, True)),
        ((429, "", {"Retry-After": "90"}), Outcome(FAILED, "http_429", 90.0, True)),
        (  # ten minutes after the Monday on which the test plays
            (429, "", {"Retry-After": "Mon, 14 Sep 2026 02:10:00 GMT"}),
            Outcome(FAILED, "http_429", 600.0, True),
        ),
        (  # long past: at once
            (503, "", {"Retry-After": "Mon, 14 Sep 2020 02:10:00 GMT"}),
            Outcome(FAILED, "http_503", 0.0, True),
        ),
        ((503, "", {"Retry-After": "9" * 400}), Outcome(FAILED, "http_503", 86_400.0, True)),
        ((429, "", {"Retry-After": "soon"}), Outcome(FAILED, "http_429", None, True)),
        ((429, "", {"Retry-After": "-5"}), Outcome(FAILED, "http_429", None, True)),
        ((500, "oh"), Outcome(FAILED, "http_500", None, True)),
        # A webhook knows doubles by their key: what is unknown can be sent again.
        ("reset", Outcome(FAILED, "connection_lost", None, True)),
        ("garbage", Outcome(FAILED, "connection_lost", None, True)),
        ("hang", Outcome(FAILED, "timeout", None, True)),
        ("drip", Outcome(FAILED, "timeout", None, True)),
    ],
)
def test_a_webhook_s_status_is_told_apart(hook: Any, answer: Any, expected: Outcome) -> None:
    hook.answers = [answer]
    assert call(hook, "rto=0.3&cto=1") == expected
    assert len(hook.received) == 1  # no redirect is followed, nothing is tried twice


class Lasting:
    """A web server that keeps its connections open, or closes each after one answer without a word of it."""

    def __init__(self, *, closes: bool) -> None:
        self.callers: list[int] = []
        self.ended = threading.Semaphore(0)
        lasting = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                lasting.callers.append(self.client_address[1])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                self.close_connection = closes

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def shutdown_request(self, request: Any) -> None:
                super().shutdown_request(request)
                lasting.ended.release()

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_port}/in"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Lasting:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_many_to_one_webhook_go_over_one_connection() -> None:
    with Lasting(closes=False) as server:
        sent = [send(WEBHOOK, server.url, "a", TEXT, f"key {turn}").state for turn in range(3)]
    assert (sent, len(set(server.callers))) == ([ACCEPTED] * 3, 1)


def test_a_connection_that_the_other_side_has_closed_meanwhile_loses_nothing() -> None:
    with Lasting(closes=True) as server:
        for turn in range(3):
            assert send(WEBHOOK, server.url, "a", TEXT, f"key {turn}").state is ACCEPTED
            assert server.ended.acquire(timeout=10)
    assert len(set(server.callers)) == 3


@pytest.mark.parametrize("answer", ["reset", "garbage", "hang", "drip"])
def test_what_may_have_arrived_at_a_robot_is_unknown(
    hook: Any, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robots, "TIMEOUT", 0.3)
    hook.answers = [answer]
    outcome = tell(hook, "dingtalk")
    assert (outcome.state, outcome.is_down) == (UNKNOWN, True)
    assert len(hook.received) == 1


def test_who_cannot_be_reached_can_be_tried_again(closed_port: int) -> None:
    expected = Outcome(FAILED, "no_connection", None, True)
    assert send(WEBHOOK, f"json://127.0.0.1:{closed_port}/", "x", TEXT, "key") == expected
    url = f"feishurobot://127.0.0.1:{closed_port}/key?secure=no"
    assert send(ChannelKind.FEISHU_ROBOT, url, "", TEXT, "key") == expected


def test_a_webhook_is_sent_what_apprise_would_send(hook: Any) -> None:
    query = "+X-Team=desk&:place=east&:type=&:message=words&-page=2"
    assert send(WEBHOOK, f"json://me:pass@{hook.host}/a/b?{query}", "p-7", TEXT, "k").state is (
        ACCEPTED
    )
    assert send(
        ChannelKind.APPRISE, f"form://{hook.host}/", "", TEXT, "k"
    ).state  # goes its old way
    post = hook.received[0]
    assert post.path == "/a/b?page=2"
    assert post.headers["X-Idempotency-Key"] == "k"
    assert post.headers["X-Team"] == "desk"
    assert post.headers["Authorization"] == "Basic " + base64.b64encode(b"me:pass").decode()
    assert post.headers["Content-Type"] == "application/json"
    assert post.json == {
        "version": "1.0",
        "title": "请接单",
        "words": "三号院门口的路灯不亮。",
        "attachments": [],
        "place": "east",
        "recipient": "p-7",
    }


@pytest.mark.parametrize("address", ["a\r\nX-Evil: 1", "居民甲", "a&to=b#?x"])
def test_an_address_is_a_value_and_never_a_header_or_a_parameter(hook: Any, address: str) -> None:
    assert call(hook, address=address).state is ACCEPTED
    (post,) = hook.received
    assert post.json["recipient"].split() == address.split()
    assert "X-Evil" not in post.headers
    assert post.path == "/path"


# --- signed ----------------------------------------------------------------------------------------


@pytest.fixture
def is_ours(monday: datetime) -> Callable[[str, Mapping[str, str], bytes], bool]:
    """The check that the README gives to receivers."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(def is_ours.*?)```", readme, re.DOTALL)
    now = SimpleNamespace(time=monday.timestamp)
    known: dict[str, Any] = {"hmac": hmac, "hashlib": hashlib, "time": now}
    exec(source, known)
    return known["is_ours"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("kind", "url", "text"),
    [
        (WEBHOOK, "json://{}/path?+X-Diandan-Signature=sha256=0", TEXT),
        (ChannelKind.SMS, "sms://{}/?secure=no", Text("题", "文", Short("社区", "SMS_1", {}))),
    ],
)
def test_a_receiver_knows_that_a_post_is_ours(
    hook: Any, is_ours: Callable[..., bool], kind: ChannelKind, url: str, text: Text
) -> None:
    with signing("shared"):
        send(kind, url.format(hook.host), "13900000001", text, "key")
    send(kind, url.format(hook.host), "13900000001", text, "key")
    signed, plain = hook.received
    assert is_ours("shared", signed.headers, signed.content)
    assert not is_ours("another", signed.headers, signed.content)
    assert not is_ours("shared", signed.headers, signed.content + b" ")
    old = {**signed.headers, "X-Diandan-Timestamp": "1"}
    assert not is_ours("shared", old, signed.content)
    assert "X-Diandan-Timestamp" not in plain.headers  # nobody has given it a secret


# --- robots of chat groups -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "answer", "expected"),
    [
        ("wecom", (200, '{"errcode": 0}'), Outcome(ACCEPTED)),
        ("wecom", (200, '{"errcode": -1}'), Outcome(FAILED, "errcode_-1", None, True)),
        ("wecom", (200, '{"errcode": 45009}'), Outcome(FAILED, "errcode_45009", 60.0, True)),
        ("wecom", (200, '{"errcode": 45033}'), Outcome(FAILED, "errcode_45033", None, True)),
        ("wecom", (200, '{"errcode": 93000}'), Outcome(REFUSED, "errcode_93000")),
        ("dingtalk", (200, '{"errcode": 0, "errmsg": "ok"}'), Outcome(ACCEPTED)),
        # a code that covers much: its words decide
        (
            "dingtalk",
            (200, '{"errcode": 88, "errmsg": "ding talk error[subcode=90018,submsg=太快]"}'),
            Outcome(FAILED, "errcode_88", None, True),
        ),
        (
            "dingtalk",
            (200, '{"errcode": 88, "errmsg": "ding talk error[subcode=60011,submsg=没有权限]"}'),
            Outcome(REFUSED, "errcode_88"),
        ),
        # too fast: it is deaf for ten minutes
        ("dingtalk", (200, '{"errcode": 130101}'), Outcome(FAILED, "errcode_130101", 600.0, True)),
        ("dingtalk", (200, '{"errcode": 410100}'), Outcome(FAILED, "errcode_410100", 600.0, True)),
        ("dingtalk", (200, '{"errcode": -1}'), Outcome(FAILED, "errcode_-1", None, True)),
        ("dingtalk", (200, '{"errcode": 310000}'), Outcome(REFUSED, "errcode_310000")),
        ("dingtalk", (200, '{"errcode": 300001}'), Outcome(REFUSED, "errcode_300001")),
        ("dingtalk", (200, '{"errcode": 400101}'), Outcome(REFUSED, "errcode_400101")),
        ("feishu", (200, '{"code": 0, "msg": "success"}'), Outcome(ACCEPTED)),
        ("feishu", (200, '{"StatusCode": 0, "StatusMessage": "success"}'), Outcome(ACCEPTED)),
        ("feishu", (200, '{"code": 11232}'), Outcome(FAILED, "errcode_11232", None, True)),
        (
            "feishu",
            (429, '{"code": 99991400}', {"x-ogw-ratelimit-reset": "52"}),
            Outcome(FAILED, "errcode_99991400", 52.0, True),
        ),
        ("feishu", (400, '{"code": 11232}'), Outcome(FAILED, "errcode_11232", None, True)),
        (
            "feishu",
            (200, '{"code": 9499, "msg": "too many request"}'),
            Outcome(FAILED, "errcode_9499", None, True),
        ),
        ("feishu", (200, '{"code": 9499, "msg": "Bad Request"}'), Outcome(REFUSED, "errcode_9499")),
        ("feishu", (400, '{"code": 19001}'), Outcome(REFUSED, "errcode_19001")),
        ("feishu", (200, '{"code": 19021}'), Outcome(REFUSED, "errcode_19021")),
        ("feishu", (200, '{"code": 19024}'), Outcome(REFUSED, "errcode_19024")),
        *(
            (provider, answer, expected)
            for provider in SCHEMES
            for answer, expected in (
                ((200, "<html>"), Outcome(UNKNOWN, "nonsense")),
                ((200, "[" * 100_000), Outcome(UNKNOWN, "nonsense")),
                ((200, '{"errcode": true, "code": "0"}'), Outcome(UNKNOWN, "nonsense")),
                ((302, '{"errcode": 0, "code": 0}'), Outcome(REFUSED, "http_302")),
                ((400, "no"), Outcome(REFUSED, "http_400")),
                ((429, "", {"Retry-After": "7"}), Outcome(FAILED, "http_429", 7.0, True)),
                ((500, '{"errcode": 5, "code": 5}'), Outcome(FAILED, "http_500", None, True)),
            )
        ),
    ],
)
def test_a_robot_s_own_code_decides(
    hook: Any, provider: str, answer: Any, expected: Outcome
) -> None:
    hook.answers = [answer]
    assert tell(hook, provider) == expected
    assert len(hook.received) == 1


def test_every_provider_is_called_in_its_own_way(hook: Any) -> None:
    hook.fine = (200, '{"errcode": 0, "code": 0}')
    for provider in SCHEMES:
        assert tell(hook, provider).state is ACCEPTED
    assert [post.path for post in hook.received] == [
        "/cgi-bin/webhook/send?key=the-key",
        "/robot/send?access_token=the-key",
        "/open-apis/bot/v2/hook/the-key",
    ]
    assert [post.json for post in hook.received] == [
        {"msgtype": "text", "text": {"content": TEXT.body}},
        {"msgtype": "text", "text": {"content": TEXT.body}},
        {"msg_type": "text", "content": {"text": TEXT.body}},
    ]


def test_dingtalk_and_feishu_are_signed_as_they_ask(hook: Any) -> None:
    hook.fine = (200, '{"errcode": 0, "code": 0}')
    tell(hook, "dingtalk", secret="SEC1")
    tell(hook, "feishu", secret="SEC2")
    now = int(datetime(2026, 9, 14, 2, 0, tzinfo=UTC).timestamp())
    query = parse_qs(urlsplit(hook.received[0].path).query)
    mac = hmac.new(b"SEC1", f"{now}000\nSEC1".encode(), hashlib.sha256).digest()
    assert query["timestamp"] == [f"{now}000"]
    assert query["sign"] == [base64.b64encode(mac).decode()]
    body = hook.received[1].json
    mac = hmac.new(f"{now}\nSEC2".encode(), b"", hashlib.sha256).digest()
    assert (body["timestamp"], body["sign"]) == (str(now), base64.b64encode(mac).decode())
    assert "SEC" not in repr(hook.received)


@pytest.mark.parametrize(("provider", "most"), [("wecom", 2048), ("dingtalk", 20_000)])
def test_a_long_text_goes_out_within_the_provider_s_bytes(
    hook: Any, provider: str, most: int
) -> None:
    link = "评价：https://example.org/r/abc?x=1"
    tell(hook, provider, Text("题", "路灯不亮。" * 6000 + "\n" + link))
    content = hook.received[0].json["text"]["content"]
    assert most // 2 < len(content.encode()) <= most
    assert content.endswith(f"。…\n{link}")


# --- mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        ("MAIL", "451 later", Outcome(FAILED, "smtp_451")),
        ("RCPT", "450 greylisted", Outcome(FAILED, "smtp_450")),
        ("RCPT", "550 no such user", Outcome(REFUSED, "smtp_550", bad_address=True)),
        ("RCPT", "550 5.7.1 relaying denied", Outcome(REFUSED, "smtp_550")),
        ("MAIL", "550 5.1.8 bad sender", Outcome(REFUSED, "smtp_550")),
        ("DATA", "550 looks like spam", Outcome(REFUSED, "smtp_550")),
        ("RCPT", "421 closing", Outcome(FAILED, "smtp_421", None, True)),
        ("RCPT", "hang", Outcome(FAILED, "timeout", None, True)),
        ("RCPT", "drop", Outcome(FAILED, "no_connection", None, True)),
        ("DATA", "250 OK", Outcome(ACCEPTED)),
        ("DATA", "451 try again", Outcome(FAILED, "smtp_451")),
        ("DATA", "554 spam", Outcome(REFUSED, "smtp_554")),
        ("DATA", "hang", Outcome(UNKNOWN, "timeout", None, True)),
        ("DATA", "drop", Outcome(UNKNOWN, "connection_lost", None, True)),
    ],
)
def test_a_mail_server_s_reply_is_told_apart(
    mailbox: Any, monkeypatch: pytest.MonkeyPatch, stage: str, reply: str, expected: Outcome
) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.5)
    mailbox.replies = {stage: reply}
    assert send(MAIL, mailbox.url, "jia@example.org", TEXT, "key") == expected
    assert len(mailbox.letters) == (1 if expected.state is ACCEPTED else 0)


@pytest.mark.parametrize(
    ("reply", "nobody_there"),
    [
        ("550 5.1.1 <jia@example.org>: User unknown in relay recipient table", True),
        ("550 5.1.2 Host not found", True),
        ("501 5.1.3 Bad recipient address syntax", True),
        ("551 5.1.6 Mailbox has moved", True),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound", True),
        ("550 5.2.1 The account is disabled", True),
        ("511 sorry, no mailbox here by that name (#5.1.1 - chkuser)", True),
        ("550 User unknown", True),
        ("550 Unknown user", True),
        ("550 No such user here", True),
        ("550 Mailbox not found", True),
        ("550 Requested action not taken: mailbox unavailable", True),
        ("550 User not found: jia@example.org", True),
        ("553 Invalid recipient <jia@example.org>", True),
        ("550 The email account that you tried to reach does not exist", True),
        ("550 用户不存在", True),
        ("550", False),
        ("550 denied", False),
        ("550 relay not permitted", False),
        ("550 Domain frequency limited", False),
        ("553 sorry, that domain isn't in my list of allowed rcpthosts", False),
        ("550 Sender verify failed", False),
        ("550 mailbox unavailable: blocked as spam", False),
        ("550 Sender domain does not exist", False),
        ("550 5.1.8 user unknown to us as sender", False),
        ("550 5.4.5 no such user today: daily quota", False),
        ("552 5.2.2 mailbox full", False),
        ("550 5.7.1 user unknown", False),
        ("550 blocked by 5.1.1.7", False),
        ("550 发信频率过高，用户不存在", False),
        ("450 no such user, for now", False),
    ],
)
def test_an_address_is_bad_only_where_the_server_says_that_nobody_is_there(
    mailbox: Any, reply: str, nobody_there: bool
) -> None:
    mailbox.replies = {"RCPT": reply}
    assert send(MAIL, mailbox.url, "jia@example.org", TEXT, "key").bad_address is nobody_there


def test_an_address_s_own_words_say_nothing_about_it(mailbox: Any) -> None:
    mailbox.replies = {"RCPT": "550 <relay@example.org> no such user"}
    assert send(MAIL, mailbox.url, "relay@example.org", TEXT, "key").bad_address
    mailbox.replies = {"RCPT": "550 <user.unknown@example.org> denied"}
    assert not send(MAIL, mailbox.url, "user.unknown@example.org", TEXT, "key").bad_address


def test_a_mail_server_that_is_not_there_or_says_nothing_got_nothing(
    closed_port: int, silent_port: int
) -> None:
    at = "mailto://example.org:{}?smtp=127.0.0.1&mode=insecure&from=desk@example.org&cto=0.3"
    closed = send(MAIL, at.format(closed_port), "jia@example.org", TEXT, "key")
    silent = send(MAIL, at.format(silent_port), "jia@example.org", TEXT, "key")
    assert (closed.state, closed.is_down) == (silent.state, silent.is_down) == (FAILED, True)


def test_a_letter_is_a_plain_text_with_an_id_of_its_message(mailbox: Any) -> None:
    for key in ("one", "one", "two"):
        send(MAIL, mailbox.url, "jia@example.org", TEXT, key)
    first, again, other = mailbox.letters
    assert (first.to, first.subject, first.body) == (["jia@example.org"], "请接单", TEXT.body)
    assert first.headers["To"] == "jia@example.org"
    assert first.headers["From"] == "desk@example.org"
    assert first.headers["Content-Type"].startswith("text/plain")
    assert first.headers["Message-ID"] == again.headers["Message-ID"] != other.headers["Message-ID"]


@pytest.mark.parametrize(
    "address",
    [
        "jia@example.org\r\nBcc: evil@example.org",
        "jia@example.org\nX: y",
        "jia@example.org, evil@example.org",
        "Jia <jia@example.org>",
        "居民甲@example.org",
        "jia",
    ],
)
def test_no_address_adds_a_header_or_a_reader(mailbox: Any, address: str) -> None:
    assert send(MAIL, mailbox.url, address, TEXT, "key").state is REFUSED
    assert mailbox.letters == []


def test_no_subject_adds_a_header(mailbox: Any) -> None:
    subject = "路灯\r\nBcc: evil@example.org\r\n\r\n正文"
    send(MAIL, mailbox.url, "jia@example.org", Text(subject, "文"), "key")
    (letter,) = mailbox.letters
    assert "Bcc" not in letter.headers
    assert letter.subject == "路灯 Bcc: evil@example.org 正文"
    assert letter.body == "文"


def test_a_hundred_thousand_characters_are_one_letter(mailbox: Any) -> None:
    send(MAIL, mailbox.url, "jia@example.org", Text("题", "路灯。\n.\n" * 20_000 + "完"), "key")
    (letter,) = mailbox.letters
    assert letter.body == "路灯。\n.\n" * 20_000 + "完"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate for 127.0.0.1 that nobody has signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def locked_mailbox(mailbox: Any, certificate: ssl.SSLContext, closed_port: int) -> Iterator[str]:
    """The URL of a mail server that wants STARTTLS and the password "right" of the user desk."""

    def knows(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
        return AuthResult(success=given == LoginPassword(b"desk", b"right"), handled=False)

    server = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=closed_port,
        tls_context=certificate,
        require_starttls=True,
        auth_required=True,
        authenticator=knows,
    )
    server.start()
    yield (
        f"mailtos://desk:{{}}@example.org:{closed_port}"
        "?smtp=127.0.0.1&mode=starttls&from=desk@example.org&user=desk"
    )
    server.stop()


@pytest.mark.parametrize(
    ("password", "verify", "expected"),
    [
        ("right", "no", Outcome(ACCEPTED)),
        ("wrong", "no", Outcome(REFUSED, "smtp_535", None, True)),
        ("right", "yes", Outcome(FAILED, "no_connection", None, True)),
    ],
)
def test_a_password_and_a_certificate_are_checked_before_a_letter_is_shown(
    mailbox: Any, locked_mailbox: str, password: str, verify: str, expected: Outcome
) -> None:
    url = f"{locked_mailbox.format(password)}&verify={verify}"
    assert send(MAIL, url, "jia@example.org", TEXT, "key") == expected
    assert len(mailbox.letters) == (1 if expected.state is ACCEPTED else 0)


# --- secrets ---------------------------------------------------------------------------------------


def test_nothing_is_logged(
    hook: Any, mailbox: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.fine = (400, '{"errcode": 310000, "code": 19021}')
    for provider in SCHEMES:
        tell(hook, provider, secret="SECRET1")
    call(hook)
    mailbox.replies = {"RCPT": "550 jia@example.org does not live here"}
    outcome = send(MAIL, mailbox.url, "jia@example.org", TEXT, "key")
    told = caplog.text + "".join(capfd.readouterr()) + repr(outcome)
    for private in ("the-key", "SECRET1", "jia@example.org", "power-7", "路灯", "127.0.0.1"):
        assert private not in told
