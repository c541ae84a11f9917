"""The text of a message, made from its template, the facts stored with it, and the names of today.

Made whenever it is read: so the rating link, which is derived, is stored nowhere.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session, select

from config.catalog import ChannelKind
from tasks.house import house
from tasks.links import rating_link
from tasks.models.enums import OPEN, Audience, Event, Kind, Status
from tasks.models.tables import History, Member, Message, Order, Resident
from tasks.rendering import Text, render

SHORT = 60
_KINDS_EN = {Kind.APPEAL: "request", Kind.SMALL_WISH: "small wish", Kind.BIG_WISH: "big wish"}


def text_of(session: Session, message: Message, order: Order, *, with_phone: bool = True) -> Text:
    """Subject and body as the recipient reads them on the message's channel. Raises BadTemplate."""
    kind = (
        house().catalog.channels[message.channel].kind
        if message.channel in house().catalog.channels
        else ChannelKind.BY_HAND
    )
    variables = {
        **_order_variables(order, message.locale),
        **_named(session, message),
        **_personal(session, message, order),
    }
    if not with_phone and variables["resident_phone"]:
        variables["resident_phone"] = "电话见表"
    return render(message.event, message.audience, kind, message.locale, variables)


def shortened(words: str, most: int = SHORT) -> str:
    """The words on one line, cut with … when longer than `most` characters."""
    line = " ".join(words.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _order_variables(order: Order, locale: str) -> dict[str, Any]:
    community = house().catalog.community
    english = locale == "en"
    return {
        "number": order.number,
        "kind": _KINDS_EN[order.kind] if english else order.kind.label,
        "words": shortened(order.words),
        "place": order.place,
        "community": community.name_en if english else community.name,
        "desk_phone": community.desk_phone,
        "timezone": house().timezone,
        "locale": locale,
        "link": "",
        "resident_name": "",
        "resident_phone": "",
        "until": "",
        "instead": "",
        "other": "",
        "grade": "",
        "solved": False,
        "groups": [],
    }


def _named(session: Session, message: Message) -> dict[str, Any]:
    """The facts stored with the message, with names for ids."""
    catalog = house().catalog
    facts = dict(message.variables)
    category = catalog.categories.get(facts.get("category") or "")
    grid = catalog.grids.get(facts.get("grid") or "")
    handler = catalog.handlers.get(facts.get("handler") or "")
    member = session.get(Member, facts.get("member") or "")
    facts["category"] = (
        (category.name_en if message.locale == "en" else category.name) if category else ""
    )
    facts["grid"] = grid.name if grid else ""
    facts["handler"] = handler.name if handler else ""
    facts["member"] = member.name if member else ""
    facts["reason"] = _reason(session, message)
    facts.pop("version", None)
    return facts


def _reason(session: Session, message: Message) -> str:
    """What was typed with the action: read from the history, where it stands once."""
    version = int(message.variables.get("version", 0))
    row = session.exec(
        select(History).where(History.order_id == message.order_id, History.version == version)
    ).first()
    return row.reason if row else ""


def _personal(session: Session, message: Message, order: Order) -> dict[str, Any]:
    """What only this recipient may read."""
    if message.audience is Audience.RESIDENT and message.event is Event.ORDER_DONE:
        own = message.recipient == str(order.resident_id)
        return {"link": rating_link(order.number, int(message.variables["round"])) if own else ""}
    if message.audience is Audience.MEMBER and message.event is Event.ORDER_CLAIMED:
        return _whom_to_call(session, message, order)
    if message.audience is Audience.GROUPS:
        groups = house().catalog.chat_groups.values()
        return {"groups": [g.name for g in groups if g.grid in (None, order.grid)]}
    return {}


def _whom_to_call(session: Session, message: Message, order: Order) -> dict[str, Any]:
    """The resident's name and phone, for the member who works on it now, with the resident's consent."""
    resident = session.get(Resident, order.resident_id) if order.resident_id else None
    if resident is None or not resident.consent:
        return {}
    if order.member != message.recipient or order.status not in OPEN - {Status.DONE}:
        return {}
    return {"resident_name": resident.name, "resident_phone": resident.phone}
