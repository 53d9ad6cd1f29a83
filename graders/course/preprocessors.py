"""Grading within `nbgrader autograde`: nothing of a student's notebook runs in its process.

nbgrader executes a notebook and reads the points off the outputs of its cells. Here the outputs are thrown away and the
code cells graded like any other submission, in a sandbox; what comes of it is written into the cells that hold the
points, so that nbgrader's own preprocessors find score and explanation where they look for them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import escape
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Unicode

from graders.batch import Grader, Setting
from graders.course.attempts import Ledger, Record, record_of, stand
from graders.course.graded_notebook import SCHEMA, TEST
from graders.course.released import ReleaseError, require_released
from graders.course.settings import read_course
from graders.i18n import _
from graders.intake.submission import Submission, notebook_submission
from graders.report.html import task_html
from graders.report.view import TaskView, task_views
from graders.sandbox.program import Limits
from graders.secrets import read_secret
from graders.specs.unit import Unit
from graders.standing import late_share
from graders.verdict import GraderError, Report, Standing

_graders: dict[Setting, Grader] = {}
HANDED_ON = "backcheck"
"""Under which of nbgrader's resources the attempt that counts is handed from grading to the gradebook."""


@dataclass(frozen=True)
class Counted:
    """The attempt that counts, and how the one that was graded stands."""

    unit: Unit
    standing: Standing
    points: Mapping[str, float]
    share: float
    """Of its points that being late costs."""


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's Execute."""

    unit = Unicode("", help="The unit; by default the one that is called like the assignment.").tag(config=True)
    course = Unicode("", help="The course's folder, with its course.toml; by default the current one.").tag(config=True)
    secret = Unicode(".backcheck/secret", help="The course's secret, from the course's folder.").tag(config=True)
    sandbox = Unicode("auto", help="Where submissions run; it must isolate.").tag(config=True)
    language = Unicode("en", help="Of the explanations: en or zh.").tag(config=True)
    throughput = Bool(False, help="Also time the work.").tag(config=True)
    allow_unisolated = Bool(False, help="Grade although nothing keeps the code from this machine.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """The notebook with score and explanation in every cell that holds points."""
        told = resources["nbgrader"]
        grader = self._grader(told["assignment"])
        submission = notebook_submission(told["student"], json.dumps(nb).encode())
        report = grader.graded(submission)
        if report.faulty:
            raise GraderError(_("the grader failed, no points are lost: grade {student} again").format(**told))
        counted = self._counted(grader.unit, report, submission, told)
        write(nb, replace(report, standing=counted.standing), counted)
        return nb, {**resources, HANDED_ON: counted}

    def _counted(self, unit: Unit, report: Report, submission: Submission, told: Mapping[str, Any]) -> Counted:
        """Note the attempt, and find the one that counts."""
        received, due = times(unit, told)
        record = record_of(report, received, submission)
        records = Ledger(Path(self.course), unit.name).add(told["student"], record)
        stands = stand(records, unit.policy, due)
        chosen: Record = next(one for one in records if stands[one.key].counts)
        share = late_share(stands[chosen.key].days_late, unit.policy.late)
        return Counted(unit, stands[record.key], chosen.points, share)

    def _grader(self, assignment: str) -> Grader:
        """One for all students: cases are drawn once."""
        course = read_course(Path(self.course))
        unit = course.unit(self.unit or assignment)
        try:
            require_released(course, unit)
        except ReleaseError as error:
            raise GraderError(str(error)) from None
        secret = read_secret(Path(self.secret))
        setting = Setting(
            unit.name, secret, self.sandbox, Limits(), self.language, throughput=self.throughput, policy=unit.policy
        )
        if setting not in _graders:
            grader = Grader(setting)
            if not (grader.backend.isolated or self.allow_unisolated):
                raise GraderError(_("the sandbox {name} does not isolate").format(name=grader.backend.name))
            _graders[setting] = grader
        return _graders[setting]


class ApplyPolicy(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's AssignLatePenalties, which knows one penalty, and nothing of bonus and attempts."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Bonus and late penalty of the attempt that counts, into the gradebook."""
        told, counted = resources["nbgrader"], resources[HANDED_ON]
        where = (told["notebook"], told["assignment"], told["student"])
        with Gradebook(told["db_url"]) as gradebook:
            for task in counted.unit.policy.bonus:
                grade = gradebook.find_grade(TEST + task, *where)
                grade.extra_credit = counted.points.get(task, 0.0)
            gradebook.db.commit()
            notebook = gradebook.find_submission_notebook(*where)
            gradebook.db.refresh(notebook)
            notebook.late_submission_penalty = round(counted.share * notebook.score, 2) or None
            gradebook.db.commit()
        return nb, resources


def times(unit: Unit, told: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """When it was handed in, and when it was due: by the course's settings, or the gradebook; extensions count."""
    with Gradebook(told["db_url"]) as gradebook:
        assignment = gradebook.find_assignment(told["assignment"])
        if unit.policy.due:
            assignment.duedate = unit.policy.due.astimezone(UTC).replace(tzinfo=None)
            gradebook.db.commit()
        submission = gradebook.find_submission(told["assignment"], told["student"])
        moments = (submission.timestamp, submission.duedate)  # in UTC, though they do not say so
    received, due = (moment.replace(tzinfo=UTC) if moment else None for moment in moments)
    return received, due


class Mend(NbGraderPreprocessor):  # type: ignore[misc]
    """Before nbgrader's own checks: what it keeps in cells is as it was released, whatever a student did to it.

    nbgrader gives up on a whole class where one notebook has a cell twice, or metadata that an editor has changed. A
    cell that stands twice counts where it stands last; one that is deleted and holds points comes back at the end.
    """

    def preprocess(self, nb: NotebookNode, resources: Mapping[str, Any]) -> tuple[NotebookNode, Mapping[str, Any]]:
        """The notebook with the metadata of the release."""
        told = resources["nbgrader"]
        with Gradebook(told["db_url"]) as gradebook:
            source = gradebook.find_notebook(told["notebook"], told["assignment"])
            worth = {cell.name: cell.max_score for cell in source.grade_cells}
            solutions = {cell.name for cell in source.solution_cells}
            released = {cell.name: cell for cell in source.source_cells}
            metadata = {name: metadata_of(cell, worth.get(name), name in solutions) for name, cell in released.items()}
            texts = {name: (cell.cell_type, cell.source) for name, cell in released.items()}
        left = dict(metadata)
        for cell in reversed(nb.cells):
            known = left.pop(grade_id(cell), None)
            cell.metadata.pop("nbgrader", None)
            if known:
                cell.metadata["nbgrader"] = known
        for name in [name for name in left if name in worth]:
            kind, text = texts[name]
            back = getattr(nbformat.v4, f"new_{kind}_cell")(text)
            back.metadata["nbgrader"] = left[name]
            nb.cells.append(back)
        return nb, resources


def grade_id(cell: NotebookNode) -> str:
    """What nbgrader calls a cell; "" for one of the student's own."""
    told = cell.metadata.get("nbgrader")
    return str(told.get("grade_id", "")) if isinstance(told, Mapping) else ""


def metadata_of(cell: Any, worth: float | None, solution: bool) -> NotebookNode:
    """Nbgrader's metadata of a cell, from its gradebook."""
    told = {
        "schema_version": SCHEMA,
        "grade_id": cell.name,
        "grade": worth is not None,
        "solution": solution,
        "task": False,
        "locked": bool(cell.locked),
        "cell_type": cell.cell_type,
        "checksum": cell.checksum,
    }
    return NotebookNode(told if worth is None else {**told, "points": worth})


def write(nb: NotebookNode, report: Report, counted: Counted) -> None:
    """Score and explanation into the cells that hold points; every other output goes, for it came from the student."""
    views = {view.name: view for view in task_views(report)}
    first = standing_html(report)
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        told, task = cell.metadata.get("nbgrader", {}), grade_id(cell).removeprefix(TEST)
        cell.outputs, cell.execution_count = [], None
        if told.get("grade") and not told.get("solution"):
            cell.outputs = outputs(views.get(task), task, float(told["points"]), report, counted, first)
            first = ""


def outputs(
    view: TaskView | None, task: str, points: float, report: Report, counted: Counted, above: str
) -> list[NotebookNode]:
    """An explanation, and the score as nbgrader reads it: the result of the cell, a number.

    above: what stands over the explanation.
    """
    page = above + (task_html(view) if view and not report.problem else problem_html(report))
    earned, worth = counted.points.get(task, 0.0), counted.unit.points.get(task, 0.0)
    if not counted.standing.counts:
        words = _("Attempt {counted} counts: {earned:g} points.")
        page += f"<p>{escape(words.format(counted=counted.standing.counted, earned=round(earned, 2)))}</p>"
    score = repr(round(points * earned / worth if worth else 0.0, 6))  # a bonus is 0 here, and comes as extra credit
    shown = {"output_type": "display_data", "data": {"text/html": page, "text/plain": score}, "metadata": {}}
    result = {"output_type": "execute_result", "data": {"text/plain": score}, "metadata": {}, "execution_count": 1}
    return [NotebookNode(shown), NotebookNode(result)]


def standing_html(report: Report) -> str:
    """How the attempt stands, and the course's policy; "" where there is nothing to say."""
    words = [*(report.standing.words if report.standing else ()), *report.rules]
    return "".join(f"<p>{escape(sentence)}</p>" for sentence in words)


def problem_html(report: Report) -> str:
    """Why nothing could be graded."""
    return f"<p><strong>{escape(report.problem)}</strong></p>"
