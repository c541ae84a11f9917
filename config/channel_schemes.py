"""Which Apprise URLs a kind of channel can have: of the others a refusal or a double would not be known."""

from __future__ import annotations

from config.shapes import ChannelKind

SCHEMES = {
    ChannelKind.WECOM_APP: ("wecomapp",),
    ChannelKind.SMS: ("sms",),
    ChannelKind.MQTT: ("mqtt", "mqtts"),
}
"""Those of the kinds that are told by our own hand alone. The others take what Apprise takes."""


def is_scheme_of(kind: ChannelKind, url: str) -> bool:
    """Whether the URL is one for channels of this kind."""
    return kind not in SCHEMES or scheme_of(url) in SCHEMES[kind]


def scheme_of(url: str) -> str:
    """The part before ://, in small letters."""
    return url.partition("://")[0].strip().lower()
