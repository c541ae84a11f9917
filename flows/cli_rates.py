"""The three rates on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import typer

from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from tasks.errors import BadInput
from tasks.house import house
from tasks.rate_books import bursts_between, exclude, publish
from tasks.rates import By, RatedPart, rates_between
from tasks.rules.deadline import local_time
from tasks.views import actor_names

rate_commands = typer.Typer()

First = Annotated[str, typer.Option("--from", help="The first day, YYYY-MM-DD.")]
Last = Annotated[str, typer.Option("--to", help="The last day, YYYY-MM-DD.")]
Second = Annotated[str, typer.Option(help="Who agrees; another person.")]


@rate_commands.command()
def rates(
    context: typer.Context,
    first: First,
    last: Last,
    by: Annotated[By | None, typer.Option(help="What to split by.")] = None,
    bursts: Annotated[
        bool, typer.Option("--bursts", help="Instead: ratings that came in bursts.")
    ] = False,
    as_json: Json = False,
) -> None:
    """The three rates of all rounds that ended in a period."""
    open_house(context)
    if bursts:
        _show_bursts(first, last, as_json=as_json)
    else:
        _show_rates(first, last, by, as_json=as_json)


@rate_commands.command()
def publish_rates(
    context: typer.Context,
    first: First,
    last: Last,
    by: Annotated[str, typer.Option(help="Who publishes.")],
) -> None:
    """Freeze the figures of a period that is over, with the formula that made them."""
    open_house(context)
    publish(_day(first, "--from"), _day(last, "--to"), by)
    print(f"已公布 {first} 至 {last}，以后不再变。")


@rate_commands.command()
def exclude_rating(
    context: typer.Context,
    number: str,
    reason: Annotated[str, typer.Option()],
    by: Annotated[str, typer.Option(help="Who leaves it out: staff.")],
    second: Second,
    round: Annotated[int, typer.Option(help="The round of the order.")] = 1,
) -> None:
    """Leave one round of an order out of the rates."""
    open_house(context)
    exclude(number, round, reason, by, second)
    print(f"{number} 第 {round} 轮不计入三率。")


def _show_rates(first: str, last: str, by: By | None, *, as_json: bool) -> None:
    """The rates of a period of local days."""
    found = rates_between(_day(first, "--from"), _day(last, "--to"), by)
    if as_json:
        print_json([_plain(one) for one in found])
        return
    print_columns(
        (
            *("", "有效评价", "回应率", "解决率", "满意率", "综合"),
            *("逾期未评", "不计入", "重办率", "一线解决"),
        ),
        [tuple(_cells(one)) for one in found],
    )


def _show_bursts(first: str, last: str, *, as_json: bool) -> None:
    """Many good ratings of one handler in one grid, close together."""
    found = bursts_between(_day(first, "--from"), _day(last, "--to"))
    if as_json:
        print_json(
            [
                {
                    **vars(one),
                    "first": one.first.isoformat(),
                    "last": one.last.isoformat(),
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            _name(house().catalog.handlers, one.handler),
            _name(house().catalog.grids, one.grid),
            local_time(one.first, house().timezone),
            local_time(one.last, house().timezone),
            str(len(one.numbers)),
            "、".join(actor_names(one.actors).values()),
        )
        for one in found
    ]
    print_columns(("承办", "网格", "从", "到", "几个", "谁交的"), rows)


def _name(entries: Mapping[str, Any], id: str) -> str:
    return entries[id].name if id in entries else id or "–"


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
        "published": one.is_published,
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
    yield str(one.counted.excluded)
    yield _percent(rates.reopening)
    yield _percent(rates.first_line)


def _percent(share: Fraction | None) -> str:
    return "–" if share is None else f"{float(share):.1%}"
