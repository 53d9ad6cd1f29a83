"""The audit of a course, as a commit and GitHub run it: what is sound passes, what an instructor broke is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graders.course.audit import changed_files, units_of
from graders.course.folder import SECRET, make_course
from graders.course.settings import read_course
from graders.intake.reference import closure, module_text
from graders.policy import SettingsError
from graders.specs import find_unit

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install backcheck[nbgrader]")

ROOT = Path(__file__).parents[2]
GOOD, BROKEN = "13-gan", "02-losses"
SHELL = {**os.environ, "PYTHONPATH": str(ROOT), "BACKCHECK_LANG": "en", "BACKCHECK_THROUGHPUT": "0"}
TOOLS = ["-c", "user.name=a", "-c", "user.email=a@b.invalid"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *TOOLS, *arguments], cwd=folder, check=True, capture_output=True)


def spoil(path: Path) -> None:
    """As an instructor might: a solution left beside its region, a task worth more, another one deleted."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    kept = []
    for cell in notebook["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        if name == "code-hinge_loss":
            solution = module_text(closure(["hinge_loss_forward", "hinge_loss_backward"]))
            kept.append({**cell, "id": "mine", "metadata": {}, "source": solution})
            continue
        if name == "test-nll_loss":
            cell["metadata"]["nbgrader"]["points"] = 40.0
        kept.append(cell)
    path.write_text(json.dumps({**notebook, "cells": kept}), encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course under git, with one unit as it was made and one that was broken after the first commit."""
    folder = tmp_path_factory.mktemp("audit") / "course"
    make_course(folder, [find_unit(GOOD), find_unit(BROKEN)])
    git(folder.parent, "init", "-q", "-b", "main", str(folder))
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Begin")
    spoil(folder / "source" / BROKEN / "losses.ipynb")
    return folder


@pytest.fixture(scope="module")
def audited(course: Path) -> tuple[int, dict[str, dict[str, tuple[bool, str]]]]:
    """The hook's command on both notebooks, as pre-commit calls it: its code, and what it found by unit."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = hook["entry"].split()
    assert program == "backcheck"
    files = [f"source/{GOOD}/gan.ipynb", f"source/{BROKEN}/losses.ipynb"]
    command = [sys.executable, "-m", "graders.cli", *arguments, "--json", *files]
    done = subprocess.run(command, cwd=course, env=SHELL, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found: dict[str, dict[str, tuple[bool, str]]] = {GOOD: {}, BROKEN: {}}
    for one in json.loads(done.stdout):
        found[one["unit"]][one["what"]] = (one["good"], one["detail"])
    return done.returncode, found


def test_a_unit_as_it_was_made_passes(audited):
    found = audited[1][GOOD]
    assert all(good for good, _detail in found.values()), found
    assert set(found) == {
        "source",
        "lock",
        "what is released scores nothing",
        "the reference passes",
        "wrong work is caught",
        "nothing gives a solution away",
    }
    assert found["wrong work is caught"][1] == "7", "one a task that has cases"


def test_what_was_broken_is_named(audited):
    code, by_unit = audited
    found = by_unit[BROKEN]
    assert code == 1
    good, detail = found["source"]
    assert not good
    assert "hinge_loss has no cell" in detail
    assert "nll_loss has 40 points in the notebook and 4 in the course" in detail
    assert found["what is released scores nothing"] == (False, "not as if untouched: hinge_loss")
    good, detail = found["nothing gives a solution away"]
    assert not good
    assert "hinge_loss" in detail
    assert found["lock"][0]
    assert found["wrong work is caught"][0]


def test_only_what_changed_is_looked_at(course: Path):
    read = read_course(course)
    assert units_of(read, changed_files(read, "HEAD")) == [BROKEN]
    assert units_of(read, [str(course / "rules.md")]) == [BROKEN, GOOD]
    assert units_of(read, [GOOD]) == [GOOD]
    assert units_of(read, [str(course / "wheats" / GOOD / "gan__mine.py")]) == [GOOD]
    (course / "notes.txt").write_text("mine")
    assert units_of(read, changed_files(read, "HEAD")) == [BROKEN]
    with pytest.raises(SettingsError, match="git diff"):
        changed_files(read, "no-such-commit")


def test_the_repository_of_a_course_holds_no_secret(course: Path):
    listed = subprocess.run(["git", "ls-files"], cwd=course, capture_output=True, text=True, check=True).stdout.split()
    assert str(SECRET) not in listed
    assert "course.toml" in listed
    assert f"source/{GOOD}/backcheck.lock" in listed


def test_the_workflow_is_one_that_github_takes(course: Path):
    path = course / ".github" / "workflows" / "course.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    told = path.read_text(encoding="utf-8")
    assert "backcheck course audit --since" in told
    assert "${{ github.event.pull_request.base.sha || github.event.before }}" in told


def test_the_hooks_are_ones_that_pre_commit_takes(course: Path):
    for command, path in (
        ("validate-manifest", ROOT / ".pre-commit-hooks.yaml"),
        ("validate-config", course / ".pre-commit-config.yaml"),
    ):
        done = subprocess.run([sys.executable, "-m", "pre_commit", command, str(path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    (repository,) = yaml.safe_load((course / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    (own,) = repository["hooks"]
    (ours,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {key: own[key] for key in ("entry", "files")} == {key: ours[key] for key in ("entry", "files")}
