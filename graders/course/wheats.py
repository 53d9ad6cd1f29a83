"""A course's own wheats, `wheats/UNIT/TASK__NAME.py`: work that was right and lost points once, which none may lose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.audit import secret_of
from graders.course.finding import Finding
from graders.course.settings import Course
from graders.exam import Exam
from graders.grade import grade
from graders.i18n import _
from graders.intake.submission import read_submission
from graders.policy import SettingsError
from graders.sandbox import Backend
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit, unit_names
from graders.verdict import Status

FOLDER = "wheats"
RUNS = 10
"""Secrets on whose cases each is graded, beside the public one and the course's."""


@dataclass(frozen=True)
class CourseWheat:
    """One of the files."""

    unit: str
    task: str
    path: Path

    @property
    def name(self) -> str:
        """As audits call it: "affine__by_einsum"."""
        return self.path.stem


def wheat_path(course: Path, unit: str, task: str, name: str) -> Path:
    """Where a wheat is kept."""
    return course / FOLDER / unit / f"{task}__{name}.py"


def course_wheats(course: Path, units: Sequence[str] = ()) -> list[CourseWheat]:
    """All of a course, or those of these units; SettingsError for a file that belongs to no task."""
    found = []
    for path in sorted((course / FOLDER).glob("*/*.py")):
        unit, task = path.parent.name, path.stem.partition("__")[0]
        if unit not in unit_names() or task not in find_unit(unit).points or "__" not in path.stem:
            raise SettingsError(_("{path}: a wheat is called UNIT/TASK__NAME.py").format(path=path))
        if not units or unit in units:
            found.append(CourseWheat(unit, task, path))
    return found


def audit_wheats(
    course: Course, wheats: Sequence[CourseWheat], backend: Backend, secret: Secret | None
) -> Iterator[Finding]:
    """Whether each has full marks, on the public cases, the course's, and those of other secrets.

    A student wrote it: without isolation it is not run, and none of them is found good.
    """
    refused = _("not run: the sandbox {name} does not isolate").format(name=backend.name)
    secrets = [PUBLIC, *([secret] if secret else []), *(secret_of(run) for run in range(1, RUNS + 1))]
    for name in dict.fromkeys(wheat.unit for wheat in wheats):
        unit = course.unit(name)
        exams = [Exam(unit, one) for one in secrets]
        for wheat in (one for one in wheats if one.unit == name):
            runs = (_lost(wheat, exam, backend) for exam in exams) if backend.isolated else [refused]
            lost = next(filter(None, runs), "")
            yield Finding(name, _("{wheat} keeps its points").format(wheat=wheat.name), not lost, lost)


def _lost(wheat: CourseWheat, exam: Exam, backend: Backend) -> str:
    """What a wheat lost on an exam, in words; "" where it is nothing."""
    submission = read_submission(wheat.path, exam.unit)
    report = grade(submission, exam, backend, tasks=frozenset({wheat.task}), explain=False)
    if report.problem:
        return report.problem
    wrong = [one for one in report.results if one.status is not Status.PASSED]
    return f"{wrong[0].property}: {wrong[0].message}" if wrong else ""
