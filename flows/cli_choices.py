"""What people choose about their messages, on the command line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from flows.choice_words import in_words
from flows.cli_opening import Json, open_house
from flows.cli_output import print_json
from tasks.choices import NewChoice, choice_of, find_person, set_choice, unmute
from tasks.directory import channel_id

choice_commands = typer.Typer(help="What people choose about their messages.")

Person = Annotated[
    str,
    typer.Argument(help="An id or a name; a resident by an order's number or a phone."),
]
By = Annotated[str, typer.Option(help="Who says so: staff, or themselves.")]


@choice_commands.command("show")
def show_choice(context: typer.Context, person: Person, as_json: Json = False) -> None:
    """Show what somebody chose, and what they can choose from."""
    open_house(context)
    _show(choice_of(*find_person(person)), as_json=as_json)


@choice_commands.command("set")
def change_choice(
    context: typer.Context,
    person: Person,
    by: By,
    channel: Annotated[str | None, typer.Option(help="An id or a name; '' for the usual.")] = None,
    language: Annotated[str | None, typer.Option(help="As zh-CN or en; '' for the usual.")] = None,
    decline: Annotated[
        list[str] | None, typer.Option(help="An event; more than once for more; '' for none.")
    ] = None,
    quiet: Annotated[str | None, typer.Option(help="As 22:00-07:00; '' for none.")] = None,
    digest_at: Annotated[
        str | None, typer.Option(help="One message a day at this hour, 0-23; '' for one by one.")
    ] = None,
    address: Annotated[str | None, typer.Option(help="A resident's, on their channel.")] = None,
    as_json: Json = False,
) -> None:
    """Change what somebody chose; what is not named stays."""
    open_house(context)
    whose = find_person(person)
    new = NewChoice(
        channel=channel,
        language=language,
        declined=[one for one in decline if one] if decline else None,
        quiet=quiet,
        digest_hour=digest_at,
        address=address,
    )
    set_choice(*whose, new, by)
    _show(choice_of(*whose), as_json=as_json)


@choice_commands.command("unmute")
def lift_muting(
    context: typer.Context,
    person: Person,
    by: By,
    channel: Annotated[str, typer.Option(help="Only on this channel.")] = "",
) -> None:
    """Try somebody's addresses again that were refused: they work now."""
    open_house(context)
    channels = [channel_id(channel)] if channel else []
    print(f"再发到 {unmute(*find_person(person), by, channels)} 个地址。")


def _show(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(dict(found))
        return
    print("\n".join(f"{title}：{value}" for title, value in _lines(found)))


def _lines(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "谁的", found["name"]
    yield from in_words(found).items()
