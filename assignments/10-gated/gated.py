"""Gated recurrent networks.

Fill in the functions, then run: backcheck check gated.py
"""

import numpy as np


# --- Given, with their helpers: sigmoid. Use them as they are. ---


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


# --- The cell alone ---


def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    """The cell alone: c = tanh(z) s(z_i) + c_prev s(z_f), a = tanh(c) s(z_o), s the sigmoid.

    Args:
        z: (N, H) float, what is to be stored.
        z_i: (N, H) float, of the input gate.
        z_f: (N, H) float, of the forget gate.
        z_o: (N, H) float, of the output gate.
        c_prev: (N, H) float, the cell before.
    Returns:
        a: (N, H), what is read, dtype of z.
        c: (N, H), the cell, dtype of z.
        cache: opaque, for memory_cell_backward.
    Raises:
        ValueError: the shapes differ.
    Source: Soochow slides, the LSTM cell.
    """
    raise NotImplementedError


def memory_cell_backward(da, dc, cache):
    """Gradients of memory_cell_forward.

    Args:
        da: (N, H), gradient with respect to a.
        dc: (N, H), gradient with respect to c.
        cache: from memory_cell_forward.
    Returns:
        dz, dz_i, dz_f, dz_o, dc_prev: each (N, H).
    Raises:
        ValueError: da or dc does not have the shape of a.
    """
    raise NotImplementedError


# --- One step ---


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
    raise NotImplementedError


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
    raise NotImplementedError


# --- A whole sequence ---


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
    raise NotImplementedError


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
    raise NotImplementedError


# --- One matrix for both ---


def joint_lstm_step_forward(x, h_prev, c_prev, w, b):
    """The step of an LSTM with one matrix for output and input, z = [h_prev, x] w + b.

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        w: (H+D, 4H) float, the rows of h_prev first, in blocks i, f, g, o.
        b: (4H,) float, bias.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for joint_lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: the Beihang and Tsinghua slides write W [h, x]; the same numbers as lstm_step with wh above wx.
    Source: Gers et al. 2000; Tsinghua slides, the LSTM.
    """
    raise NotImplementedError


def joint_lstm_step_backward(dh, dc, cache):
    """Gradients of joint_lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c.
        cache: from joint_lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dw, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    raise NotImplementedError


# --- Without a forget gate: one step ---


def no_forget_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    """One step of an LSTM without a forget gate: c = c_prev + i * g, h = o * tanh(c).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        wx: (D, 3H) float, in blocks i, g, o.
        wh: (H, 3H) float, in the same blocks.
        b: (3H,) float, bias.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for no_forget_lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: gates in the order i, g, o; nothing is ever forgotten.
    Source: Hochreiter & Schmidhuber 1997; USTC slides, LSTM variants.
    """
    raise NotImplementedError


def no_forget_lstm_step_backward(dh, dc, cache):
    """Gradients of no_forget_lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c.
        cache: from no_forget_lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    raise NotImplementedError


# --- Without a forget gate: a sequence ---


def no_forget_lstm_forward(x, h0, c0, wx, wh, b):
    """An LSTM without a forget gate over a sequence: no_forget_lstm_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the output before the first step.
        c0: (N, H) float, the cell before the first step.
        wx: (D, 3H) float, in blocks i, g, o.
        wh: (H, 3H) float, in the same blocks.
        b: (3H,) float, bias.
    Returns:
        h: (N, T, H), every output, dtype of x.
        c: (N, H), the cell after the last step, dtype of x.
        cache: opaque, for no_forget_lstm_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Hochreiter & Schmidhuber 1997; USTC slides, LSTM variants.
    """
    raise NotImplementedError


def no_forget_lstm_backward(dh, dc, cache):
    """Gradients of no_forget_lstm_forward.

    Args:
        dh: (N, T, H), gradient with respect to every output.
        dc: (N, H), gradient with respect to the last cell.
        cache: from no_forget_lstm_forward.
    Returns:
        dx, dh0, dc0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h or c.
    """
    raise NotImplementedError


# --- Coupled gates: one step ---


def coupled_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    """One step of an LSTM whose gates are coupled: c = (1 - i) * c_prev + i * g, h = o * tanh(c).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        wx: (D, 3H) float, in blocks i, g, o.
        wh: (H, 3H) float, in the same blocks.
        b: (3H,) float, bias.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for coupled_lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: f = 1 - i, so that gates come in the order i, g, o.
    Source: Greff et al. 2017, CIFG; USTC slides, LSTM variants.
    """
    raise NotImplementedError


