"""Bad work costs its own task, gets a clear message, and leaves its neighbours alone."""

from __future__ import annotations

import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.submission import Submission
from graders.sandbox import Backend, SandboxUnavailable, open_backend
from graders.sandbox.program import Limits, Piece
from graders.secrets import PUBLIC
from graders.specs import find_unit
from graders.verdict import Report, Result, Status
from tests.bad_input.cases import BACKWARD_CASES, FORWARD_CASES, HONEST, SANDBOX_CASES, SOURCE_CASES, Bad

LIMITS = Limits(statement_seconds=4.0)
IMPATIENT = Limits(request_seconds=2.0, statement_seconds=4.0)
EXAM = Exam(find_unit("03"), PUBLIC)
TASKS = frozenset({"chain", "affine"})


@pytest.fixture(scope="module", params=["bubblewrap", "subprocess"])
def each(request: pytest.FixtureRequest) -> Backend:
    """Every isolating sandbox that works here, with little patience."""
    try:
        return open_backend(request.param, IMPATIENT)
    except SandboxUnavailable as reason:
        pytest.skip(f"{request.param} does not work here: {reason}")


@pytest.fixture(scope="module")
def strict() -> Backend:
    return open_backend("auto", LIMITS)


def graded(source: str, backend: Backend, *more: Piece) -> Report:
    return grade(Submission("bad", "backprop.py", (Piece("", source), *more)), EXAM, backend, tasks=TASKS)


def split(report: Report) -> tuple[list[Result], list[Result]]:
    """Results of affine that are not passed, and those of its neighbour."""
    affine = [result for result in report.results if result.task == "affine" and result.status is not Status.PASSED]
    return affine, [result for result in report.results if result.task == "chain"]


def assert_as_told(report: Report, says: str, lost: frozenset[str]) -> None:
    affine, chain = split(report)
    assert {result.status for result in chain} == {Status.PASSED}
    assert {result.property for result in affine} == lost
    text = "\n".join(result.message for result in affine)
    assert says in text
    assert "Traceback" not in text
    assert all(len(result.message) < 1200 for result in affine)


@pytest.mark.parametrize("bad", FORWARD_CASES + BACKWARD_CASES, ids=lambda bad: bad.name)
def test_bad_values_lose_what_they_break_and_are_named(bad: Bad, strict: Backend):
    assert_as_told(graded(bad.source, strict), bad.says, bad.lost)


@pytest.mark.parametrize(("name", "source", "says", "lost"), SOURCE_CASES, ids=[case[0] for case in SOURCE_CASES])
def test_a_function_that_cannot_be_called_says_so(
    name: str, source: str, says: str, lost: frozenset[str], strict: Backend
):
    assert_as_told(graded(source, strict), says, lost)


@pytest.mark.parametrize("bad", SANDBOX_CASES, ids=lambda bad: bad.name)
def test_every_sandbox_survives_what_attacks_it(bad: Bad, each: Backend):
    assert_as_told(graded(bad.source, each), bad.says, bad.lost)


TOP_LEVEL = {
    "an_endless_loop": ("while True:\n    pass", "line 20 was skipped: stopped after"),
    "an_exit": ("import os\nos._exit(0)", "line 21 was skipped: the program ended"),
    "sys_exit": ("raise SystemExit(3)", "line 20 was skipped: SystemExit: 3"),
    "a_question": ("name = input('name? ')", "line 20 was skipped: EOFError"),
    "no_such_module": ("import seaborn", "line 20 was skipped: ModuleNotFoundError: No module named 'seaborn'"),
    "missing_data": ("np.load('data.npy')", "line 20 was skipped: FileNotFoundError"),
}
"""What may stand below the functions of a file, and what is said of it."""


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_a_statement_that_fails_is_skipped_and_named(name: str, strict: Backend):
    statement, says = TOP_LEVEL[name]
    report = graded(HONEST + "\n" + statement + "\n", strict)
    assert report.passed
    assert any(says in note.message for note in report.notes)


def test_a_syntax_error_says_where_and_nothing_is_graded(strict: Backend):
    report = graded(HONEST + "\nnp.sin(\n", strict)
    assert report.problem == "SyntaxError: '(' was never closed (line 20)"
    assert report.score == 0
    assert {result.task for result in report.results} == TASKS
