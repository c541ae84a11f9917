"""What we mean is executable: the law equals its contract, the lists are complete, the code stays small."""

from __future__ import annotations

import ast
import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlmodel import SQLModel

from config.catalog import OTHER, Catalog
from config.settings import ROOT
from tasks.db import engine_for
from tasks.errors import NotAllowed
from tasks.models.enums import OPEN, PREFIXES, WAITING_FOR, Action, Kind, Role, Status, Urgency
from tasks.models.inputs import INPUTS, ActionInput
from tasks.models.state import COLUMNS, Actor, OrderState
from tasks.models.tables import Order
from tasks.requests import FIELD_WORDS
from tasks.rules.circumstances import Circumstances
from tasks.rules.effects import EFFECTS
from tasks.rules.law import decide
from tasks.rules.lifecycle import BEFORE, TRANSITIONS, allowed_actions

CONTRACT = ROOT / "tests" / "data" / "lifecycle.csv"
DESIGN = ROOT.parent / "shared" / "design" / "lifecycle.csv"
MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
MOST_LINES_OF_A_FUNCTION = 40
MOST_LINES_OF_A_FILE = 400
NOT_LAW = {  # the columns of an order that no action changes
    *("id", "words", "place", "source", "external_id", "resident_id"),
    *("wakes", "run_id", "run_attempt"),
}


def contract() -> Iterator[tuple[tuple[str, str | None, str], str]]:
    with CONTRACT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield (row["kind"], row["from"] or None, row["action"]), row["to"]


# --- the lifecycle ----------------------------------------------------------------------------


def test_the_table_is_the_contract_row_by_row() -> None:
    written = list(contract())
    coded = {
        (kind.value, status.value if status else None, action.value): target.value
        for (kind, status, action), target in TRANSITIONS.items()
    }
    assert len(written) == len(dict(written)), "a row stands twice in the contract"
    assert coded == dict(written)


def test_the_contract_that_ships_is_the_one_of_the_design() -> None:
    if not DESIGN.exists():
        pytest.skip("the design is not beside this repository")
    assert CONTRACT.read_text(encoding="utf-8") == DESIGN.read_text(encoding="utf-8")


LACKING = [
    (kind, status, action)
    for kind, status, action in product(Kind, Status, Action)
    if (kind, status, action) not in TRANSITIONS
]


def test_every_step_that_the_table_lacks_is_refused_with_what_is_allowed(
    example_catalog: Catalog,
) -> None:
    staff = Actor("staff-1", Role.STAFF, "洛桑罗布", "desk", "m-001")
    around = Circumstances(now=MONDAY, actor=staff, catalog=example_catalog)
    assert len(LACKING) == 3 * 13 * 33 - (len(TRANSITIONS) - 3)  # without placing, from nothing
    for kind, status, action in LACKING:
        state = OrderState(
            number="A-2026-0001",
            kind=kind,
            status=status,
            version=1,
            round=1,
            urgency=Urgency.NORMAL,
            placed_at=MONDAY,
        )
        with pytest.raises(NotAllowed) as caught:
            decide(state, INPUTS[action].model_construct(), around)
        sentence = str(caught.value)
        assert f"现在是“{status.label}”，不能“{action.label}”" in sentence, sentence
        allowed = allowed_actions(kind, status)
        for other in allowed:
            assert f"{other.label}（{other.value}）" in sentence, sentence
        if not allowed:
            assert "无（订单已结束）" in sentence, sentence


@pytest.mark.parametrize("kind", Kind)
def test_every_open_order_has_a_way_out(kind: Kind) -> None:
    """From every open status that can be reached some action leads elsewhere, and at last to an end."""
    steps = {
        (status, target)
        for (each, status, _action), target in TRANSITIONS.items()
        if each is kind and status is not None and target not in (BEFORE, status)
    }
    reached = {Status.PLACED}
    while more := {target for status, target in steps if status in reached} - reached:
        reached |= more  # type: ignore[arg-type]
    ending = set(Status) - OPEN
    while more := {status for status, target in steps if target in ending} - ending:
        ending |= more  # type: ignore[arg-type]
    assert reached >= OPEN - ({Status.FUNDING} if kind is not Kind.BIG_WISH else set())
    assert reached <= ending


def test_nothing_leads_out_of_a_final_status_but_reopening() -> None:
    after_the_end = {
        (status, action) for _kind, status, action in TRANSITIONS if status not in (*OPEN, None)
    }
    assert after_the_end == {
        (Status.CLOSED, Action.REOPEN),
        (Status.CLOSED, Action.MOVE_MONEY),
    }


# --- complete lists -----------------------------------------------------------------------------


def test_every_action_has_an_input_a_label_and_words_for_its_fields() -> None:
    assert set(INPUTS) == set(Action)
    assert all(action.label.strip() for action in Action)
    assert len({action.label for action in Action}) == len(Action)  # forms find it by its label
    typed = {name for model in INPUTS.values() for name in model.model_fields}
    assert typed <= set(FIELD_WORDS)


def test_every_action_that_carries_an_order_on_says_what_it_changes() -> None:
    assert set(EFFECTS) <= set(Action) - {Action.PLACE}
    assert all(model.__base__ is ActionInput for model in INPUTS.values())


def test_the_law_changes_exactly_the_law_s_columns_of_an_order() -> None:
    columns = set(Order.model_fields)
    assert set(COLUMNS) == columns - NOT_LAW
    assert columns >= NOT_LAW


def test_every_kind_has_a_prefix_and_every_open_status_says_what_it_waits_for() -> None:
    assert set(PREFIXES) == set(Kind)
    assert len(set(PREFIXES.values())) == len(Kind)
    assert set(WAITING_FOR) == OPEN


def test_every_category_of_the_example_has_a_handler_and_a_service_level_in_every_grid(
    example_catalog: Catalog,
) -> None:
    assert OTHER in example_catalog.categories
    for category in example_catalog.categories.values():
        assert category.service_level in example_catalog.service_levels
        for grid in (None, *example_catalog.grids):
            for handler in example_catalog.default_handlers(category.id, grid):
                assert example_catalog.handlers[handler].phone, (category.id, grid, handler)


# --- size ---------------------------------------------------------------------------------------


def our_files() -> list[Path]:
    return [
        path
        for floor in ("flows", "tasks", "config")
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "migrations" not in path.parts  # written by Alembic
    ]


def test_no_function_is_longer_than_a_page() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in our_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_LINES_OF_A_FUNCTION
    ]
    assert too_long == []


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in our_files()}
    assert [path for path, lines in lengths.items() if lines > MOST_LINES_OF_A_FILE] == []


# --- the database ---------------------------------------------------------------------------------


def _alembic(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "tasks" / "migrations"))
    config.attributes["connection"] = connection
    return config


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, SQLModel.metadata))


def test_the_migrations_make_the_tables_that_the_code_reads(empty_database: str) -> None:
    with engine_for(empty_database).begin() as connection:
        command.upgrade(_alembic(connection), "head")
        assert _differences(connection) == []


def test_the_migrations_go_down_to_nothing_and_up_again(empty_database: str) -> None:
    with engine_for(empty_database).begin() as connection:
        command.upgrade(_alembic(connection), "head")
        command.downgrade(_alembic(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]
        command.upgrade(_alembic(connection), "head")
        assert _differences(connection) == []
