"""The upper floor in one process: a Prefect that is only a memory, and the command line without a shell."""

from __future__ import annotations

import asyncio
import inspect
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import (
    Artifact,
    FlowRun,
    FlowRunInput,
    State,
    StateType,
)
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, Pause
from prefect.input.run_input import RunInput
from pydantic import BaseModel

import flows.actions
import flows.asking
import flows.broadcast
import flows.chat
import flows.finding
import flows.importing
import flows.intake
import flows.meeting
import flows.nightly
import flows.one_form
import flows.order
import flows.runs
import flows.sweeps
import flows.told
import flows.weekly
import tasks.house
from config.catalog import Catalog, load_catalog
from config.settings import Settings
from flows.asking import keyset_of, suspended
from flows.cli import main
from flows.running import say_running
from flows.serve import entries
from tasks.db import engine_for
from tasks.errors import BadDatabase
from tasks.house import House
from tasks.wakes import installation_key, run_of

EXAMPLE_WHO = "洛桑罗布"  # staff-1 of the example community


@pytest.fixture(autouse=True)
def _it_is_monday(monday: datetime) -> datetime:
    """Whatever year it is, here it is 10:00 on a Monday in September 2026."""
    return monday


# --- Prefect, remembered --------------------------------------------------------------------------


class FakePrefect:
    """A client of a Prefect that keeps everything in dictionaries, and refuses what the real one does.

    `runs`, `inputs` (by run and key), `artifacts` and `deployments` are what it would have stored;
    `log` is what was said in the runs.
    """

    def __init__(self) -> None:
        self.deployments = {
            f"{entry.flow.name}/{entry.name}": SimpleNamespace(
                id=uuid4(), flow=entry.flow.name, version=installation_key()
            )
            for entry in entries()
        }
        self.runs: dict[UUID, FlowRun] = {}
        self.inputs: dict[tuple[UUID, str], str] = {}
        self.artifacts: dict[str, Artifact] = {}
        self.keys: dict[str, UUID] = {}  # idempotency key → the run that it made
        self.answer_meanwhile: dict[str, Any] | None = None  # typed while the run still suspends
        self.broken: set[UUID] = set()  # runs that cannot be read
        self.here: UUID | None = None
        self.log: list[str] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Any]:
        """What Prefect's context of a client would be."""
        yield SimpleNamespace(client=self)

    # --- what the project asks of a client

    async def read_deployment_by_name(self, name: str) -> Any:
        return self.deployments[name]

    async def create_flow_run_from_deployment(
        self,
        deployment_id: UUID,
        *,
        parameters: dict[str, Any] | None = None,
        name: str = "",
        tags: list[str] | None = None,
        state: State[Any] | None = None,
        idempotency_key: str | None = None,
    ) -> FlowRun:
        if idempotency_key in self.keys:
            return self.runs[self.keys[idempotency_key]]
        run = FlowRun(
            id=uuid4(),
            flow_id=uuid4(),
            deployment_id=deployment_id,
            parameters=parameters or {},
            name=name,
            tags=tags or [],
            state=state or State(type=StateType.SCHEDULED),
            idempotency_key=idempotency_key,
            created=datetime.now(UTC),
        )
        self.runs[run.id] = run
        if idempotency_key is not None:
            self.keys[idempotency_key] = run.id
        return run

    async def read_flow_run(self, run_id: UUID) -> FlowRun:
        if run_id in self.broken:
            raise RuntimeError("the server has a bad day")
        if run_id not in self.runs:
            raise ObjectNotFound(KeyError(run_id))
        return self.runs[run_id]

    async def set_flow_run_state(self, run_id: UUID, state: State[Any], *, force: bool) -> None:
        assert force, "Prefect's own rules let only a working run suspend or go on"
        self.runs[run_id].state = state

    async def update_flow_run(self, run_id: UUID, *, name: str, tags: Any = None) -> None:
        self.runs[run_id].name = name
        if tags is not None:
            self.runs[run_id].tags = tags

    async def delete_flow_run(self, run_id: UUID) -> None:
        del self.runs[run_id]

    async def read_flow_runs(
        self,
        *,
        flow_filter: Any = None,
        flow_run_filter: Any = None,
        deployment_filter: Any = None,
        work_pool_filter: Any = None,
        limit: int = 200,
        offset: int = 0,
    ) -> list[FlowRun]:
        assert limit <= 200, "Prefect gives no more at once"
        assert work_pool_filter is None or work_pool_filter.name.any_ == ["diandan"]
        flows = {one.id: one.flow for one in self.deployments.values()}
        found = [
            run
            for run in self.runs.values()
            if (deployment_filter is None or run.deployment_id in deployment_filter.id.any_)
            and (flow_filter is None or flows[run.deployment_id] in flow_filter.name.any_)
            and (flow_run_filter is None or _fits(run, flow_run_filter))
        ]
        return found[offset : offset + limit]

    async def read_flow_run_input(self, run_id: UUID, key: str) -> bytes:
        if (run_id, key) not in self.inputs:
            raise ObjectNotFound(KeyError(key))
        return self.inputs[run_id, key].encode()

    async def filter_flow_run_input(
        self, run_id: UUID, *, key_prefix: str, limit: int, exclude_keys: set[str]
    ) -> list[FlowRunInput]:
        found = [
            FlowRunInput(flow_run_id=run, key=key, value=value)
            for (run, key), value in self.inputs.items()
            if run == run_id and key.startswith(key_prefix) and key not in exclude_keys
        ]
        return found[:limit]

    async def delete_flow_run_input(self, run_id: UUID, key: str) -> None:
        if self.inputs.pop((run_id, key), None) is None:
            raise ObjectNotFound(KeyError(key))

    async def read_artifacts(
        self, *, artifact_filter: Any, sort: Any = None, limit: int = 200
    ) -> list[Artifact]:
        if artifact_filter.flow_run_id is not None:
            runs = artifact_filter.flow_run_id.any_
            return [one for one in self.artifacts.values() if one.flow_run_id in runs]
        wanted = artifact_filter.key.any_
        return [one for key, one in self.artifacts.items() if key in wanted][:limit]

    async def create_artifact(self, artifact: Any) -> Artifact:
        of_a_run = artifact.flow_run_id is not None  # each has its own version
        assert of_a_run or artifact.key not in self.artifacts, "the list stands there twice"
        names = {"key", "type", "description", "data", "flow_run_id"}
        made = Artifact(id=uuid4(), **artifact.model_dump(include=names))
        self.artifacts[artifact.key or str(made.id)] = made
        return made

    async def delete_artifact(self, artifact_id: UUID) -> None:
        (key,) = (key for key, one in self.artifacts.items() if one.id == artifact_id)
        del self.artifacts[key]

    async def update_artifact(self, artifact_id: UUID, artifact: Any) -> None:
        (key,) = (key for key, one in self.artifacts.items() if one.id == artifact_id)
        self.artifacts[key].data = artifact.data

    # --- what a flow asks of its own run

    async def save_input(self, key: str, value: Any, flow_run_id: UUID) -> None:
        if (flow_run_id, key) in self.inputs:
            raise ObjectAlreadyExists(KeyError(key))
        self.inputs[flow_run_id, key] = json.dumps(value)

    async def suspend(self, *, wait_for_input: type[RunInput], key: str, timeout: None) -> None:
        assert self.here is not None
        if self.answer_meanwhile is not None:
            self.answer(self.here, key=key, **self.answer_meanwhile)
            self.answer_meanwhile = None
            return
        self.runs[self.here].state = suspended(key)
        raise Pause

    # --- what a person does and sees in the UI

    def start(self, deployment: str, work: Callable[..., Any], *given: Any) -> FlowRun:
        """A person starts a deployment, and its process runs until it waits or ends."""
        typed = inspect.signature(work).bind(*given).arguments
        parameters = {
            name: value.model_dump() if isinstance(value, BaseModel) else value
            for name, value in typed.items()
        }
        run = asyncio.run(
            self.create_flow_run_from_deployment(
                self.deployments[deployment].id, parameters=parameters
            )
        )
        return self.process(run.id, work, *given)

    def process(self, run_id: UUID, work: Callable[..., Any], *given: Any) -> FlowRun:
        """A process takes a run up, until it waits again or ends."""
        self.here, run = run_id, self.runs[run_id]
        run.state = State(type=StateType.RUNNING)
        run.start_time = run.start_time or datetime.now(UTC)
        try:
            asyncio.run(work(*given))
            run.state = State(type=StateType.COMPLETED)
        except Pause:
            assert run.state is not None
            assert run.state.type is StateType.PAUSED
        finally:
            self.here = None
        return run

    def answer(self, run_id: UUID, *, key: str = "", **values: Any) -> str:
        """A person fills the form that the run shows (or showed under `key`), and sends it."""
        key = key or self.key_of(run_id)
        self.inputs[run_id, keyset_of(key)["response"]] = json.dumps(values)
        return key

    def grow_old(self, run_id: UUID, age: timedelta) -> None:
        """A run was made, and came into its state, this long ago."""
        run = self.runs[run_id]
        assert run.state is not None
        run.created = run.state.timestamp = datetime.now(UTC) - age

    def key_of(self, run_id: UUID) -> str:
        """The key that a waiting run asks under."""
        state = self.runs[run_id].state
        assert state is not None
        assert state.type is StateType.PAUSED
        return str(state.state_details.pause_key)

    def form_of(self, run_id: UUID) -> Form:
        """The form that a waiting run shows."""
        keys = keyset_of(self.key_of(run_id))
        schema = json.loads(self.inputs[run_id, keys["schema"]])
        description = self.inputs.get((run_id, keys["description"]), '""')
        return Form(schema["title"], schema["properties"], json.loads(description))


