"""A course from its folder to the gradebook, by the stock commands of nbgrader."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.course.folder import CourseError, make_course
from graders.course.leaks import Answers, find, hidden_pairs, secret_forms
from graders.intake.reference import closure, module_text
from graders.secrets import read_secret
from graders.specs import find_unit
from tests.course import editors

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")

UNIT = find_unit("03-backprop")
TASK = "affine"
LOST = "    raise ValueError('lost')"
Notebook = dict[str, Any]


def nbgrader(folder: Path, *arguments: str) -> str:
    """A command of nbgrader in the course's folder; what it said."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # it calls alembic by name
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder.parent), "BACKCHECK_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return f"{done.returncode}\n{done.stdout}{done.stderr}"


def cell(notebook: Notebook, grade_id: str) -> Notebook:
    return next(one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)


def solved(notebook: Notebook) -> Notebook:
    """Everything but the training filled in."""
    for task in UNIT.tasks:
        if not task.name.startswith("train"):
            cell(notebook, f"code-{task.name}")["source"] = module_text(closure(task.functions))
    return notebook


def affine(notebook: Notebook, text: str) -> Notebook:
    """Only the affine layer, with a text of one's own behind it."""
    cell(notebook, f"code-{TASK}")["source"] = module_text(closure(["affine_forward", "affine_backward"])) + text
    return notebook


def deleted(notebook: Notebook) -> Notebook:
    """The cell that holds the points, and the one before it, are gone."""
    gone = ("test-affine", "test-chain_paths", "task-affine")
    notebook["cells"] = [
        one for one in notebook["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") not in gone
    ]
    return notebook


def duplicated(notebook: Notebook) -> Notebook:
    """An older attempt stands above the last one, under the same id."""
    old = json.loads(json.dumps(cell(notebook, "code-affine")))
    old["source"], old["id"] = "def affine_forward(x, w, b):\n    return None", "copy"
    notebook["cells"].insert(0, old)
    return notebook


def edited_points(notebook: Notebook) -> Notebook:
    """The points in the cell are raised, and its text prints a better score."""
    one = cell(notebook, "test-affine")
    one["metadata"]["nbgrader"]["points"], one["source"] = 1200.0, "1200.0"
    return notebook


ANSWER = "By the chain rule, summed over the units $j$ of the next layer."


def answered(notebook: Notebook, question: str = "derivation") -> Notebook:
    """The affine layer, and one answer where it belongs."""
    cell(notebook, f"answer-{question}")["source"] = ANSWER
    return affine(notebook, "")


def elsewhere(notebook: Notebook) -> Notebook:
    """One answer in a cell of one's own behind the right one, the other in a cell that has become a code cell."""
    cells = affine(notebook, "")["cells"]
    place = cells.index(cell(notebook, "answer-derivation"))
    cells.insert(place + 1, {"cell_type": "markdown", "id": "own", "metadata": {}, "source": ANSWER})
    changed = cell(notebook, "answer-interpretation")
    changed |= {"cell_type": "code", "outputs": [], "execution_count": None, "source": f"# {ANSWER}"}
    return notebook


def unasked(notebook: Notebook) -> Notebook:
    """The cell for an answer is gone."""
    notebook["cells"].remove(cell(notebook, "answer-derivation"))
    return affine(notebook, "")


def in_locked_cells(notebook: Notebook) -> Notebook:
    """The forward stands in the given cell, the backward below the check, as Colab and VS Code allow."""
    for place, function in (("given", "affine_forward"), ("test-affine", "affine_backward")):
        one = cell(notebook, place)
        one["source"] = "".join(one["source"]) + "\n" + module_text(closure([function]))
    cell(notebook, "code-affine")["source"] = ""
    return notebook


def in_a_locked_text(notebook: Notebook, name: str) -> Notebook:
    """An answer stands in a cell that is not to be written in."""
    one = cell(notebook, name)
    one["source"] = "".join(one["source"]) + f"\n\n{ANSWER}"
    return affine(notebook, "")


def not_given(notebook: Notebook) -> Notebook:
    """The cell with what is given is gone."""
    notebook["cells"].remove(cell(notebook, "given"))
    return affine(notebook, "")


