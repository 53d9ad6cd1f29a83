"""Other recurrences: pre-activation, Jordan's, residual, and one that stops at a sequence's own length."""

from reference.activations import sigmoid_backward, sigmoid_forward
from reference.checks import require_shape, require_values
from reference.namespace import Array, Cache, array_namespace
from reference.srn import require_cell, require_sequence


def preactivation_srn_forward(x: Array, h0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Cache]:
    """The recurrence with the activation before the weights, h_t = tanh(h_{t-1}) wh + x_t wx + b.

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, not passed through tanh; dtype of x.
        cache: opaque, for preactivation_srn_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Pascanu et al. 2013, equation 2; Beihang slides, recurrent networks.
    """
    xp = array_namespace(x)
    _require_recurrence(x, h0, wx, wh, b)
    states = [h0]
    for t in range(x.shape[1]):
        states.append(xp.tanh(states[-1]) @ wh + x[:, t, :] @ wx + b)
    return xp.stack(states[1:], axis=1), (x, wx, wh, states)


def preactivation_srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of preactivation_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from preactivation_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, wh, states = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wh.shape[0]))
    carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)
    dhs: list[Array] = []
    for t in reversed(range(x.shape[1])):
        a_prev = xp.tanh(states[t])
        here = dh[:, t, :] + carried
        dwh = dwh + a_prev.T @ here
        carried = (here @ wh.T) * (1 - a_prev * a_prev)
        dhs.insert(0, here)
    dx, dwx, db = _input_gradients(x, wx, dhs)
    return dx, carried, dwx, dwh, db


def jordan_forward(x: Array, y0: Array, wx: Array, wy: Array, b: Array, v: Array, c: Array) -> tuple[Array, Cache]:
    """Jordan's network: the output comes back, h_t = tanh(x_t wx + y_{t-1} wy + b), y_t = sigmoid(h_t v + c).

    Args:
        x: (N, T, D) float, inputs.
        y0: (N, M) float, the output before the first step.
        wx: (D, H) float.
        wy: (M, H) float, weights from the last output.
        b: (H,) float.
        v: (H, M) float.
        c: (M,) float.
    Returns:
        y: (N, T, M), every output, dtype of x.
        cache: opaque, for jordan_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: Jordan 1986; Tsinghua slides, recurrent networks.
    """
    xp = array_namespace(x)
    require_sequence(x)
    require_shape("wx", wx, (x.shape[2], "H"))
    require_shape("v", v, (wx.shape[1], "M"))
    require_shape("wy", wy, (v.shape[1], wx.shape[1]))
    require_shape("b", b, (wx.shape[1],))
    require_shape("c", c, (v.shape[1],))
    require_shape("y0", y0, (x.shape[0], v.shape[1]))
    outputs, hidden, activations = [y0], [], []
    for t in range(x.shape[1]):
        hidden.append(xp.tanh(x[:, t, :] @ wx + outputs[-1] @ wy + b))
        y, activation = sigmoid_forward(hidden[-1] @ v + c)
        outputs.append(y)
        activations.append(activation)
    return xp.stack(outputs[1:], axis=1), (x, wx, wy, v, outputs, hidden, activations)


def jordan_backward(dy: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array, Array]:
    """Gradients of jordan_forward.

    Args:
        dy: (N, T, M), gradient with respect to every y_t.
        cache: from jordan_forward.
    Returns:
        dx, dy0, dwx, dwy, db, dv, dc: each in the shape of its argument.
    Raises:
        ValueError: dy does not have the shape of y.
    """
    x, wx, wy, v, outputs, hidden, activations = cache
    xp = array_namespace(dy)
    require_shape("dy", dy, (*x.shape[:2], v.shape[1]))
    carried = xp.zeros_like(outputs[0])
    dzs: list[Array] = []
    dv, dwy, dc = xp.zeros_like(v), xp.zeros_like(wy), xp.zeros_like(v[0, :])
    for t in reversed(range(x.shape[1])):
        ds = sigmoid_backward(dy[:, t, :] + carried, activations[t])
        dz = (ds @ v.T) * (1 - hidden[t] * hidden[t])
        dv = dv + hidden[t].T @ ds
        dc = dc + xp.sum(ds, axis=0)
        dwy = dwy + outputs[t].T @ dz
        carried = dz @ wy.T
        dzs.insert(0, dz)
    dx, dwx, db = _input_gradients(x, wx, dzs)
    return dx, carried, dwx, dwy, db, dv, dc


def residual_inputs_forward(x: Array, h0: Array, wx: Array, b: Array) -> tuple[Array, Cache]:
    """A residual recurrence whose step looks at the input only, h_t = h_{t-1} + tanh(x_t wx + b).

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for residual_inputs_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: USTC slides, easing the vanishing gradient of recurrent networks.
    """
    xp = array_namespace(x)
    require_sequence(x)
    require_shape("wx", wx, (x.shape[2], "H"))
    require_shape("b", b, (wx.shape[1],))
    require_shape("h0", h0, (x.shape[0], wx.shape[1]))
    h, states, steps = h0, [], []
    for t in range(x.shape[1]):
        steps.append(xp.tanh(x[:, t, :] @ wx + b))
        h = h + steps[-1]
        states.append(h)
    return xp.stack(states, axis=1), (x, wx, steps)


