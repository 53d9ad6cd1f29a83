"""Attention: scaled dot products, several heads of them, and who may look where."""

from math import sqrt

from reference.checks import require, require_shape
from reference.namespace import Array, Cache, array_namespace
from reference.recurrences import require_lengths


def attention_forward(q: Array, k: Array, v: Array, mask: Array) -> tuple[Array, Cache]:
    """Scaled dot-product attention, out = softmax(q k^T / sqrt(E)) v over the places a query may look at.

    Args:
        q: (N, T, E) float, queries.
        k: (N, S, E) float, keys.
        v: (N, S, M) float, values.
        mask: (N, T, S) bool, True where query t may look at key s.
    Returns:
        out: (N, T, M), dtype of q.
        cache: opaque, for attention_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: what is masked has weight exactly 0; a query that may look nowhere gets 0 and gives no gradient.
    Source: Vaswani et al. 2017, equation 1.
    """
    xp = array_namespace(q, k, v)
    require_shape("q", q, ("N", "T", "E"))
    require_shape("k", k, (q.shape[0], "S", q.shape[2]))
    require_shape("v", v, (q.shape[0], k.shape[1], "M"))
    require_shape("mask", mask, (q.shape[0], q.shape[1], k.shape[1]))
    scores = q @ xp.matrix_transpose(k) / sqrt(q.shape[2])
    weights = masked_softmax(scores, mask)
    return weights @ v, (q, k, v, weights)


