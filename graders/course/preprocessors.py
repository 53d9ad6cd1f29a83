"""Grading within `nbgrader autograde`: nothing of a student's notebook runs in its process.

nbgrader executes a notebook and reads the points off the outputs of its cells. Here the outputs are thrown away and the
code cells graded like any other submission, in a sandbox; what comes of it is written into the cells that hold the
points, so that nbgrader's own preprocessors find score and explanation where they look for them.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import escape
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Integer, Unicode

from graders.assigned import file_stem
from graders.course import due
from graders.course.ahead import Ahead, Order
from graders.course.attempts import Ledger, Record, record_of, stand
from graders.course.cells import ANSWER, TEST
from graders.course.mend import grade_id, mend, released
from graders.i18n import _, use_language
from graders.intake.submission import Submission, notebook_submission
from graders.policy import Policy
from graders.report.html import task_html
from graders.report.view import TaskView, task_views
from graders.standing import late_share
from graders.verdict import GraderError, Report, Standing, Status

Run = tuple[Order, int]
"""An order, and whose it is: the id of nbgrader's converter."""
_ahead: dict[Run, Ahead] = {}
"""What is under way, one at a time: formgrader has one student after the other graded, in its server's process."""
HANDED_ON = "backcheck"
"""Under which of nbgrader's resources the attempt that counts is handed from grading to the gradebook."""


@dataclass(frozen=True)
class Counted:
    """The attempt that counts, and how the one that was graded stands.

    points: by task, of what each is worth now. share: of them, that being late costs. ledger, key: where the attempt
    that was graded is kept.
    """

    policy: Policy
    standing: Standing
    points: Mapping[str, float]
    share: float
    ledger: Ledger
    key: str


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
        """The notebook with score and explanation in every cell that holds points.

        Of a notebook that an instructor has put beside the unit's own, and of an assignment that is no unit, nothing is
        run: a person grades it.
        """
        told = resources["nbgrader"]
        use_language(self.language)
        if self._is_by_hand(told):
            return cleared(nb), {**resources, HANDED_ON: None}
        submission = notebook_submission(told["student"], json.dumps(nb).encode())
        report = self._ahead(told).report(submission)
        if report.faulty:
            fault = next(result.message for result in report.results if result.status is Status.ERROR)
            text = _("the grader failed, no points are lost: grade {student} again")
            raise GraderError(f"{text.format(**told)}\n{fault}")
        require_points(nb, report.policy, told["assignment"])
        counted = self._counted(report, submission, told)
        write(nb, replace(report, standing=counted.standing), counted)
        return nb, {**resources, HANDED_ON: counted}

    def _is_by_hand(self, told: Mapping[str, str]) -> bool:
        """Whether a person grades this notebook; then the log says so."""
        stem = file_stem(self.unit or told["assignment"])
        if not stem and self.unit:
            raise GraderError(_("c.GradeInSandbox.unit: there is no unit {unit}").format(unit=self.unit))
        if stem == told["notebook"]:
            return False
        text = _("{notebook} is not the notebook of {assignment}: nothing of it is run, a person has to grade it")
        if not stem:
            text = _(
                "{assignment} is no unit: nothing of {notebook} is run, a person has to grade it (is it one by another"
                " name? then set c.GradeInSandbox.unit)"
            )
        self.log.warning(text.format(**told))
        return True

    def _counted(self, report: Report, submission: Submission, told: Mapping[str, Any]) -> Counted:
        """Note the attempt, and find the one that counts."""
        policy, course = report.policy, Path(self.course)
        received, until = times(course, policy, told, self._timestamp(told))
        record, ledger = record_of(report, received, submission), Ledger(course, report.unit)
        records = ledger.add(told["student"], record)
        stands = stand(records, policy, until)
        chosen: Record = next(one for one in records if stands[one.key].counts)
        share = late_share(stands[chosen.key].days_late, policy.late)
        return Counted(policy, stands[record.key], chosen.under(policy), share, ledger, record.key)

    def _timestamp(self, told: Mapping[str, str]) -> datetime | None:
        """When nbgrader says that this was handed in. Its gradebook keeps the time of what was handed in before."""
        course = self.parent.parent.coursedir  # the exporter's converter's
        place = course.format_path(course.submitted_directory, told["student"], told["assignment"])
        moment: datetime | None = course.get_existing_timestamp(place)
        return moment

    def _ahead(self, told: Mapping[str, str]) -> Ahead:
        """The one for this assignment; where it is new, it begins with all that this run will come to."""
        order, converter = self._order(told), getattr(self.parent, "parent", None)  # the exporter's own
        run = order, id(converter)
        if run not in _ahead:
            for other in list(_ahead):  # of a run that is over, or by settings that are no more
                _end(other)
            _ahead[run] = Ahead(order, self.jobs)
            if isinstance(converter, Autograde):
                weakref.finalize(converter, _end, run).atexit = False
                _ahead[run].expect(_coming(converter, told))
        return _ahead[run]

    def _order(self, told: Mapping[str, str]) -> Order:
        course, secret = Path(self.course).resolve(), Path(self.secret).resolve()
        return Order(
            self.unit or told["assignment"],
            course,
            secret,
            self.sandbox,
            self.language,
            self.throughput,
            self.allow_unisolated,
            fingerprint([course / "course.toml", *sorted(course.glob("source/*/*.lock")), secret]),
        )


