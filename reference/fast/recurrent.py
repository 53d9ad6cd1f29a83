"""Recurrent layers over sequences: only what depends on the state before is in the loop.

The inputs' products come first, for all steps at once, and so do, after the loop, all products of weight gradients.
Time is the first axis inside, so that a step's numbers lie together.
"""

import numpy as np

from reference.checks import require, require_shape
from reference.fast.linear import column_sums
from reference.namespace import Array, Cache
from reference.srn import require_cell, require_sequence, srn_backward, srn_forward

plain_srn_forward, plain_srn_backward = srn_forward, srn_backward


def by_time(x: Array) -> Array:
    """(T, N, D), its elements in that order."""
    return np.ascontiguousarray(x.transpose(1, 0, 2))


def by_sample(x: Array) -> Array:
    """Back to (N, T, D)."""
    return np.ascontiguousarray(x.transpose(1, 0, 2))


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


# --- simple recurrent networks ---


def srn_forward(  # type: ignore[no-redef]
    x: Array, h0: Array, wx: Array, wh: Array, b: Array, *, truncate: int | None = None
) -> tuple[Array, Cache]:
    """As reference.srn.srn_forward."""
    require_sequence(x)
    require_cell(x.shape[0], x.shape[2], wx, wh, b, 1)
    require_shape("h0", h0, (x.shape[0], wh.shape[0]))
    require(truncate is None or truncate >= 1, "truncate", truncate, "None or at least 1")
    if truncate is not None and truncate < x.shape[1]:
        out, cache = plain_srn_forward(x, h0, wx, wh, b, truncate=truncate)
        return out, (None, cache)
    inputs = by_time(x)
    states = np.empty((x.shape[1] + 1, *h0.shape), x.dtype)
    states[0] = h0
    np.matmul(_rows(inputs), wx, out=_rows(states[1:]))
    states[1:] += b
    room = np.empty(h0.shape, x.dtype)
    for t in range(x.shape[1]):
        state = states[t + 1]
        state += np.matmul(states[t], wh, out=room)
        np.tanh(state, out=state)
    return by_sample(states[1:]), (inputs, states, wx, wh)


def srn_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array]:  # type: ignore[no-redef]
    """As reference.srn.srn_backward."""
    if cache[0] is None:
        return plain_srn_backward(dh, cache[1])
    inputs, states, wx, wh = cache
    steps, samples, _ = inputs.shape
    require_shape("dh", dh, (samples, steps, wh.shape[0]))
    dz = by_time(dh)
    carried, room = np.zeros(states[0].shape, dh.dtype), np.empty(states[0].shape, dh.dtype)
    turned = np.ascontiguousarray(wh.T)
    for t in reversed(range(steps)):
        here, state = dz[t], states[t + 1]
        here += carried
        np.multiply(state, state, out=room)
        np.subtract(1, room, out=room)
        here *= room
        np.matmul(here, turned, out=carried)
    return (*_input_gradients(dz, inputs, wx, carried), _rows(states[:-1]).T @ _rows(dz), column_sums(_rows(dz)))


def _input_gradients(dz: Array, inputs: Array, wx: Array, carried: Array) -> tuple[Array, Array, Array]:
    """dx, the gradient of the first state, dwx."""
    dx = (_rows(dz) @ wx.T).reshape(inputs.shape)
    return by_sample(dx), carried, _rows(inputs).T @ _rows(dz)


# --- LSTM ---


