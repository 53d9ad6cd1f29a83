"""Root in a container: every sandbox has a user of its own, and answers are out of reach, also without Landlock."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import psutil
import pytest

from graders.sandbox import open_backend
from graders.sandbox.channel import Log, SandboxFault
from graders.sandbox.place import COPIES, USERS, Copy, Place, may, may_change_user, processor, readable_for_all, take
from graders.sandbox.program import Limits
from graders.sandbox.runtime import find_runtime
from tests.engine import over, until

from . import container

pytestmark = pytest.mark.skipif(not may_change_user(), reason="only root changes users")

PROBE = """
    import json, os, sys
    from graders.sandbox import open_backend
    from graders.sandbox.program import Call, Limits, Piece, Program
    from graders.sandbox.session import Session

    SOURCE = '''
    import csv, decimal, json, os, sqlite3, ssl
    import numpy.fft, numpy.polynomial
    def seen(paths):
        out = [os.getuid(), os.getgid()]
        for path in "".join(map(chr, paths)).split():
            try:
                open(path, "rb").read(1)
                out.append(1)
            except OSError:
                out.append(0)
        return out
    def forks():
        try:
            os.fork()
        except OSError:
            return 0
        return 1
    '''
    import textwrap
    backend = open_backend("subprocess", Limits())
    with Session(backend, [Piece("", textwrap.dedent(SOURCE))], ["seen", "forks"]) as session:
        loaded = session.load()
        paths = tuple(map(ord, " ".join(sys.argv[1:])))
        replies = session.run([Program((Call("seen", (paths,)),)), Program((Call("forks"),))])
        seen = [int(item.array) for item in replies[0].calls[0].values[0].items]
        forks = int(replies[1].calls[0].values[0].array)
    print(json.dumps({
        "isolated": backend.isolated, "times": backend.times, "description": backend.description, "seen": seen,
        "forks": forks, "skipped": [one.reason for one in loaded.skipped], "problem": loaded.problem,
    }))
