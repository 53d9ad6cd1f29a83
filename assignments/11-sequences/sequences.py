"""Models of sequences.

Fill in the functions, then run: backcheck check sequences.py
"""

import numpy as np
from typing import Any
from typing import Any, BinaryIO


# --- Given, with their helpers: sigmoid, softmax, log_softmax, affine, srn, lstm. Use them as they are. ---


Array = Any


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


def sigmoid_forward(x):
    """Logistic sigmoid, a = 1 / (1 + e^-x), accurate on both tails.

    Args:
        x: any shape, float.
    Returns:
        a: shape of x, dtype of x.
        cache: opaque, for sigmoid_backward.
    Source: Goodfellow et al. 2016, equation 3.30.
    """
    xp = array_namespace(x)
    # Both exponents are at most 0: nothing overflows, and a small a keeps all its digits.
    a = xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))
    return a, a


def sigmoid_backward(dout, cache):
    """Gradient of sigmoid_forward.

    Args:
        dout: shape of x, gradient with respect to a.
        cache: from sigmoid_forward.
    Returns:
        dx: shape of x, dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    return dout * (a * (1 - a))


def affine_forward(x, w, b):
    """Affine map, out = x w + b.

    Args:
        x: (N, D) float, inputs.
        w: (D, M) float, weights.
        b: (M,) float, bias.
    Returns:
        out: (N, M), dtype of x.
        cache: opaque, for affine_backward.
    Raises:
        ValueError: x is not a matrix, or w or b does not fit it.
    Convention: samples are rows, and w is (D, M); torch.nn.Linear stores (M, D), and the lectures write
        z = W a + b on columns.
    Source: Goodfellow et al. 2016, section 6.5.
    """
    require_shape("x", x, ("N", "D"))
    require_shape("w", w, (x.shape[1], "M"))
    require_shape("b", b, (w.shape[1],))
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    """Gradients of affine_forward.

    Args:
        dout: (N, M), gradient with respect to out.
        cache: from affine_forward.
    Returns:
        dx: (N, D), dtype of x.
        dw: (D, M), dtype of w.
        db: (M,), dtype of b.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    x, w = cache
    require_shape("dout", dout, (x.shape[0], w.shape[1]))
    dx = dout @ w.T
    dw = x.T @ dout
    db = array_namespace(dout).sum(dout, axis=0)
    return dx, dw, db


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    """A simple recurrent network over a sequence, h_t = tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        truncate: how many steps the gradient of each h_t goes back through, its own counted; None for all.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for srn_backward.
    Raises:
        ValueError: a shape does not fit, T is 0, or truncate is not at least 1.
    Convention: the values do not depend on truncate; only the backward does: with truncate = k the gradient with
        respect to h_t reaches the inputs of the steps t-k+1 .. t, and h0 where that goes so far.
    Source: Werbos 1990; Williams & Zipser 1995, truncated BPTT(k, 1).
    """
    xp = array_namespace(x)
    require_sequence(x)
    require_cell(x.shape[0], x.shape[2], wx, wh, b, 1)
    require_shape("h0", h0, (x.shape[0], wh.shape[0]))
    require(truncate is None or truncate >= 1, "truncate", truncate, "None or at least 1")
    states = [h0]
    for t in range(x.shape[1]):
        states.append(xp.tanh(x[:, t, :] @ wx + states[-1] @ wh + b))
    return xp.stack(states[1:], axis=1), (x, wx, wh, states, truncate)


