"""Hostile inputs: nothing overflows, and the digits that could be kept are kept."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

from reference.activations import sigmoid_forward, softplus_forward, tanh_forward
from reference.classification_losses import (
    binary_cross_entropy_forward,
    cross_entropy_forward,
    cross_entropy_from_probs_backward,
    cross_entropy_from_probs_forward,
    nll_loss_forward,
)
from reference.rectifiers import elu_forward
from reference.softmax import log_softmax_forward, logsumexp_forward, softmax_forward
from tests.reference.local import flat, run
from tests.reference.test_rows import PAIRS, ordinary

ONE = Decimal(1)
HOSTILE = [-172.0, -80.0, -30.0, -1.5, -1e-3, -1e-10, 1e-10, 1e-3, 1.5, 30.0, 80.0, 172.0]

# name, forward, the exact value, the allowed error in units of the value's last place
ELEMENTWISE = [
    ("sigmoid", sigmoid_forward, lambda x: ONE / (1 + (-x).exp()), 8),
    ("tanh", tanh_forward, lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()), 8),
    ("softplus", softplus_forward, lambda x: (1 + x.exp()).ln(), 8),
    ("elu", elu_forward, lambda x: x if x > 0 else x.exp() - 1, 4),
]

both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.fixture(autouse=True)
def no_overflow():
    """Whatever overflows, divides by 0 or makes a NaN raises."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


def exact(function, *values):
    """The function of Decimals with 120 digits, far more than any test needs, as Decimal."""
    with localcontext(prec=120):
        return function(*values)


def decimals(array):
    """Each number of a vector, exactly."""
    return [Decimal(float(number)) for number in array]


def exact_logsumexp(row):
    """Of Decimals."""
    return exact(lambda: sum(x.exp() for x in row).ln())


@pytest.mark.parametrize(("name", "forward", "formula", "ulps"), ELEMENTWISE, ids=[r[0] for r in ELEMENTWISE])
@both_dtypes
def test_both_tails_keep_their_digits(name, forward, formula, ulps, dtype):
    x = np.array(HOSTILE, dtype)
    got, _ = forward(x)
    info = np.finfo(dtype)
    for value, wanted in zip(decimals(got), (exact(formula, number) for number in decimals(x)), strict=True):
        allowed = ulps * Decimal(float(info.eps)) * abs(wanted) + Decimal(float(info.smallest_subnormal))
        assert abs(value - wanted) <= allowed


@both_dtypes
@pytest.mark.parametrize("target", [0.0, 0.25, 1.0])
def test_binary_cross_entropy_keeps_its_digits(target, dtype):
    x = np.array(HOSTILE, dtype)
    got, _ = binary_cross_entropy_forward(x, np.full_like(x, target), reduction="none")
    for value, z in zip(decimals(got), decimals(x), strict=True):
        wanted = exact(lambda z: (1 + z.exp()).ln() - z * Decimal(target), z)
        assert abs(value - wanted) <= 4 * Decimal(float(np.finfo(dtype).eps)) * max(wanted, abs(z))


@both_dtypes
@pytest.mark.parametrize("shift", [-1000, 0, 1000])
def test_the_softmax_family_keeps_its_digits(shift, dtype):
    x = (30 * np.random.default_rng(0).standard_normal((20, 7)) + shift).astype(dtype)
    probs, logs, sums = softmax_forward(x)[0], log_softmax_forward(x)[0], logsumexp_forward(x)[0]
    unit = Decimal(float(np.finfo(dtype).eps)) / 2
    tiny = Decimal(float(np.finfo(dtype).smallest_subnormal))
    for row, p, y, s in zip(map(decimals, x), probs, logs, sums, strict=True):
        total = exact_logsumexp(row)
        spread = max(row) - min(row)
        assert abs(Decimal(float(s)) - total) <= 8 * unit * max(ONE, abs(max(row)))
        for logit, prob, log in zip(row, decimals(p), decimals(y), strict=True):
            wanted = logit - total
            assert abs(log - wanted) <= 8 * unit * max(ONE, abs(wanted))
            assert abs(prob - wanted.exp()) <= unit * (16 + 4 * spread) * wanted.exp() + tiny


@both_dtypes
def test_rows_far_apart_do_not_disturb_each_other(dtype):
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(dtype)
    far = x + np.array([[-1024], [0], [1024]], dtype)
    near = far - np.array([[-1024], [0], [1024]], dtype)
    for forward in (softmax_forward, log_softmax_forward):
        assert np.allclose(forward(far)[0], forward(near)[0], rtol=8 * np.finfo(dtype).eps)


@both_dtypes
def test_cross_entropy_of_large_logits_keeps_its_digits(dtype):
    rng = np.random.default_rng(0)
    logits, labels = (50 * rng.standard_normal((20, 7))).astype(dtype), rng.integers(0, 7, 20)
    loss, _ = cross_entropy_forward(logits, labels)
    rows = list(map(decimals, logits))
    wanted = sum(exact_logsumexp(row) - row[label] for row, label in zip(rows, labels, strict=True)) / 20
    assert abs(Decimal(float(loss)) - wanted) <= 8 * Decimal(float(np.finfo(dtype).eps)) * wanted


SATURATING = {
    "sigmoid", "tanh", "softplus", "relu", "leaky_relu", "prelu", "elu", "neuron", "maxout", "softmax",
    "log_softmax", "logsumexp", "cross_entropy", "soft_cross_entropy", "binary_cross_entropy", "hinge_loss",
    "multiclass_hinge_loss", "network",
}  # fmt: skip


@pytest.mark.parametrize("row", [row for row in PAIRS if row.name in SATURATING], ids=lambda row: row.name)
@both_dtypes
def test_inputs_of_1e4_leave_everything_finite(row, dtype):
    item = ordinary(row, np.dtype(dtype).name)
    first = row.args[0].name
    args = item.args | {first: np.asarray(1e4, dtype) * item.args[first]}
    values = run([item.forward(args), item.backward(item.douts, 0)])
    assert all(np.all(np.isfinite(value)) for value in flat([values[0][:-1], values[1]]))


def test_a_class_without_target_mass_may_have_probability_0():
    loss, cache = cross_entropy_from_probs_forward(np.array([[0.0, 0.5, 0.5]]), np.array([[0.0, 1.0, 0.0]]))
    assert loss == pytest.approx(np.log(2))
    assert cross_entropy_from_probs_backward(1.0, cache).tolist() == [[0.0, -2.0, 0.0]]


def test_a_log_probability_of_minus_infinity_elsewhere_does_no_harm():
    loss, _ = nll_loss_forward(np.array([[-np.inf, -1.0]]), np.array([1]))
    assert loss == 1.0
