"""What every engine takes and gives: jobs in, reports out, each as soon as it is ready."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from graders.intake.submission import Submission
from graders.verdict import Report

if TYPE_CHECKING:
    from graders.batch import Grader, Setting

OURS, TIMES = 900.0, 4
"""A grading process is given up after so many times what a submission may take in all, and so many seconds more."""


@dataclass(frozen=True)
class Job:
    """A submission to be graded. number: its place in the run. page: whether the report's page is wanted as well."""

    number: int
    submission: Submission
    page: bool = False


@dataclass(frozen=True)
class Done:
    """What came of a job. page: HTML, "" where it was not asked for."""

    number: int
    report: Report
    page: str = ""


class Engine(Protocol):
    """Where jobs are done. It takes the next one when it has room for it, so that none wait in memory."""

    def run(self, jobs: Iterator[Job]) -> Iterator[Done]:
        """Every job once, in the order in which they are done."""

    def close(self) -> None:
        """End whatever still runs, sandboxes included."""


class EngineFailure(Exception):
    """The engine itself is gone or is not what it should be: nothing more can be graded; the reason is the message."""


def patience(setting: Setting) -> float:
    """Seconds that a process has for one job, here and on a cluster, before it is taken for hung."""
    return TIMES * setting.limits.submission_seconds + OURS


def do(job: Job, grader: Grader) -> Done:
    """Do a job in this process; whatever goes wrong is a fault of ours, in its report."""
    from graders.report import html

    try:
        report = grader.graded(job.submission)
        return Done(job.number, report, html.to_html(report) if job.page else "")
    except Exception as fault:
        return not_done(job, grader.setting, fault)


def not_done(job: Job, setting: Setting, fault: BaseException) -> Done:
    """What comes of a job that could not be done: our fault, to be graded again."""
    from graders.batch import not_graded

    return Done(job.number, not_graded(job.submission, setting, fault))
