"""Dropout, and the drawing of what is kept."""

import numpy as np

from reference.checks import require, require_shape
from reference.fast.activations import by_pieces
from reference.fast.pieces import flat
from reference.namespace import Array, Cache


def keep_mask(rng: np.random.Generator, shape: tuple[int, ...], *, p_drop: float = 0.5) -> Array:
    """Which elements are kept, each with probability 1 - p_drop.

    A half costs a random bit an element, a multiple of 1/256 a byte, anything else a number.
    """
    size = int(np.prod(shape))
    if p_drop == 0.5:
        bits = np.frombuffer(rng.bytes((size + 7) // 8), np.uint8)
        return np.unpackbits(bits, count=size).view(bool).reshape(shape)
    if float(p_drop * 256).is_integer():
        return (np.frombuffer(rng.bytes(size), np.uint8) >= p_drop * 256).reshape(shape)
    return rng.random(shape, np.float32 if float(np.float32(p_drop)) == p_drop else np.float64) >= p_drop


def dropout_forward(x: Array, keep: Array, *, p_drop: float = 0.5, training: bool = True) -> tuple[Array, Cache]:
    """As reference.dropout.dropout_forward."""
    require(0 <= p_drop < 1, "p_drop", p_drop, "in [0, 1)")
    require_shape("keep", keep, x.shape)
    if not training:
        return x, (None, x.shape, 1.0)
    scale = 1 / (1 - p_drop)
    return _kept(x, keep, scale), (keep, x.shape, scale)


def dropout_backward(dout: Array, cache: Cache) -> Array:
    """As reference.dropout.dropout_backward."""
    keep, shape, scale = cache
    require_shape("dout", dout, shape)
    return dout if keep is None else _kept(dout, keep, scale)


def _kept(x: Array, keep: Array, scale: float) -> Array:
    def step(x: Array, keep: Array, room: Array, out: Array) -> None:
        out[...] = keep
        out *= scale
        out *= x

    return by_pieces(step, x, flat(keep))
