"""Unit 10: gated recurrent networks, written other ways."""

from graders.misconceptions.variant import Variant
from graders.wheats.recurrent import TAPE

# Fair sigmoids: none of them overflows into anything but the right limit.
BY_TANH = """
import numpy as np


def s(z):
    return 0.5 * np.tanh(0.5 * z) + 0.5
"""
BY_LOGADDEXP = """
import numpy as np


def s(z):
    return np.exp(-np.logaddexp(0, -z))
"""
BY_CASES = """
import numpy as np


def s(z):
    a = np.empty_like(z)
    up = z >= 0
    a[up] = 1 / (1 + np.exp(-z[up]))
    a[~up] = np.exp(z[~up]) / (1 + np.exp(z[~up]))
    return a
"""
OVERFLOWING_TO_ZERO = """
import numpy as np


def s(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))
"""

# A sequence of any cell that has the steps given.
LSTM_LOOPS = """

def run_forward(step, x, h, c, *params):
    hs, steps = np.zeros((x.shape[1], *h.shape), x.dtype), []
    for t in range(x.shape[1]):
        hs[t], c, cache = step(x[:, t], h, c, *params)
        h = hs[t].copy()
        steps.append(cache)
    return np.moveaxis(hs, 0, 1), c, steps


def run_backward(step, dh, dc, steps):
    back, dxs, sums = 0, [], None
    while len(dxs) < len(steps):
        t = len(steps) - 1 - len(dxs)
        dx, back, dc, *grads = step(dh[:, t] + back, dc, steps[t])
        dxs.append(dx)
        if sums is None:
            sums = [g.copy() for g in grads]
        else:
            for total, g in zip(sums, grads):
                total += g
    return np.stack(dxs[::-1], axis=1), back, dc, *sums
"""
GRU_LOOPS = """

def run_forward(step, x, h, *params):
    states, steps = [h], []
    for inputs in x.transpose(1, 0, 2):
        h, cache = step(inputs, states[-1], *params)
        states.append(h)
        steps.append(cache)
    return np.stack(states[1:], axis=1), steps


def run_backward(step, dh, steps):
    back, each = np.zeros_like(dh[:, 0]), []
    for t in range(dh.shape[1] - 1, -1, -1):
        dx, back, *grads = step(back + dh[:, t], steps[t])
        each.insert(0, (dx, *grads))
    dxs, *grads = zip(*each)
    return np.stack(dxs, axis=1), back, *(np.sum(np.stack(g), axis=0) for g in grads)
"""
# A sequence by a tape, of any cell that is a function of nodes.
TAPED = """

def taped(cell, x, h, *arrays, both):
    inputs = [Node(array) for array in (x, h, *arrays)]
    x, *state = inputs[: 3 if both else 2]
    params = inputs[len(state) + 1 :]
    hs = []
    for t in range(x.value.shape[1]):
        state = cell(x[:, t], *state, *params)
        hs.append(state[0])
    outs = [over_time(hs), *state[1:]]
    return *(out.value for out in outs), (outs, inputs)


def taped_backward(*arguments):
    *upstream, (outs, inputs) = arguments
    return play_back(list(zip(outs, upstream)), inputs)


def cut(z, k, width):
    return z[(slice(None),) * (z.value.ndim - 1) + (slice(k * width, (k + 1) * width),)]
"""

MEMORY_CELL = (
    Variant(
        "memory_cell",
        "tanh_sigmoid_dict",
        source=BY_TANH
        + """

def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    gates = dict(i=s(z_i), f=s(z_f), o=s(z_o), g=np.tanh(z), c_prev=c_prev)
    c = gates["f"] * c_prev + gates["i"] * gates["g"]
    gates["a"] = np.tanh(c)
    return gates["o"] * gates["a"], c, gates


def memory_cell_backward(da, dc, cache):
    i, f, o, g, c_prev, a = cache.values()
    do = da * a
    total = dc + (1 - a**2) * (da * o)
    return total * i * (1 - g**2), total * g * (i - i**2), total * c_prev * (f - f**2), do * (o - o**2), total * f
""",
    ),
    Variant(
        "memory_cell",
        "element_by_element",
        source="""
import math

import numpy as np


def logistic(z):
    return 1 / (1 + math.exp(-z)) if z > 0 else math.exp(z) / (math.exp(z) + 1)


def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    out, c = np.zeros_like(z), np.zeros_like(z)
    gates = {}
    for at in np.ndindex(*z.shape):
        i, f, o, g = logistic(z_i[at]), logistic(z_f[at]), logistic(z_o[at]), math.tanh(z[at])
        cell = i * g + f * float(c_prev[at])
        c[at], out[at] = cell, o * math.tanh(cell)
        gates[at] = i, f, o, g, float(c_prev[at]), math.tanh(cell)
    return out, c, gates


def memory_cell_backward(da, dc, cache):
    grads = tuple(np.zeros_like(da) for _ in range(5))
    for at, (i, f, o, g, before, a) in cache.items():
        d = float(dc[at]) + float(da[at]) * o * (1 - a * a)
        dz_o = float(da[at]) * a * o * (1 - o)
        slopes = d * i * (1 - g * g), d * g * i * (1 - i), d * before * f * (1 - f), dz_o, d * f
        for grad, slope in zip(grads, slopes):
            grad[at] = slope
    return grads
""",
    ),
    Variant(
        "memory_cell",
        "stacked_gates",
        source=BY_LOGADDEXP
        + """

def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    scores = np.stack([z_i, z_f, z_o])
    gates, others = s(scores), s(-scores)
    g = np.tanh(z)
    c = gates[0] * g
    c += gates[1] * c_prev
    a = np.tanh(c)
    return a * gates[2], c, (gates, gates * others, g, a, c_prev)


def memory_cell_backward(da, dc, cache):
    gates, slopes, g, a, c_prev = cache
    da_through = da * gates[2]
    dcell = dc + da_through - da_through * a * a
    dz_i, dz_f, dz_o = np.stack([dcell * g, dcell * c_prev, da * a]) * slopes
    return dcell * gates[0] * (1 + g) * (1 - g), dz_i, dz_f, dz_o, dcell * gates[1]
""",
    ),
    Variant(
        "memory_cell",
        "tape",
        source=TAPE
        + """

def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    inputs = [Node(array) for array in (z, z_i, z_f, z_o, c_prev)]
    z, z_i, z_f, z_o, c_prev = inputs
    c = tanh(z) * sigmoid(z_i) + c_prev * sigmoid(z_f)
    a = tanh(c) * sigmoid(z_o)
    return a.value, c.value, (a, c, inputs)


def memory_cell_backward(da, dc, cache):
    a, c, inputs = cache
    return play_back([(a, da), (c, dc)], inputs)
""",
    ),
    Variant(
        "memory_cell",
        "overflow_to_zero_recomputed",
        source=OVERFLOWING_TO_ZERO
        + """

def memory_cell_forward(z, z_i, z_f, z_o, c_prev):
    c = np.tanh(z) * s(z_i) + c_prev * s(z_f)
    return np.tanh(c) * s(z_o), c, (z, z_i, z_f, z_o, c_prev)


def memory_cell_backward(da, dc, cache):
    z, z_i, z_f, z_o, c_prev = cache
    g, i, f, o = np.tanh(z), s(z_i), s(z_f), s(z_o)
    a = np.tanh(g * i + c_prev * f)
    dc = dc + da * o * (1 - a * a)
    return dc * i * (1 - g * g), dc * g * i * s(-z_i), dc * c_prev * f * s(-z_f), da * a * o * s(-z_o), dc * f
""",
    ),
)

