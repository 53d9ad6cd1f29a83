"""Pooling by two without overlap, the usual case: neighbours in a row first, then rows. Others as in the plain form."""

from math import prod

import numpy as np

from reference import pooling
from reference.checks import require_shape
from reference.namespace import Array, Cache


def max_pool2d_forward(x: Array, *, kernel: int = 2, stride: int = 2) -> tuple[Array, Cache]:
    """As reference.pooling.max_pool2d_forward."""
    if not _halves(x, kernel, stride):
        out, cache = pooling.max_pool2d_forward(x, kernel=kernel, stride=stride)
        return out, (None, cache)
    left, right = x[:, :, : _even(x, 2), : _even(x, 3) : 2], x[:, :, : _even(x, 2), 1 : _even(x, 3) : 2]
    # In this order of comparisons the first of several largest wins, as it does in the plain form.
    on_the_left = left >= right
    wide = np.maximum(left, right)
    top, bottom = wide[:, :, 0::2], wide[:, :, 1::2]
    on_top = top >= bottom
    return np.maximum(top, bottom), (x.shape, on_the_left, on_top)


def max_pool2d_backward(dout: Array, cache: Cache) -> Array:
    """As reference.pooling.max_pool2d_backward."""
    if cache[0] is None:
        return pooling.max_pool2d_backward(dout, cache[1])
    shape, on_the_left, on_top = cache
    require_shape("dout", dout, on_top.shape)
    wide = np.empty(on_the_left.shape, dout.dtype)
    np.multiply(dout, on_top, out=wide[:, :, 0::2])
    np.subtract(dout, wide[:, :, 0::2], out=wide[:, :, 1::2])
    dx = _empty(shape, dout.dtype)
    left = dx[:, :, : wide.shape[2], : 2 * wide.shape[3] : 2]
    np.multiply(wide, on_the_left, out=left)
    np.subtract(wide, left, out=dx[:, :, : wide.shape[2], 1 : 2 * wide.shape[3] : 2])
    return dx


def mean_pool2d_forward(x: Array, *, kernel: int = 2, stride: int = 2) -> tuple[Array, Cache]:
    """As reference.pooling.mean_pool2d_forward."""
    if not _halves(x, kernel, stride):
        out, cache = pooling.mean_pool2d_forward(x, kernel=kernel, stride=stride)
        return out, (None, cache)
    height, width = _even(x, 2), _even(x, 3)
    rows = x[:, :, 0:height:2, :width] + x[:, :, 1:height:2, :width]
    out = rows[..., 0::2] + rows[..., 1::2]
    out *= 0.25
    return out, (x.shape, out.shape)


def mean_pool2d_backward(dout: Array, cache: Cache) -> Array:
    """As reference.pooling.mean_pool2d_backward."""
    if cache[0] is None:
        return pooling.mean_pool2d_backward(dout, cache[1])
    shape, out_shape = cache
    require_shape("dout", dout, out_shape)
    rows = np.repeat(dout * dout.dtype.type(0.25), 2, axis=3)
    dx = _empty(shape, dout.dtype)
    height, width = 2 * out_shape[2], rows.shape[3]
    dx[:, :, 0:height:2, :width] = rows
    dx[:, :, 1:height:2, :width] = rows
    return dx


def _halves(x: Array, kernel: int, stride: int) -> bool:
    return bool(kernel == stride == 2 and x.ndim == 4 and min(x.shape[2:]) >= 2 and prod(x.shape))


def _even(x: Array, axis: int) -> int:
    size: int = x.shape[axis]
    return size // 2 * 2


def _empty(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Room for a gradient; what lies behind the last window is 0."""
    dx = np.empty(shape, dtype)
    dx[:, :, shape[2] // 2 * 2 :] = 0
    dx[:, :, :, shape[3] // 2 * 2 :] = 0
    return dx
