"""The Transformer: its sublayers, an encoder and a decoder layer, and the whole."""

from math import sqrt

from reference.attention import (
    causal_mask,
    multi_head_backward,
    multi_head_forward,
    padding_mask,
    summed_outer,
)
from reference.checks import require, require_shape
from reference.embedding import embedding_backward, embedding_forward
from reference.namespace import Array, Cache, array_namespace
from reference.normalisation import layer_norm_backward, layer_norm_forward
from reference.rectifiers import relu_backward, relu_forward

ENCODER_ARRAYS, DECODER_ARRAYS = 12, 18


def positional_encoding(like: Array) -> Array:
    """Sines and cosines that tell one place from another, added to what stands there.

    Args:
        like: (N, T, E) float; its sizes and dtype count, not its values.
    Returns:
        encoding: (T, E), sin(t / 10000^(2i/E)) in column 2i and cos of the same in column 2i + 1, t from 0; dtype of
            like.
    Raises:
        ValueError: like does not have three axes.
    Source: Vaswani et al. 2017, section 3.5.
    """
    xp = array_namespace(like)
    require_shape("like", like, ("N", "T", "E"))
    _, steps, width = like.shape
    place = xp.arange(steps, dtype=xp.float64, device=like.device)[:, None]
    column = xp.arange(width, device=like.device)
    even = xp.astype(column - column % 2, xp.float64)
    angle = place / 10000.0 ** (even / max(width, 1))
    return xp.astype(xp.where(column % 2 == 0, xp.sin(angle), xp.cos(angle)), like.dtype)


def ffn_forward(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> tuple[Array, Cache]:
    """The position-wise feed-forward network, out = relu(x w1 + b1) w2 + b2 at every step.

    Args:
        x: (N, T, E) float.
        w1: (E, H) float.
        b1: (H,) float.
        w2: (H, E) float.
        b2: (E,) float.
    Returns:
        out: (N, T, E), dtype of x.
        cache: opaque, for ffn_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Vaswani et al. 2017, equation 2.
    """
    require_shape("x", x, ("N", "T", "E"))
    require_shape("w1", w1, (x.shape[2], "H"))
    require_shape("b1", b1, (w1.shape[1],))
    require_shape("w2", w2, (w1.shape[1], x.shape[2]))
    require_shape("b2", b2, (x.shape[2],))
    active, rectified = relu_forward(x @ w1 + b1)
    return active @ w2 + b2, (x, w1, w2, active, rectified)


def ffn_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of ffn_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from ffn_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    x, w1, w2, active, rectified = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, x.shape)
    dhidden = relu_backward(dout @ w2.T, rectified)
    db1, db2 = xp.sum(dhidden, axis=(0, 1)), xp.sum(dout, axis=(0, 1))
    return dhidden @ w1.T, summed_outer(x, dhidden), db1, summed_outer(active, dout), db2


def add_norm_forward(x: Array, f: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> tuple[Array, Cache]:
    """Add and normalise: out = layer_norm(x + f), f being what a sublayer made of x (post-norm).

    Args:
        x: (N, T, E) float.
        f: (N, T, E) float.
        gamma: (E,) float, scale.
        beta: (E,) float, shift.
        eps: added to the variance, inside the root.
    Returns:
        out: (N, T, E), dtype of x.
        cache: opaque, for add_norm_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Vaswani et al. 2017, section 3.1; Ba et al. 2016.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "T", "E"))
    require_shape("f", f, tuple(x.shape))
    rows, cache = layer_norm_forward(xp.reshape(x + f, (-1, x.shape[2])), gamma, beta, eps=eps)
    return xp.reshape(rows, x.shape), (cache, tuple(x.shape))


def add_norm_backward(dout: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """Gradients of add_norm_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from add_norm_forward.
    Returns:
        dx, df, dgamma, dbeta: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    rows, shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, shape)
    drows, dgamma, dbeta = layer_norm_backward(xp.reshape(dout, (-1, shape[2])), rows)
    dsum = xp.reshape(drows, shape)
    return dsum, xp.asarray(dsum, copy=True), dgamma, dbeta


def pre_norm_ffn_forward(
    x: Array, gamma: Array, beta: Array, w1: Array, b1: Array, w2: Array, b2: Array, *, eps: float = 1e-5
) -> tuple[Array, Cache]:
    """The feed-forward sublayer with the norm in front: out = x + ffn(layer_norm(x)) (pre-norm).

    Args:
        x: (N, T, E) float.
        gamma: (E,) float, scale.
        beta: (E,) float, shift.
        w1: (E, H) float.
        b1: (H,) float.
        w2: (H, E) float.
        b2: (E,) float.
        eps: added to the variance, inside the root.
    Returns:
        out: (N, T, E), dtype of x.
        cache: opaque, for pre_norm_ffn_backward.
    Raises:
        ValueError: a shape does not fit.
    Source: Xiong et al. 2020, section 3.1.
    """
    normed, norm = add_norm_forward(x, array_namespace(x).zeros_like(x), gamma, beta, eps=eps)
    out, ffn = ffn_forward(normed, w1, b1, w2, b2)
    return x + out, (norm, ffn)


