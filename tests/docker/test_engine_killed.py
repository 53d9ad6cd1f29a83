"""The engine is killed while a submission is graded: a verdict or a fault of ours comes of it, in time, at any moment."""

from __future__ import annotations

import contextlib
import gc
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission, read_submission
from graders.sandbox import SandboxUnavailable, docker, open_backend
from graders.sandbox.program import Limits
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Report
from tests.conftest import whole_only
from tests.engine import until

from .own_engine import UP_SECONDS, OwnEngine, own_engine

pytestmark = [whole_only, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]
"""The Docker SDK leaves the socket open by which it could not reach an engine; Python closes it, and warns."""

HERE = Path(__file__).parents[1]
UNIT = find_unit("03-backprop")
TASKS = frozenset({"chain", "affine", "hidden_delta"})
LONGEST_SECONDS = 45.0


@pytest.fixture(scope="module")
def prepared() -> Iterator[OwnEngine]:
    """One that has the worker's image."""
    with own_engine() as own:
        yield own


@pytest.fixture
def own(prepared: OwnEngine) -> Iterator[OwnEngine]:
    """The same, up, for one test."""
    if prepared._process is None:
        prepared.start()
    yield prepared
    prepared.end()
    gc.collect()  # of the sockets above, while their warnings are this test's


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


@pytest.mark.parametrize("after", MOMENTS)
def test_an_engine_killed_at_work_ends_in_a_verdict_or_a_fault_of_ours(own: OwnEngine, after: float):
    assert check(*ended_by(own, signal.SIGKILL, after, whole=False)) in ("passed", "our fault")


@pytest.mark.parametrize("after", STARTING)
def test_so_does_one_killed_while_the_sandbox_is_started(own: OwnEngine, after: float):
    check(*ended_by(own, signal.SIGKILL, after, whole=True))


@pytest.mark.parametrize("after", [0.0, 0.5])
def test_so_does_one_that_stops_to_answer(own: OwnEngine, after: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(docker, "ENGINE_SECONDS", 3)
    check(*ended_by(own, signal.SIGSTOP, after, whole=False))
