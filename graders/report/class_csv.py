"""A class as a table for a spreadsheet: one line a submission, one column a task."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from graders.report.text import points, printable
from graders.report.view import task_views
from graders.verdict import Report

_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""What starts a formula; the full-width forms do in East Asian versions of Excel."""


ENCODING = "utf-8-sig"
"""Of the file: the byte order mark is what makes Excel read Chinese."""
STANDING = ("attempt", "days_late", "penalty", "final", "counts")
WAITING = "until confirmed"


def to_csv(reports: Sequence[Report], counting: Mapping[str, float] | None = None) -> str:
    """The class as CSV text: submission, score, max_score, a column a task, problem.

    Where attempts and times are known, five more: attempt, days_late, penalty, final, counts.

    Args:
        counting: by submission, the score that counts until a person confirms this lower one; where there are any, a
            column "until confirmed" has them.
    """
    tasks = task_names(reports)
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    standing = STANDING if any(report.standing for report in reports) else ()
    waiting = [WAITING] if counting else []
    writer.writerow(["submission", "score", "max_score", *map(harmless, tasks), "problem", *standing, *waiting])
    for report in reports:
        scores = {task.name: points(task.score) for task in task_views(report)}
        earned = [scores.get(task, "") for task in tasks]
        totals = [points(report.score), points(report.max_score)]
        stands = _standing(report) if standing else []
        before = (counting or {}).get(report.submission)
        until = ["" if before is None else points(before)] if counting else []
        writer.writerow([harmless(report.submission), *totals, *earned, harmless(report.problem), *stands, *until])
    return table.getvalue()


def _standing(report: Report) -> list[str]:
    one = report.standing
    if one is None:
        return [""] * len(STANDING)
    days = "" if one.days_late is None else str(one.days_late)
    return [str(one.attempt), days, points(one.penalty), points(one.final), "yes" if one.counts else "no"]


def task_names(reports: Sequence[Report]) -> list[str]:
    """Every task of the class, in the order of first appearance."""
    return list(dict.fromkeys(result.task for report in reports for result in report.results))


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run as a formula."""
    shown = printable(text)
    return "'" + shown if text.startswith(_FORMULA) else shown
