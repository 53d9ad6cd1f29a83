"""The straight line: a submission in, verdicts out."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import torch

from graders import SUITE_VERSION, composites, rules
from graders.exam import Exam
from graders.families import Answers, grade_row
from graders.i18n import _, language
from graders.intake.reference import available
from graders.intake.submission import Submission
from graders.properties.training import grade_training, shows_words
from graders.sandbox import Backend
from graders.sandbox.program import Loaded
from graders.sandbox.session import Session
from graders.specs.row import Row, Task
from graders.suspects import Suspects
from graders.throughput.stand import Stand
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
    explain: bool = True,
    suspects: Suspects | None = None,
    stand: Stand | None = None,
) -> Report:
    """Grade one submission.

    Args:
        exam: the cases, and what is right for them.
        backend: where the submission's code runs.
        practice: the exam under the public secret, from which failures are shown; `exam` itself by default.
        progress: told of every task.
        tasks: the tasks to grade; all by default.
        explain: look for the smallest failing case; without, only the verdicts count.
        suspects: the known mistakes, from which the likely cause is found; without them, none is named.
        stand: where it is timed; without it, speed is not asked for, and the points are the other properties'.
    Returns:
        report: a verdict for every property of every task, also when the submission cannot be loaded.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    wanted = [task for task in exam.unit.tasks if tasks is None or task.name in tasks]
    try:
        with np.errstate(all="ignore"):  # judging what is not finite must not warn us: it is the submission's
            graded = run_session(
                submission, wanted, exam, practice or exam, backend, progress, explain, suspects, stand
            )
            graded = with_composites(graded, submission, exam, backend)
    except Exception as fault:  # whatever went wrong in our own code, the student still gets a report
        graded = Graded(tuple(our_fault(task, fault) for task in wanted))
    graded = replace(graded, notes=(*graded.notes, *spared(graded.results), *missing_here()))
    if graded.problem:
        graded = replace(graded, results=tuple(not_loaded(task, exam.unit.points[task.name]) for task in wanted))
    return Report(
        unit=exam.unit.name,
        title=exam.unit.title_zh if language() == "zh" else exam.unit.title,
        submission=submission.name,
        path=submission.path,
        results=graded.results,
        notes=graded.notes,
        problem=graded.problem,
        sandbox=backend.name,
        isolated=backend.isolated,
        fingerprint=submission.fingerprint,
        secret=exam.secret.fingerprint,
        reveal=exam.unit.reveal,
        optional=exam.unit.policy.optional,
        bonus=exam.unit.policy.bonus,
        rules=tuple(rules.sentences(exam.unit)),
        versions=versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
        timings={name: round(value, 4) for name, value in {**exam.seconds, **graded.seconds}.items()},
    )


def with_composites(graded: Graded, submission: Submission, exam: Exam, backend: Backend) -> Graded:
    """What a session gave, with the points of tasks that fail because of others."""
    seconds = dict(graded.seconds)

    def regrade(mended: Submission, tasks: list[Task]) -> tuple[Result, ...]:
        again = run_session(mended, tasks, exam, exam, backend, None, explain=False)
        for name, value in again.seconds.items():
            seconds[name] = seconds.get(name, 0.0) + value
        return again.results

    return replace(graded, results=composites.credited(submission, exam.unit, graded.results, regrade), seconds=seconds)


@dataclass(frozen=True)
class Graded:
    """What a session with a submission gave."""

    results: tuple[Result, ...] = ()
    notes: tuple[Note, ...] = ()
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


def run_session(
    submission: Submission,
    tasks: list[Task],
    exam: Exam,
    practice: Exam,
    backend: Backend,
    progress: Progress | None,
    explain: bool,
    suspects: Suspects | None = None,
    stand: Stand | None = None,
) -> Graded:
    """Load the submission in a sandbox of its own and take it through its tasks."""
    if submission.problem:
        return Graded(problem=submission.problem)
    with Session(backend, submission.pieces, exam.unit.functions) as session:
        loaded = session.load()
        printed_while_loading = session.log
        line = Line(session, exam, practice, progress, explain, suspects, stand)
        results = () if loaded.problem else tuple(line.run(tasks))
        log = session.log if shows_words(exam) else printed_while_loading
        printed = [Note("output", log)] if log.strip() else []
        return Graded(results, (*skipped_notes(loaded), *printed), loaded.problem, line.answers.seconds)


class Line:
    """One submission's way through its tasks."""

    def __init__(
        self,
        session: Session,
        exam: Exam,
        practice: Exam,
        progress: Progress | None = None,
        explain: bool = True,
        suspects: Suspects | None = None,
        stand: Stand | None = None,
    ) -> None:
        self.session, self.exam, self.practice = session, exam, practice
        self.progress: Progress = progress or (lambda task, done, total: None)
        self.explain, self.suspects, self.stand = explain, suspects, stand
        self.answers = Answers(session)

    def run(self, tasks: list[Task]) -> Iterator[Result]:
        """The results of each task in turn."""
        for done, task in enumerate(tasks):
            self.progress(task.name, done, len(tasks))
            following = tasks[done + 1] if done + 1 < len(tasks) else None
            yield from self._grade_safely(task, following if isinstance(following, Row) else None)
        self.progress("", len(tasks), len(tasks))

    def _grade_safely(self, task: Task, following: Row | None) -> list[Result]:
        """The task's results; a fault of ours is tried once more, then costs the verdict, not the points."""
        try:
            return self._grade(task, following)
        except Exception:
            self.session.fresh()
        try:
            return self._grade(task, following)
        except Exception as fault:
            return [our_fault(task, fault)]

    def _grade(self, task: Task, following: Row | None) -> list[Result]:
        points = self.exam.unit.points[task.name]
        if isinstance(task, Row):
            shown = self.practice if self.explain else None
            return grade_row(task, points, self.answers, self.exam, shown, self.suspects, following, self.stand)
        return grade_training(task, points, self.answers, self.exam)


def our_fault(task: Task, fault: BaseException) -> Result:
    """The result of a task the grader could not judge: out of the total, so that it can neither cost nor earn."""
    what = str(fault) if isinstance(fault, GraderError) else f"{type(fault).__name__}: {fault}"
    message = _("The grader failed, not you; no points were lost. ({fault})").format(fault=what)
    return Result(task.name, "grader", "", Status.ERROR, 0.0, 0.0, message)


def not_loaded(task: Task, points: float) -> Result:
    """The result of a task whose submission could not be loaded."""
    message = _("not graded: the submission could not be loaded")
    return Result(task.name, "forward", "", Status.FAILED, 0.0, points, message)


def spared(results: Iterable[Result]) -> Iterator[Note]:
    """A note for every reason why something could not be judged at no cost, with the tasks it concerns."""
    tasks: dict[str, list[str]] = {}
    for result in results:
        if result.status is Status.SKIPPED and result.score and result.message:
            tasks.setdefault(result.message, []).append(result.task)
    yield from (Note("speed", f"{message} ({', '.join(names)})") for message, names in tasks.items())


def missing_here() -> Iterator[Note]:
    """What only the course's grading adds, where this is the students' install."""
    if not available():
        text = _(
            "this install has no solutions: your course also times your work, names known mistakes, and gives half of"
            " the points for what is right given your own wrong parts"
        )
        yield Note("course", text)


def skipped_notes(loaded: Loaded) -> Iterator[Note]:
    """A note for every statement that was not run to its end."""
    for skipped in loaded.skipped:
        line = _("line {line}").format(line=skipped.line) if skipped.line else ""
        place = ", ".join(filter(None, (skipped.label, line)))
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
