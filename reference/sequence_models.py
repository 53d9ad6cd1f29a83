"""Networks of networks: stacked, bidirectional, and an encoder that hands its last state to a decoder."""

from reference.checks import require, require_shape
from reference.embedding import time_distributed_backward, time_distributed_forward
from reference.namespace import Array, Cache, array_namespace
from reference.srn import srn_backward, srn_forward


def stacked_srn_forward(x: Array, h0: Array, wx: list[Array], wh: list[Array], b: list[Array]) -> tuple[Array, Cache]:
    """Several recurrent layers, each reading the states of the one below.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state of every layer before the first step.
        wx: L arrays, (D, H) for the first layer and (H, H) above, float.
        wh: L arrays of (H, H), float.
        b: L arrays of (H,), float.
    Returns:
        h: (N, T, H), the top layer's states, dtype of x.
        cache: opaque, for stacked_srn_backward.
    Raises:
        ValueError: the lists differ in length or are empty, or a shape does not fit.
    Source: Graves et al. 2013, section 2; USTC slides, stacked recurrent networks.
    """
    require(len(wx) > 0, "wx", "empty", "one array a layer")
    for name, arrays in (("wh", wh), ("b", b)):
        require(len(arrays) == len(wx), name, f"{len(arrays)} arrays", f"{len(wx)}, one a layer")
    caches = []
    for weights in zip(wx, wh, b, strict=True):
        x, cache = srn_forward(x, h0, *weights)
        caches.append(cache)
    return x, caches


def stacked_srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, list[Array], list[Array], list[Array]]:
    """Gradients of stacked_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to h.
        cache: from stacked_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument, lists for lists.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    grads: list[list[Array]] = []
    for layer in reversed(cache):
        dh, *own = srn_backward(dh, layer)
        grads.insert(0, own)
    dh0s, dwx, dwh, db = map(list, zip(*grads, strict=True))
    return dh, sum(dh0s[1:], dh0s[0]), dwx, dwh, db


def bidirectional_srn_forward(
    x: Array,
    h0: Array,
    wx: Array,
    wh: Array,
    b: Array,
    h0_back: Array,
    wx_back: Array,
    wh_back: Array,
    b_back: Array,
) -> tuple[Array, Cache]:
    """Two recurrent layers, one reading forwards and one backwards in time, side by side.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the forward layer's state before the first step.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        h0_back: (N, H) float, the backward layer's state behind the last step.
        wx_back: (D, H) float.
        wh_back: (H, H) float.
        b_back: (H,) float.
    Returns:
        h: (N, T, 2H), at every step the forward state, then the backward state, dtype of x.
        cache: opaque, for bidirectional_srn_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: concatenated, as in torch; the Tsinghua slides add two projections, which is one projection of this.
    Source: Schuster & Paliwal 1997.
    """
    xp = array_namespace(x)
    ahead, cache = srn_forward(x, h0, wx, wh, b)
    back, cache_back = srn_forward(xp.flip(x, axis=1), h0_back, wx_back, wh_back, b_back)
    return xp.concat([ahead, xp.flip(back, axis=1)], axis=2), (cache, cache_back, ahead.shape, back.shape)


def bidirectional_srn_backward(dh: Array, cache: Cache) -> tuple[Array, ...]:
    """Gradients of bidirectional_srn_forward.

    Args:
        dh: (N, T, 2H), gradient with respect to h.
        cache: from bidirectional_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db, dh0_back, dwx_back, dwh_back, db_back: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    ahead_cache, back_cache, ahead, back = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*ahead[:2], ahead[2] + back[2]))
    dx, *grads = srn_backward(dh[:, :, : ahead[2]], ahead_cache)
    dx_back, *grads_back = srn_backward(xp.flip(dh[:, :, ahead[2] :], axis=1), back_cache)
    return dx + xp.flip(dx_back, axis=1), *grads, *grads_back


def seq2seq_forward(
    x: Array,
    y: Array,
    wx: Array,
    wh: Array,
    b: Array,
    wy: Array,
    wh_out: Array,
    b_out: Array,
    v: Array,
    c: Array,
) -> tuple[Array, Cache]:
    """Sequence to sequence: the encoder's last state is the decoder's first, and the decoder is told the last word.

    Args:
        x: (N, S, D) float, the source sequence.
        y: (N, T, E) float, the decoder's inputs: at step t the target of step t - 1 (teacher forcing).
        wx: (D, H) float, of the encoder.
        wh: (H, H) float, of the encoder.
        b: (H,) float, of the encoder.
        wy: (E, H) float, of the decoder.
        wh_out: (H, H) float, of the decoder.
        b_out: (H,) float, of the decoder.
        v: (H, M) float, from the decoder's state to the scores.
        c: (M,) float.
    Returns:
        scores: (N, T, M), dtype of x.
        cache: opaque, for seq2seq_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: both are simple recurrent networks; the encoder begins at zero.
    Source: Sutskever et al. 2014; Cho et al. 2014; Beihang slides, sequence to sequence.
    """
    xp = array_namespace(x)
    require_shape("wh", wh, ("H", "H"))
    start = xp.zeros((x.shape[0], wh.shape[0]), dtype=x.dtype, device=x.device)
    encoded, encoder = srn_forward(x, start, wx, wh, b)
    decoded, decoder = srn_forward(y, encoded[:, -1, :], wy, wh_out, b_out)
    scores, out = time_distributed_forward(decoded, v, c)
    return scores, (encoder, decoder, out, encoded.shape, scores.shape)


def seq2seq_backward(dscores: Array, cache: Cache) -> tuple[Array, ...]:
    """Gradients of seq2seq_forward.

    Args:
        dscores: (N, T, M), gradient with respect to scores.
        cache: from seq2seq_forward.
    Returns:
        dx, dy, dwx, dwh, db, dwy, dwh_out, db_out, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    encoder, decoder, out, shape, scores = cache
    xp = array_namespace(dscores)
    require_shape("dscores", dscores, scores)
    ddecoded, dv, dc = time_distributed_backward(dscores, out)
    dy, dlast, dwy, dwh_out, db_out = srn_backward(ddecoded, decoder)
    # The encoder is heard through its last state alone.
    silent = xp.zeros((shape[0], shape[1] - 1, shape[2]), dtype=dscores.dtype, device=dscores.device)
    dencoded = xp.concat([silent, dlast[:, None, :]], axis=1)
    dx, _, dwx, dwh, db = srn_backward(dencoded, encoder)
    return dx, dy, dwx, dwh, db, dwy, dwh_out, db_out, dv, dc
