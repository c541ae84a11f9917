"""Whatever members, donors and residents do to wishes: books, claims, points and rates stay right.

The figures that are compared are counted here once more, in plain Python, from the rows of history.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import SQLModel, col, select

from tasks.clock import clock_at, utc_now
from tasks.dates import expire_ratings
from tasks.db import reading, transaction
from tasks.errors import DiandanError
from tasks.funding import books_of
from tasks.house import House, house
from tasks.ledger import recompute
from tasks.models.enums import OPEN, Action, Entry, Kind
from tasks.models.tables import History, Order
from tasks.models.wish_tables import ClaimRow, HelperRow, MoneyEntry
from tasks.rates import By, rates_between
from tasks.rules.deadline import local_day

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
MEMBERS = st.sampled_from(["m-241", "m-242", "m-244", "m-245"])
KEPT = {"installation", "members", "memberships", "alembic_version"}
TO_CONTACT = timedelta(days=7)  # a wish's claimant has so long
WHICH = st.integers(0, 2)  # of the wishes of a run
PLAN = {"to": "unit-housing", "date": "2027-12-01", "yuan": "500", "reason": "修活动室"}
YUAN = st.sampled_from(["0.01", "33.33", "250", "500", "-1"])


class Wishes(RuleBasedStateMachine):
    """Three wishes, some people, and a clock that goes on."""

    place: Callable[..., str]
    do: Callable[..., None]

    @initialize()
    def begin(self) -> None:
        """Every run of the machine begins with an empty community."""
        with transaction(house().database) as session:
            for table in reversed(SQLModel.metadata.sorted_tables):
                if table.name not in KEPT:
                    session.execute(table.delete())
        self.now = MONDAY
        with clock_at(self.now):
            self.numbers = [self._small(), self._big(), self._big()]

    def _small(self) -> str:
        number = self.place(kind="small_wish", category="wishes", words="想要一个书包")
        self.do(number, "accept")
        return number

    def _big(self) -> str:
        number = self.place(kind="big_wish", words="想有个活动室")
        self.do(number, "accept")
        self.do(number, "refer", reason="要筹款")
        self.do(number, "open_funding", **PLAN)
        return number

    def act(self, which: int, action: str, by: str = "staff-1", **typed: Any) -> None:
        """Tries something; what is refused is said in words."""
        with clock_at(self.now):
            try:
                self.do(self.numbers[which], action, by=by, **typed)
            except DiandanError as refusal:
                assert str(refusal)

    @rule(hours=st.sampled_from([1, 20, 24 * 5, 24 * 15]))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        with clock_at(self.now):
            expire_ratings()

    @rule(which=WHICH, member=MEMBERS, helpers=st.lists(MEMBERS, max_size=2))
    def claim(self, which: int, member: str, helpers: list[str]) -> None:
        self.act(which, "claim", to=member, helpers=helpers)

    @rule(which=WHICH)
    def release(self, which: int) -> None:
        self.act(which, "release", reason="家里有事")

    @rule(
        which=WHICH,
        member=MEMBERS,
        helper=MEMBERS,
        hours=st.sampled_from([1, 24 * 8]),
        grade=st.sampled_from(["", "satisfied", "basically", "unsatisfied"]),
    )
    def go_all_the_way(self, which: int, member: str, helper: str, hours: int, grade: str) -> None:
        """To the end of the work and its rating, sooner than by chance."""
        self.act(which, "open_funding", **PLAN)
        self.give(which, "500")
        self.act(which, "take")
        self.act(which, "claim", to=member, helpers=[helper])
        self.act(which, "claim", to=member)
        self.now += timedelta(hours=hours)
        self.act(which, "finish", reason="办好了")
        if grade:
            self.rate(which, grade, solved=grade != "unsatisfied")

    @rule(which=WHICH)
    def contact(self, which: int) -> None:
        self.act(which, "contact", reason="打了电话")

    @rule(which=WHICH)
    def finish(self, which: int) -> None:
        self.act(which, "finish", reason="办好了")

    @rule(
        which=WHICH,
        grade=st.sampled_from(["satisfied", "basically", "unsatisfied"]),
        solved=st.booleans(),
    )
    def rate(self, which: int, grade: str, solved: bool) -> None:
        self.act(which, "rate", by="resident", grade=grade, solved=solved, reason="居民的话")

    @rule(which=WHICH)
    def reopen(self, which: int) -> None:
        self.act(which, "reopen", reason="又坏了")

    @rule(which=WHICH, yuan=YUAN)
    def give(self, which: int, yuan: str) -> None:
        self.act(which, "pledge", donor="县医院", kind="money", yuan=yuan)
        self.act(which, "receive", yuan=yuan)

    @rule(which=WHICH, yuan=YUAN, number=st.integers(1, 9))
    def spend(self, which: int, yuan: str, number: int) -> None:
        self.act(which, "take")
        self.act(which, "spend", voucher=f"收据 {number}", yuan=yuan)

    @rule(which=WHICH, other=WHICH, yuan=YUAN)
    def move_money(self, which: int, other: int, yuan: str) -> None:
        self.act(which, "move_money", to=self.numbers[other], yuan=yuan, reason="会议决定")

    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        self.act(which, "withdraw", by="resident")

    @invariant()
    def the_books_balance(self) -> None:
        with reading(house().database) as session:
            orders = session.exec(select(Order).where(Order.kind == Kind.BIG_WISH)).all()
            books = [books_of(session, order) for order in orders]
            lines = session.exec(select(MoneyEntry)).all()
        came = sum(line.fen for line in lines if line.entry is Entry.RECEIVED)
        went = sum(line.fen for line in lines if line.entry is Entry.SPENT)
        assert came == went + sum(one.left for one in books)
        assert all(one.left >= 0 for one in books)
        assert all(each.received <= each.pledged for one in books for each in one.promises)

    @invariant()
    def who_has_it_in_hand_has_the_one_live_claim(self) -> None:
        with reading(house().database) as session:
            live = session.exec(select(ClaimRow).where(col(ClaimRow.ended_at).is_(None))).all()
            helping = session.exec(select(HelperRow).where(col(HelperRow.until).is_(None))).all()
            orders = session.exec(select(Order)).all()
        in_hand = {order.id: order.member for order in orders if order.status in OPEN}
        assert {claim.order_id: claim.member for claim in live} == {
            id: member for id, member in in_hand.items() if member is not None
        }
        assert len(live) == len({claim.order_id for claim in live})
        claims = {claim.id: claim.member for claim in live}
        assert all(one.claim_id in claims for one in helping)
        assert all(claims[one.claim_id] != one.member for one in helping)

    def teardown(self) -> None:
        """At the end the ledger is that of the history, and the rates are those counted by hand."""
        if not hasattr(self, "numbers"):
            return
        with clock_at(self.now):
            again = recompute()
            assert (again.added, again.different, again.unexpected) == ([], [], [])
            today = local_day(utc_now(), house().timezone)
            first = local_day(MONDAY, house().timezone)
            (whole,) = rates_between(first, today)
            by_member = {
                one.id: one.counted.valid for one in rates_between(first, today, By.MEMBER)
            }
        ended = list(rounds_that_ended())
        counted = asdict(whole.counted)
        assert {name: counted[name] for name in counted if name != "unraised"} == tally(ended)
        rated = Counter(one["member"] for one in ended if one["grade"])
        assert {id: valid for id, valid in by_member.items() if valid} == dict(rated)


def rounds_that_ended() -> Iterator[dict[str, Any]]:
    """Each round that was rated or expired, told by the history alone."""
    with reading(house().database) as session:
        for order in session.exec(select(Order)):
            rows = session.exec(
                select(History).where(History.order_id == order.id).order_by(col(History.version))
            ).all()
            for row in rows:
                if row.action in (Action.RATE, Action.EXPIRE):
                    mine = [one for one in rows if one.round == row.round]
                    yield {
                        "grade": row.inputs.get("grade"),
                        "solved": row.inputs.get("solved"),
                        "contacted": not any(late_contacts(mine)),
                        "member": [one for one in mine if one.action is Action.CLAIM][-1].inputs[
                            "to"
                        ],
                        "reopened": any(
                            one.action is Action.REOPEN for one in rows if one.round > row.round
                        ),
                    }


def late_contacts(rows: list[History]) -> Iterator[bool]:
    """Of each claim of a round, whether the resident was spoken to too late."""
    spoken = (Action.CONTACT, Action.FINISH, Action.RELEASE)
    steps = [row for row in rows if row.action in (Action.CLAIM, *spoken)]
    for claim, after in pairwise(steps):
        if claim.action is Action.CLAIM:
            yield after.at - claim.at > TO_CONTACT


def tally(ended: list[dict[str, Any]]) -> dict[str, int]:
    """What the rates are made of."""
    rated = [one for one in ended if one["grade"]]
    return {
        "valid": len(rated),
        "contacted": sum(one["contacted"] for one in rated),
        "solved": sum(one["solved"] for one in rated),
        "satisfied": sum(one["grade"] == "satisfied" for one in rated),
        "basically": sum(one["grade"] == "basically" for one in rated),
        "expired": len(ended) - len(rated),
        "reopened": sum(one["reopened"] for one in ended),
        "excluded": 0,
    }


def test_whatever_people_do_to_wishes_books_claims_points_and_rates_stay_right(
    database: House, place: Callable[..., str], do: Callable[..., None]
) -> None:
    machine = type("Machine", (Wishes,), {"place": staticmethod(place), "do": staticmethod(do)})
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=25,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],  # to make a failure shorter takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
