"""Unit 03: the chain rule, back-propagation, and training a network (curriculum section 3)."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from graders.specs.activations import sigmoid
from graders.specs.row import Arg, Axes, Row, Task
from graders.specs.training import train_iris, train_network

VECTOR = {"N": (2, 7)}
LAYER = {"N": (2, 6), "D": (2, 7), "M": (2, 5)}
NETWORK = {"N": (2, 5), "D": (2, 4), "H": (2, 4), "M": (2, 4), "L": (1, 4)}


def widths(axes: Axes) -> list[int]:
    """Layer sizes n_0 ... n_L of a network with L layers: D, H, H + 1, ..., M, so that neighbours differ."""
    return [axes["D"], *(axes["H"] + layer for layer in range(axes["L"] - 1)), axes["M"]]


def weight_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """(n_{l-1}, n_l) for every layer."""
    sizes = widths(axes)
    return list(itertools.pairwise(sizes))


def bias_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """(n_l,) for every layer."""
    return [(size,) for size in widths(axes)[1:]]


def network(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> Tensor:
    """Affine, sigmoid, layer after layer."""
    a = x
    for w, b in zip(weights, biases, strict=True):
        a = sigmoid(a @ w + b)
    return a


def output_delta(a: Tensor, y: Tensor) -> Tensor:
    """The derivative of 1/2 |a - y|^2 with respect to z, where a = sigmoid(z) and da/dz = a (1 - a)."""
    return (a - y) * (a * (1 - a))


def hidden_delta(delta_next: Tensor, w_next: Tensor, a: Tensor) -> Tensor:
    """The error term one layer down: delta_next w_next^T, times the slope of the sigmoid."""
    return (delta_next @ w_next.T) * (a * (1 - a))


def network_deltas(x: Tensor, y: Tensor, weights: list[Tensor], biases: list[Tensor]) -> list[Tensor]:
    """dC/dz^l of every layer by autograd, C = 1/2 |a^L - y|^2 summed over the samples."""
    with torch.enable_grad():
        zs: list[Tensor] = []
        a = x
        for w, b in zip(weights, biases, strict=True):
            zs.append((a @ w + b).detach().requires_grad_() if not zs else a @ w + b)
            a = sigmoid(zs[-1])
        cost = 0.5 * ((a - y) ** 2).sum()
        return list(torch.autograd.grad(cost, zs))


def network_step(
    x: Tensor, y: Tensor, weights: list[Tensor], biases: list[Tensor], *, lr: float, l2: float
) -> tuple[list[Tensor], list[Tensor]]:
    """One gradient descent step on the mean cost plus l2/2 times the squared weights, by autograd."""
    with torch.enable_grad():
        weights = [w.detach().requires_grad_() for w in weights]
        biases = [b.detach().requires_grad_() for b in biases]
        cost = 0.5 * ((network(x, weights, biases) - y) ** 2).sum() / len(x)
        cost = cost + 0.5 * l2 * torch.stack([(w * w).sum() for w in weights]).sum()
        grads = torch.autograd.grad(cost, [*weights, *biases])
    stepped = [p.detach() - lr * g for p, g in zip([*weights, *biases], grads, strict=True)]
    return stepped[: len(weights)], stepped[len(weights) :]


def early_stopping(errors: Tensor, *, patience: int) -> tuple[Tensor, Tensor]:
    """The epoch whose parameters are kept and the epoch after which training ends, by following the rule."""
    best = stop = 0
    for epoch in range(len(errors)):
        stop = epoch
        if errors[epoch] < errors[best]:
            best = epoch
        elif epoch - best >= patience:
            break
    return torch.tensor(best), torch.tensor(stop)


X = Arg("x", "N D")
WEIGHTS, BIASES = Arg("weights", weight_shapes), Arg("biases", bias_shapes)
UNIT_RANGE = "open unit"
CONVENTION = "Sigmoid in every layer; weights[l] is (n_{l-1}, n_l), biases[l] is (n_l,)."
SOURCE = "Rumelhart et al. 1986; Goodfellow et al. 2016, algorithms 6.3-6.4"

S1_NETWORK: dict[str, Any] = {
    "x": [[1.0, -1.0], [0.0, 0.0]],
    "weights": [[[1.0, -1.0], [-2.0, 1.0]], [[2.0, -2.0], [-1.0, -1.0]], [[3.0, -1.0], [-1.0, 4.0]]],
    "biases": [[1.0, 0.0], [0.0, 0.0], [-2.0, 2.0]],
}
"""The USTC slides' fixed network, transposed to our rows; its outputs round to .62, .83 and .51, .85."""

