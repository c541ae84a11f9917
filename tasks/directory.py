"""Who is who: from an id or a name that somebody typed or picked to the person or body meant."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from tasks.db import reading
from tasks.errors import UnknownId
from tasks.house import house
from tasks.models.enums import Role
from tasks.models.inputs import ActionInput
from tasks.models.state import Actor, MemberView
from tasks.models.tables import Member, Membership, Order

SYSTEM = Actor("system", Role.SYSTEM, "系统")
RESIDENT = Actor("resident", Role.RESIDENT, "居民")


def _unknown(what: str, id: str, known: Iterable[str]) -> UnknownId:
    close = process.extractOne(id, list(known), score_cutoff=60)
    return UnknownId(what=what, id=id[:40], hint=f"，是否想写“{close[0]}”" if close else "")


def actor(session: Session, who: str) -> Actor:
    """Who acts: `resident`, `system`, or the id or name of a staff person, handler or member.

    Raises UnknownId.
    """
    catalog = house().catalog
    if who in (SYSTEM.id, RESIDENT.id):
        return SYSTEM if who == SYSTEM.id else RESIDENT
    for staff in catalog.staff.values():
        if who in (staff.id, staff.name):
            return Actor(staff.id, Role.STAFF, staff.name, catalog.community.desk, staff.member)
    for handler in catalog.handlers.values():
        if who in (handler.id, handler.name):
            return Actor(handler.id, Role.HANDLER, handler.name, handler.id)
    member = find_member(session, who)
    if member is not None:
        teams = member.teams or frozenset()
        home = member.handler if member.handler in teams else None
        return Actor(member.id, Role.MEMBER, member.name, home, member.id, teams)
    raise _unknown("操作人", who, ["resident", "system", *catalog.staff, *catalog.handlers])


def find_member(session: Session, who: str, handler: str | None = None) -> MemberView | None:
    """A registered member by id, or by a name that is unique (within the handler, when one is given)."""
    if not who.isprintable():  # no name; PostgreSQL would not even look for it
        return None
    row = session.get(Member, who)
    if row is None:
        named = select(Member).where(Member.name == who)
        if handler:
            named = named.where(col(Member.id).in_(_belonging_to(handler)))
        rows = session.exec(named.limit(2)).all()
        row = rows[0] if len(rows) == 1 else None
    return _view(session, row) if row else None


def _belonging_to(handler: str) -> SelectOfScalar[str]:
    """The ids of a handler's members."""
    return select(Membership.member).where(
        Membership.handler == handler, col(Membership.until).is_(None)
    )


def teams_of(session: Session, member: str) -> frozenset[str]:
    """The units and teams that a member belongs to now."""
    live = select(Membership.handler).where(
        Membership.member == member, col(Membership.until).is_(None)
    )
    return frozenset(session.exec(live))


def _view(session: Session, row: Member) -> MemberView:
    return MemberView(
        row.id, row.name, row.handler, row.phone, row.verified, teams_of(session, row.id)
    )


def members_of(session: Session, handler: str) -> list[MemberView]:
    """The verified members of a handler, in the order of their ids."""
    rows = session.exec(
        select(Member)
        .where(col(Member.id).in_(_belonging_to(handler)), Member.verified)
        .order_by(Member.id)
    )
    return [_view(session, row) for row in rows]


def member_lines() -> dict[str, str]:
    """Every verified member as a line of a pick list (the name, and where they come from), with the id."""
    handlers = house().catalog.handlers
    with reading(house().database) as session:
        rows = session.exec(select(Member).where(Member.verified).order_by(Member.id)).all()
    lines: dict[str, str] = {}
    for row in rows:
        home = handlers[row.handler].name if row.handler in handlers else row.handler
        line = f"{row.name}（{home}）"
        lines[line if line not in lines else f"{line} {row.id}"] = row.id
    return lines


def member_names() -> dict[str, str]:
    """The names of all members, by id."""
    with reading(house().database) as session:
        rows = session.execute(select(Member.id, Member.name))
        return dict(rows.tuples().all())


def with_ids(session: Session, order: Order, request: ActionInput) -> ActionInput:
    """The request with ids where it has names (of a handler, a member, a category, a grid).

    Raises UnknownId for a handler or member that is neither.
    """
    found: dict[str, object] = {}
    for name, field in type(request).model_fields.items():
        extra, typed = field.json_schema_extra, getattr(request, name)
        kind = str(extra.get("type")) if isinstance(extra, dict) else ""
        if kind == "members":
            found[name] = tuple(dict.fromkeys(_member_id(session, order, one) for one in typed))
        elif typed is not None and kind:
            found[name] = _id_of(session, order, kind, typed)
    return request.model_copy(update=found)


def _id_of(session: Session, order: Order, kind: str, typed: str) -> str:
    catalog = house().catalog
    if kind == "order":
        return typed.upper()
    if kind == "member":
        return _member_id(session, order, typed)
    entries = {
        "handler": ("承办方", catalog.handlers),
        "category": ("类别", catalog.categories),
        "grid": ("网格", catalog.grids),
    }
    if kind not in entries:
        return typed
    what, known = entries[kind]
    return _by_id_or_name(what, typed, known)


def _member_id(session: Session, order: Order, typed: str) -> str:
    """Of two with one name it is whoever belongs to the order's handler."""
    member = find_member(session, typed, order.handler) or find_member(session, typed)
    if member is None:
        raise _unknown("党员", typed, house().catalog.members)
    return member.id


def grid_id(typed: str) -> str:
    """The id of a grid by its id or name. Raises UnknownId."""
    return _by_id_or_name("网格", typed, house().catalog.grids)


def group_id(typed: str) -> str:
    """The id of a chat group by its id or name. Raises UnknownId."""
    return _by_id_or_name("群", typed, house().catalog.chat_groups)


def category_id(typed: str) -> str:
    """The id of a category by its id or name. Raises UnknownId."""
    return _by_id_or_name("类别", typed, house().catalog.categories)


def channel_id(typed: str) -> str:
    """The id of a channel by its id or name. Raises UnknownId with all there are."""
    known = house().catalog.channels
    found = [channel.id for channel in known.values() if typed in (channel.id, channel.name)]
    if not found:
        names = "、".join(f"{channel.name}（{channel.id}）" for channel in known.values())
        raise UnknownId(what="渠道", id=typed[:40], hint=f"，可用的有：{names}")
    return found[0]


def handler_id(typed: str) -> str:
    """The id of a handler by its id or name. Raises UnknownId."""
    return _by_id_or_name("承办方", typed, house().catalog.handlers)


def _by_id_or_name(what: str, typed: str, entries: object) -> str:
    known: dict[str, object] = dict(entries)  # type: ignore[call-overload]
    if typed in known:
        return typed
    for id, entry in known.items():
        if getattr(entry, "name", None) == typed:
            return id
    raise _unknown(what, typed, known)