LSTM_STEP = (
    Variant(
        "lstm_step",
        "gate_by_gate_dict",
        source=BY_CASES
        + """

def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    units = h_prev.shape[1]
    gate = {}
    for k, name in enumerate("ifgo"):
        part = slice(k * units, (k + 1) * units)
        score = x @ wx[:, part] + h_prev @ wh[:, part] + b[part]
        gate[name] = np.tanh(score) if name == "g" else s(score)
    c = gate["f"] * c_prev + gate["i"] * gate["g"]
    h = gate["o"] * np.tanh(c)
    return h, c, {"gate": gate, "c": c.copy(), "inputs": (x, h_prev, c_prev, wx, wh)}


def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, wx, wh = cache["inputs"]
    gate, a = cache["gate"], np.tanh(cache["c"])
    units = a.shape[1]
    dc = dc + dh * gate["o"] * (1 - a**2)
    upstream = {"i": dc * gate["g"], "f": dc * c_prev, "g": dc * gate["i"], "o": dh * a}
    dx, dh_prev, dwx, dwh, db = (np.zeros_like(m) for m in (x, h_prev, wx, wh, wh[0]))
    for k, name in enumerate("ifgo"):
        part = slice(k * units, (k + 1) * units)
        slope = 1 - gate[name] ** 2 if name == "g" else gate[name] * (1 - gate[name])
        dz = upstream[name] * slope
        dx += dz @ wx[:, part].T
        dh_prev += dz @ wh[:, part].T
        dwx[:, part] = x.T @ dz
        dwh[:, part] = h_prev.T @ dz
        db[part] = dz.sum(axis=0)
    return dx, dh_prev, dc * gate["f"], dwx, dwh, db
""",
    ),
    Variant(
        "lstm_step",
        "four_axis_einsum",
        source=BY_TANH
        + """

def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    units = h_prev.shape[1]
    wx, wh, b = wx.reshape(-1, 4, units), wh.reshape(-1, 4, units), b.reshape(4, units)
    z = np.einsum("nd,dkh->knh", x, wx) + np.einsum("nj,jkh->knh", h_prev, wh) + b[:, None]
    i, f, o = s(z[[0, 1, 3]])
    g = np.tanh(z[2])
    c = i * g + f * c_prev
    return np.tanh(c) * o, c, (x, h_prev, c_prev, wx, wh, i, f, g, o, np.tanh(c))


def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, wx, wh, i, f, g, o, a = cache
    dc = dc + dh * o * (1 - a * a)
    dz = np.array([dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g * g), dh * a * o * (1 - o)])
    return (
        np.einsum("knh,dkh->nd", dz, wx),
        np.einsum("knh,jkh->nj", dz, wh),
        dc * f,
        np.einsum("nd,knh->dkh", x, dz).reshape(len(wx), -1),
        np.einsum("nj,knh->jkh", h_prev, dz).reshape(len(wh), -1),
        dz.sum(axis=1).ravel(),
    )
""",
    ),
    Variant(
        "lstm_step",
        "sample_by_sample",
        source=OVERFLOWING_TO_ZERO
        + """

def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    h, c = np.zeros_like(h_prev), np.zeros_like(c_prev)
    saved = []
    for n in range(len(x)):
        i, f, g, o = np.split(x[n] @ wx + h_prev[n] @ wh + b, 4)
        i, f, g, o = s(i), s(f), np.tanh(g), s(o)
        c[n] = f * c_prev[n] + i * g
        h[n] = o * np.tanh(c[n])
        saved.append((i, f, g, o, np.tanh(c[n])))
    return h, c, (saved, x, h_prev, c_prev, wx, wh)


def lstm_step_backward(dh, dc, cache):
    saved, x, h_prev, c_prev, wx, wh = cache
    dx, dh_prev, dc_prev, dwx, dwh = (np.zeros_like(array) for array in cache[1:])
    db = np.zeros_like(wh[0])
    for n, (i, f, g, o, a) in enumerate(saved):
        d = dc[n] + dh[n] * o * (1 - a * a)
        dz = np.hstack([d * g * i * (1 - i), d * c_prev[n] * f * (1 - f), d * i * (1 - g * g), dh[n] * a * o * (1 - o)])
        dx[n], dh_prev[n], dc_prev[n] = wx @ dz, wh @ dz, d * f
        dwx += np.outer(x[n], dz)
        dwh += np.outer(h_prev[n], dz)
        db += dz
    return dx, dh_prev, dc_prev, dwx, dwh, db
""",
    ),
    Variant(
        "lstm_step",
        "in_place_on_own_buffers",
        source=BY_LOGADDEXP
        + """

def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    units = len(wh)
    z = np.hstack([x, h_prev]) @ np.vstack([wx, wh])
    z += b
    g = np.tanh(z[:, 2 * units : 3 * units])
    z[:] = s(z)
    z[:, 2 * units : 3 * units] = g
    i, f, g, o = np.hsplit(z, 4)
    c = f * c_prev
    c += i * g
    h = np.tanh(c)
    h *= o
    return h, c, (x, h_prev, c_prev, wx, wh, z, c.copy())


def lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, wx, wh, z, c = cache
    i, f, g, o = np.hsplit(z, 4)
    a = np.tanh(c)
    dc_total = 1 - a * a
    dc_total *= o
    dc_total *= dh
    dc_total += dc
    dz = z * (1 - z)
    di, df, dg, do = np.hsplit(dz, 4)
    dg[...] = (1 - g * g) * i * dc_total
    di *= g * dc_total
    df *= c_prev * dc_total
    do *= a * dh
    back = dz @ np.vstack([wx, wh]).T
    return back[:, : x.shape[1]], back[:, x.shape[1] :], f * dc_total, x.T @ dz, h_prev.T @ dz, dz.sum(0)
""",
    ),
    Variant(
        "lstm_step",
        "recomputed_in_float64",
        source=BY_TANH
        + """

def gates(x, h_prev, c_prev, wx, wh, b):
    i, f, g, o = np.split(x @ wx + h_prev @ wh + b, 4, axis=1)
    i, f, g, o = s(i), s(f), np.tanh(g), s(o)
    return i, f, g, o, i * g + f * c_prev


def lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    wide = tuple(array.astype(np.float64) for array in (x, h_prev, c_prev, wx, wh, b))
    *_, o, c = gates(*wide)
    return (o * np.tanh(c)).astype(x.dtype), c.astype(x.dtype), (wide, x.dtype)


def lstm_step_backward(dh, dc, cache):
    wide, dtype = cache
    x, h_prev, c_prev, wx, wh, b = wide
    i, f, g, o, c = gates(*wide)
    a = np.tanh(c)
    dc = dc + dh * o * (1 - a) * (1 + a)
    dz = np.concatenate(
        [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g) * (1 + g), dh * a * o * (1 - o)], axis=1
    )
    grads = dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)
    return tuple(grad.astype(dtype) for grad in grads)
""",
    ),
)