ROWS: tuple[Task, ...] = (
    Row(
        "chain",
        (Arg("x", "N"),),
        lambda x: torch.sin(x**2),
        VECTOR,
        outputs=("y",),
        convention="u = x^2, y = sin u, elementwise.",
        source="UCAS slides, the chain rule in one variable",
    ),
    Row(
        "chain_inputs",
        (Arg("x", "N"), Arg("w", "N")),
        lambda x, w: torch.sin(x * w),
        VECTOR,
        outputs=("y",),
        convention="z = x w, y = sin z, elementwise.",
        source="UCAS slides, the chain rule with several inputs",
    ),
    Row(
        "chain_paths",
        (Arg("s", "N"),),
        lambda s: s**2 * torch.sin(s),
        VECTOR,
        outputs=("z",),
        convention="x = s^2, y = sin s, z = x y: the derivative sums over both paths.",
        source="UCAS slides, the chain rule over several paths",
    ),
    Row(
        "affine",
        (X, Arg("w", "D M"), Arg("b", "M")),
        lambda x, w, b: x @ w + b,
        LAYER,
        workload={"N": 64, "D": 256, "M": 128},
        convention="out = x w + b with w (D, M); torch.nn.Linear stores (M, D).",
        source="Goodfellow et al. 2016, section 6.5",
    ),
    Row(
        "output_delta",
        (Arg("a", "N M", UNIT_RANGE), Arg("y", "N M", "unit")),
        output_delta,
        {"N": (2, 6), "M": (2, 5)},
        kind="function",
        outputs=("delta",),
        workload={"N": 256, "M": 128},
        convention="C = 1/2 |a - y|^2 a sample, a = sigmoid(z); not averaged over samples.",
        source="USTC slides, the error term of the last layer; Nielsen 2015, eq. BP1",
    ),
    Row(
        "hidden_delta",
        (Arg("delta_next", "N M"), Arg("w_next", "H M"), Arg("a", "N H", UNIT_RANGE)),
        hidden_delta,
        {"N": (2, 6), "M": (2, 5), "H": (2, 6)},
        kind="function",
        outputs=("delta",),
        workload={"N": 64, "M": 256, "H": 256},
        convention="a = sigmoid(z) of this layer; w_next is (H, M), rows are samples.",
        source="USTC slides, the error term; Nielsen 2015, eq. BP2",
    ),
    Row(
        "network",
        (X, WEIGHTS, BIASES),
        network,
        NETWORK,
        outputs=("a",),
        workload={"N": 64, "D": 128, "H": 128, "M": 32, "L": 3},
        convention=CONVENTION,
        examples=(S1_NETWORK,),
        source=SOURCE,
    ),
    Row(
        "network_deltas",
        (X, Arg("y", "N M", "unit"), WEIGHTS, BIASES),
        network_deltas,
        NETWORK,
        kind="function",
        outputs=("deltas",),
        workload={"N": 64, "D": 128, "H": 128, "M": 32, "L": 3},
        convention=CONVENTION + " C = 1/2 |a^L - y|^2 a sample, not averaged.",
        source=SOURCE,
    ),
    Row(
        "network_step",
        (X, Arg("y", "N M", "unit"), WEIGHTS, BIASES),
        network_step,
        NETWORK,
        kind="function",
        outputs=("weights", "biases"),
        options={"lr": (0.5, 2.0), "l2": (0.1, 0.0, 1.0)},
        batch="",
        empty="",
        workload={"N": 64, "D": 128, "H": 128, "M": 32, "L": 3},
        convention=CONVENTION + " J = mean cost + l2/2 times the squared weights; biases are not decayed.",
        source="USTC slides, algorithm 4.1 (the slide before it subtracts lambda W without the step size)",
    ),
    Row(
        "early_stopping",
        (Arg("errors", "T", "errors"),),
        early_stopping,
        {"T": (2, 12)},
        kind="function",
        outputs=("best_epoch", "stop_epoch"),
        options={"patience": (2, 1, 3)},
        batch="",
        empty="",
        convention="Strict improvement counts; the first of equal minima is the best; epochs count from 0.",
        source="USTC slides, algorithm 4.1; Goodfellow et al. 2016, algorithm 7.1",
    ),
    train_network,
    train_iris,
)
