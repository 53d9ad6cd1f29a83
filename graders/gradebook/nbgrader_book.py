"""Scores from nbgrader's gradebook and into it, by nbgrader's own interface."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sqlite3
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, SAWarning

from graders.gradebook.book import Gradebook, Outcome, Place
from graders.gradebook.decisions import find_student, override
from graders.gradebook.errors import GradebookError
from graders.gradebook.record import student_of
from graders.gradebook.scores import Line, lines
from graders.i18n import _
from graders.policy import Policy
from graders.verdict import Note, Report, Result, Status

if TYPE_CHECKING:
    from nbgrader.api import Gradebook as Theirs
    from nbgrader.api import SubmittedAssignment
    from sqlalchemy.orm import Session

TEST = "test-"
"""What the cells that hold a task's points begin with, as in graders.course.cells."""
BY = "nbgrader"
TAKEN_BACK = "nbgrader, taken back there"
"""Who gave what nbgrader no longer has; so that it comes back when it is given there again."""


@dataclass(frozen=True)
class Unit:
    """What an export needs to know of a unit. notebook: what its notebook is called, without its ending."""

    name: str
    notebook: str
    policy: Policy


@contextmanager
def their_book(path: Path) -> Iterator[Theirs]:
    """The gradebook of nbgrader in a file that is there; GradebookError where it is none."""
    if importlib.util.find_spec("nbgrader") is None:
        raise GradebookError(_("nbgrader is not installed: pip install 'backcheck[nbgrader]'"))
    if not path.is_file():
        raise GradebookError(_("no such file or folder: {path}").format(path=path))
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            columns = {row[1] for row in connection.execute("PRAGMA table_info(student)")}
    except sqlite3.Error as error:
        raise GradebookError(_("{path}: {reason}").format(path=path, reason=error)) from None
    if not {"student", "submitted_assignment", "grade", "base_cell"} <= names:
        raise GradebookError(_("{path} is no gradebook of nbgrader").format(path=path))
    if "lms_user_id" not in columns:
        raise GradebookError(_("{path} is of an older nbgrader: run nbgrader db upgrade").format(path=path))
    from nbgrader.api import Gradebook as Theirs

    try:
        with warnings.catch_warnings(), Theirs(f"sqlite:///{path.resolve()}") as book:
            warnings.simplefilter("ignore", SAWarning)  # of nbgrader's own tables
            yield book
    except DBAPIError as error:
        raise GradebookError(_("{path}: {reason}").format(path=path, reason=error.orig)) from None


# from nbgrader