TAPED_LSTM = (
    TAPE
    + TAPED
    + """

def lstm_cell(x, h, c, wx, wh, b):
    units = wh.value.shape[0]
    z = x @ wx + h @ wh + b
    c = sigmoid(cut(z, 1, units)) * c + sigmoid(cut(z, 0, units)) * tanh(cut(z, 2, units))
    return sigmoid(cut(z, 3, units)) * tanh(c), c
"""
)

LSTM = (
    Variant(
        "lstm",
        "arrays_over_time",
        source=BY_TANH
        + """

def lstm_forward(x, h0, c0, wx, wh, b):
    samples, steps, _ = x.shape
    units = h0.shape[1]
    z = x @ wx + b
    h = np.zeros((steps + 1, samples, units), x.dtype)
    c = np.zeros_like(h)
    h[0], c[0] = h0, c0
    for t in range(steps):
        z[:, t] += h[t] @ wh
        part = z[:, t].reshape(samples, 4, units)
        part[:, [0, 1, 3]] = s(part[:, [0, 1, 3]])
        part[:, 2] = np.tanh(part[:, 2])
        z[:, t] = part.reshape(samples, 4 * units)
        i, f, g, o = (part[:, k] for k in range(4))
        c[t + 1] = f * c[t] + i * g
        h[t + 1] = o * np.tanh(c[t + 1])
    return h[1:].transpose(1, 0, 2).copy(), c[-1].copy(), (x, h, c, z, wx, wh)


def lstm_backward(dh, dc, cache):
    x, h, c, z, wx, wh = cache
    dz = np.zeros_like(z)
    back = np.zeros_like(h[0])
    for t in reversed(range(x.shape[1])):
        i, f, g, o = np.split(z[:, t], 4, axis=1)
        a = np.tanh(c[t + 1])
        here = dh[:, t] + back
        dc = dc + here * o * (1 - a * a)
        dz_o = here * a * o * (1 - o)
        dz[:, t] = np.hstack([dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g * g), dz_o])
        dc = dc * f
        back = dz[:, t] @ wh.T
    dwx = np.einsum("ntd,ntk->dk", x, dz)
    dwh = np.einsum("tnj,ntk->jk", h[:-1], dz)
    return dz @ wx.T, back, dc, dwx, dwh, dz.sum(axis=(0, 1))
""",
    ),
    Variant(
        "lstm",
        "tape",
        source=TAPED_LSTM
        + """

def lstm_forward(x, h0, c0, wx, wh, b):
    return taped(lstm_cell, x, h0, c0, wx, wh, b, both=True)


def lstm_backward(dh, dc, cache):
    return taped_backward(dh, dc, cache)
""",
    ),
    Variant(
        "lstm",
        "recursion",
        source=BY_LOGADDEXP
        + """

def lstm_forward(x, h0, c0, wx, wh, b):
    if x.shape[1] == 0:
        return np.zeros_like(x, shape=(len(x), 0, len(wh))), c0, None
    i, f, g, o = np.split(x[:, 0] @ wx + h0 @ wh + b, 4, axis=1)
    i, f, g, o = s(i), s(f), np.tanh(g), s(o)
    c = f * c0 + i * g
    a = np.tanh(c)
    rest, last, later = lstm_forward(x[:, 1:], o * a, c, wx, wh, b)
    return np.concatenate([(o * a)[:, None], rest], axis=1), last, ((x[:, 0], h0, c0, wx, wh, i, f, g, o, a), later)


def lstm_backward(dh, dc, cache):
    (x, h_prev, c_prev, wx, wh, i, f, g, o, a), later = cache
    dh_now = dh[:, 0]
    if later is None:
        dx_rest, rest = np.zeros_like(x[:, None])[:, :0], (0, 0, 0)
    else:
        dx_rest, back, dc, *rest = lstm_backward(dh[:, 1:], dc, later)
        dh_now = dh_now + back
    dc = dc + dh_now * o * (1 - a * a)
    dz = np.hstack([dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g * g), dh_now * a * o * (1 - o)])
    own = x.T @ dz, h_prev.T @ dz, dz.sum(axis=0)
    dx = np.concatenate([(dz @ wx.T)[:, None], dx_rest], axis=1)
    return dx, dz @ wh.T, dc * f, *(a + b for a, b in zip(own, rest))
""",
    ),
    Variant(
        "lstm",
        "sample_by_sample",
        source=BY_CASES
        + """

def lstm_forward(x, h0, c0, wx, wh, b):
    hs = np.zeros_like(x, shape=(*x.shape[:2], len(wh)))
    last, trace = np.zeros_like(c0), []
    for n in range(len(x)):
        h, c = h0[n], c0[n]
        for t in range(x.shape[1]):
            before = h, c
            i, f, g, o = np.split(wx.T @ x[n, t] + wh.T @ h + b, 4)
            i, f, g, o = s(i), s(f), np.tanh(g), s(o)
            c = f * c + i * g
            h = o * np.tanh(c)
            hs[n, t] = h
            trace.append((n, t, *before, i, f, g, o, np.tanh(c)))
        last[n] = c
    return hs, last, (trace, x, wx, wh)


def lstm_backward(dh, dc, cache):
    trace, x, wx, wh = cache
    dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(wh[0])
    dh0, dc0 = np.zeros_like(dc), dc.copy()
    for n, t, h, c, i, f, g, o, a in reversed(trace):
        d = dh[n, t] + dh0[n]
        dcell = dc0[n] + d * o * (1 - a * a)
        dz_i, dz_f, dz_g = dcell * g * i * (1 - i), dcell * c * f * (1 - f), dcell * i * (1 - g * g)
        dz = np.concatenate([dz_i, dz_f, dz_g, d * a * o * (1 - o)])
        dx[n, t], dh0[n], dc0[n] = wx @ dz, wh @ dz, dcell * f
        dwx += np.outer(x[n, t], dz)
        dwh += np.outer(h, dz)
        db += dz
    return dx, dh0, dc0, dwx, dwh, db
""",
    ),
)

