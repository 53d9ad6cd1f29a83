"""Inputs on which digits are easily lost, and how many a careful formula keeps (Blanchard, Higham & Higham 2021)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from graders.i18n import known
from graders.specs.row import Axes, Draw, Hostile, Limit

Array = NDArray[Any]
Args = Mapping[str, Any]

OVERFLOW = known("e^x overflows above 88 in float32 (709 in float64): arrange that no exponent is positive")
SHIFT = known("subtract each row's largest value before the exponential: the result is the same")
LOG_OF_SUM = known("never take the logarithm of a probability: subtract logsumexp from the logits instead")
EXPM1 = known("e^x - 1 and log(1 + x) lose a small x: np.expm1 and np.log1p do not")
TWO_PASS = known("the mean of squares less the square of the mean cancels: subtract the mean first")
SATURATED = known("a sigmoid written e^x / (1 + e^x) overflows: let no exponent be positive")
EPS_OUTSIDE = known("add eps to the root, not under it, and divide only then: tiny gradients keep their sizes")
LOG_SPACE = known("products of many probabilities underflow: add their logarithms, with logsumexp")


def both_ways(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Of every size from 1e-10 to 172, and of both signs: e^172 overflows float32, and its square float64."""
    values = np.asarray(10.0 ** rng.uniform(-10, np.log10(172), shape) * rng.choice((-1.0, 1.0), shape))
    values.flat[:2] = (172.0, -172.0)
    return values


