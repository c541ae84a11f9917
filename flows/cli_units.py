"""双报到 of units on the command line: who registers, who is verified."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from tasks.house import house
from tasks.requests import unit_for
from tasks.unit_registration import register_unit, registered_units, verify_units

unit_commands = typer.Typer(help="RegisteredUnit units register and are verified.")

By = Annotated[str, typer.Option(help="Who says so: staff.")]
Several = Annotated[list[str] | None, typer.Option(help="More than once for more.")]


@unit_commands.command("register")
def register_new_unit(
    context: typer.Context,
    name: Annotated[str, typer.Option()],
    phone: Annotated[str, typer.Option()],
    by: By,
    contact: Annotated[str, typer.Option(help="Whom to ask for.")] = "",
    category: Several = None,
    skill: Several = None,
    grid: Several = None,
    times: Annotated[str, typer.Option(help="When they can help.")] = "",
    verified: Annotated[bool, typer.Option("--verified", help="Staff knows it.")] = False,
) -> None:
    """Register a unit; from its verification on, orders of its categories can be assigned to it."""
    open_house(context)
    typed = {"name": name, "phone": phone, "contact": contact, "times": times}
    offered = {"categories": category or [], "skills": skill or [], "grids": grid or []}
    id = register_unit(unit_for({**typed, **offered}), by, verified=verified)
    print_json({"id": id, "verified": verified})


@unit_commands.command("verify")
def verify_new_units(context: typer.Context, units: list[str], by: By) -> None:
    """Mark registered units as known to a coordinator."""
    open_house(context)
    print(f"已核实 {verify_units(units, by)} 个单位。")


@unit_commands.command("list")
def list_units(context: typer.Context, as_json: Json = False) -> None:
    """Every unit that registered."""
    open_house(context)
    found = registered_units()
    if as_json:
        print_json(found)
        return
    categories = house().catalog.categories
    rows = [
        (
            one["id"],
            one["name"],
            " ".join(filter(None, (one["contact"], one["phone"]))),
            "、".join(categories[id].name for id in one["categories"] if id in categories),
            "、".join(one["skills"]),
            one["times"],
            "已核实" if one["verified"] else "待核实",
        )
        for one in found
    ]
    head = ("编号", "单位", "找谁", "能办的类别", "特长", "什么时候有空", "")
    print_columns(head, rows)
