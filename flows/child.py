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


if __name__ == "__main__":
    for background in (_end_with_parent, _collect_garbage):
        threading.Thread(target=background, daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
