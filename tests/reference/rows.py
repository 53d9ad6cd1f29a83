"""Every pair of the reference beside the textbook formula of its forward, written in torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch

REDUCTIONS = ("mean", "sum", "none")


@dataclass(frozen=True)
class Pair:
    """One pair: where it is, how its forward reads in torch, and what to call it with.

    inputs: from a Generator and N, the arguments: arrays, or lists of arrays. The first `differentiable` of
        them have a gradient.
    """

    module: str
    name: str
    formula: Callable[..., torch.Tensor]
    inputs: Callable[[np.random.Generator, int], list[Any]]
    differentiable: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """`squared_loss reduction=sum`, as pytest prints it."""
        return " ".join([self.name, *(f"{name}={value}" for name, value in self.options.items())])

    def forward(self, *args: Any) -> tuple[Any, Any]:
        """Call the reference's forward with the row's options."""
        return self._function("forward")(*args, **self.options)

    def backward(self, dout: Any, cache: Any) -> list[Any]:
        """Call the reference's backward; always a list, one gradient a differentiable argument."""
        gradients = self._function("backward")(dout, cache)
        return list(gradients) if isinstance(gradients, tuple) else [gradients]

    def _function(self, direction: str) -> Callable[..., Any]:
        return getattr(importlib.import_module(f"reference.{self.module}"), f"{self.name}_{direction}")


def each(function: Callable[[Any], Any], value: Any) -> Any:
    """`function` of an array, or of each array in a list."""
    return [function(item) for item in value] if isinstance(value, list) else function(value)


def flat(values: list[Any]) -> list[Any]:
    """Arrays and lists of arrays as one list of arrays."""
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def normal(*axes: int) -> Callable[[np.random.Generator, int], list[Any]]:
    """One standard normal array of (N, *axes)."""
    return lambda rng, n: [rng.standard_normal((n, *axes))]


def distributions(rng: np.random.Generator, n: int, classes: int = 4) -> np.ndarray:
    """(N, C), a distribution in each row, one of them one-hot."""
    rows = rng.dirichlet(np.ones(classes), size=n).reshape(n, classes)
    rows[:1] = np.eye(classes)[1]
    return rows


def reduced(losses: torch.Tensor, reduction: str) -> torch.Tensor:
    """The reductions in torch."""
    return {"mean": torch.mean, "sum": torch.sum, "none": torch.clone}[reduction](losses)


def loss(
    module: str,
    name: str,
    losses: Callable[..., torch.Tensor],
    inputs: Callable[[np.random.Generator, int], list[Any]],
    **options: Any,
) -> list[Pair]:
    """The three rows of a loss, one a reduction, from its formula for each sample."""

    def formula(*args: Any, reduction: str, **rest: Any) -> torch.Tensor:
        return reduced(losses(*args, **rest), reduction)

    return [
        Pair(module, name, formula, inputs, options={**options, "reduction": reduction}) for reduction in REDUCTIONS
    ]


def multiclass_hinge(scores: torch.Tensor, labels: torch.Tensor, margin: float) -> torch.Tensor:
    """Summed in a loop over the classes, as the definition reads."""
    true = scores.gather(1, labels[:, None])[:, 0]
    total = torch.zeros_like(true)
    for j in range(scores.shape[1]):
        total = total + torch.where(labels == j, 0.0, torch.clamp(scores[:, j] - true + margin, min=0))
    return total


def network(x: torch.Tensor, weights: list[torch.Tensor], biases: list[torch.Tensor]) -> torch.Tensor:
    """Layer by layer."""
    for w, b in zip(weights, biases, strict=True):
        x = torch.sigmoid(x @ w + b)
    return x


def network_inputs(rng: np.random.Generator, n: int) -> list[Any]:
    """A 3-5-4-2 network and N samples."""
    sizes = (3, 5, 4, 2)
    weights = [rng.standard_normal(fans) for fans in pairwise(sizes)]
    return [rng.standard_normal((n, 3)), weights, [rng.standard_normal(size) for size in sizes[1:]]]


