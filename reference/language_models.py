"""Models of text: the next character from a window, the next word from two LSTMs, and text drawn from a model."""

from reference.affine import affine_backward, affine_forward
from reference.checks import require, require_shape
from reference.embedding import (
    embedding_backward,
    embedding_forward,
    require_tokens,
    time_distributed_backward,
    time_distributed_forward,
)
from reference.encoding import label_mask
from reference.lstm import lstm_backward, lstm_forward
from reference.namespace import Array, Cache, array_namespace, in_dtype_of
from reference.softmax import softmax_forward


def char_model_forward(tokens: Array, wx: Array, wh: Array, b: Array, v: Array, c: Array) -> tuple[Array, Cache]:
    """The scores of the next character from a window of them: one-hot, an LSTM, an affine map of its last output.

    Args:
        tokens: (N, T) int, windows of characters in 0 .. V - 1.
        wx: (V, 4H) float, of the LSTM, in blocks i, f, g, o.
        wh: (H, 4H) float.
        b: (4H,) float.
        v: (H, V) float, from the last output to the scores.
        c: (V,) float.
    Returns:
        scores: (N, V), before softmax, dtype of wx.
        cache: opaque, for char_model_backward.
    Raises:
        ValueError: a shape does not fit, or a token is not in range.
    Convention: the LSTM begins at zero in every window. The slides' network has windows of 10 and 128 units.
    Source: USTC slides, the character model; Karpathy 2015.
    """
    xp = array_namespace(tokens, wx)
    require_shape("tokens", tokens, ("N", "T"))
    require_shape("wh", wh, ("H", 4 * wh.shape[0] if wh.ndim else "4H"))
    require_tokens("tokens", tokens, wx.shape[0])
    one_hot_tokens = label_mask(xp.reshape(tokens, (-1,)), wx.shape[0])
    x = xp.reshape(in_dtype_of(one_hot_tokens, wx), (*tokens.shape, wx.shape[0]))
    start = xp.zeros((tokens.shape[0], wh.shape[0]), dtype=wx.dtype, device=wx.device)
    h, _, recurrent = lstm_forward(x, start, start, wx, wh, b)
    scores, out = affine_forward(h[:, -1, :], v, c)
    return scores, (recurrent, out, h.shape)


