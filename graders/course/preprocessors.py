"""Grading within `nbgrader autograde`: nothing of a student's notebook runs in its process.

nbgrader executes a notebook and reads the points off the outputs of its cells. Here the outputs are thrown away and the
code cells graded like any other submission, in a sandbox; what comes of it is written into the cells that hold the
points, so that nbgrader's own preprocessors find score and explanation where they look for them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from glob import glob
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import escape
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer, Unicode

from graders.course.ahead import Ahead, Order
from graders.course.attempts import Ledger, Record, record_of, stand
from graders.course.cells import TEST
from graders.course.mend import grade_id, mend, released
from graders.i18n import _, use_language
from graders.intake.submission import Submission, notebook_submission
from graders.policy import Policy
from graders.report.html import task_html
from graders.report.view import TaskView, task_views
from graders.standing import late_share
from graders.verdict import GraderError, Report, Standing, Status

_ahead: dict[Order, Ahead] = {}
HANDED_ON = "backcheck"
"""Under which of nbgrader's resources the attempt that counts is handed from grading to the gradebook."""


@dataclass(frozen=True)
class Counted:
    """The attempt that counts, and how the one that was graded stands.

    points: by task, of what each is worth now. share: of them, that being late costs.
    """

    policy: Policy
    standing: Standing
    points: Mapping[str, float]
    share: float


class GradeInSandbox(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's Execute."""

    unit = Unicode("", help="The unit; by default the one that is called like the assignment.").tag(config=True)
    course = Unicode("", help="The course's folder, with its course.toml; by default the current one.").tag(config=True)
    secret = Unicode(".backcheck/secret", help="The course's secret, from the course's folder.").tag(config=True)
    sandbox = Unicode("auto", help="Where submissions run; it must isolate.").tag(config=True)
    language = Unicode("en", help="Of the explanations: en or zh.").tag(config=True)
    throughput = Bool(False, help="Also time the work.").tag(config=True)
    allow_unisolated = Bool(False, help="Grade although nothing keeps the code from this machine.").tag(config=True)

    jobs = Integer(0, help="Submissions graded at a time; 0: as many as there are processors.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """The notebook with score and explanation in every cell that holds points."""
        told = resources["nbgrader"]
        use_language(self.language)
        submission = notebook_submission(told["student"], json.dumps(nb).encode())
        report = self._ahead(told).report(submission)
        if report.faulty:
            fault = next(result.message for result in report.results if result.status is Status.ERROR)
            text = _("the grader failed, no points are lost: grade {student} again")
            raise GraderError(f"{text.format(**told)}\n{fault}")
        counted = self._counted(report, submission, told)
        write(nb, replace(report, standing=counted.standing), counted)
        return nb, {**resources, HANDED_ON: counted}

    def _counted(self, report: Report, submission: Submission, told: Mapping[str, Any]) -> Counted:
        """Note the attempt, and find the one that counts."""
        policy = report.policy
        received, due = times(policy, told)
        record = record_of(report, received, submission)
        records = Ledger(Path(self.course), report.unit).add(told["student"], record)
        stands = stand(records, policy, due)
        chosen: Record = next(one for one in records if stands[one.key].counts)
        share = late_share(stands[chosen.key].days_late, policy.late)
        return Counted(policy, stands[record.key], chosen.under(policy), share)

    def _ahead(self, told: Mapping[str, str]) -> Ahead:
        """The one for this assignment; where it is new, it begins with all that this run will come to."""
        order = Order(
            self.unit or told["assignment"],
            Path(self.course).resolve(),
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


class ApplyPolicy(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's AssignLatePenalties, which knows one penalty, and nothing of bonus and attempts."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Bonus and late penalty of the attempt that counts, into the gradebook."""
        told, counted = resources["nbgrader"], resources[HANDED_ON]
        where = (told["notebook"], told["assignment"], told["student"])
        with Gradebook(told["db_url"]) as gradebook:
            for task in counted.policy.bonus:
                grade = gradebook.find_grade(TEST + task, *where)
                grade.extra_credit = counted.points.get(task, 0.0)
            gradebook.db.commit()
            notebook = gradebook.find_submission_notebook(*where)
            gradebook.db.refresh(notebook)
            notebook.late_submission_penalty = round(counted.share * notebook.score, 2) or None
            gradebook.db.commit()
        return nb, resources


def times(policy: Policy, told: Mapping[str, Any]) -> tuple[datetime | None, datetime | None]:
    """When it was handed in, and when it was due: by the course's settings, or the gradebook; extensions count."""
    with Gradebook(told["db_url"]) as gradebook:
        assignment = gradebook.find_assignment(told["assignment"])
        if policy.due:
            assignment.duedate = policy.due.astimezone(UTC).replace(tzinfo=None)
            gradebook.db.commit()
        submission = gradebook.find_submission(told["assignment"], told["student"])
        moments = (submission.timestamp, submission.duedate)  # in UTC, though they do not say so
    received, due = (moment.replace(tzinfo=UTC) if moment else None for moment in moments)
    return received, due


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
    earned, worth = counted.points.get(task, 0.0), counted.policy.worth.get(task, 0.0)
    if not counted.standing.counts:
        words = _("Attempt {counted} counts: {earned:g} points.")
        page += f"<p>{escape(words.format(counted=counted.standing.counted, earned=round(earned, 2)))}</p>"
    score = repr(min(points, round(points * earned / worth, 6)) if worth else 0.0)  # a bonus comes as extra credit
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
