"""The straight line: a submission in, verdicts out."""

from __future__ import annotations

import itertools
import platform
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import numpy as np
import torch

from graders import SUITE_VERSION, composites, rules
from graders.answers import Answers
from graders.exam import Exam
from graders.example import TRIES, Open, Trials, explained
from graders.families import grade_row
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

T = TypeVar("T")

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
    started, clock, before = datetime.now(UTC), time.perf_counter(), dict(exam.seconds)
    wanted = [task for task in exam.unit.tasks if tasks is None or task.name in tasks]
    try:
        with np.errstate(all="ignore"):  # judging what is not finite must not warn us: it is the submission's
            graded = run_session(
                submission,
                wanted,
                exam,
                backend,
                practice=(practice or exam) if explain else None,
                progress=progress,
                suspects=suspects,
                stand=stand,
                rescue=True,
            )
    except Exception as fault:  # whatever went wrong in our own code, the student still gets a report
        graded = Graded(tuple(our_fault(task, fault) for task in wanted))
    told = (Note("warning", text) for text in submission.notes)
    graded = replace(graded, notes=(*told, *graded.notes, *spared(graded.results), *missing_here()))
    if graded.problem:
        graded = replace(graded, results=tuple(not_loaded(task, exam.unit.points[task.name]) for task in wanted))
    drawing = {name: value - before[name] for name, value in exam.seconds.items()}  # an exam serves a whole class
    return Report(
        unit=exam.unit.name,
        title=exam.unit.title_zh if language() == "zh" else exam.unit.title,
        submission=submission.name,
        path=submission.path,
        results=graded.results,
        notes=graded.notes,
        problem=graded.problem or submission.problem,
        sandbox=backend.name,
        isolated=backend.isolated,
        fingerprint=submission.fingerprint,
        secret=exam.secret.fingerprint,
        reveal=exam.unit.reveal,
        optional=exam.unit.policy.optional,
        bonus=exam.unit.policy.bonus,
        policy=exam.unit.policy,
        rules=tuple(rules.sentences(exam.unit)),
        versions=versions(),
        started=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
        memory=graded.memory,
        timings={name: round(value, 4) for name, value in {**drawing, **graded.seconds}.items()},
    )


@dataclass(frozen=True)
class Graded:
    """What a session with a submission gave."""

    results: tuple[Result, ...] = ()
    notes: tuple[Note, ...] = ()
    problem: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    memory: int = 0


def run_session(
    submission: Submission,
    tasks: list[Task],
    exam: Exam,
    backend: Backend,
    *,
    practice: Exam | None = None,
    progress: Progress | None = None,
    suspects: Suspects | None = None,
    stand: Stand | None = None,
    rescue: bool = False,
    passed: Mapping[str, Collection[str]] | None = None,
) -> Graded:
    """Load the submission in a sandbox of its own and take it through its tasks.

    Failures are explained at the end, and not what was lost to another task alone: the mistake is there.

    Args:
        practice: the exam failures are shown on; none are shown without it.
        suspects: the known mistakes, of which the likely one is named; none without.
        rescue: whether tasks that fail because of others earn their half.
        passed: properties that passed before, by task.
    """
    if submission.fault:
        raise GraderError(submission.problem)
    if submission.problem:
        return Graded(problem=submission.problem)
    with Session(backend, submission.pieces, exam.unit.functions) as session:
        loaded = session.load()
        printed_while_loading = session.log
        line = Line(session, exam, progress, stand, passed)
        results = () if loaded.problem else tuple(line.run(tasks))
        credited = with_composites(results, submission, exam, backend, line.answers) if rescue else results
        if practice or suspects:
            kept = {id(result) for result in credited}
            lost = {(old.task, old.property) for old in results if id(old) not in kept}
            credited = line.explained(credited, lost, practice, suspects)
        log = session.log if shows_words(exam) else printed_while_loading
        printed = [Note("output", log)] if log.strip() else []
        notes = (*skipped_notes(loaded), *unexplained_notes(line.unexplained), *printed)
        session.close()  # a worker is weighed when it goes
        return Graded(credited, notes, loaded.problem, line.answers.seconds, session.memory)