def pre_norm_ffn_backward(dout: Array, cache: Cache) -> tuple[Array, ...]:
    """Gradients of pre_norm_ffn_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from pre_norm_ffn_forward.
    Returns:
        dx, dgamma, dbeta, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    norm, ffn = cache
    dnormed, *dffn = ffn_backward(dout, ffn)
    dx, _, dgamma, dbeta = add_norm_backward(dnormed, norm)
    return dout + dx, dgamma, dbeta, *dffn


def encoder_layer_forward(x: Array, mask: Array, params: list[Array], *, heads: int = 2) -> tuple[Array, Cache]:
    """An encoder layer: self-attention, add & norm, feed-forward, add & norm.

    Args:
        x: (N, T, E) float.
        mask: (N, T, T) bool, True where step t may look at step s.
        params: 12 arrays: wq, wk, wv, wo (E, E); gamma, beta (E,); w1 (E, H), b1 (H,), w2 (H, E), b2 (E,);
            gamma, beta (E,).
        heads: a divisor of E.
    Returns:
        out: (N, T, E), dtype of x.
        cache: opaque, for encoder_layer_backward.
    Raises:
        ValueError: there are not 12 parameters, or a shape does not fit.
    Convention: post-norm, as in the paper; no dropout.
    Source: Vaswani et al. 2017, figure 1.
    """
    require(len(params) == ENCODER_ARRAYS, "params", f"{len(params)} arrays", f"{ENCODER_ARRAYS}")
    attended, attention = multi_head_forward(x, x, mask, *params[:4], heads=heads)
    h, first = add_norm_forward(x, attended, *params[4:6])
    f, ffn = ffn_forward(h, *params[6:10])
    out, second = add_norm_forward(h, f, *params[10:])
    return out, (attention, first, ffn, second)


def encoder_layer_backward(dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
    """Gradients of encoder_layer_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from encoder_layer_forward.
    Returns:
        dx: (N, T, E), dtype of x.
        dparams: list of 12 arrays, in the shapes of params.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    attention, first, ffn, second = cache
    dh, df, *dnorm2 = add_norm_backward(dout, second)
    through, *dffn = ffn_backward(df, ffn)
    dx, dattended, *dnorm1 = add_norm_backward(dh + through, first)
    by_query, by_memory, *dweights = multi_head_backward(dattended, attention)
    return dx + by_query + by_memory, [*dweights, *dnorm1, *dffn, *dnorm2]


def decoder_layer_forward(
    y: Array, memory: Array, mask: Array, memory_mask: Array, params: list[Array], *, heads: int = 2
) -> tuple[Array, Cache]:
    """A decoder layer: self-attention, cross-attention to the encoder's output, feed-forward, each with add & norm.

    Args:
        y: (N, T, E) float.
        memory: (N, S, E) float, the encoder's output.
        mask: (N, T, T) bool, True where step t may look at step s of y.
        memory_mask: (N, T, S) bool, True where step t may look at step s of memory.
        params: 18 arrays: wq, wk, wv, wo (E, E), gamma, beta (E,) of the self-attention; the same six of the
            cross-attention; w1 (E, H), b1 (H,), w2 (H, E), b2 (E,), gamma, beta (E,).
        heads: a divisor of E.
    Returns:
        out: (N, T, E), dtype of y.
        cache: opaque, for decoder_layer_backward.
    Raises:
        ValueError: there are not 18 parameters, or a shape does not fit.
    Convention: post-norm, as in the paper; no dropout.
    Source: Vaswani et al. 2017, figure 1.
    """
    require(len(params) == DECODER_ARRAYS, "params", f"{len(params)} arrays", f"{DECODER_ARRAYS}")
    attended, own = multi_head_forward(y, y, mask, *params[:4], heads=heads)
    h1, first = add_norm_forward(y, attended, *params[4:6])
    looked_up, cross = multi_head_forward(h1, memory, memory_mask, *params[6:10], heads=heads)
    h2, second = add_norm_forward(h1, looked_up, *params[10:12])
    f, ffn = ffn_forward(h2, *params[12:16])
    out, third = add_norm_forward(h2, f, *params[16:])
    return out, (own, first, cross, second, ffn, third)


