"""No secret of ours is in a worker's memory, environment or command line."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from graders.sandbox import SandboxUnavailable, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.session import Session

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of processes by /proc")


def memory(pid: int) -> Iterator[bytes]:
    """Everything a process has mapped and can read, a mapping at a time."""
    maps = Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for match in re.finditer(r"^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+ *(.*)$", maps, re.MULTILINE):
            start, end = int(match[1], 16), int(match[2], 16)
            if match[3] in ("[vvar]", "[vsyscall]") or end - start > 1 << 28:
                continue
            with contextlib.suppress(OSError):
                file.seek(start)
                yield file.read(end - start)


def descendants() -> set[psutil.Process]:
    return set(psutil.Process().children(recursive=True))


def holders(needle: bytes, workers: set[psutil.Process]) -> list[int]:
    """The processes that hold these bytes."""
    return [process.pid for process in workers if any(needle in part for part in memory(process.pid))]


@pytest.fixture(params=["subprocess", "bubblewrap", "portable"])
def opened(request: pytest.FixtureRequest, monkeypatch) -> Iterator[tuple[Session, set[psutil.Process]]]:
    """A session loaded while we held a variable, and its processes."""
    others = descendants()
    monkeypatch.setenv("BACKCHECK_PLANTED", "planted-" + "in-the-environment")
    try:
        backend = open_backend(request.param, Limits())
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with Session(backend, [Piece("", "def f(x):\n    global kept\n    kept = x\n    return x * 2")], ["f"]) as session:
        session.load()
        yield session, descendants() - others


def test_what_we_hold_is_not_in_a_worker_and_what_we_sent_is(opened):
    session, workers = opened
    generator = np.random.default_rng()
    seed, sent = secrets.token_bytes(32), generator.random(64)
    expected = np.exp(sent)
    session.run([Program((Call("f", (sent,)),))])
    assert holders(sent.tobytes(), workers)  # the search finds what is there
    assert holders((2 * sent).tobytes()[:256], workers)
    for needle in (seed, seed.hex().encode(), expected.tobytes(), expected.tobytes()[:64]):
        assert holders(needle, workers) == []
    assert holders(os.environ["BACKCHECK_PLANTED"].encode(), workers) == []


def test_a_workers_environment_and_command_line_tell_nothing(opened):
    for process in opened[1]:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert environment.strip(b"\0") in (b"", b"PWD=/", b"LC_CTYPE=C.UTF-8")
        assert str(os.getpid()) not in process.cmdline()


def test_a_workers_descriptors_lead_nowhere_but_to_its_channel(opened):
    session, workers = opened
    worker = session._sandbox.worker or max(process.pid for process in workers)
    links = {os.readlink(entry) for entry in Path(f"/proc/{worker}/fd").iterdir()}
    kinds = {re.sub(r"[\d:\[\]]+$", "", link) for link in links}
    own = {"/dev/null", "pipe", "/memfd:backcheck (deleted)"}
    assert all(kind in own or Path(kind).parent.name.startswith("backcheck-") for kind in kinds), kinds
