"""Gated recurrent units, in the three conventions that are called GRU."""

from collections.abc import Callable, Sequence

from reference.activations import sigmoid_forward
from reference.checks import require_shape
from reference.lstm import blocks
from reference.namespace import Array, Cache, array_namespace
from reference.srn import require_sequence


def gru_chung_step_forward(x: Array, h_prev: Array, wx: Array, wh: Array) -> tuple[Array, Cache]:
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
    _require_gru(x, h_prev, wx, wh)
    x_r, x_z, x_n = blocks(x @ wx, 3)
    w_r, w_z, w_n = blocks(wh, 3)
    r, _ = sigmoid_forward(x_r + h_prev @ w_r)
    z, _ = sigmoid_forward(x_z + h_prev @ w_z)
    n = array_namespace(x).tanh(x_n + (r * h_prev) @ w_n)
    return (1 - z) * h_prev + z * n, (x, h_prev, wx, wh, r, z, n)


def gru_chung_step_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """Gradients of gru_chung_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_chung_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, h_prev, wx, wh, r, z, n = cache
    require_shape("dh", dh, h_prev.shape)
    dz_n = dh * z * (1 - n * n)
    dz_z = dh * (n - h_prev) * z * (1 - z)
    dx, dh_prev, dwx, dwh, _ = _gate_gradients_before(dz_n, dz_z, x, h_prev, wx, wh, r)
    return dx, dh * (1 - z) + dh_prev, dwx, dwh


def gru_chung_forward(x: Array, h0: Array, wx: Array, wh: Array) -> tuple[Array, Cache]:
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
    return _unroll(gru_chung_step_forward, x, h0, (wx, wh))


def gru_chung_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array]:
    """Gradients of gru_chung_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_chung_forward.
    Returns:
        dx, dh0, dwx, dwh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    return _bptt_gru(gru_chung_step_backward, dh, cache)


def gru_cho_step_forward(x: Array, h_prev: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Cache]:
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
    _require_gru(x, h_prev, wx, wh)
    x_r, x_z, x_n = blocks(x @ wx, 3)
    w_r, w_z, w_n = blocks(wh, 3)
    require_shape("b", b, (2 * h_prev.shape[1],))
    b_r, b_z = blocks(b, 2)
    r, _ = sigmoid_forward(x_r + h_prev @ w_r + b_r)
    z, _ = sigmoid_forward(x_z + h_prev @ w_z + b_z)
    n = array_namespace(x).tanh(x_n + (r * h_prev) @ w_n)
    return z * h_prev + (1 - z) * n, (x, h_prev, wx, wh, r, z, n)


def gru_cho_step_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of gru_cho_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_cho_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, h_prev, wx, wh, r, z, n = cache
    require_shape("dh", dh, h_prev.shape)
    dz_n = dh * (1 - z) * (1 - n * n)
    dz_z = dh * (h_prev - n) * z * (1 - z)
    dx, dh_prev, dwx, dwh, db = _gate_gradients_before(dz_n, dz_z, x, h_prev, wx, wh, r)
    return dx, dh * z + dh_prev, dwx, dwh, db


def gru_cho_forward(x: Array, h0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Cache]:
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
    return _unroll(gru_cho_step_forward, x, h0, (wx, wh, b))


def gru_cho_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of gru_cho_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_cho_forward.
    Returns:
        dx, dh0, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    return _bptt_gru(gru_cho_step_backward, dh, cache)


def gru_reset_after_step_forward(
    x: Array, h_prev: Array, wx: Array, wh: Array, bx: Array, bh: Array
) -> tuple[Array, Cache]:
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
    _require_gru(x, h_prev, wx, wh)
    require_shape("bx", bx, (wx.shape[1],))
    require_shape("bh", bh, (wx.shape[1],))
    x_r, x_z, x_n = blocks(x @ wx + bx, 3)
    h_r, h_z, h_n = blocks(h_prev @ wh + bh, 3)
    r, _ = sigmoid_forward(x_r + h_r)
    z, _ = sigmoid_forward(x_z + h_z)
    n = array_namespace(x).tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev, (x, h_prev, wx, wh, r, z, n, h_n)


