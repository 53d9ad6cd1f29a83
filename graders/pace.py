"""How long one more submission takes when the oracle's values are there already: python -m graders.pace.

For every unit (or those named) the cases are drawn and the reference graded once, so that everything is warm; then the
reference, and the reference with a known mistake in a task near the beginning, in the middle and near the end of the
unit, are graded in turn, several times over, grader and sandbox on one core; what the host of a virtual machine takes
away of that core is not counted. Training tasks are timed apart: they take what their models take.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from collections.abc import Iterable
from dataclasses import replace

import click
from rich.console import Console
from rich.table import Table

from graders.exam import Exam
from graders.grade import grade
from graders.intake.reference import reference_submission
from graders.intake.submission import Submission
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits, Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit, unit_names
from graders.specs.row import Row
from graders.specs.unit import Unit
from graders.suspects import Suspects, known_mistakes
from graders.verdict import Report

PARTS = ("student", "judging", "shrinking", "diagnosis")
RIGHT, WRONG, TRAINING = 1.0, 3.0, 5.0
"""Seconds that right work, wrong work and a training task may take."""
MISTAKES = 3
Figures = dict[str, float]


def with_mistakes(unit: Unit) -> Submission:
    """The unit's reference with a mistake in some of its tasks."""
    rows = [task.name for task in unit.tasks if isinstance(task, Row)]
    chosen = {rows[place * (len(rows) - 1) // (MISTAKES - 1)] for place in range(MISTAKES)}
    chaffs = [known_mistakes(row)[0] for row in rows if row in chosen]
    right = reference_submission(unit)
    return replace(right, name="wrong", pieces=(*right.pieces, *(Piece(chaff.name, chaff.text) for chaff in chaffs)))


class Course:
    """A unit with everything warm."""

    def __init__(self, unit: Unit, backend: Backend) -> None:
        self.unit, self.backend = unit, backend
        self.exam = Exam(unit, PUBLIC)
        self.suspects = Suspects(self.exam, backend)
        self.rows = frozenset(task.name for task in unit.tasks if isinstance(task, Row))
        self.right, self.wrong = reference_submission(unit), with_mistakes(unit)
        for submission in (self.right, self.wrong):
            self.graded(submission, self.rows)

    def graded(self, submission: Submission, tasks: Iterable[str]) -> tuple[Report, Figures]:
        """The report on some tasks, and what it took."""
        start, stolen = time.perf_counter(), stolen_seconds()
        report = grade(submission, self.exam, self.backend, tasks=frozenset(tasks), suspects=self.suspects)
        seconds = time.perf_counter() - start - (stolen_seconds() - stolen)
        cases = sum(result.cases for result in report.results)
        parts = {part: report.timings.get(part, 0.0) for part in PARTS}
        return report, {"total": seconds, "cases": cases, **parts, "rest": seconds - sum(parts.values())}

    def training(self) -> dict[str, float]:
        """Seconds of each training task."""
        names = [task.name for task in self.unit.tasks if not isinstance(task, Row)]
        return {name: self.graded(self.right, [name])[1]["total"] for name in names}


def stolen_seconds() -> float:
    """How long the host of a virtual machine has kept our processor from us; 0 where nobody says."""
    if not hasattr(os, "sched_getaffinity"):
        return 0.0
    name = f"cpu{max(os.sched_getaffinity(0))}"
    with contextlib.suppress(OSError), open("/proc/stat", encoding="ascii") as file:
        fields = next(line.split() for line in file if line.startswith(f"{name} "))
        return int(fields[8]) / os.sysconf("SC_CLK_TCK")
    return 0.0


def of_rounds(figures: list[Figures]) -> Figures:
    """Those of the quickest round, which others on this machine disturbed least, and the median of all totals."""
    quickest = min(figures, key=lambda one: one["total"])
    return {**quickest, "median": statistics.median(one["total"] for one in figures)}


@click.command()
@click.argument("units", nargs=-1)
@click.option("--rounds", default=5, show_default=True, help="Gradings of each submission.")
def main(units: tuple[str, ...], rounds: int) -> None:
    """Measure UNITS, all if none is named, on one core, and print the tables."""
    if hasattr(os, "sched_setaffinity"):  # what is started later inherits it
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    backend = open_backend("auto", Limits())
    names = tuple(find_unit(unit).name for unit in units) or tuple(unit_names())
    console = Console(width=120)
    measured: dict[str, tuple[Figures, Figures]] = {}
    trained: dict[str, float] = {}
    for name in names:
        course = Course(find_unit(name), backend)
        pairs = [[course.graded(work, course.rows)[1] for work in (course.right, course.wrong)] for _ in range(rounds)]
        measured[name] = (of_rounds([pair[0] for pair in pairs]), of_rounds([pair[1] for pair in pairs]))
        trained |= course.training()
        console.print(f"{name}: {measured[name][0]['total']:.2f} s right, {measured[name][1]['total']:.2f} s wrong")
    for which, title, limit in ((0, "right work", RIGHT), (1, "work with three wrong tasks", WRONG)):
        console.print(table({name: pair[which] for name, pair in measured.items()}, title, limit, rounds))
    console.print(f"training tasks, at most {TRAINING:g} s each:")
    for name, seconds in trained.items():
        console.print(f"  {seconds:5.2f} s  {name}")


def table(rows: dict[str, Figures], title: str, limit: float, rounds: int) -> Table:
    """Seconds by unit and part, and cases a second."""
    middle = statistics.median(figures["total"] for figures in rows.values())
    page = Table(title=f"{title}: seconds, quickest of {rounds}; median of the units {middle:.2f} s, at most {limit:g}")
    page.add_column("", no_wrap=True)
    for column in (*PARTS, "rest", "total", "median", "cases", "cases/s"):
        page.add_column(column, justify="right")
    for name, figures in rows.items():
        seconds = [f"{figures[part]:.2f}" for part in (*PARTS, "rest", "total", "median")]
        page.add_row(name, *seconds, f"{figures['cases']:.0f}", f"{figures['cases'] / figures['total']:.0f}")
    return page


if __name__ == "__main__":
    main()
