"""Somebody's choices in words: what the command line shows, and the forms offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.house import house
from tasks.models.enums import Event
from tasks.muting import MutedAddress
from tasks.rules.deadline import local_day

AS_USUAL, ONE_BY_ONE, NEVER_QUIET = "照平常", "一件一件说", "没有"


def in_words(found: Mapping[str, Any]) -> dict[str, str]:
    """What `choice_of` gave, by its title."""
    declined = "、".join(Event(one).label for one in found["declined"])
    words = {
        "渠道": channel_name(found["channel"]) if found["channel"] else AS_USUAL,
        "语言": found["language"] or AS_USUAL,
        "不收": declined or "都收",
        "安静时段": found["quiet"] or NEVER_QUIET,
        "每天一条": at_hour(found["digest_hour"]),
    }
    if found["muted"]:
        words["60 天内不再发"] = "、".join(map(channel_name, found["muted"]))
    return words


def at_hour(hour: int | None) -> str:
    """When the digest of the day comes."""
    return ONE_BY_ONE if hour is None else f"{hour} 点合成一条"


def channel_name(id: str) -> str:
    """As the community calls it."""
    known = house().catalog.channels.get(id)
    return known.name if known else id


def of_muted(one: MutedAddress) -> str:
    """Whose address it is, on which channel, until when; without the address."""
    return f"{one.audience.label} {one.name}（{channel_name(one.channel)}，到 {until(one)}）"


def until(one: MutedAddress) -> str:
    """The day from which it is tried again."""
    return local_day(one.until, house().timezone).isoformat()
