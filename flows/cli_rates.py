"""The three rates on the command line."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated, Any

import typer

from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from flows.rate_words import BURSTS, FIGURES, burst_rows, figures_of
from tasks.errors import BadInput
from tasks.rate_books import bursts_between, exclude, publish
from tasks.rates import By, RatedPart, rates_between

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
    print_columns(("", *FIGURES), [(one.name, *figures_of(one)) for one in found])


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
    print_columns(BURSTS, burst_rows(found))


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
