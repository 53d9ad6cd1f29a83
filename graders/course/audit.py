"""An audit of a course's units: the reference passes, what is released fails, wrong work is caught, nothing leaks."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from graders.course import leaks, lock
from graders.course.cells import TEST
from graders.course.finding import Finding
from graders.course.graded_notebook import nbgrader_points
from graders.course.released import ReleaseError, require_released
from graders.course.settings import Course
from graders.course.wheats import FOLDER as WHEATS
from graders.course.wheats import audit_wheats, course_wheats
from graders.exam import Exam
from graders.grade import grade
from graders.i18n import _
from graders.intake.reference import closure, module_text
from graders.intake.submission import notebook_submission, unit_files
from graders.misconceptions.variant import Chaff
from graders.policy import SettingsError
from graders.sandbox import Backend
from graders.secrets import PUBLIC, Secret
from graders.specs.unit import Unit
from graders.suspects import known_mistakes
from graders.verdict import Report, Status

CHECKPOINTS = ".ipynb_checkpoints"
"""What Jupyter keeps, and nbgrader never releases."""


def units_of(course: Course, names: Sequence[str]) -> list[str]:
    """The units to audit for what was named: units, or files of the course; a file that concerns all means all."""
    chosen: list[str] = []
    for name in names:
        parts = _inside(course, Path(name)).parts
        if name in course.units:
            chosen.append(name)
        elif len(parts) > 1 and parts[0] in ("source", WHEATS):
            chosen.append(parts[1])
        else:
            return course.units
    return [unit for unit in course.units if unit in chosen]


def _inside(course: Course, path: Path) -> Path:
    """A path as seen from the course's folder; itself where it lies elsewhere."""
    folder = course.folder.resolve()
    return path.resolve().relative_to(folder) if path.resolve().is_relative_to(folder) else path


def changed_files(course: Course, since: str) -> list[str]:
    """What git says has changed since a commit, and what it does not know yet; SettingsError where it cannot say."""
    found: list[str] = []
    for arguments in (
        ["diff", "--name-only", "-z", "--relative", since, "--"],
        ["ls-files", "--others", "--exclude-standard", "-z"],
    ):
        done = subprocess.run(["git", *arguments], cwd=course.folder, capture_output=True, check=False)
        if done.returncode:
            raise SettingsError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        # Without -z git quotes every name that is not ASCII, and none of them would be a file.
        found += [str(course.folder / os.fsdecode(name)) for name in done.stdout.split(b"\0") if name]
    concerns = ("course.toml", "rules.md", "nbgrader_config.py")
    inside = [Path(path) for path in found]
    return [
        str(path)
        for path in inside
        if path.name in concerns or path.relative_to(course.folder).parts[0] in ("source", WHEATS)
    ]


def audit(
    course: Course, units: Iterable[str], backend: Backend, wrong: int, secret: Secret | None
) -> Iterator[Finding]:
    """What is found of each unit.

    Args:
        wrong: how many known mistakes of every task are tried; 0 for all.
        secret: the course's, looked for in what is released.
    """
    for name in units:
        unit = course.unit(name)
        try:
            released = _released(course.folder / "source" / name / unit_files(unit)[1])
        except (OSError, ValueError) as error:
            yield Finding(name, _("source"), False, str(error))
            continue
        yield _fits(unit, released)
        yield _is_locked(course, unit)
        exam = Exam(unit, PUBLIC)
        yield _stub_fails(unit, _graded(released, exam, backend))
        yield _reference_passes(unit, _graded(_solved(unit, released), exam, backend))
        yield _wrong_is_caught(unit, exam, backend, wrong)
        yield _nothing_leaks(course, unit, released, secret)
        yield from audit_wheats(course, course_wheats(course.folder, [name]), backend, secret)


def _released(path: Path) -> Any:
    """A notebook as nbgrader would release it: without outputs, and what is in solution regions, tests and rubrics.

    ValueError where nbgrader would not.
    """
    from nbgrader.preprocessors import ClearHiddenTests, ClearMarkScheme, ClearOutput, ClearSolutions

    book = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    resources: dict[str, Any] = {"language": "python"}
    solutions = ClearSolutions(code_stub={"python": "raise NotImplementedError"})
    try:
        for step in (solutions, ClearOutput(), ClearHiddenTests(), ClearMarkScheme(enforce_metadata=False)):
            book, resources = step.preprocess(book, resources)
    except (AttributeError, KeyError, RuntimeError) as error:  # a region that does not end, or in no solution cell
        raise ValueError(f"{path.name}: {error}") from None
    return book


