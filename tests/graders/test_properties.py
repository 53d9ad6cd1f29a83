"""Each property loses its points to the mistakes it is there for, and to no other; right work keeps them."""

from __future__ import annotations

import numpy as np
import pytest

from graders.grade import grade
from graders.intake.submission import Submission
from graders.properties.compare import told_apart
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.verdict import Status
from tests.graders.editing import EXAMS, graded, lost

AFFINE_OUT = "return x @ w + b, (x, w)"
AFFINE_DW = "dw = x.T @ dout"
AFFINE_DB = "db = array_namespace(dout).sum(dout, axis=0)"
RELU_OUT = "return array_namespace(x).maximum(x, 0), x"
RELU_DX = "return dout * is_positive(x)"
TANH_OUT = "a = array_namespace(x).tanh(x)\n"
TANH_DX = "return dout * (1 - a * a)"
SIGMOID_DX = "return dout * (a * (1 - a))"
SOFTMAX_DX = "mean = array_namespace(a).sum(dout * a, axis=-1, keepdims=True)\n"
LOGSUMEXP_OUT = "return y[..., 0], (exponentials, total)"
DGAMMA = "dgamma = xp.sum(dout * xp.minimum(x, 0), axis=0)"
SQUARED_DX = "return 2 * difference * upstream[:, None]"

CHAFFS = {
    "forward": [
        ("logsumexp", "y = largest + xp.log(total)", "y = xp.log(total)", {"forward", "stability"}),
        ("squared_loss", "losses = array_namespace(pred).sum(difference * difference, axis=1)",
         "losses = array_namespace(pred).sum(difference * difference, axis=1) / 2", {"forward"}),
        ("scale_pixels", "xp.float64) / 255", "xp.float64) / 256", {"forward"}),
    ],
    "gradient": [
        ("tanh", TANH_DX, "return dout * (1 - a)", {"gradient dx"}),
        ("squared_loss", SQUARED_DX, "return difference * upstream[:, None]", {"gradient dpred"}),
        ("tanh", TANH_DX, "return dout * (1 - a * a) * (1 + 1e-6)", {"gradient dx"}),
        ("softmax", SOFTMAX_DX, "mean = 0\n", {"gradient dx"}),
    ],
    "shape": [
        ("affine", AFFINE_DB, "db = array_namespace(dout).sum(dout, axis=0, keepdims=True)", {"shape"}),
        ("logsumexp", LOGSUMEXP_OUT, "return y, (exponentials, total)", {"shape"}),
        ("affine", AFFINE_OUT, "return (x.astype(np.float32) @ w + b).astype(np.float32).astype(x.dtype), (x, w)",
         {"shape"}),
        ("affine", AFFINE_OUT, "return (x @ w + b).astype(np.float32), (x, w)", {"shape"}),
        ("affine", AFFINE_OUT, "return (x @ w + b).tolist(), (x, w)", {"shape", "float32"}),
    ],
    "purity": [
        ("relu", RELU_OUT, "kept = x.copy(); x[x < 0] = 0; return x.copy(), kept", {"purity"}),
        ("relu", RELU_DX, "dout *= is_positive(x); return dout", {"purity"}),
        ("sigmoid", SIGMOID_DX, "dx = dout * (a * (1 - a)); a *= 0; return dx", {"purity"}),
        ("tanh", TANH_OUT + "    return a, a\n", TANH_OUT + "    kept = globals().setdefault('KEPT', {})\n"
         "    kept = kept.setdefault((x.shape, x.dtype), a.copy()); kept[...] = a\n    return a, kept\n", {"purity"}),
    ],
    "linearity": [
        ("relu", RELU_DX, "return dout * is_positive(x) * (dout > 0)", {"gradient dx", "linearity"}),
        ("tanh", TANH_DX, "return np.clip(dout, -1, 1) * (1 - a * a)", {"gradient dx", "linearity"}),
    ],
    "batch": [
        ("prelu", DGAMMA, DGAMMA.replace("xp.sum", "xp.mean"), {"gradient dgamma", "batch"}),
        ("softmax", "exponentials / xp.sum(exponentials, axis=-1, keepdims=True)",
         "exponentials / xp.sum(exponentials)", {"forward", "gradient dx", "batch", "stability"}),
        ("affine", AFFINE_DW, "dw = x.T @ dout / x.shape[0]", {"gradient dw", "batch"}),
    ],
    "edges": [
        ("affine", AFFINE_OUT, "return np.squeeze(x @ w + b), (x, w)", {"edges"}),
        ("affine", AFFINE_OUT, "x[0]; return x @ w + b, (x, w)", {"edges"}),
        ("logsumexp", LOGSUMEXP_OUT, "return np.squeeze(y), (exponentials, total)", {"edges"}),
    ],
    "stability": [
        ("softplus", "xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))", "xp.log1p(xp.exp(x))", {"stability"}),
        ("tanh", TANH_OUT, "e = np.exp(-2 * np.abs(x)); a = np.sign(x) * (1 - e) / (1 + e)\n", {"stability"}),
    ],
    "float32": [
        ("affine", AFFINE_DW, "dw = np.zeros(w.shape); dw += x.T @ dout", {"float32"}),
        ("relu", RELU_OUT, "return array_namespace(x).maximum(x.astype(np.float64), 0), x", {"float32"}),
        ("affine", AFFINE_OUT, "return (x @ w + b).astype(np.float16 if x.itemsize == 4 else x.dtype).astype(x.dtype),"
         " (x, w)", {"float32"}),
    ],
}  # fmt: skip
ALL = [pytest.param(*chaff, id=f"{name}-{i}") for name, chaffs in CHAFFS.items() for i, chaff in enumerate(chaffs)]


