"""What a real MQTT broker is handed, and what each of its answers means."""

from __future__ import annotations

import getpass
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from config.catalog import ChannelKind
from tasks.channels import Outcome, broker, send
from tasks.models.enums import MessageState
from tasks.rendering import Text

ACCEPTED, FAILED, REFUSED = MessageState.ACCEPTED, MessageState.FAILED, MessageState.REFUSED
TEXT = Text("请接单", "三号院门口的路灯不亮。")
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Broker:
    """A Mosquitto of the test's own, which knows desk with the password "right", and one who listens to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port, self.heard = port, list[Any]()
        self._changed = threading.Condition()
        passwords, settings = folder / "passwords", folder / "mosquitto.conf"
        make = ["mosquitto_passwd", "-b", "-c", str(passwords), "desk", "right"]
        subprocess.run(make, check=True, capture_output=True)
        passwords.chmod(0o600)
        settings.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"user {getpass.getuser()}\n"
        )
        assert MOSQUITTO is not None
        self._server = subprocess.Popen(
            [MOSQUITTO, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._listen()

    def url(self, password: str = "right", topic: str = "community/orders") -> str:
        return f"mqtt://desk:{password}@127.0.0.1:{self.port}/{topic}"

    def _listen(self) -> None:
        listener = Client(CallbackAPIVersion.VERSION2)
        listener.username_pw_set("desk", "right")
        ready = threading.Event()
        listener.on_connect = lambda *_: listener.subscribe("#", qos=1)
        listener.on_subscribe = lambda *_: ready.set()
        listener.on_message = self._hear
        give_up_at = time.monotonic() + 20
        while True:
            try:
                listener.connect("127.0.0.1", self.port)
                break
            except OSError:
                assert time.monotonic() < give_up_at, "Mosquitto does not start"
                time.sleep(0.02)  # it says nowhere that it is ready
        listener.loop_start()
        assert ready.wait(20)
        self._listener = listener

    def _hear(self, _client: object, _data: object, message: Any) -> None:
        with self._changed:
            self.heard.append(message)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[Any]:
        """The messages that came, as soon as there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, 20)
            return list(self.heard)

    def close(self) -> None:
        self._listener.loop_stop()
        self._server.terminate()
        self._server.wait(20)


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: int) -> Iterator[Broker]:
    if MOSQUITTO is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("no Mosquitto on this machine: install it to test MQTT against a real broker")
    server = Broker(tmp_path, free_port)
    yield server
    server.close()


def tell(url: str, address: str = "unit-power", key: str = "order_assigned:7") -> Outcome:
    return send(ChannelKind.MQTT, url, address, TEXT, key)


def test_a_broker_is_told_who_is_told_what_under_which_key(mosquitto: Broker) -> None:
    assert tell(mosquitto.url()) == Outcome(ACCEPTED)
    assert tell(mosquitto.url()) == Outcome(ACCEPTED)
    first, again = mosquitto.wait_for(2)
    assert (first.topic, first.qos, first.retain) == ("community/orders", 1, False)
    assert json.loads(first.payload) == {
        "key": "order_assigned:7",
        "recipient": "unit-power",
        "subject": "请接单",
        "text": "三号院门口的路灯不亮。",
    }
    assert again.payload == first.payload  # whoever receives both knows them by their key


def test_a_broker_that_refuses_the_password_says_so(mosquitto: Broker) -> None:
    refused = tell(mosquitto.url("wrong"))
    assert (refused.state, refused.is_down) == (REFUSED, True)
    assert refused.code in ("mqtt_134", "mqtt_135")
    assert mosquitto.heard == []


@pytest.mark.parametrize("topic", ["", "community/%23"])
def test_without_a_topic_of_its_own_nothing_is_sent(mosquitto: Broker, topic: str) -> None:
    assert tell(mosquitto.url(topic=topic)) == Outcome(REFUSED, "bad_channel_url")


def test_a_hundred_thousand_characters_arrive_whole(mosquitto: Broker) -> None:
    long = Text("题", "路灯不亮。" * 20_000)
    assert send(ChannelKind.MQTT, mosquitto.url(), "x", long, "k") == Outcome(ACCEPTED)
    (message,) = mosquitto.wait_for(1)
    assert json.loads(message.payload)["text"] == long.body


def test_a_broker_that_is_not_there_can_be_tried_again(free_port: int) -> None:
    url = f"mqtt://127.0.0.1:{free_port}/community/orders"
    assert tell(url) == Outcome(FAILED, "no_connection", None, True)


WELCOME = b"\x20\x02\x00\x00"  # CONNACK


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ((), Outcome(FAILED, "timeout", None, True)),  # takes the connection, never says a word
        ((None,), Outcome(FAILED, "connection_lost", None, True)),
        ((b"\xf0\x00",), Outcome(FAILED, "connection_lost", None, True)),
        ((b"\x20\x02\x00\x03",), Outcome(FAILED, "mqtt_136", None, True)),  # it is unavailable
        ((b"\x20\x02\x00\x05",), Outcome(REFUSED, "mqtt_135", None, True)),  # it does not know us
        # No PUBACK: it may have the message, which is known by its key when it comes again.
        ((WELCOME,), Outcome(FAILED, "timeout", None, True)),
        ((WELCOME, None), Outcome(FAILED, "connection_lost", None, True)),
        ((WELCOME, b"\x40\x02\x00\x01"), Outcome(ACCEPTED)),
    ],
)
def test_what_a_broker_answers_is_told_apart(
    monkeypatch: pytest.MonkeyPatch,
    pretender: Callable[..., Any],
    answers: tuple[bytes | None, ...],
    expected: Outcome,
) -> None:
    monkeypatch.setattr(broker, "PATIENCE", 0.5)
    assert tell(pretender(*answers).url) == expected
