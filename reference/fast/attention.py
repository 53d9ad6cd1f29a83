"""Attention, some samples at a time, the weights made in place."""

from math import sqrt

import numpy as np

from reference.checks import require, require_shape
from reference.fast.linear import product
from reference.fast.pieces import PIECE, slices
from reference.namespace import Array, Cache


def attention_forward(q: Array, k: Array, v: Array, mask: Array) -> tuple[Array, Cache]:
    """As reference.attention.attention_forward."""
    require_shape("q", q, ("N", "T", "E"))
    require_shape("k", k, (q.shape[0], "S", q.shape[2]))
    require_shape("v", v, (q.shape[0], k.shape[1], "M"))
    require_shape("mask", mask, (q.shape[0], q.shape[1], k.shape[1]))
    out, weights = attend(q, k, v, mask)
    return out, (q, k, v, weights)


def attention_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """As reference.attention.attention_backward."""
    q, k, v, weights = cache
    require_shape("dout", dout, (*q.shape[:2], v.shape[2]))
    return attend_backward(dout, q, k, v, weights)


def multi_head_forward(
    x: Array, memory: Array, mask: Array, wq: Array, wk: Array, wv: Array, wo: Array, *, heads: int = 2
) -> tuple[Array, Cache]:
    """As reference.attention.multi_head_forward."""
    require_shape("x", x, ("N", "T", "E"))
    samples, steps, width = x.shape
    require_shape("memory", memory, (samples, "S", width))
    for name, w in (("wq", wq), ("wk", wk), ("wv", wv), ("wo", wo)):
        require_shape(name, w, (width, width))
    require_shape("mask", mask, (samples, steps, memory.shape[1]))
    require(heads >= 1 and width % heads == 0, "heads", heads, f"a divisor of E = {width}")
    q, k, v = (_split(product(a, w), heads) for a, w in ((x, wq), (memory, wk), (memory, wv)))
    attended, weights = attend(q, k, v, mask[:, None])
    merged = _merged(attended)
    return product(merged, wo), (x, memory, (wq, wk, wv, wo), merged, (q, k, v, weights), heads)


def multi_head_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """As reference.attention.multi_head_backward."""
    x, memory, (wq, wk, wv, wo), merged, (q, k, v, weights), heads = cache
    require_shape("dout", dout, x.shape)
    dmerged = _split(product(dout, wo.T), heads)
    dq, dk, dv = (_merged(d) for d in attend_backward(dmerged, q, k, v, weights))
    dmemory = product(dk, wk.T)
    dmemory += product(dv, wv.T)
    return (
        product(dq, wq.T),
        dmemory,
        _rows(x).T @ _rows(dq),
        _rows(memory).T @ _rows(dk),
        _rows(memory).T @ _rows(dv),
        _rows(merged).T @ _rows(dout),
    )


def attend(q: Array, k: Array, v: Array, mask: Array) -> tuple[Array, Array]:
    """The output and the weights; any axes before the last two, the mask's broadcast."""
    weights = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
    out = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    hidden = None if mask.all() else ~mask
    scale = q.dtype.type(1 / sqrt(q.shape[-1]))
    turned = k.swapaxes(-1, -2)
    for part in _samples_of(weights):
        here = np.matmul(q[part] * scale, turned[part], out=weights[part])
        if hidden is not None:
            np.copyto(here, -np.inf, where=hidden[part])
        largest = here.max(axis=-1, keepdims=True, initial=-np.inf)
        if hidden is not None:
            largest[np.isneginf(largest)] = 0  # who may look nowhere
        here -= largest
        np.exp(here, out=here)
        total = here.sum(axis=-1, keepdims=True)
        if hidden is not None:
            total[total == 0] = 1
        here /= total
        np.matmul(here, v[part], out=out[part])
    return out, weights


def attend_backward(dout: Array, q: Array, k: Array, v: Array, weights: Array) -> tuple[Array, Array, Array]:
    """dq, dk, dv."""
    dq, dk, dv = (np.empty(a.shape, dout.dtype) for a in (q, k, v))
    scale = dout.dtype.type(1 / sqrt(q.shape[-1]))
    room = None
    for part in _samples_of(weights):
        own, above = weights[part], dout[part]
        if room is None:
            room = np.empty(own.shape, dout.dtype)
        dscores = room[: len(own)]
        np.matmul(own.swapaxes(-1, -2), above, out=dv[part])
        np.matmul(above, v[part].swapaxes(-1, -2), out=dscores)
        dscores -= np.vecdot(dscores, own)[..., None]
        dscores *= own
        dscores *= scale
        np.matmul(dscores, k[part], out=dq[part])
        np.matmul(dscores.swapaxes(-1, -2), q[part], out=dk[part])
    return dq, dk, dv


def _samples_of(weights: Array) -> list[slice]:
    size = max(weights[:1].size, 1)
    return list(slices(weights.shape[0], max(1, 2 * PIECE // size)))


def _split(x: Array, heads: int) -> Array:
    samples, steps, width = x.shape
    return np.ascontiguousarray(x.reshape(samples, steps, heads, width // heads).transpose(0, 2, 1, 3))


def _merged(parts: Array) -> Array:
    samples, heads, steps, width = parts.shape
    return parts.transpose(0, 2, 1, 3).reshape(samples, steps, heads * width)


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])