"""
ROOT = Path(__file__).parents[2]
ANSWERS = ("/etc/passwd", "/etc/shadow", str(ROOT / "reference" / "affine.py"), str(ROOT / "graders" / "verdict.py"))


def in_container(kept: str, missing: str, *paths: str) -> dict[str, Any]:
    """What a worker sees where root has these capabilities only."""
    script = [sys.executable, "-c", textwrap.dedent(PROBE), *paths]
    command = [sys.executable, container.__file__, kept, missing, *script]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("missing", ["", "landlock"])
def test_in_a_container_a_worker_is_nobody_and_sees_nothing(missing: str):
    secret = Path("/var/tmp/backcheck-secret-of-a-test")
    secret.write_text("secret")
    secret.chmod(0o600)
    try:
        told = in_container(container.DOCKERS, missing, *ANSWERS, str(secret), f"/proc/{os.getpid()}/environ")
    finally:
        secret.unlink()
    user, group, *readable = told["seen"]
    assert told["isolated"]
    assert told["times"]
    assert ("chroot" if missing else "Landlock") in told["description"]
    assert user in USERS
    assert group == user
    assert not any(readable)
    assert told["forks"] == 0
    assert (told["skipped"], told["problem"]) == ([], "")  # the standard library is all there


def test_without_the_right_to_change_users_landlock_still_isolates():
    told = in_container("", "", *ANSWERS)
    assert told["isolated"]
    assert told["seen"][0] == 0
    assert not any(told["seen"][2:])


def test_with_neither_nothing_isolates_and_that_is_said():
    told = in_container("", "landlock", *ANSWERS)
    assert not told["isolated"]
    assert "practice only" in told["description"]


def test_no_two_sandboxes_share_a_user():
    places = [take() for _ in range(20)]
    assert len({place.user for place in places}) == 20
    assert {place.user for place in places} <= set(USERS)
    for place in places:
        place.close()


def test_a_user_is_free_again_when_its_sandbox_is_closed(monkeypatch: pytest.MonkeyPatch):
    nobody_elses = range(USERS.stop, USERS.stop + 2)  # a sandbox of another test may have any of the others
    monkeypatch.setattr("graders.sandbox.place.USERS", nobody_elses)
    first, second = take(), take()
    with pytest.raises(SandboxFault, match="taken"):
        take()
    first.close()
    again = take()
    assert again.user == first.user
    again.close()
    second.close()


def test_all_of_a_sandbox_is_that_users_and_ends_with_it():
    backend = open_backend("subprocess", Limits())
    sandbox = backend.open(Log(0))
    sandbox.start()
    status = Path(f"/proc/{sandbox.worker}/status").read_text()
    told = {name: value.split() for name, _colon, value in (line.partition(":") for line in status.splitlines())}
    uids = told["Uid"]
    assert (len(set(uids)), told["Gid"], told["Groups"], told["NoNewPrivs"]) == (1, uids, [], ["1"])
    assert {told[name][0] for name in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")} == {"0" * 16}
    assert backend.owns_user  # type: ignore[attr-defined]
    worker = psutil.Process(sandbox.worker)
    assert int(uids[0]) in USERS
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
        other.bind(f"\0backcheck-user-{uids[0]}")
    sandbox.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(f"\0backcheck-user-{uids[0]}")
    assert until(lambda: over(worker))


def test_a_copy_of_the_runtime_is_for_everybody_and_goes():
    copy = Copy(find_runtime())
    top = Path(copy.path)
    numpy = top.joinpath(*find_runtime().numpy[0].parts[1:])
    assert (numpy / "__init__.py").is_file()
    folders = [path for path in top.rglob("*") if path.is_dir()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in folders}
    on_the_way = {path for path, mode in modes.items() if mode == 0o711}  # may be passed through, not listed
    own = [top.joinpath(*path.parts[1:]) for path in (*find_runtime().numpy, find_runtime().folder)]
    assert on_the_way <= {folder for path in own for folder in path.parents}
    assert all(modes[path] == 0o755 for path in set(folders) - on_the_way)
    assert all(path.stat().st_mode & 0o004 for path in numpy.rglob("*.py"))
    names = {path.name for path in top.rglob("*")}
    assert not names & {"torch", "reference", "graders", "hypothesis"}
    copy.close()
    assert not top.exists()


def test_a_copy_whose_owner_was_killed_goes_with_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mine, orphan, new = Copy(find_runtime()), tmp_path / f"{COPIES}orphan", tmp_path / f"{COPIES}new"
    orphan.mkdir()
    new.mkdir()
    for path in (Path(mine.path), orphan):
        os.utime(path, (0, 0))
    other = Copy(find_runtime())
    assert (Path(mine.path).exists(), orphan.exists(), new.exists()) == (True, False, True)
    other.close()
    mine.close()
    assert list(tmp_path.iterdir()) == [new]


def test_what_cannot_be_entered_is_not_readable_for_all(tmp_path: Path):
    from dataclasses import replace

    runtime = find_runtime()
    tmp_path.chmod(0o700)
    assert not readable_for_all(replace(runtime, library=(tmp_path,), numpy=()))
    tmp_path.chmod(0o755)
    everywhere = all(path.stat().st_mode & 0o001 for path in tmp_path.parents)
    assert readable_for_all(replace(runtime, library=(tmp_path,), numpy=())) is everywhere


def test_threads_are_counted_for_the_user_alone():
    limits = Limits(processes=3)
    assert Place(60_001).settings(limits)["worker_limits"] == {"NPROC": 5}
    assert Place(60_001).settings(Limits())["worker_limits"] == {"NPROC": 0}
    assert "worker_limits" not in Place().settings(limits)


def test_where_workers_cannot_be_moved_they_start_in_their_place(monkeypatch: pytest.MonkeyPatch):
    assert may(7)
    monkeypatch.setattr("graders.sandbox.place.may", lambda *_numbers: False)
    assert Place(60_001).settings(Limits())["processor"] == processor()
