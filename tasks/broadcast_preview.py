"""A broadcast before it is sent: whom it reaches, and what they would read on each kind of channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from config.catalog import ChannelKind
from tasks.broadcasts import broadcast_to, check_reach, drafted, message_to
from tasks.channels import as_sent
from tasks.db import reading
from tasks.house import house
from tasks.models.broadcast_inputs import NewBroadcast
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import Audience
from tasks.reach import Reach, Told, target_in
from tasks.rendering import Text
from tasks.routes import Route
from tasks.short_messages import sms_parts
from tasks.texts import text_of

ENGLISH = "en"


@dataclass(frozen=True)
class Reading:
    """What is read on one kind of channel in one language; `parts` are the short messages that it would be,
    0 where that means nothing."""

    kind: ChannelKind
    locale: str
    text: Text
    is_cut: bool
    parts: int


@dataclass(frozen=True)
class Draft:
    """What sending would do now."""

    target: str
    title: str
    reach: Reach
    not_before: datetime
    expires_at: datetime
    readings: list[Reading]


def preview_broadcast(new: NewBroadcast) -> Draft:
    """Looks, and stores nothing; English words are shown also while nobody reads English.

    Raises what `send_broadcast` raises.
    """
    row, reach = drafted(new), Reach()
    ways: dict[tuple[ChannelKind, str], Told] = {}
    with reading(house().database) as session:
        for audience, route in broadcast_to(session, row, reach):
            kind = house().catalog.channels[route.channel].kind
            ways.setdefault((kind, route.locale), (audience, route))
        check_reach(row, reach)
        if row.text_en and not any(locale == ENGLISH for _kind, locale in ways):
            (kind, _locale), (audience, route) = min(ways.items())
            ways[kind, ENGLISH] = audience, replace(route, locale=ENGLISH)
        in_turn = sorted(ways.items(), key=lambda one: (one[0][0], one[0][1] == ENGLISH))
        readings = [_reading(session, row, *way, *told) for way, told in in_turn]
    name = target_in(row.target).name
    return Draft(name, row.title, reach, row.not_before, row.expires_at, readings)


def _reading(
    session: Session,
    row: Broadcast,
    kind: ChannelKind,
    locale: str,
    audience: Audience,
    route: Route,
) -> Reading:
    text = text_of(session, message_to(row, audience, route), None, draft=row)
    body = as_sent(kind, text.body)
    parts = sms_parts(body) if text.short else 0
    return Reading(kind, locale, Text(text.subject, body), body != text.body, parts)
