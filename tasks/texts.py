"""The text of a message, made from its template, the facts stored with it, and the names of today.

Made whenever it is read: so the rating link, which is derived, is stored nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from config.catalog import ChannelKind
from tasks.clock import utc_now
from tasks.errors import BadTemplate
from tasks.house import house
from tasks.links import rating_link
from tasks.masking import masked
from tasks.models.broadcast_tables import Broadcast
from tasks.models.enums import OPEN, Audience, ClockKind, Event, Kind, Status
from tasks.models.tables import History, Member, Message, Order, Resident
from tasks.rendering import Text, render
from tasks.rules.deadline import local_day
from tasks.rules.wording import only_given
from tasks.short_messages import as_short

SHORT = 60
_TYPED = ("place", "reason", "instead")  # what people have written themselves
_WITH_LINK = frozenset({Event.ORDER_DONE, Event.RATING_REMINDER})
CLOCKS_EN = {
    ClockKind.ACCEPT: "accept",
    ClockKind.TAKE: "take",
    ClockKind.REFER: "refer to the meeting",
    ClockKind.CLAIM: "claim",
    ClockKind.CONTACT: "contact the resident",
    ClockKind.FINISH: "finish",
    ClockKind.OPEN_CLAIM: "open to claim",
    ClockKind.FUNDING: "raise the funds",
}
EVENTS_EN = {
    Event.ORDER_ACCEPTED: "accepted",
    Event.ORDER_ASSIGNED: "somebody looks after it",
    Event.ORDER_PROGRESS: "there is progress",
    Event.ORDER_HELD: "on hold",
    Event.ORDER_EXTENDED: "takes longer",
    Event.ORDER_REOPENED: "taken up again",
    Event.ORDER_RATED: "rated",
    Event.ORDER_DUE_SOON: "due soon",
    Event.ORDER_OVERDUE: "overdue",
    Event.ORDER_ESCALATED: "has come to you, overdue",
}
"""Whatever can be a line of a digest (IN_DIGEST)."""
_KINDS_EN = {Kind.APPEAL: "request", Kind.SMALL_WISH: "small wish", Kind.BIG_WISH: "big wish"}


def text_of(
    session: Session,
    message: Message,
    order: Order | None,
    *,
    with_phone: bool = True,
    reason: str | None = None,
    draft: Broadcast | None = None,
) -> Text:
    """Subject and body as the recipient reads them on the message's channel. Raises BadTemplate.

    `reason` is what `reasons_of` gives for it, for whoever has read it already; `draft` is what would be
    said to many and is not stored yet.
    """
    if reason is None:
        reason = reasons_of(session, [message])[message.key]
    channel = house().catalog.channels.get(message.channel)
    kind = channel.kind if channel else ChannelKind.BY_HAND
    variables = {
        **_order_variables(order, message.locale),
        **_named(session, message, reason),
        **_personal(session, message, order),
        **_said(draft or _broadcast_of(session, message), message.locale),
    }
    shown = variables if with_phone else _for_a_list(variables, order)
    given = only_given(message.event, message.audience, shown)
    text = _rendered(message, kind, given)
    return as_short(text, channel, message.event, message.audience, message.locale, given)


def _for_a_list(variables: Mapping[str, Any], order: Order | None) -> dict[str, Any]:
    """The same values without the resident's phone, and without phones and addresses in what people wrote."""
    shown = dict(variables)
    if shown["resident_phone"]:
        shown["resident_phone"] = "电话见表"
    shown |= {name: masked(str(shown[name])) for name in _TYPED if shown[name]}
    if order is not None:
        shown["words"] = shortened(masked(order.words))  # before a cut leaves half of an address
    return shown


def _rendered(message: Message, kind: ChannelKind, variables: Mapping[str, object]) -> Text:
    """In the community's own words; in ours where those are written wrongly: a slip stops nobody's message."""
    about = (message.event, message.audience, kind, message.locale, variables)
    try:
        return render(*about, own=house().own_templates)
    except BadTemplate:
        return render(*about)