def lstm_forward(x: Array, h0: Array, c0: Array, wx: Array, wh: Array, b: Array) -> tuple[Array, Array, Cache]:
    """As reference.lstm.lstm_forward.

    sigmoid(z) = (1 + tanh(z / 2)) / 2: with i, f and o's columns halved, one tanh serves all four gates.
    """
    require_sequence(x)
    require_cell(x.shape[0], x.shape[2], wx, wh, b, 4)
    hidden = wh.shape[0]
    require_shape("h0", h0, (x.shape[0], hidden))
    require_shape("c0", c0, h0.shape)
    half = np.full((4, 1, hidden), 0.5, x.dtype)
    half[2] = 1
    inputs = by_time(x)
    steps, samples, _ = inputs.shape
    halved = _by_gate(wh, 4) * half
    gates = np.empty((steps, 4, samples, hidden), x.dtype)
    by_input = (_rows(inputs) @ wx + b).reshape(steps, samples, 4, hidden)
    np.multiply(by_input.transpose(0, 2, 1, 3), half, out=gates)
    states, cells = (np.empty((steps + 1, samples, hidden), x.dtype) for _ in range(2))
    states[0], cells[0] = h0, c0
    squashed = np.empty((steps, samples, hidden), x.dtype)
    room, product = np.empty((4, samples, hidden), x.dtype), np.empty((samples, hidden), x.dtype)
    for t in range(steps):
        gate, cell = gates[t], cells[t + 1]
        gate += np.matmul(states[t], halved, out=room)
        np.tanh(gate, out=gate)
        for sigmoids in (gate[:2], gate[3]):
            sigmoids += 1
            sigmoids *= 0.5
        i, f, g, o = gate
        np.multiply(f, cells[t], out=cell)
        cell += np.multiply(i, g, out=product)
        np.tanh(cell, out=squashed[t])
        np.multiply(o, squashed[t], out=states[t + 1])
    last = cells[-1].copy()
    return by_sample(states[1:]), last, (inputs, states, cells, squashed, gates, wx, wh)


