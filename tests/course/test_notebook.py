"""A notebook is valid, the same every time, and holds the handout and the stub."""

from __future__ import annotations

import ast
import json

import nbformat
import pytest

from graders.course.handout import read_handout
from graders.course.notebook import notebook


def cells(unit, language="en"):
    return {cell["id"]: cell for cell in json.loads(notebook(unit, language))["cells"]}


def source(cell):
    return "".join(cell["source"])


def test_a_notebook_is_valid(unit):
    nbformat.validate(json.loads(notebook(unit)), version=4, version_minor=5)


def test_jupyter_would_save_the_same_text(unit):
    text = notebook(unit)
    assert nbformat.writes(nbformat.reads(text, as_version=4)) == text.removesuffix("\n")


def test_the_same_unit_gives_the_same_notebook(unit):
    assert notebook(unit) == notebook(unit)


def test_cells_come_in_the_order_of_work(unit):
    tasks = [f"{kind}-{task.name}" for task in unit.tasks for kind in ("task", "code")]
    given = ["given"] if unit.given else []
    assert list(cells(unit)) == ["intro", "imports", *given, *tasks, "save", "check", "closing"]


def test_every_task_says_its_points(unit):
    written = cells(unit)
    for section in read_handout(unit).sections:
        heading = f"### {section.heading} ({unit.points[section.task]:g} points)"
        assert heading in source(written[f"task-{section.task}"]).split("\n")


def test_group_headings_stand_above_their_first_task(backprop):
    assert source(cells(backprop)["task-affine"]).startswith("## Layers and error terms\n\n### The affine layer")


def test_the_last_code_cell_checks_this_notebook(backprop):
    written = cells(backprop)
    assert source(written["check"]) == "!backcheck check backprop.ipynb"
    assert source(written["save"]).startswith("Save the notebook first")


def test_every_code_cell_but_the_check_is_python(unit):
    for identity, cell in cells(unit).items():
        if cell["cell_type"] == "code" and identity != "check":
            ast.parse(source(cell))


def test_marks_do_not_reach_the_student(unit):
    assert "<!--" not in notebook(unit)


@pytest.mark.parametrize(("closing", "last"), [("", "check"), ("\n\n## End\n\nBye.", "closing")])
def test_a_handout_without_closing_ends_with_the_check(losses, write_handout, closing, last):
    sections = "\n\n".join(f"<!-- task: {task.name} -->\n### {task.name}\n\nText." for task in losses.tasks)
    write_handout(losses, f"# T\n\n{sections}{closing}")
    assert list(cells(losses))[-1] == last


def test_the_chinese_notebook_has_the_chinese_handout(losses, write_handout):
    sections = "\n\n".join(f"<!-- task: {task.name} -->\n### 题 {task.name}\n\n文" for task in losses.tasks)
    write_handout(losses, f"# 损失函数\n\n{sections}", "handout.zh.md")
    assert source(cells(losses, "zh")["intro"]) == "# 损失函数"
