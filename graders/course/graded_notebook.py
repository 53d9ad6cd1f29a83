"""The notebook of a unit as nbgrader wants it: the student's, with a place for the points of every task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graders.course.notebook import Cell, code, notebook
from graders.i18n import _
from graders.specs.unit import Unit

SCHEMA = 3
"""Version of nbgrader's cell metadata."""
TEST = "test-"
"""Before the name of the task in the id of the cell that holds its points."""
STUB = "raise NotImplementedError"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def graded_notebook(unit: Unit, language: str = "en", rules: str = "") -> str:
    """The source that `nbgrader generate_assignment` turns into what students get.

    It holds no solution: those are in the reference, and what a task is worth is decided by the graders. Solution
    regions stand around the stubs, for nbgrader empties a solution cell that has none.
    """
    content = json.loads(notebook(unit, language, rules))
    content["cells"] = list(_cells(unit, content["cells"]))
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cells(unit: Unit, cells: list[Cell]) -> Iterator[Cell]:
    for cell in cells:
        name = cell["id"].removeprefix("code-")
        if cell["cell_type"] == "markdown" or cell["id"] == "given":
            yield _with(cell, locked=True)
        elif cell["id"].startswith("code-"):
            yield _with({**cell, "source": _marked("".join(cell["source"]))}, solution=True)
            text = _("# Graded by backcheck: {task}. Leave this cell as it is.").format(task=name)
            yield _with(code(TEST + name, text), grade=True, locked=True, points=nbgrader_points(unit, name))
        else:
            yield cell


def nbgrader_points(unit: Unit, task: str) -> float:
    """What nbgrader counts for a task: a bonus is no part of its total, it comes as extra credit."""
    return 0.0 if task in unit.policy.bonus else float(unit.points[task])


def _with(
    cell: Cell, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> Cell:
    """The cell with what nbgrader needs to know of it."""
    told: dict[str, Any] = {
        "schema_version": SCHEMA,
        "grade_id": cell["id"],
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }
    if points is not None:
        told["points"] = points
    return {**cell, "metadata": {**cell["metadata"], "nbgrader": told}}


def _marked(text: str) -> list[str]:
    """A stub with a solution region around every body that is missing."""
    lines = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += [indent + BEGIN, line, indent + END] if line.strip() == STUB else [line]
    return "\n".join(lines).splitlines(keepends=True)