@dataclass
class Imported:
    """What an import did. outcomes: how many gradings of each.

    rejected: how many were left out, for a person has rejected these very points. kept: overrides that a person gave
    here and that stay, although nbgrader has other points; a sentence each.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    rejected: int = 0
    kept: list[str] = field(default_factory=list)


def import_book(book: Gradebook, path: Path, unit: str = "") -> Imported:
    """Record everything that nbgrader graded, of one assignment or of all.

    What was recorded before is recorded once; a lower score waits for a person as any other does, and is not proposed
    again where one has rejected it. Points that a person
    gave in nbgrader instead of computed ones become overrides; those that a person gave here stay.
    """
    done = Imported()
    with their_book(path) as theirs:
        assignments = [one.name for one in theirs.assignments]
        if unit and unit not in assignments:
            text = _("{path} has no assignment {name}; it has {known}")
            raise GradebookError(text.format(path=path, name=unit, known=", ".join(sorted(assignments))))
        _import_people(book, theirs)
        for name in [unit] if unit else assignments:
            for submission in theirs.assignment_submissions(name):
                _import_one(book, submission, done)
    return done


def _import_people(book: Gradebook, theirs: Theirs) -> None:
    with book.session() as session:
        for one in theirs.students:
            student = student_of(session, one.id)
            name = ", ".join(filter(None, (one.last_name, one.first_name)))
            student.full_name = name or student.full_name
            student.email = one.email or student.email
            student.outside_id = one.lms_user_id or student.outside_id


def _import_one(book: Gradebook, submission: SubmittedAssignment, done: Imported) -> None:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    if not any(grade.auto_score is not None or grade.manual_score is not None for grade in grades):
        return  # nbgrader has not graded it
    student, unit = submission.student.id, submission.assignment.name
    received = submission.timestamp.replace(tzinfo=UTC) if submission.timestamp else None
    # nbgrader's own number, drawn by chance: a digest of the name would tell who it is where names are taken out
    fingerprint = hashlib.sha256(f"nbgrader {submission.id} {received}".encode()).hexdigest()[:16]
    report = _report(submission, grades, fingerprint)
    points = json.dumps([(one.task, one.score, one.max_score) for one in report.results])
    key = hashlib.sha256(f"nbgrader {points}".encode()).hexdigest()
    place = Place(student, unit, student, fingerprint, received=received)
    if book.rejected(place, key):
        done.rejected += 1
    else:
        done.outcomes[book.record(place, key, report, why=_("imported from nbgrader")).outcome] += 1
    for grade in grades:
        task = grade.name.removeprefix(TEST)
        with book.session() as session:
            if grade.auto_score is None or grade.manual_score in (None, grade.auto_score):
                _take_back(session, student, unit, task)
                continue
            kept = _override(session, student, unit, task, grade.manual_score + (grade.extra_credit or 0.0))
        done.kept += [kept] if kept else []


def _take_back(session: Session, student: str, unit: str, task: str) -> None:
    """Where a person has taken back in nbgrader what an import brought, it holds no longer here."""
    for one in find_student(session, student).overrides:
        if (one.unit, one.task, one.by) == (unit, task, BY):
            one.by, one.withdrawn = TAKEN_BACK, one.withdrawn or datetime.now(UTC)


def _override(session: Session, student: str, unit: str, task: str, score: float) -> str:
    """Give what nbgrader says, in place of what an import gave; why not, where a person gave something else here."""
    mine = [one for one in find_student(session, student).overrides if (one.unit, one.task) == (unit, task)]
    mine.sort(key=lambda one: one.id)
    holding = next((one for one in reversed(mine) if one.withdrawn is None), None)
    imported = next((one for one in reversed(mine) if one.by == BY), None)
    if holding and holding.by != BY:
        if holding.score == score:
            return ""
        text = _("{student}, {unit}, {task}: {score:g} given by {name} stay; nbgrader has {other:g}")
        said = {"student": student, "unit": unit, "task": task, "score": holding.score, "name": holding.by}
        return text.format(**said, other=score)
    # What an import brought and a person has withdrawn since does not come back until nbgrader says something new.
    if imported is None or imported.score != score:
        override(session, student, unit, task, score, _("imported from nbgrader"), BY)
    return ""


def _report(submission: SubmittedAssignment, grades: Sequence[Any], fingerprint: str) -> Report:
    results, bonus = [], []
    for grade in grades:
        computed = grade.auto_score if grade.auto_score is not None else grade.manual_score or 0.0
        score = computed + (grade.extra_credit or 0.0)
        task, most = grade.name.removeprefix(TEST), grade.max_score
        if grade.extra_credit:
            bonus += [task] if not most else []
        status = Status.PASSED if score >= most else Status.FAILED
        results.append(Result(task, BY, "", status, round(score, 6), most))
    unit = submission.assignment.name
    notes = [Note(BY, _("imported from nbgrader"))]
    if penalty := submission.late_submission_penalty:
        notes.append(Note(BY, _("points less for being late there: {points:g}").format(points=penalty)))
    return Report(
        unit,
        unit,
        submission.student.id,
        "",
        tuple(results),
        notes=tuple(notes),
        fingerprint=fingerprint,
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={"nbgrader": importlib.import_module("nbgrader").__version__},
        bonus=tuple(bonus),
    )


# to nbgrader


def export_book(book: Gradebook, path: Path, units: Sequence[Unit]) -> int:
    """Write the attempt that counts of every student into nbgrader's gradebook; how many.

    Computed points go where nbgrader's own grading puts them, what a person gave where a person's points go there, and
    what being late costs is nbgrader's late penalty. Assignments, cells and students that are missing are added;
    points for answers in words stay what they are.
    """
    count = 0
    with their_book(path) as theirs:
        for unit in units:
            with book.reading() as session:
                found = lines(session, unit.name, unit.policy, with_tasks=True)
            cells = _prepare(theirs, unit, found)
            for line in found:
                if line.counted:
                    _export_one(theirs, unit, cells, line)
                    count += 1
    return count


def _prepare(theirs: Theirs, unit: Unit, found: Sequence[Line]) -> dict[str, str]:
    """The assignment with cells that hold the tasks' points; by cell, the notebook that has it.

    The course's own notebooks may be called otherwise than ours, and there may be several.
    """
    assignment = theirs.update_or_create_assignment(unit.name)
    there = {cell.name: notebook.name for notebook in assignment.notebooks for cell in notebook.grade_cells}
    tasks = dict.fromkeys(task for line in found for task in (line.tasks or {}))
    name = next((there[TEST + task] for task in tasks if TEST + task in there), unit.notebook)
    if name not in {notebook.name for notebook in assignment.notebooks}:
        theirs.add_notebook(name, unit.name)
    worth = unit.policy.worth
    for task in tasks:
        if TEST + task not in there:
            most = 0.0 if task in unit.policy.bonus else worth.get(task, 0.0)
            theirs.add_grade_cell(TEST + task, name, unit.name, max_score=most, cell_type="code")
    return {TEST + task: there.get(TEST + task, name) for task in tasks}


def _export_one(theirs: Theirs, unit: Unit, cells: Mapping[str, str], line: Line) -> None:
    counted = line.counted
    assert counted
    who = line.student
    known: Mapping[str, str] = {"email": who.email, "lms_user_id": who.outside_id}
    theirs.update_or_create_student(who.name, **{name: value for name, value in known.items() if value})
    received = counted.standing.received
    moment = {"timestamp": datetime.fromisoformat(received).astimezone(UTC).replace(tzinfo=None)} if received else {}
    submission = theirs.update_or_create_submission(unit.name, who.name, **moment)
    tasks, given = line.tasks or {}, {one.task: one.score for one in line.given}
    grades = _grades(theirs, unit, submission, {TEST + task: cells[TEST + task] for task in tasks})
    for task, points in tasks.items():
        _write(grades[TEST + task], points, given.get(task), unit.policy, task)
    theirs.db.commit()
    _charge(theirs, [one for one in submission.notebooks if one.name in cells.values()], line.late)
    theirs.db.commit()
    if "" in given:
        theirs.db.refresh(submission)
        _make_up(grades, given[""] - (submission.score - submission.late_submission_penalty), unit.policy)
        theirs.db.commit()


def _grades(theirs: Theirs, unit: Unit, submission: SubmittedAssignment, cells: Mapping[str, str]) -> dict[str, Any]:
    """By cell, the place for a task's points; a new one where the cell is newer than the student's submission."""
    from nbgrader.api import Grade, SubmittedNotebook

    notebooks = {one.name: one for one in submission.notebooks}
    for name in set(cells.values()) - set(notebooks):
        notebooks[name] = SubmittedNotebook(notebook=theirs.find_notebook(name, unit.name), assignment=submission)
    held = {(name, grade.name): grade for name, one in notebooks.items() for grade in one.grades}
    for cell, name in cells.items():
        if (name, cell) not in held:
            number = theirs.find_grade_cell(cell, name, unit.name).id
            held[name, cell] = Grade(cell_id=number, notebook=notebooks[name])
            theirs.db.add(held[name, cell])
    theirs.db.commit()
    return {cell: held[name, cell] for cell, name in cells.items()}


def _charge(theirs: Theirs, notebooks: Sequence[Any], late: float) -> None:
    """What being late costs; of several notebooks, the last one has what rounding leaves."""
    for one in notebooks:
        theirs.db.refresh(one)
    owed = round(sum(one.score for one in notebooks) * late, 2)
    for one in notebooks[:-1]:
        one.late_submission_penalty = round(one.score * late, 2) or None
    for one in notebooks[-1:]:
        before = sum(other.late_submission_penalty or 0.0 for other in notebooks[:-1])
        one.late_submission_penalty = round(owed - before, 2) or None


def _write(grade: Any, points: float, given: float | None, policy: Policy, task: str) -> None:
    """A task's points; a bonus is extra credit there, and a cell may be worth something else there than here."""
    worth, most = policy.worth.get(task, 0.0), grade.max_score
    grade.needs_manual_grade = False
    if task in policy.bonus:
        grade.auto_score, grade.manual_score = 0.0, None
        grade.extra_credit = points if given is None else given
        return
    share = most / worth if worth else 1.0 if most else 0.0
    grade.auto_score, grade.extra_credit = round(points * share, 6), None
    grade.manual_score = None if given is None else round(given * share, 6)


def _make_up(grades: Mapping[str, Any], missing: float, policy: Policy) -> None:
    """Points given for a whole unit: nbgrader has no place for them but extra credit, which may be negative.

    It goes to a task's cell, which has points and is written anew by every export: what is added is added once. Not to
    a bonus where there is another: what extra credit there says, nbgrader's grading compares with what it wrote.
    """
    assert grades  # a report has tasks, also on what could not be run
    first = min(grades.values(), key=lambda grade: grade.name.removeprefix(TEST) in policy.bonus)
    first.extra_credit = round((first.extra_credit or 0.0) + missing, 6)
