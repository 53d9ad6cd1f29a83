"""Every platform's archive, unpacked where nothing else is and run offline by the platform's own commands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from graders.course.platforms.platform import schema
from graders.sandbox.place import may_change_user
from tests.course.platforms import RUNS, SCHEMAS, UNIT, WRONG, Run, lost, pack
from tests.sandbox import container

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """With the rights of root in a container, or of an ordinary user; this Python has the libraries already."""

    def started(*command: str, cwd: Path, user: str = "root", **more: str) -> str:
        inside = [sys.executable, container.__file__, container.DOCKERS, ""] if may_change_user() else []
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "BACKCHECK_PYTHON": sys.executable,
            "BACKCHECK_LIBRARIES": str(tmp_path / "libraries"),
            "http_proxy": NOWHERE,
            "https_proxy": NOWHERE,
            **more,
        }
        program = shutil.which(command[0])
        assert program, f"{command[0]} is missing here"
        whole = [*inside, program, *command[1:]]
        done = subprocess.run(whole, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    return started


@pytest.mark.parametrize("name", RUNS)
def test_the_archive_grades_where_nothing_but_python_and_libraries_is(name: str, run: Run, tmp_path: Path):
    (tmp_path / "root").mkdir()
    result, scores = RUNS[name](pack(name, tmp_path / "made"), tmp_path / "root", WRONG, run)
    for one, value in zip(SCHEMAS[name], result if isinstance(result, tuple) else (result,), strict=True):
        jsonschema.Draft202012Validator(schema(one)).validate(value)
    assert set(scores) == set(UNIT.points)
    assert list(lost(scores)) == ["affine"]
    assert 0 < lost(scores)["affine"] < UNIT.points["affine"]
    secrets = [path for path in (tmp_path / "root").rglob("secret") if path.is_file()]
    assert secrets
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)
