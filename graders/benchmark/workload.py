"""What is timed: one row's arguments at three sizes, and the same work in torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[Any]
Sizes = Mapping[str, int]
Draw = Callable[[Generator, tuple[int, ...], Sizes], Any]
SIZES = ("small", "medium", "large")


@dataclass(frozen=True)
class Input:
    """One argument of the row's function.

    axes: names of sizes, products as "4*H"; or, for a list of arrays, a function from sizes to their shapes.
    draw: from a generator, a shape and the sizes to the values; standard normal by default.
    differentiable: whether the backward returns its gradient.
    transposed: torch stores its matrices with their axes in reverse, as nn.Linear does.
    """

    name: str
    axes: str | Callable[[Sizes], list[tuple[int, ...]]]
    draw: Draw | None = None
    differentiable: bool = True
    transposed: bool = False


@dataclass(frozen=True)
class TorchSide:
    """The same work, ready to run.

    call: the forward, from nothing to outputs. leaves: the tensors whose gradients are asked for.
    in_our_order: from those gradients to the ones that our backward returns.
    """

    call: Callable[[], Any]
    leaves: Sequence[Tensor]
    in_our_order: Callable[[Sequence[Tensor]], Sequence[Tensor]]


Build = Callable[[Sequence[Any], Mapping[str, Any]], TorchSide]
"""From tensors, in the order of the inputs and in torch's layout, and options to torch's side."""


@dataclass(frozen=True)
class Workload:
    """A row and its counterpart: forward and backward of both.

    row: the task's name; variant: of the counterpart, "fused", where there are several.
    counterpart: as it is called in torch, for the table.
    sizes: of the axes, small, medium and large. options: keywords of ours.
    """

    row: str
    counterpart: str
    inputs: tuple[Input, ...]
    sizes: Mapping[str, tuple[int, int, int]]
    build: Build
    options: Mapping[str, Any] = field(default_factory=dict)
    constants: int = 0
    variant: str = ""

    @property
    def name(self) -> str:
        """The row, and the variant where it has several."""
        return f"{self.row} ({self.variant})" if self.variant else self.row

    def at(self, size: str) -> dict[str, int]:
        """The sizes of the axes."""
        return {axis: values[SIZES.index(size)] for axis, values in self.sizes.items()}


@dataclass(frozen=True)
class Optimiser:
    """An optimiser and its counterpart: one update of all parameters by both. slots: numbers kept a parameter."""

    row: str
    variant: str
    counterpart: str
    make: Callable[[list[Tensor]], torch.optim.Optimizer]
    options: Mapping[str, Any]
    slots: int

    @property
    def name(self) -> str:
        """The row and the variant."""
        return f"{self.row} ({self.variant})"


@dataclass(frozen=True)
class Dropout:
    """Dropout, which draws its own mask: torch's does, so ours is timed with the drawing of `keep`."""

    row: str
    counterpart: str
    share: float
    variant: str = ""

    @property
    def name(self) -> str:
        """The row."""
        return self.row


Entry = Workload | Optimiser | Dropout


# --- drawing ---


def shape_of(axes: str, sizes: Sizes) -> tuple[int, ...]:
    """(3, 8) of "N 4*H" for N = 3 and H = 2."""
    return tuple(math.prod(sizes.get(part) or int(part) for part in axis.split("*")) for axis in axes.split())


def normal(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Standard normal, float32."""
    return rng.standard_normal(shape, dtype=np.float32)


def draw(given: Input, rng: Generator, sizes: Sizes) -> Any:
    """The argument's values: float32, or integers and masks as its `draw` makes them."""
    make = given.draw or normal
    if callable(given.axes):
        return [make(rng, shape, sizes) for shape in given.axes(sizes)]
    return make(rng, shape_of(given.axes, sizes), sizes)


def fan_in(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Weights: normal over the root of what a unit sums up, so that activations stay of size 1."""
    terms = shape[0] if len(shape) == 2 else math.prod(shape[1:])
    return rng.standard_normal(shape, dtype=np.float32) / np.float32(math.sqrt(max(terms, 1)))


def mixed(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Matrices as weights, vectors near 1: what the layers of a Transformer hold."""
    if len(shape) >= 2:
        return fan_in(rng, shape, sizes)
    return 1 + rng.standard_normal(shape, dtype=np.float32) / 10


def positive(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Between 0.5 and 1.5."""
    return rng.random(shape, dtype=np.float32) + np.float32(0.5)


def below(axis: str) -> Draw:
    """Integers from 0 to below the size of an axis."""
    return lambda rng, shape, sizes: rng.integers(0, sizes[axis], shape)


def between(least: str, most: str) -> Draw:
    """Lengths that leave room for a blank beside every label: from twice one size up to another."""
    return lambda rng, shape, sizes: rng.integers(2 * sizes[least] + 1, sizes[most] + 1, shape)


def unit(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """In [0, 1)."""
    return rng.random(shape, dtype=np.float32)


def signs(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """-1 or 1."""
    return (2 * rng.integers(0, 2, shape) - 1).astype(np.float32)


def distribution(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Rows that sum to 1."""
    values = rng.random(shape, dtype=np.float32) + np.float32(0.1)
    return np.asarray(values / values.sum(-1, keepdims=True))


def log_distribution(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """Logarithms of rows that sum to 1."""
    return np.log(distribution(rng, shape, sizes))


def everywhere(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """True: everybody may look everywhere."""
    return np.ones(shape, dtype=bool)


def causal(rng: Generator, shape: tuple[int, ...], sizes: Sizes) -> Array:
    """True up to the diagonal, for every sample."""
    return np.broadcast_to(np.tril(np.ones(shape[-2:], dtype=bool)), shape).copy()


# --- torch's side ---


def leaves_of(tensors: Sequence[Any]) -> list[Tensor]:
    """Tensors in lists and tuples, one after another."""
    return [
        leaf for tensor in tensors for leaf in (leaves_of(tensor) if isinstance(tensor, list | tuple) else [tensor])
    ]


def functional(call: Callable[..., Any]) -> Callable[[tuple[Input, ...]], Build]:
    """A torch side that is one function of the tensors: gradients come in our order, transposed back."""

    def of(inputs: tuple[Input, ...]) -> Build:
        def build(tensors: Sequence[Any], options: Mapping[str, Any]) -> TorchSide:
            wanted = [
                (leaf, given.transposed and leaf.ndim == 2)
                for given, tensor in zip(inputs, tensors, strict=True)
                if given.differentiable
                for leaf in leaves_of([tensor])
            ]

            def ordered(grads: Sequence[Tensor]) -> list[Tensor]:
                return [
                    grad.transpose(0, 1) if turned else grad for grad, (_, turned) in zip(grads, wanted, strict=True)
                ]

            return TorchSide(lambda: call(*tensors), [leaf for leaf, _ in wanted], ordered)

        return build

    return of
