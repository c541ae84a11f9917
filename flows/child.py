"""Prefect's command line as a child of ours: `python -m flows.child worker start …`.

It ends when its parent does, however that ended: nothing but the parent's end closes the standard
input that they share.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

END_SECONDS = 20


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(END_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
