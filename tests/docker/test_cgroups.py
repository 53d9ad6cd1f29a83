"""Containers of an engine that uses cgroup v2, as far as that can be had beside the one of this machine.

In a mount namespace of its own an engine finds the second version where it looks for it. On a machine that runs on the
first, that one keeps the controllers for memory, tasks and processors, so that the engine has none: it has to drop those
limits and go on, and the launcher's own limits hold all the same.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import read_submission
from graders.sandbox import docker, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.session import Session
from graders.secrets import PUBLIC
from graders.specs import find_unit
from tests.conftest import whole_only

from .own_engine import OwnEngine, own_engine

pytestmark = whole_only

SECOND = 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$0" "$@"'
SUBMISSIONS = Path(__file__).parents[1] / "submissions" / "03-backprop"
HUNGRY = """
import numpy as np
def hungry():
    kept = []
    while True: kept.append(np.ones(1 << 22))
"""


@pytest.fixture(scope="module")
def second() -> Iterator[OwnEngine]:
    """An engine that sees cgroup v2."""
    with own_engine("unshare", "--mount", "sh", "-c", SECOND) as own:
        with contextlib.closing(docker.connect()) as client:
            assert client.info()["CgroupVersion"] == "2"
        yield own


@pytest.mark.parametrize(("name", "passed"), [("honest_vectorised", True), ("dw_transposed", False)])
def test_verdicts_are_the_same_under_the_second_version(second: OwnEngine, name: str, passed: bool):
    unit = find_unit("03-backprop")
    submission = read_submission(SUBMISSIONS / f"{name}_backprop.py", unit)
    with contextlib.closing(open_backend("docker", Limits())) as backend:
        assert backend.times
        report = grade(submission, Exam(unit, PUBLIC), backend, tasks=frozenset({"affine", "chain"}), explain=False)
    assert not report.faulty
    assert report.passed is passed


def test_memory_is_limited_without_a_controller(second: OwnEngine):
    with (
        contextlib.closing(open_backend("docker", Limits(memory=600 << 20))) as backend,
        Session(backend, [Piece("", HUNGRY)], ["hungry"]) as session,
    ):
        session.load()
        (reply,) = session.run([Program((Call("hungry"),))], seconds=40.0)
    assert reply.calls[0].text.startswith(("MemoryError", "_ArrayMemoryError"))