@pytest.mark.parametrize(("task", "old", "new", "breaks"), ALL)
def test_a_mistake_loses_exactly_what_it_breaks(task: str, old: str, new: str, breaks: set[str], backend: Backend):
    assert lost(graded(task, old, new, backend)) == breaks


WHEATS = [
    ("affine", AFFINE_OUT, "return np.einsum('nd,dm->nm', x, w) + b, (x, w)"),
    ("affine", AFFINE_DW, "dw = sum((np.outer(a, d) for a, d in zip(x, dout)), np.zeros_like(w))"),
    ("affine", AFFINE_DB, "db = dout[::-1].cumsum(0)[-1] if len(dout) else dout.sum(0)"),
    ("affine", AFFINE_OUT, "return np.asfortranarray(x @ w + b), (x, w)"),
    ("tanh", TANH_OUT, "e = np.expm1(-2 * np.abs(x)); a = np.sign(x) * -e / (2 + e)\n"),
    ("tanh", TANH_DX, "return dout / np.cosh(np.arctanh(np.clip(a, -1 + 1e-16, 1 - 1e-16))) ** 2"),
    ("relu", RELU_DX, "return np.where(x > 0, dout, np.zeros_like(dout))"),
    ("softmax", SOFTMAX_DX, "mean = np.stack([np.dot(d, p) for d, p in zip(dout, a)])[:, None] if len(a) else a\n"),
    ("squared_loss", SQUARED_DX, "return (difference + difference) * upstream[:, None]"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "old", "new"), WHEATS)
def test_another_way_to_do_it_right_loses_nothing(task: str, old: str, new: str, backend: Backend):
    assert lost(graded(task, old, new, backend)) == set()


def test_digits_that_are_left_on_hostile_inputs_earn_half(backend: Backend):
    for error, share in (("0", 1.0), ("1e-5", 0.5), ("1e-2", 0.0)):
        worse = f"a = np.tanh(x); a = a * (1 + {error} * (x.itemsize == 4) * (np.abs(x) < 1e-4)).astype(x.dtype)\n"
        (result,) = (one for one in graded("tanh", TANH_OUT, worse, backend).results if one.property == "stability")
        assert result.score == share * result.max_score, result.message


KINKS = [
    ("absolute_loss", "array_namespace(difference).sign(difference)",
     "np.where(difference == 0, {}, np.sign(difference)).astype(difference.dtype)", -1, 1),
    ("hinge_loss", "-signs * is_positive(violation)",
     "-signs * np.where(violation == 0, {}, violation > 0).astype(violation.dtype)", 0, 1),
]  # fmt: skip


@pytest.mark.parametrize(("task", "old", "new", "low", "high"), KINKS)
def test_at_a_kink_the_slopes_from_one_side_to_the_other_pass(task, old, new, low, high, backend: Backend):
    for value in (low, (low + high) / 2, high):
        assert lost(graded(task, old, new.format(value), backend)) == set()
    for value in (high + 1, low - 1, "np.nan"):
        assert any(name.startswith("gradient") for name in lost(graded(task, old, new.format(value), backend)))


UNFINISHED = [
    ("raise NotImplementedError", "not attempted", Status.SKIPPED),
    ("raise ValueError('mine')", "raised ValueError: mine", Status.FAILED),
    ("del affine_forward", "not found in the submission", Status.FAILED),
]


@pytest.mark.parametrize(("body", "says", "status"), UNFINISHED)
def test_what_cannot_be_judged_names_the_forward_it_depends_on(body: str, says: str, status: Status, backend: Backend):
    source = "def affine_backward(dout, cache): return dout, dout, dout\n"
    source += body if body.startswith("del") else f"def affine_forward(x, w, b): {body}\n"
    submission = Submission("unfinished", "unfinished.py", (Piece("", source),))
    report = grade(submission, EXAMS["03-backprop"], backend, tasks=frozenset({"affine"}))
    forward, *others = report.results
    assert forward.status is status
    assert says in forward.message
    assert {result.status for result in others} == {Status.SKIPPED}
    assert {result.depends_on for result in others} == {"forward"}
    assert report.score == 0


def test_a_message_shows_as_many_digits_as_tell_two_numbers_apart():
    assert told_apart(0.731059, 0.669762) == ("0.731059", "0.669762")
    assert told_apart(np.float32(-0.24999994), np.float32(-0.25)) == ("-0.2499999", "-0.25")
    assert told_apart(1.0, np.nextafter(1.0, 2)) == ("1.0", "1.0000000000000002")
    assert told_apart(0, float("inf")) == ("0", "inf")