JOINT = (
    Variant(
        "joint_lstm_step",
        "one_product",
        source=BY_TANH
        + """

def joint_lstm_step_forward(x, h_prev, c_prev, w, b):
    both = np.concatenate([h_prev, x], axis=1)
    i, f, g, o = np.split(both @ w + b, 4, axis=1)
    i, f, g, o = s(i), s(f), np.tanh(g), s(o)
    c = f * c_prev + i * g
    return o * np.tanh(c), c, (both, c_prev, w, i, f, g, o, np.tanh(c))


def joint_lstm_step_backward(dh, dc, cache):
    both, c_prev, w, i, f, g, o, a = cache
    dc = dc + dh * o * (1 - a**2)
    dz = np.hstack([dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2), dh * a * o * (1 - o)])
    dh_prev, dx = np.split(dz @ w.T, [dh.shape[1]], axis=1)
    return dx, dh_prev, dc * f, both.T @ dz, dz.sum(axis=0)
""",
    ),
    Variant(
        "joint_lstm_step",
        "unit_by_unit",
        source=BY_TANH
        + """

def joint_lstm_step_forward(x, h_prev, c_prev, w, b):
    units = h_prev.shape[1]
    h, c = np.zeros_like(h_prev), np.zeros_like(c_prev)
    gates = np.zeros_like(x, shape=(len(x), 4 * units))
    both = np.hstack([h_prev, x])
    for n in range(len(x)):
        for k in range(4 * units):
            z = np.sum(both[n] * w[:, k]) + b[k]
            gates[n, k] = np.tanh(z) if k // units == 2 else s(z)
        for k in range(units):
            i, f, g, o = gates[n, k::units]
            c[n, k] = f * c_prev[n, k] + i * g
            h[n, k] = o * np.tanh(c[n, k])
    return h, c, (both, gates, c_prev, c.copy(), w)


def joint_lstm_step_backward(dh, dc, cache):
    both, gates, c_prev, c, w = cache
    units = dh.shape[1]
    dboth, dw, db = np.zeros_like(both), np.zeros_like(w), np.zeros_like(w[0])
    dc_prev = np.zeros_like(dc)
    for n in range(len(dh)):
        dz = np.zeros_like(db)
        for k in range(units):
            i, f, g, o = gates[n, k::units]
            a = np.tanh(c[n, k])
            d = dc[n, k] + dh[n, k] * o * (1 - a * a)
            dz_f, dz_o = d * c_prev[n, k] * f * (1 - f), dh[n, k] * a * o * (1 - o)
            dz[k::units] = d * g * i * (1 - i), dz_f, d * i * (1 - g * g), dz_o
            dc_prev[n, k] = d * f
        dboth[n] = w @ dz
        dw += both[n][:, None] * dz
        db += dz
    return dboth[:, units:].copy(), dboth[:, :units].copy(), dc_prev, dw, db
""",
    ),
    Variant(
        "joint_lstm_step",
        "tape",
        source=TAPED_LSTM
        + """

def joint_lstm_step_forward(x, h_prev, c_prev, w, b):
    inputs = [Node(array) for array in (x, h_prev, c_prev, w, b)]
    x, h_prev, c_prev, w, b = inputs
    units = h_prev.value.shape[1]
    h, c = lstm_cell(x, h_prev, c_prev, w[units:], w[:units], b)
    return h.value, c.value, (h, c, inputs)


def joint_lstm_step_backward(dh, dc, cache):
    h, c, inputs = cache
    return play_back([(h, dh), (c, dc)], inputs)
""",
    ),
)

# --- the variants of the LSTM: a step by a tape, a step by hand, and sequences of either ---

TAPED_STEP = """

def {name}_step_forward(*arrays):
    inputs = [Node(array) for array in arrays]
    outs = {name}_cell(*inputs)
    return *(out.value for out in outs), (outs, inputs)


def {name}_step_backward(*arguments):
    return taped_backward(*arguments)
"""
TAPED_SEQUENCE = """

def {name}_forward(*arrays):
    return taped({name}_cell, *arrays, both={both})


def {name}_backward(*arguments):
    return taped_backward(*arguments)
"""
LSTM_SEQUENCE = """

def {name}_forward(*arrays):
    return run_forward({name}_step_forward, *arrays)


def {name}_backward(dh, dc, cache):
    return run_backward({name}_step_backward, dh, dc, cache)
"""
GRU_SEQUENCE = """

def {name}_forward(*arrays):
    return run_forward({name}_step_forward, *arrays)


def {name}_backward(dh, cache):
    return run_backward({name}_step_backward, dh, cache)
"""

