"""A real installation: `diandan up` with Prefect's server, the worker and the runs' own processes. It may be killed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from coverage import Coverage
from prefect.client.orchestration import PrefectClient
from prefect.settings import PREFECT_API_URL, temporary_settings

from config.settings import ROOT
from flows.asking import connect
from flows.boards import rewrite_boards
from flows.news import spread_news
from flows.runs import reconcile, refresh
from flows.stuck import free_stuck_runs
from tasks.desk import look_at
from tasks.intake import place_order
from tasks.models.enums import Action
from tasks.orders import act
from tasks.requests import request_for
from tasks.views import order_json
from tasks.wakes import run_of

DIANDAN = str(Path(sys.executable).with_name("diandan"))
PYPROJECT = ROOT / "pyproject.toml"
STARTED = "按 Ctrl-C 停止"
PATIENCE = 90.0  # seconds; other work may keep the machine busy
LIVE = ["SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING"]


def until(is_true: Callable[[], Any], *, every: float = 0.1, patience: float = PATIENCE) -> Any:
    """Waits until something is true, and gives it."""
    deadline = time.monotonic() + patience
    while not (found := is_true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launcher() -> list[str]:
    """The command `diandan`, measured when we are."""
    if Coverage.current() is None:
        return [DIANDAN]
    return [sys.executable, "-m", "coverage", "run", "--rcfile", str(PYPROJECT), DIANDAN]


class PatientTransport(httpx.HTTPTransport):
    """Repeats what a busy SQLite answered with 503, nothing done: so does Prefect's own client."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        response = super().handle_request(request)
        while response.status_code == 503 and time.monotonic() < deadline:
            response.close()
            time.sleep(0.1)
            response = super().handle_request(request)
        return response


