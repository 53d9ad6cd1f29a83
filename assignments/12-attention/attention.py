"""Attention and the Transformer.

Fill in the functions, then run: backcheck check attention.py
"""

import numpy as np


# --- Given, with their helpers: relu, log_softmax, embedding, layer_norm. Use them as they are. ---


def array_namespace(*arrays):
    """The namespace (`xp`) of the library that `arrays` belong to.

    Args:
        arrays: at least one array; NumPy scalars count as NumPy's.
    Returns:
        xp: a module that follows the array API standard.
    Raises:
        TypeError: one of them is no array, or they belong to different libraries.
    Source: Python array API standard, version 2024.12.
    """
    for array in arrays:
        if not isinstance(array, (np.ndarray, np.generic)):
            break
    else:
        return np
    # Only other libraries need the compatibility layer: where there is NumPy alone, it is never missed.
    from array_api_compat import array_namespace as namespace_of

    return namespace_of(*arrays)


def in_dtype_of(array, like):
    """`array` in the dtype of `like`; `array` itself where it has that dtype already."""
    if array.dtype == like.dtype:
        return array
    return array_namespace(array).astype(array, like.dtype)


def require(holds, name, got, wanted):
    """Raise ValueError("<name> is <got>, but should be <wanted>") unless `holds`."""
    if not holds:
        raise ValueError(f"{name} is {got}, but should be {wanted}")


def require_shape(name, array, axes):
    """Raise ValueError unless `array` has the shape `axes`, in which a letter stands for any size."""
    shape = tuple(array.shape)
    if shape == axes:
        return
    fits = len(shape) == len(axes) and all(
        isinstance(wanted, str) or size == wanted for size, wanted in zip(shape, axes, strict=True)
    )
    if not fits:
        wanted = ", ".join(map(str, axes)) + ("," if len(axes) == 1 else "")
        raise ValueError(f"{name} has shape {shape}, but should be ({wanted})")


def require_values(name, holds, wanted):
    """Raise ValueError unless the boolean array `holds` is true everywhere."""
    if not bool(array_namespace(holds).all(holds)):
        raise ValueError(f"{name} has values that are not {wanted}")


def is_positive(x):
    """1 where x > 0 and 0 elsewhere, in the dtype of x."""
    return array_namespace(x).astype(x > 0, x.dtype)


def relu_forward(x):
    """Rectified linear unit, a = max(0, x).

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for relu_backward.
    Source: Nair & Hinton 2010, section 2; Goodfellow et al. 2016, section 6.3.1.
    """
    return array_namespace(x).maximum(x, 0), x


def relu_backward(dout, cache):
    """Gradient of relu_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from relu_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    Convention: at x = 0 any slope in [0, 1] is a subgradient; ours is 0.
    """
    x = cache
    require_shape("dout", dout, x.shape)
    return dout * is_positive(x)


def label_mask(labels, num_classes):
    """(N, C) bool: true in row n at column labels[n] only. The labels are in range."""
    xp = array_namespace(labels)
    return labels[:, None] == xp.arange(num_classes, device=labels.device)[None, :]


def log_softmax_forward(x):
    """Logarithm of softmax over the last axis, y_i = x_i - log sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        y: (N, C), dtype of x.
        cache: opaque, for log_softmax_backward.
    Source: Blanchard, Higham & Higham 2021, The log-sum-exp and softmax functions.
    """
    xp = array_namespace(x)
    shifted = x - xp.max(x, axis=-1, keepdims=True)
    y = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    return y, y


def log_softmax_backward(dout, cache):
    """Gradient of log_softmax_forward.

    Args:
        dout: (N, C), gradient with respect to y.
        cache: from log_softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    y = cache
    xp = array_namespace(y)
    require_shape("dout", dout, y.shape)
    return dout - xp.exp(y) * xp.sum(dout, axis=-1, keepdims=True)


def embedding_forward(tokens, table):
    """Look each token up, out_nt = table[tokens_nt].

    Args:
        tokens: (N, T) int, in 0 .. V - 1.
        table: (V, E) float, a vector for each word of the vocabulary.
    Returns:
        out: (N, T, E), dtype of table.
        cache: opaque, for embedding_backward.
    Raises:
        ValueError: tokens is not a matrix of integers below V, or table not a matrix.
    Convention: the same as one_hot(tokens) @ table. Tokens have no gradient: the backward returns dtable alone.
    Source: Bengio et al. 2003, section 2, the matrix C.
    """
    xp = array_namespace(tokens, table)
    require_shape("tokens", tokens, ("N", "T"))
    require_shape("table", table, ("V", "E"))
    require_tokens("tokens", tokens, table.shape[0])
    steps = xp.reshape(tokens, (-1,))
    out = xp.take(table, steps, axis=0)
    return xp.reshape(out, (*tokens.shape, table.shape[1])), (tokens, table.shape)


def embedding_backward(dout, cache):
    """Gradient of embedding_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from embedding_forward.
    Returns:
        dtable: (V, E), dtype of dout.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    tokens, shape = cache
    xp = array_namespace(dout)
    require_shape("dout", dout, (*tokens.shape, shape[1]))
    # A word that stands at several places collects from all of them: a product with the one-hot matrix adds them up.
    chosen = in_dtype_of(label_mask(xp.reshape(tokens, (-1,)), shape[0]), dout)
    return chosen.T @ xp.reshape(dout, (-1, shape[1]))