PAIRS = (
    Pair("activations", "sigmoid", torch.sigmoid, normal(3)),
    Pair("activations", "tanh", torch.tanh, normal(3)),
    Pair("activations", "softplus", lambda x: torch.log(1 + torch.exp(x)), normal(3)),
    Pair("rectifiers", "relu", torch.relu, normal(3)),
    Pair(
        "rectifiers",
        "leaky_relu",
        lambda x, gamma: torch.where(x > 0, x, gamma * x),
        normal(3),
        options={"gamma": 0.2},
    ),
    Pair(
        "rectifiers",
        "prelu",
        lambda x, gamma: torch.where(x > 0, x, gamma * x),
        lambda rng, n: [rng.standard_normal((n, 3)), rng.standard_normal(3)],
        differentiable=2,
    ),
    Pair(
        "rectifiers",
        "elu",
        lambda x, gamma: torch.where(x > 0, x, gamma * (torch.exp(x) - 1)),
        normal(3),
        options={"gamma": 1.7},
    ),
    Pair(
        "neuron",
        "neuron",
        lambda x, w, b: torch.sigmoid((x * w).sum(1) + b),
        lambda rng, n: [rng.standard_normal((n, 3)), rng.standard_normal(3), rng.standard_normal(())],
        differentiable=3,
    ),
    Pair(
        "neuron",
        "maxout",
        lambda x, w, b: torch.amax(torch.einsum("nd,kdm->knm", x, w) + b[:, None], 0),
        lambda rng, n: [
            rng.standard_normal((n, 3)),
            rng.standard_normal((4, 3, 2)),
            rng.standard_normal((4, 2)),
        ],
        differentiable=3,
    ),
    Pair("softmax", "softmax", lambda x: torch.exp(x) / torch.exp(x).sum(1, keepdim=True), normal(4)),
    Pair("softmax", "log_softmax", lambda x: x - torch.log(torch.exp(x).sum(1, keepdim=True)), normal(4)),
    Pair("softmax", "logsumexp", lambda x: torch.log(torch.exp(x).sum(1)), normal(4)),
    *loss(
        "regression_losses",
        "squared_loss",
        lambda pred, target: ((pred - target) ** 2).sum(1),
        lambda rng, n: [rng.standard_normal((n, 3)), rng.standard_normal((n, 3))],
    ),
    *loss(
        "regression_losses",
        "absolute_loss",
        lambda pred, target: torch.abs(pred - target).sum(1),
        lambda rng, n: [rng.standard_normal((n, 3)), rng.standard_normal((n, 3))],
    ),
    *loss(
        "classification_losses",
        "nll_loss",
        lambda log_probs, labels: -log_probs.gather(1, labels[:, None])[:, 0],
        lambda rng, n: [rng.standard_normal((n, 4)), rng.integers(0, 4, n)],
    ),
    *loss(
        "classification_losses",
        "cross_entropy",
        lambda logits, labels: torch.logsumexp(logits, 1) - logits.gather(1, labels[:, None])[:, 0],
        lambda rng, n: [rng.standard_normal((n, 4)), rng.integers(0, 4, n)],
    ),
    *loss(
        "classification_losses",
        "soft_cross_entropy",
        lambda logits, targets: -(targets * torch.log(torch.softmax(logits, 1))).sum(1),
        lambda rng, n: [rng.standard_normal((n, 4)), distributions(rng, n)],
    ),
    *loss(
        "classification_losses",
        "cross_entropy_from_probs",
        lambda probs, targets: -(targets * torch.log(probs)).sum(1),
        lambda rng, n: [rng.dirichlet(np.ones(4), size=n).reshape(n, 4), distributions(rng, n)],
    ),
    *loss(
        "classification_losses",
        "binary_cross_entropy",
        lambda logits, targets: (
            -targets * torch.log(torch.sigmoid(logits)) - (1 - targets) * torch.log(torch.sigmoid(-logits))
        ),
        lambda rng, n: [rng.standard_normal(n), rng.uniform(0, 1, n)],
    ),
    *loss(
        "margin_losses",
        "hinge_loss",
        lambda scores, signs: torch.clamp(1 - signs * scores, min=0),
        lambda rng, n: [2 * rng.standard_normal(n), rng.choice([-1.0, 1.0], n)],
    ),
    *loss(
        "margin_losses",
        "multiclass_hinge_loss",
        multiclass_hinge,
        lambda rng, n: [2 * rng.standard_normal((n, 4)), rng.integers(0, 4, n)],
        margin=0.7,
    ),
    *loss(
        "margin_losses",
        "exponential_loss",
        lambda scores, signs: torch.exp(-signs * scores),
        lambda rng, n: [rng.standard_normal(n), rng.choice([-1.0, 1.0], n)],
    ),
    Pair(
        "objective",
        "regularised_objective",
        lambda losses, weights, l2: losses.sum() + l2 / 2 * sum((w * w).sum() for w in weights),
        lambda rng, n: [rng.standard_normal(n), [rng.standard_normal((3, 4)), rng.standard_normal((4, 2))]],
        differentiable=2,
        options={"l2": 0.3},
    ),
    Pair("chain_rule", "chain", lambda x: torch.sin(x**2), normal()),
    Pair(
        "chain_rule",
        "chain_inputs",
        lambda x, w: torch.sin(x * w),
        lambda rng, n: [rng.standard_normal(n), rng.standard_normal(n)],
        differentiable=2,
    ),
    Pair("chain_rule", "chain_paths", lambda s: s**2 * torch.sin(s), normal()),
    Pair(
        "affine",
        "affine",
        lambda x, w, b: torch.einsum("nd,dm->nm", x, w) + b,
        lambda rng, n: [rng.standard_normal((n, 3)), rng.standard_normal((3, 2)), rng.standard_normal(2)],
        differentiable=3,
    ),
    Pair("network", "network", network, network_inputs, differentiable=3),
)
