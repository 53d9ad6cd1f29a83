"""Every platform's archive, run in a bare container as the platform runs it: offline, without rights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from graders.course.platforms.platform import schema
from graders.images.build import KINDS
from graders.sandbox import docker
from tests.course.platforms import RUNS, SCHEMAS, WRONG, Run, lost, pack

IMAGE = next(kind.tag for kind in KINDS if kind.name == "grader")
"""Debian, Python and the libraries; what it holds of backcheck itself comes behind the archive's own."""
USERS = {"root": "0:0", "autograde": "1000:1000"}
MEMORY = "2g"


@pytest.fixture
def bare(engine: Any) -> Any:
    """The engine, with an image that has the libraries."""
    if not engine.images(IMAGE):
        pytest.skip(f"there is no image {IMAGE}: backcheck images build grader")
    return engine


@pytest.fixture
def run(bare: Any, tmp_path: Path) -> Run:
    """Each command in a container of its own, which has the root folder and no network."""

    def started(*command: str, cwd: Path, user: str = "root", **more: str) -> str:
        root = str(tmp_path / "root")
        words = ["sh", "-ec", recipe(cwd / "Makefile")] if command[0] == "make" else list(command)
        container = bare.create_container(
            IMAGE,
            words[1:],
            entrypoint=words[0],
            user=USERS[user],
            working_dir=str(cwd),
            environment={"HOME": "/tmp", **more},
            labels={docker.LABEL: "test", docker.OWNER: docker.owner()},
            host_config=bare.create_host_config(binds=[f"{root}:{root}"], network_mode="none", mem_limit=MEMORY),
        )["Id"]
        try:
            bare.start(container)
            code = bare.wait(container, timeout=600)["StatusCode"]
            printed = bare.logs(container, stdout=True, stderr=False).decode()
            assert code == 0, printed + bare.logs(container, stdout=False, stderr=True).decode()[-2000:]
        finally:
            docker.discard(bare, container)
        return printed

    return started


def recipe(makefile: Path) -> str:
    """What make would run: the image has none."""
    return "\n".join(re.findall(r"^\t@(.*)$", makefile.read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", RUNS)
def test_the_archive_grades_in_a_bare_container(name: str, run: Run, tmp_path: Path):
    (tmp_path / "root").mkdir()
    (tmp_path / "root").chmod(0o755)
    result, scores = RUNS[name](pack(name, tmp_path / "made"), tmp_path / "root", WRONG, run)
    for one, value in zip(SCHEMAS[name], result if isinstance(result, tuple) else (result,), strict=True):
        jsonschema.Draft202012Validator(schema(one)).validate(value)
    assert list(lost(scores)) == ["affine"]
    assert lost(scores)["affine"] > 0
