"""Gradings whose worker or sandbox is killed at any moment: they end in a verdict, or in a fault of ours."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import psutil

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission
from graders.sandbox import Backend, docker
from graders.sandbox.channel import SandboxFault
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Status
from tests.fuzz.submissions import CORPUS

LONGEST_SECONDS = 60.0
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV)


class Killer(threading.Thread):
    """Kills some process of our sandboxes after a while, and again, until it is told to stop."""

    def __init__(
        self, generator: random.Random, longest: float, backend: Backend, spared: Collection[psutil.Process]
    ) -> None:
        super().__init__(daemon=True)
        self.generator, self.longest, self.backend, self.spared = generator, longest, backend, spared
        self.over = threading.Event()
        self.killed = 0

    def run(self) -> None:
        """Wait, kill, wait."""
        kills = self.generator.choice((1, 1, 2, 5))
        while self.killed < kills and not self.over.wait(self.generator.random() * self.longest):
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError, SandboxFault):
                if found := [one for one in processes(self.backend) if one not in self.spared]:
                    os.kill(self.generator.choice(found).pid, self.generator.choice(SIGNALS))
                    self.killed += 1


def processes(backend: Backend) -> list[psutil.Process]:
    """Those of our sandboxes: children of ours, or of the engine's."""
    if not isinstance(backend, docker.Docker):
        return psutil.Process().children(recursive=True)
    found = []
    with contextlib.closing(docker.connect()) as client, docker.faults():
        for container in client.containers(filters={"label": f"{docker.OWNER}={docker.owner()}"}):
            first = psutil.Process(client.inspect_container(container["Id"])["State"]["Pid"])
            found += [first, *first.children(recursive=True)]
    return found


def fuzz(count: int, seed: int, backend: Backend) -> Counter[str]:
    """Grade so many times, with something killed meanwhile; how many ended in what."""
    generator, ends = random.Random(seed), Counter[str]()
    spared = psutil.Process().children(recursive=True)  # of tests before: what multiprocessing has started, say
    exam = Exam(find_unit("03-backprop"), PUBLIC)
    source = Path(CORPUS, "sound.py").read_text("utf-8")
    longest = min(seconds_of(exam, source, backend) for _ in range(2)) / 2
    for _ in range(count):
        killer = Killer(generator, longest, backend, spared)
        killer.start()
        started = time.monotonic()
        submission = Submission("sound", "backprop.py", (Piece("", source),))
        report = grade(submission, exam, backend, tasks=frozenset({"chain", "affine"}), explain=False)
        killer.over.set()
        killer.join()
        assert time.monotonic() - started < LONGEST_SECONDS
        assert report.problem or {result.task for result in report.results} == {"chain", "affine"}
        assert all(result.message for result in report.results if result.status in (Status.FAILED, Status.ERROR))
        ends["our fault" if report.faulty else "passed" if report.passed else "lost points"] += 1
        ends["kills"] += killer.killed
    return ends


def seconds_of(exam: Exam, source: str, backend: Backend) -> float:
    """How long an undisturbed grading takes."""
    started = time.monotonic()
    submission = Submission("sound", "backprop.py", (Piece("", source),))
    assert grade(submission, exam, backend, tasks=frozenset({"chain", "affine"}), explain=False).passed
    return time.monotonic() - started
