"""Bonus, attempts and late days through stock nbgrader: in its gradebook, and told in what students see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.course import sources
from graders.course.attempts import Ledger, Record
from graders.course.folder import make_course
from graders.course.settings import read_course
from graders.specs import find_unit
from tests.course.test_nbgrader import Notebook, affine, nbgrader

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")
from nbgrader.api import Gradebook
from traitlets.config import Config, PyFileConfigLoader

UNIT = find_unit("03-backprop")
SETTINGS = """
[policy]
attempts = 2
counts = "best"
late = { penalty = 10 }

[units.03-backprop]
due = 2026-03-01T12:00:00+08:00
bonus = ["chain"]
optional = ["chain_inputs"]
"""


ONCE = {"affine": 2 * UNIT.points["affine"], "chain": UNIT.points["chain"]}
FIRST = Record("0" * 16, "2026-03-01T03:00:00+00:00", ONCE, ONCE)
"""What an earlier `autograde` has kept of ada's first attempt, when one task was worth twice as much as now."""


OWN = {"cell_type": "code", "id": "own-test", "source": "assert True", "outputs": [], "execution_count": None}
HELD = {"schema_version": 3, "grade_id": "own-test", "points": 5, "grade": True}
OWN["metadata"] = {"nbgrader": {**HELD, "solution": False, "locked": True, "task": False}}
"""A test that an instructor has put into the unit's notebook."""


def add_cell(path: Path, new: dict[str, object]) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append(new)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def hand_in(course: Path, student: str, notebook: Notebook, received: str, unit: str = UNIT.name) -> None:
    folder = course / "submitted" / student / unit
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{unit.partition('-')[2] or unit}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "timestamp.txt").write_text(received)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which ada hands in for the second time, late and worse than before, and bob once, a day late."""
    folder = tmp_path_factory.mktemp("policies") / "course"
    folder.mkdir()
    (folder / "course.toml").write_text(SETTINGS)
    make_course(folder, [UNIT])
    add_cell(folder / "source" / UNIT.name / "backprop.ipynb", OWN)
    made = nbgrader(folder, "generate_assignment", UNIT.name)
    assert made.startswith("0"), made[-3000:]
    text = (folder / "release" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
    Ledger(folder, UNIT.name).add("ada", FIRST)
    hand_in(folder, "ada", affine(json.loads(text), ""), "2026-03-03 03:00:00 UTC")
    hand_in(folder, "bob", affine(json.loads(text), ""), "2026-03-01 04:00:01 UTC")
    graded = nbgrader(folder, "autograde", UNIT.name)
    assert graded.startswith("0"), graded[-3000:]
    return folder


def test_the_gradebook_has_bonus_best_attempt_and_penalty(course: Path):
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        found = {student: gradebook.find_submission(UNIT.name, student) for student in ("ada", "bob")}
        points = UNIT.points["affine"] + UNIT.points["chain"]
        assert (found["ada"].score, found["ada"].late_submission_penalty) == (pytest.approx(points), 0)
        late = pytest.approx(0.1 * UNIT.points["affine"])
        assert (found["bob"].score, found["bob"].late_submission_penalty) == (
            pytest.approx(UNIT.points["affine"]),
            late,
        )
        whole = UNIT.total - UNIT.points["chain"] - UNIT.points["chain_inputs"] + sum(UNIT.written.values()) + 5
        assert found["ada"].max_score == whole
        assert found["ada"].assignment.duedate.replace(tzinfo=UTC) == datetime(2026, 3, 1, 4, tzinfo=UTC)


def test_what_students_see_says_which_attempt_counts_and_what_being_late_costs(course: Path):
    ada, bob = (
        (course / "autograded" / student / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
        for student in ("ada", "bob")
    )
    assert "Attempt 2 of 2." in ada
    assert "Attempt 1 counts and this one does not: the best counts." in ada
    assert "Days late: 1. That costs 10 percent of all points of the notebook." in bob
    assert "Bonus, on top of the total of 84 points: chain." in bob


def test_every_attempt_is_kept(course: Path):
    kept = json.loads((course / ".backcheck" / "attempts" / f"{UNIT.name}.json").read_text(encoding="utf-8"))
    assert [one["received"] for one in kept["ada"]] == [FIRST.received, "2026-03-03T03:00:00+00:00"]
    (only,) = kept["bob"]
    assert only["points"]["affine"] == pytest.approx(UNIT.points["affine"])


def test_what_is_released_comes_with_lock_and_handout(course: Path):
    released = {path.name for path in (course / "release" / UNIT.name).iterdir()}
    assert released == {"backprop.ipynb", "backcheck.lock", "handout.md"}
    notebook = json.loads((course / "release" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8"))
    held = json.loads((course / "release" / UNIT.name / "backcheck.lock").read_text(encoding="utf-8"))
    assert notebook["metadata"]["backcheck"] == held


def held(course: Path, student: str, name: str) -> tuple[float | None, float | None, bool]:
    """Of a cell in the gradebook: by machine, as extra credit, and whether a person is asked."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        grade = gradebook.find_grade(name, "backprop", UNIT.name, student)
        return grade.auto_score, grade.extra_credit, grade.needs_manual_grade


