"""Units 04 to 14: mistakes of the kind students make lose the property that is there for them, and no other."""

from __future__ import annotations

import pytest

from graders.grade import grade
from graders.intake.submission import Submission
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.verdict import Result, Status
from tests.graders.editing import EXAMS, graded, lost

ADAM_SQUARES = "c1, c2 = 1 - beta1**step, 1 - beta2**step"
VALUES = {"first step", "trajectory"}

CHAFFS = [
    ("scalar_engine", "gradients[id(before)] + sent if id(before) in gradients else sent", "sent", {"gradients"}),
    ("array_engine", "lambda g: unbroadcast(g * x, y)", "lambda g: unbroadcast(g * y, y)", {"gradients"}),
    ("topological_order", "for side in range(2):", "for side in (1, 0):", {"forward"}),
    ("adam", ADAM_SQUARES, "c1, c2 = 1, 1", VALUES),
    ("adam", "    step = step + 1\n    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]\n"
             "    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]\n"
             "    " + ADAM_SQUARES,
     "    step = 1\n    means = [beta1 * m + (1 - beta1) * g for m, g in zip(means, grads, strict=True)]\n"
     "    squares = [beta2 * s + (1 - beta2) * (g * g) for s, g in zip(squares, grads, strict=True)]\n"
     "    " + ADAM_SQUARES, {"trajectory"}),
    ("adagrad", "squares = [s + g * g for s, g", "squares = [s + abs(g) for s, g", VALUES),
    ("nesterov", "return [p + momentum * v for p, v in zip(params, state, strict=True)]",
     "return [p - momentum * v for p, v in zip(params, state, strict=True)]", {"lookahead"}),
    ("clip_by_global_norm", "norm = xp.sqrt(sum(xp.sum(g * g) for g in grads))",
     "norm = xp.sqrt(xp.sum(grads[0] * grads[0]))", {"forward"}),
    ("batch_norm", "by_variance = normal * xp.mean(dnormal * normal, axis=axes, keepdims=True)", "by_variance = 0",
     {"gradient dx"}),
    ("dropout", "scale = in_dtype_of(keep, x) / (1 - p_drop)", "scale = in_dtype_of(keep, x) / p_drop", {"forward", "gradient dx"}),
    ("conv2d", "return dx, xp.flip(dw, axis=(2, 3)) if flip else dw, xp.sum(dout, axis=(0, 2, 3))",
     "return dx, dw, xp.sum(dout, axis=(0, 2, 3))", {"gradient dw"}),
    ("true_convolution", 'padding=mode, flip=True)', 'padding=mode, flip=False)', {"forward", "gradient dx", "gradient dw"}),
    ("lenet_original", "    grads[2] = grads[2] * table\n", "", {"gradient dparams"}),
    ("srn", "    for t in reversed(range(dh.shape[1])):\n        h = states[t + 1]\n"
            "        dz = (dh[:, t, :] + carried) * (1 - h * h)\n        carried = dz @ wh.T",
     "    for t in reversed(range(dh.shape[1])):\n        h = states[t + 1]\n"
     "        dz = (dh[:, t, :] + carried) * (1 - h * h)\n        carried = dz @ wh",
     {"gradient dx", "gradient dh0", "gradient dwx", "gradient dwh", "gradient db"}),
    ("srn", "dwh = sum(h_prev.T @ dz for h_prev, dz in zip(states, dzs, strict=False))",
     "dwh = sum(h.T @ dz for h, dz in zip(states[1:], dzs, strict=True))", {"gradient dwh"}),
    ("masked_srn", "carried = xp.where(running, dz @ wh.T, here)", "carried = dz @ wh.T",
     {"gradient dx", "gradient dh0", "gradient dwx", "gradient dwh", "gradient db"}),
    ("gru_chung_step", "return (1 - z) * h_prev + z * n, (x, h_prev, wx, wh, r, z, n)",
     "return z * h_prev + (1 - z) * n, (x, h_prev, wx, wh, r, z, n)", {"forward"}),
    ("embedding", "chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout)",
     "chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout); "
     "chosen = chosen / np.maximum(chosen.sum(0), 1)", {"gradient dtable"}),
    ("attention", "dscores = weights * (dweights - xp.sum(dweights * weights, axis=-1, keepdims=True)) / sqrt(q.shape[2])",
     "dscores = weights * (dweights - xp.sum(dweights * weights, axis=-1, keepdims=True))",
     {"gradient dq", "gradient dk"}),
    ("generator_loss", "return -dloss * sigmoid_forward(-sign * fake)[0] / fake.shape[0]",
     "return -dloss * sigmoid_forward(-sign * fake)[0]", {"gradient dfake"}),
    ("sequential", "total = [sum_ + score * chosen.shape[0] for sum_, score in zip(total, scores, strict=True)]",
     "total = [sum_ + score * samples / -(-samples // batch_size) for sum_, score in zip(total, scores, strict=True)]",
     {"fit"}),
]  # fmt: skip


