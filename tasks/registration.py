"""双报到: members register with the community, are verified, join and leave units and teams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import Session, col, or_, select

from tasks.advance import find_order
from tasks.claims import end_help_of
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.directory import actor, find_member, grid_id, handler_id, teams_of
from tasks.errors import BadInput, UnknownId
from tasks.house import house
from tasks.intake import take_numbers
from tasks.models.enums import Role, Status
from tasks.models.inputs import ActionInput, Hold, NewMember, Release, Resume
from tasks.models.tables import Member, Membership, Order
from tasks.orders import act_within
from tasks.requests import dialled, normal_phone
from tasks.rules.deadline import local_day
from tasks.wakes import show_anew

SERIES = "r"  # of the ids of who registered; those of the configuration are its own


def register(new: NewMember, who: str, *, verified: bool = False) -> str:
    """Registers somebody, to be verified by a coordinator (or at once, where one has seen them), and
    gives their id. Raises UnknownId, and BadInput for a phone or name that is registered already."""
    phone, home = normal_phone(new.phone), handler_id(new.to)
    with transaction(house().database) as session:
        person, now = actor(session, who), utc_now()
        if verified:
            check_staff(person.role)
        number = take_numbers(session, SERIES)  # and whoever registers at the same time waits here
        member = _who_comes_back(session, phone)
        if member is None:
            _check_new(session, new.name, phone, home)
            member = Member(id=f"{SERIES}-{number:04d}", name=new.name, handler=home)
        member.phone, member.handler, member.times = phone, home, new.times
        member.skills = list(new.skills)
        member.grids = [grid_id(grid) for grid in new.grids]
        member.registered_at, member.left_at, member.verified = now, None, verified
        member.verified_by = person.id if verified else None
        member.verified_at = now if verified else None
        session.add(member)
        session.flush()
        if home not in teams_of(session, member.id):
            session.add(Membership(member=member.id, handler=home, since=now))
        return member.id


def _who_comes_back(session: Session, phone: str) -> Member | None:
    """Somebody with this phone who had left: they are themselves again, with all that they did."""
    left = session.exec(select(Member).where(col(Member.left_at).is_not(None)))
    return next((one for one in left if one.phone and dialled(one.phone) == phone), None)


def check_staff(role: Role) -> None:
    """Raises BadInput for anybody else: who is verified has been seen by the community's own staff."""
    if role is not Role.STAFF:
        raise BadInput(field="操作人", problem="核实要由社区干部来做。")


def _check_new(session: Session, name: str, phone: str, home: str) -> None:
    for other in session.exec(select(Member).where(or_(Member.name == name, Member.phone != ""))):
        if other.phone and dialled(other.phone) == phone:
            raise BadInput(field="电话", problem=f"“{other.name}”已经用这个电话报到过。")
        if other.name == name and home in teams_of(session, other.id):
            raise BadInput(field="姓名", problem=f"这个单位或队伍里已经有“{name}”，请加以区别。")


def verify(ids: Iterable[str], who: str) -> int:
    """Marks members as verified by a coordinator, and gives how many were not yet. Raises UnknownId."""
    with transaction(house().database) as session:
        person, count = actor(session, who), 0
        check_staff(person.role)
        for id in sorted(set(ids)):  # in one order, so that nobody waits in a ring
            member = _find(session, id)
            session.refresh(member, with_for_update=True)
            if not (teams := teams_of(session, member.id)):
                problem = f"“{member.name}”已经退出，请先加入单位或队伍。"
                raise BadInput(field="党员", problem=problem)
            if not member.verified:
                member.verified, count = True, count + 1
                member.verified_by, member.verified_at = person.id, utc_now()
                member.left_at = None
                waits = col(Order.status).in_([Status.ASSIGNED, Status.TAKEN])
                show_anew(session, waits & col(Order.handler).in_(teams))
        return count


def join(id: str, handler: str, who: str) -> None:
    """Lets a member belong to one more unit or team. Raises UnknownId, and BadInput when they do."""
    with transaction(house().database) as session:
        check_staff(actor(session, who).role)
        member, to = _find(session, id), handler_id(handler)
        if to in teams_of(session, member.id):
            raise BadInput(field="单位或队伍", problem=f"“{member.name}”已经在里面了。")
        session.add(Membership(member=member.id, handler=to, since=utc_now()))
        member.left_at = None


