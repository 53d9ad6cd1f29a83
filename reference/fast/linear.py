"""Affine maps: the bias is added in place, and what has several leading axes is one product."""

import numpy as np

from reference.checks import require_shape
from reference.fast.activations import relu_backward, relu_forward
from reference.fast.pieces import ones
from reference.namespace import Array, Cache


def affine_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """As reference.affine.affine_forward."""
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, (x.shape[1], "M"))
    require_shape("b", b, (w.shape[1],))
    out = x @ w
    out += b
    return out, (x, w)


def affine_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.affine.affine_backward."""
    x, w = cache
    require_shape("dout", dout, (x.shape[0], w.shape[1]))
    return dout @ w.T, x.T @ dout, column_sums(dout)


def time_distributed_forward(x: Array, w: Array, b: Array) -> tuple[Array, Cache]:
    """As reference.embedding.time_distributed_forward."""
    require_shape("x", x, ("N", "T", "D"))
    out, cache = affine_forward(x.reshape(-1, x.shape[2]), w, b)
    return out.reshape(*x.shape[:2], w.shape[1]), (cache, x.shape, w.shape[1])


def time_distributed_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.embedding.time_distributed_backward."""
    kept, shape, outputs = cache
    require_shape("dout", dout, (*shape[:2], outputs))
    dx, dw, db = affine_backward(dout.reshape(-1, outputs), kept)
    return dx.reshape(shape), dw, db


def ffn_forward(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> tuple[Array, Cache]:
    """As reference.transformer.ffn_forward."""
    require_shape("x", x, ("N", "T", "E"))
    require_shape("w1", w1, (x.shape[2], "H"))
    require_shape("b1", b1, (w1.shape[1],))
    require_shape("w2", w2, (w1.shape[1], x.shape[2]))
    require_shape("b2", b2, (x.shape[2],))
    rows = x.reshape(-1, x.shape[2])
    hidden, _ = affine_forward(rows, w1, b1)
    active, _ = relu_forward(hidden)
    out, _ = affine_forward(active, w2, b2)
    return out.reshape(x.shape), (x.shape, rows, w1, w2, active)


def ffn_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """As reference.transformer.ffn_backward."""
    shape, rows, w1, w2, active = cache
    require_shape("dout", dout, shape)
    upstream = dout.reshape(rows.shape)
    # What is above 0 after the rectifier was so before.
    dhidden = relu_backward(upstream @ w2.T, active)
    dx = (dhidden @ w1.T).reshape(shape)
    return dx, rows.T @ dhidden, column_sums(dhidden), active.T @ upstream, column_sums(upstream)


def column_sums(x: Array) -> Array:
    """(M,) sums over the rows of (N, M), as a product."""
    return ones(x.shape[0], x.dtype) @ x


def product(x: Array, w: Array) -> Array:
    """X w over the last axis of (N, T, D), as one product of matrices."""
    return (np.ascontiguousarray(x).reshape(-1, x.shape[-1]) @ w).reshape(*x.shape[:-1], w.shape[1])
