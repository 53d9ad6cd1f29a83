"""Training tasks: T draws the problem, the submission trains, T evaluates what came back."""

from __future__ import annotations

import csv
import functools
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.sandbox.program import Argument, Call, Seed
from graders.specs.row import Outcome, TrainingRow, Trial

Floats = NDArray[np.float64]

IRIS = Path(__file__).resolve().parent.parent / "data" / "iris.csv"
"""Fisher's measurements of 1936 (50 flowers of each of three species, in cm); facts, in the public domain."""


def sigmoid(z: Floats) -> Floats:
    """The logistic function; tanh cannot overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * z)))


def forward(x: Floats, weights: list[Floats], biases: list[Floats]) -> Floats:
    """The sigmoid network of the unit."""
    for w, b in zip(weights, biases, strict=True):
        x = sigmoid(x @ w + b)
    return x


def mean_cost(a: Floats, y: Floats) -> float:
    """Mean over the samples of 1/2 |a - y|^2."""
    return float(0.5 * ((a - y) ** 2).sum(-1).mean())


def as_floats(values: Any) -> list[Floats] | None:
    """The arrays of a list output in float64, None when one is missing or not numeric."""
    if not isinstance(values, list) or any(v is None or v.dtype.kind not in "fiu" for v in values):
        return None
    return [np.asarray(value, np.float64) for value in values]


def misshapen(names: str, arrays: list[Floats] | None, shapes: Sequence[tuple[int, ...]]) -> str:
    """What is wrong with the shapes of returned parameters, "" when nothing is."""
    if arrays is None:
        return _("{names}: not arrays of numbers").format(names=names)
    got = [array.shape for array in arrays]
    if got != shapes:
        return _("{names}: shapes {got}, but should be {wanted}").format(names=names, got=got, wanted=[*shapes])
    finite = all(np.isfinite(array).all() for array in arrays)
    return "" if finite else _("{names}: not all values are finite").format(names=names)


# --- algorithm 4.1 ---

SIZES = (2, 8, 1)
SAMPLES, NOISE = 60, 0.15
"""Few and noisy enough to overfit: patience must run out, or nobody could tell who keeps the best parameters."""
SETTINGS: Mapping[str, float] = {"lr": 3.0, "l2": 0.0, "batch_size": 10, "epochs": 400, "patience": 20}
LEFT = 0.5
"""Share of the validation error of a constant prediction that may be left, in the mean over the trials. Six
initialisers, N(0, 1) to N(0, .01^2), Glorot's and He's, left .09 to .18 in the mean and .27 at worst."""


def network_trial(rng: np.random.Generator) -> Trial:
    """Learn a smooth function of two inputs, drawn by rotating and shifting one bump and one slope."""
    angle, shift = rng.uniform(0, 2 * np.pi), rng.uniform(-0.5, 0.5, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    x = rng.uniform(-1.5, 1.5, (SAMPLES + 100, 2))
    u = (x - shift) @ turn
    y = 0.15 + 0.5 * sigmoid(4 * u[:, :1]) + 0.25 * np.exp(-2 * u[:, 1:] ** 2)
    x_train, x_val, y_val = x[:SAMPLES], x[SAMPLES:], y[SAMPLES:]
    y_train = y[:SAMPLES] + NOISE * rng.standard_normal((SAMPLES, 1))
    constant = mean_cost(np.broadcast_to(y_train.mean(0), y_val.shape), y_val)

    def evaluate(values: tuple[Any, ...]) -> Outcome:
        return judge_network(values, x_val, y_val, LEFT * constant)

    options: dict[str, Argument] = {**SETTINGS, "rng": Seed(int(rng.integers(2**31)))}
    call = Call("train_network", (x_train, y_train, x_val, y_val, SIZES), options, returns=3)
    return Trial((call,), evaluate)


def judge_network(values: tuple[Any, ...], x_val: Floats, y_val: Floats, allowed: float) -> Outcome:
    """The returned parameters' validation error, and whether they are those of the best epoch."""
    weights, biases = as_floats(values[0]), as_floats(values[1])
    histories = as_floats([values[2]])
    curve = histories[0].reshape(-1) if histories else None
    outcome = functools.partial(Outcome, "validation error", allowed=allowed, curve=curve)
    shapes: list[tuple[int, ...]] = list(itertools.pairwise(SIZES))
    broken = misshapen("weights", weights, shapes) or misshapen("biases", biases, [(n,) for n in SIZES[1:]])
    if broken or weights is None or biases is None:
        return outcome(error=np.inf, broken=broken)
    error = mean_cost(forward(x_val, weights, biases), y_val)
    return outcome(error=error, broken=history_broken(curve, error))


