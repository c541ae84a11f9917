"""A message to an MQTT broker: Apprise's mqtt:// and mqtts://, by our own hand.

Apprise's plugin says yes or no, and takes a broker that refuses the password for one that was reached. It
publishes before it knows, and its threads stay behind.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from apprise.plugins.mqtt import NotifyMQTT
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from tasks.channels.errand import Errand
from tasks.channels.outcome import ACCEPTED, BAD_URL, LOST, NO_CONNECTION, TIMEOUT, Outcome
from tasks.models.enums import MessageState

PATIENCE = 15.0  # seconds for each answer
AT_LEAST_ONCE = 1
_GLANCE = 0.5  # seconds of one look at the socket
# OASIS MQTT 5.0, 3.2.2.2: the broker has too much to do. paho gives those of 3.1.1 as these.
_BUSY = frozenset({0x88, 0x89, 0x97, 0x9F})


class _Talk:
    """One connection, and what the broker has said on it."""

    def __init__(self, plugin: NotifyMQTT) -> None:
        self.greeting: ReasonCode | None = None
        self.waiting: set[int] = set()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=plugin.client_id or "",
            clean_session=not plugin.session,
            protocol=plugin.mqtt_protocol,
            reconnect_on_failure=False,
        )
        self.client.on_connect = self._greeted
        self.client.on_publish = self._published
        self.client.connect_timeout = plugin.socket_connect_timeout
        if plugin.user:
            self.client.username_pw_set(plugin.user, plugin.password)
        if plugin.secure:
            self.client.tls_set_context(_context(plugin))

    def _greeted(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _: Any) -> None:
        self.greeting = reason

    def _published(self, _client: Any, _data: Any, number: int, _reason: Any, _: Any) -> None:
        self.waiting.discard(number)

    def listen(self, is_over: Callable[[], bool]) -> Outcome | None:
        """Until it is over; an outcome where the broker is silent for too long, or gone."""
        give_up_at = monotonic() + PATIENCE
        while not is_over():
            left = give_up_at - monotonic()
            if left <= 0:
                return TIMEOUT
            if self.client.loop(min(left, _GLANCE)) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return None if is_over() else LOST
        return None


def _context(plugin: NotifyMQTT) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not plugin.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def publish(plugin: NotifyMQTT, errand: Errand) -> Outcome:
    """Gives a message to the broker of the URL, under the URL's topics, and waits for its PUBACK."""
    talk = _Talk(plugin)
    try:
        return _greet(talk, plugin) or _hand_over(talk, plugin, _payload(errand))
    finally:
        with suppress(OSError, ValueError):
            talk.client.disconnect()


def _payload(errand: Errand) -> bytes:
    """What receivers read: a message that comes twice has the same key."""
    content = {
        "key": errand.key,
        "recipient": errand.address,
        "subject": errand.text.subject,
        "text": errand.text.body,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def _greet(talk: _Talk, plugin: NotifyMQTT) -> Outcome | None:
    """An outcome where the broker will not have us. Nothing was said yet, so it is safe to try again."""
    try:
        talk.client.connect(plugin.host, int(plugin.port or 0), keepalive=int(PATIENCE) + 1)
    except (OSError, ValueError):
        return NO_CONNECTION
    silence = talk.listen(lambda: talk.greeting is not None)
    if talk.greeting is None:
        code = silence.code if silence else "connection_lost"
        return Outcome(MessageState.FAILED, code, is_down=True)
    if not talk.greeting.is_failure:
        return None
    is_busy = talk.greeting.value in _BUSY
    state = MessageState.FAILED if is_busy else MessageState.REFUSED
    return Outcome(state, f"mqtt_{talk.greeting.value}", is_down=True)


def _hand_over(talk: _Talk, plugin: NotifyMQTT, payload: bytes) -> Outcome:
    """From here on a silence is a doubt: the broker may have the message."""
    qos = max(AT_LEAST_ONCE, plugin.qos)
    try:
        for topic in plugin.topics:
            sent = talk.client.publish(topic, payload, qos=qos, retain=plugin.retain)
            talk.waiting.add(sent.mid)
    except ValueError:  # a topic with + or #
        return BAD_URL
    if not talk.waiting:
        return BAD_URL
    return talk.listen(lambda: not talk.waiting) or ACCEPTED