def _cells(book: Any) -> dict[str, Any]:
    return {cell.metadata["nbgrader"]["grade_id"]: cell for cell in book.cells if "nbgrader" in cell.metadata}


def _fits(unit: Unit, book: Any) -> Finding:
    """Every task has its cells, and they hold the points of the course."""
    cells, wrong = _cells(book), []
    for task in unit.points:
        points = nbgrader_points(unit, task)
        if f"code-{task}" not in cells or TEST + task not in cells:
            wrong.append(_("{task} has no cell").format(task=task))
        elif (held := float(cells[TEST + task].metadata["nbgrader"].get("points", 0))) != points:
            text = _("{task} has {held:g} points in the notebook and {points:g} in the course")
            wrong.append(text.format(task=task, held=held, points=points))
    return Finding(unit.name, _("source"), not wrong, "; ".join(wrong))


def _is_locked(course: Course, unit: Unit) -> Finding:
    path = course.folder / "source" / unit.name / lock.NAME
    if not path.is_file():
        return Finding(unit.name, _("lock"), False, _("there is no {file}").format(file=path))
    try:
        require_released(course, unit)
    except (ReleaseError, SettingsError) as error:
        return Finding(unit.name, _("lock"), False, str(error))
    return Finding(unit.name, _("lock"), True)


def _solved(unit: Unit, book: Any) -> Any:
    """The notebook as somebody hands it in who has found the reference's own solutions."""
    filled = nbformat.from_dict(json.loads(json.dumps(book)))
    cells = _cells(filled)
    for task in unit.tasks:
        if f"code-{task.name}" in cells:
            cells[f"code-{task.name}"]["source"] = module_text(closure(task.functions))
    return filled


def _graded(book: Any, exam: Exam, backend: Backend) -> Report:
    return grade(notebook_submission(exam.unit.name, json.dumps(book).encode()), exam, backend, explain=False)


def _stub_fails(unit: Unit, report: Report) -> Finding:
    what = _("what is released scores nothing")
    if report.problem:
        return Finding(unit.name, what, False, report.problem)
    solved = [result.task for result in report.results if result.status is not Status.SKIPPED]
    text = _("not as if untouched: {tasks}").format(tasks=", ".join(dict.fromkeys(solved)))
    return Finding(unit.name, what, not solved, text if solved else "")


def _reference_passes(unit: Unit, report: Report) -> Finding:
    what = _("the reference passes")
    lost = [f"{one.task}, {one.property}: {one.message}" for one in report.results if one.status is not Status.PASSED]
    return Finding(unit.name, what, not report.problem and not lost, report.problem or "; ".join(lost))


def _wrong_is_caught(unit: Unit, exam: Exam, backend: Backend, most: int) -> Finding:
    chosen = [chaff for task in unit.points for chaff in known_mistakes(task)[: most or None]]
    missed = [chaff.label for chaff in chosen if not _caught(chaff, exam, backend)]
    detail = _("not caught: {names}").format(names=", ".join(missed)) if missed else str(len(chosen))
    return Finding(unit.name, _("wrong work is caught"), not missed, detail)


def _caught(chaff: Chaff, exam: Exam, backend: Backend) -> bool:
    report = grade(chaff.submission, exam, backend, tasks=frozenset({chaff.row}), explain=False)
    failed = {result.property for result in report.results if result.status is Status.FAILED}
    return chaff.killer in failed


def _nothing_leaks(course: Course, unit: Unit, book: Any, secret: Secret | None) -> Finding:
    wanted = leaks.answers(unit.given, secret)
    search = leaks.Search(wanted)
    folder = course.folder / "source" / unit.name
    found = list(search.data(unit_files(unit)[1], nbformat.writes(book).encode()))
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside != Path(unit_files(unit)[1]) and CHECKPOINTS not in inside.parts:
            found += _searched(search, path, str(inside))
    told = dict.fromkeys(map(str, found))
    return Finding(unit.name, _("nothing gives a solution away"), not found, "; ".join(told))


def _searched(search: leaks.Search, path: Path, place: str) -> list[leaks.Leak]:
    """The leaks in a file beside the notebook. Of other notebooks too, students get what nbgrader releases."""
    if path.suffix != ".ipynb":
        return list(search.data(place, path.read_bytes()))
    try:
        return list(search.data(place, nbformat.writes(_released(path)).encode()))
    except (OSError, ValueError) as error:
        return [leaks.Leak("unreadable", f"{place} ({error})")]