def require_tokens(name, tokens, words):
    """Raise ValueError unless `tokens` are integers in 0 .. words - 1."""
    integral = array_namespace(tokens).isdtype(tokens.dtype, "integral")
    require(integral, name, f"of dtype {tokens.dtype}", "of an integer dtype")
    require_values(name, (tokens >= 0) & (tokens < words), f"in 0 .. {words - 1}")


def layer_norm_forward(x, gamma, beta, *, eps=1e-5):
    """Layer normalisation: each sample over its own features, out = gamma (x - mean) / sqrt(var + eps) + beta.

    Args:
        x: (N, D) float.
        gamma: (D,) float, scale.
        beta: (D,) float, shift.
        eps: added to the variance, inside the root; more than 0.
    Returns:
        out: (N, D), dtype of x.
        cache: opaque, for layer_norm_backward.
    Raises:
        ValueError: a shape does not fit, D is 0, or eps is not more than 0.
    Convention: the biased variance; no running statistics, training and test are the same.
    Source: Ba et al. 2016, equation 4.
    """
    xp = array_namespace(x)
    require_shape("x", x, ("N", "D"))
    require_scale_and_shift(gamma, beta, x.shape[1], eps)
    require(x.shape[1] >= 1, "D", 0, "at least 1")
    normal, inverse = standardise(x, (1,), eps)
    return gamma * normal + beta, (normal, inverse, gamma, xp)


def layer_norm_backward(dout, cache):
    """Gradients of layer_norm_forward.

    Args:
        dout: (N, D), gradient with respect to out.
        cache: from layer_norm_forward.
    Returns:
        dx: (N, D), dtype of x.
        dgamma: (D,).
        dbeta: (D,).
    Raises:
        ValueError: dout does not have the shape of out.
    """
    normal, inverse, gamma, xp = cache
    require_shape("dout", dout, normal.shape)
    dx = standardise_gradient(dout * gamma, normal, inverse, (1,))
    return dx, xp.sum(dout * normal, axis=0), xp.sum(dout, axis=0)


def standardise(x, axes, eps):
    """(x - mean) / sqrt(var + eps) over the axes, and the reciprocal of the root.

    The variance is that of the centred values: the mean of squares less the squared mean cancels.
    """
    xp = array_namespace(x)
    centred = x - xp.mean(x, axis=axes, keepdims=True)
    inverse = 1 / xp.sqrt(xp.mean(centred * centred, axis=axes, keepdims=True) + eps)
    return centred * inverse, inverse


def standardise_gradient(dnormal, normal, inverse, axes):
    """The gradient of x: what does not change the mean, nor the variance, of the values it was normalised with."""
    xp = array_namespace(dnormal)
    by_mean = xp.mean(dnormal, axis=axes, keepdims=True)
    by_variance = normal * xp.mean(dnormal * normal, axis=axes, keepdims=True)
    return inverse * (dnormal - by_mean - by_variance)


def require_scale_and_shift(gamma, beta, features, eps):
    """Raise ValueError unless gamma and beta are one number a feature, and eps is more than 0."""
    require_shape("gamma", gamma, (features,))
    require_shape("beta", beta, (features,))
    require(eps > 0, "eps", eps, "more than 0")


# --- Scaled dot-product attention ---


def attention_forward(q, k, v, mask):
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
    raise NotImplementedError


def attention_backward(dout, cache):
    """Gradients of attention_forward.

    Args:
        dout: (N, T, M), gradient with respect to out.
        cache: from attention_forward.
    Returns:
        dq, dk, dv: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- Nobody looks ahead ---


def causal_mask(like):
    """Who may look where when nobody may look ahead.

    Args:
        like: (N, T) int, tokens; only their number counts.
    Returns:
        mask: (N, T, T) bool, True at [n, t, s] for s <= t.
    Raises:
        ValueError: like is not a matrix.
    Source: Vaswani et al. 2017, section 3.2.3.
    """
    raise NotImplementedError


# --- Nobody looks at padding ---


def padding_mask(like, lengths):
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
    raise NotImplementedError


# --- Splitting into heads ---


def split_heads(x, *, heads=2):
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
    raise NotImplementedError


# --- Merging them again ---


def merge_heads(parts):
    """The inverse of split_heads.

    Args:
        parts: (N, A, T, K) float.
    Returns:
        x: (N, T, A K), dtype of parts.
    Raises:
        ValueError: parts does not have four axes.
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    raise NotImplementedError


