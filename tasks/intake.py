"""Taking an order in: a number of its own, its resident, and the receipt."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from config.catalog import ChannelKind
from tasks.clock import utc_now
from tasks.db import transaction
from tasks.directory import actor
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.messages import write_messages
from tasks.models.enums import PREFIXES, Kind
from tasks.models.inputs import Place
from tasks.models.state import Actor
from tasks.models.tables import Counter, History, Order, Resident
from tasks.requests import is_mail_address, normal_phone
from tasks.rules.circumstances import Circumstances
from tasks.rules.deadline import local_day
from tasks.rules.law import placed
from tasks.rules.notices import Deed, notices_of

PRIVATE = frozenset({"words", "place", "resident", "phone", "address"})  # never in the history
PERSONAL = frozenset(
    {ChannelKind.BY_HAND, ChannelKind.MAIL, ChannelKind.WEBHOOK}
)  # have an address
KEPT = frozenset({"language", "consent", "channel", "address"})


def place_order(request: Place, who: str = "resident") -> str:
    """Stores an order and gives its number; the same source and external id twice is one order.

    Raises BadInput or UnknownId for a phone, grid, category or channel that is none; then nothing
    is stored and no number is used up.
    """
    request = _checked(request)
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
        state = placed(_next_number(session, request.kind), request, around)
        resident = _resident(session, request)
        order = Order(
            words=request.words,
            place=request.place,
            source=request.source,
            external_id=request.external_id,
            resident_id=resident.id if resident else None,
            **vars(state),
        )
        session.add(order)
        session.flush()
        session.add(_first_row(order, request, person))
        write_messages(session, order, notices_of(Deed(state, state, request, person)), person)
        return order.number


def _checked(request: Place) -> Place:
    """The request with its phone in normal form and ids that the catalog has."""
    catalog = house().catalog
    updates: dict[str, object] = {"phone": normal_phone(request.phone)}
    for what, field, known in (
        ("网格", "grid", catalog.grids),
        ("类别", "category", catalog.categories),
        ("渠道", "channel", catalog.channels),
    ):
        typed = getattr(request, field)
        if typed is None or typed in known:
            continue
        named = [id for id, entry in known.items() if entry.name == typed]
        if not named:
            raise UnknownId(what=what, id=typed, hint="，可用的有：" + "、".join(known))
        updates[field] = named[0]
    checked = request.model_copy(update=updates)
    _check_address(checked)
    return checked


def _check_address(request: Place) -> None:
    if request.channel is None:
        return
    field = "渠道地址（address）"
    kind = house().catalog.channels[request.channel].kind
    if kind not in PERSONAL:
        raise BadInput(field="渠道（channel）", problem="这个渠道发给一个群，不能用来通知居民。")
    if kind is ChannelKind.MAIL:
        if not is_mail_address(request.address):
            raise BadInput(field=field, problem="要写一个邮箱地址，例如 name@example.org。")
    elif not (request.address or request.phone):
        raise BadInput(field=field, problem="选了渠道，就要写地址或电话。")


def _already_placed(session: Session, request: Place) -> str | None:
    if request.external_id is None:
        return None
    return session.exec(
        select(Order.number).where(
            Order.source == request.source, Order.external_id == request.external_id
        )
    ).first()


def _next_number(session: Session, kind: Kind) -> str:
    """A-2026-0001 and so on: without gaps, since a rolled back transaction gives its number back."""
    year = local_day(utc_now(), house().timezone).year
    series = f"{PREFIXES[kind]}-{year}"
    one_more = (
        update(Counter)
        .where(col(Counter.series) == series)
        .values(last=col(Counter.last) + 1)
        .returning(col(Counter.last))
    )
    last = session.execute(one_more).scalar()
    if last is None:  # the first of its year
        session.add(Counter(series=series, last=1))
        session.flush()
    return f"{series}-{last or 1:04d}"


def _resident(session: Session, request: Place) -> Resident | None:
    """The order's resident, with the newest wishes on how to be told; None for nobody."""
    if not (request.resident or request.phone or request.address):
        return None
    row = _known_resident(session, request)
    row = row or Resident(name=request.resident, phone=request.phone)
    for name in KEPT & request.model_fields_set:  # what nobody said anew stays as it was
        setattr(row, name, getattr(request, name))
    session.add(row)
    session.flush()
    return row


def _known_resident(session: Session, request: Place) -> Resident | None:
    """By name and phone; without a phone by name and address. A name alone is many people's."""
    if not (request.phone or request.address):
        return None
    wanted = select(Resident).where(
        Resident.name == request.resident, Resident.phone == request.phone
    )
    if not request.phone:
        wanted = wanted.where(Resident.address == request.address)
    return session.exec(wanted).first()


def _first_row(order: Order, request: Place, person: Actor) -> History:
    assert order.id is not None
    return History(
        order_id=order.id,
        version=order.version,
        round=order.round,
        at=order.placed_at,
        action=request.action,
        from_status=None,
        to_status=order.status,
        actor=person.id,
        inputs=request.model_dump(mode="json", exclude_defaults=True, exclude=set(PRIVATE)),
    )