def _fits(run: FlowRun, wanted: Any) -> bool:
    assert run.state is not None
    if wanted.end_time is not None and (
        run.end_time is None or run.end_time > wanted.end_time.before_
    ):
        return False
    if wanted.state is not None and run.state.type not in wanted.state.type.any_:
        return False
    return wanted.tags is None or bool(set(run.tags) & set(wanted.tags.any_))


@dataclass(frozen=True)
class Form:
    """What a person sees: the form's name, its fields, and what stands above them."""

    name: str
    fields: dict[str, dict[str, Any]]
    description: str

    def options(self, name: str) -> list[str]:
        """What a pick list offers."""
        return list(self.fields[name]["enum"])

    @property
    def preselected(self) -> dict[str, Any]:
        """What a person would send who changed nothing."""
        return {name: one["default"] for name, one in self.fields.items() if "default" in one}


@pytest.fixture
def prefect(sqlite_house: House, monkeypatch: pytest.MonkeyPatch) -> FakePrefect:
    """A Prefect with nothing in it, beside a house with nothing in it."""
    fake = FakePrefect()
    monkeypatch.setattr("flows.asking.AsyncClientContext", SimpleNamespace(get_or_create=fake.open))
    monkeypatch.setattr("flows.asking.asuspend_flow_run", fake.suspend)
    monkeypatch.setattr("prefect.input.run_input.acreate_flow_run_input", fake.save_input)
    here = type("Here", (), {"id": property(lambda _self: str(fake.here))})
    monkeypatch.setattr("flows.asking.this_run", here())
    logger = logging.Logger("a run")
    logger.addHandler(_Remembering(fake.log))
    for module in (
        flows.told,
        flows.actions,
        flows.intake,
        flows.chat,
        flows.finding,
        flows.importing,
        flows.sweeps,
        flows.nightly,
        flows.weekly,
        flows.meeting,
        flows.one_form,
        flows.broadcast,
    ):
        monkeypatch.setattr(module, "get_run_logger", lambda: logger)
    monkeypatch.setattr(flows.order, "apply_answer", flows.order.apply_answer.fn)
    monkeypatch.setattr(flows.sweeps, "send_now", flows.sweeps.send_now.fn)
    step = flows.nightly.take.fn
    plain = SimpleNamespace(with_options=lambda name: step)
    monkeypatch.setattr(flows.nightly, "take", plain)
    return fake


