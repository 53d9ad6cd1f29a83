"""What every pair must do, asked of every row of the table."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import array_api_strict
import numpy as np
import pytest
import torch

import reference
from tests.reference.rows import PAIRS, Pair, each, flat

ROUNDING = 1e-13
"""Allowed error, as a share of the largest entry: some hundred roundings of float64."""

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=str)


def draw(pair: Pair, n: int = 6, seed: int = 0) -> tuple[list[Any], Any, Any]:
    """Arguments, the forward's value on them, and an upstream gradient of its shape."""
    rng = np.random.default_rng(seed)
    args = pair.inputs(rng, n)
    out, _ = pair.forward(*args)
    return args, out, np.asarray(rng.standard_normal(out.shape))


def run(pair: Pair, args: list[Any], dout: Any) -> list[Any]:
    """The forward's value, then all gradients, as one list of arrays."""
    out, cache = pair.forward(*args)
    return [out, *flat(pair.backward(dout, cache))]


def oracle(pair: Pair, args: list[Any], dout: Any) -> list[np.ndarray]:
    """The same by torch autograd on the row's formula."""
    tensors = [each(torch.tensor, arg) for arg in args]
    leaves = [leaf.requires_grad_() for leaf in flat(tensors[: pair.differentiable])]
    out = pair.formula(*tensors, **pair.options)
    gradients = torch.autograd.grad(out, leaves, torch.tensor(dout, dtype=out.dtype))
    return [value.detach().numpy() for value in (out, *gradients)]


def cast(args: list[Any], dtype: Any) -> list[Any]:
    """The floating arguments in `dtype`, the integers as they are."""
    return [each(lambda a: a.astype(dtype) if a.dtype.kind == "f" else a, arg) for arg in args]


def error(got: Any, wanted: np.ndarray) -> float:
    """Largest deviation, as a share of the largest entry wanted."""
    scale = np.abs(wanted).max(initial=0.0)
    return float(np.abs(np.asarray(got) - wanted).max(initial=0.0) / (scale or 1.0))


@every_pair
@pytest.mark.parametrize("n", [1, 4, 6])
def test_value_and_gradients_are_those_of_autograd(pair, n):
    # n = 4 makes the table's (N, 4) inputs square, where transposed and misaligned code still runs.
    args, _, dout = draw(pair, n)
    got, wanted = run(pair, args, dout), oracle(pair, args, dout)
    assert [value.shape for value in got] == [value.shape for value in wanted]
    assert max(map(error, got, wanted)) < ROUNDING


def nudged(arg: Any, direction: Any, step: float) -> Any:
    """An argument, moved by `step` along `direction`."""
    if isinstance(arg, list):
        return [nudged(a, d, step) for a, d in zip(arg, direction, strict=True)]
    return arg + step * direction


@every_pair
def test_backward_is_the_adjoint_of_the_forward_by_differences(pair):
    """<dout, J v> = <J^T dout, v>, with J v by central differences: torch has no part in this."""
    args, _, dout = draw(pair, seed=1)
    rng, step = np.random.default_rng(2), 1e-6
    inputs, rest = args[: pair.differentiable], args[pair.differentiable :]
    directions = [each(lambda a: rng.standard_normal(a.shape), arg) for arg in inputs]
    ahead, behind = (
        pair.forward(*[nudged(a, d, by) for a, d in zip(inputs, directions, strict=True)], *rest)[0]
        for by in (step, -step)
    )
    slope = np.sum(dout * (ahead - behind)) / (2 * step)
    products = [np.sum(g * v) for g, v in zip(run(pair, args, dout)[1:], flat(directions), strict=True)]
    assert slope == pytest.approx(sum(products), rel=1e-7, abs=1e-8)


@every_pair
@pytest.mark.parametrize("convert", [torch.tensor, array_api_strict.asarray], ids=["torch", "strict"])
def test_other_libraries_give_what_numpy_gives(pair, convert):
    args, _, dout = draw(pair)
    got = run(pair, [each(convert, arg) for arg in args], convert(dout))
    assert {type(value) for value in got} == {type(convert(dout))}
    wanted = run(pair, args, dout)
    assert [tuple(value.shape) for value in got] == [value.shape for value in wanted]
    assert max(map(error, got, wanted)) < ROUNDING