def srn_backward(dh, cache):
    """Gradients of srn_forward: back-propagation through time, full or truncated.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, wh, states, truncate = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wh.shape[0]))
    back_through = _bptt if truncate is None or truncate >= x.shape[1] else _truncated_bptt
    dzs, dh0 = back_through(dh, wh, states, truncate)
    # z_t depends on x_t, h_{t-1} and the shared parameters, whose gradients add up over the steps.
    dwx = sum(x[:, t, :].T @ dz for t, dz in enumerate(dzs))
    dwh = sum(h_prev.T @ dz for h_prev, dz in zip(states, dzs, strict=False))
    db = sum(xp.sum(dz, axis=0) for dz in dzs)
    dx = xp.stack([dz @ wx.T for dz in dzs], axis=1)
    return dx, dh0, dwx, dwh, db


def _bptt(dh, wh, states, truncate):
    """The gradient with respect to every z_t, and to h0: dh_t and what comes back from step t + 1, through tanh."""
    dzs: list[Array] = []
    carried = array_namespace(dh).zeros_like(states[0])
    for t in reversed(range(dh.shape[1])):
        h = states[t + 1]
        dz = (dh[:, t, :] + carried) * (1 - h * h)
        carried = dz @ wh.T
        dzs.insert(0, dz)
    return dzs, carried


def _truncated_bptt(dh, wh, states, truncate):
    """The same with every dh_t sent back by itself, through `truncate` steps."""
    xp = array_namespace(dh)
    dzs = [xp.zeros_like(states[0]) for _ in range(dh.shape[1])]
    dh0 = xp.zeros_like(states[0])
    for t in range(dh.shape[1]):
        carried = dh[:, t, :]
        for k in range(t, max(t - truncate, -1), -1):
            h = states[k + 1]
            dz = carried * (1 - h * h)
            dzs[k] = dzs[k] + dz
            carried = dz @ wh.T
        if t < truncate:
            dh0 = dh0 + carried
    return dzs, dh0


def require_sequence(x):
    """Raise ValueError unless x is (N, T, D) with at least one step."""
    require_shape("x", x, ("N", "T", "D"))
    require(x.shape[1] >= 1, "T", x.shape[1], "at least 1")


def require_cell(samples, inputs, wx, wh, b, gates):
    """Raise ValueError unless the weights are those of a cell with that many blocks of H columns."""
    require_shape("wh", wh, ("H", wh.shape[0] * gates if wh.ndim else "H"))
    require_shape("wx", wx, (inputs, wh.shape[1]))
    require_shape("b", b, (wh.shape[1],))


def softmax_forward(x):
    """Softmax over the last axis, a_i = e^{x_i} / sum_j e^{x_j}.

    Args:
        x: (N, C) float, C at least 1.
    Returns:
        a: (N, C), dtype of x; each row sums to 1.
        cache: opaque, for softmax_backward.
    Source: Goodfellow et al. 2016, equation 4.1; Blanchard, Higham & Higham 2021.
    """
    xp = array_namespace(x)
    # Shifting a row does not change it, and exp overflows above 709 (88 in float32).
    exponentials = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    a = exponentials / xp.sum(exponentials, axis=-1, keepdims=True)
    return a, a


def softmax_backward(dout, cache):
    """Gradient of softmax_forward.

    Args:
        dout: (N, C), gradient with respect to a.
        cache: from softmax_forward.
    Returns:
        dx: (N, C), dtype of x.
    Raises:
        ValueError: dout does not have the shape of x.
    """
    a = cache
    require_shape("dout", dout, a.shape)
    mean = array_namespace(a).sum(dout * a, axis=-1, keepdims=True)
    return a * (dout - mean)


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


def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    """One step of an LSTM: c = f * c_prev + i * g, h = o * tanh(c), with the gates from z = x wx + h_prev wh + b.

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        wx: (D, 4H) float, weights from the input, in blocks i, f, g, o.
        wh: (H, 4H) float, weights from the output before, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: i, f, o = sigmoid, g = tanh of their block of z; order i, f, g, o as in torch.nn.LSTM, one bias.
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000, the forget gate.
    """
    require_lstm(x, h_prev, c_prev, wx, wh, b, 4)
    i, f, g, o = lstm_gates(x @ wx + h_prev @ wh + b)
    c = f * c_prev + i * g
    a = array_namespace(c).tanh(c)
    return o * a, c, (x, h_prev, c_prev, wx, wh, (i, f, g, o), a)


def lstm_step_backward(dh, dc, cache):
    """Gradients of lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c, from whatever comes after this step.
        cache: from lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    x, h_prev, c_prev, wx, wh, (i, f, g, o), a = cache
    require_shape("dh", dh, c_prev.shape)
    require_shape("dc", dc, c_prev.shape)
    dc = dc + dh * o * (1 - a * a)
    dz = array_namespace(dc).concat(
        [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g * g), dh * a * o * (1 - o)], axis=1
    )
    dx, dh_prev, dwx, dwh, db = gate_gradients(dz, x, h_prev, wx, wh)
    return dx, dh_prev, dc * f, dwx, dwh, db


