"""Bad work costs its own task, gets a clear message, and leaves its neighbours alone."""

from __future__ import annotations

import re
import textwrap

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission
from graders.sandbox import Backend, SandboxUnavailable, open_backend
from graders.sandbox.program import Limits, Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Report, Result, Status
from tests.bad_input.cases import BACKWARD_CASES, FORWARD_CASES, HONEST, SANDBOX_CASES, Bad

LIMITS = Limits(request_seconds=1.0, statement_seconds=1.0, memory=1 << 30)
EXAM = Exam(find_unit("03"), PUBLIC)
TASKS = frozenset({"chain", "affine"})


@pytest.fixture(scope="module", params=["bubblewrap", "subprocess"])
def each(request: pytest.FixtureRequest) -> Backend:
    """Every isolating sandbox that works here, with little patience."""
    try:
        return open_backend(request.param, LIMITS)
    except SandboxUnavailable as reason:
        pytest.skip(f"{request.param} does not work here: {reason}")


@pytest.fixture(scope="module")
def strict() -> Backend:
    return open_backend("auto", LIMITS)


def replaced(bad: Bad) -> str:
    """The honest file with one function's body replaced."""
    body = textwrap.indent(textwrap.dedent(bad.body).strip(), "    ")
    pattern = re.compile(rf"(def {bad.function}\(.*?\):\n)(?:    .*\n)+")
    source, count = pattern.subn(lambda found: f"{found[1]}{body}\n", HONEST)
    assert count == 1
    return source


def graded(source: str, backend: Backend, *more: Piece) -> Report:
    return grade(Submission("bad", "backprop.py", (Piece("", source), *more)), EXAM, backend, tasks=TASKS)


def split(report: Report) -> tuple[list[Result], list[Result]]:
    """Results of affine that are not passed, and those of its neighbour."""
    affine = [result for result in report.results if result.task == "affine" and result.status is not Status.PASSED]
    return affine, [result for result in report.results if result.task == "chain"]


def assert_as_told(bad: Bad, report: Report) -> None:
    affine, chain = split(report)
    assert {result.status for result in chain} == {Status.PASSED}
    assert {result.property for result in affine} == bad.lost
    if bad.lost:
        text = "\n".join(result.message for result in affine)
        assert bad.says in text
        assert "Traceback" not in text
        assert len(affine[0].message) < 1200


@pytest.mark.parametrize("bad", FORWARD_CASES + BACKWARD_CASES, ids=lambda bad: bad.name)
def test_bad_values_lose_what_they_break_and_are_named(bad: Bad, strict: Backend):
    assert_as_told(bad, graded(replaced(bad), strict))


@pytest.mark.parametrize("bad", SANDBOX_CASES, ids=lambda bad: bad.name)
def test_every_sandbox_survives_what_attacks_it(bad: Bad, each: Backend):
    assert_as_told(bad, graded(replaced(bad), each))
