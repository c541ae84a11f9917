"""Every message of an event as its recipient would read it, with example values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from config.catalog import ChannelKind
from tasks.errors import BadInput
from tasks.examples import examples_for
from tasks.house import house
from tasks.models.enums import Audience, Event
from tasks.rendering import DEFAULT_LOCALE, Text, locales, render
from tasks.rules.notices import CARRIED
from tasks.rules.wording import Variable, given_to

T = TypeVar("T")


@dataclass(frozen=True)
class Preview:
    """The message to one audience, and what its template is given."""

    audience: Audience
    text: Text
    given: Mapping[str, Variable]


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
    kind = _kind(channel) if channel else ChannelKind.BY_HAND
    spoken = _one_of("--locale", locale or DEFAULT_LOCALE, {one: (one, "") for one in locales(own)})
    return [
        Preview(
            audience=one,
            text=render(what, one, kind, spoken, examples_for(what, one, spoken), own),
            given=given_to(what, one),
        )
        for one in heard_by
    ]


def _kind(channel: str) -> ChannelKind:
    """That of a channel of the community, or one that there is no channel of yet."""
    known = {one.value: (one, "") for one in ChannelKind}
    known |= {one.id: (one.kind, one.name) for one in house().description.channels.values()}
    return _one_of("--channel", channel, known)


def _one_of(field: str, typed: str, known: Mapping[str, tuple[T, str]]) -> T:
    """The value of a word that is an id or a name; names may be empty."""
    for id, (value, name) in known.items():
        if typed in (id, name):
            return value
    there_is = "、".join(f"{id}（{name}）" if name else id for id, (_value, name) in known.items())
    raise BadInput(field=field, problem=f"没有“{typed[:40]}”，可以写：{there_is}。")
