"""A class in which everybody else hands in something bad: the honest student has full marks."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.commands import grading
from graders.report.as_json import schema
from tests.bad_input.cases import BACKWARD_CASES, FORWARD_CASES, HONEST, SANDBOX_CASES, SOURCE_CASES

HANGS = ("endless_loop", "endless_loop_in_c")
BAD = {bad.name: bad.source for bad in FORWARD_CASES + BACKWARD_CASES + SANDBOX_CASES if bad.name not in HANGS}
BAD |= {name: source for name, source, _, _ in SOURCE_CASES}
HARMLESS = {"a_gigabyte_of_prints"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tasks only."""

    def setting(*arguments, **options):
        return replace(make_setting(*arguments, **options), tasks=frozenset({"chain", "affine"}))

    make_setting = grading.make_setting
    monkeypatch.setattr(grading, "make_setting", setting)


@pytest.mark.usefixtures("quick")
def test_a_class_of_bad_work_is_graded_to_the_end_and_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("class").mkdir()
    for name, source in {**BAD, "honest": HONEST, "zealous": HONEST}.items():
        Path("class", f"{name}.py").write_text(source)
    result = CliRunner().invoke(cli, ["grade", "class", "--unit", "03", "--jobs", "2", "--out", "out"])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    with Path("out/class.csv").open(encoding="utf-8-sig", newline="") as file:
        scores = {row["submission"]: float(row["score"]) for row in csv.DictReader(file)}
    assert set(scores) == set(BAD) | {"honest", "zealous"}
    assert {name for name, score in scores.items() if score == 15} == HARMLESS | {"honest", "zealous"}
    assert min(scores.values()) >= 3  # the other task is always right
    for name in scores:
        jsonschema.validate(json.loads(Path(f"out/{name}.json").read_text(encoding="utf-8")), schema())
        assert "</html>" in Path(f"out/{name}.html").read_text(encoding="utf-8")
