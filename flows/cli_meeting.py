"""The joint meeting on the command line."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli_news import after_change
from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from tasks.agenda import meeting_json
from tasks.errors import BadInput
from tasks.meetings import (
    decide_matter,
    end_meeting,
    give_task,
    newest_meeting,
    prepare_meeting,
)
from tasks.models.enums import Decision, MeetingKind, TaskKind
from tasks.papers import minutes_of
from tasks.requests import attendance_for, task_for
from tasks.rules.funding import in_yuan

meeting_commands = typer.Typer(help="The joint meeting: its agenda, its decisions, its tasks.")

By = Annotated[str, typer.Option(help="Who says so.")]
To = Annotated[str | None, typer.Option(help="The lead handler.")]
Day = Annotated[str | None, typer.Option(help="Until when, YYYY-MM-DD.")]


@meeting_commands.command()
def prepare(context: typer.Context, as_json: Json = False) -> None:
    """Put on the agenda whatever has to be decided now."""
    open_house(context)
    _show(prepare_meeting(), as_json=as_json)


@meeting_commands.command()
def show(context: typer.Context, as_json: Json = False) -> None:
    """The last meeting, with what it decided."""
    open_house(context)
    _show(newest_meeting(), as_json=as_json)


@meeting_commands.command()
def decide(
    context: typer.Context,
    matter: Annotated[int, typer.Argument(help="The number that the agenda shows.")],
    by: By,
    decision: Annotated[Decision, typer.Option()],
    to: To = None,
    date: Day = None,
    yuan: Annotated[str | None, typer.Option(help="The target, or the money for it.")] = None,
    helpers: Annotated[str | None, typer.Option(help="Who helps the lead handler.")] = None,
    reason: Annotated[str | None, typer.Option(help="The plan, the advice, or why.")] = None,
    as_json: Json = True,
) -> None:
    """Write one decision down, and carry it out."""
    open_house(context)
    typed = {"to": to, "date": date, "yuan": yuan, "helpers": helpers, "reason": reason}
    given = {name: value for name, value in typed.items() if value is not None}
    found = meeting_json(decide_matter(matter, decision, given, by))
    (decided,) = (one for one in found["matters"] if one["id"] == matter)
    if decided["order"]:
        after_change(decided["order"])
    print_json(decided)


@meeting_commands.command()
def task(
    context: typer.Context,
    kind: Annotated[TaskKind, typer.Option()],
    words: Annotated[str, typer.Option(help="What is to be done.")],
    by: By,
    to: To = None,
    date: Day = None,
    as_json: Json = True,
) -> None:
    """Note what the last meeting gave somebody to do; the next one asks after it."""
    open_house(context)
    meeting = newest_meeting()
    if meeting is None:
        raise BadInput(field="会议", problem="还没有开过会，先用 diandan meeting prepare。")
    typed = {"kind": kind, "words": words, "to": to, "date": date}
    given = {name: value for name, value in typed.items() if value is not None}
    give_task(meeting, task_for(given), by)
    _show(meeting, as_json=True)


@meeting_commands.command()
def end(
    context: typer.Context,
    by: Annotated[str, typer.Option(help="Who writes the minutes.")],
    present: Annotated[list[str] | None, typer.Option(help="Who came; once for each.")] = None,
    chair: Annotated[str | None, typer.Option(help="Who led the meeting.")] = None,
    kind: Annotated[MeetingKind, typer.Option()] = MeetingKind.JOINT,
    as_json: Json = False,
) -> None:
    """End the last meeting, write its minutes and say in which file they are."""
    open_house(context)
    meeting = newest_meeting(kind)
    if meeting is None:
        raise BadInput(field="会议", problem="还没有开过会，先用 diandan meeting prepare。")
    came = attendance_for({"present": present or (), "chair": chair or ""})
    end_meeting(meeting, by, came)
    file = str(minutes_of(meeting).file)
    if as_json:
        print_json({**meeting_json(meeting), "file": file})
    else:
        print(file)


def _show(meeting: int | None, *, as_json: bool) -> None:
    if meeting is None:
        if as_json:
            print_json({"meeting": None, "matters": [], "tasks": []})
        else:
            print("没有要上会的事。")
        return
    found = meeting_json(meeting)
    if as_json:
        print_json(found)
        return
    print(f"{found['name']} {found['day']}，议题 {len(found['matters'])} 个")
    rows = [tuple(_cells(matter)) for matter in found["matters"]]
    if rows:
        print_columns(
            ("编号", "为什么上会", "订单", "内容", "决定", "牵头", "到哪天", "金额"), rows
        )


def _cells(matter: dict[str, Any]) -> list[str]:
    return [
        str(matter["id"]),
        matter["kind_name"],
        matter["order"] or "",
        matter["words"],
        matter["decision_name"] or "–",
        matter["to_name"],
        matter["date"] or "",
        in_yuan(matter["fen"]) if matter["fen"] else "",
    ]
