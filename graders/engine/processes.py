"""How processes of ours start, where they may run, and that none stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.context import ForkServerContext, SpawnContext
from types import FrameType


def context() -> ForkServerContext | SpawnContext:
    """How processes start: forked, where the system can, from one that has imported torch but run nothing in it."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["graders.batch"])
    return forked


def processors() -> list[int]:
    """Those that we may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def keep_to(processor: int) -> None:
    """Have this process, and what it starts, run on one processor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {processor})


def obey_parent() -> None:
    """Leave the terminal's signals to the parent; end when it says so, and when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_follow, daemon=True).start()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)  # by way of what closes the sandboxes


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
