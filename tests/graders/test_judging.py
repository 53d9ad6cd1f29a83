"""The tolerance rule passes every correct variant and no mutant, on cases it was not tuned on."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest

from graders.cases import arguments, draw_cases
from graders.judging import C, judge, right_in_single_precision, roundoff, within
from graders.oracle import Expected
from graders.specs import find_unit
from graders.specs.row import Row

U64, U32 = 2.0**-53, 2.0**-24


def row(unit: str, name: str) -> Row:
    (found,) = (task for task in find_unit(unit).tasks if task.name == name)
    assert isinstance(found, Row)
    return found


def loop_affine(x, w, b):
    out = np.zeros((x.shape[0], w.shape[1]))
    for n in range(x.shape[0]):
        for m in range(w.shape[1]):
            for d in reversed(range(x.shape[1])):
                out[n, m] += x[n, d] * w[d, m]
            out[n, m] += b[m]
    return out


def softmax_by_exp(x):
    e = np.exp(x - x.mean(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_division_free(x):
    top = x.max(-1, keepdims=True)
    return np.exp(x - top - np.log(np.exp(x - top).sum(-1, keepdims=True)))


def sigmoid_by_exp(x):
    return 1 / (1 + np.exp(-x))


def sequential_logsumexp(x):
    return np.logaddexp.reduce(x, axis=-1)


RIGHT = [
    ("03", "affine", loop_affine),
    ("03", "affine", lambda x, w, b: np.einsum("nd,dm->nm", x, w) + b),
    ("01", "softmax", softmax_by_exp),
    ("01", "softmax", softmax_division_free),
    ("01", "sigmoid", sigmoid_by_exp),
    ("01", "sigmoid", lambda x: 0.5 * (1 + np.tanh(0.5 * x))),
    ("01", "logsumexp", sequential_logsumexp),
    ("01", "log_softmax", lambda x: x - np.logaddexp.reduce(x, axis=-1, keepdims=True)),
    ("01", "softplus", lambda x: np.logaddexp(0, x)),
    ("01", "neuron", lambda x, w, b: sigmoid_by_exp(np.array([sum(row * w) for row in x]) + b)),
    ("03", "chain_paths", lambda s: np.sin(s) * s * s),
]
WRONG = [
    *(("01", name, lambda x, f=f: f(x) * (1 + 1e-6)) for name, f in (("sigmoid", sigmoid_by_exp), ("tanh", np.tanh))),
    ("01", "softmax", lambda x: softmax_by_exp(x) * (1 + 1e-6)),
    ("01", "logsumexp", lambda x: sequential_logsumexp(x[:, :-1])),
    ("03", "affine", lambda x, w, b: x @ w),
    ("03", "affine", lambda x, w, b: (x @ w + b) * (1 + 1e-9)),
    ("01", "softmax", lambda x: np.exp(x) / (np.exp(x).sum(-1, keepdims=True) + 1e-9)),
    ("01", "softmax", lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum()),
    ("01", "sigmoid", lambda x: 1 / (1 + np.exp(-x) + 1e-10)),
    ("01", "tanh", lambda x: x - x**3 / 3),
    ("01", "logsumexp", lambda x: np.log(np.exp(x).sum(-1) + 1e-9)),
    ("01", "softplus", lambda x: np.log(1 + np.exp(x) + 1e-9)),
    ("01", "elu", lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0)))),
    ("03", "chain_paths", lambda s: np.sin(s) * s * np.abs(s)),
]


def verdicts(unit: str, name: str, function: Callable[..., np.ndarray], u: float = U64) -> list[bool]:
    """Whether the function is right, case by case, over three case lists that nobody tuned on."""
    chosen, found = row(unit, name), []
    for seed in (11, 22, 33):
        for case in draw_cases(chosen, seed, 12):
            args = arguments(chosen, case, seed)
            expected = Expected(chosen, args, case.keywords)
            (output,) = expected.outputs
            with np.errstate(all="ignore"):
                got = np.asarray(function(*args.values()))
            spreads = functools.partial(expected.spreads, output, 0)
            found.append(judge(got, expected.outputs[output], u, spreads).right)
    return found


@pytest.mark.parametrize(("unit", "name", "function"), RIGHT)
def test_a_correct_variant_passes_every_case(unit: str, name: str, function: Callable[..., np.ndarray]):
    assert all(verdicts(unit, name, function))


@pytest.mark.parametrize(("unit", "name", "function"), WRONG)
def test_a_mutant_fails_some_case(unit: str, name: str, function: Callable[..., np.ndarray]):
    assert not all(verdicts(unit, name, function))


@pytest.mark.parametrize(("unit", "name", "function"), RIGHT)
def test_a_correct_variant_in_float32_passes_by_the_tolerance_of_float32(unit, name, function):
    def single(*args):
        return function(*(np.asarray(arg, np.float32) for arg in args)).astype(np.float64)

    right = verdicts(unit, name, single, U32)
    assert sum(right) >= 0.97 * len(right)  # what is left is inconclusive, not wrong


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes(value: float):
    wanted = np.ones((2, 2))
    got = wanted.copy()
    got[1, 0] = value
    judgement = judge(got, wanted, U64, lambda: np.full((2, 2), 1e30))
    assert not judgement.right
    assert not judgement.inconclusive
    assert judgement.worst == (1, 0)


def test_zero_is_judged_exactly_where_nothing_rounds():
    assert judge(np.zeros(3), np.zeros(3), U64).right
    assert judge(np.full(3, -1e-60), np.zeros(3), U64).right  # a complex step leaves as much
    assert not judge(np.full(3, 1e-20), np.zeros(3), U64, lambda: [np.zeros(3)]).right


def test_scalars_and_empty_arrays_have_verdicts():
    assert judge(np.array(2.0), np.array(2.0), U64).right
    assert judge(np.array(2.1), np.array(2.0), U64).worst == ()
    assert judge(np.zeros((0, 3)), np.zeros((0, 3)), U64).right


def test_another_shape_is_our_own_fault():
    with pytest.raises(ValueError, match="shapes differ"):
        judge(np.ones((1, 3)), np.ones(3), U64)


def test_a_huge_number_where_0_is_wanted_is_wrong():
    judgement = judge(np.array([1e300, 0.0]), np.zeros(2), U64)
    assert (judgement.right, judgement.worst) == (False, (0,))


def test_what_is_0_throughout_is_decided_by_its_spread():
    wanted = np.zeros((2, 3))
    assert judge(np.full((2, 3), 2e-17), wanted, U64, lambda: [np.ones((2, 3))]).right
    judgement = judge(np.full((2, 3), 1e-3), wanted, U64, lambda: [np.ones((2, 3))])
    assert (judgement.right, judgement.inconclusive) == (False, False)


def test_an_element_that_rounding_moves_far_is_given_its_spread():
    wanted, spread = np.array([1.0, 1e-8]), np.array([1.0, 50.0])
    got = wanted + np.array([0.0, 20 * C * U64])
    assert judge(got, wanted, U64, lambda: [spread]).right
    assert not judge(got, wanted, U64, lambda: np.ones(2)).right


def test_float32_is_inconclusive_where_its_digits_do_not_suffice():
    wanted, spread = np.array([1.0]), np.array([1e4])
    judgement = judge(np.array([3.0]), wanted, U32, lambda: [spread])
    assert not judgement.right
    assert judgement.inconclusive


@pytest.mark.parametrize(
    ("value", "right"), [(0.0, True), (0.5, True), (1.0, True), (1.1, False), (-0.1, False), (np.nan, False)]
)
def test_any_value_between_the_one_sided_gradients_passes(value: float, right: bool):
    assert within(np.array([value]), np.array([1.0]), np.array([0.0]), U64).right is right


def test_half_precision_is_judged_no_milder_than_single():
    assert roundoff(np.float16) == roundoff(np.float32) == U32
    assert roundoff(np.int64) == roundoff(np.float64) == U64


def test_float64_that_holds_float32_is_told_from_exact_small_numbers():
    wanted = np.array([0.1, 0.2])
    assert right_in_single_precision(wanted.astype(np.float32).astype(np.float64), wanted)
    assert not right_in_single_precision(wanted, wanted)
    assert not right_in_single_precision(np.zeros(2), wanted)
    assert not right_in_single_precision(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
