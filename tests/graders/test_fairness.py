"""Nobody pays twice for one mistake, and nobody is paid for none of the work."""

from __future__ import annotations

import pytest

from graders import composites
from graders.answers import Answers
from graders.exam import Exam
from graders.families import grade_row
from graders.grade import grade
from graders.intake.reference import reference_source, reference_submission
from graders.intake.submission import Submission
from graders.properties import properties
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.sandbox.session import Session
from graders.secrets import Secret
from graders.specs import find_unit
from graders.verdict import GraderError, Report, Result, Status
from tests.graders.editing import EXAMS, ROWS, graded, lost

OWN = "It is the true gradient of your own forward, which is wrong: half of the points."
SECRET = Secret(bytes(range(2, 34)))


def report_on(task: str, source: str, backend: Backend, *more: str) -> Report:
    """The report on a submission that is this source alone."""
    submission = Submission("own", "own.py", (Piece("", "import numpy as np\n" + source),))
    return grade(submission, EXAMS[ROWS[task][0]], backend, tasks=frozenset({task, *more}))


def gradients(report: Report) -> list[Result]:
    return [result for result in report.results if result.property.startswith("gradient ")]


# --- follow-through ---

LOSS = """
def reduced(each, how): return each if how == "none" else each.sum() / (len(each) if how == "mean" else 1)
def upstream(d, how, n): return d[:, None] if how == "none" else d / (n if how == "mean" else 1)
def squared_loss_forward(p, t, *, reduction="mean"): return reduced({forward}.sum(1), reduction), (p - t, reduction)
def squared_loss_backward(d, cache): e, how = cache; return {backward} * upstream(d, how, len(e))
"""
PAIR = "def {task}_forward(x): return {forward}, x\ndef {task}_backward(d, x): return {backward}\n"


def pair(task: str, forward: str, backward: str) -> tuple[str, str]:
    return task, PAIR.format(task=task, forward=forward, backward=backward)


FOLLOWING = [
    pair("sigmoid", "np.tanh(x)", "d * (1 - np.tanh(x) ** 2)"),
    pair("tanh", "-np.tanh(x)", "-d * (1 - np.tanh(x) ** 2)"),
    pair("relu", "np.maximum(x, 0) / 2", "d * (x > 0) / 2"),
    pair("softplus", "np.log1p(np.exp(np.minimum(x, 5)))", "d * (x < 5) / (1 + np.exp(-np.minimum(x, 5)))"),
    ("squared_loss", LOSS.format(forward="((p - t) ** 2 / 2)", backward="e")),
    ("squared_loss", LOSS.format(forward="((p - t) ** 2 * 3)", backward="6 * e")),
]


@pytest.mark.parametrize(("task", "source"), FOLLOWING)
def test_a_true_gradient_of_a_wrong_forward_earns_half_and_is_told_why(task: str, source: str, backend: Backend):
    (gradient,) = gradients(report_on(task, source, backend))
    assert gradient.status is Status.FAILED
    assert gradient.score == gradient.max_score / 2
    assert gradient.message.endswith("\n" + OWN)


NOTHING = [
    pair("sigmoid", "0 * x", "0 * d"),
    pair("sigmoid", "1 * x", "1 * d"),
    pair("sigmoid", "x / 4 + 0.5", "d / 4"),
    pair("sigmoid", "x ** 2", "2 * x * d"),
    pair("sigmoid", "x ** 3", "3 * x ** 2 * d"),
    pair("softmax", "x ** 2", "2 * x * d"),
    pair("tanh", "1 * x", "1 * d"),
    ("squared_loss", LOSS.format(forward="p", backward="np.ones_like(e)")),
    ("squared_loss", LOSS.format(forward="(0 * p)", backward="0 * e")),
    ("squared_loss", LOSS.format(forward="((p - t) ** 3)", backward="3 * e ** 2")),
]


@pytest.mark.parametrize(("task", "source"), NOTHING)
def test_a_function_of_ones_own_choice_earns_nothing(task: str, source: str, backend: Backend):
    (gradient,) = gradients(report_on(task, source, backend))
    assert (gradient.status, gradient.score) == (Status.FAILED, 0)
    assert OWN not in gradient.message


WRONG_TWICE = [
    pair("sigmoid", "np.tanh(x)", "d * (1 - np.tanh(x))"),
    pair("tanh", "-np.tanh(x)", "d * (1 - np.tanh(x) ** 2) * 1.001"),
    pair("relu", "np.maximum(x, 0) / 2", "d * (x < 0) / 2"),
    ("squared_loss", LOSS.format(forward="((p - t) ** 2 / 2)", backward="3 * e")),
]


