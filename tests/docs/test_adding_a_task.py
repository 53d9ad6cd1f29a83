"""docs/adding-a-task.md is true: its blocks, put where they say, make a graded task."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "adding-a-task.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- put: (\S+?)(?:; before: (.+?))? -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)

GRADE = """
import json, sys
from pathlib import Path
from graders.batch import Grader, Setting
from graders.intake.reference import reference_source
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC
from graders.specs import find_unit

source = reference_source(find_unit("01"))
for index, edit in enumerate((("", ""), ("+ 0.5 * x * (1 - t * t)", "+ 0.25 * x * (1 - t * t)"))):
    path = Path(sys.argv[1]) / str(index)
    path.mkdir()
    (path / "activations.py").write_text(source.replace(*edit) if edit[0] else source)
    grader = Grader(Setting("01-activations", PUBLIC, "auto", Limits(), tasks=frozenset({"gelu"})))
    report = grader(path)
    print(json.dumps({result.property: result.status for result in report.results}))
"""


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository with the page's blocks put in."""
    copy = tmp_path_factory.mktemp("repository")
    for name in ("reference", "graders", "assignments"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path, anchor, text in BLOCKS:
        target = copy / path
        old = target.read_text(encoding="utf-8")
        assert not anchor or old.count(anchor) >= 1, f"{path} has no {anchor!r}"
        place = old.index(anchor) if anchor else len(old)
        target.write_text(old[:place] + text + old[place:], encoding="utf-8")
    return copy


def run(extended: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(extended)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=extended, env=environment, check=True, capture_output=True, text=True).stdout


def test_the_page_touches_the_places_it_names():
    assert [path.split("/")[0] for path, *_ in BLOCKS] == [
        "reference",
        "graders",
        "graders",
        "assignments",
        "assignments",
        "graders",
    ]


def test_the_new_task_is_graded(extended: Path, tmp_path: Path):
    right, wrong = (json.loads(line) for line in run(extended, "-c", GRADE, str(tmp_path)).splitlines())
    assert set(right.values()) == {"passed"}
    assert {name for name, status in wrong.items() if status != "passed"} == {"gradient dx"}


def test_the_new_task_is_measured(extended: Path):
    shown = run(extended, "-m", "graders.benchmark", "gelu", "--size", "small", "--seconds", "0.01", "--json")
    assert [row["row"] for row in json.loads(shown)["rows"]] == ["gelu"]


def test_the_new_task_is_listed_and_in_the_stub(extended: Path, tmp_path: Path):
    assert "gelu_forward, gelu_backward" in run(extended, "-m", "graders.cli", "units")
    run(extended, "-m", "graders.cli", "start", "01", str(tmp_path / "unit"))
    assert "def gelu_backward(dout, cache):" in (tmp_path / "unit" / "activations.py").read_text(encoding="utf-8")
    assert "### GELU" in (tmp_path / "unit" / "activations.ipynb").read_text(encoding="utf-8")
