"""Unit 08: convolutional networks (curriculum section 6: counts, LeNet-5, AlexNet, digits, the one-pixel attack)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from graders.i18n import _
from graders.sandbox.program import Argument, Call, Seed
from graders.specs.activations import relu
from graders.specs.convolution import conv2d, max_pool2d, mean_pool2d
from graders.specs.row import Arg, Axes, Outcome, Row, Task, TrainingRow, Trial

DIGITS = Path(__file__).resolve().parent.parent / "data" / "digits.txt"
"""1797 handwritten digits of 8 x 8 pixels from 0 to 16, base 17, row by row, and what they are. E. Alpaydin and
C. Kaynak 1998, Optical Recognition of Handwritten Digits (test part), UCI repository, CC BY 4.0."""

PLAIN: Mapping[str, Any] = {"stride": 1, "padding": 0, "flip": False}
POOL: Mapping[str, int] = {"kernel": 2, "stride": 2}


def conv_parameters(filters: int, channels: int, kernel: int, *, groups: int) -> Tensor:
    """Counted on the arrays themselves."""
    shape = (filters, channels // groups, kernel, kernel)
    return torch.tensor(int(np.prod(shape)) + filters)


def dense_parameters(channels: int, height: int, width: int, outputs: int) -> Tensor:
    """A matrix and a vector."""
    return torch.tensor(channels * height * width * outputs + outputs)


def conv_block_layers(blocks: int, convolutions: int, dense: int, *, pooling: int) -> Tensor:
    """Layer by layer."""
    layers = (["conv"] * convolutions + ["pool"] * pooling) * blocks + ["dense"] * dense
    return torch.tensor(len(layers))


def alexnet_sizes(size: int, classes: int, *, grouped: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Worked down the table of Krizhevsky et al. 2012, figure 2."""
    table = ((96, 11, 4, 2, 1, 3), (256, 5, 1, 2, 2, 96), (384, 3, 1, 1, 1, 256), (384, 3, 1, 1, 2, 384))
    outputs, parameters = [], []
    for layer, (filters, kernel, stride, pad, groups, seen) in enumerate((*table, (256, 3, 1, 1, 2, 384))):
        size = (size + 2 * pad - kernel) // stride + 1
        outputs.append(filters * size * size)
        parameters.append(filters * (seen // (groups if grouped else 1)) * kernel**2 + filters)
        if layer in (0, 1, 4):
            size = (size - 3) // 2 + 1
    for before, units in ((256 * size * size, 4096), (4096, 4096), (4096, classes)):
        outputs.append(units)
        parameters.append(before * units + units)
    return [torch.tensor(count) for count in outputs], [torch.tensor(count) for count in parameters]


TABLE_I = (
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
)
"""LeCun et al. 1998, table I: a row for each map of S2, a column for each of C3."""


def connection_mask(like: Tensor) -> Tensor:
    """Table I, turned."""
    table = torch.tensor([[mark == "X" for mark in row] for row in TABLE_I], dtype=like.dtype)
    return table.T[:, :, None, None]


def lenet_original(x: Tensor, params: list[Tensor]) -> Tensor:
    """C1 S2 C3 S4 C5 F6 output, tanh throughout."""
    w1, b1, w3, b3, w5, b5, w6, b6, w7, b7 = params
    s2 = mean_pool2d(torch.tanh(conv2d(x, w1, b1, **PLAIN)), **POOL)
    s4 = mean_pool2d(torch.tanh(conv2d(s2, w3 * connection_mask(w3), b3, **PLAIN)), **POOL)
    c5 = torch.tanh(s4.flatten(1) @ w5 + b5)
    return torch.tanh(c5 @ w6 + b6) @ w7 + b7


def lenet_keras(x: Tensor, params: list[Tensor]) -> Tensor:
    """One relu, the rest linear."""
    first = max_pool2d(relu(conv2d(x, *params[:2], **PLAIN)), **POOL)
    out = max_pool2d(conv2d(first, *params[2:4], **PLAIN), **POOL).flatten(1)
    for k in (4, 6, 8):
        out = out @ params[k] + params[k + 1]
    return out


def left_over(axes: Axes) -> int:
    """Height of what two narrow convolutions and two poolings leave."""
    return ((axes["H"] - axes["K"] + 1) // 2 - axes["K"] + 1) // 2


def original_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of lenet_original."""
    return lenet_shapes({**axes, "C": 1, "F": 6, "G": 16})


def lenet_shapes(axes: Axes) -> list[tuple[int, ...]]:
    """Of lenet_keras."""
    c, f, g, k, m, p, q = (axes[name] for name in "CFGKMPQ")
    flat = g * max(left_over(axes), 0) ** 2
    return [(f, c, k, k), (f,), (g, f, k, k), (g,), (flat, m), (m,), (m, p), (p,), (p, q), (q,)]


def leaves_something(sizes: Axes, options: Mapping[str, Any]) -> bool:
    """The images are large enough."""
    return left_over(sizes) >= 1


def change_pixels(image: Tensor, candidates: Tensor) -> Tensor:
    """Candidate after candidate, written into a copy."""
    images = []
    for candidate in candidates:
        changed = image.clone()
        row, column = int(candidate[0]), int(candidate[1])
        place = torch.zeros(image.shape[1:], dtype=torch.bool)
        place[row, column] = True
        changed = torch.where(place, candidate[2:, None, None], changed)
        images.append(changed)
    return torch.stack(images) if images else image[None][:0]


def evolve_candidates(candidates: Tensor, partners: Tensor, *, scale: float) -> Tensor:
    """x_a + F (x_b - x_c)."""
    a, b, c = (candidates[partners[:, k]] for k in range(3))
    return a + scale * (b - c)


def select_candidates(candidates: Tensor, children: Tensor, fitness: Tensor, child_fitness: Tensor) -> Tensor:
    """One by one."""
    pairs = zip(candidates, children, fitness.tolist(), child_fitness.tolist(), strict=True)
    return torch.stack([new if better < worse else old for old, new, worse, better in pairs])


def pixels(rng: Generator, shape: tuple[int, ...], sizes: Axes) -> NDArray[Any]:
    """A row, a column, and values."""
    values = rng.random(shape)
    values[:, 0] *= sizes["H"]
    values[:, 1] *= sizes["W"]
    return values


# --- digits ---

DIGITS_ALLOWED = 0.12
"""Share of wrong digits. The reference leaves .02 to .05; a linear classifier about .06; guessing .9."""


@functools.cache
def digits() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Images (1797, 1, 8, 8) from 0 to 1, and labels (1797,)."""
    lines = [line.split() for line in DIGITS.read_text(encoding="ascii").splitlines()]
    images = np.array([[int(pixel, 17) for pixel in line[0]] for line in lines], np.float64)
    return images.reshape(-1, 1, 8, 8) / 16, np.array([int(line[1]) for line in lines])


def digits_trial(rng: Generator) -> Trial:
    """1000 digits to learn and 400 to read; which number stands for which digit is drawn."""
    images, labels = digits()
    order = rng.permutation(len(images))
    train, test = order[:1000], order[1000:1400]
    names = rng.permutation(10)
    options: dict[str, Argument] = {"classes": 10, "rng": Seed(int(rng.integers(2**31)))}
    call = Call("train_digits", (images[train], names[labels[train]], images[test]), options, returns=2)
    return Trial((call,), functools.partial(judge_digits, labels=names[labels[test]]))


def judge_digits(values: tuple[Any, ...], labels: NDArray[np.int64]) -> Outcome:
    """Share of wrong digits."""
    predicted, history = values
    curve = None
    if isinstance(history, np.ndarray) and history.dtype.kind in "fiu":
        curve = np.asarray(history, np.float64).reshape(-1)
    outcome = functools.partial(Outcome, "test error", allowed=DIGITS_ALLOWED, curve=curve)
    if not isinstance(predicted, np.ndarray) or predicted.dtype.kind not in "iu" or predicted.shape != labels.shape:
        text = _("predicted: not an array of integers of shape {shape}").format(shape=labels.shape)
        return outcome(error=np.inf, broken=text)
    return outcome(error=float((predicted != labels).mean()))


COUNT: dict[str, Any] = {"kind": "function", "batch": "", "empty": ""}
LENET = {"N": (2, 3), "H": (10, 13), "K": (2, 3), "M": (2, 4), "P": (2, 3), "Q": (2, 4)}
IMAGE = Arg("image", "C H W")
KRIZHEVSKY = "Krizhevsky et al. 2012, section 3.5"
STORN = "Storn & Price 1997; Su et al. 2019"

ROWS: tuple[Task, ...] = (
    Row(
        "conv_parameters",
        (Arg("filters", "", "size F"), Arg("channels", "", "size C"), Arg("kernel", "", "size K")),
        conv_parameters,
        {"F": (2, 64), "C": (2, 64), "K": (2, 11)},
        outputs=("count",),
        options={"groups": (1, 2)},
        valid=lambda sizes, options: sizes["F"] % options["groups"] == 0 and sizes["C"] % options["groups"] == 0,
        convention="Weights F (C / groups) K^2, and F biases.",
        source="USTC slides, fewer parameters; Krizhevsky et al. 2012, for the groups",
        **COUNT,
    ),
    Row(
        "dense_parameters",
        tuple(
            Arg(name, "", f"size {axis}")
            for name, axis in (("channels", "C"), ("height", "H"), ("width", "W"), ("outputs", "M"))
        ),
        dense_parameters,
        {"C": (2, 4), "H": (2, 120), "W": (2, 120), "M": (2, 50)},
        outputs=("count",),
        convention="C H W weights and one bias for each neuron (the slides count the weights: 30,000).",
        source="USTC slides, fully connected against convolution",
        **COUNT,
    ),
    Row(
        "conv_block_layers",
        (Arg("blocks", "", "size N"), Arg("convolutions", "", "size M"), Arg("dense", "", "size K")),
        conv_block_layers,
        {"N": (2, 9), "M": (2, 5), "K": (2, 3)},
        outputs=("count",),
        options={"pooling": (1, 0)},
        convention="N (M + b) + K.",
        source="USTC slides, the structure of convolutional networks",
        **COUNT,
    ),
    Row(
        "alexnet_sizes",
        (Arg("size", "", "size S"), Arg("classes", "", "size C")),
        alexnet_sizes,
        {"S": (63, 260), "C": (2, 1000)},
        outputs=("outputs", "parameters"),
        options={"grouped": (True, False)},
        valid=lambda sizes, options: sizes["S"] >= 63,
        convention="Outputs before pooling; padding 2 in the first layer, so that 224 gives 55.",
        source=f"{KRIZHEVSKY} and figure 2",
        **COUNT,
    ),
    Row(
        "connection_mask",
        (Arg("like", "16 6 K L"),),
        connection_mask,
        {"K": (2, 4), "L": (2, 4)},
        outputs=("mask",),
        convention="(16, 6, 1, 1), filters first; ones and zeros in the dtype of the argument.",
        source="LeCun et al. 1998, table I",
        **COUNT,
    ),
    Row(
        "lenet_original",
        (Arg("x", "N 1 H H"), Arg("params", original_shapes)),
        lenet_original,
        LENET,
        outputs=("scores",),
        valid=leaves_something,
        patterns=("normal", "wide"),
        workload={"N": 16, "H": 12, "K": 3, "M": 6, "P": 3, "Q": 12},
        convention="tanh; means for pooling; C3 by its table, unconnected weights with gradient 0; affine output.",
        source="LeCun et al. 1998, section II.B",
    ),
    Row(
        "lenet_keras",
        (Arg("x", "N C H H"), Arg("params", lenet_shapes)),
        lenet_keras,
        {**LENET, "C": (2, 3), "F": (2, 3), "G": (2, 3)},
        outputs=("scores",),
        valid=leaves_something,
        patterns=("normal", "wide"),
        workload={"N": 16, "H": 12, "K": 3, "M": 6, "P": 3, "Q": 12, "C": 1, "F": 24, "G": 16},
        convention="relu after the first convolution only; maximum pooling; before softmax.",
        source="USTC slides, LeNet in Keras",
    ),
    TrainingRow(
        "train_digits",
        ("predicted", "history"),
        digits_trial,
        trials=1,
        convention="Any network; at most 12 % of 400 digits wrong after learning from 1000.",
        source="USTC slides, digits; Alpaydin & Kaynak 1998 for the data",
    ),
    Row(
        "change_pixels",
        (IMAGE, Arg("candidates", "P 2+C", pixels, differentiable=False)),
        change_pixels,
        {"C": (2, 3), "H": (2, 5), "W": (2, 5), "P": (2, 5)},
        kind="function",
        outputs=("images",),
        batch="",
        empty="P",
        convention="A candidate is (row, column, value of each channel); row and column are rounded down.",
        source="Su et al. 2019, section III; Tsinghua slides",
    ),
    Row(
        "evolve_candidates",
        (Arg("candidates", "P K"), Arg("partners", "P 3", "labels P", differentiable=False)),
        evolve_candidates,
        {"P": (3, 6), "K": (2, 5)},
        kind="function",
        outputs=("children",),
        options={"scale": (0.5, 0.8)},
        batch="",
        empty="",
        convention="x_a + F (x_b - x_c); no crossover.",
        source=STORN,
    ),
    Row(
        "select_candidates",
        (Arg("candidates", "P K"), Arg("children", "P K"), Arg("fitness", "P"), Arg("child_fitness", "P")),
        select_candidates,
        {"P": (3, 6), "K": (2, 5)},
        kind="function",
        outputs=("survivors",),
        batch="P",
        empty="",
        convention="A child survives if it is better, that is less; in a tie the parent does.",
        source=STORN,
    ),
)
