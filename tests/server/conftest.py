"""A real installation: Prefect's server, a worker, the launcher that keeps it alive; driven over its own API."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

DIANDAN = str(Path(sys.executable).with_name("diandan"))
STARTED = "按 Ctrl-C 停止"
PATIENCE = 180.0
PARTS = ("schema", "description")


def until(true: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Waits for something to become true, and gives it. The message is what it was last."""
    ends = time.monotonic() + patience
    while time.monotonic() < ends:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


class Installation:
    """`diandan up` in a home of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DIANDAN_", "PREFECT_"))}
        self.environment = {
            **kept,
            "DIANDAN_HOME": str(home),
            "DIANDAN_PORT": str(self.port),
            "DIANDAN_STUCK_AFTER": "40",
            **settings,
        }
        # on SQLite a request waits for its turn, 33 s at the worst that was measured
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api", timeout=90)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        said = self.home / "said.txt"
        self.home.mkdir(exist_ok=True)
        with said.open("wb") as out:
            self.process = subprocess.Popen(
                [DIANDAN, "up"],
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        running = self.process
        until(lambda: STARTED in said.read_text() or running.poll() is not None)
        assert running.poll() is None, said.read_text()

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0

    # --- the command line -------------------------------------------------------------------------

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DIANDAN, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    def json(self, *arguments: str) -> Any:
        done = self.cli(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def place(self, kind: str = "appeal", words: str = "三号巷口的路灯坏了") -> str:
        more = ("--grid", "grid-3", "--resident", "王阿姨", "--phone", "0893-0000101")
        placed = self.json("place", "--kind", kind, "--words", words, *more)
        return str(placed["number"])

    def act(self, number: str, action: str, *arguments: str, by: str = "staff-1") -> None:
        self.json("act", number, action, "--by", by, *arguments)

    def order(self, number: str) -> dict[str, Any]:
        return dict(self.json("order", number, "--json"))

    def deeds(self, number: str) -> list[tuple[str, str]]:
        return [(row["action"], row["actor"]) for row in self.order(number)["history"]]

    # --- Prefect ----------------------------------------------------------------------------------

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.post("/flow_runs/filter", json=filters).json()
        return found

    def runs_of(self, number: str) -> list[dict[str, Any]]:
        """The live runs that carry an order."""
        live = {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING", "PAUSED"]}}}
        runs = self.runs(flow_runs=live, flows={"name": {"any_": ["order"]}})
        return [run for run in runs if run["parameters"]["number"] == number]

    def key(self, run: str) -> str | None:
        """The key of the form that a run waits with, None while it works."""
        state = self.api.get(f"/flow_runs/{run}").json()["state"]
        return state["state_details"]["pause_key"] if state["type"] == "PAUSED" else None

    def waiting(self, number: str, not_key: str | None = None) -> str:
        """The order's only live run, once it waits (with another form than `not_key`)."""

        def found() -> str | None:
            runs = self.runs_of(number)
            if len(runs) != 1:
                return None
            key = self.key(runs[0]["id"])
            return runs[0]["id"] if key is not None and key != not_key else None

        return str(until(found))

    def form(self, run: str) -> tuple[str, str]:
        """The name and the description of the form that a run waits with."""
        key = self.key(run)
        inputs = f"/flow_runs/{run}/input/suspended-{key}"
        schema, description = (self.api.get(f"{inputs}-{part}").json() for part in PARTS)
        return str(schema["title"]), str(description)

    def answer(self, run: str, **values: Any) -> dict[str, Any]:
        """Resumes a run with a filled form; asks again when the server says that it is busy (503)."""
        path, body = f"/flow_runs/{run}/resume", {"run_input": values}
        done = until(lambda: (said := self.api.post(path, json=body)).status_code != 503 and said)
        assert done.status_code < 300, done.text
        return dict(done.json())

    def set_state(self, run: str, type: str, name: str | None = None) -> None:
        state = {"type": type, "name": name}
        self.api.post(f"/flow_runs/{run}/set_state", json={"state": state, "force": True})

    def wake(self, run: str) -> None:
        self.set_state(run, "SCHEDULED", "Resuming")

    def children(self, *words: str) -> list[int]:
        """The processes of this installation whose command line has all of the words."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                ours = str(self.home).encode() in (folder / "environ").read_bytes()
            except OSError:
                continue
            if ours and all(word in command for word in words):
                found.append(int(folder.name))
        return found

    def workers(self) -> list[int]:
        return self.children("prefect", "worker", "start")

    def engines(self) -> list[int]:
        """The processes that carry a run."""
        return self.children("prefect", "flow-run", "execute") or self.children("prefect.engine")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all who do not harm it for others."""
    if not Path("/proc/self/environ").exists():
        pytest.skip("processes are found through /proc, which this system does not have")
    installation = Installation(tmp_path_factory.mktemp("server") / "home")
    installation.start()
    yield installation
    installation.stop()
    assert not installation.children("prefect"), "something of ours still runs after the stop"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Installation]]:
    """Installations of a test's own, not started yet; stopped afterwards."""
    made: list[Installation] = []

    def make(**settings: str) -> Installation:
        made.append(Installation(tmp_path / f"home-{len(made)}", **settings))
        return made[-1]

    yield make
    for installation in made:
        if installation.process is not None and installation.process.poll() is None:
            installation.stop()
