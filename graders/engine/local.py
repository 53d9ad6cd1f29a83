"""The engine of one machine: processes of ours, each with one job. One that dies takes only its job along."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING

from graders.engine.jobs import Done, EngineFailure, Job, do, not_done, patience
from graders.engine.processes import context, keep_to, obey_parent, processors
from graders.i18n import _
from graders.sandbox import SandboxUnavailable
from graders.verdict import GraderError

if TYPE_CHECKING:
    from graders.batch import Grader, Setting

TRIES = 2
END_SECONDS = 5.0


class Here:
    """In this process: for a single submission another one would not pay."""

    def __init__(self, setting: Setting, *, unisolated: bool = False) -> None:
        self._setting, self._unisolated = setting, unisolated
        self._grader: Grader | None = None

    def run(self, jobs: Iterator[Job]) -> Iterator[Done]:
        """One after another."""
        from graders.batch import isolated_grader

        try:
            self._grader = isolated_grader(self._setting, self._unisolated)
        except (GraderError, SandboxUnavailable) as fault:  # it worked a moment ago
            raise EngineFailure(str(fault)) from fault
        for job in jobs:
            yield do(job, self._grader)

    def close(self) -> None:
        """End the sandboxes that are kept."""
        if self._grader:
            self._grader.close()


class Lanes:
    """Several processes, each with one job. Where work is timed, each has a processor of its own.

    unisolated: grade although nothing keeps the code from this machine.
    """

    def __init__(self, setting: Setting, count: int, *, unisolated: bool = False) -> None:
        self._setting, self._unisolated = setting, unisolated
        places: list[int | None] = [None] * count
        if setting.throughput and count > 1:
            places = list(processors()[:count])
        self._free, self._lanes = places, list[Lane]()
        self._tries: dict[int, int] = {}

    def run(self, jobs: Iterator[Job]) -> Iterator[Done]:
        """So many at a time; a job whose process dies is tried once more, in a new one."""
        for job in itertools.islice(jobs, len(self._free)):
            self._start(job)
        while self._lanes:
            for lane in self._waiting():
                done = lane.answer()
                if done is not None:
                    self._go_on(lane, next(jobs, None))  # first, so that it is at work while we record
                    yield done
                    continue
                self._end(lane)
                if self._may_try_again(lane.job):
                    self._start(lane.job)
                    continue
                if following := next(jobs, None):
                    self._start(following)
                yield not_done(lane.job, self._setting, GraderError(lane.why))

    def close(self) -> None:
        """End all processes and, by them, their sandboxes."""
        for lane in self._lanes:
            lane.ask_to_end()
        while self._lanes:
            self._end(self._lanes[0])

    def _start(self, job: Job) -> None:
        lane = Lane(self._setting, self._free.pop(0), self._unisolated)
        self._lanes.append(lane)
        lane.give(job)

    def _go_on(self, lane: Lane, following: Job | None) -> None:
        if following:
            lane.give(following)
        else:
            lane.finish()
            self._end(lane)

    def _end(self, lane: Lane) -> None:
        self._lanes.remove(lane)
        self._free.append(lane.processor)
        lane.end()

    def _may_try_again(self, job: Job) -> bool:
        self._tries[job.number] = self._tries.get(job.number, 1) + 1
        return self._tries[job.number] <= TRIES

    def _waiting(self) -> list[Lane]:
        """The lanes that have an answer, or will never have one."""
        while True:
            ready = wait([lane.line for lane in self._lanes], timeout=1.0)
            now = time.monotonic()
            if found := [lane for lane in self._lanes if lane.line in ready or now > lane.ends]:
                return found


class Lane:
    """One process, and the job it has. why: what became of it, when it gave no answer."""

    def __init__(self, setting: Setting, processor: int | None, unisolated: bool) -> None:
        self.processor, self.why = processor, ""
        self._patience = patience(setting)
        self.line, theirs = context().Pipe()
        # Daemons: when we end without a word of ours, multiprocessing ends them.
        about = theirs, setting, processor, unisolated
        self._process = context().Process(target=serve, args=about, daemon=True)
        self._process.start()
        theirs.close()

    def give(self, job: Job) -> None:
        """Have it work on a job."""
        self.job, self.ends = job, time.monotonic() + self._patience
        with contextlib.suppress(OSError):  # it is gone: the answer will say so
            self.line.send(job)

    def answer(self) -> Done | None:
        """What it made of the job; None where the process has ended, or has taken too long."""
        if not self.line.poll():
            self.why = _("the grading process did not answer")
            return None
        try:
            found = self.line.recv()
        except (EOFError, OSError):
            self._process.join(END_SECONDS)
            self.why = ending(self._process.exitcode)
            return None
        if isinstance(found, Done):
            return found
        self.why = str(found)
        return None

    def finish(self) -> None:
        """There is nothing more to do."""
        self.line.close()

    def ask_to_end(self) -> None:
        """Have it close its sandbox and go."""
        self._process.terminate()

    def end(self) -> None:
        """See that it is gone."""
        self.line.close()
        self._process.join(END_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def ending(code: int | None) -> str:
    """How a process ended, in words."""
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return _("the grading process was ended by the signal {name}").format(name=signal.Signals(-code).name)
    return _("the grading process ended (exit code {code})").format(code=code)


def serve(line: Connection[Done | str, Job], setting: Setting, processor: int | None, unisolated: bool) -> None:
    """In the process: one job after another, until nobody gives any more."""
    from graders.batch import isolated_grader

    obey_parent()
    if processor is not None:
        keep_to(processor)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            grader = isolated_grader(setting, unisolated)
        except Exception as fault:
            line.recv()
            line.send(f"{type(fault).__name__}: {fault}")
            return
        with contextlib.closing(grader):
            while True:
                job = line.recv()
                line.send(do(job, grader))
