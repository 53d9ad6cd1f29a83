"""A report as one HTML file that needs nothing else: no network, no script, phone or paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment

from graders.i18n import language
from graders.report import pictures
from graders.report.arrays import case_rows
from graders.report.environment import environment
from graders.report.text import points
from graders.report.view import (
    Item,
    TaskView,
    dearest,
    lost_on,
    note_label,
    out_of,
    state_name,
    states_met,
    task_views,
    to_mend,
    why_skipped,
)
from graders.verdict import Report

_FIRST = 3
"""How many things to mend the top of the page names."""

_MARKS = {"passed": "✓", "partial": "~", "failed": "✗", "skipped": "·", "error": "!"}


def save(report: Report, path: Path) -> None:
    """Write the page to `path` as UTF-8."""
    path.write_text(to_html(report), encoding="utf-8", newline="\n")


def to_html(report: Report) -> str:
    """The whole page; the same report gives the same text."""
    tasks = task_views(report)
    items = [item for task in tasks for item in task.failures]
    page = report_environment().get_template("report.html.j2")
    return page.render(
        report=report,
        tasks=tasks,
        mending=to_mend(tasks),
        clean=[task for task in tasks if task.attempted and task not in to_mend(tasks)],
        untouched=[task for task in tasks if not task.attempted],
        first=dearest(items)[:_FIRST],
        faults=[item for task in tasks for item in task.faults],
        share=100 * report.score / report.max_score if report.max_score else 0,
        states=states_met(tasks),
        gallery=_Gallery(),
        language=language(),
    )


def task_html(task: TaskView) -> str:
    """One task by itself, for a cell of a notebook."""
    return report_environment().get_template("task.html.j2").render(task=task)


@dataclass
class _Gallery:
    """Draws pictures as the page comes to them, and knows whether one had to be left out."""

    missing: bool = field(default=False)

    def draw(self, item: Item) -> list[pictures.Picture]:
        """The pictures of one result, none where matplotlib is missing."""
        if not pictures.wanted(item.result.pictures):
            return []
        if not pictures.available():
            self.missing = True
            return []
        return pictures.draw(item.result.pictures, item.anchor)


@cache
def report_environment() -> Environment:
    """That of the pages about a submission."""
    made = environment()
    made.globals.update(
        case_rows=case_rows,
        lost_on=lost_on,
        marks=_MARKS,
        note_label=note_label,
        out_of=out_of,
        points=points,
        state_name=state_name,
        why_skipped=why_skipped,
    )
    return made
