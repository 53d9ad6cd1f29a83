"""`backcheck` with two tasks a unit, for runs over a class that are about everything but the tasks.

    python -m tests.faults.quick grade FOLDER --unit 01-activations ...

Its processes, the grading ones as well, ask the clock of this module where BACKCHECK_TEST_CLOCK names a file with the
seconds by which that is wrong. (libfaketime was tried: under it sandboxes fail to open, with EINVAL.)
"""

from __future__ import annotations

import importlib
import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from graders.cli import main
from graders.commands import grading
from graders.commands.shared import make_setting

TASKS = 2
CLOCK = "BACKCHECK_TEST_CLOCK"
WHO_ASKS = ("graders.grade", "graders.commands.class_run", "graders.gradebook.book", "graders.gradebook.record")
"""The modules on a run's way that ask what day it is."""


def quick_setting(*arguments, **options):
    """The first tasks only."""
    setting = make_setting(*arguments, **options)
    return replace(setting, tasks=frozenset(task.name for task in setting.assignment.tasks[:TASKS]))


class Wrong(datetime):
    """The day on a clock that somebody sets."""

    @classmethod
    def now(cls, tz=None):
        """By the file's word."""
        return datetime.now(tz) + timedelta(seconds=offset())


def offset() -> float:
    """Seconds by which the clock is wrong."""
    return float(Path(os.environ[CLOCK]).read_text() or 0)


def set_clock() -> None:
    """Have everybody who asks be told the wrong time."""
    right = time.time
    time.time = lambda: right() + offset()
    for name in WHO_ASKS:
        importlib.import_module(name).datetime = Wrong


if __name__ in ("__main__", "__mp_main__"):  # in the grading processes as well, and nowhere else
    grading.make_setting = quick_setting
    if CLOCK in os.environ:
        set_clock()
if __name__ == "__main__":
    main()
