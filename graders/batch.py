"""Many submissions of one unit by one process, on cases drawn once. Many processes: graders.engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from graders import i18n
from graders.exam import Exam
from graders.grade import grade, our_fault
from graders.i18n import _
from graders.intake.reference import available
from graders.intake.submission import Submission, read_submission
from graders.policy import Policy
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits
from graders.sandbox.reused import Reused
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit
from graders.specs.unit import Unit
from graders.suspects import Suspects
from graders.throughput.stand import Stand
from graders.verdict import GraderError, Report


@dataclass(frozen=True)
class Setting:
    """What a grading process needs to know; it may be sent to another process of ours, never to a worker."""

    unit: str
    secret: Secret
    sandbox: str
    limits: Limits
    language: str = "en"
    tasks: frozenset[str] | None = None
    throughput: bool = False
    policy: Policy | None = None
    """The course's, where it has one of its own."""

    @property
    def assignment(self) -> Unit:
        """The unit as it is graded."""
        unit = find_unit(self.unit)
        return unit if self.policy is None else unit.under(self.policy)


class Grader:
    """Grades submissions of one unit, one after the other, on cases drawn once."""

    def __init__(self, setting: Setting) -> None:
        i18n.use_language(setting.language)
        unit = setting.assignment
        self.setting, self.unit = setting, unit
        self.exam = Exam(unit, setting.secret)
        self.practice = self.exam if setting.secret.public else Exam(unit, PUBLIC)
        start = time.perf_counter()
        self.backend: Backend = open_backend(setting.sandbox, setting.limits)
        self.sandbox_seconds = time.perf_counter() - start
        self._ours = Reused(self.backend)
        self.suspects = Suspects(self.practice, self._ours)
        self.stand = Stand(self.backend) if setting.throughput and available() else None

    def close(self) -> None:
        """End the sandboxes that are kept."""
        if self.stand:
            self.stand.close()
        self._ours.close()  # and with it the backend

    def __call__(self, path: Path, progress: Callable[[str, int, int], None] | None = None) -> Report:
        """The report on the submission at `path`."""
        return self.graded(read_submission(path, self.unit), progress)

    def graded(self, submission: Submission, progress: Callable[[str, int, int], None] | None = None) -> Report:
        """The report on a submission that was read already."""
        return grade(
            submission,
            self.exam,
            self.backend,
            practice=self.practice,
            progress=progress,
            tasks=self.setting.tasks,
            suspects=self.suspects,
            stand=self.stand,
        )


def isolated_grader(setting: Setting, unisolated: bool) -> Grader:
    """A grader in this process; GraderError where nothing keeps the code from the machine and nobody has allowed that.

    Asked of every process that grades: "auto" takes what works at that moment, which another process need not have had.
    """
    made = Grader(setting)
    if not (made.backend.isolated or unisolated):
        made.close()
        raise GraderError(_("the sandbox {name} does not isolate").format(name=made.backend.name))
    return made


def not_graded(submission: Submission, setting: Setting, fault: BaseException) -> Report:
    """The report of a submission whose grading failed as a whole: our fault, to be graded again."""
    unit = setting.assignment
    results = tuple(
        our_fault(task, fault) for task in unit.tasks if setting.tasks is None or task.name in setting.tasks
    )
    about = submission.name, submission.path, results
    why = submission.problem if submission.fault else ""
    return Report(unit.name, unit.title, *about, problem=why, fingerprint=submission.fingerprint, policy=unit.policy)
