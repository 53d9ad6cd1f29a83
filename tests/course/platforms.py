"""Packs laid out as on their platforms, run as they run there, and what came out of it."""

from __future__ import annotations

import base64
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import yaml

from graders.course.platforms import PLATFORMS
from graders.course.platforms.platform import Order
from graders.intake.reference import closure, module_text
from graders.secrets import Secret
from graders.specs import find_unit

UNIT = find_unit("03-backprop")
SECRET = Secret(bytes(range(3, 35)))
FEW = frozenset({"chain", "affine", "output_delta"})
"""The tasks that submissions attempt."""
RIGHT = module_text(closure([name for task in UNIT.tasks if task.name in FEW for name in task.functions]))
WRONG = RIGHT.replace("sum(dout, axis=0)", "sum(dout, axis=0) / len(dout)")
Scores = dict[str, float]


class Run(Protocol):
    """Run a command below the folder that stands for the root of the platform's file system; what it printed."""

    def __call__(self, *command: str, cwd: Path, user: str = "root", **more: str) -> str: ...


def pack(name: str, folder: Path) -> Path:
    """A platform's archives in a folder."""
    for archive in PLATFORMS[name].pack(Order(name, (UNIT,), SECRET, throughput=False)):
        archive.save(folder)
    return folder


def hand_in(folder: Path, work: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / UNIT.file).write_text(work, encoding="utf-8")


def on_gradescope(made: Path, root: Path, work: str, run: Run) -> tuple[Any, Scores]:
    """The results of setup.sh and run_autograder in /autograder."""
    home = root / "autograder"
    with zipfile.ZipFile(made / "03-backprop-gradescope.zip") as archive:
        archive.extractall(home / "source")
    hand_in(home / "submission", work)
    (home / "submission_metadata.json").write_text("{}")
    shutil.copy(home / "source/run_autograder", home / "run_autograder")
    (home / "run_autograder").chmod(0o755)
    run("bash", "source/setup.sh", cwd=home, AUTOGRADER=str(home))
    run(str(home / "run_autograder"), cwd=home, AUTOGRADER=str(home))
    result = json.loads((home / "results/results.json").read_text(encoding="utf-8"))
    return result, {test["name"].partition(":")[0]: test["score"] for test in result["tests"]}


def on_autolab(made: Path, root: Path, work: str, run: Run) -> tuple[Any, Scores]:
    """The last two lines of make, in a folder with nothing but the Makefile, the archive and the work."""
    with tarfile.open(made / "backprop.tar") as tar:
        tar.extractall(root, filter="data")
    home = root / "autolab"
    hand_in(home, work)
    shutil.copy(root / "backprop/autograde.tar", home)
    shutil.copy(root / "backprop/autograde-Makefile", home / "Makefile")
    for path in (home, *home.iterdir()):
        path.chmod(0o777)
    *_, before, last = run("make", cwd=home, user="autograde").rstrip().splitlines()
    return (json.loads(before), json.loads(last)), json.loads(last)["scores"]


def on_github(made: Path, root: Path, work: str, run: Run) -> tuple[Any, Scores]:
    """The output of the workflow's own steps, read as the reporter reads it."""
    shutil.copytree(made / "template-03-backprop", root / "submission")
    shutil.copytree(made / "backcheck-grader", root / "grader")
    (root / "grader/03-backprop/secret").chmod(0o644)  # git keeps no other mode
    hand_in(root / "submission", work)
    (root / "bin").mkdir()
    (root / "bin/sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (root / "bin/sudo").chmod(0o755)
    workflow = yaml.safe_load((root / "submission/.github/workflows/classroom.yml").read_text())
    steps = workflow["jobs"]["run-autograding-tests"]["steps"]
    places = {
        "RUNNER_TEMP": str(root),
        "GITHUB_OUTPUT": str(root / "output"),
        "GITHUB_STEP_SUMMARY": str(root / "page"),
        "BEFORE": str(root / "bin"),
    }
    for step in steps:
        if "run" in step:
            run("bash", "-e", "-c", 'PATH="$BEFORE:$PATH"\n' + step["run"], cwd=root, **places)
    name, _, value = (root / "output").read_text().strip().partition("=")
    assert name == "result"
    assert "gradient db" in (root / "page").read_text(encoding="utf-8")
    reporter = steps[-1]
    assert reporter["env"] == {
        f"{reporter['with']['runners'].upper()}_RESULTS": "${{ steps.backcheck.outputs.result }}"
    }
    result = json.loads(base64.b64decode(value))
    return result, {test["name"]: test["score"] for test in result["tests"]}


def on_prairielearn(made: Path, root: Path, work: str, run: Run) -> tuple[Any, Scores]:
    """The results of the question's entrypoint in /grade."""
    home, course = root / "grade", made / "course"
    shutil.copytree(course / "serverFilesCourse", home / "serverFilesCourse")
    shutil.copytree(course / "questions/backcheck/03-backprop/tests", home / "tests")
    hand_in(home / "student", work)
    (home / "data").mkdir()
    run(str(home / "serverFilesCourse/backcheck/run.sh"), cwd=root, GRADE=str(home))
    result = json.loads((home / "results/results.json").read_text(encoding="utf-8"))
    return result, {test["name"]: test["points"] for test in result["tests"]}


RUNS: dict[str, Callable[[Path, Path, str, Run], tuple[Any, Scores]]] = {
    "gradescope": on_gradescope,
    "autolab": on_autolab,
    "github-classroom": on_github,
    "prairielearn": on_prairielearn,
}
SCHEMAS = {
    "gradescope": ("gradescope",),
    "autolab": ("autolab-presentation", "autolab-autoresult"),
    "github-classroom": ("github-classroom",),
    "prairielearn": ("prairielearn",),
}


def lost(scores: Scores) -> Scores:
    """What was lost of what was attempted."""
    return {
        name: UNIT.points[name] - score for name, score in scores.items() if name in FEW and score < UNIT.points[name]
    }
