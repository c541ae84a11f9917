"""Draft orders out of a copied chat: what residents asked for, what has been registered before, what was left out."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from config.catalog import OTHER, ChatGroup
from tasks.bulk import numbers_stored, place_all
from tasks.db import reading
from tasks.house import house
from tasks.models.enums import Kind, Source
from tasks.models.inputs import MAX_NAME, Place
from tasks.rules.chat import (
    Said,
    asks_for_something,
    in_one_go,
    is_urgent,
    is_wish,
    phone_in,
    read_chat,
)
from tasks.rules.routing import likely_twins, suggest_category
from tasks.texts import shortened
from tasks.twins import Other, candidates, recent_open, twin_line

_OFFICE = re.compile(r"社区|干部|网格员|服务台|书记|主任|[\s\-_·|（）()]")
BY_STAFF, AGAIN = "社区干部说的", "重复的"
HAS_PICTURE, PHONE_KNOWN = "（群里有图片）", "（电话已登记）"


@dataclass(frozen=True)
class Draft:
    """What might become an order."""

    id: str  # the order's external id
    name: str
    at: datetime | None  # UTC
    words: str
    category: str  # an id
    kind: Kind | None  # None: it does not sound as if anybody had to do something
    urgent: bool
    phone: str  # what the words told; they say instead that it is known
    resident: str  # the name, and the group in which they can be told
    twin: str = ""  # an open order that is much the same, as a line that begins with its number


@dataclass(frozen=True)
class Pasted:
    """What a copied chat comes to."""

    drafts: tuple[Draft, ...]
    before: tuple[str, ...]  # what is an order already: its number and words
    left_out: Counter[str]  # by why


def drafts_of(text: str, group: ChatGroup, pasted_at: datetime) -> Pasted:
    """The drafts of a chat of this group, in order; "昨天" is the day before it was pasted."""
    now = pasted_at.astimezone(_zone()).replace(tzinfo=None)
    chat = read_chat(text, now)
    said = [one for one in chat.said if not _is_staff(one)]
    left_out = chat.left_out + Counter(
        {BY_STAFF: sum(map(bool, (o.words for o in chat.said if _is_staff(o))))}
    )
    drafts: dict[tuple[str, str], Draft] = {}
    for one in in_one_go(said, _about):
        if (one.name, one.words) in drafts:
            left_out[AGAIN] += 1
        else:
            drafts[one.name, one.words] = _draft(one, group)
    return _compared(list(drafts.values()), group, +left_out)


def place_drafts(requests: Sequence[Place], who: str) -> None:
    """Stores the orders, all or none, and tells their residents; what is stored already stays as it is."""
    place_all(requests, who, notify=True)


def _zone() -> ZoneInfo:
    return ZoneInfo(house().timezone)


def _is_staff(one: Said) -> bool:
    """Whether the name is a staff person's, with no more than their office beside it."""
    plain = _OFFICE.sub("", one.name)
    return any(staff.name == plain for staff in house().catalog.staff.values())


def _about(words: str) -> str:
    category = suggest_category(words, house().catalog)
    return "" if category == OTHER else category


def _draft(one: Said, group: ChatGroup) -> Draft:
    at = one.at.replace(tzinfo=_zone()).astimezone(UTC) if one.at else None
    category = suggest_category(one.words, house().catalog)
    asks = category != OTHER or asks_for_something(one.words) or not one.name
    phone = phone_in(one.words)
    words = one.words.replace(phone, PHONE_KNOWN) if phone else one.words
    return Draft(
        id=_id_of(one, group),
        name=one.name,
        at=at,
        words=words + HAS_PICTURE * one.has_picture,
        category=category,
        kind=(Kind.SMALL_WISH if is_wish(one.words) else Kind.APPEAL) if asks else None,
        urgent=is_urgent(one.words),
        phone=phone,
        resident=_resident(one, group),
    )


def _resident(one: Said, group: ChatGroup) -> str:
    """The name with the group behind it, where there is room: that is where they can be told."""
    known = f"{one.name}（{group.name}）" if one.name else ""
    return known if len(known) <= MAX_NAME else one.name


def _bare(name: str) -> str:
    """A resident's name without the group that they are known from."""
    return name.split("（")[0]


def _id_of(one: Said, group: ChatGroup) -> str:
    """The same message of a group has the same id whenever it is pasted, as far as its time is told."""
    told = "\x1f".join((group.id, one.name, str(one.at or ""), one.words))
    return "chat-" + hashlib.sha256(told.encode(errors="replace")).hexdigest()[:24]


def _compared(drafts: list[Draft], group: ChatGroup, left_out: Counter[str]) -> Pasted:
    """Tells the drafts that are orders already from the new ones, and those that are much like one."""
    stored = numbers_stored(Source.CHAT, (draft.id for draft in drafts))
    with reading(house().database) as session:
        orders = recent_open(session)
    asked = {
        (_bare(order.resident), order.words.removesuffix(HAS_PICTURE)): order.number
        for order in orders
        if order.resident and group.is_of(order.grid)
    }
    new: list[Draft] = []
    before: list[str] = []
    for draft in drafts:
        number = stored.get(draft.id) or asked.get(
            (_bare(draft.name), draft.words.removesuffix(HAS_PICTURE))
        )
        if number:
            before.append(f"{number} {shortened(draft.words, 24)}")
        else:
            new.append(replace(draft, twin=_twin(draft, group, orders)))
    return Pasted(tuple(new), tuple(before), left_out)


def _twin(draft: Draft, group: ChatGroup, orders: list[Other]) -> str:
    others = candidates(
        orders,
        group.grid,
        lambda order: bool(draft.name) and _bare(order.resident) == _bare(draft.name),
    )
    twins = likely_twins(draft.words, others, most=1)
    return twin_line(twins[0]) if twins else ""
