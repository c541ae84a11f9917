"""A provider may say back all that it was told: address, words, the robot's key. Nothing of it is kept."""

from __future__ import annotations

import json
import logging
import re
import socket
import threading
from collections.abc import Iterator

import pytest

from config.catalog import ChannelKind
from tasks.channels import send
from tasks.models.enums import MessageState
from tasks.models.tables import Message, MessageStep
from tasks.outbox import send_waiting
from tasks.rendering import Text

PHONE, MAIL, KEY, PASSWORD = "13912345678", "tashi@example.org", "key-998877", "hunter22"
TEXT = Text("请接单", f"{PHONE} 家的路灯不亮。")
PRIVATE = (PHONE, MAIL, KEY, PASSWORD)


class Echo:
    """A web server that says back what it was told, in its status line, a header and its body."""

    def __init__(self) -> None:
        self.status, self.code = 200, 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                asked = self._asked(connection)
                connection.sendall(self._answer(asked))

    def _asked(self, connection: socket.socket) -> str:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += connection.recv(65_536)
        head, _, body = asked.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])  # type: ignore[index]
        while len(body) < length:
            body += connection.recv(65_536)
        return (head + b" " + body).decode()

    def _answer(self, asked: str) -> bytes:
        line = " ".join(asked.split())
        said = {"errcode": self.code, "errmsg": asked, "code": self.code, "msg": asked}
        body = json.dumps(said).encode()
        plain = line.encode("ascii", "replace").decode()
        head = f"HTTP/1.1 {self.status} {plain}\r\nX-Said: {plain}\r\nRetry-After: {PHONE}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.mark.parametrize("status", [200, 302, 404, 429, 503])
@pytest.mark.parametrize("code", [93000, int(PHONE), -int(PHONE)])
@pytest.mark.parametrize(
    ("kind", "url"),
    [
        (ChannelKind.WEBHOOK, "json://desk:{password}@{host}/{key}"),
        (ChannelKind.WECOM_ROBOT, "wecomrobot://{host}/{key}?secure=no"),
        (ChannelKind.DINGTALK_ROBOT, "dingtalkrobot://{host}/{key}?secure=no&secret={password}"),
        (ChannelKind.FEISHU_ROBOT, "feishurobot://{host}/{key}?secure=no&secret={password}"),
    ],
)
def test_of_an_answer_its_code_alone_is_kept(echo, caplog, kind, url, status, code) -> None:
    caplog.set_level(logging.DEBUG)
    echo.status, echo.code = status, code
    outcome = send(
        kind, url.format(host=echo.host, key=KEY, password=PASSWORD), PHONE, TEXT, "order:7"
    )
    assert re.fullmatch(r"|nonsense|(http|errcode)_-?\d{1,8}", outcome.code)
    kept = f"{outcome!r} {caplog.text}"
    assert not [one for one in PRIVATE if one in kept]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("digits", ["550", "451", "421"])
def test_of_a_mail_server_s_reply_its_digits_alone_are_kept(
    mailbox, sqlite_house, settle, place, rows, caplog, stage, digits
) -> None:
    caplog.set_level(logging.DEBUG)
    settle(channels={"mail": f"{mailbox.url}&name={KEY}"})
    place(resident="居民甲", channel="mail", address=MAIL, phone="")
    mailbox.replies[stage] = f"{digits} <{MAIL}> is nobody here, says {mailbox.url} of {KEY}"
    send_waiting()
    (message, *_), steps = rows(Message), rows(MessageStep)
    assert f"smtp_{digits}" in {message.code, *(step.code for step in steps)}
    assert message.state is not MessageState.ACCEPTED
    kept = f"{rows(Message)!r} {steps!r} {caplog.text}"
    assert not [one for one in PRIVATE if one in kept]
