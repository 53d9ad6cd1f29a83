"""Grading ahead of nbgrader, which goes through a class one notebook after the other: the next ones are under way.

Processes of our own do the work, so that the one nbgrader runs in needs no torch, and starts at once.
"""

from __future__ import annotations

import atexit
import math
from collections.abc import Iterable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from graders.engine.processes import context, processors
from graders.intake.submission import Submission
from graders.sandbox.program import Limits, Piece
from graders.verdict import GraderError, Report

if TYPE_CHECKING:
    from graders.batch import Grader

WORTH = 4
"""Submissions for which another process pays: each has to draw the cases anew."""


@dataclass(frozen=True)
class Order:
    """How submissions are to be graded: what `graders.batch.Setting` says, without what importing that takes.

    state: of the files that a grading follows from; where one was edited, another grader has to be made.
    """

    unit: str
    course: Path
    secret: Path
    sandbox: str
    language: str
    throughput: bool
    allow_unisolated: bool
    state: str = ""


Key = tuple[str, tuple[Piece, ...]]
"""Of a submission: whose it is, and its code."""
_graders: dict[Order, Grader] = {}


def _grade(order: Order, submission: Submission) -> Report:
    """In a process of its own: grade, with one grader for all that this process gets."""
    if order not in _graders:
        _graders[order] = _grader(order)
    return _graders[order].graded(submission)


def _grader(order: Order) -> Grader:
    from graders.batch import Setting, isolated_grader
    from graders.course.released import ReleaseError, require_released
    from graders.course.settings import read_course
    from graders.secrets import read_secret

    course = read_course(order.course)
    unit = course.unit(order.unit)
    try:
        require_released(course, unit)
    except ReleaseError as error:
        raise GraderError(str(error)) from None
    secret = read_secret(order.secret)
    setting = Setting(
        unit.name, secret, order.sandbox, Limits(), order.language, throughput=order.throughput, policy=unit.policy
    )
    made = isolated_grader(setting, order.allow_unisolated)
    atexit.register(made.close)
    return made


def _key(submission: Submission) -> Key:
    return submission.name, submission.pieces


class Ahead:
    """Submissions under way. What is asked for comes when it is ready, whether it was expected or not.

    The processes end when nothing is left that was expected. Who asks does so in the order of what was expected: one
    that was passed over will not be asked for any more.
    """

    def __init__(self, order: Order, jobs: int = 0) -> None:
        self.order = order
        self.jobs = 1 if order.throughput else jobs or len(processors())  # nothing may run beside what is timed
        self._pool: ProcessPoolExecutor | None = None
        self._futures: dict[Key, tuple[Submission, Future[Report]]] = {}

    def expect(self, submissions: Iterable[Submission]) -> None:
        """Start on these, in this order."""
        submissions = [one for one in submissions if _key(one) not in self._futures]
        jobs = max(1, min(self.jobs, math.ceil(len(submissions) / WORTH)))
        for one in submissions:
            self._start(one, jobs)

    def report(self, submission: Submission) -> Report:
        """The report on one of them, or on any other."""
        key = _key(submission)
        self._pass_over(key)
        if key not in self._futures:
            self._start(submission)
        try:
            report = self._futures[key][1].result()
        except BrokenExecutor:
            self._start_again()
            try:
                report = self._futures[key][1].result()
            except BrokenExecutor as fault:
                raise GraderError(str(fault)) from fault
        finally:
            self._futures.pop(key, None)
            if not self._futures:
                self.close()
        return report

    def close(self) -> None:
        """End the processes; others start when there is work again."""
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def _pass_over(self, key: Key) -> None:
        """Let go of what was expected before it, and of other work of the same student."""
        known = list(self._futures)
        place = next((number for number, (name, _code) in enumerate(known, start=1) if name == key[0]), 0)
        for one in known[:place]:
            if one != key:
                self._futures.pop(one)[1].cancel()

    def _start(self, submission: Submission, jobs: int = 1) -> None:
        self._pool = self._pool or ProcessPoolExecutor(jobs, context())
        self._futures[_key(submission)] = submission, self._pool.submit(_grade, self.order, submission)

    def _start_again(self) -> None:
        """A process died: whoever was not finished goes to new ones."""
        left = [one for one, future in self._futures.values() if future.exception()]
        self.close()
        for one in left:
            self._start(one, self.jobs)
