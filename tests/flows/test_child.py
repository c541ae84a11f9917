"""Prefect's own processes: they go on where Prefect alone would stand still or end."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.exceptions import Pause
from prefect.workers import base
from prefect.workers.base import BaseWorker

from config.settings import ROOT
from flows.child import outlive_pauses

PREFECT = """
import threading

freed_in = []
is_freed = threading.Event()

class Cursor:
    def __del__(self):
        freed_in.append(threading.current_thread() is threading.main_thread())
        is_freed.set()

def leave_garbage():
    cursor = Cursor()
    cursor.itself = cursor

leave_garbage()
while not is_freed.is_set():
    kept = [[number] for number in range(100_000)]  # as a busy event loop does
    is_freed.wait(0.01)
print("in the main thread" if freed_in[0] else "beside it")
"""


def test_garbage_is_never_freed_in_the_thread_of_the_event_loop(tmp_path: Path) -> None:
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "__init__.py").touch()
    (tmp_path / "prefect" / "__main__.py").write_text(PREFECT, encoding="utf-8")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    child = subprocess.Popen(
        [sys.executable, "-m", "flows.child"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "beside it\n"
    finally:
        child.kill()
        child.communicate()


def test_a_worker_outlives_a_run_that_is_suspended_while_it_takes_it_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def suspended(*_given: Any, **_how: Any) -> None:
        raise Pause("This run cannot transition to PENDING from PAUSED")

    worker: Any = SimpleNamespace(
        client=None, get_flow_run_logger=lambda _run: logging.getLogger("test")
    )
    run: Any = SimpleNamespace(id="a run")
    monkeypatch.setattr(base, "propose_state", suspended)
    monkeypatch.setattr(
        BaseWorker, "_propose_submitting_state", BaseWorker._propose_submitting_state
    )
    with pytest.raises(Pause):
        asyncio.run(BaseWorker._propose_submitting_state(worker, run))
    outlive_pauses()
    asyncio.run(BaseWorker._propose_submitting_state(worker, run))
