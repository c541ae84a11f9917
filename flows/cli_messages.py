"""Messages on the command line: which there are, what became of one, who says that one arrived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from flows.choice_words import of_muted
from flows.cli_news import spread_now
from flows.cli_opening import Json, open_house
from flows.cli_output import local, message_table, print_columns, print_json, show_counts
from tasks.arrivals import mark_received, send_again
from tasks.delivery_words import in_words, person_in
from tasks.errors import BadInput
from tasks.house import house
from tasks.models.enums import Audience, Event, MessageState
from tasks.muting import muted_addresses
from tasks.preview import previews
from tasks.views import WantedMessages, actor_names, life_of_message, messages_json

message_commands = typer.Typer(help="What people are told.")


@message_commands.command()
def messages(
    context: typer.Context,
    state: Annotated[MessageState | None, typer.Option()] = None,
    order: Annotated[str, typer.Option(help="An order's number.")] = "",
    event: Annotated[Event | None, typer.Option()] = None,
    audience: Annotated[Audience | None, typer.Option()] = None,
    channel: Annotated[str, typer.Option(help="An id or a name.")] = "",
    since: Annotated[str | None, typer.Option(help="YYYY-MM-DD, when it was written.")] = None,
    muted: Annotated[
        bool, typer.Option("--muted", help="Instead: whose addresses take nothing for 60 days.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List messages, without anybody's phone or address."""
    open_house(context)
    if muted:
        _show_muted(as_json=as_json)
        return
    wanted = WantedMessages(
        state=state,
        order=order,
        event=event,
        audience=audience,
        channel=channel,
        since=_midnight(since) if since is not None else None,
    )
    found = messages_json(wanted)
    if as_json:
        print_json(found)
    else:
        message_table(found)


def _show_muted(*, as_json: bool) -> None:
    found = muted_addresses()
    if as_json:
        print_json(
            [
                {
                    "audience": one.audience.value,
                    "person": one.person,
                    "channel": one.channel,
                    "code": one.code,
                    "since": one.since.isoformat(),
                    "until": one.until.isoformat(),
                }
                for one in found
            ]
        )
        return
    lines = [f"{of_muted(one)} {in_words(one.code)}" for one in found]
    print("\n".join(lines) or "没有 60 天内不再发的地址。")


def _midnight(typed: str) -> datetime:
    """When a local day begins."""
    try:
        day = date.fromisoformat(typed)
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(house().timezone)).astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        problem = "要写成年-月-日，例如 2026-09-14。"
        raise BadInput(field="--since", problem=problem) from None


@message_commands.command()
def message(context: typer.Context, id: int, as_json: Json = False) -> None:
    """Everything about one message: its text, where it stands and why, every attempt."""
    open_house(context)
    found = life_of_message(id)
    if as_json:
        print_json(found)
        return
    names = actor_names(_persons_in(found))
    for title, value in _facts(found, names):
        print(f"{title}：{value}")
    if found["steps"]:
        rows = [
            (
                local(step["at"]),
                str(step["attempt"] or ""),
                _channel(step["channel"]),
                MessageState(step["state"]).label,
                in_words(step["code"], names),
            )
            for step in found["steps"]
        ]
        print_columns(("时间", "第几次", "渠道", "结果", "原因"), rows)
    print(f"\n{found['subject']}\n\n{found['body']}")


def _facts(found: Mapping[str, Any], names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is known of a message, in words; nothing of what there is not."""
    facts = {
        "消息": str(found["id"]),
        "订单": found["order"] or "",
        "什么事": Event(found["event"]).label,
        "告诉谁": f"{Audience(found['audience']).label} {found['name']}",
        "渠道": _channel(found["channel"]),
        "状态": MessageState(found["state"]).label,
        "短信": _as_short(found["sms_parts"]) if found["sms_parts"] else "",
        "原因": in_words(found["code"], names),
        "发过几次": str(found["attempts"]),
        "写下": local(found["created_at"]),
        "下次再发": local(found["next_attempt_at"]),
        "结束": local(found["ended_at"]),
    }
    return ((title, value) for title, value in facts.items() if value)


_TYPES = {str: "文字", int: "整数", bool: "是或否", list: "列表", dict: "一组数字"}


def _as_short(parts: int, has_template: bool = True) -> str:
    """How many short messages a text costs, and whether it can be one at all."""
    return f"按 {parts} 条短信计费" if has_template else "没有这条消息的短信模板，会走别的渠道"


def _channel(id: str) -> str:
    known = house().catalog.channels.get(id)
    return known.name if known else id


def _persons_in(found: Mapping[str, Any]) -> set[str]:
    """The ids of the people who have a part in a message's life."""
    codes = (found["code"], *(step["code"] for step in found["steps"]))
    return set(filter(None, map(person_in, codes)))


@message_commands.command()
def preview(
    event: str,
    locale: Annotated[str, typer.Option(help="A language, as zh-CN or en.")] = "",
    channel: Annotated[str, typer.Option(help="A channel or a kind of one.")] = "",
    audience: Annotated[str, typer.Option(help="Only to these.")] = "",
    variables: Annotated[bool, typer.Option(help="And what its templates may use.")] = False,
) -> None:
    """Show the messages of an event as they are read, with example values."""
    for number, shown in enumerate(previews(event, locale, channel, audience)):
        print("\n" * bool(number) + f"—— {shown.audience.label}（{shown.audience.value}）——")
        print(f"{shown.text.subject}\n\n{shown.text.body}")
        if shown.sms_parts:
            print(f"\n（{_as_short(shown.sms_parts, shown.text.short is not None)}）")
        if variables:
            rows = [(name, _TYPES[one.type], one.meaning) for name, one in shown.given.items()]
            print()
            print_columns(("模板可以用", "类型", "意思"), rows)


@message_commands.command()
def mark(
    context: typer.Context,
    ids: list[int],
    by: Annotated[str, typer.Option(help="Who says so: staff.")],
    received: Annotated[bool, typer.Option("--received", help="They did arrive.")] = False,
    again: Annotated[bool, typer.Option("--send-again", help="On their own channel.")] = False,
) -> None:
    """Say of messages that nobody knows to have arrived: they did, or send them again."""
    open_house(context)
    if received == again:
        raise BadInput(field="mark", problem="--received 和 --send-again 要选一个，只能选一个。")
    if received:
        print(f"已记下，对方收到了 {mark_received(ids, by)} 条。")
    else:
        print(f"已排队，再发一次 {send_again(ids, by)} 条。")
    spread_now()


@message_commands.command()
def send(context: typer.Context, as_json: Json = False) -> None:
    """Send the messages that wait."""
    from tasks.outbox import send_waiting

    open_house(context)
    show_counts(send_waiting(), as_json=as_json)
