"""A notebook is valid, the same every time, and holds the handout and the stub."""

from __future__ import annotations

import ast
import json
from dataclasses import replace

import nbformat
import pytest

from graders.course.handout import read_handout, read_questions
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
    tasks = [f"{kind}-{task.name}" for task in unit.tasks for kind in ("task", "code", "test")]
    given = ["given"] if unit.given else []
    written = [f"{kind}-{question}" for question in unit.written for kind in ("question", "answer")]
    start, end = ["intro", "save", "setup", "imports"], ["check", "closing", *written, "after-interpretation"]
    assert list(cells(unit)) == [*start, *given, *tasks, *end]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_answer_has_a_cell_behind_its_question(unit, language):
    written = cells(unit, language)
    for question in read_questions(unit, language):
        asked = source(written[f"question-{question.name}"])
        assert asked.startswith(question.text)
        assert asked.endswith("*(5 points, read by a person)*")
        assert question.rubric not in json.dumps(list(written.values()), ensure_ascii=False)
        assert source(written[f"answer-{question.name}"])


def test_no_word_of_the_closing_is_lost(unit):
    written = cells(unit)
    shown = [
        source(cell) for name, cell in written.items() if name.startswith(("closing", "question", "answer", "after"))
    ]
    text = "\n\n".join(part for part in shown if not part.startswith("Your answer"))
    assert text.replace("\n\n*(5 points, read by a person)*", "") == read_handout(unit).closing


def test_a_question_that_is_worth_nothing_has_no_cell(losses):
    written = cells(replace(losses, written={"derivation": 0, "interpretation": 2}))
    assert "question-derivation" not in written
    assert "**Derivation.**" in source(written["closing"])
    assert "2 points" in source(written["question-interpretation"])


def test_one_point_is_no_points(losses):
    one = replace(losses, points={**losses.points, "nll_loss": 1.0}, written={"derivation": 1, "interpretation": 1})
    assert source(cells(one)["task-nll_loss"]).split("\n")[0].endswith("(1 point)")
    assert source(cells(one)["question-derivation"]).endswith("*(1 point, read by a person)*")
    bonus = replace(one, policy=replace(one.policy, bonus=("nll_loss",)))
    assert source(cells(bonus)["task-nll_loss"]).split("\n")[0].endswith("(1 bonus point)")


def test_other_questions_than_those_of_unit_toml_are_refused(losses):
    with pytest.raises(ValueError, match=r"2 questions with a rubric; unit\.toml has 1"):
        notebook(replace(losses, written={"derivation": 5}))


def test_every_task_says_its_points(unit):
    written = cells(unit)
    for section in read_handout(unit).sections:
        points = unit.points[section.task]
        heading = f"### {section.heading} ({points:g} {'point' if points == 1 else 'points'})"
        assert heading in source(written[f"task-{section.task}"]).split("\n")


def test_group_headings_stand_above_their_first_task(backprop):
    assert source(cells(backprop)["task-affine"]).startswith("## Layers and error terms\n\n### The affine layer")


def test_cells_check_a_task_or_all_of_this_notebook(backprop):
    written = cells(backprop)
    assert source(written["test-affine"]) == "%backcheck check backprop.ipynb --task affine"
    assert source(written["check"]) == "%backcheck check backprop.ipynb"
    assert source(cells(backprop, "zh")["check"]) == "%backcheck --lang zh check backprop.ipynb"
    assert source(written["save"]).startswith("Save the notebook before")


def test_every_other_code_cell_is_python(unit):
    magic = ("setup", "check", *(f"test-{task.name}" for task in unit.tasks))
    for identity, cell in cells(unit).items():
        if cell["cell_type"] == "code" and identity not in magic:
            ast.parse(source(cell))


def test_marks_do_not_reach_the_student(unit):
    assert "<!--" not in notebook(unit)


@pytest.mark.parametrize(("closing", "last"), [("", "check"), ("\n\n## End\n\nBye.", "closing")])
def test_a_handout_without_closing_ends_with_the_check(losses, write_handout, closing, last):
    sections = "\n\n".join(f"<!-- task: {task.name} -->\n### {task.name}\n\nText." for task in losses.tasks)
    write_handout(losses, f"# T\n\n{sections}{closing}")
    assert list(cells(replace(losses, written={})))[-1] == last


def test_the_chinese_notebook_has_the_chinese_handout(losses, write_handout):
    sections = "\n\n".join(f"<!-- task: {task.name} -->\n### 题 {task.name}\n\n文" for task in losses.tasks)
    write_handout(losses, f"# 损失函数\n\n{sections}", "handout.zh.md")
    assert source(cells(replace(losses, written={}), "zh")["intro"]) == "# 损失函数"
