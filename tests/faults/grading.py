"""The grader as a program of its own, and its processes: what can be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LONGEST = 900.0
ENDED = (0, 1)
"""Exit codes of a run that came to its end."""


@dataclass
class Command:
    """A run over a class, to be started as often as it takes."""

    folder: Path
    book: str
    secret: Path
    place: Path
    options: tuple[str, ...] = ("--jobs", "2")
    environment: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()

    def start(self) -> Running:
        """The grader, in a session of its own."""
        words = ["grade", str(self.folder), "--unit", "01-activations", "--secret", str(self.secret)]
        words += ["--gradebook", self.book, "--no-throughput", *self.options]
        command = [*self.before, sys.executable, "-m", "tests.faults.quick", *words]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self.environment}
        with (self.place / "log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.place, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        return Running(process, self)

    @property
    def said(self) -> str:
        """All that its runs have printed."""
        return (self.place / "log").read_text("utf-8", "replace")


class Running:
    """A grader at work."""

    def __init__(self, process: subprocess.Popen[bytes], command: Command) -> None:
        self.process, self.command = process, command

    def wait(self) -> int:
        """Its exit code."""
        try:
            return self.process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not end:\n{self.command.said[-2000:]}") from None

    def over(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """Without a word, at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Tell it to end."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)

    def lanes(self) -> list[psutil.Process]:
        """Its grading processes."""
        return [lane for server in self._children() if is_server(server) for lane in children(server)]

    def sandboxes(self) -> list[psutil.Process]:
        """What runs for its grading processes, students' code as well."""
        return [one for lane in self.lanes() for one in children(lane, deep=True)]

    def _children(self) -> list[psutil.Process]:
        try:
            return children(psutil.Process(self.process.pid))
        except psutil.NoSuchProcess:
            return []


def children(process: psutil.Process, deep: bool = False) -> list[psutil.Process]:
    """Of a process that may be gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children(recursive=deep)
    return []


def is_server(process: psutil.Process) -> bool:
    """Whether it is the one from which grading processes are forked."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return any("forkserver" in word for word in process.cmdline())
    return False


def waited(condition, running: Running, seconds: float = 60.0):
    """What comes of a condition once it is true; nothing when the grader has ended before."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and not running.over():
        if found := condition():
            return found
        time.sleep(0.02)
    return None
