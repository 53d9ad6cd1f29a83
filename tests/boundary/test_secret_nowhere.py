"""The course's secret is in no command line, environment, log or report."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graders.exploits.catalogue import RIGHT, honest
from graders.secrets import Secret, make_secret

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads command lines and environments by /proc")
ROOT = Path(__file__).parents[2]
ASKS = """
import sys, os
def affine_forward(x, w, b):
    print(dict(os.environ), sys.argv)
    raise ValueError(f"{os.environ} {sys.argv}")
"""


def needles(secret: Secret) -> list[bytes]:
    """The ways in which the secret could be written."""
    return [secret.key, secret.key.hex().encode(), base64.b64encode(secret.key), repr(secret.key).encode()]


def told_by(process: psutil.Process) -> Iterator[bytes]:
    """Command lines and environments of a process and all below it."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):
                    yield Path(f"/proc/{one.pid}/{name}").read_bytes()


def test_grading_a_class_tells_nobody_the_secret(tmp_path: Path):
    secret = make_secret(tmp_path / "secret")
    work = tmp_path / "work"
    work.mkdir()
    (work / "ada.py").write_text(honest(RIGHT))
    (work / "bob.py").write_text(ASKS)
    options = ["--unit", "03-backprop", "--secret", str(tmp_path / "secret"), "--jobs", "2", "--json"]
    command = [sys.executable, "-m", "graders.cli", "-v", "grade", str(work), *options, "--out", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    seen: set[bytes] = set()
    with (
        open(tmp_path / "log", "wb") as log,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log) as running,
    ):
        while running.poll() is None:
            seen.update(told_by(psutil.Process(running.pid)))
            time.sleep(0.05)
    assert running.returncode == 1  # both were graded, and lost points
    written = [tmp_path / "log", *(tmp_path / "out").iterdir()]
    assert {"ada.json", "bob.html", "class.csv"} <= {path.name for path in written}
    assert any(b"launcher.py" in one for one in seen)
    assert secret.fingerprint.encode() in (tmp_path / "out" / "ada.json").read_bytes()
    for text in (*seen, *(path.read_bytes() for path in written)):
        assert not any(needle in text for needle in needles(secret))


def test_a_secret_does_not_print_itself():
    secret = Secret(os.urandom(32))
    assert not any(needle in f"{secret!r} {secret}".encode() for needle in needles(secret))
