"""Whatever stands in a recipient's address, it chooses nobody else: no host, no topic, no header, no reader."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from config.catalog import ChannelKind
from tasks.channels import Outcome, send, wecom_app
from tasks.delivery_words import in_words
from tasks.models.enums import MessageState
from tasks.rendering import Short, Text

TEXT = Text("请接单", "路灯不亮。", Short("社区", "SMS_1", {}))
HOSTILE = (
    *("a@evil.example", "x&to=b@evil.example", "x?to=b@evil.example", "//evil.example"),
    *("http://evil.example/", "json://evil.example", "a\r\nBcc: b@evil.example", "a\nX-Evil: 1"),
    *("?host=evil.example", "&host=evil.example&secure=no", "%0d%0aBcc:%20b@evil.example"),
    *(
        "a%40evil.example",
        "a,b@evil.example",
        "a|b",
        "@all",
        "../../evil",
        "#evil",
        "a\x00b",
        "居民甲",
    ),
    *(
        "a;b@evil.example",
        "+X-Evil=1",
        ":recipient=evil",
        "13900000001,13900000002",
        "x" * 100_000,
        "",
    ),
)
ROBOTS = {
    ChannelKind.WECOM_ROBOT: "wecomrobot://{}/key?secure=no",
    ChannelKind.DINGTALK_ROBOT: "dingtalkrobot://{}/key?secure=no",
    ChannelKind.FEISHU_ROBOT: "feishurobot://{}/key?secure=no",
    ChannelKind.APPRISE: "wecomrobot://{}/key?secure=no",
}


Sent = Callable[[str], Outcome]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Callable[[ChannelKind, str, str], Outcome]:
    """Sends, and sees to it that nothing but this machine is reached or asked for, and that once."""

    def tell(kind: ChannelKind, url: str, address: str) -> Outcome:
        reached: list[Any] = []
        connect, look_up = socket.socket.connect, socket.getaddrinfo

        def note(self: socket.socket, place: Any) -> None:
            reached.append(place)
            assert place[0] == "127.0.0.1", place
            connect(self, place)

        def ask(host: Any, *args: Any, **more: Any) -> Any:
            assert host in ("127.0.0.1", b"127.0.0.1"), host
            return look_up(host, *args, **more)

        with monkeypatch.context() as patched:
            patched.setattr(socket.socket, "connect", note)
            patched.setattr(socket, "getaddrinfo", ask)
            outcome = send(kind, url, address, TEXT, "key")
        assert len(reached) <= 1 + (kind is ChannelKind.MQTT)  # whose client has a socket to itself
        return outcome

    return tell


def is_told_in_words(outcome: Outcome) -> bool:
    """Whether it is a refusal that people at the desk can read."""
    words = in_words(outcome.code)
    return outcome.state is MessageState.REFUSED and words != outcome.code and words != ""


def robot(kind: ChannelKind) -> Callable[[pytest.FixtureRequest, Sent, str], Outcome]:
    """A group's robot is told nothing of an address at all."""

    def told(request: pytest.FixtureRequest, tell: Sent, _address: str) -> Outcome:
        hook = request.getfixturevalue("hook")
        hook.fine = (200, '{"errcode": 0, "code": 0}')
        outcome = tell(ROBOTS[kind].format(hook.host))
        (post,) = hook.received
        (words,) = (value for name, value in post.json.items() if name in ("text", "content"))
        assert words in ({"content": TEXT.body}, {"text": TEXT.body})
        assert len(post.json) == 2
        assert post.path.rpartition("/")[2] in ("send?key=key", "send?access_token=key", "key")
        return outcome

    return told


def webhook(request: pytest.FixtureRequest, tell: Sent, address: str) -> Outcome:
    hook = request.getfixturevalue("hook")
    outcome = tell(f"json://{hook.host}/path")
    (post,) = hook.received
    assert post.path == "/path"
    assert post.headers["X-Idempotency-Key"] == "key"
    assert "X-Evil" not in post.headers and "Bcc" not in post.headers
    usual = {"version", "title", "message", "attachments", "type", "recipient"}
    assert post.json.keys() == usual
    assert post.json["recipient"].split() == address.split()
    return outcome


def letter(request: pytest.FixtureRequest, tell: Sent, address: str) -> Outcome:
    mailbox = request.getfixturevalue("mailbox")
    outcome = tell(mailbox.url)
    if outcome.state is MessageState.ACCEPTED:
        (sent,) = mailbox.letters
        assert sent.to == [address] and "Bcc" not in sent.headers
    else:
        assert mailbox.letters == []
    return outcome


def short(request: pytest.FixtureRequest, tell: Sent, _address: str) -> Outcome:
    hook = request.getfixturevalue("hook")
    outcome = tell(f"sms://{hook.host}/send?secure=no")
    assert hook.received == []  # none of them is a mobile
    return outcome


def application(request: pytest.FixtureRequest, tell: Sent, address: str) -> Outcome:
    monkeypatch, hook = request.getfixturevalue("monkeypatch"), request.getfixturevalue("hook")
    monkeypatch.setattr(wecom_app, "_token", lambda *_, **__: "token")
    outcome = tell(f"wecomapp://ww1:secret@1000002/?host={hook.host}&secure=no")
    for post in hook.received:
        assert post.path == "/cgi-bin/message/send?access_token=token"
        assert post.json["touser"] == address
        assert "|" not in address and address != "@all"
    assert len(hook.received) == (outcome.state is MessageState.ACCEPTED)
    return outcome


def topic(request: pytest.FixtureRequest, tell: Sent, address: str) -> Outcome:
    """Who listens, and under which topic, is the URL's to say; the address is a value of the payload."""
    broker = request.getfixturevalue("pretender")(b"\x20\x02\x00\x00", b"\x40\x02\x00\x01")
    outcome = tell(broker.url)
    _hello, publish = broker.packets[:2]
    under = b"community/orders"
    topic, _, payload = publish.partition(under)
    assert topic.endswith(len(under).to_bytes(2, "big"))
    assert json.loads(payload[2:])["recipient"] == address
    return outcome


TRIALS: dict[ChannelKind, Callable[[pytest.FixtureRequest, Sent, str], Outcome]] = {
    ChannelKind.MAIL: letter,
    ChannelKind.WEBHOOK: webhook,
    ChannelKind.WECOM_APP: application,
    ChannelKind.SMS: short,
    ChannelKind.MQTT: topic,
    **{kind: robot(kind) for kind in ROBOTS},
}


@pytest.mark.parametrize("address", HOSTILE, ids=lambda address: repr(address)[:30])
@pytest.mark.parametrize("kind", TRIALS)
def test_an_address_is_a_value_or_refused_in_words(
    kind: ChannelKind, address: str, request: pytest.FixtureRequest, sent: Any
) -> None:
    outcome = TRIALS[kind](request, lambda url: sent(kind, url, address), address)
    assert outcome.state is MessageState.ACCEPTED or is_told_in_words(outcome)


def test_every_channel_that_a_machine_sends_on_is_tried() -> None:
    assert TRIALS.keys() == set(ChannelKind) - {ChannelKind.BY_HAND}