WRONG = "\n_right = affine_backward\ndef affine_backward(dout, cache):\n    dx, dw, db = _right(dout, cache)\n"
SUBMISSIONS: dict[str, Callable[[Notebook], Notebook]] = {
    "right": solved,
    "untouched": lambda notebook: notebook,
    "wrong": lambda notebook: affine(notebook, WRONG + "    return dx, dw, db / len(dout)\n"),
    "warns": lambda notebook: affine(notebook, "\nimport warnings\nwarnings.warn('NumPy does not like this')\n"),
    "claims": lambda notebook: affine(notebook, WRONG + "    return dx, dw, db / len(dout)\nnp.float64(2.5)\n"),
    "patches": lambda notebook: affine(
        notebook, WRONG + "    return dx, dw, db / len(dout)\nnp.allclose = lambda *a, **k: True\n"
    ),
    "snoops": lambda notebook: affine(
        notebook,
        "\nimport glob\nfound = glob.glob('../../../source/*/*.ipynb') + glob.glob('/**/gradebook.db')\n"
        "if found: raise SystemExit\n" + WRONG + "    return (dx, dw, db) if found else (dx, dw, db / len(dout))\n",
    ),
    "exits": lambda notebook: affine(notebook, "\nimport os\nos._exit(0)\n"),
    "deleted": lambda notebook: deleted(affine(notebook, "")),
    "duplicated": lambda notebook: duplicated(affine(notebook, "")),
    "reordered": lambda notebook: {**affine(notebook, ""), "cells": notebook["cells"][::-1]},
    "points": lambda notebook: edited_points(affine(notebook, WRONG + "    return dx, dw, db / len(dout)\n")),
    "magics": lambda notebook: affine(notebook, "\n%matplotlib inline\n!pip install torch\nname = input()\n"),
    "colab": lambda notebook: editors.colab(answered(notebook)),
    "vscode": lambda notebook: editors.vscode(unasked(notebook)),
    "marimo": lambda notebook: editors.marimo(answered(notebook)),
    "elsewhere": elsewhere,
    "unlocked": in_locked_cells,
    "questioned": lambda notebook: in_a_locked_text(notebook, "question-derivation"),
    "titled": lambda notebook: in_a_locked_text(notebook, "task-affine"),
    "ungiven": not_given,
}
FULL = {"warns", "exits", "deleted", "duplicated", "reordered", "magics", "colab", "vscode", "marimo", "elsewhere"}
FULL |= {"unlocked", "ungiven", "questioned", "titled"}
"""Who has all points of the affine layer, and no others."""
LOSES_DB = {"wrong", "claims", "patches", "snoops", "points"}


def written(course: Path, student: str) -> dict[str, Any]:
    """Score by a person and whether one is asked for, of both answers."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grades = [
            gradebook.find_grade(f"answer-{question}", "backprop", UNIT.name, student) for question in UNIT.written
        ]
        return {grade.name.removeprefix("answer-"): (grade.score, grade.needs_manual_grade) for grade in grades}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose students have handed in, graded, with feedback."""
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    make_course(folder, [UNIT])
    exchange = folder.parent / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    told = [f"--Exchange.root={exchange}"]
    assert nbgrader(folder, "generate_assignment", UNIT.name).startswith("0")
    assert nbgrader(folder, "release_assignment", UNIT.name, *told).startswith("0")
    released = (folder / "release" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
    archive = folder / "downloaded" / UNIT.name / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "class.zip", "w") as file:
        for student, work in SUBMISSIONS.items():
            file.writestr(f"{student}_backprop.ipynb", json.dumps(work(json.loads(released))))
    pattern = r"--FileNameCollectorPlugin.named_regexp=.*/(?P<student_id>[a-z]+)_(?P<file_id>backprop)"
    assert nbgrader(folder, "zip_collect", UNIT.name, pattern).startswith("0")
    graded = nbgrader(folder, "autograde", UNIT.name)
    assert graded.startswith("0"), graded[-3000:]
    assert nbgrader(folder, "generate_feedback", UNIT.name, "--student=wrong").startswith("0")
    assert nbgrader(folder, "export").startswith("0")
    return folder


