"""Both sides of an entry at one size, on one device, from the same numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from graders.benchmark import sources
from graders.benchmark.clock import Work
from graders.benchmark.workload import SIZES, Dropout, Entry, Optimiser, Workload, draw, leaves_of, positive, shape_of

Values = list[Any]
STEPS = 3
"""Updates of an optimiser after which the parameters are compared."""
PARAMETERS = (
    [(64, 32), (32,), (32, 10), (10,)],
    [(784, 256), (256,), (256, 256), (256,), (256, 10), (10,)],
    [(2048, 1024), (1024,), (1024, 2048), (2048,), (2048, 1024), (1024,), (1024, 1024), (1024,)],
)
"""Those of an optimiser, small, medium and large: 2 thousand, 270 thousand, 7.3 million numbers."""
DROPPED = {"N": (32, 256, 2048), "D": (32, 512, 2048)}


@dataclass(frozen=True)
class Side:
    """work: forward and backward once. values: what they give, for the comparison; None where it is random."""

    work: Work
    values: Callable[[], Values]


@dataclass(frozen=True)
class Sides:
    """Both. moved: bytes of what is read and written at least, every argument and result counted once a pass."""

    ours: Side
    theirs: Side
    moved: int = 0


def on_device(value: Any, device: str) -> Any:
    """Arrays, in lists too, as tensors there; all else as it is."""
    if isinstance(value, list):
        return [on_device(item, device) for item in value]
    return torch.tensor(value, device=device) if isinstance(value, np.ndarray) else value


def prepare(entry: Entry, size: str, functions: sources.Functions, rng: Generator, device: str | None = None) -> Sides:
    """The entry at a size. With a device our side computes on its tensors, else on NumPy's arrays."""
    if isinstance(entry, Optimiser):
        return _optimiser(entry, size, functions, rng, device)
    if isinstance(entry, Dropout):
        return _dropout(entry, size, functions, rng, device)
    return _workload(entry, size, functions, rng, device)


def _workload(entry: Workload, size: str, functions: sources.Functions, rng: Generator, device: str | None) -> Sides:
    sizes = entry.at(size)
    arrays = [draw(given, rng, sizes) for given in entry.inputs]
    tensors = [
        _leaf(value, given.transposed, given.differentiable, device or "cpu")
        for given, value in zip(entry.inputs, arrays, strict=True)
    ]
    side = entry.build(tensors, entry.options)
    if not side.leaves:
        return _forward_only(entry, arrays if device is None else on_device(arrays, device), side.call, functions)
    with torch.no_grad():
        outputs = leaves_of([side.call()])
    douts = [rng.standard_normal(out.shape, dtype=np.float32) if out.ndim else np.float32(1) for out in outputs]
    upstream = [torch.tensor(dout, device=device or "cpu") for dout in douts]
    theirs = _theirs(side.call, side.leaves, side.in_our_order, upstream)
    once = _bytes([*arrays, *douts])
    grads = _bytes([a for given, a in zip(entry.inputs, arrays, strict=True) if given.differentiable])
    # Read: the arguments, in the forward and in the backward, and dout; written: the results and the gradients.
    given = arrays if device is None else on_device(arrays, device)
    above: list[Any] = douts if device is None else list(upstream)
    return Sides(_ours(entry, given, above, functions), theirs, _bytes(arrays) + once + _bytes(douts) + grads)


def _bytes(arrays: Sequence[Any]) -> int:
    return sum(array.nbytes for array in leaves_of(arrays) if hasattr(array, "nbytes"))


def _leaf(value: Any, transposed: bool, differentiable: bool, device: str) -> Any:
    if isinstance(value, list):
        return [_leaf(item, transposed, differentiable, device) for item in value]
    if not isinstance(value, np.ndarray | np.generic):
        return value
    turned = value.T if transposed and value.ndim == 2 else value
    tensor = torch.tensor(np.ascontiguousarray(turned), device=device).reshape(np.shape(turned))
    return tensor.requires_grad_(differentiable and tensor.is_floating_point())


def _theirs(
    call: Callable[[], Any],
    leaves: Sequence[Tensor],
    in_our_order: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    douts: Sequence[Tensor],
) -> Side:
    def both() -> tuple[Any, Any]:
        out = call()
        outputs = (out,) if isinstance(out, Tensor) else out
        # a gradient that torch gives as a view of stride 0 is written out, as `.grad` would have it, and as ours is
        return outputs, [grad.contiguous() for grad in torch.autograd.grad(outputs, leaves, douts)]

    def values() -> Values:
        outputs, grads = both()
        return [*outputs, *in_our_order(grads)]

    return Side(both, values)


def _ours(entry: Workload, arrays: list[Any], douts: list[Any], functions: sources.Functions) -> Side:
    forward, backward = functions[f"{entry.row}_forward"], functions[f"{entry.row}_backward"]
    options, outputs = entry.options, len(douts)

    def both() -> tuple[Any, Any]:
        *outs, cache = forward(*arrays, **options)
        return outs, backward(*douts, cache)

    def values() -> Values:
        outs, grads = both()
        return [*outs[:outputs], *leaves_of([grads])]

    return Side(both, values)


