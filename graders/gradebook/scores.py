"""What a student has in a unit: the attempt that counts, what being late costs, and what a person gave instead."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from graders.gradebook.schema import Grading, Override, State, Student, Work
from graders.policy import Policy
from graders.report.from_json import from_json
from graders.standing import Attempt, late_share, seconds_late, standings
from graders.verdict import Report, Standing

CAME = (Work.received.nulls_first(), Work.last_seen, Work.id)
"""The order in which works came: without a time of receipt, by when they were last come across."""


@dataclass(frozen=True)
class Graded:
    """A work whose grading counts.

    grading: the number of that grading. score: what it computed. standing: what the policy makes of it. pending: the
    lower score that waits for a person, None where none does.
    """

    work: int
    grading: int
    submission: str
    fingerprint: str
    score: float
    max_score: float
    standing: Standing
    pending: float | None = None


@dataclass(frozen=True)
class Given:
    """An override that holds. task: "" for the whole unit."""

    task: str
    score: float
    why: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Person:
    """What the gradebook knows of a student."""

    name: str
    full_name: str = ""
    email: str = ""
    outside_id: str = ""
    pseudonym: str = ""


@dataclass(frozen=True)
class Line:
    """A student's unit. tasks: points by task of the attempt that counts, before overrides. given: what a person gave.

    late: the share of the points that being late costs.
    """

    student: Person
    unit: str
    attempts: tuple[Graded, ...]
    given: tuple[Given, ...] = ()
    tasks: dict[str, float] | None = None
    late: float = 0.0

    @property
    def counted(self) -> Graded | None:
        """The attempt that counts; None where nothing was handed in."""
        return next((one for one in self.attempts if one.standing.counts), None)

    @property
    def computed(self) -> float | None:
        """What was computed, less what being late costs; no person changes it."""
        return self.counted.standing.final if self.counted else None

    @property
    def final(self) -> float | None:
        """What the student has in the end: where a person gave something, that."""
        for one in self.given:
            if not one.task:
                return one.score
        if not self.given:
            return self.computed
        tasks = dict(self.tasks or {})
        before = self.counted.score if self.counted else 0.0
        earned = before + sum(one.score - tasks.get(one.task, 0.0) for one in self.given)
        return round(earned - round(earned * self.late, 2), 2)

    @property
    def pending(self) -> float | None:
        """A lower score that waits for a person, of the attempt that counts."""
        return self.counted.pending if self.counted else None


def lines(
    session: Session, unit: str, policy: Policy, *, student: str | None = None, with_tasks: bool = False
) -> list[Line]:
    """Every student who has anything in a unit, by name. with_tasks: points by task as well, which takes longer."""
    given = _given(session, unit)
    found: dict[int, list[tuple[Work, Grading]]] = {}
    people: dict[int, Student] = {}
    for one in session.scalars(select(Student).order_by(Student.name)):
        people[one.id] = one
    for work, grading in _graded(session, unit):
        found.setdefault(work.student_id, []).append((work, grading))
    pending = _pending(session, unit)
    made = []
    for number, who in people.items():
        if (number in found or number in given) and student in (None, who.name):
            graded = attempts(found.get(number, []), policy, pending)
            tasked = with_tasks or any(one.task for one in given.get(number, ()))
            made.append(_line(session, who, unit, graded, given.get(number, ()), policy, tasked))
    return made


def standing_works(
    session: Session, unit: str, policy: Policy, student: int | None = None
) -> Iterator[tuple[str, tuple[Graded, ...]]]:
    """Every student's attempts at a unit, or one's alone, with the name; one student's in memory at a time."""
    wanted = (
        select(Student.name, Work, Grading)
        .join(Work.student)
        .join(Work.gradings)
        .where(Work.unit == unit, Grading.state == State.COUNTS)
        .order_by(Work.student_id, *CAME)
        .options(defer(Grading.report))
        .execution_options(yield_per=500)
    )
    if student is not None:
        wanted = wanted.where(Work.student_id == student)
    found = ((row[0], (row[1], row[2])) for row in session.execute(wanted))
    for name, rows in itertools.groupby(found, key=lambda row: row[0]):
        yield name, attempts([row[1] for row in rows], policy)


