"""The simple recurrent network (Elman), step by step and over a whole sequence: its backward is BPTT."""

from reference.checks import require, require_shape
from reference.namespace import Array, Cache, array_namespace


def srn_step_forward(x: Array, h_prev: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Cache]:
    """One step of a simple recurrent network, h = tanh(x wx + h_prev wh + b).

    Args:
        x: (N, D) float, the step's input.
        h_prev: (N, H) float, the state before.
        wx: (D, H) float, weights from the input.
        wh: (H, H) float, weights from the state.
        b: (H,) float, bias.
    Returns:
        h: (N, H), the new state, dtype of x.
        cache: opaque, for srn_step_backward.
    Raises:
        ValueError: a shape does not fit.
    Convention: samples are rows; the USTC slides write U for wh and W for wx, the Soochow slides the reverse.
    Source: Elman 1990; Goodfellow et al. 2016, equations 10.8-10.9.
    """
    require_shape("x", x, ("N", "D"))
    require_cell(x.shape[0], x.shape[1], wx, wh, b, 1)
    require_shape("h_prev", h_prev, (x.shape[0], wh.shape[0]))
    h = array_namespace(x).tanh(x @ wx + h_prev @ wh + b)
    return h, (x, h_prev, wx, wh, h)


def srn_step_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
    """Gradients of srn_step_forward.

    Args:
        dh: (N, H), gradient with respect to h.
        cache: from srn_step_forward.
    Returns:
        dx, dh_prev, dwx, dwh, db: each in the shape of its argument.
    Raises:
        ValueError: dh does not have the shape of h.
    """
    x, h_prev, wx, wh, h = cache
    require_shape("dh", dh, h.shape)
    dz = dh * (1 - h * h)
    db = array_namespace(dz).sum(dz, axis=0)
    return dz @ wx.T, dz @ wh.T, x.T @ dz, h_prev.T @ dz, db


def srn_forward(
    x: Array, h0: Array, wx: Array, wh: Array, b: Array, *, truncate: int | None = None
) -> tuple[Array, Cache]:
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


def srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:
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


def _bptt(dh: Array, wh: Array, states: list[Array], truncate: int | None) -> tuple[list[Array], Array]:
    """The gradient with respect to every z_t, and to h0: dh_t and what comes back from step t + 1, through tanh."""
    dzs: list[Array] = []
    carried = array_namespace(dh).zeros_like(states[0])
    for t in reversed(range(dh.shape[1])):
        h = states[t + 1]
        dz = (dh[:, t, :] + carried) * (1 - h * h)
        carried = dz @ wh.T
        dzs.insert(0, dz)
    return dzs, carried


def _truncated_bptt(dh: Array, wh: Array, states: list[Array], truncate: int) -> tuple[list[Array], Array]:
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


def require_sequence(x: Array) -> None:
    """Raise ValueError unless x is (N, T, D) with at least one step."""
    require_shape("x", x, ("N", "T", "D"))
    require(x.shape[1] >= 1, "T", x.shape[1], "at least 1")


def require_cell(samples: int, inputs: int, wx: Array, wh: Array, b: Array, gates: int) -> None:
    """Raise ValueError unless the weights are those of a cell with that many blocks of H columns."""
    require_shape("wh", wh, ("H", wh.shape[0] * gates if wh.ndim else "H"))
    require_shape("wx", wx, (inputs, wh.shape[1]))
    require_shape("b", b, (wh.shape[1],))