def lstm_forward(x, h0, c0, wx, wh, b):
    """An LSTM over a sequence: lstm_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the output before the first step.
        c0: (N, H) float, the cell before the first step.
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        h: (N, T, H), every output, dtype of x.
        c: (N, H), the cell after the last step, dtype of x.
        cache: opaque, for lstm_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: the same weights at every step; both h and c have a gradient.
    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000, the forget gate.
    """
    return unroll_lstm(lstm_step_forward, x, h0, c0, (wx, wh, b))


def lstm_backward(dh, dc, cache):
    """Gradients of lstm_forward: back-propagation through time.

    Args:
        dh: (N, T, H), gradient with respect to every output.
        dc: (N, H), gradient with respect to the last cell.
        cache: from lstm_forward.
    Returns:
        dx, dh0, dc0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h or c.
    """
    return bptt_lstm(lstm_step_backward, dh, dc, cache)


def blocks(z, count):
    """The last axis cut into that many equal blocks."""
    width = z.shape[-1] // count
    return [z[..., k * width : (k + 1) * width] for k in range(count)]


def lstm_gates(z):
    """i, f, g, o of their blocks."""
    z_i, z_f, z_g, z_o = blocks(z, 4)
    i, f, o = (sigmoid_forward(gate)[0] for gate in (z_i, z_f, z_o))
    return i, f, array_namespace(z).tanh(z_g), o


def gate_gradients(dz, x, h_prev, wx, wh):
    """dx, dh_prev, dwx, dwh, db of z = x wx + h_prev wh + b."""
    return dz @ wx.T, dz @ wh.T, x.T @ dz, h_prev.T @ dz, array_namespace(dz).sum(dz, axis=0)


def unroll_lstm(step, x, h, c, params):
    """Every output, the last cell, and the steps' caches."""
    require_sequence(x)
    outputs, caches = [], []
    for t in range(x.shape[1]):
        h, c, cache = step(x[:, t, :], h, c, *params)
        outputs.append(h)
        caches.append(cache)
    return array_namespace(x).stack(outputs, axis=1), c, caches


def bptt_lstm(step_backward, dh, dc, caches):
    """dx, dh0, dc0 and the parameters' gradients: from the last step to the first."""
    xp = array_namespace(dh)
    hidden = caches[0][2]
    require_shape("dh", dh, (hidden.shape[0], len(caches), hidden.shape[1]))
    require_shape("dc", dc, hidden.shape)
    carried = xp.zeros_like(hidden)
    dxs: list[Array] = []
    totals: list[Array] = []
    for t in reversed(range(len(caches))):
        dx, carried, dc, *grads = step_backward(dh[:, t, :] + carried, dc, caches[t])
        dxs.insert(0, dx)
        totals = [total + grad for total, grad in zip(totals, grads, strict=True)] if totals else grads
    return xp.stack(dxs, axis=1), carried, dc, *totals


def require_lstm(x, h_prev, c_prev, wx, wh, b, gates):
    """Raise ValueError unless the arguments of a step fit each other."""
    require_shape("x", x, ("N", "D"))
    require_cell(x.shape[0], x.shape[1], wx, wh, b, gates)
    require_shape("h_prev", h_prev, (x.shape[0], wh.shape[0]))
    require_shape("c_prev", c_prev, h_prev.shape)


# --- Embedding ---


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
    raise NotImplementedError


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
    raise NotImplementedError


# --- The same layer at every step ---


def time_distributed_forward(x, w, b):
    """The same affine map at every step, out_t = x_t w + b.

    Args:
        x: (N, T, D) float, inputs.
        w: (D, M) float, weights.
        b: (M,) float, bias.
    Returns:
        out: (N, T, M), dtype of x.
        cache: opaque, for time_distributed_backward.
    Raises:
        ValueError: x does not have three axes, or w or b does not fit it.
    Source: Keras, TimeDistributed; USTC slides, the word model.
    """
    raise NotImplementedError


def time_distributed_backward(dout, cache):
    """Gradients of time_distributed_forward.

    Args:
        dout: (N, T, M), gradient with respect to out.
        cache: from time_distributed_forward.
    Returns:
        dx: (N, T, D), dtype of x.
        dw: (D, M), dtype of w; the sum over samples and steps.
        db: (M,), dtype of b; likewise.
    Raises:
        ValueError: dout does not have the shape of out.
    """
    raise NotImplementedError


# --- Stacked layers ---


def stacked_srn_forward(x, h0, wx, wh, b):
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
    raise NotImplementedError


