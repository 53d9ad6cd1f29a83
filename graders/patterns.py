"""Wrong tensors that follow from the right one: a factor, a sign, an axis, results swapped, another order of gates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.oracle import evaluate, leaves
from graders.properties.base import Item
from graders.specs.row import Row

Array = NDArray[Any]


@dataclass(frozen=True)
class Tensor:
    """An output or gradient, or an array of it where it is a list."""

    name: str
    index: int = 0

    @classmethod
    def labelled(cls, label: str) -> Tensor:
        """From what findings call it: "dw" or "dweights[1]"."""
        name, _bracket, index = label.partition("[")
        return cls(name, int(index[:-1]) if index[:-1].isdigit() else 0)

    def right(self, item: Item) -> Array | None:
        """What the oracle says it is; None when the oracle says nothing of it."""
        tree = item.expected.values.everything.get(self.name)
        arrays = [] if tree is None else leaves(tree)
        return arrays[self.index] if self.index < len(arrays) else None


@dataclass(frozen=True)
class Pattern:
    """What a mistake would make of a tensor. text: the mistake, in words. make: None where it makes no sense."""

    text: str
    make: Callable[[Item, Tensor, Array], Array | None]


def patterns(row: Row, tensor: Tensor) -> Iterator[Pattern]:
    """Those that a tensor of the row can show, the most specific first."""
    yield Pattern(_("it is zero everywhere"), lambda item, tensor, right: np.zeros_like(right))
    yield Pattern(_("the sign is wrong"), lambda item, tensor, right: -right)
    for axis in row.axes:
        yield Pattern(_("it is {axis} times too large").format(axis=axis), _times(axis))
        yield Pattern(_("it is divided by {axis} once too often").format(axis=axis), _over(axis))
    yield Pattern(_("it is twice too large"), lambda item, tensor, right: 2 * right)
    yield Pattern(_("a factor 2 is missing"), lambda item, tensor, right: right / 2)
    yield Pattern(_("it is transposed"), _transposed)
    for name in (*row.outputs, *row.gradients):
        if name != tensor.name:
            yield Pattern(_("it is {name}: two results are swapped").format(name=name), _other(name))
    for number, name in enumerate(row.differentiated):
        text = _("it is the upstream gradient d{name} itself, unchanged").format(name=name)
        yield Pattern(text, _upstream(number))
    for along in range(3):
        yield Pattern(_("it is in reverse order along axis {axis}").format(axis=along), _reversed(along))
        yield Pattern(_("it comes one step too late along axis {axis}").format(axis=along), _shifted(along, 1))
        yield Pattern(_("it comes one step too early along axis {axis}").format(axis=along), _shifted(along, -1))
    yield from _gate_orders(row)


def _times(axis: str) -> Callable[[Item, Tensor, Array], Array]:
    return lambda item, tensor, right: right * item.case.sizes.get(axis, 1)


def _over(axis: str) -> Callable[[Item, Tensor, Array], Array]:
    return lambda item, tensor, right: right / max(item.case.sizes.get(axis, 1), 1)


def _transposed(item: Item, tensor: Tensor, right: Array) -> Array | None:
    return right.T if right.ndim == 2 and right.shape[0] == right.shape[1] else None


def _other(name: str) -> Callable[[Item, Tensor, Array], Array | None]:
    return lambda item, tensor, right: Tensor(name, tensor.index).right(item)


def _upstream(number: int) -> Callable[[Item, Tensor, Array], Array | None]:
    return lambda item, tensor, right: item.douts[number] if number < len(item.douts) else None


def _reversed(axis: int) -> Callable[[Item, Tensor, Array], Array | None]:
    return lambda item, tensor, right: np.flip(right, axis) if axis < right.ndim else None


def _shifted(axis: int, by: int) -> Callable[[Item, Tensor, Array], Array | None]:
    def make(item: Item, tensor: Tensor, right: Array) -> Array | None:
        if axis >= right.ndim or not right.shape[axis]:
            return None
        moved = np.roll(right, by, axis)
        edge = 0 if by > 0 else -1
        moved[(slice(None),) * axis + (edge,)] = 0
        return moved

    return make


def _gate_orders(row: Row) -> Iterator[Pattern]:
    """Another order of the blocks of the weights' last axis."""
    for count in (3, 4):
        stacked = [
            arg.name for arg in row.args if isinstance(arg.axes, str) and arg.axes.split()[-1:] == [f"{count}*H"]
        ]
        if stacked:
            for order in itertools.islice(itertools.permutations(range(count)), 1, None):
                shown = ", ".join(str(block + 1) for block in order)
                text = _("the gates' blocks of the weights are taken in the order {order}").format(order=shown)
                yield Pattern(text, _gates(stacked, order))


def _gates(stacked: list[str], order: tuple[int, ...]) -> Callable[[Item, Tensor, Array], Array | None]:
    back = tuple(int(place) for place in np.argsort(order))

    def permuted(array: Array, order: tuple[int, ...]) -> Array:
        return np.concatenate([np.split(array, len(order), axis=-1)[block] for block in order], axis=-1)

    def make(item: Item, tensor: Tensor, right: Array) -> Array | None:
        args = {name: permuted(value, order) if name in stacked else value for name, value in item.args.items()}
        tree = evaluate(item.row, args, item.options, item.douts).everything[tensor.name]
        array = leaves(tree)[tensor.index]
        return permuted(array, back) if tensor.name.removeprefix("d") in stacked else array

    return make