@every_pair
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_in_is_dtype_out(pair, dtype):
    args, _, dout = draw(pair)
    assert {value.dtype for value in run(pair, cast(args, dtype), dout.astype(dtype))} == {np.dtype(dtype)}


@every_pair
def test_float32_is_about_as_accurate_as_torchs(pair):
    args, _, dout = draw(pair, n=50)
    single, upstream = cast(args, np.float32), dout.astype(np.float32)
    exact = oracle(pair, cast(single, np.float64), upstream.astype(np.float64))
    ours = list(map(error, run(pair, single, upstream), exact))
    theirs = list(map(error, oracle(pair, single, upstream), exact))
    assert all(mine <= 4 * max(its, 2**-24) for mine, its in zip(ours, theirs, strict=True))


@every_pair
def test_no_argument_is_changed(pair):
    args, _, dout = draw(pair)
    for array in [*flat(args), dout]:
        array.flags.writeable = False  # a write would raise
    out, cache = pair.forward(*args)
    first = flat(pair.backward(dout, cache))
    again = flat(pair.backward(dout, cache))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert np.array_equal(out, pair.forward(*args)[0])


@every_pair
def test_two_forwards_may_come_before_two_backwards(pair):
    (args, _, dout), (other, _, _) = draw(pair), draw(pair, seed=3)
    wanted = run(pair, args, dout)[1:]
    _, cache = pair.forward(*args)
    pair.forward(*other)
    assert all(map(np.array_equal, flat(pair.backward(dout, cache)), wanted))


@every_pair
def test_an_upstream_of_another_shape_is_refused(pair):
    args, _, _ = draw(pair)
    _, cache = pair.forward(*args)
    with pytest.raises(ValueError, match=r"^d\w+ has shape \(7, 7\), but should be \("):
        pair.backward(np.ones((7, 7)), cache)


@every_pair
def test_an_empty_batch_has_empty_gradients_or_no_mean(pair):
    args = pair.inputs(np.random.default_rng(0), 0)
    if pair.options.get("reduction") == "mean":
        with pytest.raises(ValueError, match="N is 0, but should be at least 1 for a mean"):
            pair.forward(*args)
        return
    out, cache = pair.forward(*args)
    gradients = flat(pair.backward(np.ones(out.shape), cache))
    shapes = [array.shape for array in flat(args[: pair.differentiable])]
    assert [gradient.shape for gradient in gradients] == shapes
    assert all(np.all(np.isfinite(value)) for value in (out, *gradients))


@every_pair
@pytest.mark.parametrize("layout", ["F", "strided", "reversed"])
def test_memory_layout_makes_no_difference(pair, layout):
    args, _, dout = draw(pair)
    got = run(pair, [each(lambda a: laid_out(a, layout), arg) for arg in args], laid_out(dout, layout))
    assert max(map(error, got, run(pair, args, dout))) < ROUNDING


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """The same values, held in another way."""
    if layout == "F":
        return np.asfortranarray(array) if array.ndim else array
    step = 2 if layout == "strided" else -1
    view = tuple(slice(None, None, step) for _ in array.shape)
    held = np.zeros([size * abs(step) for size in array.shape], array.dtype)
    held[view] = array
    return held[view]


def test_the_table_holds_every_pair_of_the_reference():
    modules = [importlib.import_module(f"reference.{m.name}") for m in pkgutil.iter_modules(reference.__path__)]
    functions = {name for module in modules for name in vars(module) if not name.startswith("_")}
    pairs = {name.removesuffix("_forward") for name in functions if name.endswith("_forward")}
    assert pairs == {name.removesuffix("_backward") for name in functions if name.endswith("_backward")}
    assert pairs == {pair.name for pair in PAIRS}
