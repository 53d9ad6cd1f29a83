"""How processes of ours start, where they may run, and that none stays behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from types import FrameType

AGAIN = 0.05
"""Seconds after which the word to leave comes again where it was lost."""
TOPOLOGY = Path("/sys/devices/system/cpu")


def context() -> ForkServerContext | SpawnContext:
    """How processes start: forked, where the system can, from one that has imported torch but run nothing in it."""
    if sys.platform == "win32":
        return multiprocessing.get_context("spawn")
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(["graders.batch"])
    return forked


def processors() -> list[int]:
    """Those that we may use, such that as few as possible of the first ones share a core."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return by_cores(sorted(allowed))


def by_cores(allowed: Sequence[int], topology: Path = TOPOLOGY) -> list[int]:
    """The first processor of every core, then the second ones; as they are where nobody knows what is shared."""
    taken: Counter[str] = Counter()
    turns = []
    for processor in allowed:
        try:
            core = (topology / f"cpu{processor}" / "topology" / "thread_siblings_list").read_text()
        except OSError:
            core = str(processor)
        turns.append((taken[core], processor))
        taken[core] += 1
    return [processor for _turn, processor in sorted(turns)]


def keep_to(processor: int) -> None:
    """Have this process, and what it starts, run on one processor."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {processor})


def obey_parent() -> None:
    """Leave the terminal's signals to the parent; end when it says so, and when it is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    sys.unraisablehook = _unheard
    threading.Thread(target=_follow, daemon=True).start()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)  # by way of what closes the sandboxes


def _unheard(lost: sys.UnraisableHookArgs) -> None:
    """Say it again where the word to leave came within what swallows exceptions, a callback of the collector's."""
    if issubclass(lost.exc_type, SystemExit):
        threading.Timer(AGAIN, os.kill, (os.getpid(), signal.SIGTERM)).start()  # from elsewhere: here it is lost too
    else:
        sys.__unraisablehook__(lost)


def _follow() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
