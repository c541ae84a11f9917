"""Taking an order in: a number of its own, its resident, and the receipt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from config.catalog import Category, Channel, ChannelKind, Grid
from tasks.clock import utc_now
from tasks.clocks import add_clocks
from tasks.db import transaction, upsert
from tasks.directory import actor
from tasks.errors import BadInput, DiandanError, UnknownId
from tasks.house import house
from tasks.links import sealed_id
from tasks.messages import write_messages
from tasks.models.enums import PREFIXES, Action, Kind
from tasks.models.inputs import Place
from tasks.models.state import Actor, OrderState
from tasks.models.tables import Counter, History, Order, Resident
from tasks.requests import is_mail_address, is_mobile, normal_phone, try_request
from tasks.rules.circumstances import Circumstances
from tasks.rules.deadline import local_day
from tasks.rules.law import placed
from tasks.rules.notices import Deed, notices_of

PRIVATE = frozenset({"words", "place", "resident", "phone", "address"})  # never in the history
PERSONAL = frozenset(
    {
        *(ChannelKind.BY_HAND, ChannelKind.MAIL, ChannelKind.SMS),
        *(ChannelKind.WEBHOOK, ChannelKind.MQTT, ChannelKind.WECOM_APP),
    }
)  # have an address
KEPT = frozenset({"language", "consent", "channel", "address"})


def place_order(request: Place, who: str = "resident") -> str:
    """Stores an order and gives its number; the same source and external id twice is one order.

    Raises BadInput or UnknownId for a phone, grid, category or channel that is none; then nothing
    is stored and no number is used up.
    """
    request, errors = check_place(request)
    if errors:
        raise errors[0]
    for _ in range(2):  # somebody stored the year's first number or the same external id meanwhile
        try:
            return _store(request, who)
        except IntegrityError:
            continue
    return _store(request, who)


def _store(request: Place, who: str) -> str:
    with transaction(house().database) as session:
        if number := _already_placed(session, request):
            return number
        person = actor(session, who)
        around = Circumstances(now=utc_now(), actor=person, catalog=house().catalog)
        series = series_of(request.kind, around.now)
        state = placed(number_in(series, take_numbers(session, series)), request, around)
        resident = _resident(session, request)
        order = Order(
            **order_columns(request, state), resident_id=resident.id if resident else None
        )
        session.add(order)
        session.flush()
        assert order.id is not None
        session.add(History(order_id=order.id, **first_row(request, state, person)))
        add_clocks(session, ((order.id, clock) for clock in state.clocks))
        write_messages(session, order, notices_of(Deed(state, state, request, person)), person)
        return order.number


def order_columns(request: Place, state: OrderState) -> dict[str, Any]:
    """A new order's columns, but for its resident."""
    return {
        "words": request.words,
        "place": request.place,
        "source": request.source,
        "external_id": request.external_id,
        **state.columns,
    }


def first_row(request: Place, state: OrderState, person: Actor) -> dict[str, Any]:
    """The columns of the row of history that every order begins with, but for the order's id."""
    return {
        "version": state.version,
        "round": state.round,
        "at": state.placed_at,
        "action": request.action,
        "from_status": None,
        "to_status": state.status,
        "actor": person.id,
        "inputs": request.model_dump(mode="json", exclude_defaults=True, exclude=set(PRIVATE)),
    }


def examine(values: Mapping[str, Any]) -> tuple[Place | None, list[DiandanError]]:
    """The checked request for an order, or everything that is wrong with the values."""
    request, problems = try_request(Action.PLACE, values)
    whole = request if isinstance(request, Place) else Place.model_construct(**values)
    checked, errors = check_place(whole)
    wrong = [*problems, *errors]
    return (None if wrong else checked), wrong


def check_place(request: Place) -> tuple[Place, list[DiandanError]]:
    """The request with its phone in normal form and ids that the catalog has, and all that is wrong.

    Each error has the field's name among its facts (`name`). What nobody said stays unsaid: it
    must not write over what a resident said earlier.
    """
    updates: dict[str, object] = {}
    errors: list[DiandanError] = []
    for name, right in (("phone", _phone), ("grid", _id), ("category", _id), ("channel", _id)):
        typed = getattr(request, name)
        try:
            if (meant := right(name, typed)) != typed:
                updates[name] = meant
        except DiandanError as error:
            errors.append(error)
    checked = request.model_copy(update=updates)
    if not errors and checked.channel is not None:
        problem = address_problem(checked.channel, checked.address, checked.phone)
        errors += [problem] if problem else []
    return checked, errors


def _phone(_name: str, typed: str) -> str:
    return normal_phone(typed)


