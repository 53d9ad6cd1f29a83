"""Grading within `nbgrader autograde`: nothing of a student's notebook runs in its process.

nbgrader executes a notebook and reads the points off the outputs of its cells. Here the outputs are thrown away and the
code cells graded like any other submission, in a sandbox; what comes of it is written into the cells that hold the
points, so that nbgrader's own preprocessors find score and explanation where they look for them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer, Unicode

from graders.course.ahead import Ahead, Order
from graders.course.cells import TEST
from graders.course.mend import grade_id, mend, released
from graders.i18n import _, use_language
from graders.intake.submission import Submission, notebook_submission
from graders.report.html import task_html
from graders.report.view import TaskView, task_views
from graders.verdict import GraderError, Report

_ahead: dict[Order, Ahead] = {}


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's Execute."""

    unit = Unicode("", help="The unit; by default the one that is called like the assignment.").tag(config=True)
    secret = Unicode(".backcheck/secret", help="The course's secret, from the course's folder.").tag(config=True)
    sandbox = Unicode("auto", help="Where submissions run; it must isolate.").tag(config=True)
    language = Unicode("en", help="Of the explanations: en or zh.").tag(config=True)
    throughput = Bool(False, help="Also time the work.").tag(config=True)
    allow_unisolated = Bool(False, help="Grade although nothing keeps the code from this machine.").tag(config=True)

    jobs = Integer(0, help="Submissions graded at a time; 0: as many as there are processors.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: Mapping[str, Any]) -> tuple[NotebookNode, Mapping[str, Any]]:
        """The notebook with score and explanation in every cell that holds points."""
        told = resources["nbgrader"]
        use_language(self.language)
        report = self._ahead(told).report(notebook_submission(told["student"], json.dumps(nb).encode()))
        if report.faulty:
            raise GraderError(_("the grader failed, no points are lost: grade {student} again").format(**told))
        write(nb, report)
        return nb, resources

    def _ahead(self, told: Mapping[str, str]) -> Ahead:
        """The one for this assignment; where it is new, it begins with all that this run will come to."""
        order = Order(
            self.unit or told["assignment"],
            Path(self.secret).resolve(),
            self.sandbox,
            self.language,
            self.throughput,
            self.allow_unisolated,
        )
        if order not in _ahead:
            _ahead[order] = Ahead(order, self.jobs)
            _ahead[order].expect(self._coming(told))
        return _ahead[order]

    def _coming(self, told: Mapping[str, str]) -> Iterator[Submission]:
        """What nbgrader will come to in this run, in its order, mended as it will be by then."""
        course = CourseDirectory(config=self.config)
        with Gradebook(told["db_url"]) as gradebook:
            cells = list(released(gradebook.find_notebook(told["notebook"], told["assignment"])))
        force = bool(self.config.get("BaseConverter", {}).get("force"))
        name = f"{told['notebook']}.ipynb"
        paths = glob(course.format_path(course.submitted_directory, course.student_id, told["assignment"]))
        for path in map(Path, sorted(paths)):
            student = path.parent.name
            graded = Path(course.format_path(course.autograded_directory, student, told["assignment"]))
            if student == told["student"] or force or not graded.exists():
                with contextlib.suppress(Exception):  # whatever is wrong with it, nbgrader says at its turn
                    nb = nbformat.read(path / name, as_version=4)
                    mend(nb, cells)
                    yield notebook_submission(student, json.dumps(nb).encode())


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
