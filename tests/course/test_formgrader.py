"""One student after the other in a long-lived process, as formgrader does, and a notebook of the instructor's own."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.course.attempts import Ledger
from graders.course.folder import make_course
from graders.intake.reference import closure, module_text
from graders.specs import find_unit

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

from graders.course import preprocessors
from graders.course.ahead import Ahead

pytestmark = pytest.mark.filterwarnings("ignore:Object of type .* not in session")  # nbgrader's own, by SQLAlchemy
UNIT = find_unit("13-gan")
TASK = next(task for task in UNIT.tasks if not task.name.startswith("train"))
BONUS = next(task.name for task in UNIT.tasks if task is not TASK)
SETTINGS = f'[units.{UNIT.name}]\nbonus = ["{BONUS}"]\n'
STUDENTS = ("ada", "bob", "eve")


def cell(name: str, kind: str, text: str, **told: Any) -> dict[str, Any]:
    """A cell of an instructor's own, as nbgrader's editor makes it."""
    base = {"schema_version": 3, "grade_id": name, "grade": False, "solution": False, "locked": False, "task": False}
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "metadata": {"nbgrader": {**base, **told}}, "source": text, **code}


def survey(mark: Path) -> dict[str, Any]:
    """A notebook with a test, a question and a task; whoever runs it leaves a mark."""
    cells = [
        cell(
            "own-code", "code", f"open({str(mark)!r}, 'w')\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION", solution=True
        ),
        cell("own-test", "code", f"open({str(mark)!r}, 'w')\nassert x", grade=True, locked=True, points=3),
        cell("own-question", "markdown", "YOUR ANSWER HERE", grade=True, solution=True, points=4),
        cell("own-task", "markdown", "Draw it.", task=True, locked=True, points=2),
    ]
    return {
        "cells": cells,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def hand_in(folder: Path, student: str) -> None:
    """One task right, and an answer to the survey; its cells show what was never run."""
    there = folder / "submitted" / student / UNIT.name
    there.mkdir(parents=True)
    work, own = (
        json.loads((folder / "release" / UNIT.name / f"{name}.ipynb").read_text(encoding="utf-8"))
        for name in ("gan", "survey")
    )
    for one in work["cells"]:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == f"code-{TASK.name}":
            one["source"] = module_text(closure(TASK.functions)) + f"\nname = {student!r}\n"
    own["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "claimed"}]
    own["cells"][2]["source"] = "It was hard."
    for name, notebook in (("gan", work), ("survey", own)):
        (there / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def config(folder: Path) -> Config:
    """The course's own, as formgrader's server reads it, without a student or `force`."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A course in which three students have handed in a unit and a survey beside it."""
    folder = tmp_path_factory.mktemp("formgrader") / "course"
    folder.mkdir()
    (folder / "course.toml").write_text(SETTINGS)
    make_course(folder, [UNIT])
    text = json.dumps(survey(folder / "mark"))
    (folder / "source" / UNIT.name / "survey.ipynb").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        patch.setenv("BACKCHECK_LANG", "en")
        patch.chdir(folder)
        made = NbGraderAPI(config=config(folder)).generate_assignment(UNIT.name)
        assert made["success"], made["log"]
        for student in STUDENTS:
            hand_in(folder, student)
        yield folder


def autograde(course: Path, students: str, exclude: str = "") -> list[list[str]]:
    """Grade them as the server does; whom the processes were given."""
    asked: list[list[str]] = []
    plain = Ahead.expect

    def expect(self: Ahead, submissions: Any) -> None:
        submissions = list(submissions)
        asked.append([one.name for one in submissions])
        plain(self, submissions)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ahead, "expect", expect)
        api = NbGraderAPI(config=config(course))
        api.coursedir.student_id_exclude = exclude
        done = api.autograde(UNIT.name, students)
    assert done["success"], done["log"]
    assert all(run._pool is None for run in preprocessors._ahead.values())
    return asked


@pytest.fixture(scope="module")
def expected(course: Path) -> list[list[str]]:
    """Whom the processes were given when ada alone was graded."""
    return autograde(course, "ada")


def test_one_student_alone_is_graded_and_no_process_stays(course: Path, expected: list[list[str]]):
    assert expected == [["ada"]]
    held = json.loads(Ledger(course, UNIT.name).path.read_text(encoding="utf-8"))
    (record,) = held["ada"]
    assert set(held) == {"ada"}
    assert record["points"][TASK.name] == record["worth"][TASK.name] == UNIT.points[TASK.name]


@pytest.mark.usefixtures("expected")
def test_of_a_notebook_of_the_instructors_own_nothing_runs_and_a_person_grades_it(course: Path):
    assert not (course / "mark").exists()
    graded = (course / "autograded" / "ada" / UNIT.name / "survey.ipynb").read_text(encoding="utf-8")
    assert "claimed" not in graded
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grades = gradebook.find_submission_notebook("survey", UNIT.name, "ada").grades
        asked = {one.name: (one.auto_score, one.needs_manual_grade, one.max_score) for one in grades}
        assert asked == {"own-test": (None, True, 3), "own-question": (None, True, 4), "own-task": (None, True, 2)}
        assert gradebook.find_submission_notebook("gan", UNIT.name, "ada").score == UNIT.points[TASK.name]
    kept = {one["metadata"]["nbgrader"]["grade_id"]: one["metadata"]["nbgrader"] for one in json.loads(graded)["cells"]}
    assert (kept["own-task"]["task"], kept["own-task"]["points"]) == (True, 2)


@pytest.mark.usefixtures("expected")
def test_settings_that_were_edited_hold_for_the_next_student(course: Path):
    settings = course / "course.toml"
    settings.write_text(SETTINGS + f"points = {{ {TASK.name} = 2 }}\n")
    done = NbGraderAPI(config=config(course)).autograde(UNIT.name, "bob")
    assert not done["success"]
    assert "was released with other settings (points)" in done["log"]
    settings.write_text(SETTINGS)
    done = NbGraderAPI(config=config(course)).autograde(UNIT.name, "bob")
    assert done["success"], done["log"]
    assert set(json.loads(Ledger(course, UNIT.name).path.read_text(encoding="utf-8"))) == {"ada", "bob"}


@pytest.mark.usefixtures("expected")
def test_a_class_is_graded_ahead_but_for_whom_nbgrader_leaves_out(course: Path):
    assert autograde(course, "*", exclude="bob") == [["ada", "eve"]]
    held = json.loads(Ledger(course, UNIT.name).path.read_text(encoding="utf-8"))
    assert len(held["ada"]) == len(held["eve"]) == 1