def residual_inputs_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """Gradients of residual_inputs_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from residual_inputs_forward.
    Returns:
        dx, dh0, dwx, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, steps = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wx.shape[1]))
    carried = xp.zeros_like(steps[0])
    dzs: list[Array] = []
    for t in reversed(range(x.shape[1])):
        carried = carried + dh[:, t, :]  # nothing is lost on the way back: the step adds, it does not multiply
        dzs.insert(0, carried * (1 - steps[t] * steps[t]))
    dx, dwx, db = _input_gradients(x, wx, dzs)
    return dx, carried, dwx, db


def residual_srn_forward(x: Array, h0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Cache]:
    """A residual recurrence, h_t = h_{t-1} + tanh(x_t wx + h_{t-1} wh + b).

    Args:
        x: (N, T, D) float.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
    Returns:
        h: (N, T, H), every state, dtype of x.
        cache: opaque, for residual_srn_backward.
    Raises:
        ValueError: a shape does not fit, or T is 0.
    Source: USTC slides, easing the vanishing gradient of recurrent networks.
    """
    xp = array_namespace(x)
    _require_recurrence(x, h0, wx, wh, b)
    states, steps = [h0], []
    for t in range(x.shape[1]):
        steps.append(xp.tanh(x[:, t, :] @ wx + states[-1] @ wh + b))
        states.append(states[-1] + steps[-1])
    return xp.stack(states[1:], axis=1), (x, wx, wh, states, steps)


def residual_srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of residual_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t.
        cache: from residual_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, wh, states, steps = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wh.shape[0]))
    carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)
    dzs: list[Array] = []
    for t in reversed(range(x.shape[1])):
        here = carried + dh[:, t, :]
        dz = here * (1 - steps[t] * steps[t])
        dwh = dwh + states[t].T @ dz
        carried = here + dz @ wh.T
        dzs.insert(0, dz)
    dx, dwx, db = _input_gradients(x, wx, dzs)
    return dx, carried, dwx, dwh, db


def masked_srn_forward(x: Array, h0: Array, wx: Array, wh: Array, b: Array, lengths: Array) -> tuple[Array, Cache]:
    """A simple recurrent network over sequences of different lengths: past its end a sequence keeps its state.

    Args:
        x: (N, T, D) float, padded with anything behind each sequence.
        h0: (N, H) float.
        wx: (D, H) float.
        wh: (H, H) float.
        b: (H,) float.
        lengths: (N,) int, in 1 .. T.
    Returns:
        h: (N, T, H); h_t = tanh(x_t wx + h_{t-1} wh + b) for t < length, then h_t = h_{t-1}; dtype of x.
        cache: opaque, for masked_srn_backward.
    Raises:
        ValueError: a shape does not fit, or a length is not in 1 .. T.
    Convention: h[:, -1] is every sequence's own last state. Lengths have no gradient.
    Source: USTC slides, sequences of different lengths.
    """
    xp = array_namespace(x, lengths)
    _require_recurrence(x, h0, wx, wh, b)
    require_lengths(lengths, x.shape[0], x.shape[1])
    states = [h0]
    for t in range(x.shape[1]):
        h = xp.tanh(x[:, t, :] @ wx + states[-1] @ wh + b)
        states.append(xp.where((t < lengths)[:, None], h, states[-1]))
    return xp.stack(states[1:], axis=1), (x, wx, wh, states, lengths)


def masked_srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of masked_srn_forward.

    Args:
        dh: (N, T, H), gradient with respect to every h_t, those behind a sequence's end included.
        cache: from masked_srn_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument; dx is 0 behind a sequence's end.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, wx, wh, states, lengths = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, (*x.shape[:2], wh.shape[0]))
    carried, dwh = xp.zeros_like(states[0]), xp.zeros_like(wh)
    dzs: list[Array] = []
    for t in reversed(range(x.shape[1])):
        running = (t < lengths)[:, None]
        here = dh[:, t, :] + carried
        dz = xp.where(running, here * (1 - states[t + 1] * states[t + 1]), 0)
        dwh = dwh + states[t].T @ dz
        carried = xp.where(running, dz @ wh.T, here)
        dzs.insert(0, dz)
    dx, dwx, db = _input_gradients(x, wx, dzs)
    return dx, carried, dwx, dwh, db


def require_lengths(lengths: Array, samples: int, steps: int) -> None:
    """Raise ValueError unless `lengths` is `samples` integers in 1 .. steps."""
    require_shape("lengths", lengths, (samples,))
    require_values("lengths", (lengths >= 1) & (lengths <= steps), f"in 1 .. {steps}")


def _require_recurrence(x: Array, h0: Array, wx: Array, wh: Array, b: Array) -> None:
    require_sequence(x)
    require_cell(x.shape[0], x.shape[2], wx, wh, b, 1)
    require_shape("h0", h0, (x.shape[0], wh.shape[0]))


def _input_gradients(x: Array, wx: Array, dzs: list[Array]) -> tuple[Array, Array, Array]:
    """dx, dwx and db from the gradient with respect to each step's x_t wx + b."""
    xp = array_namespace(x)
    dz = xp.stack(dzs, axis=1)
    rows = xp.reshape(dz, (-1, wx.shape[1]))
    dwx = xp.reshape(x, (-1, wx.shape[0])).T @ rows
    return dz @ wx.T, dwx, xp.sum(rows, axis=0)
