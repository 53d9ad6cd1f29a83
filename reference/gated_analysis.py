"""What gates change: the paths from one cell to the next, how far gradients reach, and what it costs in parameters."""

from reference.checks import require, require_shape
from reference.lstm import lstm_gates, lstm_step_backward, lstm_step_forward, require_lstm
from reference.namespace import Array, array_namespace


def cell_jacobian_terms(
    x: Array, c_prev: Array, o_prev: Array, wx: Array, wh: Array, b: Array
) -> tuple[Array, Array, Array, Array]:
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
    xp = array_namespace(x)
    require_shape("c_prev", c_prev, ("H",))
    require_shape("x", x, ("D",))
    require_shape("o_prev", o_prev, c_prev.shape)
    a_prev = xp.tanh(c_prev)
    h_prev = o_prev * a_prev
    require_lstm(x[None, :], h_prev[None, :], c_prev[None, :], wx, wh, b, 4)
    i, f, g, _ = lstm_gates(x @ wx + h_prev @ wh + b)
    units = c_prev.shape[0]
    from_cell = (o_prev * (1 - a_prev * a_prev))[:, None]  # dh_{t-1} / dC_{t-1}, diagonal
    w_i, w_f, w_g = (from_cell * wh[:, k * units : (k + 1) * units] for k in range(3))
    direct = xp.eye(units, dtype=f.dtype, device=f.device) * f
    return direct, w_f * (c_prev * f * (1 - f)), w_i * (g * i * (1 - i)), w_g * (i * (1 - g * g))


def lstm_gradient_norms(x: Array, wx: Array, wh: Array, b: Array) -> Array:
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
    xp = array_namespace(x)
    require_shape("x", x, ("T", "D"))
    require(x.shape[0] >= 1, "T", x.shape[0], "at least 1")
    require_shape("wh", wh, ("H", 4 * wh.shape[0] if wh.ndim else "4H"))
    units = wh.shape[0]
    # One copy of the sequence for each entry of the last state; each is sent back with a unit upstream gradient.
    state = xp.zeros((2 * units, units), dtype=x.dtype, device=x.device)
    h, c, caches = state, state, []
    for t in range(x.shape[0]):
        copies = xp.broadcast_to(x[t : t + 1, :], (2 * units, x.shape[1]))
        h, c, cache = lstm_step_forward(copies, h, c, wx, wh, b)
        caches.append(cache)
    unit = xp.eye(2 * units, dtype=x.dtype, device=x.device)
    dh, dc = unit[:, :units], unit[:, units:]
    norms: list[Array] = []
    for cache in reversed(caches):
        norms.insert(0, xp.linalg.matrix_norm(xp.concat([dh, dc], axis=1), ord=2))
        _, dh, dc, *_ = lstm_step_backward(dh, dc, cache)
    return xp.stack(norms)


BLOCKS = {
    "srn": (1, 1),
    "lstm": (4, 4),
    "no_forget_lstm": (3, 3),
    "coupled_lstm": (3, 3),
    "peephole_lstm": (4, 7),
    "gru_chung": (3, 0),
    "gru_cho": (3, 2),
    "gru_reset_after": (3, 6),
}
"""Blocks of H columns in the matrices, and vectors of H beside them, by cell."""


def recurrent_parameters(inputs: int, hidden: int, *, cell: str = "lstm") -> int:
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
    require(inputs >= 1, "inputs", inputs, "at least 1")
    require(hidden >= 1, "hidden", hidden, "at least 1")
    require(cell in BLOCKS, "cell", repr(cell), "one of " + ", ".join(BLOCKS))
    matrices, vectors = BLOCKS[cell]
    return matrices * (inputs + hidden) * hidden + vectors * hidden
