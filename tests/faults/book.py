"""What a gradebook holds, compared with what an undisturbed run has put into one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select

from graders.gradebook.book import Gradebook
from graders.gradebook.schema import Grading, State, Student, Work

Verdicts = tuple[tuple[str, str, str, float], ...]


@dataclass(frozen=True)
class Held:
    """One grading: whose, of what, and its verdicts by task and property."""

    student: str
    fingerprint: str
    state: State
    score: float
    verdicts: Verdicts


def read(url: str) -> list[Held]:
    """Everything in a gradebook."""
    with Gradebook(url, make=False) as book, book.reading() as session:
        found = session.execute(select(Student, Work, Grading).join(Student.works).join(Work.gradings)).all()
        return [
            Held(student.name, work.fingerprint, State(one.state), one.score, verdicts(one.report))
            for student, work, one in found
        ]


def verdicts(report: str) -> Verdicts:
    """Of a report, without what differs between two runs: times, and what a machine's state may word otherwise."""
    results = json.loads(report)["results"]
    return tuple((one["task"], one["property"], one["status"], one["score"]) for one in results)


@dataclass(frozen=True)
class Difference:
    """Of a disturbed run from an undisturbed one. All of it should be nothing."""

    lost: int = 0
    twice: int = 0
    changed: int = 0

    def __bool__(self) -> bool:
        return bool(self.lost or self.twice or self.changed)

    def __add__(self, other: Difference) -> Difference:
        return Difference(self.lost + other.lost, self.twice + other.twice, self.changed + other.changed)


def difference(wanted: list[Held], got: list[Held]) -> Difference:
    """How many students' works are missing, recorded more than once, or have another score or verdict."""
    right = {(one.student, one.fingerprint): one for one in wanted}
    times = Counter((one.student, one.fingerprint) for one in got)
    changed = [
        one
        for one in got
        if (same := right.get((one.student, one.fingerprint))) is None
        or (one.state, one.score, one.verdicts) != (same.state, same.score, same.verdicts)
    ]
    return Difference(len(set(right) - set(times)), sum(count - 1 for count in times.values()), len(changed))