NO_FORGET_CELL = """

def no_forget_lstm_cell(x, h, c, wx, wh, b):
    units = wh.value.shape[0]
    z = x @ wx + h @ wh + b
    c = c + sigmoid(cut(z, 0, units)) * tanh(cut(z, 1, units))
    return sigmoid(cut(z, 2, units)) * tanh(c), c
"""
NO_FORGET_STEP = (
    BY_CASES
    + """

def no_forget_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    z_i, z_g, z_o = np.split(np.hstack([x, h_prev]) @ np.vstack([wx, wh]) + b, 3, axis=1)
    step = {"i": s(z_i), "g": np.tanh(z_g), "o": s(z_o)}
    c = c_prev + step["i"] * step["g"]
    step["a"] = np.tanh(c)
    return step["o"] * step["a"], c, (step, x, h_prev, wx, wh)


def no_forget_lstm_step_backward(dh, dc, cache):
    step, x, h_prev, wx, wh = cache
    i, g, o, a = step.values()
    dc = dc + dh * o * (1 - a**2)
    dz = np.hstack([dc * g * (i - i**2), dc * i * (1 - g**2), dh * a * (o - o**2)])
    return np.dot(dz, wx.T), np.dot(dz, wh.T), dc, np.dot(x.T, dz), np.dot(h_prev.T, dz), np.sum(dz, axis=0)
"""
)
NO_FORGET_LOOPS = (
    OVERFLOWING_TO_ZERO
    + """

def no_forget_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    h, c, saved = np.zeros_like(h_prev), np.zeros_like(c_prev), []
    for n in range(len(x)):
        i, g, o = np.split(x[n] @ wx + h_prev[n] @ wh + b, 3)
        i, g, o = s(i), np.tanh(g), s(o)
        c[n] = c_prev[n] + i * g
        h[n] = o * np.tanh(c[n])
        saved.append((i, g, o, np.tanh(c[n])))
    return h, c, (saved, x, h_prev, wx, wh)


def no_forget_lstm_step_backward(dh, dc, cache):
    saved, x, h_prev, wx, wh = cache
    dx, dh_prev, dwx, dwh = (np.zeros_like(array) for array in cache[1:])
    db, dc_prev = np.zeros_like(wh[0]), dc.copy()
    for n, (i, g, o, a) in enumerate(saved):
        dc_prev[n] += dh[n] * o * (1 - a * a)
        dz = np.concatenate([dc_prev[n] * g * i * (1 - i), dc_prev[n] * i * (1 - g * g), dh[n] * a * o * (1 - o)])
        dx[n], dh_prev[n] = wx @ dz, wh @ dz
        dwx += np.outer(x[n], dz)
        dwh += np.outer(h_prev[n], dz)
        db += dz
    return dx, dh_prev, dc_prev, dwx, dwh, db
"""
)
COUPLED_CELL = """

def coupled_lstm_cell(x, h, c, wx, wh, b):
    units = wh.value.shape[0]
    z = x @ wx + h @ wh + b
    i = sigmoid(cut(z, 0, units))
    c = (1 - i) * c + i * tanh(cut(z, 1, units))
    return sigmoid(cut(z, 2, units)) * tanh(c), c
"""
COUPLED_STEP = (
    BY_TANH
    + """

def coupled_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    z = np.einsum("nd,dk->nk", x, wx) + np.einsum("nj,jk->nk", h_prev, wh) + b
    z_i, z_g, z_o = np.split(z, 3, axis=1)
    i, g, o = s(z_i), np.tanh(z_g), s(z_o)
    c = c_prev + i * (g - c_prev)
    a = np.tanh(c)
    return o * a, c, (x, h_prev, wx, wh, i, g, o, a, g - c_prev)


def coupled_lstm_step_backward(dh, dc, cache):
    x, h_prev, wx, wh, i, g, o, a, step = cache
    dc = dc + dh * o * (1 - a) * (1 + a)
    dz = np.concatenate([dc * step * i * (1 - i), dc * i * (1 - g) * (1 + g), dh * a * o * (1 - o)], axis=1)
    dwx, dwh = np.einsum("nd,nk->dk", x, dz), np.einsum("nj,nk->jk", h_prev, dz)
    return np.einsum("nk,dk->nd", dz, wx), np.einsum("nk,jk->nj", dz, wh), dc - dc * i, dwx, dwh, dz.sum(axis=0)
"""
)
COUPLED_TWO_GATES = (
    BY_LOGADDEXP
    + """

def coupled_lstm_step_forward(x, h_prev, c_prev, wx, wh, b):
    units = len(wh)
    z = np.dot(x, wx) + (np.dot(h_prev, wh) + b)
    i, f = s(z[:, :units]), s(-z[:, :units])
    g, o = np.tanh(z[:, units : 2 * units]), s(z[:, 2 * units :])
    c = f * c_prev + i * g
    return o * np.tanh(c), c, dict(arrays=(x, h_prev, c_prev, wx, wh), gates=(i, f, g, o), c=c.copy())


def coupled_lstm_step_backward(dh, dc, cache):
    (x, h_prev, c_prev, wx, wh), (i, f, g, o), c = cache["arrays"], cache["gates"], cache["c"]
    units = len(wh)
    a = np.tanh(c)
    dc = dc + dh * o - dh * o * a * a
    dz = np.zeros_like(dc, shape=(len(x), 3 * units))
    dz[:, :units] = (dc * g - dc * c_prev) * i * f
    dz[:, units : 2 * units] = dc * i * (1 - g**2)
    dz[:, 2 * units :] = dh * a * o * (1 - o)
    return dz @ wx.T, dz @ wh.T, dc * f, x.T @ dz, h_prev.T @ dz, dz.sum(0)
"""
)
PEEPHOLE_CELL = """

def peephole_lstm_cell(x, h, c, wx, wh, b, p):
    units = wh.value.shape[0]
    z = x @ wx + h @ wh + b
    i = sigmoid(cut(z, 0, units) + p[0] * c)
    f = sigmoid(cut(z, 1, units) + p[1] * c)
    c = f * c + i * tanh(cut(z, 2, units))
    return sigmoid(cut(z, 3, units) + p[2] * c) * tanh(c), c
"""
PEEPHOLE_STEP = (
    BY_LOGADDEXP
    + """

def peephole_lstm_step_forward(x, h_prev, c_prev, wx, wh, b, p):
    z = (x @ wx + h_prev @ wh + b).reshape(len(x), 4, len(wh))
    early = s(z[:, :2] + p[:2] * c_prev[:, None])
    g = np.tanh(z[:, 2])
    c = early[:, 1] * c_prev + early[:, 0] * g
    o = s(z[:, 3] + p[2] * c)
    return o * np.tanh(c), c, {"arrays": (x, h_prev, c_prev, wx, wh, p), "gates": (early, g, o), "c": c.copy()}


def peephole_lstm_step_backward(dh, dc, cache):
    x, h_prev, c_prev, wx, wh, p = cache["arrays"]
    (early, g, o), c = cache["gates"], cache["c"]
    a = np.tanh(c)
    dz = np.zeros_like(x, shape=(*dh.shape[:1], 4, dh.shape[1]))
    dz[:, 3] = dh * a * o * (1 - o)
    dc = dc + dh * o * (1 - a**2) + p[2] * dz[:, 3]
    dz[:, :2] = np.stack([dc * g, dc * c_prev], axis=1) * early * (1 - early)
    dz[:, 2] = dc * early[:, 0] * (1 - g**2)
    dc_prev = dc * early[:, 1] + np.einsum("nkh,kh->nh", dz[:, :2], p[:2])
    seen = np.stack([c_prev, c_prev, c], axis=1)
    dp = np.einsum("nkh,nkh->kh", dz[:, [0, 1, 3]], seen)
    dz = dz.reshape(len(x), wh.shape[1])
    return dz @ wx.T, dz @ wh.T, dc_prev, x.T @ dz, h_prev.T @ dz, dz.sum(axis=0), dp
"""
)
PEEPHOLE_LOOPS = (
    BY_TANH
    + """

def peephole_lstm_step_forward(x, h_prev, c_prev, wx, wh, b, p):
    h, c, saved = np.zeros_like(h_prev), np.zeros_like(c_prev), []
    for n in range(len(x)):
        i, f, g, o = np.split(wx.T @ x[n] + wh.T @ h_prev[n] + b, 4)
        i, f, g = s(i + p[0] * c_prev[n]), s(f + p[1] * c_prev[n]), np.tanh(g)
        c[n] = f * c_prev[n] + i * g
        o = s(o + p[2] * c[n])
        h[n] = o * np.tanh(c[n])
        saved.append((i, f, g, o, c[n].copy()))
    return h, c, (x, h_prev, c_prev, wx, wh, p, saved)


def peephole_lstm_step_backward(dh, dc, cache):
    *arrays, saved = cache
    x, h_prev, c_prev, wx, wh, p = arrays
    dx, dh_prev, dc_prev, dwx, dwh, dp = map(np.zeros_like, arrays)
    db = np.zeros_like(wh[0])
    for n, (i, f, g, o, c) in enumerate(saved):
        a = np.tanh(c)
        dz_o = dh[n] * a * o * (1 - o)
        d = dc[n] + dh[n] * o * (1 - a * a) + dz_o * p[2]
        dz_i, dz_f, dz_g = d * g * i * (1 - i), d * c_prev[n] * f * (1 - f), d * i * (1 - g * g)
        dz = np.concatenate([dz_i, dz_f, dz_g, dz_o])
        dc_prev[n] = d * f + dz_i * p[0] + dz_f * p[1]
        dp += np.stack([dz_i * c_prev[n], dz_f * c_prev[n], dz_o * c])
        dx[n], dh_prev[n] = wx @ dz, wh @ dz
        dwx += np.outer(x[n], dz)
        dwh += np.outer(h_prev[n], dz)
        db += dz
    return dx, dh_prev, dc_prev, dwx, dwh, db, dp
"""
)

