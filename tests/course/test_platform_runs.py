"""Every platform's archive, unpacked where nothing else is and run offline by the platform's own commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from graders.course.platforms.archive import Member, zipped
from graders.course.platforms.platform import Order, schema, suite
from graders.images import recipes_folder
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


def stand_in(name: str, version: str) -> tuple[str, bytes]:
    """A wheel of that name with nothing in it."""
    module, info = name.replace("-", "_"), f"{name.replace('-', '_')}-{version}.dist-info"
    texts = {
        f"{module}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    return f"{module}-{version}-py3-none-any.whl", zipped(Member(path, text.encode()) for path, text in texts.items())


def test_a_wheelhouse_is_all_that_an_installation_needs(tmp_path: Path):
    needed = (recipes_folder() / "grader/requirements.txt").read_text().split()
    wheels = dict(stand_in(*re.split("==|>=", line)) for line in needed)
    house = tmp_path / "house"
    house.mkdir()
    for name, data in wheels.items():
        (house / name).write_bytes(data)
    order = Order("gradescope", (UNIT,), None, wheels=tuple(sorted(house.iterdir())))
    for member in suite(order):
        (tmp_path / member.path).parent.mkdir(exist_ok=True)
        (tmp_path / member.path).write_bytes(member.data)
    bare = getattr(sys, "_base_executable", sys.executable)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "BACKCHECK_PYTHON": bare,
        "BACKCHECK_LIBRARIES": str(tmp_path / "libraries"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "http_proxy": NOWHERE,
        "https_proxy": NOWHERE,
    }
    done = subprocess.run(["sh", tmp_path / "install.sh"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {path.name for path in (tmp_path / "libraries").glob("*")} or {"already there"}
    assert found == {"already there"} or {"numpy", "torch", "array_api_compat"} <= found
    assert (tmp_path / "site/graders/grade.py").is_file()
    assert (tmp_path / "python").read_text().strip() == bare
    assert str(tmp_path / "libraries") in (tmp_path / "path").read_text()
