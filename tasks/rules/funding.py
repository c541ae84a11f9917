"""The money of a big wish: what was promised, what came in, what went out, and what may be done next.

Whole fen throughout. Goods and labour count at the value that was stated for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.models.enums import Action, Entry, PledgeKind
from tasks.models.inputs import ActionInput, MoveMoney, Pledge, Receive, Spend

ENDING = frozenset({Action.DECLINE, Action.MERGE, Action.REFUSE, Action.WITHDRAW})


@dataclass(frozen=True, kw_only=True)
class Booked:
    """One line of the books, never changed. `pledge` counts a wish's pledges from 1."""

    entry: Entry
    fen: int
    pledge: int | None = None
    voucher: str | None = None
    other: str | None = None  # the wish on the other side, where money moves

    def __post_init__(self) -> None:
        assert self.fen > 0, self


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One pledge as it stands."""

    number: int
    donor: str
    kind: PledgeKind
    anonymous: bool
    pledged: int  # without what was released
    received: int

    @property
    def outstanding(self) -> int:
        """What is still to come."""
        return self.pledged - self.received


@dataclass(frozen=True, kw_only=True)
class Funds:
    """The books of one wish, summed up."""

    promises: tuple[Promise, ...] = ()
    pledged: int = 0
    received: int = 0
    moved_in: int = 0
    moved_out: int = 0
    spent: int = 0
    vouchers: frozenset[str] = frozenset()

    @property
    def raised(self) -> int:
        """What there is towards the target."""
        return self.received + self.moved_in - self.moved_out

    @property
    def left(self) -> int:
        """What has neither been spent nor moved."""
        return self.raised - self.spent

    def promise(self, number: int | None) -> Promise | None:
        """The pledge of a number, the last one for None; None when there is no such pledge."""
        if number is None:
            return self.promises[-1] if self.promises else None
        return self.promises[number - 1] if 0 < number <= len(self.promises) else None


NO_MONEY = Funds()


@dataclass(frozen=True)
class Donor:
    """Who promised, as it was typed."""

    name: str
    kind: PledgeKind
    anonymous: bool


def sum_up(donors: Iterable[Donor], entries: Iterable[Booked]) -> Funds:
    """The books of a wish from its donors, in the order of their pledges, and its entries."""
    booked = list(entries)

    def total(*kinds: Entry, pledge: int | None = None) -> int:
        return sum(one.fen for one in booked if one.entry in kinds and pledge in (None, one.pledge))

    return Funds(
        promises=tuple(
            Promise(
                number=number,
                donor=donor.name,
                kind=donor.kind,
                anonymous=donor.anonymous,
                pledged=total(Entry.PLEDGED, pledge=number) - total(Entry.RELEASED, pledge=number),
                received=total(Entry.RECEIVED, pledge=number),
            )
            for number, donor in enumerate(donors, start=1)
        ),
        pledged=total(Entry.PLEDGED) - total(Entry.RELEASED),
        received=total(Entry.RECEIVED),
        moved_in=total(Entry.MOVED_IN),
        moved_out=total(Entry.MOVED_OUT),
        spent=total(Entry.SPENT),
        vouchers=frozenset(one.voucher for one in booked if one.voucher),
    )


def entries_of(request: ActionInput, funds: Funds) -> Iterator[Booked]:
    """What an action that the law allows writes into the books of its own wish."""
    if isinstance(request, Pledge):
        number = len(funds.promises) + 1
        yield Booked(entry=Entry.PLEDGED, fen=request.yuan, pledge=number)
    elif isinstance(request, Receive):
        promise = funds.promise(request.pledge)
        assert promise is not None
        yield Booked(entry=Entry.RECEIVED, fen=request.yuan, pledge=promise.number)
    elif isinstance(request, Spend):
        yield Booked(entry=Entry.SPENT, fen=request.yuan, voucher=request.voucher)
    elif isinstance(request, MoveMoney):
        yield Booked(entry=Entry.MOVED_OUT, fen=request.yuan, other=request.to)
    elif request.action in ENDING:
        for promise in funds.promises:
            if promise.outstanding:
                yield Booked(entry=Entry.RELEASED, fen=promise.outstanding, pledge=promise.number)


def outstanding_lines(funds: Funds) -> list[str]:
    """The pledges of which something is still to come, as people pick them."""
    return [
        f"第 {one.number} 笔 · {one.donor} · {one.kind.label} · 还差 {in_yuan(one.outstanding)} 元"
        for one in funds.promises
        if one.outstanding
    ]


def said_with(action: Action, inputs: Mapping[str, Any], reason: str) -> str:
    """What a row of history says: what was done with how much money, if any, and the reason."""
    return "，".join(part for part in (_money_words(action, inputs), reason) if part)


def _money_words(action: Action, inputs: Mapping[str, Any]) -> str:
    if "yuan" not in inputs:
        return ""
    parts: tuple[object, ...] = (
        inputs.get("donor"),
        PledgeKind(inputs["kind"]).label if action is Action.PLEDGE else "",
        f"第 {inputs['pledge']} 笔" if inputs.get("pledge") else "",
        f"凭证 {inputs['voucher']}" if inputs.get("voucher") else "",
        f"转给 {inputs['to']}" if action is Action.MOVE_MONEY else "",
        f"{in_yuan(inputs['yuan'])} 元",
    )
    return " ".join(str(part) for part in parts if part)


def in_yuan(fen: int) -> str:
    """Fen as people write yuan: 1234.50."""
    return f"{fen // 100}.{fen % 100:02d}"
