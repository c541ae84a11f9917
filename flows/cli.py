"""The `diandan` command: thin; every line calls the same steps as the forms do."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError

from config.catalog import CatalogError
from config.settings import Settings
from flows import cli_output as output
from flows.cli_broadcast import broadcast_commands
from flows.cli_choices import choice_commands
from flows.cli_meeting import meeting_commands
from flows.cli_members import member_commands
from flows.cli_messages import message_commands
from flows.cli_news import after_change
from flows.cli_opening import Json, open_house
from flows.cli_points import point_commands
from flows.cli_rates import rate_commands
from flows.cli_time import time_commands
from flows.cli_units import unit_commands
from flows.cli_wishes import wish_commands
from tasks.errors import BadInput, BadRows, BadTemplates, DiandanError
from tasks.house import house, move_in
from tasks.ledger import fill_ledger
from tasks.migrate import migrate
from tasks.models.enums import Action, Grade, Kind, Purpose, Status, Urgency
from tasks.models.inputs import Place, Rate
from tasks.own_templates import check_templates
from tasks.requests import request_for
from tasks.retiming import start_missing_clocks
from tasks.routes import check_contacts
from tasks.short_messages import check_short_messages

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # ours are scrubbed: flows/__init__.py
    help="点单：居民点单、社区接单、单位接单、党员接单、居民评单。",
)
app.add_typer(time_commands)
app.add_typer(message_commands)
app.add_typer(wish_commands)
app.add_typer(point_commands)
app.add_typer(member_commands, name="member")
app.add_typer(unit_commands, name="unit")
app.add_typer(broadcast_commands, name="broadcast")
app.add_typer(choice_commands, name="choices")
app.add_typer(rate_commands)
app.add_typer(meeting_commands, name="meeting")


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="The community's folder.")] = None,
    database: Annotated[str | None, typer.Option(help="The database's URL.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Move the clock for this command (demo and test databases).")
    ] = None,
) -> None:
    chosen: dict[str, Any] = {}
    if config is not None:
        chosen["config"] = config.absolute()
    if database is not None:
        chosen["database"] = database
    move_in(Settings.load(**chosen))
    context.obj = at


@app.command()
def check(as_json: Json = False) -> None:
    """Check the community's folder, and report every mistake with its line."""
    check_contacts(house().description)
    check_templates(house().own_templates)
    check_short_messages(house().description)
    output.show_check(house().description, as_json=as_json)


@app.command()
def init(
    purpose: Annotated[
        Purpose | None, typer.Option(help="What a new database is for; production by default.")
    ] = None,
) -> None:
    """Migrate the database to today's form and mark its purpose."""
    here = house()
    marked = migrate(here.database, here.catalog, purpose)
    start_missing_clocks()
    fill_ledger()
    print(f"数据库已就绪，用途：{marked.label}。")


@app.command()
def up(context: typer.Context) -> None:
    """Start everything: server, deployments, worker. Ctrl-C ends it."""
    from flows.up import check_address, run_up

    here = house()
    check_address(here.settings)
    check_contacts(here.catalog)
    migrate(here.database, here.catalog)
    start_missing_clocks()
    fill_ledger()
    print("正在启动，约十几秒…", flush=True)
    run_up()
    print("已停止。")


@app.command()
def demo(
    serve: Annotated[bool, typer.Option(help="Go on with a running server to click in.")] = True,
) -> None:
    """A database of its own with a year of orders, and everything started on it."""
    from flows.demo import run_demo

    run_demo(serve=serve)


@app.command()
def place(
    context: typer.Context,
    kind: Annotated[Kind, typer.Option()],
    words: Annotated[str, typer.Option()],
    place: Annotated[str, typer.Option()] = "",
    grid: Annotated[str | None, typer.Option()] = None,
    category: Annotated[str | None, typer.Option()] = None,
    urgency: Annotated[Urgency, typer.Option()] = Urgency.NORMAL,
    resident: Annotated[str, typer.Option()] = "",
    phone: Annotated[str, typer.Option()] = "",
    channel: Annotated[str | None, typer.Option()] = None,
    address: Annotated[str, typer.Option()] = "",
    language: Annotated[str, typer.Option()] = "zh-CN",
    source: Annotated[str, typer.Option()] = "desk",
    external_id: Annotated[str | None, typer.Option()] = None,
    by: Annotated[str, typer.Option(help="Who wrote it down.")] = "resident",
    as_json: Json = True,
) -> None:
    """Place an order for a resident."""
    from tasks.intake import place_order

    open_house(context)
    names = ("kind", "words", "place", "grid", "category", "urgency", "resident", "phone")
    more = ("channel", "address", "language", "source", "external_id")
    given = locals()
    request = request_for(Action.PLACE, {name: given[name] for name in (*names, *more)})
    assert isinstance(request, Place)
    number = place_order(request, by)
    after_change(number)
    output.show_order(number)


@app.command(name="import")
def import_(
    context: typer.Context,
    file: Path,
    mapping: Annotated[
        str | None,
        typer.Option(help="An id of imports/ or a mapping file; found by the header otherwise."),
    ] = None,
    by: Annotated[str, typer.Option(help="Who imports.")] = "system",
    dry_run: Annotated[bool, typer.Option(help="Say what would happen, store nothing.")] = False,
    notify: Annotated[bool, typer.Option(help="Write to everybody concerned.")] = False,
    keep_dates: Annotated[bool, typer.Option(help="Start the clocks at the rows' dates.")] = False,
    as_json: Json = False,
) -> None:
    """Place the orders of a CSV or XLSX file: all of its rows, or none."""
    from flows.cli_import import Wanted, import_file

    open_house(context)
    wanted = Wanted(mapping, by, keep_dates, notify, dry_run)
    import_file(file, wanted, as_json=as_json)


