"""A class as a table for a spreadsheet: one line a submission, one column a task."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from graders.report.text import points, printable
from graders.report.view import task_views
from graders.verdict import Report

_FORMULA = tuple("=+-@\t\r＝＋－＠")
"""What starts a formula; the full-width forms do in East Asian versions of Excel."""


def save(reports: Sequence[Report], path: Path) -> None:
    """Write `class.csv`; the byte order mark is what makes Excel read Chinese."""
    path.write_text(to_csv(reports), encoding="utf-8-sig", newline="")


def to_csv(reports: Sequence[Report]) -> str:
    """The class as CSV text: submission, score, max_score, a column a task, problem."""
    tasks = task_names(reports)
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["submission", "score", "max_score", *map(harmless, tasks), "problem"])
    for report in reports:
        scores = {task.name: points(task.score) for task in task_views(report)}
        earned = [scores.get(task, "") for task in tasks]
        totals = [points(report.score), points(report.max_score)]
        writer.writerow([harmless(report.submission), *totals, *earned, harmless(report.problem)])
    return table.getvalue()


def task_names(reports: Sequence[Report]) -> list[str]:
    """Every task of the class, in the order of first appearance."""
    return list(dict.fromkeys(result.task for report in reports for result in report.results))


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would run as a formula."""
    shown = printable(text)
    return "'" + shown if text.startswith(_FORMULA) else shown
