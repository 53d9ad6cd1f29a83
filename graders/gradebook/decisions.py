"""What people decide: points given instead of computed ones, and scores that wait for a yes or a no."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, contains_eager, defer

from graders.gradebook.errors import GradebookError
from graders.gradebook.schema import Grading, Override, State, Student, Work
from graders.i18n import _


@dataclass(frozen=True)
class Pending:
    """A score that waits for a person. before: the one that counts until then."""

    id: int
    student: str
    unit: str
    submission: str
    before: float
    after: float
    why: str
    run: str
    recorded: datetime


def find_student(session: Session, name: str) -> Student:
    """The student of that name; GradebookError that names those that are nearly called so."""
    student = session.scalars(select(Student).where(Student.name == name)).first()
    if student is not None:
        return student
    near = difflib.get_close_matches(name, session.scalars(select(Student.name)), 3, 0.5)
    if near:
        text = _("there is no student {name} in the gradebook; there is {others}")
        raise GradebookError(text.format(name=name, others=", ".join(near)))
    raise GradebookError(_("there is no student {name} in the gradebook").format(name=name))


def override(session: Session, name: str, unit: str, task: str, score: float, why: str, by: str) -> None:
    """Give points for a task, or for the whole unit where `task` is ""; the computed score stays what it is."""
    if not math.isfinite(score) or score < 0:
        raise GradebookError(_("a score is a number, 0 or more"))
    if not why.strip():
        raise GradebookError(_("say why, with --why"))
    student = find_student(session, name)
    _withdraw(session, student, unit, task)
    given = Override(unit=unit, task=task, score=score, why=why, by=by, at=datetime.now(UTC))
    student.overrides.append(given)


def withdraw(session: Session, name: str, unit: str, task: str) -> None:
    """Take back what was given; it stays in the history."""
    if not _withdraw(session, find_student(session, name), unit, task):
        text = _("{name} has no override for {what}")
        raise GradebookError(text.format(name=name, what=f"{unit} {task}".strip()))


def _withdraw(session: Session, student: Student, unit: str, task: str) -> int:
    held = list(
        session.scalars(
            select(Override)
            .where(Override.student_id == student.id, Override.unit == unit, Override.task == task)
            .where(Override.withdrawn.is_(None))
        )
    )
    for one in held:
        one.withdrawn = datetime.now(UTC)
    return len(held)


def pending(session: Session, unit: str = "", run: str = "", ids: Collection[int] = ()) -> list[Pending]:
    """The lower scores that wait, of everything, or of a unit, a run, or these."""
    return [
        Pending(
            one.id,
            one.work.student.name,
            one.work.unit,
            one.work.submission,
            counting.score,
            one.score,
            one.why,
            one.run,
            one.recorded,
        )
        for one, counting in _waiting(session, unit, run, ids)
    ]


def decide(session: Session, accept: bool, by: str, *, unit: str = "", run: str = "", ids: Collection[int] = ()) -> int:
    """Let lower scores count, or reject them; how many. GradebookError where one of `ids` does not wait."""
    session.execute(select(Work.id).with_for_update())  # a run that records at the same time waits
    waiting = _waiting(session, unit, run, ids)
    if strange := sorted(set(ids) - {one.id for one, _counting in waiting}):
        raise GradebookError(_("no score waits under {ids}").format(ids=", ".join(map(str, strange))))
    for one, counting in waiting:
        one.state = State.COUNTS if accept else State.REJECTED
        one.decided_by, one.decided = by, datetime.now(UTC)
        if accept:
            counting.state, one.counted = State.SUPERSEDED, one.decided
    return len(waiting)


def _waiting(session: Session, unit: str, run: str, ids: Collection[int]) -> list[tuple[Grading, Grading]]:
    """Each with the grading that counts until then."""
    counting = aliased(Grading)
    wanted = (
        select(Grading, counting)
        .join(Grading.work)
        .join(Work.student)
        .join(counting, counting.work_id == Grading.work_id)
        .where(Grading.state == State.PROPOSED, counting.state == State.COUNTS)
        .order_by(Work.unit, Student.name, Grading.id)
        .options(defer(Grading.report), defer(counting.report))
        .options(contains_eager(Grading.work).contains_eager(Work.student))
    )
    if unit:
        wanted = wanted.where(Work.unit == unit)
    if run:
        wanted = wanted.where(Grading.run == run)
    found = [(one, other) for one, other in session.execute(wanted)]
    chosen = set(ids)  # not in the query: a class may have more of them than SQLite takes variables
    return [(one, other) for one, other in found if one.id in chosen] if chosen else found
