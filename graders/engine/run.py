"""A run over a class: what is known is not graded again, what is graded is recorded at once, and the rest goes on."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from graders.engine.jobs import Done, Engine, EngineFailure, Job, not_done
from graders.i18n import _
from graders.intake.reference import reference_submission
from graders.intake.submission import Submission, read_submission
from graders.verdict import GraderError, Report

if TYPE_CHECKING:
    from graders.batch import Setting
    from graders.engine.ledger import Ledger
    from graders.gradebook.book import Recorded

FAULTS = 10
"""So many submissions in a row that meet a fault of ours, and the unit's own solution has to show whose fault it is."""


@dataclass(frozen=True)
class Handed:
    """A submission of a run.

    name: what its report is called; student: whose it is. received: when it came, None where nobody knows. told:
    somebody has just said so, even that nobody knows.
    """

    path: Path
    name: str
    student: str
    received: datetime | None = None
    told: bool = False


@dataclass(frozen=True)
class Ended:
    """What became of a submission. page: of a report that was made now, where pages are wanted.

    recorded: what the gradebook said; None where there is none, or where it knew the report already.
    """

    number: int
    report: Report
    page: str = ""
    fresh: bool = True
    recorded: Recorded | None = None


class Run:
    """One run over a class; use it once.

    engine: opened for so many submissions, when it is known how many have to be graded.
    whole: inside of it nothing is interrupted.
    """

    def __init__(
        self,
        handed: Sequence[Handed],
        setting: Setting,
        engine: Callable[[int], Engine],
        ledger: Ledger | None = None,
        *,
        pages: bool = False,
        force: bool = False,
        whole: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self.handed, self.setting, self.ledger = handed, setting, ledger
        self._engine, self._pages, self._force, self._whole = engine, pages, force, whole
        self._given: dict[int, Submission] = {}
        self._own_wanted, self._own_numbers = False, itertools.count(-1, -1)  # which no submission has

    def __iter__(self) -> Generator[Ended]:
        """Every submission once: those that were graded before, the others as they are ready, those nobody can read."""
        left: list[int] = []
        for number in range(len(self.handed)):
            if found := self._known(number):
                yield found
            else:
                left.append(number)
        if left:
            yield from self._graded(left)

    def _known(self, number: int) -> Ended | None:
        if self.ledger is None or self._force:
            return None
        one, submission = self.handed[number], self._read(number)
        if submission.fault:  # tried once more when its turn comes
            return None
        with self._whole():
            found = self.ledger.known(one, submission)
        if found is None:
            return None
        report, recorded = found
        named = replace(report, submission=one.name, path=str(one.path))
        return Ended(number, named, fresh=False, recorded=recorded)

    def _graded(self, left: list[int]) -> Iterator[Ended]:
        engine, faults, unread = self._engine(len(left)), 0, list[Ended]()
        try:
            for done in engine.run(self._jobs(left, unread)):
                if done.number < 0:
                    if done.report.faulty:
                        raise EngineFailure(too_many(done.report))
                    faults = 0
                    continue
                submission = self._given.pop(done.number)
                done = self._own(done, submission)
                with self._whole():
                    recorded = self._record(done.number, submission, done.report)
                faults = faults + 1 if done.report.faulty else 0
                yield Ended(done.number, done.report, done.page, recorded=recorded)
                if faults == FAULTS:  # some crash every grader, and would be the first ones of the next run too
                    self._own_wanted = True
        finally:
            engine.close()
        yield from unread

    def _own(self, done: Done, submission: Submission) -> Done:
        """What was done, if it was done to this submission."""
        if done.report.fingerprint == submission.fingerprint:
            return done
        fault = GraderError(_("the report that came back is of another submission"))
        return not_done(Job(done.number, submission), self.setting, fault)

    def _jobs(self, left: Iterable[int], unread: list[Ended]) -> Iterator[Job]:
        for number in left:
            if self._own_wanted:
                self._own_wanted = False
                yield Job(next(self._own_numbers), reference_submission(self.setting.assignment))
            submission = self._read(number)
            if submission.fault:  # no engine could do anything with it, and none is at fault
                fault = GraderError(submission.problem)
                unread.append(Ended(number, not_done(Job(number, submission), self.setting, fault).report))
                continue
            # Its source is not needed any more when it has been sent; who it is, is.
            self._given[number] = replace(submission, pieces=())
            yield Job(number, submission, self._pages)

    def _read(self, number: int) -> Submission:
        one = self.handed[number]
        return replace(read_submission(one.path, self.setting.assignment), name=one.name)

    def _record(self, number: int, submission: Submission, report: Report) -> Recorded | None:
        if self.ledger is None:
            return None
        return self.ledger.record(self.handed[number], submission, report)


def too_many(report: Report) -> str:
    """Why a run is given up, with the last fault."""
    fault = next(result.message for result in report.results if result.status == "error")
    text = _("{count} submissions in a row met a fault of the grader, and so did the unit's own solution: {fault}")
    return text.format(count=FAULTS, fault=fault)
