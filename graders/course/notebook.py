"""The notebook of a unit: the handout and the stub, interleaved. Plain JSON, format 4.5."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from graders.course.handout import Section, read_handout
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
    handout = read_handout(unit, language, rules)
    yield _markdown("intro", handout.intro)
    yield code("imports", imports_text(unit))
    if unit.given:
        yield code("given", given_text(unit))
    for section, task in zip(handout.sections, unit.tasks, strict=True):
        yield from _task_cells(section, task, worth(unit, task))
    yield _markdown("save", _("Save the notebook first: what is graded is the file, not what you see."))
    yield code("check", f"!{check_command(unit, '.ipynb')}")
    if handout.closing:
        yield _markdown("closing", handout.closing)


def worth(unit: Unit, task: Task) -> str:
    """What a task is worth, as its heading says it."""
    if task.name in unit.policy.optional:
        return _("optional")
    text = _("{points:g} bonus points") if task.name in unit.policy.bonus else _("{points:g} points")
    return text.format(points=unit.points[task.name])


def _task_cells(section: Section, task: Task, told: str) -> Iterator[Cell]:
    text = f"### {section.heading} ({told})\n\n{section.body}"
    yield _markdown(f"task-{task.name}", f"{section.above}\n\n{text}" if section.above else text)
    yield code(f"code-{task.name}", task_text(task))


def _markdown(identity: str, text: str) -> Cell:
    return {"cell_type": "markdown", "id": identity, "metadata": {}, "source": _lines(text)}


def code(identity: str, text: str) -> Cell:
    """A code cell that has not been run."""
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": identity,
        "metadata": {},
        "outputs": [],
        "source": _lines(text),
    }


def _lines(text: str) -> list[str]:
    """A cell's source as notebooks store it: lines with their ends, the last without."""
    return text.splitlines(keepends=True)
