"""向群众发声 on the command line: look, send, list, call off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.broadcast_words import COLUMNS, KINDS, from_when, row_of, whom
from flows.cli_clock import moment_in
from flows.cli_news import spread_now
from flows.cli_opening import Json, open_house
from flows.cli_output import print_columns, print_json
from tasks.broadcasts import broadcasts_json, call_off, send_broadcast
from tasks.errors import BadFile, BadInput, NotFilledIn
from tasks.house import house
from tasks.models.broadcast_inputs import NewBroadcast
from tasks.requests import broadcast_for

if TYPE_CHECKING:
    from tasks.broadcast_preview import Draft

broadcast_commands = typer.Typer(help="What is said to many at once.")

MOST_BYTES = 1_000_000  # a file that is no text for people


@broadcast_commands.command()
def send(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="all, members, units, grid:ID or group:ID.")],
    title: Annotated[str, typer.Option()],
    by: Annotated[str, typer.Option(help="Who says it: staff.")] = "",
    words: Annotated[str, typer.Option("--text", help="What is said.")] = "",
    file: Annotated[Path | None, typer.Option("--text-file", help="UTF-8.")] = None,
    title_en: Annotated[str, typer.Option(help="For who reads English.")] = "",
    text_en: Annotated[str, typer.Option(help="For who reads English.")] = "",
    first: Annotated[str, typer.Option("--from", help="An ISO time; now without it.")] = "",
    last: Annotated[
        str | None, typer.Option("--until", help="YYYY-MM-DD, worth saying until then.")
    ] = None,
    urgent: Annotated[bool, typer.Option("--urgent", help="At night too.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look.")] = False,
    as_json: Json = False,
) -> None:
    """Write to a grid, a chat group, members, units or all; with --dry-run only show what would be read."""
    open_house(context)
    if bool(words) is (file is not None):
        raise BadInput(field="--text", problem="--text 和 --text-file 要选一个，只能选一个。")
    typed = {
        **{"to": to, "title": title, "title_en": title_en, "text_en": text_en},
        "text": words if file is None else _read(file),
        "not_before": moment_in(first, house().timezone, "--from") if first else None,
        "last_day": last,
        "urgent": urgent,
    }
    new = broadcast_for(typed)
    if dry_run:
        _preview(new, as_json=as_json)
    elif not by:
        raise NotFilledIn(field="--by")
    else:
        _send(new, by, as_json=as_json)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise BadFile(file=file, problem=f"读不了（{error.strerror}）。") from None
    except UnicodeDecodeError:
        raise BadFile(file=file, problem="不是 UTF-8 编码，请另存为 UTF-8。") from None


def _preview(new: NewBroadcast, *, as_json: bool) -> None:
    """Whom it would reach, and how it would read."""
    from tasks.broadcast_preview import preview_broadcast

    draft = preview_broadcast(new)
    if as_json:
        print_json(_draft_json(draft))
        return
    print(f"只看不发。发给 {draft.target}，{from_when(draft.not_before, draft.expires_at)}")
    print("\n".join(whom(draft.reach)))
    for one in draft.readings:
        cut = "（太长，后面的发不下）" if one.is_cut else ""
        sms = f"（短信算 {one.parts} 条）" if one.parts else ""
        print(
            f"\n—— {KINDS[one.kind]} {one.locale}{cut}{sms} ——\n{one.text.subject}\n\n{one.text.body}"
        )


def _draft_json(draft: Draft) -> dict[str, Any]:
    return {
        "id": None,
        "to_name": draft.target,
        "reach": draft.reach.as_json(),
        "not_before": draft.not_before.isoformat(),
        "expires_at": draft.expires_at.isoformat(),
        "texts": [
            {
                "kind": one.kind.value,
                "locale": one.locale,
                "subject": one.text.subject,
                "body": one.text.body,
                "is_cut": one.is_cut,
                "sms": one.parts,
            }
            for one in draft.readings
        ],
    }


def _send(new: NewBroadcast, by: str, *, as_json: bool) -> None:
    sent = send_broadcast(new, by)
    if as_json:
        reach, when = sent.reach.as_json(), sent.not_before.isoformat()
        print_json({"id": sent.id, "reach": reach, "not_before": when})
    else:
        print(f"群众发声 {sent.id}：写好 {sent.reach.messages} 条。")
        print("\n".join(whom(sent.reach)))
    spread_now()


@broadcast_commands.command("list")
def list_broadcasts(context: typer.Context, as_json: Json = False) -> None:
    """The newest broadcasts, with what has become of their messages so far."""
    open_house(context)
    found = broadcasts_json()
    if as_json:
        print_json(found)
    else:
        print_columns(COLUMNS, [row_of(one) for one in found])


@broadcast_commands.command()
def cancel(
    context: typer.Context,
    id: int,
    by: Annotated[str, typer.Option(help="Who calls it off: staff.")],
    as_json: Json = False,
) -> None:
    """Stop what of a broadcast has not gone yet."""
    open_house(context)
    done = call_off(id, by)
    if as_json:
        print_json({"id": id, "stopped": done.stopped, "gone": done.gone})
    else:
        print(f"已撤回 {id}：拦下 {done.stopped} 条，已经发出 {done.gone} 条。")
    spread_now()
