"""The audit of a course, as a commit and GitHub run it: what is sound passes, what an instructor broke is named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from graders import SUITE_VERSION
from graders.course.audit import _nothing_leaks, _released, changed_files, units_of
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


def survey(*cells: dict[str, object]) -> str:
    """A notebook of an instructor's own beside the unit's."""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_every_notebook_that_would_be_released_is_searched(tmp_path: Path):
    make_course(tmp_path, [find_unit(GOOD)])
    unit, read = read_course(tmp_path).unit(GOOD), read_course(tmp_path)
    folder = tmp_path / "source" / GOOD
    solution = module_text(closure(unit.functions[:2]))
    inside = {"schema_version": 3, "grade_id": "own", "grade": False, "solution": True, "locked": False, "task": False}
    code = {"cell_type": "code", "id": "own", "outputs": [], "execution_count": None}
    cut = {**code, "metadata": {"nbgrader": inside}, "source": f"### BEGIN SOLUTION\n{solution}\n### END SOLUTION"}
    shown = {**code, "metadata": {}, "source": "", "outputs": [{"output_type": "stream", "name": "stdout"}]}
    shown["outputs"][0]["text"] = solution
    book = _released(folder / "gan.ipynb")

    def found() -> str:
        return _nothing_leaks(read, unit, book, None).detail

    (folder / "survey.ipynb").write_text(survey(cut, {**shown, "id": "b"}), encoding="utf-8")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "survey-checkpoint.ipynb").write_text(survey({**cut, "metadata": {}}))
    assert found() == "", "nbgrader takes out regions and outputs, and no checkpoints along"
    (folder / "survey.ipynb").write_text(survey({**code, "metadata": {}, "source": solution}), encoding="utf-8")
    assert "survey.ipynb:" in found()
    assert unit.functions[0] in found()
    for text in (survey({**cut, "metadata": {}}), "no notebook"):
        (folder / "survey.ipynb").write_text(text, encoding="utf-8")
        assert "survey.ipynb" in found()
        assert "cannot be searched" in found()
    (folder / "survey.ipynb").unlink()
    (folder / "weights.npy").write_bytes(b"\x93NUMPY\x01\x00v\x00")
    assert found() == "weights.npy: this cannot be searched"


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


@pytest.mark.parametrize("name", ["解答.py", 'so "quoted".py', "two\nlines.py"])
def test_a_file_of_any_name_is_one_that_changed(name: str, tmp_path: Path):
    path = tmp_path / "source" / GOOD / name
    path.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Begin")
    path.write_text("new = 1\n")
    assert changed_files(read_course(tmp_path), "HEAD") == [str(path)]
    git(tmp_path, "add", "-A")
    assert changed_files(read_course(tmp_path), "HEAD") == [str(path)]


def test_the_repository_of_a_course_holds_no_secret(course: Path):
    listed = subprocess.run(["git", "ls-files"], cwd=course, capture_output=True, text=True, check=True).stdout.split()
    assert str(SECRET) not in listed
    assert "course.toml" in listed
    assert f"source/{GOOD}/backcheck.lock" in listed


GIVEN = re.compile(
    r"backcheck (?:grade|regrade|similarity) ([a-z][\w./-]*)|--(?:out|html|received|corpus) ([a-z][\w./-]*)"
)
"""What the pages tell an instructor to call the folders of a class and what is written about it."""


def test_the_repository_of_a_course_holds_nothing_of_students(course: Path):
    pages = [ROOT / "docs" / name for name in ("class.md", "appeals.md", "policies.md", "gradebook.md")]
    pages += [ROOT / "docs" / "guide" / "instructor.md", ROOT / "docs" / "guide" / "admin.md"]
    lines = [line for page in pages for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("$ ")]
    named = {first or second for line in lines for first, second in GIVEN.findall(line)}
    named = {name if "." in name else f"{name}/ada.py" for name in named if not name.startswith("tests/")}
    assert {"handed-in/ada.py", "submissions/ada.py", "reports/ada.py", "graded/ada.py", "affine.html"} <= named
    nbgraders = {f"{folder}/ada/x.ipynb" for folder in ("submitted", "autograded", "feedback", "downloaded")}
    named |= nbgraders | {"gradebook.db", "gradebook.db-journal", ".nbgrader.log", "grades.csv", str(SECRET)}
    command = ["git", "check-ignore", *sorted(named)]
    ignored = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False).stdout.splitlines()
    assert set(ignored) == named
    own = ["source/13-gan/reports/x.ipynb", "source/13-gan/submissions/x.py", "source/13-gan/handout.html"]
    done = subprocess.run(["git", "check-ignore", *own, "wheats/13-gan/x.py"], cwd=course, capture_output=True)
    assert done.stdout == b"", "what is the course's own is audited"


def test_the_workflow_is_one_that_github_takes(course: Path):
    path = course / ".github" / "workflows" / "course.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    told = path.read_text(encoding="utf-8")
    assert SUITE_VERSION in told
    assert "${{ github.event.pull_request.base.sha || github.event.before }}" in told


def workflow_steps(course: Path) -> dict[str, str]:
    """What the workflow's steps run, by their name or how they begin."""
    told = yaml.safe_load((course / ".github" / "workflows" / "course.yml").read_text(encoding="utf-8"))
    assert told["env"] == {"BACKCHECK_FROM": ""}
    steps = told["jobs"]["audit"]["steps"]
    return {step.get("name", step["run"]): step["run"] for step in steps if "run" in step}


def shell(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A step as GitHub's runner has it done."""
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("filled_in", "code"), [("", 1), ("backcheck", 1), ("git+https://example.org/b@v1", 0)])
def test_the_workflow_takes_backcheck_from_where_the_course_says_or_not_at_all(course: Path, filled_in: str, code: int):
    steps = workflow_steps(course)
    first, *_others = steps
    done = shell(steps[first], course, BACKCHECK_FROM=filled_in)
    assert done.returncode == code
    assert ("fill it in" in done.stdout) == bool(code)
    installs = [text for text in steps.values() if "pip install" in text and "torch --index-url" not in text]
    assert installs == ['pip install "backcheck[torch,nbgrader] @ $BACKCHECK_FROM"']


@pytest.mark.parametrize(
    ("since", "told"),
    [
        ("HEAD", "course audit --since HEAD"),
        ("0" * 40, "course audit"),
        ("ab" * 20, "course audit"),
        ("", "course audit"),
    ],
)
def test_the_workflow_audits_everything_where_the_commit_before_is_gone(
    course: Path, tmp_path: Path, since: str, told: str
):
    program = tmp_path / "backcheck"
    program.write_text('#!/bin/sh\necho "$*"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    done = shell(workflow_steps(course)["Audit the units that changed"], course, BASE=since, PATH=path)
    assert (done.returncode, done.stdout.strip()) == (0, told)


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