CHUNG_CELL = """

def gru_chung_cell(x, h, wx, wh):
    units = wh.value.shape[0]
    r = sigmoid(x @ cut(wx, 0, units) + h @ cut(wh, 0, units))
    z = sigmoid(x @ cut(wx, 1, units) + h @ cut(wh, 1, units))
    n = tanh(x @ cut(wx, 2, units) + (r * h) @ cut(wh, 2, units))
    return ((1 - z) * h + z * n,)
"""
CHUNG_STEP = (
    BY_LOGADDEXP
    + """

def gru_chung_step_forward(x, h_prev, wx, wh):
    units = len(wh)
    early = s(x @ wx[:, : 2 * units] + h_prev @ wh[:, : 2 * units])
    r, z = early[:, :units], early[:, units:]
    n = np.tanh(np.hstack([x, r * h_prev]) @ np.vstack([wx[:, 2 * units :], wh[:, 2 * units :]]))
    return h_prev + z * (n - h_prev), {"x": x, "h": h_prev, "wx": wx, "wh": wh, "r": r, "z": z, "n": n}


def gru_chung_step_backward(dh, cache):
    x, h, wx, wh, r, z, n = cache.values()
    units = len(wh)
    dz_n = dh * z * (1 - n**2)
    reset = dz_n @ wh[:, 2 * units :].T
    early = np.hstack([reset * h * r * (1 - r), dh * (n - h) * z * (1 - z)])
    dh_prev = dh - dh * z
    dh_prev += reset * r
    dh_prev += early @ wh[:, : 2 * units].T
    every = np.hstack([early, dz_n])
    return every @ wx.T, dh_prev, x.T @ every, np.hstack([h.T @ early, (r * h).T @ dz_n])
"""
)
CHUNG_LOOPS = (
    BY_CASES
    + """

def gru_chung_step_forward(x, h_prev, wx, wh):
    h, saved = np.zeros_like(h_prev), []
    (u_r, u_z, u_n), (w_r, w_z, w_n) = np.split(wx, 3, axis=1), np.split(wh, 3, axis=1)
    for k in range(len(x)):
        r, z = s(x[k] @ u_r + h_prev[k] @ w_r), s(x[k] @ u_z + h_prev[k] @ w_z)
        n = np.tanh(x[k] @ u_n + (r * h_prev[k]) @ w_n)
        h[k] = (1 - z) * h_prev[k] + z * n
        saved.append((r, z, n))
    return h, (x, h_prev, wx, wh, saved)


def gru_chung_step_backward(dh, cache):
    x, h_prev, wx, wh, saved = cache
    dx, dh_prev, dwx, dwh = (np.zeros_like(array) for array in (x, h_prev, wx, wh))
    units = len(wh)
    for k, (r, z, n) in enumerate(saved):
        d_n = dh[k] * z * (1 - n * n)
        d_z = dh[k] * (n - h_prev[k]) * z * (1 - z)
        d_reset = wh[:, 2 * units :] @ d_n
        d_r = d_reset * h_prev[k] * r * (1 - r)
        d = np.concatenate([d_r, d_z, d_n])
        dx[k] = wx @ d
        dwx += np.outer(x[k], d)
        dwh[:, : 2 * units] += np.outer(h_prev[k], d[: 2 * units])
        dwh[:, 2 * units :] += np.outer(r * h_prev[k], d_n)
        dh_prev[k] = dh[k] * (1 - z) + d_reset * r + wh[:, : 2 * units] @ d[: 2 * units]
    return dx, dh_prev, dwx, dwh
"""
)
CHO_CELL = """

def gru_cho_cell(x, h, wx, wh, b):
    units = wh.value.shape[0]
    r = sigmoid(x @ cut(wx, 0, units) + h @ cut(wh, 0, units) + cut(b, 0, units))
    z = sigmoid(x @ cut(wx, 1, units) + h @ cut(wh, 1, units) + cut(b, 1, units))
    n = tanh(x @ cut(wx, 2, units) + (r * h) @ cut(wh, 2, units))
    return (z * h + (1 - z) * n,)
"""
CHO_STEP = (
    BY_TANH
    + """

def gru_cho_step_forward(x, h_prev, wx, wh, b):
    units = h_prev.shape[1]
    wx3, wh3 = (w.reshape(len(w), 3, units).transpose(1, 0, 2) for w in (wx, wh))
    r = s(x @ wx3[0] + h_prev @ wh3[0] + b[:units])
    z = s(x @ wx3[1] + h_prev @ wh3[1] + b[units:])
    n = np.tanh(x @ wx3[2] + (h_prev * r) @ wh3[2])
    return n + z * (h_prev - n), (x, h_prev, wx3, wh3, r, z, n)


def gru_cho_step_backward(dh, cache):
    x, h, wx3, wh3, r, z, n = cache
    d_n = dh * (1 - z) * (1 - n * n)
    d_rh = d_n @ wh3[2].T
    d = np.stack([d_rh * h * r * (1 - r), dh * (h - n) * z * (1 - z), d_n])
    left = np.stack([h, h, r * h])
    dx = np.einsum("knh,kdh->nd", d, wx3)
    dh_prev = dh * z + r * d_rh + np.einsum("knh,kjh->nj", d[:2], wh3[:2])
    dwx = np.einsum("nd,knh->dkh", x, d).reshape(x.shape[1], 3 * h.shape[1])
    dwh = np.einsum("knj,knh->jkh", left, d).reshape(h.shape[1], 3 * h.shape[1])
    return dx, dh_prev, dwx, dwh, d[:2].sum(axis=1).reshape(-1)
"""
)
CHO_LOOPS = (
    OVERFLOWING_TO_ZERO
    + """

def gru_cho_step_forward(x, h_prev, wx, wh, b):
    return cho(x, h_prev, wx, wh, b)[0], (x, h_prev, wx, wh, b)


def cho(x, h_prev, wx, wh, b):
    units = len(wh)
    from_x, from_h = x @ wx, h_prev @ wh[:, : 2 * units]
    r = s(from_x[:, :units] + from_h[:, :units] + b[:units])
    z = s(from_x[:, units : 2 * units] + from_h[:, units:] + b[units:])
    n = np.tanh(from_x[:, 2 * units :] + (r * h_prev) @ wh[:, 2 * units :])
    return z * h_prev + (1 - z) * n, r, z, n


def gru_cho_step_backward(dh, cache):
    x, h_prev, wx, wh, b = cache
    _, r, z, n = cho(*cache)
    units = len(wh)
    dx, dh_prev, dwx, dwh, db = (np.zeros_like(array) for array in cache)
    for k in range(len(x)):
        dz = np.zeros_like(wx[0])
        dz[2 * units :] = dh[k] * (1 - z[k]) * (1 - n[k] ** 2)
        dreset = wh[:, 2 * units :].dot(dz[2 * units :])
        dz[units : 2 * units] = dh[k] * (h_prev[k] - n[k]) * z[k] * (1 - z[k])
        dz[:units] = dreset * h_prev[k] * r[k] * (1 - r[k])
        dx[k] = wx.dot(dz)
        dh_prev[k] = dh[k] * z[k] + dreset * r[k] + wh[:, : 2 * units].dot(dz[: 2 * units])
        dwx += np.multiply.outer(x[k], dz)
        dwh[:, : 2 * units] += np.multiply.outer(h_prev[k], dz[: 2 * units])
        dwh[:, 2 * units :] += np.multiply.outer(r[k] * h_prev[k], dz[2 * units :])
        db += dz[: 2 * units]
    return dx, dh_prev, dwx, dwh, db
"""
)
AFTER_CELL = """

def gru_reset_after_cell(x, h, wx, wh, bx, bh):
    units = wh.value.shape[0]
    from_x, from_h = x @ wx + bx, h @ wh + bh
    r = sigmoid(cut(from_x, 0, units) + cut(from_h, 0, units))
    z = sigmoid(cut(from_x, 1, units) + cut(from_h, 1, units))
    n = tanh(cut(from_x, 2, units) + r * cut(from_h, 2, units))
    return ((1 - z) * n + z * h,)
"""
AFTER_STEP = (
    BY_CASES
    + """

def gru_reset_after_step_forward(x, h_prev, wx, wh, bx, bh):
    from_x = np.einsum("nd,dk->nk", x, wx) + bx
    from_h = np.einsum("nj,jk->nk", h_prev, wh) + bh
    (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(from_x, 3, axis=1), np.split(from_h, 3, axis=1)
    r, z = s(x_r + h_r), s(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return n + z * (h_prev - n), [(x, h_prev, wx, wh), (r, z, n, h_n)]


def gru_reset_after_step_backward(dh, cache):
    (x, h_prev, wx, wh), (r, z, n, h_n) = cache
    units = len(wh)
    from_x = np.tile(dh, (1, 3))
    from_x[:, 2 * units :] *= (1 - z) * (1 - n * n)
    from_x[:, units : 2 * units] *= (h_prev - n) * z * (1 - z)
    from_x[:, :units] = from_x[:, 2 * units :] * h_n * r * (1 - r)
    from_h = from_x.copy()
    from_h[:, 2 * units :] *= r
    dx, dh_prev = np.einsum("nk,dk->nd", from_x, wx), np.einsum("nk,jk->nj", from_h, wh)
    dwx, dwh = np.einsum("nd,nk->dk", x, from_x), np.einsum("nj,nk->jk", h_prev, from_h)
    return dx, dh_prev + dh * z, dwx, dwh, np.einsum("nk->k", from_x), np.einsum("nk->k", from_h)
"""
)
AFTER_BLOCKS = (
    BY_LOGADDEXP
    + """

def gru_reset_after_step_forward(x, h_prev, wx, wh, bx, bh):
    # One product: [x, h, 1, 1] with the blocks r, z, and the two halves of the candidate side by side.
    units = len(wh)
    ones = np.ones_like(x, shape=(len(x), 1))
    w = np.zeros_like(wx, shape=(len(wx) + units + 2, 4 * units))
    w[: len(wx), : 3 * units], w[-2, : 3 * units] = wx, bx
    w[len(wx) : -2, : 2 * units], w[-1, : 2 * units] = wh[:, : 2 * units], bh[: 2 * units]
    w[len(wx) : -2, 3 * units :], w[-1, 3 * units :] = wh[:, 2 * units :], bh[2 * units :]
    inputs = np.hstack([x, h_prev, ones, ones])
    z_r, z_z, x_n, h_n = np.split(inputs @ w, 4, axis=1)
    r, z = s(z_r), s(z_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h_prev, (inputs, w, h_prev, r, z, n, h_n)


def gru_reset_after_step_backward(dh, cache):
    inputs, w, h_prev, r, z, n, h_n = cache
    units = dh.shape[1]
    features = inputs.shape[1] - units - 2
    d_n = dh * (1 - z) * (1 - n * n)
    d = np.hstack([d_n * h_n * r * (1 - r), dh * (h_prev - n) * z * (1 - z), d_n, d_n * r])
    back, dw = d @ w.T, inputs.T @ d
    to_h = np.r_[0 : 2 * units, 3 * units : 4 * units]
    dx, dh_prev = back[:, :features], back[:, features:-2] + dh * z
    return dx, dh_prev, dw[:features, : 3 * units], dw[features:-2, to_h], dw[-2, : 3 * units], dw[-1, to_h]
"""
)