@pytest.mark.parametrize(("task", "source"), WRONG_TWICE)
def test_a_gradient_of_neither_forward_earns_nothing(task: str, source: str, backend: Backend):
    (gradient,) = gradients(report_on(task, source, backend))
    assert (gradient.status, gradient.score) == (Status.FAILED, 0)


def test_only_the_arguments_the_forward_uses_earn_half(backend: Backend):
    source = """
def neuron_forward(x, w, b): a = 1 / (1 + np.exp(-x @ w)); return a, (x, w, a)
def neuron_backward(d, cache): x, w, a = cache; z = d * a * (1 - a); return np.outer(z, w), x.T @ z, 0 * z.sum()
"""
    shares = {one.property: one.score / one.max_score for one in gradients(report_on("neuron", source, backend))}
    assert shares == {"gradient dx": 0.5, "gradient dw": 0.5, "gradient db": 0}


def test_a_forward_that_raises_has_no_gradient_to_follow(backend: Backend):
    task, source = pair("sigmoid", "np.tanh(x) if len(x) < 4 else 1 / 0", "d * (1 - np.tanh(x) ** 2)")
    assert all(result.score == 0 for result in gradients(report_on(task, source, backend)))


def test_half_is_half_under_every_secret_and_without_explanations(backend: Backend):
    task, source = FOLLOWING[0]
    unit = ROWS[task][0]
    submission = Submission("own", "own.py", (Piece("", "import numpy as np\n" + source),))
    exam, tasks = Exam(find_unit(unit), SECRET), frozenset({task})
    reports = [
        grade(submission, exam, backend, practice=EXAMS[unit], tasks=tasks),
        grade(submission, EXAMS[unit], backend, tasks=tasks),
        grade(submission, EXAMS[unit], backend, tasks=tasks, explain=False),
    ]
    assert len({report.score for report in reports}) == 1
    assert all(OWN in gradients(report)[0].message for report in reports)


# --- composites ---


def test_parts_are_read_off_the_reference():
    unit = find_unit("12")
    made_of = {task.name: composites.parts(unit, task) for task in unit.tasks}
    assert made_of["attention"] == ()
    assert made_of["heads_one_by_one"] == ("attention",)
    assert set(made_of["multi_head"]) == {"attention", "split_heads", "merge_heads"}
    assert "multi_head" in made_of["encoder_layer"]


def lstm_with(*edits: tuple[str, str], more: str = "") -> Submission:
    source = reference_source(find_unit("10"))
    for old, new in edits:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return Submission("lstm", "lstm.py", (Piece("", source + more),))


WRONG_STEP = """
_right_step = lstm_step_forward
def lstm_step_forward(*args):
    h, c, cache = _right_step(*args)
    return h + 1, c, cache
"""


def shares(submission: Submission, backend: Backend, *tasks: str) -> dict[tuple[str, str], float]:
    report = grade(submission, EXAMS["10-gated"], backend, tasks=frozenset(tasks), explain=False)
    return {(one.task, one.property): one.score / one.max_score for one in report.results if one.score < one.max_score}


def test_a_composite_that_is_right_but_for_its_parts_earns_half(backend: Backend):
    submission = lstm_with(more=WRONG_STEP)
    report = grade(submission, EXAMS["10-gated"], backend, tasks=frozenset({"lstm_step", "lstm", "joint_lstm_step"}))
    of_step, of_lstm, of_joint = (
        [one for one in report.results if one.task == task and one.score < one.max_score]
        for task in ("lstm_step", "lstm", "joint_lstm_step")
    )
    assert not any(one.score for one in of_step)
    assert all(one.score == one.max_score / 2 for one in of_lstm)
    assert "It is right, given your own lstm_step, where the mistake is: half of the points." in of_lstm[0].message
    assert not any("not judged" in one.message for one in of_lstm)
    assert all(one.score == one.max_score / 2 for one in of_joint)


def test_a_task_that_cannot_be_graded_with_mended_parts_is_our_fault_and_no_other(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
):
    """The sequence is made of the step, which is wrong; a GRU's is made of neither."""
    tasks = frozenset({"lstm_step", "lstm", "gru_cho_step"})

    def fails(*_arguments: object) -> None:
        raise GraderError("no sandbox today")

    monkeypatch.setattr("graders.composites.mended", fails)
    report = grade(lstm_with(more=WRONG_STEP), EXAMS["10-gated"], backend, tasks=tasks)
    ends = {name: {result.status for result in report.results if result.task == name} for name in sorted(tasks)}
    assert Status.FAILED in ends["lstm_step"]
    assert ends["lstm"] == {Status.ERROR}
    assert ends["gru_cho_step"] == {Status.PASSED}
    assert report.faulty