def _id(name: str, typed: str | None) -> str | None:
    """The id of a grid, category or channel that was named by id or name."""
    catalog = house().catalog
    entries: dict[str, tuple[str, Mapping[str, Grid | Category | Channel]]] = {
        "grid": ("网格", catalog.grids),
        "category": ("类别", catalog.categories),
        "channel": ("渠道", catalog.channels),
    }
    what, known = entries[name]
    if typed is None or typed in known:
        return typed
    named = [id for id, entry in known.items() if entry.name == typed]
    names = [entry.name for entry in known.values()]
    if not named:
        raise UnknownId(name=name, what=what, id=typed, hint="，可用的有：" + "、".join(names))
    return named[0]


def address_problem(channel: str, address: str, phone: str) -> BadInput | None:
    """What keeps a resident's own channel from reaching them; None where nothing does."""
    kind = house().catalog.channels[channel].kind
    if kind not in PERSONAL:
        problem = "这个渠道发给一个群，不能用来通知居民。"
        return BadInput(name="channel", field="渠道（channel）", problem=problem)
    if kind is ChannelKind.MAIL and not is_mail_address(address):
        return _bad_address("要写一个邮箱地址，例如 name@example.org。")
    if kind is ChannelKind.SMS and not is_mobile(address or phone):
        return _bad_address("短信要写一个 11 位手机号。")
    if kind is ChannelKind.WECOM_APP and not address:
        return _bad_address("要写居民在企业微信里的账号（userid）。")
    if kind is not ChannelKind.MAIL and not (address or phone):
        return _bad_address("选了渠道，就要写地址或电话。")
    return None


def _bad_address(problem: str) -> BadInput:
    return BadInput(name="address", field="渠道地址（address）", problem=problem)


def note_wishes(resident: Resident, request: Place) -> None:
    """How they want to be told from now on; what nobody said anew stays as it was."""
    said = KEPT & request.model_fields_set
    if "channel" in said and "address" not in said:
        resident.address = address_left(resident, request.channel)
    for name in said:
        setattr(resident, name, getattr(request, name))


def address_left(resident: Resident, channel: str | None) -> str:
    """The resident's address, where it may be one on this channel too; else "": their phone may do."""
    kind, before = _kind_of(channel), _kind_of(resident.channel)
    if kind in (None, ChannelKind.BY_HAND):  # kept for a change back
        return resident.address
    if kind is ChannelKind.MAIL:
        fits = is_mail_address(resident.address)
    elif kind is ChannelKind.SMS:
        fits = is_mobile(resident.address)
    else:
        fits = kind is before or not is_mail_address(resident.address)
    return resident.address if fits else ""


def _kind_of(channel: str | None) -> ChannelKind | None:
    known = house().catalog.channels.get(channel or "")
    return known.kind if known else None


def _already_placed(session: Session, request: Place) -> str | None:
    if request.external_id is None:
        return None
    ids = (request.external_id, sealed_id(request.external_id))
    return session.exec(
        select(Order.number).where(Order.source == request.source, col(Order.external_id).in_(ids))
    ).first()


def series_of(kind: Kind, moment: datetime) -> str:
    """A-2026 and so on: what the numbers of a kind and local year begin with."""
    return f"{PREFIXES[kind]}-{local_day(moment, house().timezone).year}"


def number_in(series: str, count: int) -> str:
    """A-2026-0001 and so on."""
    return f"{series}-{count:04d}"


def take_numbers(session: Session, series: str, count: int = 1) -> int:
    """Takes the next `count` numbers of a series, and gives the first of them.

    Without gaps, since a rolled back transaction gives its numbers back.
    """
    more = (
        update(Counter)
        .where(col(Counter.series) == series)
        .values(last=col(Counter.last) + count)
        .returning(col(Counter.last))
    )
    last = session.execute(more).scalar()
    if last is None:  # the first of its year, unless somebody else was the first just now
        session.execute(
            upsert(session, Counter).values(series=series, last=0).on_conflict_do_nothing()
        )
        last = session.execute(more).scalar_one()
    return int(last) - count + 1


def _resident(session: Session, request: Place) -> Resident | None:
    """The order's resident, with the newest wishes on how to be told; None for nobody."""
    if not (request.resident or request.phone or request.address):
        return None
    row = _known_resident(session, request)
    row = row or Resident(name=request.resident, phone=request.phone)
    note_wishes(row, request)
    session.add(row)
    session.flush()
    return row


def _known_resident(session: Session, request: Place) -> Resident | None:
    """By name and phone; without a phone by name and address. A name alone is many people's.

    Locked, so that nobody forgets them while they place an order.
    """
    if not (request.phone or request.address):
        return None
    wanted = select(Resident).where(
        Resident.name == request.resident, Resident.phone == request.phone
    )
    if not request.phone:
        wanted = wanted.where(Resident.address == request.address)
    return session.exec(wanted.with_for_update()).first()