def char_model_backward(dscores: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of char_model_forward.

    Args:
        dscores: (N, V), gradient with respect to scores.
        cache: from char_model_forward.
    Returns:
        dwx, dwh, db, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    recurrent, out, shape = cache
    xp = array_namespace(dscores)
    dlast, dv, dc = affine_backward(dscores, out)
    silent = xp.zeros((shape[0], shape[1] - 1, shape[2]), dtype=dscores.dtype, device=dscores.device)
    dh = xp.concat([silent, dlast[:, None, :]], axis=1)
    _, _, _, dwx, dwh, db = lstm_backward(dh, xp.zeros_like(dlast), recurrent)
    return dwx, dwh, db, dv, dc


def word_model_forward(
    tokens: Array,
    keep: Array,
    table: Array,
    wx1: Array,
    wh1: Array,
    b1: Array,
    wx2: Array,
    wh2: Array,
    b2: Array,
    v: Array,
    c: Array,
    *,
    p_drop: float = 0.5,
) -> tuple[Array, Cache]:
    """The scores of the next word at every step: embedding, two LSTMs, dropout, the same affine map at every step.

    Args:
        tokens: (N, T) int, words in 0 .. V - 1.
        keep: (N, T, H) bool, which outputs of the second LSTM dropout leaves.
        table: (V, E) float, the embedding.
        wx1: (E, 4H) float, of the first LSTM, in blocks i, f, g, o.
        wh1: (H, 4H) float.
        b1: (4H,) float.
        wx2: (H, 4H) float, of the second.
        wh2: (H, 4H) float.
        b2: (4H,) float.
        v: (H, V) float, from the outputs to the scores.
        c: (V,) float.
        p_drop: the probability with which outputs were dropped; what is kept is divided by 1 - p_drop.
    Returns:
        scores: (N, T, V), before softmax, dtype of table.
        cache: opaque, for word_model_backward.
    Raises:
        ValueError: a shape does not fit, a token is not in range, or p_drop is not in [0, 1).
    Convention: both LSTMs begin at zero; dropout is inverted.
    Source: USTC slides, the word model; Zaremba et al. 2014.
    """
    xp = array_namespace(tokens, table)
    require(0 <= p_drop < 1, "p_drop", p_drop, "in [0, 1)")
    embedded, lookup = embedding_forward(tokens, table)
    require_shape("wh1", wh1, ("H", 4 * wh1.shape[0] if wh1.ndim else "4H"))
    start = xp.zeros((tokens.shape[0], wh1.shape[0]), dtype=table.dtype, device=table.device)
    h1, _, first = lstm_forward(embedded, start, start, wx1, wh1, b1)
    h2, _, second = lstm_forward(h1, start, start, wx2, wh2, b2)
    require_shape("keep", keep, h2.shape)
    kept = in_dtype_of(keep, h2) / (1 - p_drop)
    scores, out = time_distributed_forward(h2 * kept, v, c)
    return scores, (lookup, first, second, kept, out)


def word_model_backward(dscores: Array, cache: Cache) -> tuple[Array, ...]:
    """Gradients of word_model_forward.

    Args:
        dscores: (N, T, V), gradient with respect to scores.
        cache: from word_model_forward.
    Returns:
        dtable, dwx1, dwh1, db1, dwx2, dwh2, db2, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    lookup, first, second, kept, out = cache
    xp = array_namespace(dscores)
    dropped, dv, dc = time_distributed_backward(dscores, out)
    last = xp.zeros_like(kept[:, 0, :])
    dh1, _, _, dwx2, dwh2, db2 = lstm_backward(dropped * kept, last, second)
    dembedded, _, _, dwx1, dwh1, db1 = lstm_backward(dh1, last, first)
    return embedding_backward(dembedded, lookup), dwx1, dwh1, db1, dwx2, dwh2, db2, dv, dc


def build_vocabulary(codes: Array) -> tuple[Array, Array]:
    """Number the characters of a text, in the order of their codes.

    Args:
        codes: (L,) int, the text's characters as code points.
    Returns:
        alphabet: (V,), dtype of codes, every code once, ascending.
        tokens: (L,) int64, with alphabet[tokens] = codes.
    Raises:
        ValueError: codes is not a vector.
    Convention: sorted, so that two runs number alike; the slides enumerate a set, whose order changes.
    Source: USTC slides, the character model.
    """
    xp = array_namespace(codes)
    require_shape("codes", codes, ("L",))
    alphabet, tokens = xp.unique_inverse(codes)
    return alphabet, xp.astype(tokens, xp.int64)


def text_windows(tokens: Array, *, window: int) -> tuple[Array, Array]:
    """Every window of a text with the token that follows it.

    Args:
        tokens: (L,) int.
        window: T, characters a window, at least 1 and less than L.
    Returns:
        x: (L - T, T), dtype of tokens, x[i] = tokens[i .. i+T-1].
        y: (L - T,), y[i] = tokens[i + T].
    Raises:
        ValueError: tokens is not a vector, or too short for one window.
    Source: USTC slides, the character model.
    """
    xp = array_namespace(tokens)
    require_shape("tokens", tokens, ("L",))
    require(1 <= window < tokens.shape[0], "window", window, f"in 1 .. {tokens.shape[0] - 1}")
    count = tokens.shape[0] - window
    starts = xp.arange(count, device=tokens.device)[:, None] + xp.arange(window, device=tokens.device)[None, :]
    return xp.reshape(xp.take(tokens, xp.reshape(starts, (-1,))), (count, window)), tokens[window:]


def generate_text(
    start: Array,
    uniforms: Array,
    wx: Array,
    wh: Array,
    b: Array,
    v: Array,
    c: Array,
    *,
    temperature: float = 1.0,
) -> Array:
    """Draw text from the character model, one character after another.

    Args:
        start: (T,) int, the window to begin with.
        uniforms: (L,) float in [0, 1), the chance of each step.
        wx: (V, 4H) float, as in char_model_forward.
        wh: (H, 4H) float.
        b: (4H,) float.
        v: (H, V) float.
        c: (V,) float.
        temperature: the scores are divided by it, at least 1e-3: below 1 bolder, above 1 more even.
    Returns:
        text: (L,), dtype of start, the characters drawn.
    Raises:
        ValueError: a shape does not fit, or the temperature is less than 1e-3.
    Convention: the character drawn is the first k with u < P(0) + ... + P(k); it joins the window, whose oldest leaves.
    Source: USTC slides, generating text.
    """
    xp = array_namespace(start, uniforms)
    require_shape("start", start, ("T",))
    require_shape("uniforms", uniforms, ("L",))
    require(temperature >= 1e-3, "temperature", temperature, "at least 1e-3")
    window, drawn = start, [start[:0]]
    for step in range(uniforms.shape[0]):
        scores, _ = char_model_forward(window[None, :], wx, wh, b, v, c)
        probs, _ = softmax_forward(scores / temperature)
        below = xp.cumulative_sum(probs[0, :-1]) <= uniforms[step]
        chosen = xp.astype(xp.sum(xp.astype(below, xp.int64), keepdims=True), start.dtype)
        drawn.append(chosen)
        window = xp.concat([window[1:], chosen])
    return xp.concat(drawn)