class Installation:
    """`diandan up` in a home of its own, its processes, and its Prefect through the API."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home, self.port = home, free_port()
        self.database = settings.get("DIANDAN_DATABASE") or f"sqlite:///{home / 'diandan.db'}"
        given = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DIANDAN_", "PREFECT_"))
        }
        ours = {"DIANDAN_HOME": str(home), "DIANDAN_PORT": str(self.port)}
        self.environment = {**given, **ours, "DIANDAN_STUCK_AFTER": "10", **settings}
        self.api = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/api",
            timeout=PATIENCE,
            transport=PatientTransport(),
        )
        self.launcher: subprocess.Popen[bytes] | None = None

    # --- its processes ------------------------------------------------------------------------

    def start(self) -> None:
        """Starts it, and waits until it says that all is ready."""
        self.home.mkdir(parents=True, exist_ok=True)
        said = self.home / "said.txt"
        with said.open("wb") as out:
            self.launcher = subprocess.Popen(
                [*launcher(), "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        ended = self.launcher.poll
        until(lambda: STARTED in said.read_text("utf-8") or ended() is not None, patience=180)
        assert ended() is None, said.read_text("utf-8")

    def stop(self) -> int:
        """Ctrl-C; gives the exit code."""
        assert self.launcher is not None
        self.launcher.send_signal(signal.SIGINT)
        try:
            return self.launcher.wait(PATIENCE)
        finally:
            self.launcher = None

    def processes(self) -> dict[int, str]:
        """Every process of this installation that runs: id → command line."""
        found = {}
        mine = f"DIANDAN_HOME={self.home}\0".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mine in (folder / "environ").read_bytes():
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(folder.name)] = command
        return {process: command for process, command in found.items() if command}

    def workers(self) -> list[int]:
        return [id for id, command in self.processes().items() if "flows.child worker" in command]

    def carriers(self) -> list[int]:
        """The processes that carry a run."""
        known = ("flows.child", "diandan")
        return [
            id
            for id, command in self.processes().items()
            if not any(words in command.replace(str(ROOT), "") for words in known)
            and "resource_tracker" not in command
        ]

    @contextmanager
    def nobody_working(self) -> Iterator[None]:
        """Workers are frozen meanwhile, so that what is stored is not yet applied."""
        workers = self.workers()
        signal_all(workers, signal.SIGSTOP)
        try:
            yield
        finally:
            signal_all(workers, signal.SIGCONT)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command typed in another terminal."""
        return subprocess.run(
            [DIANDAN, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def typed(self, *arguments: str) -> Any:
        """What a command answers, which has to go well and complain of nothing."""
        done = self.command(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    # --- Prefect --------------------------------------------------------------------------------

    def run(self, run: str) -> dict[str, Any] | None:
        """A run, None when there is none."""
        response = self.api.get(f"/flow_runs/{run}")
        return dict(response.json()) if response.status_code == 200 else None

    def state(self, run: str) -> str:
        """The type of a run's state, "" when there is no such run."""
        found = self.run(run)
        return str(found["state"]["type"]) if found else ""

    def runs(self, states: list[str], **filters: Any) -> list[dict[str, Any]]:
        """All runs in one of the states."""
        wanted = {"flow_runs": {"state": {"type": {"any_": states}}}, **filters}
        found: list[dict[str, Any]] = []
        while len(found) % 200 == 0:
            page = self.api.post("/flow_runs/filter", json={**wanted, "offset": len(found)}).json()
            if not page:
                break
            found += page
        return found

    def order_runs(self, states: list[str]) -> list[dict[str, Any]]:
        """The runs that carry orders, in one of the states."""
        return self.runs(states, flows={"name": {"any_": ["order"]}})

    def live_runs(self, number: str) -> list[dict[str, Any]]:
        return [run for run in self.order_runs(LIVE) if run["parameters"]["number"] == number]

    def form(self, run: str) -> dict[str, Any]:
        """The form that a run waits with: its schema, and its "description"."""
        found = self.run(run)
        assert found is not None
        base = f"/flow_runs/{run}/input/suspended-{found['state']['state_details']['pause_key']}"
        shown = {}
        for part in ("schema", "description"):
            response = self.api.get(f"{base}-{part}")
            assert response.status_code == 200, (found["name"], base, response.text)
            shown[part] = response.json()
        return {**shown["schema"], "description": shown["description"]}

    def answer(self, run: str, **values: Any) -> None:
        """Fills in the form of a run as the browser does; the server has to take it."""
        response = self.api.post(f"/flow_runs/{run}/resume", json={"run_input": values})
        assert response.status_code < 300, response.text
        assert response.json()["status"] == "ACCEPT", response.text

    def set_state(self, run: str, *, force: bool = True, **state: Any) -> None:
        body = {"state": state, "force": force}
        self.api.post(f"/flow_runs/{run}/set_state", json=body).raise_for_status()

    def wake(self, run: str) -> None:
        """Lets a run start again without an answer."""
        self.set_state(run, type="SCHEDULED", name="Resuming")

    def begin(self, deployment: str, **parameters: Any) -> str:
        """A run of a deployment, started by a person; gives its id."""
        id = self.api.get(f"/deployments/name/{deployment}").json()["id"]
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        created = self.api.post(f"/deployments/{id}/create_flow_run", json=body)
        created.raise_for_status()
        return str(created.json()["id"])

    def board(self, key: str) -> str:
        """What a list says."""
        wanted = {"artifacts": {"key": {"any_": [key]}}, "sort": "UPDATED_DESC"}
        return str(self.api.post("/artifacts/filter", json=wanted).json()[0]["data"])

    # --- orders ---------------------------------------------------------------------------------

    def place(self, *steps: tuple[str, Mapping[str, Any]], show: bool = True, **typed: Any) -> str:
        """Places an order in this process, takes the steps, and lets its run show what comes next."""
        values = {"kind": "appeal", "words": "三号院门口的路灯不亮", "grid": "grid-3", **typed}
        number = place_order(request_for(Action.PLACE, values), "staff-1")
        for action, given in steps:
            act(number, [request_for(Action(action), given)], "staff-1")
        if show:
            self.show(number)
        return number

    def show(self, number: str) -> None:
        """What everybody does who has changed an order."""

        async def work(client: PrefectClient) -> None:
            await refresh(client, number)
            await spread_news(client)

        with_client(work)

    def deeds(self, number: str) -> list[tuple[str, str]]:
        """What was done to the order, and by whom."""
        return [(row["action"], row["actor"]) for row in order_json(number)["history"]]

    def stands(self, number: str) -> tuple[str, int]:
        """The order's status and version."""
        order = order_json(number)
        return order["status"], order["version"]

    def waiting(self, number: str) -> str:
        """The order's only live run, once it waits with the form of the order as it stands."""
        return str(until(lambda: self.is_waiting(number)))

    def is_waiting(self, number: str) -> str | None:
        """The order's only live run, None unless it waits with the form of the order as it stands."""
        runs = self.live_runs(number)
        if len(runs) != 1 or runs[0]["id"] != run_of(number).run_id:
            return None
        state, key = runs[0]["state"], look_at(number).key
        waits = state["type"] == "PAUSED" and state["state_details"]["pause_key"] == key
        return str(runs[0]["id"]) if waits else None


def signal_all(processes: list[int], how: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, how)


def with_client(work: Callable[..., Any]) -> Any:
    """Does async work with a client of the installation that this test has moved into."""

    async def do() -> Any:
        async with connect() as client:
            return await work(client)

    return asyncio.run(do())


@pytest.fixture
def kill() -> Callable[[list[int]], None]:
    """Ends processes without a word."""
    return lambda processes: signal_all(processes, signal.SIGKILL)


@pytest.fixture
def wait() -> Callable[..., Any]:
    """See `until`."""
    return until


@pytest.fixture
def ask_prefect() -> Callable[..., Any]:
    """See `with_client`."""
    return with_client


@pytest.fixture
def agree() -> Callable[[], dict[str, int]]:
    """What the sweep does every ten minutes, now."""

    async def work(client: PrefectClient) -> dict[str, int]:
        await free_stuck_runs(client)
        counts = await reconcile(client)
        await rewrite_boards(client)
        return counts

    return lambda: dict(with_client(work))


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all who leave it whole."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("processes are found through /proc, which this system does not have")
    ours = Installation(tmp_path_factory.mktemp("faults") / "home")
    try:
        ours.start()
        yield ours
    finally:
        if ours.launcher is not None:
            ours.stop()


@pytest.fixture
def move_in_to(settle: Callable[..., Any]) -> Callable[[Installation], Any]:
    """This process works on an installation's database and with its Prefect; use it as a `with`."""

    @contextmanager
    def move(ours: Installation) -> Iterator[Installation]:
        settle(home=ours.home, port=ours.port, database=ours.database)
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{ours.port}/api"}):
            yield ours

    return move


@pytest.fixture
def up(
    installation: Installation,
    move_in_to: Callable[[Installation], AbstractContextManager[Installation]],
) -> Iterator[Installation]:
    """The shared installation, which runs (again, if the last test could not start it)."""
    if installation.launcher is None:
        installation.start()
    with move_in_to(installation) as ours:
        yield ours


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Installations of a test's own, not started yet; stopped afterwards."""
    made: list[Installation] = []

    def make(**settings: str) -> Installation:
        made.append(Installation(tmp_path / f"home-{len(made)}", **settings))
        return made[-1]

    yield make
    for ours in made:
        if ours.launcher is not None:
            ours.stop()
        shutil.rmtree(ours.home, ignore_errors=True)