def _forward_only(entry: Workload, arrays: list[Any], call: Callable[[], Any], functions: sources.Functions) -> Sides:
    function = functions[entry.row]

    def run() -> Any:
        return function(*arrays, **entry.options)

    return Sides(
        Side(run, lambda: leaves_of([run()])),
        Side(call, lambda: leaves_of([call()])),
        _bytes(arrays) + _bytes([as_array(value) for value in leaves_of([call()])]),
    )


def _optimiser(entry: Optimiser, size: str, functions: sources.Functions, rng: Generator, device: str | None) -> Sides:
    shapes = PARAMETERS[SIZES.index(size)]
    params, grads = ([rng.standard_normal(shape, dtype=np.float32) for shape in shapes] for _ in range(2))
    init, update = functions[f"{entry.row}_init"], functions[f"{entry.row}_update"]
    tensors = [torch.tensor(p, device=device or "cpu", requires_grad=True) for p in params]
    for tensor, grad in zip(tensors, grads, strict=True):
        tensor.grad = torch.tensor(grad, device=device or "cpu")
    optimiser = entry.make(tensors)
    ours = params if device is None else on_device(params, device)
    given = grads if device is None else on_device(grads, device)
    holder: list[Any] = [ours, init(ours)]

    def step() -> None:
        holder[:] = update(holder[0], given, holder[1], **entry.options)

    def after(work: Work, result: Callable[[], Values]) -> Callable[[], Values]:
        def values() -> Values:
            for _ in range(STEPS):
                work()
            return [copy.deepcopy(value) for value in result()]

        return values

    return Sides(
        Side(step, after(step, lambda: holder[0])),
        Side(optimiser.step, after(optimiser.step, lambda: [tensor.detach() for tensor in tensors])),
        # Read: parameters, gradients and state; written: parameters and state.
        _bytes(params) * (3 + 2 * entry.slots),
    )


def _dropout(entry: Dropout, size: str, functions: sources.Functions, rng: Generator, device: str | None) -> Sides:
    sizes = {axis: values[SIZES.index(size)] for axis, values in DROPPED.items()}
    x, dout = (positive(rng, shape_of("N D", sizes), sizes) for _ in range(2))
    forward, backward = functions["dropout_forward"], functions["dropout_backward"]
    keep_mask = functions.get("keep_mask")
    tensor = torch.tensor(x, device=device or "cpu", requires_grad=True)
    upstream = torch.tensor(dout, device=device or "cpu")
    given, back = (x, dout) if device is None else (tensor.detach(), upstream)

    def mask() -> Any:
        if device is not None:
            return torch.rand(given.shape, device=device) >= entry.share
        return keep_mask(rng, x.shape, p_drop=entry.share) if keep_mask else rng.random(x.shape) >= entry.share

    def ours() -> tuple[Any, Any]:
        out, cache = forward(given, mask(), p_drop=entry.share)
        return out, backward(back, cache)

    def theirs() -> tuple[Any, Any]:
        out = torch.nn.functional.dropout(tensor, entry.share)
        return out, torch.autograd.grad(out, tensor, upstream)[0]

    def gains(both: Callable[[], tuple[Any, Any]]) -> Callable[[], Values]:
        def values() -> Values:
            out, dx = (as_array(value) for value in both())
            # Where it is kept, both are as much larger as the share is smaller; elsewhere 0. The share is about right.
            gain = np.unique(np.round(np.concatenate([(out / x).ravel(), (dx / dout).ravel()]), 3))
            kept = np.mean(out != 0)
            right = abs(kept - (1 - entry.share)) < 5 * (entry.share * (1 - entry.share) / out.size) ** 0.5
            same = np.array_equal(out != 0, dx != 0)
            return [gain, np.array([right, same], np.float32)]

        return values

    return Sides(Side(ours, gains(ours)), Side(theirs, gains(theirs)), 4 * x.nbytes)


def as_array(value: Any) -> np.ndarray[Any, Any]:
    """On the host."""
    return np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value)


class NotTheSame(Exception):
    """The two sides compute different things: timing them would mean nothing."""


ALLOWED = 1e-3
"""Largest difference, as a share of a tensor's largest entry: both sides compute in float32 and sum in other orders."""


def require_same(name: str, sides: Sides, allowed: float = ALLOWED) -> float:
    """The largest difference found; NotTheSame where it is too large, or a shape differs."""
    ours, theirs = [as_array(v) for v in sides.ours.values()], [as_array(v) for v in sides.theirs.values()]
    if len(ours) != len(theirs):
        raise NotTheSame(f"{name}: {len(ours)} values beside {len(theirs)} of torch's")
    worst = 0.0
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        if mine.shape != other.shape:
            raise NotTheSame(f"{name}: value {index} has shape {mine.shape}, torch's {other.shape}")
        scale = float(np.abs(other).max(initial=0.0)) or 1.0
        off = float(np.abs(mine.astype(np.float64) - other).max(initial=0.0)) / scale
        if not off <= allowed:
            raise NotTheSame(f"{name}: value {index} is {off:.1g} of its largest entry away from torch's")
        worst = max(worst, off)
    return worst
