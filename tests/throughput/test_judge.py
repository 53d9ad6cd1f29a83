"""From a race to points and words."""

from __future__ import annotations

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.reference import reference_submission
from graders.intake.submission import Submission
from graders.properties import points, properties
from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Limits as SandboxLimits
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.throughput import judge
from graders.throughput.heat import Race
from graders.throughput.judge import concluded
from graders.throughput.limits import Limits
from graders.throughput.stand import Stand
from graders.throughput.statistic import Interval
from graders.verdict import Report, Result, Status
from tests.graders.editing import EXAMS, ROWS

LIMITS = Limits(2.0, 4.0)
EMPTY = Result("affine", "throughput", "?", Status.PASSED, 5.0, 5.0)


def raced(median: float, low: float, high: float, **more: object) -> Race:
    return Race((median,) * 27, Interval(median, low, high), reference=1.0, submission=median, programs=4, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "status", "score"),
    [(0.9, 1.1, "passed", 5.0), (1.9, 2.2, "passed", 5.0), (2.1, 2.5, "failed", 2.5), (4.2, 4.5, "failed", 0.0)],
)
def test_points_by_the_interval(low: float, high: float, status: str, score: float):
    result = concluded(EMPTY, raced((low + high) / 2, low, high), LIMITS)
    assert (result.status, result.score) == (status, score)
    assert bool(result.message) is (score < 5.0)
    speed = result.pictures.speed
    assert speed is not None
    assert (speed.low, speed.high, speed.full, speed.part, speed.rounds) == (low, high, 2.0, 4.0, 27)


def test_a_wrong_timed_answer_loses_all_and_a_hopeless_one_too():
    broken = concluded(EMPTY, Race(broken="dw is wrong", where="affine_backward"), LIMITS)
    assert (broken.status, broken.score, broken.message) == ("failed", 0.0, "affine_backward: dw is wrong")
    hopeless = concluded(EMPTY, Race(hopeless="about 90 times as slow"), LIMITS)
    assert (hopeless.status, hopeless.score, hopeless.pictures.speed) == ("failed", 0.0, None)


def test_too_fast_is_said_and_costs_nothing():
    result = concluded(EMPTY, raced(0.01, 0.009, 0.011, suspicious="worth a look"), LIMITS)
    assert (result.status, result.message) == ("passed", "worth a look")


def test_it_weighs_a_twentieth_and_is_asked_last():
    row = ROWS["affine"][1]
    asked = properties(row, timed=True)
    assert asked[-1].name == "throughput"
    assert points(asked, 12.0)["throughput"] == pytest.approx(0.6)
    assert sum(points(asked, 12.0).values()) == pytest.approx(12.0)
    assert [one.name for one in properties(row)] == [one.name for one in asked[:-1]]


def graded(text: str, backend: Backend, stand: Stand) -> Report:
    submission = Submission("affine", "affine.py", (Piece("", text),))
    return grade(submission, EXAMS["03-backprop"], backend, tasks=frozenset({"affine"}), explain=False, stand=stand)


def speed_result(report: Report) -> Result:
    return next(result for result in report.results if result.property == "throughput")


PLAIN = """
def affine_forward(x, w, b): return x @ w + b, (x, w)
def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
"""


def test_right_work_is_timed_and_wrong_work_is_not(backend: Backend, stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judge, "limits_of", lambda row: LIMITS)
    report = graded(PLAIN, backend, stand)
    assert report.passed
    assert speed_result(report).status is Status.PASSED
    assert report.timings["throughput"] > 0
    speed = speed_result(report).pictures.speed
    assert speed is not None
    assert speed.indicative
    wrong = speed_result(graded(PLAIN.replace("x.T @ dout", "2 * x.T @ dout"), backend, stand))
    assert (wrong.status, wrong.score, wrong.depends_on) == (Status.SKIPPED, 0.0, "gradient dw")


def test_an_unmeasured_row_gives_full_marks(backend: Backend, stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(judge, "limits_of", lambda row: None)
    report = graded(PLAIN, backend, stand)
    result = speed_result(report)
    assert (result.status, result.score) == (Status.SKIPPED, result.max_score)
    assert report.passed
    assert [note.kind for note in report.notes] == ["speed"]


def test_where_nothing_isolates_nothing_is_timed_and_nothing_lost():
    portable = open_backend("portable", SandboxLimits())
    unit = find_unit("01-activations")
    with Stand(portable) as stand:
        tasks = frozenset({"sigmoid"})
        report = grade(reference_submission(unit), Exam(unit, PUBLIC), portable, tasks=tasks, stand=stand)
    result = speed_result(report)
    assert (result.status, result.score) == (Status.SKIPPED, result.max_score)
    assert "keeps no time" in result.message
    assert report.passed


def test_without_a_stand_its_points_are_the_others(backend: Backend):
    submission = Submission("affine", "affine.py", (Piece("", PLAIN),))
    report = grade(submission, EXAMS["03-backprop"], backend, tasks=frozenset({"affine"}), explain=False)
    assert report.passed
    assert report.max_score == 12.0
    assert "throughput" not in {result.property for result in report.results}
