"""Submissions are graded ahead, and nothing that happens to the processes costs a student anything."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from graders.course.ahead import Ahead, Order
from graders.intake.submission import Submission
from graders.sandbox.program import Piece
from graders.secrets import make_secret
from graders.verdict import GraderError


@pytest.fixture
def order(tmp_path: Path) -> Order:
    make_secret(tmp_path / "secret")
    return Order("13-gan", tmp_path, tmp_path / "secret", "auto", "en", False, False)


def handed_in(name: str) -> Submission:
    return Submission(name, "", (Piece("", f"name = {name!r}"),))


def test_reports_come_whether_expected_or_not_and_also_when_a_process_dies(order: Order):
    ahead = Ahead(order, jobs=1)
    ahead.expect([handed_in("first"), handed_in("second")])
    assert ahead.report(handed_in("other")).submission == "other"
    (process,) = ahead._pool._processes.values()
    ahead.expect([handed_in("third")])
    os.kill(process.pid, signal.SIGKILL)
    for name in ("first", "second", "third"):
        report = ahead.report(handed_in(name))
        assert (report.faulty, report.score, report.submission) == (False, 0, name)
    assert ahead._pool is None


def test_what_was_passed_over_is_let_go_of_and_the_processes_end(order: Order):
    ahead = Ahead(order, jobs=1)
    ahead.expect(map(handed_in, ("first", "second", "third")))
    other = Submission("second", "", (Piece("", "name = 'mended otherwise'"),))
    assert ahead.report(other).submission == "second"
    assert [name for name, _code in ahead._futures] == ["third"]
    assert ahead.report(handed_in("third")).submission == "third"
    assert ahead._pool is None


def test_a_sandbox_that_does_not_isolate_is_refused(order: Order):
    ahead = Ahead(Order(order.unit, order.course, order.secret, "portable", "en", False, False), jobs=1)
    with pytest.raises(GraderError, match="the sandbox portable does not isolate"):
        ahead.report(handed_in("anybody"))


def test_a_submission_that_cannot_be_read_says_why(order: Order):
    problem = Submission("broken", "", problem="the notebook has no code cells")
    assert Ahead(order, jobs=1).report(problem).problem == "the notebook has no code cells"


def test_what_is_timed_is_graded_alone(order: Order):
    assert Ahead(Order(order.unit, order.course, order.secret, "auto", "en", True, False), jobs=8).jobs == 1
