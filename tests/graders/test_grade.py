"""The straight line: right work passes, each mistake loses what it breaks, the same work gets the same score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from graders.exam import Exam
from graders.grade import grade
from graders.intake.reference import reference_submission
from graders.intake.submission import Submission
from graders.properties import points, properties
from graders.report.as_json import dumps, to_json
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.secrets import PUBLIC, Secret
from graders.specs import find_unit, unit_names
from graders.specs.row import Row
from graders.verdict import Status
from tests.conftest import WHOLE
from tests.graders.editing import EXAMS, ROWS, edited, graded, lost

SECRET = Secret(bytes(range(32)))


AFFINE_OUT = "return x @ w + b, (x, w)"
AFFINE_BACK = "    dx = dout @ w.T\n    dw = x.T @ dout\n    db = array_namespace(dout).sum(dout, axis=0)\n"

CHAFFS = [
    ("affine", AFFINE_OUT, "return x @ w, (x, w)", {"forward"}),
    ("affine", AFFINE_OUT, "return (x @ w + b)[:, :, None], (x, w)", {"shape"}),
    ("affine", AFFINE_OUT, "x[...] += 0.0; x[:1] += 1.0; return (x @ w + b) - w.sum(0) * (np.arange(len(x)) == 0)[:, None], (x - (np.arange(len(x)) == 0)[:, None], w)", {"purity"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    dw = dw / x.shape[0]\n", {"gradient dw", "batch"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    dx = -dx\n", {"gradient dx"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    db = db + (dout > 1).astype(dout.dtype).sum(0)\n", {"gradient db", "linearity"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    dx = dx.astype(np.float64)\n", {"float32"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    if x.shape[1] == 1: dw = dw * 2\n", {"edges"}),
    ("affine", AFFINE_BACK, AFFINE_BACK + "    dout *= 2.0\n", {"purity"}),
    ("affine", AFFINE_BACK, "    x *= 1.0\n" + AFFINE_BACK + "    w[...] = 0.0\n", {"purity"}),
    ("hidden_delta", "return (delta_next @ w_next.T) * (a * (1 - a))", "return (delta_next @ w_next.T) * a", {"forward"}),
    ("hidden_delta", "return (delta_next @ w_next.T) * (a * (1 - a))", "return (delta_next @ w_next.T) * (a * (1 - a)) / a.shape[0]", {"forward", "batch"}),
]  # fmt: skip


@pytest.mark.parametrize(("task", "old", "new", "breaks"), CHAFFS)
def test_a_mistake_loses_exactly_what_it_breaks(task: str, old: str, new: str, breaks: set[str], backend: Backend):
    assert lost(graded(task, old, new, backend)) == breaks


def test_every_property_of_a_pair_is_killed_by_some_mistake_here():
    broken = set().union(*(breaks for task, _, _, breaks in CHAFFS if task == "affine"))
    assert broken == {one.name for one in properties(ROWS["affine"][1])}


@pytest.mark.parametrize(
    ("value", "passes"), [("0.0", True), ("0.5", True), ("1.0", True), ("2.0", False), ("np.nan", False)]
)
def test_at_a_kink_any_subgradient_passes_and_nothing_else(value: str, passes: bool, backend: Backend):
    source = f"""