def stacked_srn_backward(dh, cache):
    """Gradients of stacked_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to h.
        cache: from stacked_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument, lists for lists.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Both directions ---


def bidirectional_srn_forward(x, h0, wx, wh, b, h0_back, wx_back, wh_back, b_back):
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
    raise NotImplementedError


def bidirectional_srn_backward(dh, cache):
    """Gradients of bidirectional_srn_forward.

    Args:
        dh: (N, T, 2H), gradient with respect to h.
        cache: from bidirectional_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db, dh0_back, dwx_back, dwh_back, db_back: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Sequence to sequence ---


def seq2seq_forward(x, y, wx, wh, b, wy, wh_out, b_out, v, c):
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
    raise NotImplementedError


def seq2seq_backward(dscores, cache):
    """Gradients of seq2seq_forward.

    Args:
        dscores: (N, T, M), gradient with respect to scores.
        cache: from seq2seq_forward.
    Returns:
        dx, dy, dwx, dwh, db, dwy, dwh_out, db_out, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- A vocabulary ---


def build_vocabulary(codes):
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
    raise NotImplementedError


# --- Windows ---


def text_windows(tokens, *, window):
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
    raise NotImplementedError


# --- The character model ---


def char_model_forward(tokens, wx, wh, b, v, c):
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
    raise NotImplementedError


def char_model_backward(dscores, cache):
    """Gradients of char_model_forward.

    Args:
        dscores: (N, V), gradient with respect to scores.
        cache: from char_model_forward.
    Returns:
        dwx, dwh, db, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- Drawing text ---


def generate_text(start, uniforms, wx, wh, b, v, c, *, temperature=1.0):
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
    raise NotImplementedError


# --- The word model ---


def word_model_forward(tokens, keep, table, wx1, wh1, b1, wx2, wh2, b2, v, c, *, p_drop=0.5):
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
    raise NotImplementedError


def word_model_backward(dscores, cache):
    """Gradients of word_model_forward.

    Args:
        dscores: (N, T, V), gradient with respect to scores.
        cache: from word_model_forward.
    Returns:
        dtable, dwx1, dwh1, db1, dwx2, dwh2, db2, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dscores does not have the shape of scores.
    """
    raise NotImplementedError


# --- What a path stands for ---


def ctc_collapse(path):
    """The labels a path stands for: repeated classes merged, then blanks dropped.

    Args:
        path: (N, T) int, a class for each step; 0 is the blank.
    Returns:
        labels: (N, T), dtype of path, the labels from the left, then 0.
        lengths: (N,), dtype of path, how many labels each sample has.
    Raises:
        ValueError: path is not a matrix.
    Convention: best-path decoding is this on the argmax of the logits.
    Source: Graves et al. 2006, section 3.1, the map B.
    """
    raise NotImplementedError


# --- Connectionist temporal classification ---


def ctc_loss_forward(logits, labels, input_lengths, label_lengths, *, reduction="mean"):
    """Minus the log of the probability of the labels, summed over every path that collapses to them.

    Args:
        logits: (N, T, C) float, scores of the blank, class 0, and of C - 1 labels at every step.
        labels: (N, L) int, in 1 .. C - 1; what stands beyond a sample's own length counts for nothing.
        input_lengths: (N,) int, in 1 .. T.
        label_lengths: (N,) int, in 0 .. L.
        reduction: "mean" or "sum" over the N samples, or "none".
    Returns:
        loss: (), or (N,) for "none"; dtype of logits.
        cache: opaque, for ctc_loss_backward.
    Raises:
        ValueError: a shape, a length or a label does not fit, some input is too short for its labels (each takes a
            step, and so does the blank between two equal ones), the reduction is unknown, or a mean has N = 0.
    Convention: softmax is inside; the gradient is with respect to logits. torch.nn.CTCLoss takes log-probabilities
        of shape (T, N, C), and its mean first divides each loss by the label length.
    Source: Graves et al. 2006, equations 6-8, in log space.
    """
    raise NotImplementedError


def ctc_loss_backward(dloss, cache):
    """Gradient of ctc_loss_forward.

    Args:
        dloss: (), or (N,) for "none"; gradient with respect to loss.
        cache: from ctc_loss_forward.
    Returns:
        dlogits: (N, T, C), dtype of logits; 0 beyond a sample's input length.
    Raises:
        ValueError: dloss does not have the shape of loss.
    Source: Graves et al. 2006, equations 10-16.
    """
    raise NotImplementedError