def fingerprint(paths: list[Path]) -> str:
    """Of files, also of those that are not there."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() if path.is_file() else b"")
        digest.update(b"\0" + str(path).encode() + b"\0")
    return digest.hexdigest()


def _end(run: Run) -> None:
    if under_way := _ahead.pop(run, None):
        under_way.close()


def _coming(converter: Any, told: Mapping[str, str]) -> Iterator[Submission]:
    """What nbgrader will come to from here on in this run, in its order, mended as it will be by then."""
    course = converter.coursedir
    with Gradebook(told["db_url"]) as gradebook:
        cells = list(released(gradebook.find_notebook(told["notebook"], told["assignment"])))
    place = course.format_path(course.submitted_directory, "(?P<student>.*)", told["assignment"], escape=True)
    students = {path: found["student"] for path in sorted(converter.assignments) if (found := re.match(place, path))}
    for path, student in itertools.dropwhile(lambda one: one[1] != told["student"], students.items()):
        with contextlib.suppress(Exception):  # whatever is wrong with it, nbgrader says at its turn
            if student == told["student"] or _is_graded_now(converter, student, told["assignment"]):
                nb = nbformat.read(Path(path) / f"{told['notebook']}.ipynb", as_version=4)
                mend(nb, cells)
                yield notebook_submission(student, json.dumps(nb).encode())


def _is_graded_now(converter: Any, student: str, assignment: str) -> bool:
    """Whether nbgrader does not leave a student out, as `init_destination` of its converters decides."""
    course = converter.coursedir
    if student in course.student_id_exclude.split(","):
        return False
    source, graded = (
        course.format_path(folder, student, assignment)
        for folder in (course.submitted_directory, course.autograded_directory)
    )
    if converter.force or not Path(graded).exists():
        return True
    now, then = course.get_existing_timestamp(source), course.get_existing_timestamp(graded)
    return now is not None and then is not None and now > then


class ApplyPolicy(NbGraderPreprocessor):  # type: ignore[misc]
    """In place of nbgrader's AssignLatePenalties, which knows one penalty, and nothing of bonus and attempts."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Bonus and late penalty of the attempt that counts, into the gradebook."""
        told, counted = resources["nbgrader"], resources[HANDED_ON]
        where = (told["notebook"], told["assignment"], told["student"])
        with Gradebook(told["db_url"]) as gradebook:
            known = {TEST + task for task in counted.policy.worth} if counted else set[str]()
            ask_for_others(gradebook, nb, where, known)
            if counted is None:
                return nb, resources
            write_bonus(gradebook, counted, where)
            notebook = gradebook.find_submission_notebook(*where)
            gradebook.db.refresh(notebook)
            notebook.late_submission_penalty = round(counted.share * notebook.score, 2) or None
            gradebook.db.commit()
        return nb, resources


