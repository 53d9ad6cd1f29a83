"""Unit 13: generative adversarial networks (curriculum section 10)."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.i18n import _
from graders.sandbox.program import Argument, Call, Seed
from graders.specs import hostile
from graders.specs.activations import softplus
from graders.specs.row import Arg, Axes, Outcome, Row, Task, TrainingRow, Trial


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """-mean log D(real) - mean log(1 - D(fake)), from logits."""
    return softplus(-real).mean() + softplus(fake).mean()


def generator_loss(fake: Tensor, *, kind: str) -> Tensor:
    """Mean log(1 - D), or -mean log D."""
    return softplus(-fake).mean() if kind == "non-saturating" else -softplus(fake).mean()


def game_value(d_real: Tensor, d_fake: Tensor) -> Tensor:
    """V(G, D)."""
    return torch.log(d_real).mean() + torch.log(1 - d_fake).mean()


def optimal_discriminator(p_data: Tensor, p_model: Tensor) -> Tensor:
    """Point by point."""
    total = p_data + p_model
    return torch.where(total > 0, p_data / torch.where(total > 0, total, torch.ones_like(total)), 0.5)


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """The sum of p log p - p log q where p is more than 0."""
    safe = torch.where(p > 0, p, torch.ones_like(p))
    return (p * torch.log(safe / torch.where(p > 0, q, torch.ones_like(q)))).sum()


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Through the mean of the two."""
    middle = 0.5 * (p + q)
    return 0.5 * (kl_divergence(p, middle) + kl_divergence(q, middle))


def generator_criterion(p_data: Tensor, p_model: Tensor) -> Tensor:
    """The value of the game against the best discriminator, from the definition."""
    d = optimal_discriminator(p_data, p_model)
    zero = torch.zeros_like(d)
    real = torch.where(p_data > 0, p_data * torch.log(torch.where(p_data > 0, d, zero + 1)), zero)
    fake = torch.where(p_model > 0, p_model * torch.log(torch.where(p_model > 0, 1 - d, zero + 1)), zero)
    return (real + fake).sum()


def distribution(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Probabilities, a few of them 0."""
    weights = rng.random(shape) * (rng.random(shape) < 0.8)
    weights[:1] += 0.1
    return np.asarray(weights / max(weights.sum(), 1e-300))


def positive(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Probabilities, none of them 0."""
    weights = rng.random(shape) + 0.05
    return np.asarray(weights / max(weights.sum(), 1e-300))


# --- alternate training ---

GAN_ALLOWED = 0.3
"""Wasserstein distance over the data's standard deviation, in the mean over the trials. The reference leaves .06 to
.19 (16 draws, mean .12); a normal distribution of the right mean and spread .32 to .43; the data themselves .03."""
COUNT = 2000


def gan_trial(rng: Generator) -> Trial:
    """A mixture of two normal distributions, far enough apart that one does not do for both."""
    centres = np.array([rng.uniform(-4, -1), rng.uniform(1, 4)])
    spreads, share = rng.uniform(0.3, 0.7, 2), rng.uniform(0.35, 0.65)

    def draw(count: int) -> NDArray[np.float64]:
        which = (rng.random(count) < share).astype(int)
        return np.asarray(centres[which] + spreads[which] * rng.standard_normal(count))

    data, test = draw(COUNT), draw(COUNT)
    options: dict[str, Argument] = {"samples": COUNT, "rng": Seed(int(rng.integers(2**31)))}
    return Trial((Call("train_gan", (data,), options, returns=2),), functools.partial(judge_gan, test=test))


def judge_gan(values: tuple[Any, ...], test: NDArray[np.float64]) -> Outcome:
    """Wasserstein-1 distance between what was drawn and fresh data, over the data's standard deviation."""
    drawn, history = values
    curve = None
    if isinstance(history, np.ndarray) and history.dtype.kind in "fiu":
        curve = np.asarray(history, np.float64).reshape(-1)
    outcome = functools.partial(Outcome, "distance to the data", allowed=GAN_ALLOWED, curve=curve)
    if not isinstance(drawn, np.ndarray) or drawn.dtype.kind not in "fiu" or drawn.shape != test.shape:
        text = _("drawn: not an array of numbers of shape {shape}").format(shape=test.shape)
        return outcome(error=np.inf, broken=text)
    if not np.isfinite(drawn).all():
        return outcome(error=np.inf, broken=_("drawn: not all values are finite"))
    distance = np.abs(np.sort(drawn) - np.sort(test)).mean() / test.std()
    return outcome(error=float(distance))


GOODFELLOW = "Goodfellow et al. 2014"
GRID: dict[str, Any] = {"axes": {"G": (2, 9)}, "kind": "function", "batch": "", "empty": ""}

ROWS: tuple[Task, ...] = (
    Row(
        "game_value",
        (Arg("d_real", "N", "open unit"), Arg("d_fake", "M", "open unit")),
        game_value,
        {"N": (2, 7), "M": (2, 7)},
        kind="function",
        outputs=("value",),
        batch="",
        empty="",
        convention="From probabilities; means, not sums.",
        source=f"{GOODFELLOW}, equation 1; Beihang slides",
    ),
    Row(
        "discriminator_loss",
        (Arg("real", "N"), Arg("fake", "M")),
        discriminator_loss,
        {"N": (2, 7), "M": (2, 7)},
        outputs=("loss",),
        batch="",
        empty="",
        hostile=hostile.DISCRIMINATOR,
        workload={"N": 16384, "M": 16384},
        convention="From logits; minus the value of the game.",
        source=f"{GOODFELLOW}, equation 1",
    ),
    Row(
        "generator_loss",
        (Arg("fake", "N"),),
        generator_loss,
        {"N": (2, 7)},
        outputs=("loss",),
        options={"kind": ("non-saturating", "minimax")},
        batch="",
        empty="",
        hostile=hostile.GENERATOR,
        workload={"N": 32768},
        convention="From logits; both are minimised.",
        source=f"{GOODFELLOW}, equation 1 and section 3",
    ),
    Row(
        "optimal_discriminator",
        (Arg("p_data", "G", distribution), Arg("p_model", "G", distribution)),
        optimal_discriminator,
        outputs=("d",),
        convention="1/2 where both are 0.",
        source=f"{GOODFELLOW}, proposition 1",
        **GRID,
    ),
    Row(
        "kl_divergence",
        (Arg("p", "G", distribution), Arg("q", "G", positive)),
        kl_divergence,
        outputs=("divergence",),
        examples=({"p": [0.5, 0.5, 0.0], "q": [0.25, 0.75, 0.0]},),
        convention="In nats; 0 log 0 = 0.",
        source="Kullback & Leibler 1951; Goodfellow et al. 2016, equation 3.50",
        **GRID,
    ),
    Row(
        "js_divergence",
        (Arg("p", "G", distribution), Arg("q", "G", distribution)),
        js_divergence,
        outputs=("divergence",),
        convention="In nats, from 0 to log 2.",
        source=f"Lin 1991; {GOODFELLOW}, equation 6",
        **GRID,
    ),
    Row(
        "generator_criterion",
        (Arg("p_data", "G", distribution), Arg("p_model", "G", distribution)),
        generator_criterion,
        outputs=("value",),
        convention="-log 4 + 2 JS.",
        source=f"{GOODFELLOW}, theorem 1",
        **GRID,
    ),
    TrainingRow(
        "train_gan",
        ("drawn", "history"),
        gan_trial,
        trials=3,
        convention="Any networks; judged by the Wasserstein distance of what is drawn.",
        source=f"{GOODFELLOW}, algorithm 1; Beihang slides",
    ),
)
