"""The straight line: a submission in, verdicts out."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import torch

from graders import SUITE_VERSION
from graders.exam import Exam
from graders.families import Answers, grade_row
from graders.i18n import _
from graders.intake.submission import Submission
from graders.properties.training import grade_training
from graders.sandbox import Backend
from graders.sandbox.program import Loaded
from graders.sandbox.session import Session
from graders.specs.row import Row, Task
from graders.verdict import GraderError, Note, Report, Result, Status

Progress = Callable[[str, int, int], None]
"""Called with the task about to be graded, how many are done, and how many there are."""


def grade(
    submission: Submission,
    exam: Exam,
    backend: Backend,
    *,
    practice: Exam | None = None,
    progress: Progress | None = None,
    tasks: frozenset[str] | None = None,
) -> Report:
    """Grade one submission.

    Args:
        exam: the cases, and what is right for them.
        backend: where the submission's code runs.
        practice: the exam under the public secret, from which failures are shown; `exam` itself by default.
        progress: told of every task.
        tasks: the tasks to grade; all by default.
    Returns:
        report: a verdict for every property of every task, also when the submission cannot be loaded.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    wanted = [task for task in exam.unit.tasks if tasks is None or task.name in tasks]
    results: tuple[Result, ...] = ()
    notes: list[Note] = []
    timings: dict[str, float] = {}
    problem = submission.problem
    if not problem:
        with Session(backend, submission.pieces, exam.unit.functions) as session:
            loaded = session.load()
            problem = loaded.problem
            notes += [*_skipped(loaded)]
            if not problem:
                line = Line(session, exam, practice or exam, progress)
                results = tuple(line.run(wanted))
                timings = line.answers.seconds
            notes += [Note("output", session.log)] if session.log.strip() else []
    if problem:
        results = tuple(_nothing(task, exam.unit.points[task.name]) for task in wanted)
    return Report(
        unit=exam.unit.name,
        title=exam.unit.title,
        submission=submission.name,
        path=submission.path,
        results=results,
        notes=tuple(notes),
        problem=problem,
        sandbox=backend.name,
        isolated=backend.isolated,
        fingerprint=submission.fingerprint,
        secret=exam.secret.fingerprint,
        reveal=exam.unit.reveal,
        versions=versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
        timings={name: round(value, 4) for name, value in {**exam.seconds, **timings}.items()},
    )


class Line:
    """One submission's way through its tasks."""

    def __init__(self, session: Session, exam: Exam, practice: Exam, progress: Progress | None) -> None:
        self.session, self.exam, self.practice, self.progress = session, exam, practice, progress
        self.answers = Answers(session)

    def run(self, tasks: list[Task]) -> Iterator[Result]:
        """The results of each task in turn; a fault of ours costs that task's verdict, not its points."""
        for done, task in enumerate(tasks):
            if self.progress:
                self.progress(task.name, done, len(tasks))
            points = self.exam.unit.points[task.name]
            try:
                yield from self._grade(task, points)
            except GraderError as fault:
                yield our_fault(task, points, fault)
        if self.progress:
            self.progress("", len(tasks), len(tasks))

    def _grade(self, task: Task, points: float) -> list[Result]:
        if isinstance(task, Row):
            return grade_row(task, points, self.answers, self.exam, self.practice)
        return grade_training(task, points, self.answers, self.exam)


def our_fault(task: Task, points: float, fault: GraderError) -> Result:
    """The result of a task the grader could not judge: its points are not lost."""
    message = _("The grader failed, not you; no points were lost. ({fault})").format(fault=fault)
    return Result(task.name, "grader", "", Status.ERROR, points, points, message)


def _nothing(task: Task, points: float) -> Result:
    message = _("not graded: the submission could not be loaded")
    return Result(task.name, "forward", "", Status.FAILED, 0.0, points, message)


def _skipped(loaded: Loaded) -> Iterator[Note]:
    for skipped in loaded.skipped:
        place = _("{cell}, line {line}") if skipped.label else _("line {line}")
        place = place.format(cell=skipped.label, line=skipped.line)
        text = _("{place} was skipped: {reason}").format(place=place, reason=skipped.reason)
        yield Note("skipped", text)


def versions() -> dict[str, str]:
    """What the verdict may depend on."""
    return {
        "backcheck": SUITE_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
    }
