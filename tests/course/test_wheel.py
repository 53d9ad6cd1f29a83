"""The students' wheel: `check` and `start` work from it, and it gives no solution away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from graders.cli import cli
from graders.course import leaks, wheel
from graders.course.folder import make_course
from graders.course.settings import read_course
from graders.intake.reference import closure, module_text
from graders.specs import find_unit, unit_names

pytest.importorskip("hatchling", reason="hatchling is not installed: pip install backcheck[course]")

NEVER = (
    "reference/",
    "graders/wheats/",
    "graders/mutation/",
    "graders/exploits/",
    "graders/benchmark/",
    "graders/contracts/",
    "graders/audit.py",
    "graders/throughput/variants.py",
)
ORACLES = "graders/specs/"
"""Where the rows are: what is right, in torch, which `check` cannot do without. Its lines may be a solution's."""
RIGHT = module_text(closure(["sigmoid_forward", "sigmoid_backward", "tanh_forward", "tanh_backward"]))
WRONG = (
    RIGHT + "\n\n_right = sigmoid_backward\n\n\ndef sigmoid_backward(dout, cache):\n    return -_right(dout, cache)\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of a course with what its students of the first unit start from."""
    folder = tmp_path_factory.mktemp("course")
    (folder / "course.toml").write_text('[units.01-activations]\noptional = ["maxout"]\nspeed = 0\n')
    (folder / "rules.md").write_text("## Rules\n\nWork in pairs.\n")
    return wheel.build(tmp_path_factory.mktemp("dist"), [find_unit("01")], read_course(folder))


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel in it: it is pure Python, so that unpacking installs it."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command from the wheel, where no `reference` can be imported: -S leaves out what was installed for us."""
    paths = [str(installed), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "BACKCHECK_LANG": "en"}
    command = [sys.executable, "-S", "-m", "graders.cli", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def names(built: Path) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_its_files_are_those_that_check_needs(built: Path):
    found = names(built)
    assert [name for name in found if name.startswith(NEVER)] == []
    assert [name for name in found if name.startswith("graders/misconceptions/")] == [
        "graders/misconceptions/__init__.py",
        "graders/misconceptions/variant.py",
    ]
    ours = {str(path.relative_to(wheel.PACKAGE)) for path in wheel.kept_files()}
    code = {
        name.removeprefix("graders/") for name in found if name.startswith("graders/") and "/assignments/" not in name
    }
    assert code == ours
    assert {name.split("/")[2] for name in found if "/assignments/" in name} == set(unit_names())
    stubs = [name for name in found if "/assignments/" in name and name.endswith((".py", ".ipynb"))]
    assert {name.split("/")[2] for name in stubs} == {"01-activations"}
    assert "graders/worker/worker.py" in found


def test_it_gives_no_solution_away(built: Path):
    """What the oracles share with a solution is a forward formula; no backward of a pair stands there."""
    found = leaks.find([built], leaks.answers([]))
    assert [str(leak) for leak in found if ORACLES not in leak.place] == []
    pairs = {name for unit in unit_names() for name in find_unit(unit).functions if name.endswith("_backward")}
    assert [str(leak) for leak in found if leak.owner.rpartition(".")[2] in pairs] == []


def test_its_handouts_have_no_rubrics(built: Path):
    with zipfile.ZipFile(built) as archive:
        texts = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".md")]
    assert len(texts) == 2 * len(unit_names())
    assert not any("rubric" in text for text in texts)


def test_a_wheel_brings_no_lock_of_what_was_released_otherwise(tmp_path: Path):
    make_course(tmp_path, [find_unit("11")])
    (tmp_path / "course.toml").write_text('[units.11-sequences]\noptional = ["ctc_loss"]\n')
    command = ["course", "wheel", "--unit", "01", "--course", str(tmp_path), "--out", str(tmp_path / "dist")]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 2, done.output
    assert "11-sequences was released with other settings (optional)" in done.output
    assert not (tmp_path / "dist").exists()


def test_a_stub_that_solves_another_unit_is_known():
    assert wheel.solves(find_unit("01")) == []
    assert wheel.solves(find_unit("03")) == ["01-activations", "02-losses"]


def test_start_and_check_work_from_it_without_the_reference(installed: Path, tmp_path: Path):
    begun = run(installed, tmp_path, "start", "01", "work")
    assert begun.returncode == 0, begun.stderr
    assert "Work in pairs." in (tmp_path / "work" / "handout.md").read_text(encoding="utf-8")
    stub = (tmp_path / "work" / "activations.py").read_text(encoding="utf-8")
    options = ["--task", "sigmoid", "--task", "tanh", "--json"]
    for text, code in ((RIGHT, 0), (WRONG, 1)):
        (tmp_path / "work" / "activations.py").write_text(f"{stub}\n\n{text}", encoding="utf-8")
        checked = run(installed, tmp_path, "check", "work", *options)
        assert checked.returncode == code, checked.stderr
        report = json.loads(checked.stdout)
        assert "your course also times your work" in " ".join(note["message"] for note in report["notes"])
        assert not any(result["property"] == "throughput" for result in report["results"])
        assert report["optional"] == ["maxout"], "by the lock that start has written"
        assert not any(note["kind"] == "lock" for note in report["notes"])
    (lost,) = (
        result for result in report["results"] if result["property"] == "gradient dx" and result["task"] == "sigmoid"
    )
    assert lost["status"] == "failed"
    assert lost["likely"] == "the sign is wrong"
    assert report["max_score"] == 8


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["grade", ".", "--unit", "01"], "students' install"),
        (["course", "init", "x"], "students' install"),
        (["check", "x.py", "--contract", "cs231n"], "students' install"),
        (["start", "03"], "your course hands it out"),
    ],
)
def test_what_it_cannot_do_it_says(installed: Path, tmp_path: Path, arguments: list[str], told: str):
    (tmp_path / "x.py").write_text("")
    done = run(installed, tmp_path, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