def test_a_test_of_the_instructor_s_own_is_put_before_a_person(course: Path):
    assert held(course, "ada", "own-test") == (None, None, True)


def built(course: Path, settings: str) -> str:
    """The course by other settings, with its sources written anew; how an autograding of all ends."""
    (course / "course.toml").write_text(settings)
    done = CliRunner().invoke(cli, ["course", "build", "--course", str(course)])
    assert done.exit_code == 0, done.output
    add_cell(course / "source" / UNIT.name / "backprop.ipynb", OWN)
    return nbgrader(course, "autograde", UNIT.name, "--force")


def test_a_course_that_has_changed_is_released_anew_before_anything_is_graded(course: Path):
    """Then what was ours in nbgrader's gradebook goes with what it was for, and what a person gave there stays."""
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        gradebook.find_grade("test-affine", "backprop", UNIT.name, "ada").extra_credit = 2.0
        gradebook.db.commit()
    plain = SETTINGS.partition("[units")[0]
    refused = built(course, plain)
    assert not refused.startswith("0")
    assert "test-chain has 0 points in nbgrader's gradebook and 3 in the course: run nbgrader" in refused
    assert nbgrader(course, "generate_assignment", UNIT.name, "--force").startswith("0")
    (course / "submitted" / "bob" / UNIT.name / "timestamp.txt").unlink()
    assert nbgrader(course, "autograde", UNIT.name, "--force").startswith("0")
    assert (held(course, "ada", "test-affine")[1], held(course, "ada", "test-chain")[1]) == (2.0, None)
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        bob = gradebook.find_submission(UNIT.name, "bob")
        assert (bob.assignment.duedate, bob.timestamp, bob.late_submission_penalty) == (None, None, 0)
        assert bob.score == pytest.approx(UNIT.points["affine"])


def test_an_assignment_that_is_no_unit_is_put_before_a_person(course: Path):
    source = course / "source" / "hw0" / "hw0.ipynb"
    source.parent.mkdir()
    source.write_text(json.dumps({"cells": [OWN], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert nbgrader(course, "generate_assignment", "hw0").startswith("0")
    hand_in(course, "ada", json.loads(source.read_text()), "2026-03-03 03:00:00 UTC", "hw0")
    told = nbgrader(course, "autograde", "hw0")
    assert told.startswith("0"), told[-3000:]
    assert "hw0 is no unit: nothing of hw0 is run, a person has to grade it" in told
    with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
        assert gradebook.find_grade("own-test", "hw0", "hw0", "ada").needs_manual_grade
    told = nbgrader(course, "autograde", "hw0", "--force", "--GradeInSandbox.unit=99")
    assert "c.GradeInSandbox.unit: there is no unit 99" in told
    assert not told.startswith("0")


def configured(folder: Path) -> Config:
    return PyFileConfigLoader("nbgrader_config.py", path=str(folder)).load_config()


def test_the_language_of_a_course_is_that_of_its_settings_whenever_they_change(tmp_path: Path):
    make_course(tmp_path, [UNIT])
    assert configured(tmp_path).GradeInSandbox.language == "en"
    before = configured(tmp_path).ClearSolutions.text_stub
    settings = tmp_path / "course.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"en"', '"zh"', 1), encoding="utf-8")
    list(sources.write(read_course(tmp_path), [UNIT.name]))
    now = configured(tmp_path)
    assert now.GradeInSandbox.language == "zh"
    source = (tmp_path / "source" / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
    assert now.ClearSolutions.text_stub in source
    assert before not in source
    own = tmp_path / "nbgrader_config.py"
    own.write_text(own.read_text(encoding="utf-8") + 'c.GradeInSandbox.language = "en"\n', encoding="utf-8")
    assert configured(tmp_path).GradeInSandbox.language == "en", "what was set there on purpose"


@pytest.mark.parametrize("text", [None, b"[", b"\xd6\xd0", b"language = []", b'language = "fr"'])
def test_no_settings_keep_the_configuration_from_being_read(text: bytes | None, tmp_path: Path):
    """Without it nbgrader would go on, and execute what students wrote."""
    make_course(tmp_path, [UNIT])
    (tmp_path / "course.toml").unlink()
    if text is not None:
        (tmp_path / "course.toml").write_bytes(text)
    assert configured(tmp_path).GradeInSandbox.language == "en"
    assert "graders.course.preprocessors.GradeInSandbox" in configured(tmp_path).Autograde.autograde_preprocessors
