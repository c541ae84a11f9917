"""Runs of a real Prefect server and worker: making them, and from an answer to the next form."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from measure import Figure

from config.settings import ROOT, Settings
from tasks.house import move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Purpose
from tasks.requests import request_for
from tasks.wakes import run_of

MADE, ANSWERED = 40, 20
STARTED, PATIENCE = "按 Ctrl-C 停止", 120


def figures(folder: Path) -> Iterator[Figure]:
    """Starts an installation of its own, and stops it."""
    port = _free_port()
    os.environ.update(
        DIANDAN_HOME=str(folder / "home"),
        DIANDAN_DATABASE=f"sqlite:///{folder / 'runs.db'}",
        DIANDAN_PORT=str(port),
        PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
        PREFECT_LOGGING_LEVEL="ERROR",
    )
    house = move_in(Settings())
    migrate(house.database, house.catalog, Purpose.TEST)
    with _running(folder):
        yield from asyncio.run(_measured())


async def _measured() -> list[Figure]:
    from bare_flow import two_forms
    from prefect.client.orchestration import get_client
    from prefect.types.entrypoint import EntrypointType

    deployment = await two_forms.ato_deployment(
        "bare", work_pool_name="diandan", entrypoint_type=EntrypointType.MODULE_PATH
    )
    bare = await deployment.aapply()
    async with get_client() as client:
        made = await _making(client, bare)
        ours, floor = [], []
        for _ in range(ANSWERED):  # in turns, so that neither has the better minutes
            floor.append(await _bare_answer(client, bare))
            ours.append(await _our_answer(client))
    next_form = Figure(
        "from an answer to the next form",
        "ms",
        statistics.median(ours),
        statistics.median(floor),
        "a bare Prefect flow that suspends with a form of one field",
        at_most=1.15,
    )
    return [made, next_form]


async def _making(client: Any, bare: Any) -> Figure:
    from bare_flow import Form

    from flows.asking import connect, keyset_of, suspended
    from flows.runs import start_runs

    ours, floor = [], []
    async with connect() as shared:
        for n in range(MADE):  # in turns: the server still writes events of the last one
            number = _place(f"第 {n} 号院的水龙头滴水")
            began = time.perf_counter()
            await start_runs(shared, [number])
            between = time.perf_counter()
            run = await shared.create_flow_run_from_deployment(bare, state=suspended("first"))
            await Form.asave(keyset_of("first"), run.id)
            ours.append((between - began) * 1000)
            floor.append((time.perf_counter() - between) * 1000)
    return Figure(
        "making the run of an order, already suspended",
        "ms",
        statistics.median(ours),
        statistics.median(floor),
        "the same two requests to Prefect for a form of one field",
    )


async def _our_answer(client: Any) -> float:
    from flows.runs import start_run

    number = _place("三号巷口的路灯坏了")
    await start_run(client, number)
    return await _answered(client, run_of(number).run_id, {"who": "洛桑罗布"}, "v3-w0")


async def _bare_answer(client: Any, bare: Any) -> float:
    run = await client.create_flow_run_from_deployment(bare)
    await _wait_for_key(client, run.id, "first")
    return await _answered(client, run.id, {"who": "洛桑罗布"}, "second")


async def _answered(client: Any, run: Any, answer: dict[str, str], key: str) -> float:
    await asyncio.sleep(random.random())  # the worker looks once a second: not always at one moment
    began = time.perf_counter()
    await client.resume_flow_run(run, run_input=answer)
    await _wait_for_key(client, run, key)
    return (time.perf_counter() - began) * 1000


async def _wait_for_key(client: Any, run: Any, key: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        state = (await client.read_flow_run(run)).state
        if state.is_paused() and state.state_details.pause_key == key:
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(key)


def _place(words: str) -> str:
    values = {"kind": "appeal", "words": words, "grid": "grid-3"}
    return place_order(request_for(Action.PLACE, values), "staff-1")  # type: ignore[arg-type]


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    """`diandan up` in a process of its own, whose worker finds the bare flow too."""
    said = folder / "said.txt"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONUNBUFFERED": "1"}
    del environment["PREFECT_API_URL"]  # it starts a server of its own
    with said.open("wb") as out:
        up = subprocess.Popen(
            [str(Path(sys.executable).with_name("diandan")), "up"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while STARTED not in said.read_text(encoding="utf-8"):
            if up.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(said.read_text(encoding="utf-8"))
            time.sleep(0.2)
        yield
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(PATIENCE)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":  # Prefect reads its settings once, so in a process of its own
    print(json.dumps([vars(figure) for figure in figures(Path(sys.argv[1]))]))