# --- Multi-head attention ---


def multi_head_forward(x, memory, mask, wq, wk, wv, wo, *, heads=2):
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
    raise NotImplementedError


def multi_head_backward(dout, cache):
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
    raise NotImplementedError


# --- Head by head ---


def heads_one_by_one(x, memory, mask, wq, wk, wv, wo, *, heads=2):
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
    raise NotImplementedError


# --- Where things stand ---


def positional_encoding(like):
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
    raise NotImplementedError


# --- The feed-forward network ---


def ffn_forward(x, w1, b1, w2, b2):
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
    raise NotImplementedError


def ffn_backward(dout, cache):
    """Gradients of ffn_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from ffn_forward.
    Returns:
        dx, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- Add and normalise ---


def add_norm_forward(x, f, gamma, beta, *, eps=1e-5):
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
    raise NotImplementedError


def add_norm_backward(dout, cache):
    """Gradients of add_norm_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from add_norm_forward.
    Returns:
        dx, df, dgamma, dbeta: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- The norm in front ---


def pre_norm_ffn_forward(x, gamma, beta, w1, b1, w2, b2, *, eps=1e-5):
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
    raise NotImplementedError


def pre_norm_ffn_backward(dout, cache):
    """Gradients of pre_norm_ffn_forward.

    Args:
        dout: (N, T, E), gradient with respect to out.
        cache: from pre_norm_ffn_forward.
    Returns:
        dx, dgamma, dbeta, dw1, db1, dw2, db2: each in the shape of its argument.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- An encoder layer ---


def encoder_layer_forward(x, mask, params, *, heads=2):
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
    raise NotImplementedError


def encoder_layer_backward(dout, cache):
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
    raise NotImplementedError


# --- A decoder layer ---


def decoder_layer_forward(y, memory, mask, memory_mask, params, *, heads=2):
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
    raise NotImplementedError


def decoder_layer_backward(dout, cache):
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
    raise NotImplementedError


# --- The whole ---


def transformer_forward(source, target, source_lengths, params, *, heads=2):
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
    raise NotImplementedError


def transformer_backward(dscores, cache):
    """Gradients of transformer_forward.

    Args:
        dscores: (N, T, V), gradient with respect to scores.
        cache: from transformer_forward.
    Returns:
        dparams: list of arrays, in the shapes of params.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- The next token ---


def next_token_loss_forward(scores, tokens):
    """The causal objective (GPT): the scores at step t are for the token at step t + 1.

    Args:
        scores: (N, T, V) float.
        tokens: (N, T) int, in 0 .. V - 1, T at least 2.
    Returns:
        loss: (), the mean cross-entropy over samples and the steps 0 .. T - 2; dtype of scores.
        cache: opaque, for next_token_loss_backward.
    Raises:
        ValueError: a shape or token does not fit, or nothing is scored.
    Source: Radford et al. 2018, equation 1; USTC slides, GPT.
    """
    raise NotImplementedError


def next_token_loss_backward(dloss, cache):
    """Gradient of next_token_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from next_token_loss_forward.
    Returns:
        dscores: (N, T, V), dtype of scores; 0 at the last step.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    raise NotImplementedError


# --- A covered token ---


def cloze_loss_forward(scores, tokens, covered):
    """The cloze objective (BERT): the scores at a covered step are for the token that stood there.

    Args:
        scores: (N, T, V) float.
        tokens: (N, T) int, in 0 .. V - 1, what stood there.
        covered: (N, T) bool, which steps were covered.
    Returns:
        loss: (), the mean cross-entropy over the covered steps of all samples, 0 if there are none; dtype of scores.
        cache: opaque, for cloze_loss_backward.
    Raises:
        ValueError: a shape or token does not fit.
    Source: Devlin et al. 2019, section 3.1; USTC slides, BERT.
    """
    raise NotImplementedError


def cloze_loss_backward(dloss, cache):
    """Gradient of cloze_loss_forward.

    Args:
        dloss: (), gradient with respect to loss.
        cache: from cloze_loss_forward.
    Returns:
        dscores: (N, T, V), dtype of scores; 0 where nothing was covered.
    Raises:
        ValueError: dloss does not have the shape of loss.
    """
    raise NotImplementedError


# --- Learning an order ---


def train_copy(source, target, test_source, *, vocabulary, rng):
    """Learn to write a sequence down in another order, and do it for new ones.

    Args:
        source: (N, T) int, tokens in 0 .. vocabulary - 1.
        target: (N, T) int, the same tokens in an order that is the same for all samples, but not told.
        test_source: (P, T) int, sequences to write down.
        vocabulary: how many tokens there are.
        rng: source of chance.
    Returns:
        predicted: (P, T) int.
        history: (updates,) float64, the training loss of each update.
    Convention: a Transformer layer of any size; without attention a step knows its own token only.
    Source: Vaswani et al. 2017; Graves et al. 2014, the copy task.
    """
    raise NotImplementedError