def gru_reset_after_step_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of gru_reset_after_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from gru_reset_after_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, dbx, dbh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, h_prev, wx, wh, r, z, n, h_n = cache
    xp = array_namespace(dh)
    require_shape("dh", dh, h_prev.shape)
    dz_n = dh * (1 - z) * (1 - n * n)
    dz_z = dh * (h_prev - n) * z * (1 - z)
    dz_r = dz_n * h_n * r * (1 - r)
    from_x = xp.concat([dz_r, dz_z, dz_n], axis=1)
    from_h = xp.concat([dz_r, dz_z, dz_n * r], axis=1)
    dx, dh_prev = from_x @ wx.T, dh * z + from_h @ wh.T
    return dx, dh_prev, x.T @ from_x, h_prev.T @ from_h, xp.sum(from_x, axis=0), xp.sum(from_h, axis=0)


def gru_reset_after_forward(x: Array, h0: Array, wx: Array, wh: Array, bx: Array, bh: Array) -> tuple[Array, Cache]:
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
    return _unroll(gru_reset_after_step_forward, x, h0, (wx, wh, bx, bh))


def gru_reset_after_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Gradients of gru_reset_after_forward.

    Args:
        dh: (N, T, H), gradient with respect to every state.
        cache: from gru_reset_after_forward.
    Returns:
        dx, dh0, dwx, dwh, dbx, dbh: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    return _bptt_gru(gru_reset_after_step_backward, dh, cache)


def _gate_gradients_before(
    dz_n: Array, dz_z: Array, x: Array, h_prev: Array, wx: Array, wh: Array, r: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """dx, dh_prev (through the gates), dwx, dwh and the gates' db, where the reset comes before the product."""
    xp = array_namespace(dz_n)
    w_r, w_z, w_n = blocks(wh, 3)
    d_reset = dz_n @ w_n.T  # with respect to r * h_prev
    dz_r = d_reset * h_prev * r * (1 - r)
    dz = xp.concat([dz_r, dz_z, dz_n], axis=1)
    dwh = xp.concat([h_prev.T @ dz_r, h_prev.T @ dz_z, (r * h_prev).T @ dz_n], axis=1)
    dh_prev = d_reset * r + dz_r @ w_r.T + dz_z @ w_z.T
    db = xp.sum(xp.concat([dz_r, dz_z], axis=1), axis=0)
    return dz @ wx.T, dh_prev, x.T @ dz, dwh, db


def _unroll(
    step: Callable[..., tuple[Array, Cache]], x: Array, h: Array, params: Sequence[Array]
) -> tuple[Array, Cache]:
    """Every state, and the steps' caches."""
    require_sequence(x)
    states, caches = [], []
    for t in range(x.shape[1]):
        h, cache = step(x[:, t, :], h, *params)
        states.append(h)
        caches.append(cache)
    return array_namespace(x).stack(states, axis=1), caches


def _bptt_gru(step_backward: Callable[..., tuple[Array, ...]], dh: Array, caches: list[Cache]) -> tuple[Array, ...]:
    """dx, dh0 and the parameters' gradients: from the last step to the first."""
    xp = array_namespace(dh)
    state = caches[0][1]
    require_shape("dh", dh, (state.shape[0], len(caches), state.shape[1]))
    carried = xp.zeros_like(state)
    dxs: list[Array] = []
    totals: list[Array] = []
    for t in reversed(range(len(caches))):
        dx, carried, *grads = step_backward(dh[:, t, :] + carried, caches[t])
        dxs.insert(0, dx)
        totals = [total + grad for total, grad in zip(totals, grads, strict=True)] if totals else grads
    return xp.stack(dxs, axis=1), carried, *totals


def _require_gru(x: Array, h_prev: Array, wx: Array, wh: Array) -> None:
    require_shape("x", x, ("N", "D"))
    require_shape("h_prev", h_prev, (x.shape[0], "H"))
    require_shape("wx", wx, (x.shape[1], 3 * h_prev.shape[1]))
    require_shape("wh", wh, (h_prev.shape[1], 3 * h_prev.shape[1]))
