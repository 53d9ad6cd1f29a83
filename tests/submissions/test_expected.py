"""Every sample submission loses exactly the properties its author's mistake breaks."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import read_submission
from graders.sandbox import Backend
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Status

HERE = Path(__file__).parent
EXPECTED: dict[str, Any] = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def exams() -> dict[str, Exam]:
    return {unit: Exam(find_unit(unit), PUBLIC) for unit in {entry["unit"] for entry in EXPECTED.values()}}


def test_every_sample_is_listed():
    files = {path.stem for path in HERE.glob("*/*.*") if path.suffix in (".py", ".ipynb")}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_sample_loses_exactly_what_its_mistake_breaks(name: str, exams: dict[str, Exam], backend: Backend):
    expected = EXPECTED[name]
    (path,) = (HERE / expected["unit"]).glob(f"{name}.*")
    exam = exams[expected["unit"]]
    report = grade(read_submission(path, exam.unit), exam, backend)
    lost: dict[str, set[str]] = {}
    unattempted = set()
    for result in report.results:
        if result.message == "not attempted":
            unattempted.add(result.task)
        elif result.status is not Status.PASSED:
            lost.setdefault(result.task, set()).add(result.property)
            half = result.property in expected.get("half", {}).get(result.task, ())
            assert result.score == pytest.approx(result.max_score / 2 if half else 0), result
    assert lost == {task: set(properties) for task, properties in expected["lost"].items()}
    assert unattempted == set(expected.get("not_attempted", ()))
    honest = not expected["lost"] and not unattempted
    assert report.passed is honest
