"""Prefect's command line as a child of ours: `python -m flows.child worker start …`.

It ends when its parent does, however that ended: nothing but the parent's end closes the standard
input that they share.
"""

from __future__ import annotations

import gc
import os
import runpy
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from config.settings import Settings
from tasks.scrubbing import hide_secrets

END_SECONDS = 20
YOUNG_SECONDS, ALL_SECONDS = 0.5, 30.0  # between two collections of garbage


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(END_SECONDS)
    os._exit(1)


def _collect_garbage() -> None:
    """Collects garbage in a thread of its own, and never in that of Prefect's event loop.

    What is collected may be a cursor of SQLite. Freeing it waits for its connection; while that waits
    for somebody else's transaction, which only the event loop can end, the whole server stood still
    for a minute: docs/decisions/0011.
    """
    gc.disable()
    collected = time.monotonic()
    while True:
        time.sleep(YOUNG_SECONDS)
        if time.monotonic() - collected < ALL_SECONDS:
            gc.collect(1)
        else:
            gc.collect()
            collected = time.monotonic()


def outlive_pauses() -> None:
    """A worker that has just taken up a run which its last process then suspends goes on.

    Prefect 3.8.8 raises Pause there, which nothing catches, and the worker ends. Caught, the run's new
    process sees that it is suspended and ends by itself.
    """
    from prefect.exceptions import Pause
    from prefect.workers.base import BaseWorker

    propose: Any = BaseWorker._propose_submitting_state

    async def propose_or_leave(worker: Any, flow_run: Any) -> None:
        with suppress(Pause):
            await propose(worker, flow_run)

    BaseWorker._propose_submitting_state = propose_or_leave  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    hide_secrets(Settings.load())
    if "worker" in sys.argv:
        outlive_pauses()
    for background in (_end_with_parent, _collect_garbage):
        threading.Thread(target=background, daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
