"""Unit 06: initialisation, vanishing gradients, dropout, normalisation, residual networks (curriculum section 5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.specs import hostile
from graders.specs.activations import relu, sigmoid
from graders.specs.backprop import BIASES, NETWORK, WEIGHTS
from graders.specs.row import Arg, Axes, Row, Task

EPS = (1e-5, 1e-3, 0.1)
CENTRED = ("normal", "integers", "sparse", "scaled", "wide")
"""Patterns under which no variance is 0 everywhere."""


def initial_scale(fan_in: int, fan_out: int, *, rule: str) -> Tensor:
    """The square root of the rule's variance."""
    variance = {"xavier": 2 / (fan_in + fan_out), "he": 2 / fan_in, "lecun": 1 / fan_in}[rule]
    return torch.tensor(variance, dtype=torch.float64).sqrt()


def learning_speeds(x: Tensor, y: Tensor, weights: list[Tensor], biases: list[Tensor], *, activation: str) -> Tensor:
    """Norms of dC/dz^l by autograd, C = 1/2 |a^L - y|^2 summed over the samples."""
    with torch.enable_grad():
        zs: list[Tensor] = []
        a = x
        for w, b in zip(weights, biases, strict=True):
            zs.append((a @ w + b).detach().requires_grad_() if not zs else a @ w + b)
            a = sigmoid(zs[-1]) if activation == "sigmoid" else relu(zs[-1])
        deltas = torch.autograd.grad(0.5 * ((a - y) ** 2).sum(), zs)
    return torch.stack([(delta**2).sum().sqrt() for delta in deltas])


def dropout(x: Tensor, keep: Tensor, *, p_drop: float, training: bool) -> Tensor:
    """X / (1 - p) where kept; x itself at test time."""
    return torch.where(keep, x / (1 - p_drop), torch.zeros_like(x)) if training else x * 1


def bernoulli_dropout(x: Tensor, mask: Tensor, *, p_keep: float, training: bool) -> Tensor:
    """M x, and p x at test time."""
    return x * mask if training else p_keep * x


def masked_ensemble(x: Tensor, w: Tensor, b: Tensor, masks: Tensor) -> Tensor:
    """Network by network, then the mean."""
    return torch.stack([sigmoid((x * mask) @ w + b) for mask in masks]).mean(0)


def augment_images(x: Tensor, flip: Tensor, shift: Tensor) -> Tensor:
    """Image by image, pixel rows and columns copied to where they go."""
    height, width = x.shape[2:]
    out = []
    for image, mirrored, (down, right) in zip(x, flip.tolist(), shift.tolist(), strict=True):
        image = image.flip(2) if mirrored else image
        padded = torch.nn.functional.pad(image, (width, width, height, height))
        top, left = height - max(-height, min(height, down)), width - max(-width, min(width, right))
        out.append(padded[:, top : top + height, left : left + width])
    return torch.stack(out) if out else x


def batch_norm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    *,
    eps: float,
    momentum: float,
    training: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Over all axes but the second; biased variance throughout (Ioffe & Szegedy 2015, algorithm 1)."""
    axes = [axis for axis in range(x.dim()) if axis != 1]
    along = (1, -1, *[1] * (x.dim() - 2))
    mean, var = running_mean, running_var
    if training:
        mean = x.mean(axes)
        var = ((x - mean.reshape(along)) ** 2).mean(axes)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * var
    normal = (x - mean.reshape(along)) / torch.sqrt(var.reshape(along) + eps)
    return gamma.reshape(along) * normal + beta.reshape(along), running_mean, running_var


def layer_norm(x: Tensor, gamma: Tensor, beta: Tensor, *, eps: float) -> Tensor:
    """Over the last axis."""
    centred = x - x.mean(-1, keepdim=True)
    return gamma * centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps) + beta


def rms_norm(x: Tensor, gamma: Tensor, *, eps: float) -> Tensor:
    """By the root mean square."""
    return gamma * x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps)


def group_norm(x: Tensor, gamma: Tensor, beta: Tensor, *, groups: int, eps: float) -> Tensor:
    """Group after group."""
    out = []
    for part in x.chunk(groups, 1):
        centred = part - part.mean((1, 2, 3), keepdim=True)
        out.append(centred / torch.sqrt((centred**2).mean((1, 2, 3), keepdim=True) + eps))
    return gamma[:, None, None] * torch.cat(out, 1) + beta[:, None, None]


def residual_block(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    """X + relu(x w1 + b1) w2 + b2."""
    return x + relu(x @ w1 + b1) @ w2 + b2


def residual_stack(x: Tensor, w1: list[Tensor], b1: list[Tensor], w2: list[Tensor], b2: list[Tensor]) -> Tensor:
    """Block after block."""
    for block in zip(w1, b1, w2, b2, strict=True):
        x = residual_block(x, *block)
    return x


def variances(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """Positive, about 1."""
    return rng.uniform(0.5, 2.0, shape)


def zeros_and_ones(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """A mask as the slides have it, of numbers."""
    return np.asarray(rng.random(shape) < 0.6, np.float64)


def small_moves(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """By up to three pixels, which may be all there are."""
    return rng.integers(-3, 4, shape)


def at_a_kink(args: Any) -> bool:
    """A pre-activation within rounding of 0, where the slope of relu is anybody's choice."""
    z = args["x"] @ args["w1"] + args["b1"]
    return bool((np.abs(z) < 1e-12).any())


