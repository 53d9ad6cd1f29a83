"""No student's name reaches a sandbox: not by a file's name, a folder's, or the command that grades it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graders.intake.submission import read_submission
from graders.sandbox import SandboxUnavailable, open_backend
from graders.sandbox.program import Call, Limits, Program
from graders.sandbox.session import Session
from graders.specs import find_unit
from tests.boundary.test_secrets import descendants, holders

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of processes by /proc")
NAME = "Lovelace"
PROBE = """
import os, sys, traceback
def look(where):
    try:
        return where()
    except BaseException as error:
        return repr(error)
def read(path):
    with open(path, "rb") as file:
        return file.read()
def seen():
    try:
        raise ValueError("here")
    except ValueError:
        yield traceback.format_exc()
    yield from (sys.argv, dict(os.environ), globals().get("__file__"), look(os.getcwd), look(lambda: os.listdir(".")))
    yield from (look(lambda: os.listdir(place)) for place in ("/tmp", "/proc/self/fd", "/dev/shm"))
    for number in [*look(lambda: [one for one in os.listdir("/proc") if one.isdigit()])][:400]:
        yield from (look(lambda: read(f"/proc/{number}/{file}")) for file in ("cmdline", "environ", "comm"))
for one in seen():
    print(one)
def affine_forward(x, w, b):
    raise ValueError(list(seen()))
"""


def handed_in(folder: Path, kind: str) -> Path:
    """The probe, as a student called Ada Lovelace might hand it in."""
    home = folder / f"{NAME}-Ada"
    home.mkdir()
    path = home / f"Ada-{NAME}.{kind}"
    if kind == "py":
        path.write_text(PROBE)
    elif kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"Ada {NAME}/backprop.py", PROBE)
    else:
        cell = {"cell_type": "code", "source": PROBE, "metadata": {"owner": NAME}, "outputs": [], "execution_count": 1}
        book = {"cells": [cell], "metadata": {"authors": [{"name": NAME}]}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(book))
    return path


@pytest.fixture(params=["subprocess", "bubblewrap"])
def kind(request: pytest.FixtureRequest) -> str:
    try:
        open_backend(request.param, Limits()).close()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    return str(request.param)


@pytest.fixture
def decoy(tmp_path: Path) -> Iterator[None]:
    """A process of the same user with the name in its command line, as the command that grades may have it."""
    command = [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()", f"{NAME}-Ada"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout
        running.stdout.readline()
        yield
        running.kill()


@pytest.mark.parametrize("form", ["py", "zip", "ipynb"])
def test_what_a_worker_is_sent_and_can_see_has_no_name(tmp_path: Path, kind: str, form: str, decoy: None):
    submission = read_submission(handed_in(tmp_path, form), find_unit("03-backprop"))
    assert submission.pieces
    before = descendants()
    with (
        contextlib.closing(open_backend(kind, Limits())) as backend,
        Session(backend, submission.pieces, ["affine_forward"]) as session,
    ):
        assert not session.load().problem
        (reply,) = session.run([Program((Call("affine_forward", (1.0, 1.0, 1.0)),))])
        workers = descendants() - before
        assert workers
        assert "affine_forward" in reply.calls[0].text + session.log
        assert NAME not in session.log + str(reply)
        assert holders(b"def look(where)", workers)  # the search finds what is there
        assert holders(NAME.encode(), workers) == []
        for process in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                assert NAME not in json.dumps([process.cmdline(), process.environ(), process.cwd()])
