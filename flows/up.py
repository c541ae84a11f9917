"""Everything with one command: the database, the server, the deployments, a worker that is restarted when it dies."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from config.settings import Settings
from flows.prefect_settings import api_url, apply_to_this_process, environment, is_our_own_server
from flows.running import say_running
from tasks.errors import PortInUse, ServerFailed, UnsafeHost
from tasks.house import house

SERVER_SECONDS = 120
STOP_SECONDS = 15
LOOK_EVERY = 0.5
FREE_EVERY = 20
RUNS_AT_START = 100  # the most urgent orders' runs are made before anybody looks, the others after


def check_address(settings: Settings) -> None:
    """Refuses to listen beyond this machine without a password, or where somebody listens already."""
    if not _is_loopback(settings.host) and settings.auth_string is None:
        raise UnsafeHost(host=settings.host)
    if not is_our_own_server():
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            raise PortInUse(port=settings.port) from None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run_up() -> None:
    """Runs until Ctrl-C (or SIGTERM), and says where to click once all is ready.

    The database must have been opened. Raises PortInUse, UnsafeHost, ServerFailed.
    """
    check_address(house().settings)
    ours = is_our_own_server()
    apply_to_this_process()
    with _stopping_on_signals(), _server(ours) as server:
        asyncio.run(_prepare(ours))
        with _announced():
            _announce()
            _keep_worker(server)


@contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """Ctrl-C (also where a shell has made us ignore it), SIGTERM and a closed window end in order."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    ends = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    earlier = {name: signal.signal(name, stop) for name in ends}
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for name, handler in earlier.items():
            signal.signal(name, handler)


def _start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A child of its own group (so that the terminal's Ctrl-C reaches us first), its words in a log file.

    Its standard input says that we live.
    """
    folder = house().settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.child", *arguments],
            env={**os.environ, **environment()},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Asks a child to end, and makes it end when it does not; it ends what it has started itself."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _server(ours: bool) -> Iterator[subprocess.Popen[bytes] | None]:
    """Our own Prefect server, unless PREFECT_API_URL names one."""
    if not ours:
        _wait_until_healthy(None)
        yield None
        return
    settings = house().settings
    server = _start(
        "server", "server", "start", "--host", settings.host, "--port", str(settings.port)
    )
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        _stop(server)


def _wait_until_healthy(server: subprocess.Popen[bytes] | None) -> None:
    deadline = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < deadline:
        if server is not None and server.poll() is not None:
            break
        try:
            if httpx.get(f"{api_url()}/health", timeout=2).status_code < 500:
                return
        except httpx.TransportError:
            pass
        time.sleep(LOOK_EVERY)
    raise ServerFailed(log=house().settings.home / "logs" / "server.log")


async def _prepare(ours: bool) -> None:
    """Deployments as they should be, and the orders with their runs, before anybody looks."""
    from flows.asking import connect
    from flows.boards import lay_out_reports, rewrite_boards
    from flows.runs import reconcile
    from flows.serve import RECONCILE_DEPLOYMENT, register_all
    from flows.stuck import free_stuck_runs

    async with connect() as client:
        await register_all(client, take_over=ours)
        await free_stuck_runs(client, all_are_dead=ours)
        counts = await reconcile(client, most_new=RUNS_AT_START)
        await rewrite_boards(client)
        await lay_out_reports(client)
        if counts.get("left"):
            sweep = await client.read_deployment_by_name(RECONCILE_DEPLOYMENT)
            await client.create_flow_run_from_deployment(sweep.id, name="核对")


async def _free_stuck() -> None:
    """In the launcher, not in the pool: a pool that is full of the dead starts nothing."""
    from flows.asking import connect
    from flows.stuck import free_stuck_runs

    with suppress(httpx.HTTPError):  # the server is busy; the next look will do
        async with connect() as client:
            await free_stuck_runs(client)


def _announce() -> None:
    from flows.announcing import announce  # imports Prefect, which reads its settings only once

    announce()


@contextmanager
def _announced() -> Iterator[None]:
    """Lets commands on this machine find the server that serves this database."""
    say_running(api_url())
    try:
        yield
    finally:
        say_running(None)


def _keep_worker(server: subprocess.Popen[bytes] | None) -> None:
    """A worker without --limit (with it, a quick answer kills it), and another one whenever it dies."""
    worker, looked = _start_worker(), time.monotonic()
    try:
        while True:
            time.sleep(LOOK_EVERY)
            if time.monotonic() - looked > FREE_EVERY:
                asyncio.run(_free_stuck())
                looked = time.monotonic()
            if server is not None and server.poll() is not None:
                raise ServerFailed(log=house().settings.home / "logs" / "server.log")
            if worker.poll() is not None:
                worker = _start_worker()
    finally:
        _stop(worker)


def _start_worker() -> subprocess.Popen[bytes]:
    return _start("worker", "worker", "start", "--pool", house().settings.pool, "--type", "process")
