"""Long short-term memory: a step, a sequence, and the same step with its weights joined."""

from collections.abc import Callable, Sequence

from reference.activations import sigmoid_forward
from reference.checks import require_shape
from reference.namespace import Array, Cache, array_namespace
from reference.srn import require_cell, require_sequence


def lstm_step_forward(
    x: Array, h_prev: Array, c_prev: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Cache]:
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


def lstm_step_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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


def lstm_forward(x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Array, Cache]:
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


def lstm_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
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


def joint_lstm_step_forward(x: Array, h_prev: Array, c_prev: Array, w: Array, b: Array) -> tuple[Array, Array, Cache]:
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
    require_shape("h_prev", h_prev, ("N", "H"))
    hidden = h_prev.shape[1]
    require_shape("x", x, (h_prev.shape[0], "D"))
    require_shape("w", w, (hidden + x.shape[1], 4 * hidden))
    return lstm_step_forward(x, h_prev, c_prev, w[hidden:, :], w[:hidden, :], b)


def joint_lstm_step_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
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
    dx, dh_prev, dc_prev, dwx, dwh, db = lstm_step_backward(dh, dc, cache)
    return dx, dh_prev, dc_prev, array_namespace(dwx).concat([dwh, dwx], axis=0), db


def memory_cell_forward(z: Array, z_i: Array, z_f: Array, z_o: Array, c_prev: Array) -> tuple[Array, Array, Cache]:
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
    xp = array_namespace(z)
    require_shape("z", z, ("N", "H"))
    for name, array in (("z_i", z_i), ("z_f", z_f), ("z_o", z_o), ("c_prev", c_prev)):
        require_shape(name, array, z.shape)
    g = xp.tanh(z)
    i, f, o = (sigmoid_forward(gate)[0] for gate in (z_i, z_f, z_o))
    c = g * i + c_prev * f
    a = xp.tanh(c)
    return a * o, c, (c_prev, (i, f, g, o), a)


def memory_cell_backward(da: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
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
    c_prev, (i, f, g, o), a = cache
    require_shape("da", da, a.shape)
    require_shape("dc", dc, a.shape)
    dc = dc + da * o * (1 - a * a)
    return dc * i * (1 - g * g), dc * g * i * (1 - i), dc * c_prev * f * (1 - f), da * a * o * (1 - o), dc * f


# --- what the variants share ---


def blocks(z: Array, count: int) -> list[Array]:
    """The last axis cut into that many equal blocks."""
    width = z.shape[-1] // count
    return [z[..., k * width : (k + 1) * width] for k in range(count)]


def lstm_gates(z: Array) -> tuple[Array, Array, Array, Array]:
    """i, f, g, o of their blocks."""
    z_i, z_f, z_g, z_o = blocks(z, 4)
    i, f, o = (sigmoid_forward(gate)[0] for gate in (z_i, z_f, z_o))
    return i, f, array_namespace(z).tanh(z_g), o


def gate_gradients(dz: Array, x: Array, h_prev: Array, wx: Array, wh: Array) -> tuple[Array, ...]:
    """dx, dh_prev, dwx, dwh, db of z = x wx + h_prev wh + b."""
    return dz @ wx.T, dz @ wh.T, x.T @ dz, h_prev.T @ dz, array_namespace(dz).sum(dz, axis=0)


def unroll_lstm(
    step: Callable[..., tuple[Array, Array, Cache]], x: Array, h: Array, c: Array, params: Sequence[Array]
) -> tuple[Array, Array, Cache]:
    """Every output, the last cell, and the steps' caches."""
    require_sequence(x)
    outputs, caches = [], []
    for t in range(x.shape[1]):
        h, c, cache = step(x[:, t, :], h, c, *params)
        outputs.append(h)
        caches.append(cache)
    return array_namespace(x).stack(outputs, axis=1), c, caches


def bptt_lstm(
    step_backward: Callable[..., tuple[Array, ...]], dh: Array, dc: Array, caches: list[Cache]
) -> tuple[Array, ...]:
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


def require_lstm(x: Array, h_prev: Array, c_prev: Array, wx: Array, wh: Array, b: Array, gates: int) -> None:
    """Raise ValueError unless the arguments of a step fit each other."""
    require_shape("x", x, ("N", "D"))
    require_cell(x.shape[0], x.shape[1], wx, wh, b, gates)
    require_shape("h_prev", h_prev, (x.shape[0], wh.shape[0]))
    require_shape("c_prev", c_prev, h_prev.shape)
