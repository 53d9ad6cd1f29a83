"""Bonus, attempts and late days through stock nbgrader: in its gradebook, and told in what students see."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from graders.course.attempts import Ledger, Record
from graders.course.folder import make_course
from graders.specs import find_unit
from tests.course.test_nbgrader import Notebook, affine, nbgrader

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")
from nbgrader.api import Gradebook

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


def hand_in(course: Path, student: str, notebook: Notebook, received: str) -> None:
    folder = course / "submitted" / student / UNIT.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "backprop.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "timestamp.txt").write_text(received)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which ada hands in for the second time, late and worse than before, and bob once, a day late."""
    folder = tmp_path_factory.mktemp("policies") / "course"
    folder.mkdir()
    (folder / "course.toml").write_text(SETTINGS)
    make_course(folder, [UNIT])
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
        whole = UNIT.total - UNIT.points["chain"] - UNIT.points["chain_inputs"] + sum(UNIT.written.values())
        assert found["ada"].max_score == whole
        assert found["ada"].assignment.duedate.replace(tzinfo=UTC) == datetime(2026, 3, 1, 4, tzinfo=UTC)


def test_what_students_see_says_which_attempt_counts_and_what_being_late_costs(course: Path):
    ada, bob = (
        (course / "autograded" / student / UNIT.name / "backprop.ipynb").read_text(encoding="utf-8")
        for student in ("ada", "bob")
    )
    assert "Attempt 2 of 2." in ada
    assert "Attempt 1 counts and this one does not: the best counts." in ada
    assert "Days late: 1. Points less for it: 1.2." in bob
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