@pytest.mark.parametrize(("task", "old", "new", "breaks"), CHAFFS, ids=[f"{c[0]}-{i}" for i, c in enumerate(CHAFFS)])
def test_a_mistake_loses_the_property_that_asks_for_it(
    task: str, old: str, new: str, breaks: set[str], backend: Backend
):
    report = graded(task, old, new, backend)
    failed = {result.property for result in report.results if result.status is Status.FAILED}
    assert failed <= breaks | {"batch", "edges", "linearity"}, [result.message for result in report.results]
    assert failed & breaks
    assert breaks <= lost(report)


ADAM = """
import numpy as np
{before}
def adam_init(params):
    return (0, [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params])

def adam_update(params, grads, state, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t, m, v = state
    t += 1
{body}
    m = [beta1 * a + (1 - beta1) * g for a, g in zip(m, grads)]
    v = [beta2 * a + (1 - beta2) * g**2 for a, g in zip(v, grads)]
    new = [p - lr * (a / (1 - beta1**t)) / (np.sqrt(b / (1 - beta2**t)) + eps) for p, a, b in zip(params, m, v)]
{after}
    return new, (t, m, v)
"""
SHARED = "    global t_shared; t_shared += 1; t = t_shared"


@pytest.mark.parametrize(
    ("before", "body", "after", "breaks"),
    [
        ("", "", "", set()),
        ("", "", "    new = [p.astype(np.float32) for p in new]", {"shape"}),
        ("", "", "    new = [p.astype(np.float64) for p in new]", {"float32"}),
        ("", "    for p in params: p *= 1.0; p += 0.0", "", set()),
        ("", "    for g in grads: g *= 0.5; g *= 2.0; g += 1e-3; g -= 1e-3", "", {"purity"}),
        ("t_shared = 0", SHARED, "", {"first step", "trajectory"}),
        ("", "    raise NotImplementedError", "", {"first step", "trajectory", "shape", "purity", "edges", "float32"}),
    ],
    ids=["right", "float32 out", "float64 out", "harmless", "writes into gradients", "counts in a global", "stub"],
)
def test_an_optimisers_habits_are_told_apart(before: str, body: str, after: str, breaks: set[str], backend: Backend):
    source = ADAM.format(before=before, body=body, after=after)
    submission = Submission("adam", "adam.py", (Piece("", source),))
    report = grade(submission, EXAMS["05-optimisers"], backend, tasks=frozenset({"adam"}))
    assert breaks <= lost(report)
    assert bool(breaks) or lost(report) == set()


DROPOUT = """
import numpy as np
class Dropout:
    def __init__(self, p_drop): self.p = p_drop
    def build(self, shape, rng): return {built}
    def forward(self, params, x, *, training=False, rng=None):
        if not training: return {test}
        keep = {keep}
        return x * keep / {scale}, keep
    def backward(self, dout, keep):
        if keep is None: return {test_back}, []
        return dout * {mask} / {scale_back}, {grads}
"""
RIGHT = {
    "built": "[], shape",
    "test": "x, None",
    "keep": "rng.random(x.shape) >= self.p",
    "scale": "(1 - self.p)",
    "test_back": "dout",
    "mask": "keep",
    "scale_back": "(1 - self.p)",
    "grads": "[]",
}
WRONG = [
    ("keep", "rng.random(x.shape) < self.p", "deviation of the share dropped"),
    ("keep", "rng.random(x.shape) < 0.9 * (1 - self.p)", "deviation of the share dropped"),
    ("scale", "1", "out: what is kept is not divided by 1 - p_drop"),
    ("test", "x * (1 - self.p), None", "out: not x itself at test time"),
    ("test_back", "dout * (1 - self.p)", "dx: not the upstream gradient itself at test time"),
    ("mask", "1", "dx: not the upstream gradient through the same mask"),
    ("mask", "(np.random.default_rng(3).random(dout.shape) >= self.p)", "dx: not the upstream gradient through"),
    ("scale_back", "1", "dx: not the upstream gradient through the same mask"),
    ("grads", "[dout]", "a layer without parameters has []"),
    ("built", "None, shape", "a layer without parameters has []"),
    ("built", "[], (1, *shape)", "build: the shape of the output is not that of the input"),
    ("built", "[], np.zeros((2, 2))", "build: the shape of the output is not that of the input"),
    ("built", "[], (None,)", "build: the shape of the output is not that of the input"),
    ("test", "None, None", "out: not an array of numbers of shape (200, 50)"),
    ("mask", "keep[0]", "dx: not the upstream gradient through the same mask"),
]


def dropout_result(backend: Backend, **parts: str) -> Result:
    """The result of a Dropout layer that is right but for these parts."""
    submission = Submission("dropout", "dropout.py", (Piece("", DROPOUT.format(**{**RIGHT, **parts})),))
    report = grade(submission, EXAMS["14-framework"], backend, tasks=frozenset({"dropout_layer"}))
    return report.results[0]


def test_a_right_dropout_passes(backend: Backend):
    assert dropout_result(backend).status is Status.PASSED


@pytest.mark.parametrize(("part", "wrong", "says"), WRONG)
def test_dropout_is_judged_in_training_and_at_test_time_and_backward(
    part: str, wrong: str, says: str, backend: Backend
):
    result = dropout_result(backend, **{part: wrong})
    assert result.status is Status.FAILED
    assert says in result.message
