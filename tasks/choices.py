"""What people choose about their messages: looked at and changed, by the desk, the command line or themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from config.shapes import quiet_hours
from tasks.advance import NUMBER, find_order
from tasks.chosen import choice_in, person_key
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor, channel_id
from tasks.errors import BadInput, UnknownId
from tasks.hearers import FOR_DIGEST, HELD
from tasks.house import house
from tasks.intake import PERSONAL, address_left, address_problem
from tasks.models.choice_tables import ChoiceRow
from tasks.models.enums import Audience, Event, MessageState, Role
from tasks.models.tables import Message, Order, Resident
from tasks.muting import lift, muted_channels
from tasks.queue import waits
from tasks.rendering import locales
from tasks.requests import normal_phone
from tasks.routes import BY_HAND, contacts_of, is_usable, person_audience
from tasks.rules.choices import AS_IT_COMES, Choice, next_digest
from tasks.rules.choices import choosable as may_decline
from tasks.rules.quiet import covers_hour, leave_nothing
from tasks.views import name_of_person


@dataclass(frozen=True, kw_only=True)
class NewChoice:
    """What somebody wants from now on, as typed; None leaves it as it is, "" is: as it comes."""

    channel: str | None = None
    language: str | None = None
    declined: Sequence[str] | None = None  # events, by id or word
    quiet: str | None = None
    digest_hour: str | None = None  # 0 to 23
    address: str | None = None  # of a resident, for their channel


def find_person(typed: str) -> tuple[Audience, str]:
    """Whose choice it is: a resident by an order's number, a phone, or a name and a phone; anybody else by id
    or name. Raises UnknownId, UnknownOrder and BadInput."""
    with reading(house().database) as session:
        if NUMBER.fullmatch(typed.strip().upper()):
            return Audience.RESIDENT, str(_resident_of(find_order(session, typed)))
        if found := _resident_by_phone(session, typed):
            return Audience.RESIDENT, found
        try:
            who = actor(session, typed)
        except UnknownId:
            problem = f"没有“{typed[:40]}”：居民请写电话或订单编号，别人写姓名或编号。"
            raise BadInput(field="谁的", problem=problem) from None
        if who.role in (Role.RESIDENT, Role.SYSTEM):
            problem = "居民请写订单编号或电话。"
            raise BadInput(field="谁的", problem=problem)
        return person_key(person_audience(who.id), who.id)


def _resident_of(order: Order) -> int:
    if order.resident_id is None:
        raise BadInput(field="谁的", problem=f"订单 {order.number} 没有登记居民。")
    return order.resident_id


def _resident_by_phone(session: Session, typed: str) -> str | None:
    name, _, phone = typed.strip().rpartition(" ")
    try:
        number = normal_phone(phone)
    except BadInput:
        return None
    wanted = select(Resident).where(Resident.phone == number)
    found = session.exec(wanted.where(Resident.name == name.strip()) if name else wanted).all()
    if len(found) > 1:
        names = "、".join(one.name for one in found)
        problem = f"这个电话登记了 {len(found)} 位居民（{names}），请写成“姓名 电话”。"
        raise BadInput(field="谁的", problem=problem)
    if not found:
        raise UnknownId(what="居民", id="这个电话", hint="，也可以写订单编号")
    return str(found[0].id)


def choice_of(audience: Audience, person: str) -> dict[str, Any]:
    """What somebody chose, with what they can choose from, as plain values; no address and no phone."""
    with reading(house().database) as session:
        chosen = _chosen(session, audience, person)
        name = name_of_person(session, audience, person)
        channels = _channels(session, audience, person)
        muted = muted_channels(session, audience, person)
    return {
        "audience": audience.value,
        "person": person,
        "name": name,
        "channel": chosen.channel,
        "language": chosen.language,
        "declined": sorted(chosen.declined),
        "quiet": chosen.quiet,
        "digest_hour": chosen.digest_hour,
        "muted": muted,
        "channels": channels,
        "may_decline": sorted(may_decline(audience)),
    }


def _chosen(session: Session, audience: Audience, person: str) -> Choice:
    row = session.get(ChoiceRow, (audience, person))
    chosen = choice_in(row) if row else AS_IT_COMES
    if audience is not Audience.RESIDENT:
        return chosen
    resident = _resident(session, person)
    return Choice(
        resident.channel or "",
        resident.language,
        chosen.declined,
        chosen.quiet,
        chosen.digest_hour,
    )


def _resident(session: Session, person: str) -> Resident:
    resident = session.get(Resident, int(person))
    if resident is None or resident.anonymised_at is not None:
        raise UnknownId(what="居民", id=person, hint="，或者资料已经删除")
    return resident


def _channels(session: Session, audience: Audience, person: str) -> list[str]:
    """On which somebody can be told: for a resident what takes an address, for others what they have."""
    known = house().catalog.channels.values()
    if audience is Audience.RESIDENT:
        return [one.id for one in known if one.kind in PERSONAL and is_usable(one.id)]
    ways = (way.channel for way in contacts_of(audience, person))
    return list(dict.fromkeys((BY_HAND, *filter(is_usable, ways))))


def set_choice(audience: Audience, person: str, new: NewChoice, who: str) -> None:
    """Notes what somebody wants from now on, as `who` says. What waits for a digest goes by it too.

    Raises BadInput and UnknownId; then nothing has changed.
    """
    with transaction(house().database) as session:
        by = actor(session, who)
        if audience is Audience.RESIDENT:  # nobody forgets them meanwhile
            session.get(Resident, int(person), with_for_update=True)
        before = _chosen(session, audience, person)
        channel = _channel(session, audience, person, before, new)
        after = Choice(
            channel=channel,
            language=_language(before, new),
            declined=_declined(audience, before, new),
            quiet=_quiet(before, new),
            digest_hour=_hour(before, new),
        )
        _check_hours(after)
        row = session.get(ChoiceRow, (audience, person))
        row = row or ChoiceRow(audience=audience, person=person, actor=by.id, at=utc_now())
        if audience is Audience.RESIDENT:
            _write_resident(session, person, after, new)
        else:
            row.channel, row.language = after.channel, after.language
        row.declined, row.quiet = sorted(after.declined), after.quiet
        row.digest_hour, row.actor, row.at = after.digest_hour, by.id, utc_now()
        session.add(row)
        if after.digest_hour != before.digest_hour:
            _retime(session, audience, person, after.digest_hour)


def unmute(audience: Audience, person: str, who: str, channels: Sequence[str] = ()) -> int:
    """Somebody's addresses (all, or those on these channels) are tried again; gives how many that are."""
    with transaction(house().database) as session:
        actor(session, who)
        return lift(session, audience, person, channels)