def decoder_layer_backward(dout: Array, cache: Cache) -> tuple[Array, Array, list[Array]]:
    """Gradients of decoder_layer_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from decoder_layer_forward.
    Returns:
        dy: (N, T, E), dtype of y.
        dmemory: (N, S, E), dtype of memory.
        dparams: list of 18 arrays, in the shapes of params.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    own, first, cross, second, ffn, third = cache
    dh2, df, *dnorm3 = add_norm_backward(dout, third)
    through, *dffn = ffn_backward(df, ffn)
    dh1, dlooked, *dnorm2 = add_norm_backward(dh2 + through, second)
    by_query, dmemory, *dcross = multi_head_backward(dlooked, cross)
    dy, dattended, *dnorm1 = add_norm_backward(dh1 + by_query, first)
    by_own_query, by_own_memory, *down = multi_head_backward(dattended, own)
    return dy + by_own_query + by_own_memory, dmemory, [*down, *dnorm1, *dcross, *dnorm2, *dffn, *dnorm3]


def transformer_forward(
    source: Array, target: Array, source_lengths: Array, params: list[Array], *, heads: int = 2
) -> tuple[Array, Cache]:
    """The whole Transformer: the scores of the target's next token at every step.

    Args:
        source: (N, S) int, tokens in 0 .. V - 1, padded.
        target: (N, T) int, tokens in 0 .. V - 1, what has been written so far.
        source_lengths: (N,) int, in 1 .. S.
        params: the encoder's embedding (V, E) and the decoder's; 12 arrays for each encoder layer, 18 for each decoder
            layer, as many as there are encoder layers; the last map (E, V) and its bias (V,).
        heads: a divisor of E.
    Returns:
        scores: (N, T, V), before softmax, dtype of params.
        cache: opaque, for transformer_backward.
    Raises:
        ValueError: the number of parameters fits no number of layers, or a shape does not fit.
    Convention: embeddings times sqrt(E), plus the positional encoding; nobody looks at padding of the source or ahead
        in the target; post-norm, no dropout, no shared embedding.
    Source: Vaswani et al. 2017, figure 1.
    """
    layers, rest = divmod(len(params) - 4, ENCODER_ARRAYS + DECODER_ARRAYS)
    require(layers >= 1 and rest == 0, "params", f"{len(params)} arrays", "4 + 30 L of them, L at least 1")
    split = 2 + ENCODER_ARRAYS * layers
    x, source_embedding = _embedded(source, params[0])
    y, target_embedding = _embedded(target, params[1])
    mask = padding_mask(source, source_lengths)
    encoders, decoders = [], []
    for layer in range(layers):
        own = params[2 + ENCODER_ARRAYS * layer : 2 + ENCODER_ARRAYS * (layer + 1)]
        x, cache = encoder_layer_forward(x, mask, own, heads=heads)
        encoders.append(cache)
    xp = array_namespace(source)
    memory_mask = xp.broadcast_to(mask[:, :1, :], (*target.shape, source.shape[1]))
    for layer in range(layers):
        own = params[split + DECODER_ARRAYS * layer : split + DECODER_ARRAYS * (layer + 1)]
        y, cache = decoder_layer_forward(y, x, causal_mask(target), memory_mask, own, heads=heads)
        decoders.append(cache)
    w, b = params[-2:]
    require_shape("params[-2]", w, (y.shape[2], "V"))
    require_shape("params[-1]", b, (w.shape[1],))
    return y @ w + b, (source_embedding, target_embedding, encoders, decoders, y, w)


def transformer_backward(dscores: Array, cache: Cache) -> list[Array]:
    """Gradients of transformer_forward.

    Args:
        dscores: (N, T, V), gradient with respect to scores.
        cache: from transformer_forward.
    Returns:
        dparams: list of arrays, in the shapes of params.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    source_embedding, target_embedding, encoders, decoders, y, w = cache
    xp = array_namespace(dscores)
    require_shape("dscores", dscores, (*y.shape[:2], w.shape[1]))
    last = [summed_outer(y, dscores), xp.sum(dscores, axis=(0, 1))]
    dy = dscores @ w.T
    dmemory: Array = None
    by_decoder: list[Array] = []
    for layer in reversed(decoders):
        dy, own_memory, own = decoder_layer_backward(dy, layer)
        dmemory = own_memory if dmemory is None else dmemory + own_memory  # every layer looks at the same memory
        by_decoder = [*own, *by_decoder]
    dx = dmemory
    by_encoder: list[Array] = []
    for layer in reversed(encoders):
        dx, own = encoder_layer_backward(dx, layer)
        by_encoder = [*own, *by_encoder]
    scale = sqrt(y.shape[2])
    tables = [embedding_backward(dx * scale, source_embedding), embedding_backward(dy * scale, target_embedding)]
    return [*tables, *by_encoder, *by_decoder, *last]


def _embedded(tokens: Array, table: Array) -> tuple[Array, Cache]:
    out, cache = embedding_forward(tokens, table)
    return out * sqrt(table.shape[1]) + positional_encoding(out), cache