def cell(name: str, *, node: str, by_hand: dict[str, str], both: bool) -> tuple[Variant, ...]:
    """Variants of a cell's step and sequence: by a tape, and by each of the steps written by hand."""
    loops, sequence = (LSTM_LOOPS, LSTM_SEQUENCE) if both else (GRU_LOOPS, GRU_SEQUENCE)
    tape = TAPE + TAPED + node
    return (
        Variant(f"{name}_step", "tape", source=tape + TAPED_STEP.format(name=name)),
        Variant(name, "tape", source=tape + TAPED_SEQUENCE.format(name=name, both=both)),
        *(Variant(f"{name}_step", how, source=step) for how, step in by_hand.items()),
        *(Variant(name, how, source=step + loops + sequence.format(name=name)) for how, step in by_hand.items()),
    )


CELLS = (
    *cell(
        "no_forget_lstm",
        node=NO_FORGET_CELL,
        by_hand={"stacked_matrix": NO_FORGET_STEP, "sample_by_sample": NO_FORGET_LOOPS},
        both=True,
    ),
    *cell(
        "coupled_lstm",
        node=COUPLED_CELL,
        by_hand={"towards_the_candidate": COUPLED_STEP, "two_gates": COUPLED_TWO_GATES},
        both=True,
    ),
    *cell(
        "peephole_lstm",
        node=PEEPHOLE_CELL,
        by_hand={"gates_on_an_axis": PEEPHOLE_STEP, "sample_by_sample": PEEPHOLE_LOOPS},
        both=True,
    ),
    *cell(
        "gru_chung",
        node=CHUNG_CELL,
        by_hand={"early_gates_together": CHUNG_STEP, "sample_by_sample": CHUNG_LOOPS},
        both=False,
    ),
    *cell("gru_cho", node=CHO_CELL, by_hand={"gates_on_an_axis": CHO_STEP, "recomputed": CHO_LOOPS}, both=False),
    *cell(
        "gru_reset_after",
        node=AFTER_CELL,
        by_hand={"einsum_in_place": AFTER_STEP, "one_block_matrix": AFTER_BLOCKS},
        both=False,
    ),
)

JACOBIAN_TERMS = (
    Variant(
        "cell_jacobian_terms",
        "diagonal_matrices",
        source=BY_TANH
        + """

def cell_jacobian_terms(x, c_prev, o_prev, wx, wh, b):
    a = np.tanh(c_prev)
    z = np.split(x @ wx + (o_prev * a) @ wh + b, 4)
    i, f, g = s(z[0]), s(z[1]), np.tanh(z[2])
    u_i, u_f, u_g, _ = np.split(wh, 4, axis=1)
    dh = np.diag(o_prev * (1 - a**2))
    by_forget = dh @ u_f @ np.diag(c_prev * f * (1 - f))
    by_input = dh @ u_i @ np.diag(g * i * (1 - i))
    by_candidate = dh @ u_g @ np.diag(i * (1 - g**2))
    return np.diag(f), by_forget, by_input, by_candidate
""",
    ),
    Variant(
        "cell_jacobian_terms",
        "entry_by_entry",
        source=BY_CASES
        + """

def cell_jacobian_terms(x, c_prev, o_prev, wx, wh, b):
    units = len(c_prev)
    h_prev = o_prev * np.tanh(c_prev)
    z = wx.T @ x + wh.T @ h_prev + b
    i, f, g = s(z[:units]), s(z[units : 2 * units]), np.tanh(z[2 * units : 3 * units])
    terms = np.zeros((4, units, units), dtype=x.dtype)
    for j in range(units):
        through = o_prev[j] * (1 - np.tanh(c_prev[j]) ** 2)
        for k in range(units):
            terms[0, j, k] = f[k] if j == k else 0
            terms[1, j, k] = c_prev[k] * f[k] * (1 - f[k]) * wh[j, units + k] * through
            terms[2, j, k] = g[k] * i[k] * (1 - i[k]) * wh[j, k] * through
            terms[3, j, k] = i[k] * (1 - g[k] ** 2) * wh[j, 2 * units + k] * through
    return tuple(terms)
""",
    ),
    Variant(
        "cell_jacobian_terms",
        "einsum_over_gates",
        source=BY_LOGADDEXP
        + """

def cell_jacobian_terms(x, c_prev, o_prev, wx, wh, b):
    units = c_prev.size
    a = np.tanh(c_prev)
    gates = (x @ wx + (o_prev * a) @ wh + b).reshape(4, units)[:3]
    i, f, g = s(gates[0]), s(gates[1]), np.tanh(gates[2])
    after = np.stack([g * i * (1 - i), c_prev * f * (1 - f), i * (1 - g) * (1 + g)])
    terms = np.einsum("j,jqk,qk->qjk", o_prev * (1 - a) * (1 + a), wh.reshape(units, 4, units)[:, :3], after)
    direct = np.zeros_like(wh[:, :units])
    np.fill_diagonal(direct, f)
    return direct, terms[1], terms[0], terms[2]
""",
    ),
)