def _channel(
    session: Session, audience: Audience, person: str, before: Choice, new: NewChoice
) -> str:
    if not new.channel:
        return before.channel if new.channel is None else ""
    channel = channel_id(new.channel)
    can = _channels(session, audience, person)
    if channel not in can:
        names = "、".join(house().catalog.channels[one].name for one in can if one in _known())
        raise BadInput(field="渠道", problem=f"没有这个渠道的联系方式，可以选：{names}。")
    return channel


def _known() -> frozenset[str]:
    return frozenset(house().catalog.channels)


def _language(before: Choice, new: NewChoice) -> str:
    if not new.language:
        return before.language if new.language is None else ""
    known = locales(house().own_templates)
    if new.language not in known:
        raise BadInput(field="语言", problem=f"可以选：{'、'.join(known)}。")
    return new.language


def _declined(audience: Audience, before: Choice, new: NewChoice) -> frozenset[Event]:
    if new.declined is None:
        return before.declined
    can = may_decline(audience)
    words = {word: event for event in can for word in (event.value, event.label)}
    for typed in new.declined:
        if typed not in words:
            names = "、".join(f"{event.label}（{event.value}）" for event in sorted(can))
            problem = f"“{typed[:40]}”不能不收；可以不收的有：{names}。"
            raise BadInput(field="不收的消息", problem=problem)
    return frozenset(words[typed] for typed in new.declined)


def _quiet(before: Choice, new: NewChoice) -> str:
    if not new.quiet:
        return before.quiet if new.quiet is None else ""
    try:
        return quiet_hours(_with_zeros(new.quiet))
    except ValueError:
        problem = "要写成 22:00-07:00 的样子，两头不能一样。"
        raise BadInput(field="安静时段", problem=problem) from None


def _with_zeros(typed: str) -> str:
    """22:00-07:00 for 22：00—7:00, and whatever else a Chinese keyboard writes for it."""
    plain = re.sub(r"\s", "", typed).replace("：", ":")
    plain = re.sub("[－—–~～至到]+", "-", plain)
    return re.sub(r"(?<!\d)(\d:)", r"0\1", plain)


def _hour(before: Choice, new: NewChoice) -> int | None:
    if not new.digest_hour:
        return before.digest_hour if new.digest_hour is None else None
    typed = new.digest_hour.strip()
    if not (typed.isascii() and typed.isdigit() and int(typed[:3]) <= 23):
        raise BadInput(field="每天一条的钟点", problem="要写 0 到 23 的整点，例如 18。")
    return int(typed)


def _check_hours(after: Choice) -> None:
    """Some time of the day must be left, and the hour of the digest be one of it."""
    community = house().catalog.community.quiet
    if after.quiet and leave_nothing(after.quiet, community):
        problem = f"和社区夜里的 {community} 合起来是一整天，就没有时候能说了。"
        raise BadInput(field="安静时段", problem=problem)
    for quiet in filter(None, (after.quiet, community)):
        if after.digest_hour is not None and covers_hour(quiet, after.digest_hour):
            problem = f"{after.digest_hour} 点在安静时段 {quiet} 里，请换一个钟点。"
            raise BadInput(field="每天一条的钟点", problem=problem)


def _write_resident(session: Session, person: str, after: Choice, new: NewChoice) -> None:
    """Without a new address the old one stays, unless it is none on the channel that they choose now."""
    resident, channel = _resident(session, person), after.channel or None
    typed = new.address.strip() if new.address is not None else None
    resident.address = address_left(resident, channel) if typed is None else typed
    resident.channel, resident.language = channel, after.language or "zh-CN"
    if channel in _known():
        problem = address_problem(channel, resident.address, resident.phone)
        if problem is not None:
            raise problem
    session.add(resident)


def _retime(session: Session, audience: Audience, person: str, hour: int | None) -> None:
    """What waits for the digest of the day goes at the new hour, or now where there is none any more."""
    now, catalog = utc_now(), house().catalog
    ids = {person, *(one.member for one in catalog.staff.values() if one.id == person)}
    values: dict[str, Any] = {"code": "", "next_attempt_at": now}
    if hour is not None:
        values = {"next_attempt_at": next_digest(now, hour, house().timezone) + HELD}
    session.execute(
        update(Message)
        .where(
            waits(),
            col(Message.recipient).in_(ids),
            col(Message.audience).in_(_audiences(audience)),
            col(Message.code) == FOR_DIGEST,
            col(Message.state) == MessageState.QUEUED,
        )
        .values(**values)
    )


def _audiences(audience: Audience) -> tuple[Audience, ...]:
    is_person = audience is Audience.MEMBER
    return (Audience.MEMBER, Audience.LADDER) if is_person else (audience,)