def attention_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array]:
    """Gradients of attention_forward.

    Args:
        dout: (N, T, M), gradient with respect to out.
        cache: from attention_forward.
    Returns:
        dq, dk, dv: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    q, k, v, weights = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (*q.shape[:2], v.shape[2]))
    dv = xp.matrix_transpose(weights) @ dout
    dweights = dout @ xp.matrix_transpose(v)
    dscores = weights * (dweights - xp.sum(dweights * weights, axis=-1, keepdims=True)) / sqrt(q.shape[2])
    return dscores @ k, xp.matrix_transpose(dscores) @ q, dv


def masked_softmax(scores: Array, mask: Array) -> Array:
    """Softmax over the last axis among the places where mask is True; 0 elsewhere, and in rows without any."""
    xp = array_namespace(scores)
    largest = xp.max(xp.where(mask, scores, -xp.inf), axis=-1, keepdims=True)
    largest = xp.where(xp.isfinite(largest), largest, 0)
    # A masked score may be far above the largest that counts: it must not overflow before it is dropped.
    exponentials = xp.where(mask, xp.exp(xp.where(mask, scores - largest, 0)), 0)
    total = xp.sum(exponentials, axis=-1, keepdims=True)
    return exponentials / xp.where(total > 0, total, 1)


def split_heads(x: Array, *, heads: int = 2) -> Array:
    """Cut the features of every step into heads.

    Args:
        x: (N, T, E) float.
        heads: A, a divisor of E.
    Returns:
        parts: (N, A, T, E / A), head a has the features a E/A to (a + 1) E/A - 1; dtype of x.
    Raises:
        ValueError: x does not have three axes, or heads does not divide E.
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "T", "E"))
    samples, steps, width = x.shape
    require(heads >= 1 and width % heads == 0, "heads", heads, f"a divisor of E = {width}")
    return xp.permute_dims(xp.reshape(x, (samples, steps, heads, width // heads)), (0, 2, 1, 3))


def merge_heads(parts: Array) -> Array:
    """The inverse of split_heads.

    Args:
        parts: (N, A, T, K) float.
    Returns:
        x: (N, T, A K), dtype of parts.
    Raises:
        ValueError: parts does not have four axes.
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    xp = array_namespace(parts)
    require_shape("parts", parts, ("N", "A", "T", "K"))
    samples, heads, steps, width = parts.shape
    return xp.reshape(xp.permute_dims(parts, (0, 2, 1, 3)), (samples, steps, heads * width))


def multi_head_forward(
    x: Array, memory: Array, mask: Array, wq: Array, wk: Array, wv: Array, wo: Array, *, heads: int = 2
) -> tuple[Array, Cache]:
    """Multi-head attention: attention of every head on its part of the features, merged and mapped once more.

    Args:
        x: (N, T, E) float, where the queries come from.
        memory: (N, S, E) float, where keys and values come from; x itself for self-attention.
        mask: (N, T, S) bool, True where step t may look at step s of the memory.
        wq: (E, E) float, of the queries.
        wk: (E, E) float, of the keys.
        wv: (E, E) float, of the values.
        wo: (E, E) float, of the output.
        heads: A, a divisor of E.
    Returns:
        out: (N, T, E), dtype of x.
        cache: opaque, for multi_head_backward.
    Raises:
        ValueError: a shape does not fit, or heads does not divide E.
    Convention: no biases; all heads at once, which equals one after another.
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "T", "E"))
    samples, steps, width = x.shape
    require_shape("memory", memory, (samples, "S", width))
    for name, w in (("wq", wq), ("wk", wk), ("wv", wv), ("wo", wo)):
        require_shape(name, w, (width, width))
    require_shape("mask", mask, (samples, steps, memory.shape[1]))
    q, k, v = (_heads_as_samples(split_heads(a, heads=heads)) for a in (x @ wq, memory @ wk, memory @ wv))
    every_head = xp.repeat(mask, heads, axis=0)
    attended, cache = attention_forward(q, k, v, every_head)
    merged = merge_heads(xp.reshape(attended, (samples, heads, steps, width // heads)))
    return merged @ wo, (x, memory, (wq, wk, wv, wo), merged, cache, heads)


def multi_head_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of multi_head_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from multi_head_forward.
    Returns:
        dx, dmemory, dwq, dwk, dwv, dwo: each in the shape of its argument. For self-attention, the gradient of the
        shared input is dx + dmemory.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    x, memory, (wq, wk, wv, wo), merged, attended, heads = cache
    require_shape("dout", dout, x.shape)
    dmerged = _heads_as_samples(split_heads(dout @ wo.T, heads=heads))
    dq, dk, dv = (_samples_as_heads(d, heads) for d in attention_backward(dmerged, attended))
    dx = dq @ wq.T
    dmemory = dk @ wk.T + dv @ wv.T
    return (
        dx,
        dmemory,
        summed_outer(x, dq),
        summed_outer(memory, dk),
        summed_outer(memory, dv),
        summed_outer(merged, dout),
    )


def heads_one_by_one(
    x: Array, memory: Array, mask: Array, wq: Array, wk: Array, wv: Array, wo: Array, *, heads: int = 2
) -> Array:
    """Multi-head attention as a sum over the heads, sum_a attention(x wq_a, m wk_a, m wv_a) wo_a.

    Args:
        x: (N, T, E) float, where the queries come from.
        memory: (N, S, E) float, where keys and values come from.
        mask: (N, T, S) bool, True where step t may look at step s of the memory.
        wq: (E, E) float; head a has the columns a E/A to (a + 1) E/A - 1, likewise below.
        wk: (E, E) float.
        wv: (E, E) float.
        wo: (E, E) float; head a has the rows a E/A to (a + 1) E/A - 1.
        heads: A, a divisor of E.
    Returns:
        out: (N, T, E), dtype of x.
    Raises:
        ValueError: a shape does not fit, or heads does not divide E.
    Source: Vaswani et al. 2017, section 3.2.2; USTC slides, several heads.
    """
    require_shape("x", x, ("N", "T", "E"))
    require(heads >= 1 and x.shape[2] % heads == 0, "heads", heads, f"a divisor of E = {x.shape[2]}")
    size = x.shape[2] // heads
    out = None
    for a in range(heads):
        part = slice(a * size, (a + 1) * size)
        attended, _ = attention_forward(x @ wq[:, part], memory @ wk[:, part], memory @ wv[:, part], mask)
        out = attended @ wo[part, :] if out is None else out + attended @ wo[part, :]
    return out


def causal_mask(like: Array) -> Array:
    """Who may look where when nobody may look ahead.

    Args:
        like: (N, T) int, tokens; only their number counts.
    Returns:
        mask: (N, T, T) bool, True at [n, t, s] for s <= t.
    Raises:
        ValueError: like is not a matrix.
    Source: Vaswani et al. 2017, section 3.2.3.
    """
    xp = array_namespace(like)
    require_shape("like", like, ("N", "T"))
    places = xp.arange(like.shape[1], device=like.device)
    return xp.broadcast_to(places[None, :] <= places[:, None], (*like.shape, like.shape[1]))


def padding_mask(like: Array, lengths: Array) -> Array:
    """Who may look where when what lies behind a sequence's end is padding.

    Args:
        like: (N, T) int, tokens, padded; only their number counts.
        lengths: (N,) int, in 1 .. T.
    Returns:
        mask: (N, T, T) bool, True at [n, t, s] for s < lengths[n].
    Raises:
        ValueError: like is not a matrix, or a length is not in 1 .. T.
    Convention: with causal_mask, where both must hold: padding_mask & causal_mask.
    Source: USTC slides, masks.
    """
    xp = array_namespace(like, lengths)
    require_shape("like", like, ("N", "T"))
    require_lengths(lengths, *like.shape)
    inside = xp.arange(like.shape[1], device=like.device)[None, :] < lengths[:, None]
    return xp.broadcast_to(inside[:, None, :], (*like.shape, like.shape[1]))


def summed_outer(x: Array, dout: Array) -> Array:
    """(D, M) the gradient of w in x w: x^T dout, summed over samples and steps."""
    xp = array_namespace(x)
    return xp.reshape(x, (-1, x.shape[-1])).T @ xp.reshape(dout, (-1, dout.shape[-1]))


def _heads_as_samples(parts: Array) -> Array:
    return array_namespace(parts).reshape(parts, (parts.shape[0] * parts.shape[1], *parts.shape[2:]))


def _samples_as_heads(parts: Array, heads: int) -> Array:
    samples, steps, width = parts.shape
    return merge_heads(array_namespace(parts).reshape(parts, (samples // heads, heads, steps, width)))
