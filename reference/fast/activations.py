"""Activations of each element, a piece at a time."""

from collections.abc import Callable

import numpy as np

from reference.checks import require_shape
from reference.fast.pieces import PIECE, flat, scratch, slices, zeros
from reference.namespace import Array, Cache


def by_pieces(step: Callable[..., None], *inputs: Array) -> Array:
    """A new array in the shape and dtype of the first input: `step(*pieces, room, result)` for every piece."""
    out = np.empty(inputs[0].shape, inputs[0].dtype)
    sources, result = [flat(x) for x in inputs], out.reshape(-1)
    room = scratch(result.size, out.dtype)
    if result.size <= PIECE:
        step(*sources, room, result)
        return out
    for part in slices(result.size):
        here = result[part]
        step(*(source[part] for source in sources), room[: here.size], here)
    return out


def gradient_by_pieces(step: Callable[..., None], dout: Array, *inputs: Array) -> Array:
    """The same for a backward, which first looks at dout's shape."""
    require_shape("dout", dout, inputs[0].shape)
    return by_pieces(step, *inputs, dout)


# --- sigmoid, tanh, softplus ---


def sigmoid_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.activations.sigmoid_forward."""
    with np.errstate(over="ignore"):  # e^-x is infinite where a is 0
        a = by_pieces(_sigmoid, x)
    return a, a


def sigmoid_backward(dout: Array, cache: Cache) -> Array:
    """As reference.activations.sigmoid_backward."""
    return gradient_by_pieces(_sigmoid_slope, dout, cache)


def tanh_backward(dout: Array, cache: Cache) -> Array:
    """As reference.activations.tanh_backward."""
    return gradient_by_pieces(_tanh_slope, dout, cache)


def softplus_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.activations.softplus_forward."""
    return by_pieces(_softplus, x), x


def softplus_backward(dout: Array, cache: Cache) -> Array:
    """As reference.activations.softplus_backward."""
    with np.errstate(over="ignore"):
        return gradient_by_pieces(_sigmoid_of, dout, cache)


def _sigmoid(x: Array, room: Array, a: Array) -> None:
    np.negative(x, out=a)
    np.exp(a, out=a)
    a += 1
    np.reciprocal(a, out=a)


def _sigmoid_slope(a: Array, dout: Array, room: Array, dx: Array) -> None:
    np.subtract(1, a, out=dx)
    dx *= a
    dx *= dout


def _sigmoid_of(x: Array, dout: Array, room: Array, dx: Array) -> None:
    _sigmoid(x, room, dx)
    dx *= dout


def _tanh_slope(a: Array, dout: Array, room: Array, dx: Array) -> None:
    np.multiply(a, a, out=dx)
    np.subtract(1, dx, out=dx)
    dx *= dout


def _softplus(x: Array, room: Array, a: Array) -> None:
    np.abs(x, out=room)
    np.negative(room, out=room)
    np.exp(room, out=room)
    np.log1p(room, out=room)
    np.maximum(x, zeros(x.dtype)[: x.size], out=a)
    a += room


# --- rectifiers ---


def relu_forward(x: Array) -> tuple[Array, Cache]:
    """As reference.rectifiers.relu_forward."""
    return by_pieces(_relu, x), x


def relu_backward(dout: Array, cache: Cache) -> Array:
    """As reference.rectifiers.relu_backward."""
    return gradient_by_pieces(_relu_slope, dout, cache)


def leaky_relu_forward(x: Array, *, gamma: float = 0.01) -> tuple[Array, Cache]:
    """As reference.rectifiers.leaky_relu_forward."""
    pick = np.maximum if gamma <= 1 else np.minimum

    def step(x: Array, room: Array, a: Array) -> None:
        np.multiply(x, gamma, out=a)
        pick(x, a, out=a)

    return by_pieces(step, x), (x, gamma)


def leaky_relu_backward(dout: Array, cache: Cache) -> Array:
    """As reference.rectifiers.leaky_relu_backward."""
    x, gamma = cache

    def step(x: Array, dout: Array, room: Array, dx: Array) -> None:
        dx[...] = x > 0
        dx *= 1 - gamma
        dx += gamma
        dx *= dout

    return gradient_by_pieces(step, dout, x)


def elu_forward(x: Array, *, gamma: float = 1.0) -> tuple[Array, Cache]:
    """As reference.rectifiers.elu_forward."""

    def step(x: Array, room: Array, a: Array) -> None:
        np.minimum(x, zeros(x.dtype)[: x.size], out=room)
        np.expm1(room, out=room)
        if gamma != 1:
            room *= gamma
        np.maximum(x, zeros(x.dtype)[: x.size], out=a)
        a += room

    return by_pieces(step, x), (x, gamma)


def elu_backward(dout: Array, cache: Cache) -> Array:
    """As reference.rectifiers.elu_backward."""
    x, gamma = cache

    def step(x: Array, dout: Array, room: Array, dx: Array) -> None:
        np.minimum(x, zeros(x.dtype)[: x.size], out=dx)
        np.exp(dx, out=dx)
        if gamma != 1:
            dx *= gamma
            room[...] = x > 0
            room *= 1 - gamma
            dx += room
        dx *= dout

    return gradient_by_pieces(step, dout, x)


def _relu(x: Array, room: Array, a: Array) -> None:
    np.maximum(x, zeros(x.dtype)[: x.size], out=a)


def _relu_slope(x: Array, dout: Array, room: Array, dx: Array) -> None:
    dx[...] = x > 0
    dx *= dout