def coupled_lstm_step_backward(dh, dc, cache):
    """Gradients of coupled_lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c.
        cache: from coupled_lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    raise NotImplementedError


# --- Coupled gates: a sequence ---


def coupled_lstm_forward(x, h0, c0, wx, wh, b):
    """An LSTM whose gates are coupled over a sequence: coupled_lstm_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the output before the first step.
        c0: (N, H) float, the cell before the first step.
        wx: (D, 3H) float, in blocks i, g, o.
        wh: (H, 3H) float, in the same blocks.
        b: (3H,) float, bias.
    Returns:
        h: (N, T, H), every output, dtype of x.
        c: (N, H), the cell after the last step, dtype of x.
        cache: opaque, for coupled_lstm_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Greff et al. 2017, CIFG; USTC slides, LSTM variants.
    """
    raise NotImplementedError


def coupled_lstm_backward(dh, dc, cache):
    """Gradients of coupled_lstm_forward.

    Args:
        dh: (N, T, H), gradient with respect to every output.
        dc: (N, H), gradient with respect to the last cell.
        cache: from coupled_lstm_forward.
    Returns:
        dx, dh0, dc0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h or c.
    """
    raise NotImplementedError


# --- Peepholes: one step ---


def peephole_lstm_step_forward(x, h_prev, c_prev, wx, wh, b, p):
    """One step of an LSTM with peepholes: i and f also see c_prev, and o sees c.

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the output before.
        c_prev: (N, H) float, the cell before.
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
        p: (3, H) float, the peepholes of i, f and o, one weight a unit.
    Returns:
        h: (N, H), dtype of x.
        c: (N, H), dtype of x.
        cache: opaque, for peephole_lstm_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: diagonal peepholes: i, f look at c_prev, o at the new c.
    Source: Gers & Schmidhuber 2000; Gers et al. 2002; USTC and Tsinghua slides.
    """
    raise NotImplementedError


def peephole_lstm_step_backward(dh, dc, cache):
    """Gradients of peephole_lstm_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        dc: (N, H), gradient with respect to c.
        cache: from peephole_lstm_step_forward.
    Returns:
        dx, dh_prev, dc_prev, dwx, dwh, db, dp: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h.
    """
    raise NotImplementedError


# --- Peepholes: a sequence ---


def peephole_lstm_forward(x, h0, c0, wx, wh, b, p):
    """An LSTM with peepholes over a sequence: peephole_lstm_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the output before the first step.
        c0: (N, H) float, the cell before the first step.
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
        p: (3, H) float, the peepholes of i, f and o, one weight a unit.
    Returns:
        h: (N, T, H), every output, dtype of x.
        c: (N, H), the cell after the last step, dtype of x.
        cache: opaque, for peephole_lstm_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Gers & Schmidhuber 2000; Gers et al. 2002; USTC and Tsinghua slides.
    """
    raise NotImplementedError


def peephole_lstm_backward(dh, dc, cache):
    """Gradients of peephole_lstm_forward.

    Args:
        dh: (N, T, H), gradient with respect to every output.
        dc: (N, H), gradient with respect to the last cell.
        cache: from peephole_lstm_forward.
    Returns:
        dx, dh0, dc0, dwx, dwh, db, dp: each in the shape of its argument.
    Raises:
        ValueError: dh or dc does not have the shape of h or c.
    """
    raise NotImplementedError


# --- Chung et al.: one step ---


def gru_chung_step_forward(x, h_prev, wx, wh):
    """One step of a GRU in the form of Chung et al.: h = (1 - z) * h_prev + z * n, n = tanh(x W + (r * h_prev) U).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the state before.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
    Returns:
        h: (N, H), dtype of x.
        cache: opaque, for gru_chung_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: no biases; z is how much is NEW; the reset comes before the matrix product. Blocks r, z, n.
    Source: Chung et al. 2014, equations 5-8; Tsinghua slides, which name Cho.
    """
    raise NotImplementedError


def gru_chung_step_backward(dh, cache):
    """Gradients of gru_chung_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_chung_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Chung et al.: a sequence ---


def gru_chung_forward(x, h0, wx, wh):
    """A GRU in the form of Chung et al. over a sequence: gru_chung_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for gru_chung_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: no biases; z is how much is NEW; the reset comes before the matrix product. Blocks r, z, n.
    Source: Chung et al. 2014, equations 5-8; Tsinghua slides, which name Cho.
    """
    raise NotImplementedError


def gru_chung_backward(dh, cache):
    """Gradients of gru_chung_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_chung_forward.
    Returns:
        dx, dh0, dwx, dwh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Cho et al.: one step ---


def gru_cho_step_forward(x, h_prev, wx, wh, b):
    """One step of a GRU in the form of Cho et al.: h = z * h_prev + (1 - z) * n, n = tanh(x W + (r * h_prev) U).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the state before.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
        b: (2H,) float, bias of r and z; the candidate has none.
    Returns:
        h: (N, H), dtype of x.
        cache: opaque, for gru_cho_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: z is how much is KEPT; the candidate has no bias; the reset comes before the product. Blocks r, z, n.
    Source: Cho et al. 2014, equations 5-8; USTC slides, the GRU.
    """
    raise NotImplementedError


def gru_cho_step_backward(dh, cache):
    """Gradients of gru_cho_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_cho_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Cho et al.: a sequence ---


