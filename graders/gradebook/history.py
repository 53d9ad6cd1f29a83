"""A student's attempts with all their gradings: when, why, by which graders, and what each regrade changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from graders.gradebook.decisions import find_student
from graders.gradebook.difference import Change, changes
from graders.gradebook.schema import Grading, Override, State, Work
from graders.report.from_json import from_json


@dataclass(frozen=True)
class Step:
    """One grading.

    counted: since when it counted, None where it never did. changes: what differs from the one that counted before it,
    by task and property.
    """

    id: int
    recorded: datetime
    state: State
    score: float
    max_score: float
    why: str
    suite: str
    secret: str
    decided_by: str
    counted: datetime | None
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Past:
    """One attempt with its gradings, the earliest first. seen: when a run first came across it."""

    work: int
    unit: str
    submission: str
    fingerprint: str
    received: datetime | None
    seen: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Decided:
    """An override, and whether it still holds."""

    unit: str
    task: str
    score: float
    why: str
    by: str
    at: datetime
    withdrawn: datetime | None


def attempts(session: Session, name: str, unit: str = "") -> list[Past]:
    """All attempts of a student, unit by unit, in the order in which they came."""
    wanted = (
        select(Work)
        .where(Work.student_id == find_student(session, name).id)
        .order_by(Work.unit, Work.received.nulls_first(), Work.seen, Work.id)
    )
    if unit:
        wanted = wanted.where(Work.unit == unit)
    return [
        Past(
            one.id, one.unit, one.submission, one.fingerprint, one.received, one.seen, tuple(_steps(list(one.gradings)))
        )
        for one in session.scalars(wanted)
    ]


def overrides(session: Session, name: str, unit: str = "") -> list[Decided]:
    """All overrides of a student, those that were withdrawn too, in the order in which they were given."""
    wanted = select(Override).where(Override.student_id == find_student(session, name).id).order_by(Override.id)
    if unit:
        wanted = wanted.where(Override.unit == unit)
    return [
        Decided(one.unit, one.task, one.score, one.why, one.by, one.at, one.withdrawn)
        for one in session.scalars(wanted)
    ]


def _steps(gradings: list[Grading]) -> list[Step]:
    counted, steps = None, []
    for one in gradings:
        report = from_json(one.report)
        steps.append(
            Step(
                one.id,
                one.recorded,
                State(one.state),
                one.score,
                one.max_score,
                one.why,
                one.suite,
                one.secret,
                one.decided_by,
                one.counted,
                tuple(changes(counted, report)) if counted else (),
            )
        )
        if one.counted is not None:
            counted = report
    return steps


def to_json(value: Any) -> Any:
    """Dataclasses, moments and the like as plain data."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case list() | tuple():
            return [to_json(part) for part in value]
        case dict():
            return {key: to_json(part) for key, part in value.items()}
        case _ if hasattr(value, "__dataclass_fields__"):
            return {name: to_json(getattr(value, name)) for name in value.__dataclass_fields__}
        case _:
            return value
