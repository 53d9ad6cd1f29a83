"""A run and its gradebook: the same command twice records once, a lost connection is tried again, no score drops."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.exc import DataError

from graders.batch import Setting
from graders.engine.run import Handed
from graders.gradebook.book import DROP, Gradebook, Outcome, Place, Recorded
from graders.gradebook.errors import GradebookFault
from graders.gradebook.key import grading_key
from graders.gradebook.schema import Grading, State, Student, Work
from graders.intake.submission import Submission
from graders.verdict import Report

T = TypeVar("T")
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds after which a database that did not answer is asked again."""
LONGEST = 20.0
"""Seconds after which it is not."""


class Ledger:
    """What a run knows of, and tells, a gradebook.

    again: work that was graded before is graded and recorded again. confirmed: a person has agreed that scores may
    drop. why: the reason, where work was graded before. run: what this run is called.
    """

    def __init__(
        self,
        book: Gradebook,
        setting: Setting,
        *,
        why: str = "",
        again: bool = False,
        confirmed: bool = False,
        run: str = "",
    ) -> None:
        self._book, self._setting = book, setting
        self._why, self._again, self._confirmed, self._run = why, again, confirmed, run

    def known(self, one: Handed, submission: Submission) -> tuple[Report, Recorded | None] | None:
        """What an earlier run found, and what waits of it; None where there is nothing yet."""
        place, key = place_of(one, submission, self._setting), key_of(submission, self._setting)
        report = self._patiently(lambda: self._book.known(place, key))
        if report is None:
            return None
        return report, self._patiently(lambda: self._accepted(place, key, report))

    def _accepted(self, place: Place, key: str, report: Report) -> Recorded | None:
        """What becomes of a score that waits; asked again where the answer was lost, it may wait no longer."""
        before = self._waits(place, key)
        if before is None:
            return None
        if report.score < before - DROP and not self._confirmed:
            return Recorded(Outcome.PROPOSED, before, report.score)
        return self._put(place, key, report, again=True)

    def record(self, one: Handed, submission: Submission, report: Report) -> Recorded:
        """Record a report that was made now, in a transaction of its own."""
        place, key = place_of(one, submission, self._setting), key_of(submission, self._setting)
        tries = 0

        def recorded() -> Recorded:
            nonlocal tries
            tries += 1
            # Where the answer was lost, the record may be there all the same.
            lost = tries > 1 and self._again and same(self._book.known(place, key), report)
            return self._put(place, key, report, again=self._again and not lost)

        return self._patiently(recorded)

    def _put(self, place: Place, key: str, report: Report, *, again: bool) -> Recorded:
        return self._book.record(
            place, key, report, why=self._why, again=again, confirmed=self._confirmed, run=self._run
        )

    def _waits(self, place: Place, key: str) -> float | None:
        """The score that counts, where another with this key waits for a person."""
        mine = (Student.name == place.student, Work.unit == place.unit, Work.submission == place.submission)
        with self._book.reading() as session:
            found = session.scalars(
                select(Grading)
                .join(Grading.work)
                .join(Work.student)
                .where(*mine, Work.fingerprint == place.fingerprint)
                .where(Grading.state.in_((State.PROPOSED, State.COUNTS)))
            ).all()
            counts = [one.score for one in found if one.state == State.COUNTS]
            waits = any(one.state == State.PROPOSED and one.key == key for one in found)
            return counts[0] if waits and counts else None

    def _patiently(self, ask: Callable[[], T]) -> T:
        ends = time.monotonic() + LONGEST
        for seconds in PAUSES:
            try:
                return ask()
            except GradebookFault as fault:
                never = isinstance(fault.__cause__, DataError)  # what does not fit now never will
                if never or time.monotonic() + seconds > ends:
                    raise
            time.sleep(seconds)
        return ask()


def place_of(one: Handed, submission: Submission, setting: Setting) -> Place:
    """Where a gradebook has, or will have, what was handed in."""
    where = str(one.path.absolute())  # whoever asks for it later is somewhere else
    return Place(one.student, setting.unit, one.path.name, submission.fingerprint, where, one.received, one.told)


def key_of(submission: Submission, setting: Setting) -> str:
    """What its score depends on."""
    return grading_key(submission.fingerprint, setting)


def same(one: Report | None, other: Report) -> bool:
    """Whether it is the same grading, not merely the same score."""
    return one is not None and (one.started, one.seconds) == (other.started, other.seconds)