def history_broken(curve: Floats | None, error: float) -> str:
    """Why a history cannot be that of algorithm 4.1, "" when it can."""
    epochs, patience = int(SETTINGS["epochs"]), int(SETTINGS["patience"])
    if curve is None or not 1 <= curve.size <= epochs or not np.isfinite(curve).all():
        return _("history: not between 1 and {epochs} finite validation errors, one an epoch").format(epochs=epochs)
    best = int(curve.argmin())
    if abs(error - curve[best]) > SAME * max(error, curve[best]):
        text = _(
            "the parameters returned have validation error {error}, but history's best epoch, {best}, has {least}: "
            "return the parameters of the best epoch"
        )
        return text.format(error=f"{error:.6g}", best=best, least=f"{curve[best]:.6g}")
    stop = min(best + patience, epochs - 1)
    if curve.size != stop + 1:
        text = _(
            "training ran for {ran} epochs, but with the best at epoch {best} and patience {patience} "
            "it should end after {stop}"
        )
        return text.format(ran=curve.size, best=best, patience=patience, stop=stop + 1)
    return ""


SAME = 1e-4
"""Relative difference at which two validation errors are the same: parameters trained in float32 pass. Between
best and last epoch the runs above differed by 9e-4 at least."""


# --- iris 4-6-3 ---

IRIS_SHAPES = [(4, 6), (6,), (6, 3), (3,)]
IRIS_ALLOWED = 0.15
"""Mean test error over the trials. Honest training reaches 0.02 to 0.06, guessing 0.67."""


@functools.cache
def iris() -> tuple[Floats, NDArray[np.int64]]:
    """Features (150, 4) in cm and labels (150,), 50 flowers a class in order."""
    with IRIS.open(encoding="ascii", newline="") as file:
        rows = list(csv.reader(file))[1:]
    species = sorted({row[4] for row in rows})
    labels = np.array([species.index(row[4]) for row in rows], np.int64)
    return np.array([[float(cell) for cell in row[:4]] for row in rows]), labels


def iris_trial(rng: np.random.Generator) -> Trial:
    """40 flowers of each class to train and 10 to test; features standardised and rotated, labels permuted."""
    features, labels = iris()
    order = np.concatenate([50 * c + rng.permutation(50) for c in range(3)]).reshape(3, 50)
    train, test = rng.permutation(order[:, :40].ravel()), order[:, 40:].ravel()
    mean, sd = features[train].mean(0), features[train].std(0)
    rotation = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    x = ((features - mean) / sd) @ rotation
    y = rng.permutation(3)[labels]

    def evaluate(values: tuple[Any, ...]) -> Outcome:
        return judge_iris(values, x[test], y[test])

    options = {"rng": Seed(int(rng.integers(2**31)))}
    return Trial((Call("train_iris", (x[train], y[train]), options, returns=5),), evaluate)


def judge_iris(values: tuple[Any, ...], x: Floats, labels: NDArray[np.int64]) -> Outcome:
    """Test error of the 4-6-3 network with the returned parameters."""
    arrays, histories = as_floats(list(values[:4])), as_floats([values[4]])
    curve = histories[0].reshape(-1) if histories else None
    outcome = functools.partial(Outcome, "test error", allowed=IRIS_ALLOWED, curve=curve)
    broken = misshapen("w1, b1, w2, b2", arrays, IRIS_SHAPES)
    if broken or arrays is None:
        return outcome(error=np.inf, broken=broken)
    w1, b1, w2, b2 = arrays
    predicted = (sigmoid(x @ w1 + b1) @ w2 + b2).argmax(-1)
    return outcome(error=float((predicted != labels).mean()))


train_network = TrainingRow(
    "train_network",
    ("weights", "biases", "history"),
    network_trial,
    trials=3,
    convention="Algorithm 4.1 with mini-batches; history holds every epoch's validation error, mean of 1/2 |a - y|^2.",
    source="USTC slides, algorithm 4.1; Goodfellow et al. 2016, algorithms 8.1 and 7.1",
)
train_iris = TrainingRow(
    "train_iris",
    ("w1", "b1", "w2", "b2", "history"),
    iris_trial,
    convention="4-6-3: sigmoid hidden, softmax out, cross-entropy; features come standardised and rotated.",
    source="UCAS slides, the iris example; Fisher 1936",
)
