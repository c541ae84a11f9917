"""The three rates on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

from flows.cli_output import print_columns, print_json
from tasks.errors import BadInput
from tasks.rates import By, RatedPart, rates_between


def show_rates(first: str, last: str, by: By | None, *, as_json: bool) -> None:
    """The rates of a period of local days."""
    found = rates_between(_day(first, "--from"), _day(last, "--to"), by)
    if as_json:
        print_json([_plain(one) for one in found])
        return
    print_columns(
        ("", "有效评价", "回应率", "解决率", "满意率", "综合", "逾期未评", "重办率", "一线解决"),
        [tuple(_cells(one)) for one in found],
    )


def _day(typed: str, field: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise BadInput(field=field, problem="要写成年-月-日，例如 2026-09-14。") from None


def _plain(one: RatedPart) -> dict[str, Any]:
    rates = {name: _number(share, 4) for name, share in vars(one.rates).items()}
    rates["composite"] = _number(one.rates.composite, 2)
    return {
        "id": one.id,
        "name": one.name,
        **vars(one.counted),
        **rates,
        "formula": one.formula.id,
    }


def _number(share: Fraction | None, digits: int) -> float | None:
    return None if share is None else round(float(share), digits)


def _cells(one: RatedPart) -> Iterator[str]:
    rates = one.rates
    yield one.name
    yield str(one.counted.valid)
    for share in (rates.response, rates.resolution, rates.satisfaction):
        yield _percent(share)
    yield "–" if rates.composite is None else f"{float(rates.composite):.1f}"
    yield str(one.counted.expired)
    yield _percent(rates.reopening)
    yield _percent(rates.first_line)


def _percent(share: Fraction | None) -> str:
    return "–" if share is None else f"{float(share):.1%}"