def leave(id: str, handler: str | None, who: str) -> list[str]:
    """Ends a membership, or with no handler all of them, and gives the numbers of the orders that go
    back to whoever is to claim them anew. Raises UnknownId, and BadInput when they do not belong there.
    """
    while True:
        with transaction(house().database) as session:
            check_staff(actor(session, who).role)
            member = _locked(session, id)
            if member is not None:
                _end_memberships(session, member, handler)
                return _hand_back(session, member, who)


def _locked(session: Session, id: str) -> Member | None:
    """The member, locked after the orders that they have in hand, as everybody locks them; None when they
    have claimed one more meanwhile: then it has to be done anew."""
    member = _find(session, id)
    in_hand = _in_hand(session, member.id)
    for order in in_hand:
        find_order(session, order.number, lock=True)
    session.refresh(member, with_for_update=True)
    return member if _in_hand(session, member.id) == in_hand else None


def _in_hand(session: Session, member: str) -> Sequence[Order]:
    """What a member has in hand and is not done, by number."""
    statuses = [Status.CLAIMED, Status.ON_HOLD, Status.IN_MEETING]
    wanted = select(Order).where(Order.member == member, col(Order.status).in_(statuses))
    return session.exec(wanted.order_by(Order.number)).all()


def _end_memberships(session: Session, member: Member, handler: str | None) -> None:
    """Ends one, or all of them; who belongs nowhere any more is not verified any more."""
    live = select(Membership).where(Membership.member == member.id, col(Membership.until).is_(None))
    if handler is not None:
        live = live.where(Membership.handler == handler_id(handler))
    memberships = session.exec(live).all()
    if not memberships:
        raise BadInput(field="单位或队伍", problem=f"“{member.name}”不在里面。")
    for membership in memberships:
        membership.until = utc_now()
    session.flush()
    if not teams_of(session, member.id):
        member.verified, member.left_at = False, utc_now()
        end_help_of(session, member.id, utc_now())


def _hand_back(session: Session, member: Member, who: str) -> list[str]:
    """The orders in hand that were claimed for somebody whom the member no longer belongs to; open wishes
    stay as long as they belong anywhere."""
    rest, given_back = teams_of(session, member.id), []
    for order in _in_hand(session, member.id):
        if order.handler in rest or (order.handler is None and rest):
            continue
        if order.status is Status.IN_MEETING:
            problem = f"手里的 {order.number} 在会议上，请先等会议决定。"
            raise BadInput(field="谁退出", problem=problem)
        act_within(session, order.number, list(_steps(order)), who)
        given_back.append(order.number)
    return given_back


def _steps(order: Order) -> Iterable[ActionInput]:
    release = Release(reason="离开了单位或队伍")
    if order.status is Status.CLAIMED:
        return [release]
    steps: list[ActionInput] = [Resume(), release]
    if order.hold_until and order.hold_until > local_day(utc_now(), house().timezone):
        steps.append(Hold(reason="还在等", date=order.hold_until))
    return steps


def _find(session: Session, id: str) -> Member:
    found = find_member(session, id)
    row = session.get(Member, found.id) if found else None
    if row is None:
        raise UnknownId(what="党员", id=id[:40], hint="")
    return row


def registered() -> list[dict[str, Any]]:
    """Everybody who registered with the community or waits to be verified, without a phone, by id."""
    with reading(house().database) as session:
        rows = session.exec(
            select(Member)
            .where(or_(col(Member.registered_at).is_not(None), col(Member.verified).is_(False)))
            .order_by(Member.id)
        ).all()
        return [
            {
                "id": row.id,
                "name": row.name,
                "from": row.handler,
                "teams": sorted(teams_of(session, row.id)),
                "skills": row.skills,
                "grids": row.grids,
                "times": row.times,
                "verified": row.verified,
                "left": row.left_at is not None,
            }
            for row in rows
        ]