def gru_cho_forward(x, h0, wx, wh, b):
    """A GRU in the form of Cho et al. over a sequence: gru_cho_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
        b: (2H,) float, bias of r and z; the candidate has none.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for gru_cho_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: z is how much is KEPT; the candidate has no bias; the reset comes before the product. Blocks r, z, n.
    Source: Cho et al. 2014, equations 5-8; USTC slides, the GRU.
    """
    raise NotImplementedError


def gru_cho_backward(dh, cache):
    """Gradients of gru_cho_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_cho_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- The reset after the product: one step ---


def gru_reset_after_step_forward(x, h_prev, wx, wh, bx, bh):
    """One step of a GRU in torch's form: h = (1 - z) * n + z * h_prev, n = tanh(x W + b + r * (h_prev U + c)).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the state before.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
        bx: (3H,) float, bias beside the input.
        bh: (3H,) float, bias beside the state.
    Returns:
        h: (N, H), dtype of x.
        cache: opaque, for gru_reset_after_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: z is how much is KEPT; the reset comes after the matrix product and its bias. Blocks r, z, n.
    Source: torch.nn.GRU and cuDNN; Cho et al. 2014, with the reset moved.
    """
    raise NotImplementedError


def gru_reset_after_step_backward(dh, cache):
    """Gradients of gru_reset_after_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_reset_after_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, dbx, dbh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- The reset after the product: a sequence ---


def gru_reset_after_forward(x, h0, wx, wh, bx, bh):
    """A GRU in torch's form over a sequence: gru_reset_after_step at every step.

    Args:
        x: (N, T, D) float, inputs.
        h0: (N, H) float, the state before the first step.
        wx: (D, 3H) float, weights from the input, in blocks r, z, n.
        wh: (H, 3H) float, weights from the state, in the same blocks.
        bx: (3H,) float, bias beside the input.
        bh: (3H,) float, bias beside the state.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for gru_reset_after_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: z is how much is KEPT; the reset comes after the matrix product and its bias. Blocks r, z, n.
    Source: torch.nn.GRU and cuDNN; Cho et al. 2014, with the reset moved.
    """
    raise NotImplementedError


def gru_reset_after_backward(dh, cache):
    """Gradients of gru_reset_after_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_reset_after_forward.
    Returns:
        dx, dh0, dwx, dwh, dbx, dbh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    raise NotImplementedError


# --- Four paths from cell to cell ---


def cell_jacobian_terms(x, c_prev, o_prev, wx, wh, b):
    """The four paths from one cell to the next, dC_t / dC_{t-1} of an LSTM, for one sample.

    Args:
        x: (D,) float, the step's input.
        c_prev: (H,) float, the cell C_{t-1}.
        o_prev: (H,) float, the output gate of step t-1, so that h_{t-1} = o_prev * tanh(c_prev).
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        direct: (H, H), with f held fixed times C_{t-1}: the additive path, diagonal; dtype of x.
        by_forget: (H, H), through the forget gate.
        by_input: (H, H), through the input gate.
        by_candidate: (H, H), through the candidate.
    Raises:
        ValueError: a shape does not fit.
    Convention: entry [j, k] is dC_t[k] / dC_{t-1}[j], rows as everywhere here; the four add up to the Jacobian.
        o_prev is held fixed.
    Source: Soochow slides, why the LSTM keeps its gradient.
    """
    raise NotImplementedError


# --- How far gradients reach ---


def lstm_gradient_norms(x, wx, wh, b):
    """How much of a change of an LSTM's state after step k arrives after step T, for one sequence from zero state.

    Args:
        x: (T, D) float, inputs, T at least 1.
        wx: (D, 4H) float, in blocks i, f, g, o.
        wh: (H, 4H) float, in the same blocks.
        b: (4H,) float, bias.
    Returns:
        norms: (T,), the spectral norm of d(h_T, c_T) / d(h_k, c_k) for k = 1 .. T, dtype of x; 1 for k = T.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Convention: the state is h and c together, so the Jacobian is (2H, 2H).
    Source: Soochow slides: the LSTM eases vanishing, it does not cure exploding.
    """
    raise NotImplementedError


# --- What it costs ---


def recurrent_parameters(inputs, hidden, *, cell="lstm"):
    """How many numbers a recurrent layer learns.

    Args:
        inputs: D, features of a step, at least 1.
        hidden: H, units, at least 1.
        cell: "srn", "lstm", "no_forget_lstm", "coupled_lstm", "peephole_lstm", "gru_chung", "gru_cho" or
            "gru_reset_after".
    Returns:
        count: a Python int.
    Raises:
        ValueError: a size is less than 1, or the cell is unknown.
    Convention: as in the tasks of those names: one bias a block, none for gru_chung, two blocks' for gru_cho, six
        blocks' for gru_reset_after; 3H more for diagonal peepholes.
    Source: Tsinghua slides, parameters of SRN, LSTM and GRU.
    """
    raise NotImplementedError