def shortened(words: str, most: int = SHORT) -> str:
    """The words on one line, cut with … when longer than `most` characters."""
    line = " ".join(words.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _order_variables(order: Order | None, locale: str) -> dict[str, Any]:
    community = house().catalog.community
    english = locale == "en"
    about = {"number": "", "kind": "", "words": "", "place": ""}
    if order is not None:
        about = {
            "number": order.number,
            "kind": _KINDS_EN[order.kind] if english else order.kind.label,
            "words": shortened(order.words),
            "place": order.place,
        }
    return {
        **about,
        "community": community.name_en if english else community.name,
        "desk_phone": community.desk_phone,
        "timezone": house().timezone,
        "today": local_day(utc_now(), house().timezone).isoformat(),
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
        **dict.fromkeys(("target", "raised", "spent", "left", "voucher", "yuan"), ""),
        "points": 0,
        "round": 1,
        "deadline": "",
        "due": "",
        "clock": "",
        "rung": "",
        "urgency": "",
        "count": 0,
        "daily": False,
        "lines": [],
        "figures": {},
    }


def _broadcast_of(session: Session, message: Message) -> Broadcast | None:
    return session.get(Broadcast, message.broadcast_id) if message.broadcast_id else None


def _said(broadcast: Broadcast | None, locale: str) -> dict[str, Any]:
    """What a coordinator says to many, in English where they have written it so."""
    if broadcast is None:
        return {"title": "", "said": ""}
    if locale == "en" and broadcast.text_en:
        return {"title": broadcast.title_en, "said": broadcast.text_en}
    return {"title": broadcast.title, "said": broadcast.text}


def _named(session: Session, message: Message, reason: str) -> dict[str, Any]:
    """The facts stored with the message, with names for ids."""
    catalog = house().catalog
    facts = dict(message.variables)
    category = catalog.categories.get(facts.get("category") or "")
    grid = catalog.grids.get(facts.get("grid") or "")
    handler = catalog.handlers.get(facts.get("handler") or "")
    member = session.get(Member, facts["member"]) if facts.get("member") else None
    facts["category"] = (
        (category.name_en if message.locale == "en" else category.name) if category else ""
    )
    facts["grid"] = grid.name if grid else ""
    facts["handler"] = handler.name if handler else ""
    facts["member"] = member.name if member else ""
    facts["reason"] = reason
    facts |= _of_the_clock(facts, message.locale)
    if message.event is Event.DIGEST:
        facts["lines"] = [_line(session, line, message.locale) for line in facts["lines"]]
    facts.pop("version", None)
    return facts


def _of_the_clock(facts: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """The names of a clock and a rung."""
    clock, rung = facts.get("clock"), int(facts.get("rung") or 0)
    kind = ClockKind(clock) if clock else None
    names = CLOCKS_EN if locale == "en" else {one: one.label for one in ClockKind}
    ladder = house().catalog.ladder
    return {
        "clock": names[kind] if kind else "",
        "rung": ladder[rung - 1].name if rung else "",
    }


def _line(session: Session, line: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """One order of a digest."""
    order = session.get(Order, line["order_id"])
    words = shortened(order.words, 24) if order else ""
    number = order.number if order else ""
    clock = _of_the_clock(line, locale)["clock"]
    is_late = line["event"] != Event.ORDER_DUE_SOON
    event = Event(line["event"])
    what = EVENTS_EN.get(event, event.label) if locale == "en" else event.label
    facts = {"clock": clock, "due": line["due"], "late": is_late, "what": what}
    return {"number": number, "words": words, **facts}


def reasons_of(session: Session, messages: Sequence[Message]) -> dict[str, str]:
    """What was typed with the actions that messages tell of, by the message's key: read from the
    history, where it stands once."""
    told = {one.key: (one.order_id or 0, _version(one)) for one in messages}
    wanted = {place for place in told.values() if all(place)}
    if not wanted:
        return dict.fromkeys(told, "")
    orders, versions = zip(*wanted, strict=True)
    rows = session.exec(
        select(History.order_id, History.version, History.reason).where(
            col(History.order_id).in_(orders), col(History.version).in_(versions)
        )
    )  # pairs would be plainer, but SQLite looks through the whole table for them
    typed = {(order, version): reason for order, version, reason in rows}
    return {key: typed.get(of) or "" for key, of in told.items()}


def _version(message: Message) -> int:
    return int(message.variables.get("version", 0))


def _personal(session: Session, message: Message, order: Order | None) -> dict[str, Any]:
    """What only this recipient may read."""
    if order is None:
        if message.audience is not Audience.GROUPS:
            return {}
        known = house().catalog.chat_groups.values()
        meant = (group for group in known if message.recipient in (group.id, "groups"))
        return {"groups": [group.name for group in meant]}
    if message.audience is Audience.RESIDENT and message.event in _WITH_LINK:
        round = int(message.variables["round"])
        can_rate = order.status is Status.DONE and order.round == round
        own = message.recipient == str(order.resident_id)
        return {"link": rating_link(order.number, round) if own and can_rate else ""}
    if message.audience is Audience.MEMBER and message.event is Event.ORDER_CLAIMED:
        return _whom_to_call(session, message, order)
    if message.audience is Audience.GROUPS:
        groups = house().catalog.chat_groups.values()
        return {"groups": [g.name for g in groups if order.grid is None or g.is_of(order.grid)]}
    return {}


def _whom_to_call(session: Session, message: Message, order: Order) -> dict[str, Any]:
    """The resident's name and phone, for the member who works on it now, with the resident's consent."""
    resident = session.get(Resident, order.resident_id) if order.resident_id else None
    if resident is None or not resident.consent:
        return {}
    if order.member != message.recipient or order.status not in OPEN - {Status.DONE}:
        return {}
    return {"resident_name": resident.name, "resident_phone": resident.phone}