def units(session: Session, student: str | None = None) -> list[str]:
    """The units in which anybody, or this student, has work or an override that holds."""
    works = select(Work.unit).distinct()
    overrides = select(Override.unit).where(Override.withdrawn.is_(None)).distinct()
    if student is not None:
        works = works.join(Work.student).where(Student.name == student)
        overrides = overrides.join(Override.student).where(Student.name == student)
    return sorted({*session.scalars(works), *session.scalars(overrides)})


def tasks(session: Session, unit: str) -> list[str]:
    """The tasks of all reports on a unit, as they come."""
    found = session.scalars(
        select(Grading.report).join(Grading.work).where(Work.unit == unit).execution_options(yield_per=50)
    )
    return list(dict.fromkeys(task for text in found for task in from_json(text).tasks()))


def person(student: Student) -> Person:
    """What the gradebook knows of a student."""
    return Person(student.name, student.full_name, student.email, student.outside_id, student.pseudonym)


def points_by_task(report: Report) -> dict[str, float]:
    """What every task earned, in the report's order."""
    return {task: round(sum(one.score for one in results), 2) for task, results in report.tasks().items()}


def _line(
    session: Session,
    who: Student,
    unit: str,
    attempts: tuple[Graded, ...],
    given: tuple[Given, ...],
    policy: Policy,
    tasked: bool,
) -> Line:
    line = Line(person(who), unit, attempts, given)
    if line.counted is None:
        return line
    tasks = None
    if tasked:
        text = session.scalars(select(Grading.report).where(Grading.id == line.counted.grading)).one()
        tasks = points_by_task(from_json(text))
    late = late_share(line.counted.standing.days_late, policy.late)
    return Line(line.student, unit, attempts, given, tasks, late)


def attempts(
    graded: Sequence[tuple[Work, Grading]], policy: Policy, pending: Mapping[int, float] | None = None
) -> tuple[Graded, ...]:
    """One student's works, each with the grading that counts, in the order in which they came, and how each stands.

    pending: lower scores that wait for a person, by the number of the work.
    """
    if not graded:
        return ()
    handed_in = [
        Attempt(str(work.id), one.score, work.received, seconds_late(work.received, policy.due)) for work, one in graded
    ]
    stands, waiting = standings(handed_in, policy), pending or {}
    made = [
        Graded(
            work.id,
            one.id,
            work.submission,
            work.fingerprint,
            one.score,
            one.max_score,
            stands[str(work.id)],
            waiting.get(work.id),
        )
        for work, one in graded
    ]
    return tuple(sorted(made, key=lambda one: one.standing.attempt))


def _graded(session: Session, unit: str) -> Iterator[tuple[Work, Grading]]:
    """Works with the grading that counts, without its report, in the order in which they came."""
    found = session.execute(
        select(Work, Grading)
        .join(Work.gradings)
        .where(Work.unit == unit, Grading.state == State.COUNTS)
        .order_by(*CAME)
        .options(defer(Grading.report))
    )
    yield from ((work, grading) for work, grading in found)


def _pending(session: Session, unit: str) -> dict[int, float]:
    found = session.execute(
        select(Grading.work_id, Grading.score)
        .join(Grading.work)
        .where(Work.unit == unit, Grading.state == State.PROPOSED)
    )
    return {row.work_id: row.score for row in found}


def _given(session: Session, unit: str) -> dict[int, tuple[Given, ...]]:
    """By student, the latest override of every task, or of the unit."""
    held: dict[int, dict[str, Given]] = {}
    for one in session.scalars(
        select(Override).where(Override.unit == unit, Override.withdrawn.is_(None)).order_by(Override.id)
    ):
        held.setdefault(one.student_id, {})[one.task] = Given(one.task, one.score, one.why, one.by, one.at)
    return {student: tuple(given.values()) for student, given in held.items()}
