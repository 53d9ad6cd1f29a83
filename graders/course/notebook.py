"""The notebook of a unit: the handout and the stub, interleaved. Plain JSON, format 4.5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graders.course.cells import ANSWER, QUESTION, TEST
from graders.course.handout import Question, Section, read_handout, read_questions
from graders.course.stub import check_command, given_text, imports_text, task_text
from graders.i18n import _
from graders.specs.row import Task
from graders.specs.unit import Unit

Cell = dict[str, Any]

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def notebook(unit: Unit, language: str = "en", rules: str = "") -> str:
    """The notebook's file, in the form in which Jupyter itself would save it; the same unit gives the same text.

    rules: the course's own, in Markdown.
    """
    content = {
        "cells": list(_cells(unit, language, rules)),
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _cells(unit: Unit, language: str, rules: str) -> Iterator[Cell]:
    handout, check = read_handout(unit, language, rules), check_magic(unit, language)
    yield _markdown("intro", handout.intro)
    yield _markdown(
        "save", _("Save the notebook before you run a check: what is graded is the file, not what you see.")
    )
    yield code("setup", "%load_ext graders.jupyter")
    yield code("imports", imports_text(unit))
    if unit.given:
        yield code("given", given_text(unit))
    for section, task in zip(handout.sections, unit.tasks, strict=True):
        yield from _task_cells(section, task, worth(unit, task))
        yield code(TEST + task.name, f"{check} --task {task.name}")
    yield code("check", check)
    yield from _closing_cells(handout.closing, read_questions(unit, language))


def check_magic(unit: Unit, language: str) -> str:
    """What grades the notebook itself, in a cell of its own."""
    chosen = "backcheck --lang zh" if language == "zh" else "backcheck"
    return "%" + check_command(unit, ".ipynb").replace("backcheck", chosen, 1)


def _closing_cells(closing: str, questions: list[Question]) -> Iterator[Cell]:
    """What comes after the tasks, with a cell for the answer behind every question."""
    identity = "closing"
    for question in questions:
        above, _found, closing = (part.strip() for part in closing.partition(question.text))
        if above:
            yield _markdown(identity, above)
        told = _("{points}, read by a person").format(points=_spoken(question.points))
        yield _markdown(QUESTION + question.name, f"{question.text}\n\n*({told})*")
        yield _markdown(ANSWER + question.name, answer_text())
        identity = f"after-{question.name}"
    if closing:
        yield _markdown(identity, closing)


def worth(unit: Unit, task: Task) -> str:
    """What a task is worth, as its heading says it."""
    if task.name in unit.policy.optional:
        return _("optional")
    points = unit.points[task.name]
    if task.name not in unit.policy.bonus:
        return _spoken(points)
    text = _("{points:g} bonus point") if points == 1 else _("{points:g} bonus points")
    return text.format(points=points)


def _spoken(points: float) -> str:
    text = _("{points:g} point") if points == 1 else _("{points:g} points")
    return text.format(points=points)


def answer_text() -> str:
    """What stands where an answer is to be written."""
    return _("Your answer goes here, in words and formulas.")


def _task_cells(section: Section, task: Task, told: str) -> Iterator[Cell]:
    text = f"### {section.heading} ({told})\n\n{section.body}"
    yield _markdown(f"task-{task.name}", f"{section.above}\n\n{text}" if section.above else text)
    yield code(f"code-{task.name}", task_text(task))


def _markdown(identity: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": lines(text)}


def code(identity: str, text: str) -> Cell:
    """A code cell that has not been run."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": identity,
        "metadata": {},
        "outputs": [],
        "source": lines(text),
    }


def lines(text: str) -> list[str]:
    """A cell's source as notebooks store it: lines with their ends, the last without."""
    return text.splitlines(keepends=True)
