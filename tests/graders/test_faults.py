"""A fault of ours is loud and costs no points, and a report gives no secret case away."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.reference import reference_submission
from graders.oracle import leaves
from graders.properties.base import Earlier, Item, Judged
from graders.properties.shape import SHAPE
from graders.report.as_json import dumps
from graders.sandbox import Backend
from graders.sandbox.program import Reply
from graders.sandbox.session import Session
from graders.secrets import Secret
from graders.specs import find_unit
from graders.verdict import GraderError, Status
from tests.graders.editing import EXAMS, ROWS, edited

UNIT = "03-backprop"
SECRET = Secret(bytes(range(32)))
AFFINE = frozenset({"affine"})
DB = "db = array_namespace(dout).sum(dout, axis=0)"


def test_a_property_that_raises_is_our_fault_and_tried_once_more(backend: Backend, monkeypatch: pytest.MonkeyPatch):
    tries = []

    def raises(item: Item, reply: Reply, earlier: Earlier) -> Judged:
        tries.append(item)
        raise RecursionError("in a property")

    broken = replace(SHAPE, check=raises)
    monkeypatch.setattr("graders.families.properties", lambda row: [broken])
    report = grade(reference_submission(find_unit(UNIT)), EXAMS[UNIT], backend, tasks=AFFINE)
    (result,) = report.results
    assert result.status is Status.ERROR
    assert "RecursionError: in a property" in result.message
    assert len(tries) == 2
    assert (report.score, report.max_score, report.passed) == (0, 0, False)


def test_a_sandbox_that_fails_for_one_request_is_asked_again(backend: Backend, monkeypatch: pytest.MonkeyPatch):
    run, failures = Session.run, iter([GraderError("the sandbox failed")])

    def flaky(self: Session, *args: object) -> object:
        for failure in failures:
            raise failure
        return run(self, *args)

    monkeypatch.setattr(Session, "run", flaky)
    assert grade(reference_submission(find_unit(UNIT)), EXAMS[UNIT], backend, tasks=AFFINE).passed


def test_a_sandbox_that_cannot_be_opened_is_our_fault_for_every_task(monkeypatch: pytest.MonkeyPatch, backend: Backend):
    def closed(self: Session) -> None:
        raise GraderError("no sandbox today")

    monkeypatch.setattr(Session, "load", closed)
    report = grade(reference_submission(find_unit(UNIT)), EXAMS[UNIT], backend)
    assert {result.status for result in report.results} == {Status.ERROR}
    assert {result.task for result in report.results} == set(find_unit(UNIT).points)


def secret_numbers(exam: Exam) -> set[str]:
    """Every number of every secret case of affine that nobody would write by chance, as reports print it."""
    found: set[str] = set()
    for family in ("main", "purity", "linearity", "batch", "edges", "float32"):
        for item in exam.items(ROWS["affine"][1], family):
            values = [*item.args.values(), *item.douts, *item.expected.outputs.values()]
            numbers = np.concatenate([np.ravel(leaf) for value in values for leaf in leaves(value)]).astype(float)
            found |= {
                shown for number in numbers.tolist() for shown in (repr(number), f"{number:.6g}", f"{number:.8f}")
            }
    return {shown for shown in found if len(re.sub(r"\D", "", shown)) >= 6}


SPIES = {
    "wrong": "db = dout.sum(0) / 2",
    "prints": "print(x.tolist(), dout.tolist()); db = dout.sum(0) / 2",
    "raises": "raise ValueError(x.tolist(), dout.tolist())",
    "raises at times": DB + "\n    if abs(x).max() > 3: raise ValueError(x.tolist())",
}


@pytest.mark.parametrize("spy", SPIES)
def test_a_report_under_a_secret_holds_no_number_of_its_cases(spy: str, backend: Backend):
    exam = Exam(find_unit(UNIT), SECRET)
    _, submission = edited("affine", DB, SPIES[spy])
    report = grade(submission, exam, backend, practice=EXAMS[UNIT], tasks=AFFINE)
    printed = set(re.findall(r"-?\d+\.\d+(?:e[-+]?\d+)?", dumps(report)))
    assert not report.passed
    assert not printed & (secret_numbers(exam) - secret_numbers(EXAMS[UNIT]))


def test_what_is_printed_while_loading_is_shown_and_what_a_call_prints_only_without_a_secret(backend: Backend):
    _, submission = edited("affine", DB, "print('in a call'); " + DB)
    loading = replace(submission.pieces[0], text=submission.pieces[0].text + "\nprint('while loading')\n")
    chatty = replace(submission, pieces=(loading,))
    for exam, shown in ((EXAMS[UNIT], True), (Exam(find_unit(UNIT), SECRET), False)):
        (note,) = grade(chatty, exam, backend, practice=EXAMS[UNIT], tasks=AFFINE).notes
        assert "while loading" in note.message
        assert ("in a call" in note.message) is shown


def test_a_verdict_stands_where_its_explanation_fails(backend: Backend, monkeypatch: pytest.MonkeyPatch):
    _, submission = edited("affine", DB, "db = dout.sum(0) / 2")
    plain = grade(submission, EXAMS[UNIT], backend, tasks=AFFINE, explain=False)

    def fails(*_arguments: object) -> None:
        raise GraderError("the sandbox failed")

    monkeypatch.setattr("graders.grade.explained", fails)
    report = grade(submission, EXAMS[UNIT], backend, tasks=AFFINE)
    assert (report.score, report.max_score, report.faulty) == (plain.score, plain.max_score, False)
    assert [result.message for result in report.results] == [result.message for result in plain.results]
    (note,) = report.notes
    assert "(affine); the points stand" in note.message
