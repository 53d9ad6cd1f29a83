"""Variants of the LSTM: without a forget gate, with coupled gates, with peepholes."""

from reference.activations import sigmoid_forward
from reference.checks import require_shape
from reference.lstm import blocks, bptt_lstm, gate_gradients, require_lstm, unroll_lstm
from reference.namespace import Array, Cache, array_namespace


def no_forget_lstm_step_forward(
    x: Array, h_prev: Array, c_prev: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
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
    require_lstm(x, h_prev, c_prev, wx, wh, b, 3)
    i, g, o = _input_candidate_output(x @ wx + h_prev @ wh + b)
    c = c_prev + i * g
    a = array_namespace(c).tanh(c)
    return o * a, c, (x, h_prev, c_prev, wx, wh, (i, g, o), a)


def no_forget_lstm_step_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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
    x, h_prev, c_prev, wx, wh, (i, g, o), a = cache
    require_shape("dh", dh, c_prev.shape)
    require_shape("dc", dc, c_prev.shape)
    dc = dc + dh * o * (1 - a * a)
    dz = array_namespace(dc).concat([dc * g * i * (1 - i), dc * i * (1 - g * g), dh * a * o * (1 - o)], axis=1)
    dx, dh_prev, dwx, dwh, db = gate_gradients(dz, x, h_prev, wx, wh)
    return dx, dh_prev, dc, dwx, dwh, db


def no_forget_lstm_forward(
    x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
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
    return unroll_lstm(no_forget_lstm_step_forward, x, h0, c0, (wx, wh, b))


def no_forget_lstm_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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
    return bptt_lstm(no_forget_lstm_step_backward, dh, dc, cache)


def coupled_lstm_step_forward(
    x: Array, h_prev: Array, c_prev: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
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
    require_lstm(x, h_prev, c_prev, wx, wh, b, 3)
    i, g, o = _input_candidate_output(x @ wx + h_prev @ wh + b)
    c = (1 - i) * c_prev + i * g
    a = array_namespace(c).tanh(c)
    return o * a, c, (x, h_prev, c_prev, wx, wh, (i, g, o), a)


def coupled_lstm_step_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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
    x, h_prev, c_prev, wx, wh, (i, g, o), a = cache
    require_shape("dh", dh, c_prev.shape)
    require_shape("dc", dc, c_prev.shape)
    dc = dc + dh * o * (1 - a * a)
    dz = array_namespace(dc).concat(
        [dc * (g - c_prev) * i * (1 - i), dc * i * (1 - g * g), dh * a * o * (1 - o)], axis=1
    )
    dx, dh_prev, dwx, dwh, db = gate_gradients(dz, x, h_prev, wx, wh)
    return dx, dh_prev, dc * (1 - i), dwx, dwh, db


def coupled_lstm_forward(x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Array, Cache]:
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
    return unroll_lstm(coupled_lstm_step_forward, x, h0, c0, (wx, wh, b))


def coupled_lstm_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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
    return bptt_lstm(coupled_lstm_step_backward, dh, dc, cache)


def peephole_lstm_step_forward(
    x: Array, h_prev: Array, c_prev: Array, wx: Array, wh: Array, b: Array, p: Array
) -> tuple[Array, Array, Cache]:
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
    require_lstm(x, h_prev, c_prev, wx, wh, b, 4)
    require_shape("p", p, (3, h_prev.shape[1]))
    z_i, z_f, z_g, z_o = blocks(x @ wx + h_prev @ wh + b, 4)
    i, _ = sigmoid_forward(z_i + p[0, :] * c_prev)
    f, _ = sigmoid_forward(z_f + p[1, :] * c_prev)
    g = array_namespace(x).tanh(z_g)
    c = f * c_prev + i * g
    o, _ = sigmoid_forward(z_o + p[2, :] * c)
    a = array_namespace(c).tanh(c)
    return o * a, c, (x, h_prev, c_prev, wx, wh, p, (i, f, g, o), c, a)


def peephole_lstm_step_backward(
    dh: Array, dc: Array, cache: Cache
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
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
    x, h_prev, c_prev, wx, wh, p, (i, f, g, o), c, a = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, c.shape)
    require_shape("dc", dc, c.shape)
    dz_o = dh * a * o * (1 - o)
    dc = dc + dh * o * (1 - a * a) + dz_o * p[2, :]
    dz_i, dz_f, dz_g = dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g * g)
    dc_prev = dc * f + dz_i * p[0, :] + dz_f * p[1, :]
    dp = xp.stack([xp.sum(dz_i * c_prev, axis=0), xp.sum(dz_f * c_prev, axis=0), xp.sum(dz_o * c, axis=0)])
    dz = xp.concat([dz_i, dz_f, dz_g, dz_o], axis=1)
    dx, dh_prev, dwx, dwh, db = gate_gradients(dz, x, h_prev, wx, wh)
    return dx, dh_prev, dc_prev, dwx, dwh, db, dp


def peephole_lstm_forward(
    x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array, p: Array
) -> tuple[Array, Array, Cache]:
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
    return unroll_lstm(peephole_lstm_step_forward, x, h0, c0, (wx, wh, b, p))


def peephole_lstm_backward(
    dh: Array, dc: Array, cache: Cache
) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
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
    return bptt_lstm(peephole_lstm_step_backward, dh, dc, cache)


def _input_candidate_output(z: Array) -> tuple[Array, Array, Array]:
    z_i, z_g, z_o = blocks(z, 3)
    return sigmoid_forward(z_i)[0], array_namespace(z).tanh(z_g), sigmoid_forward(z_o)[0]