@app.command()
def orders(
    context: typer.Context,
    anything: Annotated[
        str, typer.Argument(help="A number, words, a name, or the end of a phone.")
    ] = "",
    number: Annotated[str, typer.Option(help="A-2026-0012, or a-2026-12.")] = "",
    words: Annotated[str, typer.Option(help="In what was said, or in the place.")] = "",
    phone: Annotated[str, typer.Option(help="The last four digits, or more.")] = "",
    grid: Annotated[str, typer.Option(help="An id or a name.")] = "",
    handler: Annotated[str, typer.Option(help="An id or a name.")] = "",
    status: Annotated[Status | None, typer.Option()] = None,
    kind: Annotated[Kind | None, typer.Option()] = None,
    open_: Annotated[bool, typer.Option("--open", help="Only what is not over.")] = False,
    older_than: Annotated[int | None, typer.Option(help="Days since it was placed.")] = None,
    as_json: Json = False,
) -> None:
    """Find orders; all of them without anything to look for."""
    from tasks.finding import Wanted

    open_house(context)
    wanted = Wanted(
        anything=anything,
        number=number,
        words=words,
        phone=phone,
        grid=grid,
        handler=handler,
        status=status,
        kind=kind,
        open_only=open_,
        older_than=older_than,
    )
    output.show_orders(wanted, as_json=as_json)


@app.command()
def order(context: typer.Context, number: str, as_json: Json = False) -> None:
    """Show one order with its history and messages."""
    open_house(context)
    output.show_order(number, as_json=as_json)


@app.command()
def act(
    context: typer.Context,
    number: str,
    action: str,
    by: Annotated[str, typer.Option(help="Staff, member or handler; resident; system.")],
    reason: Annotated[str | None, typer.Option()] = None,
    to: Annotated[str | None, typer.Option(help="A handler, a member or an order.")] = None,
    date: Annotated[str | None, typer.Option(help="YYYY-MM-DD")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE")] = None,
    as_json: Json = True,
) -> None:
    """Do one action on an order."""
    from tasks import orders as desk

    open_house(context)
    version = desk.version_of(number)
    known = _action(number, action)
    values = {"reason": reason, "to": to, "date": date, **_pairs(set_ or [])}
    request = request_for(known, {key: value for key, value in values.items() if value is not None})
    desk.act(number, [request], by, version=version)
    for changed in desk.touched_by(number, request):
        after_change(changed)
    output.show_order(number)


def _action(number: str, typed: str) -> Action:
    from tasks.orders import allowed_for

    try:
        action = Action(typed)
    except ValueError:
        action = None
    if action is None or action is Action.PLACE:
        raise BadInput(
            field="动作（ACTION）", problem=f"没有“{typed[:40]}”；现在可以：{allowed_for(number)}。"
        )
    return action


def _pairs(typed: list[str]) -> dict[str, str]:
    pairs = {}
    for pair in typed:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise BadInput(field="--set", problem=f"“{pair[:40]}”要写成 KEY=VALUE。")
        pairs[key] = value
    return pairs


@app.command()
def rate(
    context: typer.Context,
    token: str,
    grade: Annotated[Grade, typer.Option()],
    solved: Annotated[str, typer.Option(help="yes or no")],
    comment: Annotated[str, typer.Option()] = "",
    as_json: Json = True,
) -> None:
    """Rate by the token of a rating link."""
    from tasks.rating import rate_by_link

    open_house(context)
    request = request_for(Action.RATE, {"grade": grade, "solved": solved, "reason": comment})
    assert isinstance(request, Rate)
    number = rate_by_link(token, request)
    after_change(number)
    output.show_order(number)


@app.command()
def lifecycle(as_json: Json = False) -> None:
    """Every allowed step, and what each action takes."""
    output.show_lifecycle(as_json=as_json)


@app.command()
def reconcile(context: typer.Context, as_json: Json = False) -> None:
    """Make the runs of the running installation agree with the orders."""
    from flows.cli_news import reconcile_now

    open_house(context)
    output.show_counts(reconcile_now(), as_json=as_json)


def main() -> None:
    """Exit 0, or 2 with one sentence on standard error for a user's mistake."""
    arguments = sys.argv[1:] or ["--help"]
    try:
        code = app(arguments, standalone_mode=False)
    except (BadRows, BadTemplates) as error:
        _fail("\n".join((error.headline, *error.lines)))
    except DiandanError as error:
        _fail(_on_one_line(str(error)))
    except CatalogError as error:
        _fail("\n".join(str(mistake) for mistake in error.mistakes))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        _fail(
            f"设置 DIANDAN_{'__'.join(str(part) for part in first['loc']).upper()} 不对：{first['msg']}"
        )
    except SettingsError as error:
        _fail(f"设置读不出来：{_on_one_line(str(error))}。")
    except typer.Abort:
        sys.exit(130)
    except typer.TyperException as error:
        _fail(_on_one_line(getattr(error, "format_message", error.__str__)()))
    sys.exit(code if isinstance(code, int) else 0)


def _on_one_line(sentence: str) -> str:
    """Without line ends and control characters, which a driver or a slip of the keys may have put in."""
    plain = "".join(letter if letter.isprintable() else " " for letter in sentence)
    return " ".join(plain.split())


def _fail(sentence: str) -> None:
    print(sentence, file=sys.stderr)
    sys.exit(2)