def ask_for_others(gradebook: Gradebook, nb: NotebookNode, where: tuple[str, str, str], known: set[str]) -> None:
    """Have a person grade every test that nobody ran: nbgrader gives all points for a cell without output."""
    for cell in nb.cells:
        told = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "code" and told.get("grade") and not told.get("solution") and grade_id(cell) not in known:
            grade = gradebook.find_grade(grade_id(cell), *where)
            grade.auto_score, grade.needs_manual_grade = None, True
    gradebook.db.commit()


def write_bonus(gradebook: Gradebook, counted: Counted, where: tuple[str, str, str]) -> None:
    """Bonus as extra credit. What a person has given there stays; what we gave goes with the bonus."""
    student = where[-1]
    before = counted.ledger.extra(student)
    now = {task: counted.points.get(task, 0.0) for task in counted.policy.bonus}
    for task in {**before, **now}:
        with contextlib.suppress(MissingEntry):  # a task that the unit has no more
            grade = gradebook.find_grade(TEST + task, *where)
            if grade.extra_credit in (None, before.get(task)):
                grade.extra_credit = now.get(task)
    gradebook.db.commit()
    if before or now:
        counted.ledger.note_extra(student, counted.key, now)


def times(
    course: Path, policy: Policy, told: Mapping[str, Any], received: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """When it was handed in, and when it was due: by the course's settings, or the gradebook; extensions count."""
    with Gradebook(told["db_url"]) as gradebook:
        assignment = gradebook.find_assignment(told["assignment"])
        wanted = policy.due.astimezone(UTC).replace(tzinfo=None) if policy.due else None
        assignment.duedate = due.settled(course, told["assignment"], wanted, assignment.duedate)
        submission = gradebook.find_submission(told["assignment"], told["student"])
        submission.timestamp = received
        gradebook.db.commit()
        until = submission.duedate if assignment.duedate else None  # nbgrader cannot extend what is never due
    return in_utc(received), in_utc(until)


def in_utc(moment: datetime | None) -> datetime | None:
    """A time as nbgrader has it, which does not say that it is in UTC."""
    return moment.replace(tzinfo=UTC) if moment else None


def require_points(nb: NotebookNode, policy: Policy, assignment: str) -> None:
    """GraderError where a cell is worth something else than by the course: the release is of before a change."""
    worth = {TEST + task: 0.0 if task in policy.bonus else points for task, points in policy.worth.items()}
    worth |= {ANSWER + question: points for question, points in policy.written}
    for cell in nb.cells:
        wanted, told = worth.get(grade_id(cell)), cell.metadata.get("nbgrader", {})
        if wanted is not None and told.get("grade") and abs(wanted - (held := float(told["points"]))) > 1e-6:
            text = _(
                "{cell} has {held:g} points in nbgrader's gradebook and {wanted:g} in the course: run nbgrader"
                " generate_assignment {assignment} --force"
            )
            raise GraderError(text.format(cell=grade_id(cell), held=held, wanted=wanted, assignment=assignment))


def cleared(nb: NotebookNode) -> NotebookNode:
    """The notebook without what its cells showed."""
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nb


def write(nb: NotebookNode, report: Report, counted: Counted) -> None:
    """Score and explanation into the cells that hold points; every other output goes, for it came from the student."""
    views = {view.name: view for view in task_views(report)}
    first, known = standing_html(report), counted.policy.worth
    for cell in cleared(nb).cells:
        if cell.cell_type != "code":
            continue
        told, task = cell.metadata.get("nbgrader", {}), grade_id(cell).removeprefix(TEST)
        if told.get("grade") and not told.get("solution") and grade_id(cell).startswith(TEST) and task in known:
            cell.outputs = outputs(views.get(task), task, float(told["points"]), report, counted, first)
            first = ""


def outputs(
    view: TaskView | None, task: str, points: float, report: Report, counted: Counted, above: str
) -> list[NotebookNode]:
    """An explanation, and the score as nbgrader reads it: the result of the cell, a number.

    above: what stands over the explanation.
    """
    page = above + (task_html(view) if view and not report.problem else problem_html(report))
    earned = counted.points.get(task, 0.0)
    if not counted.standing.counts:
        words = _("Attempt {counted} counts: {earned:g} points.")
        page += f"<p>{escape(words.format(counted=counted.standing.counted, earned=round(earned, 2)))}</p>"
    score = repr(min(points, round(earned, 6)))  # of a bonus nothing, it comes as extra credit
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
