"""The figures of the three rates as people read them, on a page and on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from tasks.house import house
from tasks.rate_books import Burst
from tasks.rates import RatedPart
from tasks.rules.deadline import local_time
from tasks.views import actor_names

FIGURES = (
    *("有效评价", "回应率", "解决率", "满意率", "综合"),
    *("逾期未评", "不计入", "重办率", "一线解决"),
)
BURSTS = ("承办", "网格", "从", "到", "几个", "谁交的")


def figures_of(one: RatedPart) -> list[str]:
    """A cell for each of FIGURES."""
    return list(_figures(one))


def _figures(one: RatedPart) -> Iterator[str]:
    rates = one.rates
    yield str(one.counted.valid)
    for share in (rates.response, rates.resolution, rates.satisfaction):
        yield _percent(share)
    yield "–" if rates.composite is None else f"{float(rates.composite):.1f}"
    yield str(one.counted.expired)
    yield str(one.counted.excluded)
    yield _percent(rates.reopening)
    yield _percent(rates.first_line)


def _percent(share: Fraction | None) -> str:
    return "–" if share is None else f"{float(share):.1%}"


def burst_rows(bursts: Sequence[Burst]) -> list[tuple[str, ...]]:
    """A row for each burst, a cell for each of BURSTS."""
    catalog, zone = house().catalog, house().timezone
    return [
        (
            name_in(catalog.handlers, one.handler),
            name_in(catalog.grids, one.grid),
            local_time(one.first, zone),
            local_time(one.last, zone),
            str(len(one.numbers)),
            "、".join(actor_names(one.actors).values()),
        )
        for one in bursts
    ]


def name_in(entries: Mapping[str, Any], id: str | None) -> str:
    """The name of an entry of the catalog, its id where it is gone, "–" for none."""
    known = entries.get(id or "")
    return str(known.name) if known else id or "–"