class _Remembering(logging.Handler):
    def __init__(self, said: list[str]) -> None:
        super().__init__()
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        self._said.append(record.getMessage())


@pytest.fixture
def wait() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """The value of something asynchronous."""
    return asyncio.run


@dataclass
class Desk:
    """A coordinator in front of the Prefect UI."""

    prefect: FakePrefect
    who: str = EXAMPLE_WHO

    def run(self, number: str) -> FlowRun:
        """The order's run."""
        return self.prefect.runs[self.id(number)]

    def id(self, number: str) -> UUID:
        """The id of the order's run."""
        return UUID(run_of(number).run_id)

    def form(self, number: str) -> Form:
        """The form that the order's run shows."""
        return self.prefect.form_of(self.id(number))

    def fill(self, number: str, **values: Any) -> None:
        """Fills the order's form, changing only what is named, and lets a process take the run up."""
        self.prefect.answer(self.id(number), who=self.who, **values)
        self.carry(number)

    def carry(self, number: str) -> None:
        """A process takes the order's run up."""
        self.prefect.process(self.id(number), flows.order.carry_order.fn, number)


@pytest.fixture
def desk(prefect: FakePrefect) -> Desk:
    """The coordinator 洛桑罗布."""
    return Desk(prefect)


@pytest.fixture
def open_order(
    prefect: FakePrefect, place_at: Callable[..., str], wait: Callable[..., Any]
) -> Callable[..., str]:
    """Carries an appeal to a status and gives it its run, which waits with the form."""

    def open_one(status: str = "placed", **values: Any) -> str:
        number = place_at(status, **values)
        wait(flows.runs.start_run(prefect, number))
        return number

    return open_one


