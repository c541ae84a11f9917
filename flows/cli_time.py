"""The commands about time: deadlines, absences and the night."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli_clock import show_clocks, show_due, show_elapsed
from flows.cli_opening import Json, open_house

time_commands = typer.Typer()


@time_commands.command()
def clocks(context: typer.Context, number: str, as_json: Json = False) -> None:
    """The deadlines of one order, in every round."""
    open_house(context)
    show_clocks(number, as_json=as_json)


@time_commands.command()
def away(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Who is away: staff or member.")],
    substitute: Annotated[str, typer.Option("--substitute", help="Who is told instead.")],
    from_: Annotated[str, typer.Option("--from", help="The first day.")],
    to: Annotated[str, typer.Option(help="The last day.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
) -> None:
    """Note that somebody is away, and who stands in."""
    from tasks.absences import set_absence

    open_house(context)
    print(set_absence(person, substitute, from_, to, by))


@time_commands.command()
def nightly(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Go through a night now: everything that went wrong in the day is put right."""
    from flows.cli_night import go_through_night

    open_house(context)
    go_through_night(dry_run=dry_run, as_json=as_json)


@time_commands.command()
def due(
    from_: Annotated[str, typer.Option("--from", help="An ISO time; local without a zone.")],
    allow: Annotated[str, typer.Option(help="90m, 4h, 3wd or 2d.")],
    calendar: Annotated[
        Path | None, typer.Option(help="A calendar file; the community's own without one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """When something has to be done: an allowance from a moment on."""
    show_due(calendar, from_, allow, as_json=as_json)


@time_commands.command()
def elapsed(
    from_: Annotated[str, typer.Option("--from", help="An ISO time; local without a zone.")],
    to: Annotated[str, typer.Option()],
    pause: Annotated[
        list[str] | None,
        typer.Option(help="START/END, as often as needed; without END it goes on."),
    ] = None,
    calendar: Annotated[
        Path | None, typer.Option(help="A calendar file; the community's own without one.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How many working minutes lie between two moments."""
    show_elapsed(calendar, from_, to, pause or [], as_json=as_json)
