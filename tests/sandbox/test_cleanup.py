"""Nothing is left behind: no process, no descriptor, no folder, however a session ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from graders.sandbox import Backend, SandboxUnavailable, backends, open_backend
from graders.sandbox.channel import Log, SandboxFault
from graders.sandbox.program import Call, Limits, Loaded, Piece, Program
from graders.sandbox.session import Session
from graders.verdict import GraderError
from tests.engine import over, until

from .conftest import LIMITS

SOURCE = [Piece("", "import os\ndef f(): return 1\ndef die(): os._exit(1)\ndef loop():\n    while True: pass")]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other processes of backcheck keep in the common one must not be counted."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def belongings() -> tuple[int, set[int], set[str]]:
    """Descriptors, processes and temporary folders of this process."""
    folders = {path.name for path in Path(tempfile.gettempdir()).glob("backcheck-*")}
    return len(os.listdir("/proc/self/fd")), {p.pid for p in psutil.Process().children(recursive=True)}, folders


def use(backend: Backend, *functions: str) -> None:
    with Session(backend, SOURCE, ["f"]) as session:
        session.load()
        for function in functions:
            session.run([Program((Call(function),))], seconds=0.3)


@pytest.mark.parametrize("functions", [(), ("f",), ("f", "die", "f"), ("die", "loop"), ("loop", "f")])
def test_a_session_takes_all_of_its_own_with_it(backend: Backend, functions):
    before = belongings()
    use(backend, *functions)
    assert belongings() == before


def test_fresh_workers_replace_the_old_one(isolated: Backend):
    with Session(isolated, SOURCE, ["f"]) as session:
        session.load()
        counts = []
        for _ in range(5):
            session.fresh()
            session.run([Program((Call("f"),))])
            counts.append((*belongings()[:1], len(belongings()[1])))
    assert len(set(counts)) == 1


def test_opening_a_backend_leaves_nothing_open():
    before = belongings()
    open_backend("auto", LIMITS)
    assert belongings() == before


def test_a_session_may_be_closed_twice(backend: Backend):
    session = Session(backend, SOURCE, ["f"])
    session.load()
    session.close()
    session.close()


def test_an_exception_of_ours_closes_the_session(isolated: Backend):
    before = belongings()
    with pytest.raises(TypeError), Session(isolated, SOURCE, ["f"]) as session:
        session.run([Program((Call("f", (object(),)),))])  # type: ignore[arg-type]
    assert belongings() == before


ABANDONED = """
    import os, sys
    from graders.sandbox import open_backend
    from graders.sandbox.program import Call, Limits, Piece, Program
    from graders.sandbox.session import Session
    session = Session(open_backend(sys.argv[1], Limits()), [Piece("", "def f():\\n    while True: pass")], ["f"])
    session.load()
    print("loaded", flush=True)
    session.run([Program((Call("f"),))])
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_when_we_die_the_sandbox_does(isolated: Backend, end):
    command = [sys.executable, "-c", textwrap.dedent(ABANDONED), isolated.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loaded\n"
        time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        assert children
        process.send_signal(end)
    assert until(lambda: all(map(over, children)))


def test_an_unknown_backend_is_refused_by_name():
    with pytest.raises(SandboxUnavailable, match="no sandbox called chroot"):
        open_backend("chroot", LIMITS)


def test_a_sandbox_that_cannot_start_says_why():
    with pytest.raises(SandboxUnavailable, match=r"MemoryError|map|memory|ended|Cannot"):
        open_backend("subprocess", Limits(memory=0))


def works(name: str) -> bool:
    try:
        return bool(open_backend(name, LIMITS))
    except SandboxUnavailable:
        return False


def test_auto_takes_the_strongest_that_works():
    backend = open_backend("auto", LIMITS)
    assert backend.isolated
    assert backend.name == next(kind.name for kind in backends.available() if works(kind.name))


def test_other_systems_get_the_portable_backend(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    backend = open_backend("auto", LIMITS)
    assert (backend.name, backend.isolated) == ("portable", False)
    with Session(backend, SOURCE, ["f"]) as session:
        assert session.load() == Loaded({"f": 0})
        assert session.run([Program((Call("f"),))])[0].status == "completed"


def test_a_fault_of_the_sandbox_is_forgiven_once(isolated: Backend, monkeypatch):
    faults = [SandboxFault("no")]
    start = type(isolated).open

    def sometimes(backend: Backend, log: Log) -> object:
        if faults:
            raise faults.pop()
        return start(backend, log)

    monkeypatch.setattr(type(isolated), "open", sometimes)
    with Session(isolated, SOURCE, ["f"]) as session:
        assert session.load().functions == {"f": 0}


def test_a_fault_that_comes_again_is_ours(isolated: Backend, monkeypatch):
    def never(backend: Backend, log: Log) -> object:
        raise SandboxFault("no room")

    monkeypatch.setattr(type(isolated), "open", never)
    with Session(isolated, SOURCE, ["f"]) as session, pytest.raises(GraderError, match="no room"):
        session.load()


def test_a_zygote_killed_from_outside_is_replaced(isolated: Backend):
    others = psutil.Process().children(recursive=True)
    with Session(isolated, SOURCE, ["f"]) as session:
        session.load()
        for child in set(psutil.Process().children(recursive=True)) - set(others):
            with contextlib.suppress(psutil.NoSuchProcess):  # gone with its parent
                child.kill()
        replies = session.run([Program((Call("f"),))] * 2)
        assert [reply.status for reply in session.run([Program((Call("f"),))])] == ["completed"]
    assert {reply.status for reply in replies} <= {"completed", "crashed"}