GRADIENT_NORMS = (
    Variant(
        "lstm_gradient_norms",
        "jacobian_blocks",
        source=BY_TANH
        + """

def lstm_gradient_norms(x, wx, wh, b):
    units = len(wh)
    h = c = np.zeros_like(b[:units])
    jacobians = []
    for inputs in x:
        i, f, g, o = np.split(inputs @ wx + h @ wh + b, 4)
        i, f, g, o = s(i), s(f), np.tanh(g), s(o)
        before, c = c, f * c + i * g
        a = np.tanh(c)
        slopes = g * i * (1 - i), before * f * (1 - f), i * (1 - g * g)
        w_i, w_f, w_g, w_o = np.split(wh, 4, axis=1)
        dc_dh = sum(w * slope for w, slope in zip((w_i, w_f, w_g), slopes))
        dc_dc = np.diag(f)
        by_cell = o * (1 - a * a)
        jacobians.append(np.block([[dc_dh * by_cell + w_o * (a * o * (1 - o)), dc_dh], [dc_dc * by_cell, dc_dc]]))
        h = o * a
    product, norms = np.eye(2 * units, dtype=x.dtype), []
    for jacobian in jacobians[::-1]:
        norms.append(np.linalg.svd(product)[1][0])
        product = jacobian @ product
    return np.array(norms[::-1])
""",
    ),
    Variant(
        "lstm_gradient_norms",
        "forward_sensitivities",
        source=BY_LOGADDEXP
        + """

def lstm_gradient_norms(x, wx, wh, b):
    # For every k, directions of (h_k, c_k) carried forwards to T, one a row.
    dtype, units = x.dtype, wh.shape[0]
    x, wx, wh, b = (array.astype(np.float64) for array in (x, wx, wh, b))
    h, c, directions = np.zeros(units), np.zeros(units), []
    for inputs in x:
        i, f, g, o = np.split(inputs @ wx + h @ wh + b, 4)
        i, f, g, o = s(i), s(f), np.tanh(g), s(o)
        before, c = c, f * c + i * g
        a = np.tanh(c)
        for row, (dh, dc) in enumerate(directions):
            di, df, dg, do = np.split(dh @ wh, 4, axis=1)
            dc = f * dc + df * before * f * (1 - f) + di * g * i * (1 - i) + dg * i * (1 - g * g)
            directions[row] = do * a * o * (1 - o) + o * (1 - a * a) * dc, dc
        h = o * a
        unit = np.eye(2 * units)
        directions.append((unit[:, :units], unit[:, units:]))
    return np.array([np.linalg.norm(np.hstack(pair), 2) for pair in directions]).astype(dtype)
""",
    ),
    Variant(
        "lstm_gradient_norms",
        "tape_row_by_row",
        source=TAPED_LSTM
        + """

def lstm_gradient_norms(x, wx, wh, b):
    units = len(wh)
    zeros = np.zeros((1, units), x.dtype)
    wx, wh, b = Node(wx), Node(wh), Node(b)
    state, norms = (Node(zeros), Node(zeros)), []
    for k in range(len(x)):
        # The state at k, as if it came from nowhere: c_k must not count a second time through h_k.
        state = start = tuple(Node(a.value) for a in lstm_cell(Node(x[k : k + 1]), *state, wx, wh, b))
        last = start
        for inputs in x[k + 1 :]:
            last = lstm_cell(Node(inputs[None]), *last, wx, wh, b)
        rows = []
        for out in last:
            for one in np.eye(units, dtype=x.dtype):
                rows.append(np.concatenate(play_back([(out, one[None])], start), axis=1)[0])
        norms.append(np.linalg.norm(np.stack(rows), ord=2))
    return np.stack(norms)
""",
    ),
)

PARAMETERS = (
    Variant(
        "recurrent_parameters",
        "shapes_multiplied",
        source="""
import math


def recurrent_parameters(inputs, hidden, *, cell="lstm"):
    gates = 1 if cell == "srn" else 4 if cell in ("lstm", "peephole_lstm") else 3
    shapes = [(inputs, gates * hidden), (hidden, gates * hidden)]
    if cell in ("srn", "lstm", "no_forget_lstm", "coupled_lstm", "peephole_lstm"):
        shapes.append((gates * hidden,))
    if cell == "peephole_lstm":
        shapes.append((3, hidden))
    if cell == "gru_cho":
        shapes.append((2 * hidden,))
    if cell == "gru_reset_after":
        shapes += [(3 * hidden,), (3 * hidden,)]
    return sum(math.prod(shape) for shape in shapes)
""",
    ),
    Variant(
        "recurrent_parameters",
        "a_formula_each",
        source="""
def recurrent_parameters(inputs, hidden, *, cell="lstm"):
    D, H = inputs, hidden
    match cell:
        case "srn":
            return H * (D + H + 1)
        case "lstm":
            return 4 * H * (D + H + 1)
        case "no_forget_lstm" | "coupled_lstm":
            return 3 * H * (D + H + 1)
        case "peephole_lstm":
            return 4 * H * (D + H + 1) + 3 * H
        case "gru_chung":
            return 3 * H * (D + H)
        case "gru_cho":
            return 3 * H * (D + H) + 2 * H
        case "gru_reset_after":
            return 3 * H * (D + H + 2)
    raise ValueError(cell)
""",
    ),
    Variant(
        "recurrent_parameters",
        "sizes_of_arrays",
        source="""
import numpy as np


def recurrent_parameters(inputs, hidden, *, cell="lstm"):
    gates = {"srn": 1, "lstm": 4, "peephole_lstm": 4}.get(cell, 3)
    biases = {"gru_chung": 0, "gru_cho": 2, "gru_reset_after": 6, "peephole_lstm": 7}.get(cell, gates)
    arrays = np.empty((inputs, gates, hidden)), np.empty((hidden, gates, hidden)), np.empty((biases, hidden))
    return np.sum([array.size for array in arrays])
""",
    ),
)

WHEATS = (
    *MEMORY_CELL,
    *LSTM_STEP,
    *LSTM,
    *JOINT,
    *CELLS,
    *JACOBIAN_TERMS,
    *GRADIENT_NORMS,
    *PARAMETERS,
)
