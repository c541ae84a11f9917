"""What every command does first."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli_clock import moment_in
from tasks.clock import clock_at
from tasks.errors import WrongPurpose
from tasks.house import House, house
from tasks.migrate import open_database
from tasks.models.enums import Purpose

Json = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def open_house(context: typer.Context) -> House:
    """Opens the database, and moves the clock if that is asked for and allowed."""
    here = house()
    purpose = open_database(here.database, here.catalog)
    if context.obj is not None:
        if purpose is Purpose.PRODUCTION:
            raise WrongPurpose(purpose=purpose.label, why="不能用 --at 拨动时间。")
        moment = moment_in(context.obj, here.timezone, "--at", last=2200)
        context.with_resource(clock_at(moment))
    return here
