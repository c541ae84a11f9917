"""What the command line prints: JSON for programs, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, get_args

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from config.catalog import Catalog, HandlerKind, TeamRole
from config.channel_warnings import channel_warnings
from tasks.clock import utc_now
from tasks.finding import Wanted, briefs, summaries
from tasks.house import house
from tasks.models.enums import (
    Action,
    Audience,
    ClockKind,
    Event,
    Kind,
    Labelled,
    MessageState,
    Status,
    Urgency,
)
from tasks.models.inputs import INPUTS
from tasks.rules.deadline import local_time
from tasks.rules.funding import said_with
from tasks.rules.ladder import WARNED
from tasks.rules.lifecycle import TRANSITIONS
from tasks.texts import shortened
from tasks.views import actor_names, order_json, recipient_names

_IN_ONE_LINE = json.JSONEncoder(ensure_ascii=False).encode


def print_json(value: object) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    Console().print(table)


def local(moment: str | None) -> str:
    """An ISO time as people here read it, "" for none."""
    return local_time(datetime.fromisoformat(moment), house().timezone, utc_now()) if moment else ""


def show_order(number: str, *, as_json: bool = True) -> None:
    """One order, with history and messages."""
    found = order_json(number)
    if as_json:
        print_json(found)
        return
    _print_table(("", ""), list(_facts(found)))
    names = actor_names(row["actor"] for row in found["history"])
    rows = [
        (
            local(row["at"]),
            Action(row["action"]).label,
            Status(row["to"]).label,
            names[row["actor"]],
            shortened(said_with(Action(row["action"]), row["inputs"], row["reason"])),
        )
        for row in found["history"]
    ]
    print_columns(("时间", "动作", "到", "谁", "说明"), rows)
    if found["clock_changes"]:
        head = ("时间", "期限", "怎么了", "到哪一级", "原来的期限", "现在的期限")
        print_columns(head, [_clock_change(change) for change in found["clock_changes"]])
    message_table(found["messages"])


def _clock_change(change: Mapping[str, Any]) -> tuple[str, ...]:
    """A step of the ladder, or another deadline, in words."""
    steps = {WARNED: "快到期，已提醒"}
    what = change["why"] or steps.get(change["step"], "超期，已上报")
    rung = house().catalog.ladder[change["rung"] - 1].name if change["rung"] else ""
    clock = ClockKind(change["clock"]).label
    return (
        local(change["at"]),
        clock,
        what,
        rung,
        local(change["due_before"]),
        local(change["due"]),
    )


def _facts(order: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """What stands above the history, in the words and the time of people here."""
    labels: dict[str, type[Labelled]] = {
        "kind": Kind,
        "status": Status,
        "before": Status,
        "urgency": Urgency,
    }
    for key, value in order.items():
        if key.endswith("_at"):
            yield key, local(value)
        elif key in labels and value:
            yield key, labels[key](value).label
        elif not isinstance(value, list):
            yield key, value


def show_orders(wanted: Wanted, *, as_json: bool) -> None:
    """The orders that fit. Thousands are printed as fast as they are read, so no boxes are drawn."""
    if as_json:
        print_lines_of_json(summaries(wanted))
        return
    rows = [
        (
            line.number,
            line.status.label,
            local_time(line.next_due_at, house().timezone, utc_now()) if line.next_due_at else "",
            line.grid,
            line.category,
            line.handler,
            shortened(line.words, 24),
        )
        for line in briefs(wanted)
    ]
    print_columns(("编号", "环节", "期限", "网格", "类别", "承办", "内容"), rows)


def print_lines_of_json(rows: Sequence[object]) -> None:
    """A JSON list with one row a line."""
    print("[" + ",\n".join(map(_IN_ONE_LINE, rows)) + "]")


def print_columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns that stand under each other, a Chinese character two wide."""
    columns = [_padded(column) for column in zip(head, *rows, strict=True)]
    print("\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True)))


def _padded(cells: Sequence[str]) -> list[str]:
    """The cells with blanks behind, all as wide as the widest; a cell that comes again is measured once."""
    wide = {cell: cell_len(cell) for cell in set(cells)}
    most = max(wide.values())
    padded = {cell: cell + " " * (most - width) for cell, width in wide.items()}
    return [padded[cell] for cell in cells]


def message_table(found: Sequence[Mapping[str, Any]]) -> None:
    """Messages, one a line."""
    names = recipient_names(message["id"] for message in found)
    rows = [
        (
            str(message["id"]),
            message["order"] or "",
            Event(message["event"]).label,
            f"{Audience(message['audience']).label} {names[message['id']]}",
            message["channel"],
            MessageState(message["state"]).label,
            shortened(message["subject"] or message["body"], 30),
        )
        for message in found
    ]
    print_columns(("", "编号", "什么事", "告诉谁", "渠道", "状态", "内容"), rows)


def show_counts(counts: Mapping[str, int], *, as_json: bool) -> None:
    """What a sweep did."""
    if as_json:
        print_json(dict(counts))
        return
    print("、".join(f"{word} {count}" for word, count in counts.items()) or "没有要做的。")


def show_check(catalog: Catalog, *, as_json: bool) -> None:
    """What a valid community holds, by number; with --json the ids too."""
    teams = [h for h in catalog.handlers.values() if h.role is TeamRole.SERVICE]
    people = sum(len(catalog.handler_members(team.id)) for team in teams)
    units = [h for h in catalog.handlers.values() if h.kind is HandlerKind.UNIT]
    warnings = list(channel_warnings(catalog, house().settings))
    if as_json:
        ids = ("grids", "handlers", "members", "staff", "categories", "channels", "service_levels")
        known = {name: list(getattr(catalog, name)) for name in ids}
        print_json({"ok": True, "warnings": warnings, **known})
        return
    print(
        f"配置没有错误：{catalog.community.name}，网格 {len(catalog.grids)} 个，服务队 {len(teams)} 支 {people} 人，"
        f"共建单位 {len(units)} 家，类别 {len(catalog.categories)} 个，渠道 {len(catalog.channels)} 个。"
    )
    if catalog.calendar.country is None:
        print("注意：calendar.yaml 没有写 country，国家的节假日和调休都不算。")
    for warning in warnings:
        print(f"注意：{warning}")


def show_lifecycle(*, as_json: bool) -> None:
    """The whole table, and each action's keys with type and whether it is required."""
    rows = [
        {
            "kind": kind.value,
            "from": source.value if source else "",
            "action": action.value,
            "to": target.value,
        }
        for (kind, source, action), target in TRANSITIONS.items()
    ]
    if as_json:
        print_json({"rows": rows, "actions": {action.value: _keys(action) for action in Action}})
        return
    _print_table(("kind", "from", "action", "to"), [list(row.values()) for row in rows])


def _keys(action: Action) -> list[dict[str, Any]]:
    return [
        {"key": name, "required": field.is_required(), **_type_of(field)}
        for name, field in INPUTS[action].model_fields.items()
    ]


def _type_of(field: Any) -> dict[str, Any]:
    """The kind of value a key takes; for a closed list also its values."""
    own = field.json_schema_extra
    for kind, extra in ((field.annotation, own), *_parts(field.annotation)):
        if isinstance(extra, dict) and "type" in extra:
            return {"type": extra["type"]}
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return {"type": "choice", "values": [member.value for member in kind]}
        if kind is bool:
            return {"type": "boolean"}
        if kind is date:
            return {"type": "date"}
    return {"type": "text"}


def _parts(annotation: Any) -> Iterator[tuple[Any, Any]]:
    """What `X | None` is made of, each with what is noted at it."""
    for part in get_args(annotation):
        notes = getattr(part, "__metadata__", ())
        extras = (getattr(note, "json_schema_extra", None) for note in notes)
        yield getattr(part, "__origin__", part), next(filter(None, extras), None)