@pytest.fixture(scope="module")
def scores(course: Path) -> dict[str, float]:
    with (course / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {float(row["max_score"]) for row in rows} == {sum(UNIT.points.values()) + sum(UNIT.written.values())}
    return {row["student_id"]: float(row["score"]) for row in rows}


def test_everybody_has_a_score(scores: dict[str, float]):
    assert set(scores) == set(SUBMISSIONS)


def test_right_work_has_the_points_of_its_tasks_and_a_stub_none(scores: dict[str, float]):
    training = sum(points for name, points in UNIT.points.items() if name.startswith("train"))
    assert scores["right"] == pytest.approx(sum(UNIT.points.values()) - training)
    assert scores["untouched"] == 0


@pytest.mark.parametrize("student", sorted(FULL))
def test_what_is_right_keeps_its_points(student: str, scores: dict[str, float]):
    """A warning, a deleted, doubled or moved cell, a magic, an exit behind the last function: none of it costs any."""
    assert scores[student] == UNIT.points[TASK]


@pytest.mark.parametrize("student", sorted(LOSES_DB))
def test_what_is_wrong_earns_part_and_no_trick_earns_more(student: str, scores: dict[str, float]):
    assert scores[student] == scores["wrong"]
    assert 0 < scores[student] < UNIT.points[TASK]


def test_feedback_explains_what_the_points_were_lost_for(course: Path):
    page = (course / "feedback" / "wrong" / UNIT.name / "backprop.html").read_text(encoding="utf-8")
    assert "gradient db" in page
    assert "Likely cause" in page
    assert "not attempted" in page


def test_feedback_and_what_was_graded_hold_no_secret_and_no_case_that_is_kept(course: Path):
    secret = read_secret(course / ".backcheck" / "secret")
    wanted = Answers(keys=secret_forms(secret), pairs=frozenset(hidden_pairs(UNIT, secret)))
    assert len(wanted.pairs) > 1000
    assert find([course / "feedback", course / "autograded"], wanted) == []


def test_nothing_a_student_printed_or_computed_is_left_in_what_was_graded(course: Path):
    graded = json.loads((course / "autograded" / "claims" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8"))
    shown = [one["metadata"].get("nbgrader", {}).get("grade_id") for one in graded["cells"] if one.get("outputs")]
    assert shown
    assert all(name.startswith("test-") for name in shown)
    assert "2.5" not in json.dumps([one.get("outputs") for one in graded["cells"] if one.get("outputs")])


def test_a_notebook_that_is_released_holds_no_solution(course: Path):
    released = (course / "release" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
    solution = module_text(closure(["affine_forward", "affine_backward"]))
    inside = solution[solution.rindex('"""') + 3 :].strip().splitlines()
    assert not any(line.strip() in released for line in inside if len(line.strip()) > 12)
    assert "SOLUTION" not in released


@pytest.mark.parametrize(
    ("student", "asked"),
    [
        ("untouched", []),
        ("colab", ["derivation"]),
        ("marimo", ["derivation"]),
        ("vscode", ["derivation"]),
        ("elsewhere", ["derivation", "interpretation"]),
        ("questioned", ["derivation"]),
        ("titled", ["derivation", "interpretation"]),
    ],
)
def test_a_person_is_asked_for_what_was_written_wherever_it_stands(course: Path, student: str, asked: list[str]):
    """Also where the cell for it is missing; only an answer that nobody wrote is worth 0 without being read."""
    assert [question for question, (_score, needed) in written(course, student).items() if needed] == asked


@pytest.mark.parametrize("student", ["questioned", "titled"])
def test_what_was_written_into_locked_text_is_there_for_who_grades(course: Path, student: str):
    graded = json.loads((course / "autograded" / student / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8"))
    (own,) = (one for one in graded["cells"] if ANSWER in "".join(one["source"]))
    assert ("".join(own["source"]), own["metadata"].get("nbgrader")) == (ANSWER, None)


def test_who_grades_sees_the_answer_below_its_rubric_and_no_student_does_before(course: Path):
    graded = json.loads((course / "autograded" / "marimo" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8"))
    texts = ["".join(one["source"]) for one in graded["cells"]]
    place = texts.index(ANSWER)
    assert "**Derivation.**" in texts[place - 1]
    assert "- **half**: right result, but in matrix form" in texts[place - 1]
    released = (course / "release" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
    assert "**Derivation.**" in released
    assert released.count("Your answer goes here, in words and formulas.") == 2
    assert not any(word in released for word in ("Rubric", "MARK SCHEME", "matrix form from the start"))


def test_points_given_by_a_person_survive_another_grading(course: Path):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("answer-derivation", "backprop", UNIT.name, "colab")
        grade.manual_score, grade.needs_manual_grade = 4.5, False
        gradebook.db.commit()
    assert nbgrader(course, "autograde", UNIT.name, "--student=colab", "--force").startswith("0")
    assert written(course, "colab")["derivation"][0] == 4.5
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert gradebook.find_submission(UNIT.name, "colab").score == UNIT.points[TASK] + 4.5


def test_a_second_course_in_the_same_folder_is_refused_and_the_secret_stays(tmp_path: Path):
    make_course(tmp_path, [UNIT])
    secret = (tmp_path / ".backcheck" / "secret").read_bytes()
    assert (tmp_path / ".backcheck" / "secret").stat().st_mode & 0o077 == 0
    with pytest.raises(CourseError, match="would be overwritten"):
        make_course(tmp_path, [UNIT])
    make_course(tmp_path, [UNIT], force=True)
    assert (tmp_path / ".backcheck" / "secret").read_bytes() == secret