import numpy as np
def relu_forward(x): return np.maximum(x, 0), x
def relu_backward(dout, cache): return dout * np.where(cache == 0, {value}, cache > 0).astype(dout.dtype)
"""
    submission = Submission("relu", "relu.py", (Piece("", source),))
    report = grade(submission, EXAMS["01-activations"], backend, tasks=frozenset({"relu"}))
    assert ("gradient dx" not in lost(report)) is passes
    assert report.passed is passes


@pytest.mark.parametrize("name", unit_names())
def test_the_reference_passes_its_unit_twice_with_the_same_report(name: str, backend: Backend):
    texts = []
    for _ in range(2):
        report = grade(reference_submission(find_unit(name)), EXAMS[name], backend)
        assert report.passed, [result.message for result in report.results if result.message]
        texts.append(dumps(replace(report, started="", seconds=0.0, timings={}, memory=0)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("key", [0])
@pytest.mark.parametrize("name", unit_names())
def test_the_reference_passes_under_any_secret(name: str, key: int, backend: Backend):
    unit = find_unit(name)
    tasks = frozenset(task.name for task in unit.tasks if task.kind != "training")
    exam = Exam(unit, Secret(bytes([key]) * 32))
    report = grade(reference_submission(unit), exam, backend, practice=EXAMS[name], tasks=tasks)
    assert lost(report) == set()


def test_the_same_submission_gets_the_same_score_again_and_again(backend: Backend):
    unit, submission = edited("one_hot", "return xp.astype(label_mask(", "return 0.5 * xp.astype(label_mask(")
    tasks = frozenset({"one_hot"})
    exam = Exam(find_unit(unit), SECRET)
    reports = [grade(submission, exam, backend, practice=EXAMS[unit], tasks=tasks) for _ in range(50 if WHOLE else 10)]
    assert len({dumps(replace(report, started="", seconds=0.0, timings={}, memory=0)) for report in reports}) == 1


def test_a_failure_under_a_secret_is_shown_on_a_public_case(backend: Backend):
    unit, submission = edited("affine", AFFINE_BACK, AFFINE_BACK + "    db = db / x.shape[0]\n")
    tasks = frozenset({"affine"})
    hidden = grade(submission, Exam(find_unit(unit), SECRET), backend, practice=EXAMS[unit], tasks=tasks)
    public = grade(submission, EXAMS[unit], backend, tasks=tasks)
    assert hidden.secret == SECRET.fingerprint
    cases = [[to_json(report)["results"][i]["case"] for i in range(len(report.results))] for report in (hidden, public)]
    assert cases[0] == cases[1]


def test_a_failure_that_public_cases_do_not_show_keeps_its_case(backend: Backend):
    exam = Exam(find_unit("03"), SECRET)
    secret_sum = float(exam.items(ROWS["affine"][1], "main")[0].args["x"].sum())
    trick = f"    dx = dx + (abs(x.sum() - {secret_sum!r}) < 1e-9)\n"
    unit, submission = edited("affine", AFFINE_BACK, AFFINE_BACK + trick)
    report = grade(submission, exam, backend, practice=EXAMS[unit], tasks=frozenset({"affine"}))
    (failed,) = (result for result in report.results if result.status is Status.FAILED)
    assert "fails on a case that is not shown; the error is" in failed.message
    assert failed.case is not None
    assert not failed.case.inputs
    assert not failed.case.replay


@pytest.mark.parametrize(
    ("reveal", "axes", "inputs"), [("case", True, True), ("shape", True, False), ("nothing", False, False)]
)
def test_the_units_policy_says_how_much_of_a_case_is_shown(reveal, axes, inputs, backend: Backend):
    unit, submission = edited("affine", AFFINE_BACK, AFFINE_BACK + "    db = db / x.shape[0]\n")
    exam = Exam(replace(find_unit(unit), reveal=reveal), PUBLIC)
    report = grade(submission, exam, backend, tasks=frozenset({"affine"}))
    failed = next(result for result in report.results if result.status is Status.FAILED)
    assert bool(failed.case and failed.case.axes) is axes
    assert bool(failed.case and failed.case.inputs) is inputs
    assert ("got" in failed.message) is inputs


@pytest.mark.parametrize("row", [row for _, row in ROWS.values()], ids=lambda row: row.name)
def test_points_add_up_and_small_properties_weigh_little(row: Row):
    worth = points(properties(row), 100.0)
    assert sum(worth.values()) == pytest.approx(100.0)
    assert all(worth[one.name] <= 5 for one in properties(row) if one.family != "main" or one.name == "shape")


def test_a_broken_oracle_is_our_fault_and_the_other_tasks_are_graded(backend: Backend, monkeypatch: pytest.MonkeyPatch):
    exam = Exam(find_unit("03"), PUBLIC)

    def broken(row: Row, family: str) -> None:
        if row.name == "affine":
            raise ZeroDivisionError("in the oracle")
        return EXAMS["03-backprop"].items(row, family)

    monkeypatch.setattr(exam, "items", broken)
    report = grade(reference_submission(exam.unit), exam, backend, tasks=frozenset({"affine", "chain"}))
    by_task = report.tasks()
    assert [result.status for result in by_task["affine"]] == [Status.ERROR]
    assert {result.status for result in by_task["chain"]} == {Status.PASSED}
    assert report.faulty
    assert not report.passed


def test_a_likely_cause_is_named_only_where_it_fits(backend: Backend):
    halved = graded("affine", AFFINE_BACK, AFFINE_BACK + "    dw = dw * 0.5\n", backend)
    strange = graded("affine", AFFINE_BACK, AFFINE_BACK + "    dw = dw + 0.123\n", backend)
    likely = [next(r.likely for r in report.results if r.property == "gradient dw") for report in (halved, strange)]
    assert likely[0] != ""
    assert likely[1] == "no mistake that is known here explains it: work through the case shown"


def test_error_heat_maps_are_drawn_for_matrices(backend: Backend):
    report = graded("affine", AFFINE_BACK, AFFINE_BACK + "    dw = dw + 0.123\n", backend)
    heat = next(result.pictures.heat for result in report.results if result.property == "gradient dw")
    assert heat is not None
    assert np.allclose(heat, 0.123)
