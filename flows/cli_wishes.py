"""The commands about wishes: their books, what is promised, what comes in, what is spent."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli_news import after_change
from flows.cli_opening import Json, open_house
from flows.cli_output import local, print_columns, print_json
from tasks.editing import edit_wish
from tasks.errors import BadInput
from tasks.models.enums import Action, PledgeKind
from tasks.orders import act, version_of
from tasks.requests import request_for, words_for
from tasks.rules.funding import in_yuan
from tasks.views import order_json
from tasks.wishes import wish_json

wish_commands = typer.Typer()

By = Annotated[str, typer.Option(help="Who says so: staff, handler or member.")]
Yuan = Annotated[str, typer.Option(help="For example 12.34.")]
Reason = Annotated[str | None, typer.Option()]


@wish_commands.command()
def wish(context: typer.Context, number: str, as_json: Json = False) -> None:
    """The books of a wish (JSON: in fen), its pledges and its claims."""
    open_house(context)
    _show(number, as_json=as_json)


@wish_commands.command()
def pledge(
    context: typer.Context,
    number: str,
    by: By,
    donor: Annotated[str, typer.Option(help="Who promises it.")],
    kind: Annotated[PledgeKind, typer.Option(help="Goods and labour at a stated value.")],
    yuan: Yuan,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Not named in public.")] = False,
    reason: Reason = None,
    as_json: Json = True,
) -> None:
    """Somebody promises money, goods or labour to a big wish."""
    typed = {"donor": donor, "kind": kind, "yuan": yuan, "anonymous": anonymous, "reason": reason}
    _do(context, number, Action.PLEDGE, by, typed)


@wish_commands.command()
def receive(
    context: typer.Context,
    number: str,
    by: By,
    pledge: Annotated[str, typer.Option(help="Which pledge of the wish: 1, 2, …")],
    yuan: Yuan,
    reason: Reason = None,
    as_json: Json = True,
) -> None:
    """Something that was promised has come."""
    _do(context, number, Action.RECEIVE, by, {"pledge": pledge, "yuan": yuan, "reason": reason})


@wish_commands.command()
def spend(
    context: typer.Context,
    number: str,
    by: By,
    voucher: Annotated[str, typer.Option(help="The number of the receipt; each counts once.")],
    yuan: Yuan,
    reason: Reason = None,
    as_json: Json = True,
) -> None:
    """Some of what has come was spent."""
    _do(context, number, Action.SPEND, by, {"voucher": voucher, "yuan": yuan, "reason": reason})


@wish_commands.command()
def edit(
    context: typer.Context,
    number: str,
    by: By,
    words: Annotated[str | None, typer.Option(help="What it is to say.")] = None,
    place: Annotated[str | None, typer.Option(help="Where it is.")] = None,
    reason: Reason = None,
    as_json: Json = True,
) -> None:
    """Change what a wish says, as long as nobody has claimed it; what it said before is kept."""
    open_house(context)
    known = order_json(number)
    typed = {"words": words, "place": place, "reason": reason}
    given = {name: value for name, value in typed.items() if value is not None}
    new = words_for({"words": known["words"], "place": known["place"], **given})
    if not edit_wish(number, new, by):
        raise BadInput(field="内容", problem="和原来一样，什么也没有改。")
    after_change(number)
    print_json(order_json(number))


def _do(
    context: typer.Context, number: str, action: Action, by: str, typed: dict[str, Any]
) -> None:
    open_house(context)
    version = version_of(number)
    values = {key: value for key, value in typed.items() if value is not None}
    act(number, [request_for(action, values)], by, version=version)
    after_change(number)
    _show(number, as_json=True)


def _show(number: str, *, as_json: bool) -> None:
    found = wish_json(number)
    if as_json:
        print_json(found)
        return
    sums = ("target", "pledged", "received", "moved_in", "moved_out", "spent", "left")
    words = ("目标", "认领", "到账", "转入", "转出", "支出", "结余")
    amounts = ["–" if found[name] is None else in_yuan(found[name]) for name in sums]
    print_columns(words, [tuple(amounts)])
    pledges = [
        (
            str(one["id"]),
            one["donor"] + "（不公开）" * one["anonymous"],
            PledgeKind(one["kind"]).label,
            in_yuan(one["pledged"]),
            in_yuan(one["received"]),
        )
        for one in found["pledges"]
    ]
    if pledges:
        print_columns(("第几笔", "资助方", "种类", "认领", "到账"), pledges)
    claims = [
        (one["name"], local(one["claimed_at"]), local(one["ended_at"])) for one in found["claims"]
    ]
    if claims:
        print_columns(("谁认领", "从", "到"), claims)