def lstm_backward(dh: Array, dc: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """As reference.lstm.lstm_backward."""
    inputs, states, cells, squashed, gates, wx, wh = cache
    steps, samples, _ = inputs.shape
    hidden = wh.shape[0]
    require_shape("dh", dh, (samples, steps, hidden))
    require_shape("dc", dc, (samples, hidden))
    upstream = by_time(dh)
    dz = np.empty((steps, samples, 4, hidden), dh.dtype)
    turned = np.ascontiguousarray(wh.T)
    dcell, carried = np.array(dc), np.zeros((samples, hidden), dh.dtype)
    slopes, room = np.empty((4, samples, hidden), dh.dtype), np.empty((samples, hidden), dh.dtype)
    for t in reversed(range(steps)):
        gate, a, dgate = gates[t], squashed[t], dz[t].transpose(1, 0, 2)
        i, f, g, o = gate
        here = upstream[t]
        here += carried
        # slopes: s (1 - s) of the sigmoids, 1 - g^2 of the tanh
        np.multiply(gate, gate, out=slopes)
        np.subtract(gate[:2], slopes[:2], out=slopes[:2])
        np.subtract(1, slopes[2], out=slopes[2])
        np.subtract(o, slopes[3], out=slopes[3])
        slopes[3] *= a
        np.multiply(slopes[3], here, out=dgate[3])
        np.multiply(a, a, out=room)
        np.subtract(1, room, out=room)
        room *= o
        room *= here
        dcell += room
        slopes[0] *= g
        slopes[1] *= cells[t]
        slopes[2] *= i
        np.multiply(slopes[:3], dcell, out=dgate[:3])
        dcell *= f
        np.matmul(dz[t].reshape(samples, 4 * hidden), turned, out=carried)
    flat = dz.reshape(steps, samples, 4 * hidden)
    dx, dh0, dwx = _input_gradients(flat, inputs, wx, carried)
    return dx, dh0, dcell, dwx, _rows(states[:-1]).T @ _rows(flat), column_sums(_rows(flat))


def _by_gate(w: Array, gates: int) -> Array:
    """(gates, H, H), each gate's columns together."""
    return np.ascontiguousarray(w.reshape(w.shape[0], gates, -1).transpose(1, 0, 2))


# --- GRU, torch's form ---


def gru_reset_after_forward(x: Array, h0: Array, wx: Array, wh: Array, bx: Array, bh: Array) -> tuple[Array, Cache]:
    """As reference.gru.gru_reset_after_forward."""
    require_sequence(x)
    require_shape("h0", h0, (x.shape[0], "H"))
    hidden = h0.shape[1]
    require_shape("wx", wx, (x.shape[2], 3 * hidden))
    require_shape("wh", wh, (hidden, 3 * hidden))
    require_shape("bx", bx, (3 * hidden,))
    require_shape("bh", bh, (3 * hidden,))
    inputs = by_time(x)
    steps, samples, _ = inputs.shape
    half = np.full((3, 1, hidden), 0.5, x.dtype)
    half[2] = 1
    by_input = (_rows(inputs) @ wx + bx).reshape(steps, samples, 3, hidden).transpose(0, 2, 1, 3)
    gates = np.empty((steps, 3, samples, hidden), x.dtype)
    np.multiply(by_input, half, out=gates)
    halved, bias = _by_gate(wh, 3) * half, bh.reshape(3, 1, hidden) * half
    states = np.empty((steps + 1, samples, hidden), x.dtype)
    states[0] = h0
    candidates = np.empty((steps, samples, hidden), x.dtype)
    room = np.empty((3, samples, hidden), x.dtype)
    for t in range(steps):
        gate, state = gates[t], states[t + 1]
        np.matmul(states[t], halved, out=room)
        room += bias
        gate[:2] += room[:2]
        np.tanh(gate[:2], out=gate[:2])
        gate[:2] += 1
        gate[:2] *= 0.5
        r, z, n = gate
        candidates[t] = room[2]
        np.multiply(r, room[2], out=room[2])
        n += room[2]
        np.tanh(n, out=n)
        np.subtract(states[t], n, out=state)  # z h + (1 - z) n = n + z (h - n)
        state *= z
        state += n
    return by_sample(states[1:]), (inputs, states, gates, candidates, wx, wh)


def gru_reset_after_backward(dh: Array, cache: Cache) -> tuple[Array, Array, Array, Array, Array, Array]:
    """As reference.gru.gru_reset_after_backward."""
    inputs, states, gates, candidates, wx, wh = cache
    steps, samples, _ = inputs.shape
    hidden = wh.shape[0]
    require_shape("dh", dh, (samples, steps, hidden))
    upstream = by_time(dh)
    # What arrives beside the input and beside the state differs in the candidate's block only.
    from_h = np.empty((steps, samples, 3, hidden), dh.dtype)
    from_n = np.empty((steps, samples, hidden), dh.dtype)
    turned = np.ascontiguousarray(wh.T)
    carried = np.zeros((samples, hidden), dh.dtype)
    room, slope = (np.empty((samples, hidden), dh.dtype) for _ in range(2))
    for t in reversed(range(steps)):
        r, z, n = gates[t]
        here, dgate, dn = upstream[t], from_h[t].transpose(1, 0, 2), from_n[t]
        here += carried
        np.multiply(here, z, out=carried)
        np.subtract(here, carried, out=dn)  # (1 - z) dh
        np.subtract(states[t], n, out=slope)
        slope *= dn
        np.multiply(slope, z, out=dgate[1])
        np.multiply(n, n, out=room)
        np.subtract(1, room, out=room)
        dn *= room
        np.multiply(dn, r, out=room)
        dgate[2] = room
        np.subtract(1, r, out=slope)
        slope *= room
        np.multiply(slope, candidates[t], out=dgate[0])
        carried += np.matmul(from_h[t].reshape(samples, 3 * hidden), turned, out=room)
    rows = from_h.reshape(-1, 3 * hidden)
    dwh, dbh = _rows(states[:-1]).T @ rows, column_sums(rows)
    from_h[:, :, 2] = from_n
    dx, dh0, dwx = _input_gradients(from_h.reshape(steps, samples, 3 * hidden), inputs, wx, carried)
    return dx, dh0, dwx, dwh, column_sums(rows), dbh