def far_apart(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Rows of standard deviation 30, each about a centre of its own between -1000 and 1000."""
    return np.asarray(30 * rng.standard_normal(shape) + rng.uniform(-1000, 1000, (*shape[:-1], 1)))


def large(scale: float) -> Draw:
    """Normally distributed, of that standard deviation."""
    return lambda rng, shape, sizes: scale * rng.standard_normal(shape)


def off_centre(ratio: float) -> Draw:
    """Of standard deviation 1, and `ratio` away from 0."""
    return lambda rng, shape, sizes: rng.standard_normal(shape) + ratio


def unary(limit: Any, remedy: str) -> tuple[Hostile, ...]:
    """For an elementwise function of x."""
    return (Hostile({"N": 8, "D": 8}, {"x": both_ways}, limit, remedy),)


def relative(units: float) -> Any:
    """So many units of each right value."""
    return lambda args, wanted: units * np.abs(wanted)


def within(units: float) -> Limit:
    """So many units of each right value, or of 1 where that is less."""
    return lambda args, wanted: units * np.maximum(1, np.abs(wanted))


def improbable(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """In the first sample the last class is 60 above the others: no step underflows float32, paths without it do."""
    values = 3 * rng.standard_normal(shape)
    values[:1, :, -1] += 60
    return values


def first_label(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Class 1 over and over."""
    return np.ones(shape, np.int64)


def nothing(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """Zeros."""
    return np.zeros(shape)


def of_all_sizes(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> Array:
    """From 1e-30 to 1e3, of both signs."""
    return np.asarray(10.0 ** rng.uniform(-30, 3, shape) * rng.choice((-1.0, 1.0), shape))


# --- by row ---

ADAM = (Hostile({"D": 8, "M": 4}, {"params": nothing, "grads": of_all_sizes}, relative(256), EPS_OUTSIDE),)

SIGMOID = unary(lambda args, wanted: 4.0, OVERFLOW)
TANH = unary(relative(8), OVERFLOW)
SOFTPLUS = unary(relative(8), OVERFLOW)
ELU = unary(relative(4), EXPM1)
_ROWS: Axes = {"N": 6, "C": 7}


def _range(x: Array) -> Array:
    return np.asarray(x.max(-1, keepdims=True) - x.min(-1, keepdims=True))


SOFTMAX = (Hostile(_ROWS, {"x": far_apart}, lambda args, wanted: (16 + 4 * _range(args["x"])) * wanted, SHIFT),)
LOG_SOFTMAX = (
    Hostile(_ROWS, {"x": far_apart}, lambda args, wanted: 8 * np.maximum(1, np.abs(args["x"]).max()), LOG_OF_SUM),
)
LOGSUMEXP = (
    Hostile(_ROWS, {"x": far_apart}, lambda args, wanted: 8 * np.maximum(1, np.abs(args["x"]).max(-1)), SHIFT),
)
CROSS_ENTROPY = (
    Hostile(_ROWS, {"logits": large(50)}, lambda args, wanted: 16 * np.maximum(1, wanted), LOG_OF_SUM),
    Hostile(_ROWS, {"logits": far_apart}, lambda args, wanted: 16 * np.abs(args["logits"]).max(), LOG_OF_SUM),
)
BINARY_CROSS_ENTROPY = (
    Hostile({"N": 8}, {"logits": both_ways}, lambda args, wanted: 8 * np.abs(args["logits"]).mean(), OVERFLOW),
)
LAYER_NORM = (
    Hostile(
        {"N": 5, "D": 64},
        {"x": off_centre(100.0)},
        lambda args, wanted: 4 * (16 + 4 * 100) * np.maximum(1, np.abs(args["gamma"]).max()),
        TWO_PASS,
    ),
)
ADD_NORM = (
    Hostile(
        {"N": 2, "T": 3, "E": 64},
        {"x": off_centre(100.0)},
        lambda args, wanted: 4 * (16 + 4 * 100) * np.maximum(1, np.abs(args["gamma"]).max()),
        TWO_PASS,
    ),
)
STATISTICS = {"running_mean": within(64), "running_var": within(64)}
BATCH_NORM = (
    Hostile(
        {"N": 64, "D": 5},
        {"x": off_centre(100.0)},
        lambda args, wanted: 4 * (16 + 4 * 100) * np.maximum(1, np.abs(args["gamma"]).max()),
        TWO_PASS,
        others=STATISTICS,
    ),
)
BATCH_NORM2D = (
    Hostile(
        {"N": 8, "C": 3, "H": 3, "W": 3},
        {"x": off_centre(100.0)},
        lambda args, wanted: 4 * (16 + 4 * 100) * np.maximum(1, np.abs(args["gamma"]).max()),
        TWO_PASS,
        others=STATISTICS,
    ),
)
GATED_STEP = (Hostile({"N": 4, "D": 3, "H": 5}, {"x": large(100)}, lambda args, wanted: 2000.0, SATURATED),)
MEMORY_CELL = (
    Hostile(
        {"N": 4, "H": 6},
        dict.fromkeys(("z_i", "z_f", "z_o"), both_ways),
        lambda args, wanted: 64 * np.maximum(1, np.abs(args["c_prev"]).max()),
        SATURATED,
    ),
)
CTC = (
    Hostile(
        {"N": 2, "T": 5, "C": 3, "L": 2},
        {"logits": large(30)},
        within(64),
        LOG_SPACE,
    ),
    Hostile(
        {"N": 2, "T": 5, "C": 3, "L": 2},
        {"logits": improbable, "labels": first_label},
        within(64),
        LOG_SPACE,
    ),
)
ATTENTION = (
    Hostile(
        {"N": 2, "T": 4, "S": 5, "E": 4, "M": 3},
        {"q": large(20), "k": large(20)},
        lambda args, wanted: 32 + 8 * np.abs(args["q"]).max() * np.abs(args["k"]).max() * np.abs(args["v"]).max(),
        SHIFT,
    ),
)
NEXT_TOKEN = (
    Hostile(
        {"N": 3, "T": 4, "V": 6}, {"scores": large(50)}, lambda args, wanted: 16 * np.maximum(1, wanted), LOG_OF_SUM
    ),
)
DISCRIMINATOR = (
    Hostile(
        {"N": 8, "M": 8},
        {"real": both_ways, "fake": both_ways},
        lambda args, wanted: 8 * (np.abs(args["real"]).mean() + np.abs(args["fake"]).mean()),
        OVERFLOW,
    ),
)
GENERATOR = tuple(
    Hostile(
        {"N": 8}, {"fake": both_ways}, lambda args, wanted: 8 * np.abs(args["fake"]).mean(), OVERFLOW, {"kind": kind}
    )
    for kind in ("non-saturating", "minimax")
)