def with_composites(
    results: tuple[Result, ...], submission: Submission, exam: Exam, backend: Backend, answers: Answers
) -> tuple[Result, ...]:
    """The results, with the points of tasks that fail because of others; without those where that fails to be found."""
    passed: dict[str, set[str]] = {}
    for result in results:
        if result.status is Status.PASSED:
            passed.setdefault(result.task, set()).add(result.property)

    def regrade(mended: Submission, tasks: list[Task]) -> tuple[Result, ...]:
        again = run_session(mended, tasks, exam, backend, passed=passed)
        for name, value in again.seconds.items():
            answers.seconds[name] = answers.seconds.get(name, 0.0) + value
        return again.results

    try:
        return at_most_twice(partial(composites.credited, submission, exam.unit, results, regrade))
    except Exception as fault:
        doubtful = composites.wrong_parts(exam.unit, results)
        faults = {task.name: [our_fault(task, fault)] for task in exam.unit.tasks if task.name in doubtful}
        of_task = itertools.groupby(results, lambda result: result.task)
        return tuple(result for name, group in of_task for result in faults.get(name) or group)


def at_most_twice(work: Callable[[], T], between: Callable[[], object] = lambda: None) -> T:
    """What the work gives; it is tried once more where it fails, and fails then."""
    try:
        return work()
    except Exception:
        between()
    return work()


class Line:
    """One submission's way through its tasks."""

    def __init__(
        self,
        session: Session,
        exam: Exam,
        progress: Progress | None = None,
        stand: Stand | None = None,
        passed: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.session, self.exam, self.stand, self.passed = session, exam, stand, passed or {}
        self.progress: Progress = progress or (lambda task, done, total: None)
        self.answers = Answers(session)
        self.failed: dict[str, dict[str, Open]] = {}
        """What can be explained, by task and property."""
        self.unexplained: list[str] = []
        """The tasks whose explanation failed."""

    def run(self, tasks: list[Task]) -> Iterator[Result]:
        """The verdicts on each task in turn."""
        for done, task in enumerate(tasks):
            self.progress(task.name, done, len(tasks))
            following = tasks[done + 1] if done + 1 < len(tasks) else None
            grading = partial(self._grade, task, following if isinstance(following, Row) else None)
            yield from self._safely(task, grading)
        self.progress("", len(tasks), len(tasks))

    def explained(
        self,
        results: tuple[Result, ...],
        lost: set[tuple[str, str]],
        practice: Exam | None,
        suspects: Suspects | None,
    ) -> tuple[Result, ...]:
        """The results, every failure with the case it is shown on and its likely cause.

        lost: task and property of those that need no explaining.
        """
        told: list[Result] = []
        tasks = {task.name: task for task in self.exam.unit.tasks}
        failed = {
            name: [one for one in several.values() if (name, one.property.name) not in lost]
            for name, several in self.failed.items()
        }
        waiting = sum(map(bool, failed.values()))
        left = TRIES
        for name, group in itertools.groupby(results, lambda result: result.task):
            of_task, task = list(group), tasks[name]
            if failed.get(name) and isinstance(task, Row):
                trials = Trials(left // waiting)
                left, waiting = left - trials.left, waiting - 1
                telling = partial(explained, task, failed[name], self.answers, self.exam, practice, suspects, trials)
                of_task = self._told(of_task, telling)
                left += trials.left
            told += of_task
        return tuple(told)

    def _safely(self, task: Task, work: Callable[[], list[Result]]) -> list[Result]:
        """What the work gives; a fault of ours is tried once more, then costs the verdict, not the points."""
        try:
            return at_most_twice(work, self.session.fresh)
        except Exception as fault:
            self.failed.pop(task.name, None)
            return [our_fault(task, fault)]

    def _told(self, results: list[Result], telling: Callable[[], Mapping[str, Result]]) -> list[Result]:
        """The results of a task, with what is told of some properties; a verdict also stands without."""
        try:
            told = at_most_twice(telling, self.session.fresh)
        except Exception:
            self.unexplained.append(results[0].task)
            return results
        return [told.get(result.property, result) for result in results]

    def _grade(self, task: Task, following: Row | None) -> list[Result]:
        points = self.exam.unit.points[task.name]
        if not isinstance(task, Row):
            return grade_training(task, points, self.answers, self.exam)
        passed = self.passed.get(task.name, ())
        graded = grade_row(task, points, self.answers, self.exam, following, self.stand, passed)
        self.failed[task.name] = graded.failed
        return graded.results


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


def unexplained_notes(tasks: list[str]) -> Iterator[Note]:
    """That failures of some tasks are shown without a smaller case or a cause, through no fault of the submission."""
    if tasks:
        text = _("the grader failed while it looked for the smallest case and the cause ({names}); the points stand")
        yield Note("warning", text.format(names=", ".join(tasks)))


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