FEATURES = (Arg("gamma", "D"), Arg("beta", "D"))
CHANNELS = (Arg("gamma", "C"), Arg("beta", "C"))
MOMENTA = {"eps": EPS, "momentum": (0.1, 0.5), "training": (True, False)}
IMAGES = {"N": (2, 4), "C": (2, 4), "H": (2, 3), "W": (2, 3)}
IOFFE = "Ioffe & Szegedy 2015, algorithm 1; Beihang slides"


def running(axis: str) -> tuple[Arg, Arg]:
    """The statistics so far, which have no gradient."""
    mean = Arg("running_mean", axis, differentiable=False)
    return mean, Arg("running_var", axis, variances, differentiable=False)


ROWS: tuple[Task, ...] = (
    Row(
        "initial_scale",
        (Arg("fan_in", "", "size I"), Arg("fan_out", "", "size O")),
        initial_scale,
        {"I": (2, 200), "O": (2, 200)},
        kind="function",
        outputs=("sigma",),
        options={"rule": ("he", "xavier", "lecun")},
        batch="",
        empty="",
        convention="The standard deviation, not the variance and not the bound of a uniform distribution.",
        source="Glorot & Bengio 2010, equation 12; He et al. 2015, equation 10",
    ),
    Row(
        "learning_speeds",
        (Arg("x", "N D"), Arg("y", "N M", "unit"), WEIGHTS, BIASES),
        learning_speeds,
        NETWORK,
        kind="function",
        outputs=("speeds",),
        options={"activation": ("sigmoid", "relu")},
        batch="",
        empty="",
        patterns=("normal", "wide"),
        convention="Frobenius norms of delta^l = dC/dz^l, C = 1/2 |a^L - y|^2 summed over the samples.",
        source="Beihang slides, vanishing gradients; Nielsen 2015, chapter 5",
    ),
    Row(
        "dropout",
        (Arg("x", "N D"), Arg("keep", "N D", "keep", differentiable=False)),
        dropout,
        {"N": (2, 6), "D": (2, 7)},
        options={"p_drop": (0.5, 0.2, 0.0), "training": (True, False)},
        workload={"N": 256, "D": 256},
        convention="Inverted: x / (1 - p_drop) where kept; x itself at test time. p_drop is dropped.",
        source="Srivastava et al. 2014, section 10",
    ),
    Row(
        "bernoulli_dropout",
        (Arg("x", "N D"), Arg("mask", "N D", zeros_and_ones, differentiable=False)),
        bernoulli_dropout,
        {"N": (2, 6), "D": (2, 7)},
        options={"p_keep": (0.5, 0.8), "training": (True, False)},
        workload={"N": 256, "D": 256},
        convention="mask x in training, p_keep x at test time. p_keep is kept.",
        source="Srivastava et al. 2014, section 4; USTC slides",
    ),
    Row(
        "masked_ensemble",
        (Arg("x", "N D"), Arg("w", "D"), Arg("b", ""), Arg("masks", "S D", zeros_and_ones, differentiable=False)),
        masked_ensemble,
        {"N": (2, 5), "D": (2, 5), "S": (2, 6)},
        kind="function",
        outputs=("mean",),
        workload={"N": 128, "D": 128, "S": 64},
        convention="The mean over the masks of sigmoid((m x) w + b).",
        source="USTC slides, dropout as an ensemble",
    ),
    Row(
        "augment_images",
        (
            Arg("x", "N C H W"),
            Arg("flip", "N", "keep", differentiable=False),
            Arg("shift", "N 2", small_moves, differentiable=False),
        ),
        augment_images,
        {"N": (2, 4), "C": (2, 3), "H": (2, 5), "W": (2, 5)},
        kind="function",
        workload={"N": 64, "C": 3, "H": 12, "W": 12},
        convention="Mirrored left to right first, then moved down and to the right; zeros come in.",
        source="Krizhevsky et al. 2012, section 4.1; USTC slides",
    ),
    Row(
        "batch_norm",
        (Arg("x", "N D"), *FEATURES, *running("D")),
        batch_norm,
        {"N": (3, 6), "D": (2, 5)},
        outputs=("out", "running_mean", "running_var"),
        constants=("running_mean", "running_var"),
        options=MOMENTA,
        batch="",
        empty="",
        patterns=CENTRED,
        hostile=hostile.BATCH_NORM,
        workload={"N": 128, "D": 256},
        convention="Biased variance in both places (torch's running variance is unbiased); eps inside the root.",
        source=IOFFE,
    ),
    Row(
        "batch_norm2d",
        (Arg("x", "N C H W"), *CHANNELS, *running("C")),
        batch_norm,
        IMAGES,
        outputs=("out", "running_mean", "running_var"),
        constants=("running_mean", "running_var"),
        options=MOMENTA,
        batch="",
        empty="",
        patterns=CENTRED,
        hostile=hostile.BATCH_NORM2D,
        workload={"N": 16, "C": 16, "H": 12, "W": 12},
        convention="Each channel over samples and pixels; otherwise as batch_norm.",
        source="Ioffe & Szegedy 2015, section 3.2",
    ),
    Row(
        "layer_norm",
        (Arg("x", "N D"), *FEATURES),
        layer_norm,
        {"N": (2, 5), "D": (3, 6)},
        options={"eps": EPS},
        patterns=CENTRED,
        hostile=hostile.LAYER_NORM,
        workload={"N": 128, "D": 256},
        convention="Each sample over its features; biased variance, eps inside the root.",
        source="Ba et al. 2016, equation 4",
    ),
    Row(
        "rms_norm",
        (Arg("x", "N D"), Arg("gamma", "D")),
        rms_norm,
        {"N": (2, 5), "D": (3, 6)},
        options={"eps": EPS},
        patterns=CENTRED,
        workload={"N": 128, "D": 256},
        convention="No mean is subtracted and nothing is added; eps inside the root.",
        source="Zhang & Sennrich 2019, equation 4",
    ),
    Row(
        "group_norm",
        (Arg("x", "N 2*C H W"), Arg("gamma", "2*C"), Arg("beta", "2*C")),
        group_norm,
        {"N": (2, 3), "C": (2, 3), "H": (2, 3), "W": (2, 3)},
        options={"groups": (2, 1), "eps": EPS},
        patterns=CENTRED,
        hostile=hostile.BATCH_NORM2D,
        workload={"N": 48, "C": 4, "H": 6, "W": 6},
        convention="Groups of neighbouring channels with all their pixels; biased variance, eps inside the root.",
        source="Wu & He 2018, equations 1-2",
    ),
    Row(
        "residual_block",
        (Arg("x", "N D"), Arg("w1", "D H"), Arg("b1", "H"), Arg("w2", "H D"), Arg("b2", "D")),
        residual_block,
        {"N": (2, 5), "D": (2, 5), "H": (2, 6)},
        outputs=("y",),
        kinks=at_a_kink,
        patterns=("normal", "scaled", "wide"),
        workload={"N": 64, "D": 128, "H": 128},
        convention="y = x + relu(x w1 + b1) w2 + b2; nothing after the sum.",
        source="He et al. 2016; Beihang slides",
    ),
    Row(
        "residual_stack",
        (
            Arg("x", "N D"),
            Arg("w1", lambda axes: [(axes["D"], axes["H"])] * axes["L"]),
            Arg("b1", lambda axes: [(axes["H"],)] * axes["L"]),
            Arg("w2", lambda axes: [(axes["H"], axes["D"])] * axes["L"]),
            Arg("b2", lambda axes: [(axes["D"],)] * axes["L"]),
        ),
        residual_stack,
        {"N": (2, 4), "D": (2, 4), "H": (2, 4), "L": (1, 3)},
        outputs=("y",),
        patterns=("normal", "wide"),
        workload={"N": 32, "D": 64, "H": 64, "L": 4},
        convention="Blocks one after another; lists in, lists out.",
        source="He et al. 2016b, equations 3-5; Beihang slides",
    ),
)