def test_what_passed_before_the_parts_were_mended_is_not_asked_again(backend: Backend):
    unit, row = ROWS["lstm"]
    before = [one.name for one in properties(row) if one.family != "main"]
    with Session(backend, reference_submission(find_unit(unit)).pieces, row.functions) as session:
        session.load()
        asked: list[object] = []
        answers = Answers(session)
        run = session.run
        session.run = lambda programs, *more: (asked.append(programs), run(programs, *more))[1]
        results = grade_row(row, 1.0, answers, EXAMS[unit], passed=before).results
    assert len(asked) == 1
    assert all(result.status is Status.PASSED for result in results)
    assert sum(result.score for result in results) == pytest.approx(1.0)
    assert {result.property for result in results if not result.cases} == set(before)


def test_a_composite_with_a_mistake_of_its_own_earns_nothing_for_its_parts(backend: Backend):
    own = "\n_right = lstm_forward\ndef lstm_forward(*args):\n    h, *rest = _right(*args)\n    return h * 1.5, *rest\n"
    lost_shares = shares(lstm_with(more=WRONG_STEP + own), backend, "lstm_step", "lstm")
    assert lost_shares["lstm", "forward"] == 0


def test_a_part_that_is_right_or_missing_gives_nothing(backend: Backend):
    own = "\n_right = lstm_forward\ndef lstm_forward(*args):\n    h, *rest = _right(*args)\n    return h * 1.5, *rest\n"
    assert shares(lstm_with(more=own), backend, "lstm_step", "lstm")["lstm", "forward"] == 0
    stub = "\ndef lstm_step_forward(*args): raise NotImplementedError\n"
    report = grade(
        lstm_with(more=stub), EXAMS["10-gated"], backend, tasks=frozenset({"lstm_step", "lstm"}), explain=False
    )
    assert report.score == 0


def test_a_helper_of_the_same_name_stays_the_submissions_own(backend: Backend):
    """`lstm_gates` is a helper of the reference's, and here one that counts its calls."""
    mine = """
_given = lstm_gates
CALLED = []
def lstm_gates(z):
    CALLED.append(1)
    return _given(z)
_step = lstm_step_forward
def lstm_step_forward(*args): h, c, cache = _step(*args); return h + 1, c, cache
_lstm = lstm_forward
def lstm_forward(*args):
    found = _lstm(*args)
    lstm_gates(np.zeros((1, 4)))
    if not CALLED: raise RuntimeError
    return found
"""
    lost_shares = shares(lstm_with(more=mine), backend, "lstm_step", "lstm")
    assert lost_shares["lstm", "forward"] == 0.5


# --- form ---


@pytest.mark.parametrize(
    ("task", "old", "new"),
    [
        ("affine", "sum(dout, axis=0)\n    return dx", "sum(dout, axis=0, keepdims=True)\n    return dx"),
        ("logsumexp", "return y[..., 0], (exponentials, total)", "return y, (exponentials, total)"),
    ],
)
def test_an_axis_too_many_costs_the_points_for_shape_alone(task: str, old: str, new: str, backend: Backend):
    report = graded(task, old, new, backend)
    assert lost(report) == {"shape"}
    (shape,) = (result for result in report.results if result.property == "shape")
    assert report.max_score - report.score == pytest.approx(shape.max_score, abs=0.01)
    assert shape.max_score <= 0.05 * report.max_score


TIES = """
def windows(x, kernel, stride):
    seen = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(2, 3))
    return seen[:, :, ::stride, ::stride]
def max_pool2d_forward(x, *, kernel=2, stride=2):
    return windows(x, kernel, stride).max((4, 5)), (x, kernel, stride)
def max_pool2d_backward(d, cache):
    x, kernel, stride = cache
    dx = np.zeros_like(x)
    seen = windows(x, kernel, stride)
    best = seen == seen.max((4, 5), keepdims=True)
    share = best / best.sum((4, 5), keepdims=True, dtype=d.dtype) * d[..., None, None]
    for i in range(d.shape[2]):
        for j in range(d.shape[3]):
            dx[:, :, i * stride:i * stride + kernel, j * stride:j * stride + kernel] += share[:, :, i, j]
    return dx
"""


def test_max_pooling_may_share_what_ties_get(backend: Backend):
    report = report_on("max_pool2d", TIES, backend)
    assert report.passed, lost(report)


def test_a_slow_part_is_not_where_a_mistake_is():
    unit = find_unit("10-gated")

    def failed(task: str, name: str) -> Result:
        return Result(task, name, "", Status.FAILED, 0.0, 1.0, "")

    of_lstm, slow, wrong = failed("lstm", "forward"), failed("lstm_step", "throughput"), failed("lstm_step", "forward")
    assert composites.wrong_parts(unit, [of_lstm, slow]) == {}
    assert composites.wrong_parts(unit, [of_lstm, wrong]) == {"lstm": ("lstm_step",)}
