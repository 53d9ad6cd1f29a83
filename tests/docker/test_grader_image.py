"""The grader's image grades a mounted folder by `docker run`, with nothing but an engine on the machine."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.images.build import KINDS, Built, Origin, build
from graders.sandbox import docker
from tests.conftest import whole_only
from tests.engine import require_engine

pytestmark = whole_only

UNIT = "03-backprop"
SUBMISSIONS = Path(__file__).parents[1] / "submissions"
EXPECTED: dict[str, Any] = tomllib.loads((SUBMISSIONS / "expected.toml").read_text("utf-8"))
TAG = "backcheck-grader-of-a-test"
BETWEEN_MINUTES = 20 * 60


@pytest.fixture(scope="module")
def image() -> Iterator[Built]:
    """The image, made of the sources that are here."""
    require_engine()
    if shutil.which("docker") is None:
        pytest.skip("there is an engine, but no command `docker`")
    yield build(KINDS[1], Origin(), tag=TAG)
    with contextlib.closing(docker.connect()) as client:
        client.remove_image(TAG, force=True)


def docker_run(reports: Path, *options: str, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """As docs/docker.md has it."""
    mounts = ("-v", f"{SUBMISSIONS / UNIT}:/submissions:ro", "-v", f"{reports}:/reports")
    words = ("docker", "run", "--rm", "--network", "none", *mounts, *options, TAG, *command)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=BETWEEN_MINUTES)


GRADE = ("grade", "/submissions", "--unit", UNIT, "--secret", "/reports/secret", "--out", "/reports", "--no-throughput")


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder that the image's user may write."""
    folder = tmp_path / "reports"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def test_a_mounted_folder_is_graded_as_it_is_without_a_container(image: Built, reports: Path):
    done = docker_run(reports, command=GRADE)
    assert done.returncode == 1, done.stdout + done.stderr  # not all of it is right
    found = {path.stem: json.loads(path.read_text("utf-8")) for path in reports.glob("*.json")}
    wanted = {name: entry for name, entry in EXPECTED.items() if entry["unit"] == UNIT}
    assert len(found) == len(wanted) > 10
    for name, entry in wanted.items():
        report = found[name]
        assert (report["sandbox"], report["isolated"]) == ("subprocess", True)
        lost: dict[str, set[str]] = {}
        for result in report["results"]:
            assert result["status"] != "error", result
            if result["message"] != "not attempted" and result["status"] != "passed":
                lost.setdefault(result["task"], set()).add(result["property"])
        assert lost == {task: set(properties) for task, properties in entry["lost"].items()}, name
    assert (reports / "secret").stat().st_mode & 0o777 == 0o600
    assert (reports / "class.csv").is_file()


@pytest.mark.parametrize(
    "options", [(), ("--user", "0:0"), ("--cap-drop", "ALL", "--security-opt", "no-new-privileges")]
)
def test_it_isolates_by_itself_whoever_it_is_run_as(image: Built, reports: Path, options: tuple[str, ...]):
    done = docker_run(reports, *options, command=("doctor", "--json"))
    findings = {finding["what"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0, findings
    assert "without files, network or other processes" in findings["sandbox subprocess"]["detail"]


def test_it_holds_no_wheel_of_a_gpu_and_no_submission(image: Built):
    names = {file.path for file in image.files}
    assert "opt/backcheck/site/graders/cli.py" in names
    assert not [name for name in names if "/site/nvidia/" in name or "tests/submissions" in name]
    assert any(component["name"] == "torch" for component in image.materials["components"])
