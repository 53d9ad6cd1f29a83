"""The engine is killed while a submission is graded: a verdict or a fault of ours comes of it, in time, at any moment.

An engine of our own is started for that, beside the machine's, with folders and a socket of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission, read_submission
from graders.sandbox import SandboxUnavailable, docker, open_backend
from graders.sandbox.channel import SandboxFault
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Report
from tests.conftest import WHOLE, whole_only
from tests.engine import require_engine, until

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""The Docker SDK leaves the socket open by which it could not reach an engine; Python closes it, and warns."""

HERE = Path(__file__).parents[1]
UNIT = find_unit("03-backprop")
TASKS = frozenset({"chain", "affine", "hidden_delta"})
LONGEST_SECONDS = 45.0
UP_SECONDS = 40.0


class OwnEngine:
    """A Docker Engine that nobody else uses, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = f"unix://{folder}/engine.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have it answer; the test is failed with its log where it does not."""
        where = [
            "--data-root",
            self.folder / "data",
            "--exec-root",
            self.folder / "run",
            "--pidfile",
            self.folder / "pid",
        ]
        alone = ["--bridge=none", "--iptables=false", "--ip6tables=false", "-H", self.address]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["dockerd", *where, *alone], stdout=log, stderr=log, start_new_session=True
            )
        ends = time.monotonic() + UP_SECONDS
        while time.monotonic() < ends:
            with contextlib.suppress(SandboxFault):
                docker.connect().close()
                return
            assert self._process.poll() is None, self.log
            time.sleep(0.1)
        raise AssertionError(self.log)

    @property
    def log(self) -> str:
        """The last it has said."""
        return (self.folder / "log").read_text("utf-8", "replace")[-2000:]

    def signal(self, number: int) -> None:
        """Send it one."""
        assert self._process is not None
        self._process.send_signal(number)

    def shims(self) -> list[psutil.Process]:
        """The parents of its containers."""
        found = psutil.process_iter(["name", "cmdline"])
        return [one for one in found if "shim" in one.info["name"] and self._is_ours(one.info["cmdline"])]

    def contained(self) -> list[psutil.Process]:
        """The processes of its containers."""
        found = []
        for shim in self.shims():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += shim.children(recursive=True)
        return [one for one in found if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def _is_ours(self, command: list[str] | None) -> bool:
        return any(str(self.folder) in word for word in command or ())

    def end(self) -> None:
        """Kill it and all that it has started, which goes on without it otherwise."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None
        for process in psutil.process_iter(["cmdline"]):
            if self._is_ours(process.info["cmdline"]):
                with contextlib.suppress(psutil.NoSuchProcess):
                    for one in (*process.children(recursive=True), process):
                        one.kill()

    def remove(self) -> None:
        """And its files, once nothing of them is mounted."""
        self.end()
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            place = line.split()[1]
            if place.startswith(f"{self.folder}/"):
                subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)
        subprocess.run(["rm", "-rf", self.folder], check=False)


@pytest.fixture(scope="module")
def prepared() -> Iterator[OwnEngine]:
    """One that has the worker's image."""
    require_engine()
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        pytest.skip("only root can start an engine, where there is one to start")
    own = OwnEngine(Path(tempfile.mkdtemp(prefix="bc-engine-", dir="/var/tmp")))
    with contextlib.closing(docker.connect()) as engine, pytest.MonkeyPatch.context() as patched:
        patched.setenv("DOCKER_HOST", own.address)
        try:
            own.start()
            with contextlib.closing(docker.connect()) as client:
                client.load_image(engine.get_image(os.environ.get(docker.IMAGE_VARIABLE, "") or docker.IMAGE))
            yield own
        finally:
            own.remove()


@pytest.fixture
def own(prepared: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[OwnEngine]:
    """The same, up, for one test."""
    monkeypatch.setenv("DOCKER_HOST", prepared.address)
    if prepared._process is None:
        prepared.start()
    yield prepared
    prepared.end()


def submission() -> Submission:
    return read_submission(HERE / "submissions" / UNIT.name / "honest_vectorised_backprop.py", UNIT)


def graded(exam: Exam, opened: threading.Event) -> Report | str:
    """A whole grading, from the choice of the sandbox to its end; why there was none where none could be opened."""
    try:
        backend = open_backend("docker", Limits())
    except SandboxUnavailable as reason:
        return str(reason)
    opened.set()
    with contextlib.closing(backend):
        return grade(submission(), exam, backend, tasks=TASKS, explain=False)


def ended_by(own: OwnEngine, number: int, after: float, whole: bool) -> tuple[Report | str, float]:
    """What a grading comes to when the engine gets a signal, so many seconds after it began or its sandbox was open."""
    exam, opened = Exam(UNIT, PUBLIC), threading.Event()
    if whole:
        opened.set()
    started = time.monotonic()

    def kill() -> None:
        opened.wait(UP_SECONDS)
        time.sleep(after)
        own.signal(number)

    killer = threading.Thread(target=kill)
    killer.start()
    found = graded(exam, opened)
    seconds = time.monotonic() - started
    killer.join()
    assert until(lambda: not own.contained()), own.contained()  # the grader has hung up, which ends them
    return found, seconds


def check(found: Report | str, seconds: float) -> str:
    """What it came to, in a word; it is one of those that may be."""
    assert seconds < LONGEST_SECONDS
    if isinstance(found, str):
        assert "docker" in found.lower()
        return "no sandbox"
    assert {result.task for result in found.results} == TASKS
    if found.faulty:
        assert all("no points were lost" in one.message for one in found.results if not one.max_score)
        return "our fault"
    assert found.passed  # what is right stays right
    return "passed"


MOMENTS = [0.0, 0.05, 0.3, 1.0, 2.0]
"""Seconds after the sandbox was open."""
STARTING = [0.0, 0.2, 0.5, 0.8, 1.2]
"""Seconds after the grading began."""


@pytest.mark.parametrize("after", MOMENTS if WHOLE else [0.05])
def test_an_engine_killed_at_work_ends_in_a_verdict_or_a_fault_of_ours(own: OwnEngine, after: float):
    assert check(*ended_by(own, signal.SIGKILL, after, whole=False)) in ("passed", "our fault")


@whole_only
@pytest.mark.parametrize("after", STARTING)
def test_so_does_one_killed_while_the_sandbox_is_started(own: OwnEngine, after: float):
    check(*ended_by(own, signal.SIGKILL, after, whole=True))


@whole_only
@pytest.mark.parametrize("after", [0.0, 0.5])
def test_so_does_one_that_stops_to_answer(own: OwnEngine, after: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(docker, "ENGINE_SECONDS", 3)
    check(*ended_by(own, signal.SIGSTOP, after, whole=False))
