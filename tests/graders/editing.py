"""The reference with a small edit, graded on one task: the shortest way to make one mistake."""

from __future__ import annotations

import functools

from graders.exam import Exam
from graders.grade import grade
from graders.intake.reference import reference_source
from graders.intake.submission import Submission
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit, unit_names
from graders.specs.row import Row
from graders.suspects import Suspects
from graders.verdict import Report, Status

EXAMS = {name: Exam(find_unit(name), PUBLIC) for name in unit_names()}
ROWS = {task.name: (name, task) for name in unit_names() for task in find_unit(name).tasks if isinstance(task, Row)}


def edited(task: str, old: str, new: str) -> tuple[str, Submission]:
    """The task's unit, and its reference with one exact edit."""
    unit = ROWS[task][0]
    source = reference_source(find_unit(unit))
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in the reference"
    return unit, Submission("edited", "edited.py", (Piece("", source.replace(old, new)),), "edited")


@functools.cache
def suspects(unit: str, backend: Backend) -> Suspects:
    """The known mistakes on the public cases."""
    return Suspects(EXAMS[unit], backend)


def graded(task: str, old: str, new: str, backend: Backend) -> Report:
    """The report on one task of the edited reference."""
    unit, submission = edited(task, old, new)
    return grade(submission, EXAMS[unit], backend, tasks=frozenset({task}), suspects=suspects(unit, backend))


def lost(report: Report) -> set[str]:
    """The properties that were not passed."""
    return {result.property for result in report.results if result.status is not Status.PASSED}
