"""Builders for the law alone: an order, an actor and the circumstances, without any database; and a broker
that says what a test wants it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.catalog import Allowance, Catalog
from tasks.errors import DiandanError
from tasks.models.enums import Action, ClockKind, Kind, Role, Status, Urgency
from tasks.models.state import Actor, Clock, MemberView, OrderState
from tasks.requests import request_for
from tasks.rules.circumstances import Circumstances
from tasks.rules.law import decide

NOW = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)  # Monday 10:00 in Shanghai
PEOPLE = {
    "staff-1": Actor("staff-1", Role.STAFF, "洛桑罗布", "desk", "m-001"),
    "staff-2": Actor("staff-2", Role.STAFF, "格桑卓玛", "desk", "m-002"),
    "m-001": Actor("m-001", Role.MEMBER, "洛桑罗布", "desk", "m-001"),
    "m-241": Actor("m-241", Role.MEMBER, "边巴德吉", "unit-power", "m-241"),
    "m-242": Actor("m-242", Role.MEMBER, "李建平", "unit-power", "m-242"),
    "m-244": Actor("m-244", Role.MEMBER, "尼玛罗布", "unit-water", "m-244"),
    "unit-power": Actor("unit-power", Role.HANDLER, "供电所", "unit-power"),
    "unit-water": Actor("unit-water", Role.HANDLER, "自来水厂", "unit-water"),
    "resident": Actor("resident", Role.RESIDENT, "居民"),
    "system": Actor("system", Role.SYSTEM, "系统"),
}
ACCEPTED = OrderState(
    number="A-2026-0001",
    kind=Kind.APPEAL,
    status=Status.ACCEPTED,
    version=2,
    round=1,
    urgency=Urgency.NORMAL,
    placed_at=NOW - timedelta(hours=1),
    category="street-light",
    grid="grid-3",
    due_at=datetime(2026, 9, 17, 1, 30, tzinfo=UTC),  # Thursday 09:30: three working days
)
FINISH = Clock(
    kind=ClockKind.FINISH,
    version=2,
    round=1,
    started_at=NOW - timedelta(hours=1),
    limit=Allowance(3, "wd"),
    due_at=datetime(2026, 9, 17, 1, 30, tzinfo=UTC),
)
STANDS = {"on_hold", "in_meeting", "funding"}
AT_WORK = {"accepted", "assigned", "taken", "claimed"} | STANDS
WORKED_ON: dict[str, dict[str, Any]] = {
    "placed": {"category": None, "version": 1},
    "accepted": {},
    "assigned": {"handler": "unit-power"},
    "taken": {"handler": "unit-power"},
    "claimed": {"handler": "unit-power", "member": "m-241", "claimed_from": Status.TAKEN},
    "on_hold": {"before": Status.ACCEPTED},
    "in_meeting": {"before": Status.ACCEPTED},
    "funding": {"handler": "unit-housing"},
}
WORKED_ON["done"] = {
    **WORKED_ON["claimed"],
    "contacted_at": NOW,
    "done_at": NOW,
    "done_by": "m-241",
}
WORKED_ON["closed"] = {**WORKED_ON["done"], "closed_at": NOW}


def an_order(status: str = "accepted", **changes: Any) -> OrderState:
    """An appeal about a street lamp in grid 3, as it would stand in a status."""
    usual = WORKED_ON.get(status, {})
    state = replace(ACCEPTED, status=Status(status), **{**usual, **changes})
    if status not in AT_WORK or "clocks" in changes:
        return state
    assert state.due_at is not None
    finish = replace(FINISH, due_at=state.due_at, paused_at=NOW if status in STANDS else None)
    return replace(state, clocks=(finish,))


@pytest.fixture
def order() -> Callable[..., OrderState]:
    return an_order


@pytest.fixture
def after(example_catalog: Catalog) -> Callable[..., OrderState]:
    """The order after one action: after(order("taken"), "claim", by="m-241", to="m-241").

    Circumstances go by `around`; a claim's member is looked up among the example's, verified.
    """

    def judge(
        state: OrderState,
        action: str,
        *,
        by: str = "staff-1",
        around: dict[str, Any] | None = None,
        **values: Any,
    ) -> OrderState:
        request = request_for(Action(action), values)
        known: dict[str, Any] = {"now": NOW, "catalog": example_catalog, **(around or {})}
        if action == "claim" and "named_member" not in known:
            one = example_catalog.members[values["to"]]
            known["named_member"] = MemberView(one.id, one.name, one.handler, one.phone, True)
        return decide(state, request, Circumstances(actor=PEOPLE[by], **known))

    return judge


@pytest.fixture
def why_not(after: Callable[..., OrderState]) -> Callable[..., str]:
    """The sentence that somebody reads whose action is refused."""

    def refusal(*args: Any, **values: Any) -> str:
        with pytest.raises(DiandanError) as caught:
            after(*args, **values)
        return str(caught.value)

    return refusal


class Pretender:
    """Takes a connection as an MQTT broker would, and answers each packet with the next of these bytes, as
    long as there are some; None hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.packets: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}/community/orders"
        self._answers = list(answers)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _address = self._server.accept()
            with connection, connection.makefile("rb") as said:
                while packet := self._read(said):
                    self.packets.append(packet)
                    answer = self._answers.pop(0) if self._answers else b""
                    if answer is None:
                        return
                    connection.sendall(answer)

    def _read(self, said: Any) -> bytes:
        """One packet: a byte, its length in seven bits a byte, and so many bytes."""
        head, length, shift = said.read(1), 0, 0
        while head:
            (digit,) = said.read(1)
            length, shift = length | (digit & 0x7F) << shift, shift + 7
            if digit < 0x80:
                break
        return bytes(head + said.read(length))

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def pretender() -> Iterator[Callable[..., Pretender]]:
    """Makes a broker that gives these answers."""
    made: list[Pretender] = []

    def make(*answers: bytes | None) -> Pretender:
        made.append(Pretender(*answers))
        return made[-1]

    yield make
    for one in made:
        one.close()
