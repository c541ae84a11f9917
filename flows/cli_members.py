"""双报到 on the command line: who registers, is verified, joins and leaves."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli_news import after_change
from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from tasks.house import house
from tasks.registration import join, leave, register, registered, verify
from tasks.requests import member_for

member_commands = typer.Typer(help="Members register, are verified, join and leave.")

By = Annotated[str, typer.Option(help="Who says so: staff.")]
Who = Annotated[str, typer.Argument(help="A member, by id or name.")]


@member_commands.command("register")
def register_member(
    context: typer.Context,
    name: Annotated[str, typer.Option()],
    phone: Annotated[str, typer.Option()],
    to: Annotated[str, typer.Option("--from", help="The unit or team that they come from.")],
    by: By,
    skill: Annotated[list[str] | None, typer.Option(help="More than once for more.")] = None,
    grid: Annotated[list[str] | None, typer.Option(help="Where they can help.")] = None,
    times: Annotated[str, typer.Option(help="When they can help.")] = "",
    verified: Annotated[bool, typer.Option("--verified", help="Staff has seen them.")] = False,
) -> None:
    """Register somebody with the community."""
    open_house(context)
    typed = {"name": name, "phone": phone, "to": to, "times": times}
    new = member_for({**typed, "skills": skill or [], "grids": grid or []})
    print_json({"id": register(new, by, verified=verified), "verified": verified})


@member_commands.command("verify")
def verify_members(context: typer.Context, members: list[str], by: By) -> None:
    """Mark registered members as seen by a coordinator: from then on they may claim."""
    open_house(context)
    print(f"已核实 {verify(members, by)} 人。")


@member_commands.command("join")
def join_handler(
    context: typer.Context,
    member: Who,
    to: Annotated[str, typer.Option(help="A unit or team.")],
    by: By,
) -> None:
    """Let a member belong to one more unit or team."""
    open_house(context)
    join(member, to, by)
    print("已加入。")


@member_commands.command("leave")
def leave_handler(
    context: typer.Context,
    member: Who,
    by: By,
    to: Annotated[
        str | None, typer.Option("--from", help="A unit or team; all of them without.")
    ] = None,
) -> None:
    """End a membership; the orders in hand go back to be claimed anew."""
    open_house(context)
    numbers = leave(member, to, by)
    for number in numbers:
        after_change(number)
    print(f"已退出。退回 {len(numbers)} 件：{'、'.join(numbers)}。" if numbers else "已退出。")


@member_commands.command("list")
def list_members(context: typer.Context, as_json: Json = False) -> None:
    """Everybody who registered."""
    open_house(context)
    found = registered()
    if as_json:
        print_json(found)
        return
    handlers = house().catalog.handlers
    rows = [
        (
            one["id"],
            one["name"],
            handlers[one["from"]].name if one["from"] in handlers else one["from"],
            "、".join(one["skills"]),
            one["times"],
            "已退出" if one["left"] else "已核实" if one["verified"] else "待核实",
        )
        for one in found
    ]
    print_columns(("编号", "姓名", "从哪里来", "特长", "什么时候有空", ""), rows)
