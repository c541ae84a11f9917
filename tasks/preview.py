"""Every message of an event as its recipient would read it, with example values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from config.catalog import Channel, ChannelKind
from tasks.errors import BadInput
from tasks.examples import examples_for
from tasks.house import house
from tasks.models.enums import Audience, Event
from tasks.rendering import DEFAULT_LOCALE, Text, locales, render
from tasks.rules.notices import CARRIED
from tasks.rules.wording import Variable, given_to
from tasks.short_messages import as_short, sms_parts

T = TypeVar("T")


@dataclass(frozen=True)
class Preview:
    """The message to one audience, and what its template is given."""

    audience: Audience
    text: Text
    given: Mapping[str, Variable]
    sms_parts: int = 0  # as how many short messages it is paid for, where it is one


def previews(event: str, locale: str = "", channel: str = "", audience: str = "") -> list[Preview]:
    """The messages of an event, to each audience that hears of it; by hand and in Chinese unless chosen.

    Words may be ids or names. Raises BadInput with what there is, and BadTemplate.
    """
    own = house().own_templates
    what = _one_of("EVENT", event, {one.value: (one, one.label) for one in Event})
    hearing = {one.value: (one, one.label) for one in Audience if (what, one) in CARRIED}
    heard_by = (
        [_one_of("--audience", audience, hearing)]
        if audience
        else [value for value, _name in hearing.values()]
    )
    way = _channel(channel) if channel else _one_of_kind(ChannelKind.BY_HAND)
    spoken = _one_of("--locale", locale or DEFAULT_LOCALE, {one: (one, "") for one in locales(own)})
    return [_preview(what, one, way, spoken, own) for one in heard_by]


def _preview(event: Event, audience: Audience, way: Channel, locale: str, own: Path) -> Preview:
    known = examples_for(event, audience, locale)
    text = render(event, audience, way.kind, locale, known, own)
    text = as_short(text, way, event, audience, locale, known)
    parts = sms_parts(text.body) if way.kind is ChannelKind.SMS else 0
    return Preview(audience, text, given_to(event, audience), parts)


def _channel(typed: str) -> Channel:
    """A channel of the community: by id or name, or its first of a kind; or one that it has not got yet."""
    channels = list(house().description.channels.values())
    known = {kind.value: (_one_of_kind(kind), "") for kind in ChannelKind}
    known |= {one.kind.value: (one, "") for one in reversed(channels)}
    known |= {one.id: (one, one.name) for one in channels}
    return _one_of("--channel", typed, known)


def _one_of_kind(kind: ChannelKind) -> Channel:
    return Channel(id="x", name="x", kind=kind)


def _one_of(field: str, typed: str, known: Mapping[str, tuple[T, str]]) -> T:
    """The value of a word that is an id or a name; names may be empty."""
    for id, (value, name) in known.items():
        if typed in (id, name):
            return value
    there_is = "、".join(f"{id}（{name}）" if name else id for id, (_value, name) in known.items())
    raise BadInput(field=field, problem=f"没有“{typed[:40]}”，可以写：{there_is}。")
