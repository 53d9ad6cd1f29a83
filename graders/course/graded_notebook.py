"""The notebook of a unit as nbgrader wants it: the student's, with places for points and with the rubrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from graders.course.cells import ANSWER, QUESTION, SCHEMA, TEST
from graders.course.handout import read_questions
from graders.course.notebook import Cell, lines, notebook
from graders.i18n import _
from graders.specs.unit import Unit

STUB = "raise NotImplementedError"
LEVEL = re.compile(r"(full|half|none|满分|一半|不得分)[:：]\s*")
"""How the parts of a rubric begin."""
RUBRIC = "<!-- BEGIN MARK SCHEME -->\n**{title}**\n\n{text}\n<!-- END MARK SCHEME -->"
"""Between marks at which `nbgrader generate_assignment` cuts it out and `autograde` puts it back."""
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def graded_notebook(unit: Unit, language: str = "en", rules: str = "") -> str:
    """The source that `nbgrader generate_assignment` turns into what students get.

    It holds no solution: those are in the reference, and what a task is worth is decided by the graders. Solution
    regions stand around the stubs, for nbgrader empties a solution cell that has none.
    """
    content = json.loads(notebook(unit, language, rules))
    content["cells"] = list(_cells(unit, content["cells"], language))
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cells(unit: Unit, cells: list[Cell], language: str) -> Iterator[Cell]:
    rubrics = {question.name: rubric_text(question.rubric) for question in read_questions(unit, language)}
    for cell in cells:
        if cell["id"].startswith(QUESTION):
            rubric = rubrics[cell["id"].removeprefix(QUESTION)]
            yield _with({**cell, "source": lines("".join(cell["source"]) + f"\n\n{rubric}")}, locked=True)
        elif cell["id"].startswith(ANSWER):
            points = unit.written[cell["id"].removeprefix(ANSWER)]
            yield _with(cell, grade=True, solution=True, points=float(points))
        elif cell["cell_type"] == "markdown" or cell["id"] == "given":
            yield _with(cell, locked=True)
        elif cell["id"].startswith("code-"):
            yield _with({**cell, "source": _marked("".join(cell["source"]))}, solution=True)
        elif cell["id"].startswith(TEST):
            name = cell["id"].removeprefix(TEST)
            text = _("# Graded by backcheck: {task}. Leave this cell as it is.").format(task=name)
            text = "\n".join([text, *cell["source"]])
            yield _with({**cell, "source": lines(text)}, grade=True, locked=True, points=nbgrader_points(unit, name))
        else:
            yield cell


def nbgrader_points(unit: Unit, task: str) -> float:
    """What nbgrader counts for a task: a bonus is no part of its total, it comes as extra credit."""
    return 0.0 if task in unit.policy.bonus else float(unit.points[task])


def rubric_text(rubric: str) -> str:
    """`full: this. half: that.` as a list in Markdown, one line a level."""
    first, *parts = LEVEL.split(rubric)
    levels = [f"- **{level}**: {text.strip()}" for level, text in zip(parts[::2], parts[1::2], strict=True)]
    return RUBRIC.format(title=_("Rubric"), text="\n".join(filter(None, [first.strip(), *levels])))


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
    marked = []
    for line in text.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        marked += [indent + BEGIN, line, indent + END] if line.strip() == STUB else [line]
    return lines("\n".join(marked))