# --- the command line -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        """What it printed as JSON. A command that failed has none."""
        assert (self.code, self.error) == (0, ""), self
        return json.loads(self.out)


Command = Callable[..., Said]


@pytest.fixture(scope="session")
def _read_once(catalogs: dict[Path, Catalog]) -> Callable[[Path], Catalog]:
    def read(folder: Path) -> Catalog:
        if folder not in catalogs:
            catalogs[folder] = load_catalog(folder)
        return catalogs[folder]

    return read


@pytest.fixture
def command(
    settle: Callable[..., House],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    _read_once: Callable[[Path], Catalog],
) -> Iterator[Command]:
    """Runs `diandan …` in this process, on a machine that has a home of its own and nothing in it."""
    monkeypatch.setitem(Settings.model_config, "env_file", None)
    monkeypatch.setattr("tasks.house.load_catalog", _read_once)
    monkeypatch.setenv("DIANDAN_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Said:
        out, error = io.StringIO(), io.StringIO()
        with monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(error):
            patch.setattr(sys, "argv", ["diandan", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        return Said(ended.value.code, out.getvalue(), error.getvalue())

    yield run
    close_house()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Says, as `diandan up` does, that an installation serves the database of the last command."""

    def say() -> None:
        monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
        monkeypatch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
        monkeypatch.setattr("flows.prefect_settings.apply_to_this_process", lambda: None)
        say_running("http://127.0.0.1:9/api")

    return say


def close_house() -> None:
    """Closes the database of the last command's house, if it had one."""
    if tasks.house._house is not None:
        with suppress(BadDatabase):  # a test gave an address that is none
            engine_for(tasks.house.house().database).dispose()
        engine_for.cache_clear()
