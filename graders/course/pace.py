"""Our nbgrader course beside a stock one on the same work: python -m graders.course.pace.

A class hands in notebooks of one unit: the reference, with up to three known mistakes in it. Both courses are run by
`nbgrader autograde`: ours grades every property but throughput; the stock one executes the same cells, with one
`assert callable(...)` a task. They take turns, a part of the class at a time, now one of them first and then the other;
every part is a process of its own, so that start-up counts as often on either side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
from nbgrader.api import Gradebook
from rich.console import Console
from rich.table import Table

from graders.course.cells import ANSWER, TEST
from graders.course.folder import make_course
from graders.course.notebook import Cell, lines
from graders.intake.reference import closure, module_text
from graders.intake.submission import unit_files
from graders.specs import find_unit
from graders.specs.row import Row
from graders.specs.unit import Unit
from graders.suspects import known_mistakes

MISTAKES = 4
"""A student makes from none to one less than this many."""
STOCK = """\
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.ClearMarkScheme.enforce_metadata = False
"""


@dataclass
class Side:
    """One of the two courses, and how many seconds it has taken so far."""

    name: str
    folder: Path
    seconds: float = 0.0

    def nbgrader(self, *arguments: str) -> None:
        """Run a command of nbgrader; RuntimeError with its last words where it fails."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        sources = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.folder,
            env={**os.environ, "PATH": path, "PYTHONPATH": sources, "HOME": str(self.folder.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"nbgrader {' '.join(arguments)}: {done.stderr[-2000:]}")

    def autograde(self, unit: Unit, students: str) -> None:
        """Grade the students whose names match, and count what it takes."""
        clock = time.perf_counter()
        self.nbgrader("autograde", unit.name, f"--student={students}")
        self.seconds += time.perf_counter() - clock


def work(unit: Unit, number: int) -> dict[str, str]:
    """What a student writes for each task: the reference, with known mistakes in some."""
    rows = [task for task in unit.tasks if isinstance(task, Row)]
    wrong = {rows[(number + place * len(rows) // MISTAKES) % len(rows)].name for place in range(number % MISTAKES)}
    texts, known = {}, set[str]()
    for task in unit.tasks:
        new = [definition for definition in closure(task.functions) if definition.name not in known]
        known |= {definition.name for definition in new}
        mistake = known_mistakes(task.name)[number % 4].text if task.name in wrong else ""
        texts[task.name] = f"{module_text(new)}\n\n{mistake}".strip()
    return texts


def filled(path: Path, written: dict[str, str]) -> str:
    """A released notebook with a student's code, and a word for an answer."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name.removeprefix("code-") in written and name.startswith("code-"):
            cell["source"] = lines(written[name.removeprefix("code-")])
        elif name.startswith(ANSWER):
            cell["source"] = ["By the chain rule."]
    return json.dumps(content)


def stock_cell(cell: Cell, unit: Unit) -> Cell:
    """A cell of our source as a stock course would have it: an assert where ours keeps points."""
    if not cell["id"].startswith(TEST):
        return {**cell, "source": []} if cell["id"] in ("setup", "check") else cell
    task = next(task for task in unit.tasks if task.name == cell["id"].removeprefix(TEST))
    first = task.functions[0].partition(".")[0]
    return {**cell, "source": [f"assert callable({first})"]}


def set_up(folder: Path, unit: Unit, students: Iterable[str]) -> tuple[Side, Side]:
    """Both courses, with everything handed in."""
    ours, stock = Side("backcheck", folder / "backcheck"), Side("nbgrader", folder / "stock")
    make_course(ours.folder, [unit])
    name = unit_files(unit)[1]
    source = stock.folder / "source" / unit.name / name
    source.parent.mkdir(parents=True)
    content = json.loads((ours.folder / "source" / unit.name / name).read_text(encoding="utf-8"))
    content["cells"] = [stock_cell(cell, unit) for cell in content["cells"]]
    source.write_text(json.dumps(content), encoding="utf-8")
    (stock.folder / "nbgrader_config.py").write_text(STOCK, encoding="utf-8")
    for side in (ours, stock):
        side.nbgrader("generate_assignment", unit.name)
        for number, student in enumerate(students):
            path = side.folder / "submitted" / student / unit.name / name
            path.parent.mkdir(parents=True)
            path.write_text(filled(side.folder / "release" / unit.name / name, work(unit, number)), encoding="utf-8")
    return ours, stock


def scores(side: Side, unit: Unit) -> dict[str, float]:
    """What every student has by the machine."""
    with Gradebook(f"sqlite:///{side.folder}/gradebook.db") as gradebook:
        found = gradebook.assignment_submissions(unit.name)
        grades = {one.student_id: [grade.auto_score for nb in one.notebooks for grade in nb.grades] for one in found}
    return {student: sum(score or 0.0 for score in earned) for student, earned in grades.items()}


def parts(students: list[str], size: int) -> Iterator[list[str]]:
    """The class, some at a time."""
    yield from (students[start : start + size] for start in range(0, len(students), size))


@click.command()
@click.option("--unit", "name", default="01-activations", show_default=True)
@click.option("--submissions", default=30, show_default=True)
@click.option("--part", default=15, show_default=True, help="How many are graded before the other side's turn.")
def main(name: str, submissions: int, part: int) -> None:
    """Measure, and print the table; exit code 1 where ours takes longer."""
    unit, console = find_unit(name), Console(width=100)
    students = [f"p{number // part:02}s{number:03}" for number in range(submissions)]
    with tempfile.TemporaryDirectory() as folder:
        sides = set_up(Path(folder), unit, students)
        for turn, some in enumerate(parts(students, part)):
            for side in sides if turn % 2 == 0 else sides[::-1]:
                side.autograde(unit, f"p{turn:02}s*")
            console.print(
                f"{(turn * part) + len(some)} of {submissions}: "
                + ", ".join(f"{side.name} {side.seconds:.1f} s" for side in sides)
            )
        earned = [scores(side, unit) for side in sides]
    if any(set(found) != set(students) for found in earned):
        raise click.ClickException("somebody was not graded")
    console.print(table(sides, earned, unit, submissions))
    sys.exit(0 if sides[0].seconds <= sides[1].seconds else 1)


def table(sides: tuple[Side, Side], earned: list[dict[str, float]], unit: Unit, count: int) -> Table:
    """Seconds a submission on either side, and their ratio."""
    page = Table(title=f"{unit.name}, {len(unit.tasks)} tasks, {count} submissions")
    for column in ("", "seconds", "a submission", "mean score"):
        page.add_column(column, justify="right" if column else "left")
    for side, found in zip(sides, earned, strict=True):
        mean = f"{sum(found.values()) / count:.1f}"
        page.add_row(side.name, f"{side.seconds:.1f}", f"{side.seconds / count:.2f}", mean)
    ours, stock = sides
    page.add_row("ratio", "", f"{ours.seconds / stock.seconds:.2f}", "")
    return page


if __name__ == "__main__":
    main()
