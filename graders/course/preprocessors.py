"""Grading within `nbgrader autograde`: nothing of a student's notebook runs in its process.

nbgrader executes a notebook and reads the points off the outputs of its cells. Here the outputs are thrown away and the
code cells graded like any other submission, in a sandbox; what comes of it is written into the cells that hold the
points, so that nbgrader's own preprocessors find score and explanation where they look for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from graders.batch import Grader, Setting
from graders.course.mend import grade_id
from graders.course.notebook import TEST
from graders.i18n import _
from graders.intake.submission import notebook_submission
from graders.report.html import task_html
from graders.report.view import TaskView, task_views
from graders.sandbox.program import Limits
from graders.secrets import read_secret
from graders.verdict import GraderError, Report

_graders: dict[Setting, Grader] = {}


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's Execute."""

    unit = Unicode("", help="The unit; by default the one that is called like the assignment.").tag(config=True)
    secret = Unicode(".backcheck/secret", help="The course's secret, from the course's folder.").tag(config=True)
    sandbox = Unicode("auto", help="Where submissions run; it must isolate.").tag(config=True)
    language = Unicode("en", help="Of the explanations: en or zh.").tag(config=True)
    throughput = Bool(False, help="Also time the work.").tag(config=True)
    allow_unisolated = Bool(False, help="Grade although nothing keeps the code from this machine.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Mapping[str, Any]) -> tuple[NotebookNode, Mapping[str, Any]]:
        """The notebook with score and explanation in every cell that holds points."""
        told = resources["nbgrader"]
        grader = self._grader(told["assignment"])
        submission = notebook_submission(told["student"], json.dumps(nb).encode())
        report = grader.graded(submission)
        if report.faulty:
            raise GraderError(_("the grader failed, no points are lost: grade {student} again").format(**told))
        write(nb, report)
        return nb, resources

    def _grader(self, assignment: str) -> Grader:
        """One for all students: cases are drawn once."""
        secret = read_secret(Path(self.secret))
        setting = Setting(
            self.unit or assignment, secret, self.sandbox, Limits(), self.language, throughput=self.throughput
        )
        if setting not in _graders:
            grader = Grader(setting)
            if not (grader.backend.isolated or self.allow_unisolated):
                raise GraderError(_("the sandbox {name} does not isolate").format(name=grader.backend.name))
            _graders[setting] = grader
        return _graders[setting]


def write(nb: NotebookNode, report: Report) -> None:
    """Score and explanation into the cells that hold points; every other output goes, for it came from the student."""
    views = {view.name: view for view in task_views(report)}
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        told, task = cell.metadata.get("nbgrader", {}), grade_id(cell).removeprefix(TEST)
        cell.outputs, cell.execution_count = [], None
        if told.get("grade") and not told.get("solution"):
            cell.outputs = outputs(views.get(task), float(told["points"]), report)


def outputs(view: TaskView | None, points: float, report: Report) -> list[NotebookNode]:
    """An explanation, and the score as nbgrader reads it: the result of the cell, a number."""
    share = view.score / view.max_score if view and view.max_score else 0.0
    page = task_html(view) if view and not report.problem else problem_html(report)
    score = repr(round(points * share, 6))
    shown = {"output_type": "display_data", "data": {"text/html": page, "text/plain": score}, "metadata": {}}
    result = {"output_type": "execute_result", "data": {"text/plain": score}, "metadata": {}, "execution_count": 1}
    return [NotebookNode(shown), NotebookNode(result)]


def problem_html(report: Report) -> str:
    """Why nothing could be graded."""
    from markupsafe import escape

    return f"<p><strong>{escape(report.problem)}</strong></p>"
