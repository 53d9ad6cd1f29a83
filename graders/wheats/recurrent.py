"""Unit 09: recurrent networks and back-propagation through time, written other ways."""

from graders.misconceptions.variant import Variant

# A tape: whoever has built an autograd engine uses it.
TAPE = '''
import numpy as np


class Node:
    """A value, and how what comes back to it goes on to its parents."""

    def __init__(self, value, *parents):
        self.value, self.parents = value, parents

    def __add__(self, other):
        return Node(self.value + other.value, (self, lambda d: d), (other, lambda d: d))

    def __mul__(self, other):
        a, b = self.value, other.value
        return Node(a * b, (self, lambda d: d * b), (other, lambda d: d * a))

    def __rsub__(self, number):
        return Node(number - self.value, (self, lambda d: -d))

    def __matmul__(self, other):
        a, b = self.value, other.value
        return Node(a @ b, (self, lambda d: d @ np.swapaxes(b, -1, -2)), (other, lambda d: np.swapaxes(a, -1, -2) @ d))

    def __getitem__(self, index):
        def scattered(d):
            whole = np.zeros_like(self.value)
            np.add.at(whole, index, d)
            return whole

        return Node(self.value[index], (self, scattered))


def tanh(x):
    a = np.tanh(x.value)
    return Node(a, (x, lambda d: d * (1 - a * a)))


def sigmoid(x):
    small = np.exp(-np.abs(x.value))
    a = np.where(x.value >= 0, 1, small) / (1 + small)
    return Node(a, (x, lambda d: d * a * (1 - a)))


def over_time(nodes):
    return Node(np.stack([n.value for n in nodes], 1), *((n, lambda d, t=t: d[:, t]) for t, n in enumerate(nodes)))


def record(step_by_step, *arrays):
    inputs = [Node(array) for array in arrays]
    return step_by_step(*inputs), inputs


def play_back(upstream, inputs):
    order, seen = [], set()

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    total = {}

    def collect(node, d):
        d = d.sum(axis=tuple(range(d.ndim - node.value.ndim)))
        wide = tuple(k for k in range(d.ndim) if node.value.shape[k] == 1 and d.shape[k] != 1)
        d = d.sum(axis=wide, keepdims=True)
        total[id(node)] = total[id(node)] + d if id(node) in total else d

    for node, d in upstream:
        visit(node)
        collect(node, d)
    for node in reversed(order):
        for parent, pull in node.parents:
            if id(node) in total:
                collect(parent, pull(total[id(node)]))
    return tuple(total.get(id(x), np.zeros_like(x.value)) for x in inputs)
'''

# Gradients of what adds up over samples and steps, from the gradient of the preactivations.
FLAT = """
import numpy as np


def through_affine(dz, x, wx):
    rows = dz.reshape(-1, dz.shape[-1])
    return dz @ wx.T, x.reshape(-1, x.shape[-1]).T @ rows, rows.sum(0)
"""

SRN_STEP = (
    Variant(
        "srn_step",
        "element_by_element",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    h = np.zeros_like(h_prev)
    for n in range(x.shape[0]):
        for k in range(h.shape[1]):
            z = b[k]
            for j in range(h.shape[1]):
                z = z + h_prev[n, j] * wh[j, k]
            for d in range(x.shape[1]):
                z = z + x[n, d] * wx[d, k]
            h[n, k] = np.tanh(z)
    return h, [x, h_prev, wx, wh, h]


def srn_step_backward(dh, cache):
    x, h_prev, wx, wh, h = cache
    dx, dh_prev, dwx, dwh = (np.zeros_like(a) for a in cache[:4])
    db = np.zeros_like(wh[0])
    for n in range(h.shape[0]):
        for k in range(h.shape[1]):
            dz = dh[n, k] * (1 - h[n, k] ** 2)
            db[k] += dz
            for d in range(x.shape[1]):
                dx[n, d] += dz * wx[d, k]
                dwx[d, k] += dz * x[n, d]
            for j in range(h.shape[1]):
                dh_prev[n, j] += dz * wh[j, k]
                dwh[j, k] += dz * h_prev[n, j]
    return dx, dh_prev, dwx, dwh, db
""",
    ),
    Variant(
        "srn_step",
        "einsum_dict",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    z = np.einsum("nj,jk->nk", h_prev, wh) + (np.einsum("nd,dk->nk", x, wx) + b)
    h = np.tanh(z)
    return h, dict(x=x, h_prev=h_prev, wx=wx, wh=wh, slope=(1 - h) * (1 + h))


def srn_step_backward(dh, cache):
    dz = np.multiply(dh, cache["slope"])
    return (
        np.einsum("nk,dk->nd", dz, cache["wx"]),
        np.einsum("nk,jk->nj", dz, cache["wh"]),
        np.einsum("nd,nk->dk", cache["x"], dz),
        np.einsum("nj,nk->jk", cache["h_prev"], dz),
        np.einsum("nk->k", dz),
    )
""",
    ),
    Variant(
        "srn_step",
        "one_matrix",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    ones = np.ones_like(x, shape=(len(x), 1))
    inputs = np.concatenate([x, h_prev, ones], axis=1)
    weights = np.vstack([wx, wh, b])
    h = np.tanh(inputs @ weights)
    return h, (inputs, weights, h, x.shape[1])


def srn_step_backward(dh, cache):
    inputs, weights, h, features = cache
    dz = dh - dh * h**2
    dinputs, dweights = dz @ weights.T, inputs.T @ dz
    dx, dh_prev, _ = np.split(dinputs, [features, dinputs.shape[1] - 1], axis=1)
    dwx, dwh, _ = np.split(dweights, [features, len(dweights) - 1])
    return dx, dh_prev, dwx, dwh, dweights[-1]
""",
    ),
    Variant(
        "srn_step",
        "recomputed_cosh",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    return np.tanh(np.dot(x, wx) + np.dot(h_prev, wh) + b), (x, h_prev, wx, wh, b)


def srn_step_backward(dh, cache):
    x, h_prev, wx, wh, b = cache
    z = np.dot(x, wx) + np.dot(h_prev, wh) + b
    with np.errstate(over="ignore"):
        dz = dh / np.square(np.cosh(z))
    db = np.dot(np.ones_like(dz[:, 0]), dz)
    return np.dot(dz, wx.T), np.dot(dz, wh.T), np.dot(dz.T, x).T, np.dot(dz.T, h_prev).T, db
""",
    ),
    Variant(
        "srn_step",
        "closure_and_buffers",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    h = np.matmul(x, wx)
    h += np.matmul(h_prev, wh)
    h += b
    np.tanh(h, out=h)
    saved = h.copy()

    def backward(dh):
        dz = saved.copy()
        dz *= saved
        np.subtract(1, dz, out=dz)
        dz *= dh
        dwx = sum((np.outer(x[n], dz[n]) for n in reversed(range(len(x)))), np.zeros_like(wx))
        dwh = sum((np.outer(h_prev[n], dz[n]) for n in reversed(range(len(x)))), np.zeros_like(wh))
        return dz @ wx.T, dz @ wh.T, dwx, dwh, np.add.reduce(dz, axis=0)

    return h, backward


def srn_step_backward(dh, cache):
    return cache(dh)
""",
    ),
    Variant(
        "srn_step",
        "tape",
        source=TAPE
        + """

def srn_step_forward(x, h_prev, wx, wh, b):
    h, inputs = record(lambda x, h_prev, wx, wh, b: tanh(x @ wx + h_prev @ wh + b), x, h_prev, wx, wh, b)
    return h.value, (h, inputs)


def srn_step_backward(dh, cache):
    h, inputs = cache
    return play_back([(h, dh)], inputs)
""",
    ),
    Variant(
        "srn_step",
        "complex_step",
        source="""
import numpy as np


def srn_step_forward(x, h_prev, wx, wh, b):
    inputs = (x, h_prev, wx, wh, b)
    return tanh_of_affine(*inputs), inputs


def srn_step_backward(dh, cache):
    # The imaginary part of f(a + i eps) is eps f'(a), and nothing cancels.
    eps, grads = 1e-100, []
    for which, array in enumerate(cache):
        inputs = [a.astype(complex) for a in cache]
        grad = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            inputs[which][index] += 1j * eps
            grad[index] = np.vdot(dh, tanh_of_affine(*inputs).imag) / eps
            inputs[which][index] = array[index]
        grads.append(grad)
    return tuple(grads)


def tanh_of_affine(x, h_prev, wx, wh, b):
    return np.tanh(x @ wx + h_prev @ wh + b)
""",
    ),
)

SRN = (
    Variant(
        "srn",
        "adjoints_by_age",
        source=FLAT
        + """

def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    samples, steps, _ = x.shape
    from_inputs = x @ wx + b
    h = np.empty((samples, steps + 1, len(wh)), dtype=x.dtype)
    h[:, 0] = h0
    for t in range(steps):
        h[:, t + 1] = np.tanh(from_inputs[:, t] + h[:, t] @ wh)
    return h[:, 1:].copy(), {"x": x, "wx": wx, "wh": wh, "h": h, "window": truncate or steps}


def srn_backward(dh, cache):
    x, wx, wh, h, window = (cache[key] for key in ("x", "wx", "wh", "h", "window"))
    slope = 1 - h[:, 1:] ** 2
    dz = np.empty_like(dh)
    young = []  # what came from h_t, h_{t+1}, ..., the youngest first
    for t in range(dh.shape[1] - 1, -1, -1):
        young = [dh[:, t], *young][:window]
        young = [d * slope[:, t] for d in young]
        dz[:, t] = sum(young)
        young = [d @ wh.T for d in young]
    dx, dwx, db = through_affine(dz, x, wx)
    dwh = np.tensordot(h[:, :-1], dz, axes=([0, 1], [0, 1]))
    return dx, sum(young), dwx, dwh, db
""",
    ),
    Variant(
        "srn",
        "windows_of_jacobians",
        source="""
import numpy as np


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    h = [h0]
    for inputs in np.moveaxis(x, 1, 0):
        h.append(np.tanh(np.dot(inputs, wx) + np.dot(h[-1], wh) + b))
    h = np.array(h)
    return np.moveaxis(h[1:], 0, 1).copy(), (x, h, wx, wh, truncate)


def srn_backward(dh, cache):
    x, h, wx, wh, truncate = cache
    steps = len(h) - 1
    window = steps if truncate is None else min(truncate, steps)
    slope = 1 - h * h
    jacobian = wh * slope[:, :, None, :]  # [t, n]: dh_t / dh_{t-1}
    dz = np.zeros_like(h[1:])
    dh0 = np.zeros_like(h[0])
    for t in range(1, steps + 1):
        back = dh[:, t - 1, :, None]
        for k in range(t, t - window, -1):
            if k == 0:
                break
            dz[k - 1] += back[..., 0] * slope[k]
            back = jacobian[k] @ back
            if k == 1:
                dh0 += back[..., 0]
    dwx = np.einsum("ntd,tnh->dh", x, dz)
    dwh = np.einsum("tnj,tnh->jh", h[:-1], dz)
    return np.einsum("tnh,dh->ntd", dz, wx), dh0, dwx, dwh, np.einsum("tnh->h", dz)
""",
    ),
    Variant(
        "srn",
        "recursion",
        source="""
import numpy as np


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    def states(t):
        if t == 0:
            return [h0]
        before = states(t - 1)
        return [*before, np.tanh(x[:, t - 1] @ wx + before[-1] @ wh + b)]

    h = states(x.shape[1])
    return np.stack(h[1:], axis=1), (x, wx, wh, h, truncate)


def srn_backward(dh, cache):
    x, wx, wh, h, truncate = cache
    dx, dwx, dwh, db = (np.zeros_like(a) for a in (x, wx, wh, wh[0]))
    dh0 = np.zeros_like(h[0])

    def back(t, d, steps_left):
        if t == 0:
            dh0[...] += d
        elif steps_left:
            dz = d * (1 - h[t] ** 2)
            dx[:, t - 1] += dz @ wx.T
            dwx[...] += x[:, t - 1].T @ dz
            dwh[...] += h[t - 1].T @ dz
            db[...] += dz.sum(axis=0)
            back(t - 1, dz @ wh.T, steps_left - 1)

    for t in range(1, len(h)):
        back(t, dh[:, t - 1], truncate or t)
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "srn",
        "sample_by_sample",
        source="""
import numpy as np


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    h = np.zeros_like(x, shape=(*x.shape[:2], len(b)))
    for n in range(len(x)):
        state = h0[n]
        for t in range(x.shape[1]):
            state = np.tanh(wx.T @ x[n, t] + wh.T @ state + b)
            h[n, t] = state
    return h.copy(), (x, h0, wx, wh, h, truncate)


def srn_backward(dh, cache):
    x, h0, wx, wh, h, truncate = cache
    dx, dh0, dwx, dwh = (np.zeros_like(a) for a in cache[:4])
    db = np.zeros_like(wh[0])
    steps = x.shape[1]
    length = min(truncate or steps, steps)
    for n in range(len(x)):
        for lag in range(length):  # first what goes back no step, then what goes back one, and so on
            for t in range(lag, steps):
                d = dh[n, t]
                for k in range(t, t - lag, -1):
                    d = wh @ (d * (1 - h[n, k] ** 2))
                k = t - lag
                dz = d * (1 - h[n, k] ** 2)
                before = h[n, k - 1] if k else h0[n]
                dx[n, k] += wx @ dz
                dwx += np.outer(x[n, k], dz)
                dwh += np.outer(before, dz)
                db += dz
                if k == 0:
                    dh0[n] += wh @ dz
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "srn",
        "tape",
        source=TAPE
        + """

def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    inputs = [Node(array) for array in (x, h0, wx, wh, b)]
    x, h, wx, wh, b = inputs
    states = [h]
    for t in range(x.value.shape[1]):
        states.append(tanh(x[:, t] @ wx + states[-1] @ wh + b))
    outputs = states[1:]
    if truncate is not None:
        outputs = []
        for t in range(1, len(states)):
            start = max(t - truncate, 0)
            h = Node(states[start].value) if start else states[0]
            for k in range(start, t):
                h = tanh(x[:, k] @ wx + h @ wh + b)
            outputs.append(h)
    out = over_time(outputs)
    return out.value, (out, inputs)


def srn_backward(dh, cache):
    out, inputs = cache
    return play_back([(out, dh)], inputs)
""",
    ),
    Variant(
        "srn",
        "forward_mode",
        source="""
import numpy as np


def srn_forward(x, h0, wx, wh, b, *, truncate=None):
    h, states = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ wx + h @ wh + b)
        states.append(h)
    return np.stack(states, axis=1), (x, h0, wx, wh, states, truncate)


def srn_backward(dh, cache):
    # Real-time recurrent learning: sensitivities of the state to every parameter, carried forwards.
    x, h0, wx, wh, states, truncate = cache
    units, dtype = len(wh), x.dtype
    dx, dh0, dwx, dwh = (np.zeros_like(a) for a in (x, h0, wx, wh))
    db = np.zeros_like(wh[0])
    eye = np.eye(units, dtype=dtype)
    for n in range(len(x)):
        for t in range(len(states)):
            first = 0 if truncate is None else max(t - truncate + 1, 0)
            by_x = np.zeros_like(x, shape=(*x.shape[1:], units))
            by_h0 = eye * (first == 0)
            by_wx = np.zeros_like(x, shape=(*wx.shape, units))
            by_wh = np.zeros_like(x, shape=(*wh.shape, units))
            by_b = np.zeros_like(wh)
            for k in range(first, t + 1):
                before = states[k - 1][n] if k else h0[n]
                slope = 1 - states[k][n] ** 2
                by_x, by_h0, by_wx, by_wh, by_b = (s @ wh for s in (by_x, by_h0, by_wx, by_wh, by_b))
                by_x[k] += wx
                by_wx += x[n, k][:, None, None] * eye
                by_wh += before[:, None, None] * eye
                by_b += eye
                by_x, by_h0, by_wx, by_wh, by_b = (s * slope for s in (by_x, by_h0, by_wx, by_wh, by_b))
            d = dh[n, t]
            dx[n] += by_x @ d
            dh0[n] += by_h0 @ d
            dwx += by_wx @ d
            dwh += by_wh @ d
            db += by_b @ d
    return dx, dh0, dwx, dwh, db
""",
    ),
)

PREACTIVATION = (
    Variant(
        "preactivation_srn",
        "activations_cached",
        source=FLAT
        + """

def preactivation_srn_forward(x, h0, wx, wh, b):
    steps = x.shape[1]
    h = np.concatenate([h0[:, None], x @ wx + b], axis=1)
    a = np.empty_like(h[:, :-1])
    for t in range(steps):
        a[:, t] = np.tanh(h[:, t])
        h[:, t + 1] += a[:, t] @ wh
    return h[:, 1:], (x, wx, wh, a)


def preactivation_srn_backward(dh, cache):
    x, wx, wh, a = cache
    total = dh.copy()
    for t in reversed(range(1, x.shape[1])):
        total[:, t - 1] += (total[:, t] @ wh.T) * (1 - a[:, t]) * (1 + a[:, t])
    dh0 = (total[:, 0] @ wh.T) * (1 - a[:, 0] ** 2)
    dx, dwx, db = through_affine(total, x, wx)
    return dx, dh0, dwx, np.einsum("ntj,ntk->jk", a, total), db
""",
    ),
    Variant(
        "preactivation_srn",
        "sample_by_sample",
        source="""
import numpy as np


def preactivation_srn_forward(x, h0, wx, wh, b):
    out = np.zeros_like(x, shape=(*x.shape[:2], len(wh)))
    for n, sequence in enumerate(x):
        h = h0[n]
        for t, inputs in enumerate(sequence):
            out[n, t] = h = b + inputs.dot(wx) + np.tanh(h).dot(wh)
    return out, (x, h0, wx, wh, out.copy())


def preactivation_srn_backward(dh, cache):
    x, h0, wx, wh, h = cache
    dx, dh0, dwx, dwh = (np.zeros_like(array) for array in cache[:4])
    db = np.zeros_like(dwh[0])
    for n in range(len(x)):
        here = np.zeros_like(db)
        for t in reversed(range(x.shape[1])):
            here = here + dh[n, t]
            before = np.tanh(h[n, t - 1] if t > 0 else h0[n])
            dx[n, t] = wx.dot(here)
            dwx += np.outer(x[n, t], here)
            dwh += np.outer(before, here)
            db += here
            here = wh.dot(here) * (1 - before**2)
        dh0[n] = here
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "preactivation_srn",
        "tape",
        source=TAPE
        + """

def preactivation_srn_forward(x, h0, wx, wh, b):
    def run(x, h, wx, wh, b):
        states = []
        for t in range(x.value.shape[1]):
            h = tanh(h) @ wh + x[:, t] @ wx + b
            states.append(h)
        return over_time(states)

    cache = record(run, x, h0, wx, wh, b)
    return cache[0].value, cache


def preactivation_srn_backward(dh, cache):
    out, inputs = cache
    return play_back([(out, dh)], inputs)
""",
    ),
)

JORDAN = (
    Variant(
        "jordan",
        "time_major",
        source="""
import numpy as np


def jordan_forward(x, y0, wx, wy, b, v, c):
    steps = []
    y = y0
    for inputs in x.swapaxes(0, 1):
        h = np.tanh(np.hstack([inputs, y]) @ np.vstack([wx, wy]) + b)
        before, y = y, (1 + np.tanh((h @ v + c) / 2)) / 2
        steps.append({"x": inputs, "before": before, "h": h, "y": y})
    return np.stack([step["y"] for step in steps], axis=1), (steps, wx, wy, v)


def jordan_backward(dy, cache):
    steps, wx, wy, v = cache
    dwx, dwy, dv = np.zeros_like(wx), np.zeros_like(wy), np.zeros_like(v)
    db, dc = np.zeros_like(wx[0]), np.zeros_like(v[0])
    carried, dxs = 0, []
    for step, own in zip(reversed(steps), dy.swapaxes(0, 1)[::-1]):
        ds = (own + carried) * step["y"] * (1 - step["y"])
        dz = np.einsum("nm,hm->nh", ds, v) * (1 - np.square(step["h"]))
        dv += step["h"].T @ ds
        dc += ds.sum(axis=0)
        dwx += step["x"].T @ dz
        dwy += step["before"].T @ dz
        db += dz.sum(axis=0)
        dxs.append(dz @ wx.T)
        carried = dz @ wy.T
    return np.stack(dxs[::-1], axis=1), carried, dwx, dwy, db, dv, dc
""",
    ),
    Variant(
        "jordan",
        "sample_by_sample",
        source="""
import numpy as np


def jordan_forward(x, y0, wx, wy, b, v, c):
    samples, steps, _ = x.shape
    h = np.zeros((samples, steps, len(b)), x.dtype)
    y = np.zeros((samples, steps, len(c)), x.dtype)
    for n in range(samples):
        last = y0[n]
        for t in range(steps):
            h[n, t] = np.tanh(x[n, t] @ wx + last @ wy + b)
            last = y[n, t] = np.exp(-np.logaddexp(0, -(h[n, t] @ v + c)))
    return y.copy(), (x, y0, wx, wy, v, h, y)


def jordan_backward(dy, cache):
    x, y0, wx, wy, v, h, y = cache
    dx, dy0, dwx, dwy, dv = (np.zeros_like(a) for a in (x, y0, wx, wy, v))
    db, dc = np.zeros_like(wx[0]), np.zeros_like(v[0])
    for n in range(x.shape[0]):
        back = np.zeros_like(dc)
        for t in range(x.shape[1] - 1, -1, -1):
            ds = (dy[n, t] + back) * (y[n, t] - y[n, t] ** 2)
            dz = (v @ ds) * (1 - h[n, t] ** 2)
            dv += h[n, t][:, None] * ds
            dwx += x[n, t][:, None] * dz
            dwy += (y[n, t - 1] if t else y0[n])[:, None] * dz
            db += dz
            dc += ds
            dx[n, t] = wx @ dz
            back = wy @ dz
        dy0[n] = back
    return dx, dy0, dwx, dwy, db, dv, dc
""",
    ),
    Variant(
        "jordan",
        "tape",
        source=TAPE
        + """

def jordan_forward(x, y0, wx, wy, b, v, c):
    def run(x, y, wx, wy, b, v, c):
        outputs = []
        for t in range(x.value.shape[1]):
            y = sigmoid(tanh(x[:, t] @ wx + y @ wy + b) @ v + c)
            outputs.append(y)
        return over_time(outputs)

    cache = record(run, x, y0, wx, wy, b, v, c)
    return cache[0].value, cache


def jordan_backward(dy, cache):
    out, inputs = cache
    return play_back([(out, dy)], inputs)
""",
    ),
)

RESIDUAL_INPUTS = (
    Variant(
        "residual_inputs",
        "cumulative_sums",
        source="""
import numpy as np


def residual_inputs_forward(x, h0, wx, b):
    steps = np.tanh(x @ wx + b)
    return h0[:, None, :] + np.cumsum(steps, axis=1), (x, wx, steps)


def residual_inputs_backward(dh, cache):
    x, wx, steps = cache
    after = np.cumsum(dh[:, ::-1], axis=1)[:, ::-1]
    dz = after * (1 - steps**2)
    return dz @ wx.T, dh.sum(axis=1), np.tensordot(x, dz, ((0, 1), (0, 1))), dz.sum(axis=(0, 1))
""",
    ),
    Variant(
        "residual_inputs",
        "triangular_matrix",
        source="""
import numpy as np


def residual_inputs_forward(x, h0, wx, b):
    up_to = np.tri(x.shape[1], dtype=x.dtype)
    steps = np.tanh(np.einsum("ntd,dh->nth", x, wx) + b)
    h = np.einsum("ts,nsh->nth", up_to, steps)
    h += h0[:, np.newaxis]
    return h, [x, wx, steps, up_to]


def residual_inputs_backward(dh, cache):
    x, wx, steps, up_to = cache
    dz = np.einsum("ts,nth->nsh", up_to, dh) * (1 - steps) * (1 + steps)
    return (
        np.einsum("nth,dh->ntd", dz, wx),
        np.einsum("nth->nh", dh),
        np.einsum("ntd,nth->dh", x, dz),
        np.einsum("nth->h", dz),
    )
""",
    ),
    Variant(
        "residual_inputs",
        "sample_by_sample",
        source="""
import numpy as np


def residual_inputs_forward(x, h0, wx, b):
    out = np.empty((x.shape[0], x.shape[1], b.shape[0]), dtype=x.dtype)
    for n in range(x.shape[0]):
        h = h0[n].copy()
        for t in range(x.shape[1]):
            h += np.tanh(b + x[n, t] @ wx)
            out[n, t] = h
    return out, (x, h0, wx, b)


def residual_inputs_backward(dh, cache):
    x, h0, wx, b = cache
    dx, dh0, dwx, db = map(np.zeros_like, cache)
    for n in range(x.shape[0]):
        for t in range(x.shape[1]):
            a = np.tanh(b + x[n, t] @ wx)
            dz = dh[n, t:].sum(axis=0) * (1 - a * a)
            dx[n, t] = wx @ dz
            dwx += np.outer(x[n, t], dz)
            db += dz
            dh0[n] += dh[n, t]
    return dx, dh0, dwx, db
""",
    ),
    Variant(
        "residual_inputs",
        "tape",
        source=TAPE
        + """

def residual_inputs_forward(x, h0, wx, b):
    def run(x, h, wx, b):
        states = []
        for t in range(x.value.shape[1]):
            h = tanh(x[:, t] @ wx + b) + h
            states.append(h)
        return over_time(states)

    cache = record(run, x, h0, wx, b)
    return cache[0].value, cache


def residual_inputs_backward(dh, cache):
    out, inputs = cache
    return play_back([(out, dh)], inputs)
""",
    ),
)

RESIDUAL_SRN = (
    Variant(
        "residual_srn",
        "arrays_over_time",
        source=FLAT
        + """

def residual_srn_forward(x, h0, wx, wh, b):
    steps = np.tensordot(x, wx, axes=1) + b
    h = [h0]
    for t in range(x.shape[1]):
        steps[:, t] = np.tanh(steps[:, t] + h[t] @ wh)
        h.append(h[t] + steps[:, t])
    h = np.stack(h, axis=1)
    return h[:, 1:].copy(), (x, wx, wh, h[:, :-1], 1 - steps**2)


def residual_srn_backward(dh, cache):
    x, wx, wh, before, slope = cache
    identity = np.eye(len(wh), dtype=wh.dtype)
    dz = np.zeros_like(dh)
    back = np.zeros_like(dh[:, 0])
    for t in range(dh.shape[1] - 1, -1, -1):
        here = dh[:, t] + back
        dz[:, t] = here * slope[:, t]
        jacobian = identity + wh * slope[:, t][:, None, :]
        back = (jacobian @ here[:, :, None])[:, :, 0]
    dx, dwx, db = through_affine(dz, x, wx)
    return dx, back, dwx, np.einsum("ntj,ntk->jk", before, dz), db
""",
    ),
    Variant(
        "residual_srn",
        "sample_by_sample",
        source="""
import numpy as np


def residual_srn_forward(x, h0, wx, wh, b):
    out = np.array([[h0[n]] * x.shape[1] for n in range(len(x))], dtype=x.dtype).reshape(len(x), x.shape[1], len(wh))
    for n in range(len(x)):
        for t in range(x.shape[1]):
            before = out[n, t - 1] if t else h0[n]
            out[n, t] = before + np.tanh(x[n, t] @ wx + before @ wh + b)
    return out, (x, h0, wx, wh, b)


def residual_srn_backward(dh, cache):
    x, h0, wx, wh, b = cache
    dx, dh0, dwx, dwh, db = (np.zeros_like(array) for array in cache)
    for n in range(len(x)):
        h, slopes, befores = h0[n], [], []
        for t in range(x.shape[1]):
            befores.append(h)
            a = np.tanh(x[n, t] @ wx + h @ wh + b)
            slopes.append(1 - a * a)
            h = h + a
        back = 0
        while slopes:
            t = len(slopes) - 1
            here = dh[n, t] + back
            dz = here * slopes.pop()
            dx[n, t] = wx @ dz
            dwx += np.outer(x[n, t], dz)
            dwh += np.outer(befores.pop(), dz)
            db += dz
            back = here + wh @ dz
        dh0[n] = back
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "residual_srn",
        "tape",
        source=TAPE
        + """

def residual_srn_forward(x, h0, wx, wh, b):
    def run(x, h, wx, wh, b):
        states = []
        for t in range(x.value.shape[1]):
            h = h + tanh(h @ wh + (x[:, t] @ wx + b))
            states.append(h)
        return over_time(states)

    cache = record(run, x, h0, wx, wh, b)
    return cache[0].value, cache


def residual_srn_backward(dh, cache):
    out, inputs = cache
    return play_back([(out, dh)], inputs)
""",
    ),
)

MASKED = (
    Variant(
        "masked_srn",
        "each_to_its_end",
        source="""
import numpy as np


def masked_srn_forward(x, h0, wx, wh, b, lengths):
    h = np.zeros((*x.shape[:2], wh.shape[0]), dtype=x.dtype)
    for n, length in enumerate(lengths):
        state = h0[n]
        for t in range(length):
            state = h[n, t] = np.tanh(x[n, t] @ wx + state @ wh + b)
        h[n, length:] = state
    return h, (x, h0, wx, wh, lengths, h.copy())


def masked_srn_backward(dh, cache):
    x, h0, wx, wh, lengths, h = cache
    dx, dh0, dwx, dwh = (np.zeros_like(array) for array in (x, h0, wx, wh))
    db = np.zeros_like(wh[0])
    for n, length in enumerate(lengths):
        carried = dh[n, length:].sum(axis=0)
        for t in range(length - 1, -1, -1):
            dz = (dh[n, t] + carried) * (1 - h[n, t] ** 2)
            dx[n, t] = wx @ dz
            dwx += np.outer(x[n, t], dz)
            dwh += np.outer(h[n, t - 1] if t > 0 else h0[n], dz)
            db += dz
            carried = wh @ dz
        dh0[n] = carried
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "masked_srn",
        "blended_by_zeros_and_ones",
        source=FLAT
        + """

def masked_srn_forward(x, h0, wx, wh, b, lengths):
    m = np.less.outer(np.arange(x.shape[1]), lengths).astype(x.dtype)[:, :, None]
    h, steps = [h0], []
    for t in range(x.shape[1]):
        steps.append(np.tanh(x[:, t] @ wx + h[-1] @ wh + b))
        h.append(m[t] * steps[-1] + (1 - m[t]) * h[-1])
    return np.stack(h[1:], axis=1), dict(x=x, wx=wx, wh=wh, m=m, h=h, steps=steps)


def masked_srn_backward(dh, cache):
    x, wx, wh, m, h, steps = cache.values()
    dz = np.zeros_like(dh)
    dwh, carried = np.zeros_like(wh), np.zeros_like(h[0])
    for t in reversed(range(len(steps))):
        here = carried + dh[:, t]
        dz[:, t] = m[t] * here * (1 - steps[t] ** 2)
        dwh += h[t].T @ dz[:, t]
        carried = dz[:, t] @ wh.T + (1 - m[t]) * here
    dx, dwx, db = through_affine(dz, x, wx)
    return dx, carried, dwx, dwh, db
""",
    ),
    Variant(
        "masked_srn",
        "sorted_by_length",
        source=FLAT
        + """

def masked_srn_forward(x, h0, wx, wh, b, lengths):
    # Longest first: the samples that are still running are always the first few.
    order = np.argsort(-lengths, kind="stable")
    running = [int(np.count_nonzero(lengths > t)) for t in range(x.shape[1])]
    state = h0[order]
    states = [state.copy()]
    for t, count in enumerate(running):
        state[:count] = np.tanh(x[order[:count], t] @ wx + state[:count] @ wh + b)
        states.append(state.copy())
    h = np.empty_like(np.stack(states[1:], axis=1))
    h[order] = np.stack(states[1:], axis=1)
    return h, (x, wx, wh, order, running, states)


def masked_srn_backward(dh, cache):
    x, wx, wh, order, running, states = cache
    total = np.zeros_like(states[0])
    dz = np.zeros_like(dh)
    dwh = np.zeros_like(wh)
    for t in range(len(running) - 1, -1, -1):
        count = running[t]
        total += dh[order, t]
        now = total[:count] * (1 - states[t + 1][:count] ** 2)
        dwh += states[t][:count].T @ now
        total[:count] = now @ wh.T
        dz[order[:count], t] = now
    dh0 = np.empty_like(total)
    dh0[order] = total
    dx, dwx, db = through_affine(dz, x, wx)
    return dx, dh0, dwx, dwh, db
""",
    ),
    Variant(
        "masked_srn",
        "gather_afterwards",
        source=FLAT
        + """

def masked_srn_forward(x, h0, wx, wh, b, lengths):
    # Run everybody to the end, then read the last state that counts.
    h = np.zeros_like(x, shape=(x.shape[0], x.shape[1] + 1, wh.shape[0]))
    h[:, 0] = h0
    for t in range(x.shape[1]):
        h[:, t + 1] = np.tanh(x[:, t] @ wx + h[:, t] @ wh + b)
    read = np.minimum(np.arange(x.shape[1]), lengths[:, None] - 1)[:, :, None]
    return np.take_along_axis(h[:, 1:], read, axis=1), (x, wx, wh, h, np.broadcast_to(read, (*x.shape[:2], len(wh))))


def masked_srn_backward(dh, cache):
    x, wx, wh, h, read = cache
    own = np.zeros_like(dh)
    n, _, k = np.indices(read.shape, sparse=True)
    np.add.at(own, (n, read, k), dh)
    dz = np.zeros_like(dh)
    back = np.zeros_like(h[:, 0])
    for t in range(x.shape[1])[::-1]:
        dz[:, t] = (own[:, t] + back) * (1 - h[:, t + 1] ** 2)
        back = dz[:, t] @ wh.T
    dx, dwx, db = through_affine(dz, x, wx)
    return dx, back, dwx, np.tensordot(h[:, :-1], dz, axes=([0, 1], [0, 1])), db
""",
    ),
)

LAST_STEP = (
    Variant(
        "last_step",
        "fancy_indexing",
        source="""
import numpy as np


def last_step_forward(h, lengths):
    at = np.arange(len(h)), lengths - 1
    return h[at], (h.shape, at)


def last_step_backward(dlast, cache):
    shape, at = cache
    dh = np.zeros(shape, dtype=dlast.dtype)
    dh[at] = dlast
    return dh
""",
    ),
    Variant(
        "last_step",
        "sample_by_sample",
        source="""
import numpy as np


def last_step_forward(h, lengths):
    last = np.zeros_like(h[:, 0])
    for n in range(len(h)):
        last[n] = h[n, int(lengths[n]) - 1]
    return last, (h, lengths)


def last_step_backward(dlast, cache):
    h, lengths = cache
    dh = h * 0
    for n in range(len(h)):
        for k in range(h.shape[2]):
            dh[n, lengths[n] - 1, k] = dlast[n, k]
    return dh
""",
    ),
    Variant(
        "last_step",
        "along_an_axis",
        source="""
import numpy as np


def last_step_forward(h, lengths):
    at = (lengths - 1).reshape(-1, 1, 1)
    return np.take_along_axis(h, at, axis=1)[:, 0], (np.zeros_like(h), at)


def last_step_backward(dlast, cache):
    zeros, at = cache
    dh = zeros.copy()
    np.put_along_axis(dh, at, dlast[:, None], axis=1)
    return dh
""",
    ),
    Variant(
        "last_step",
        "one_hot_einsum",
        source="""
import numpy as np


def last_step_forward(h, lengths):
    chosen = np.eye(h.shape[1], dtype=h.dtype)[lengths - 1]
    return np.einsum("nt,nth->nh", chosen, h), chosen


def last_step_backward(dlast, cache):
    return np.einsum("nt,nh->nth", cache, dlast)
""",
    ),
)

SEQUENCE_LOSS = (
    Variant(
        "sequence_loss",
        "step_by_step",
        source="""
import numpy as np


def sequence_loss_forward(logits, labels, lengths, *, reduction="mean"):
    losses = np.zeros_like(logits[:, 0, 0])
    probs = np.zeros_like(logits)
    for n in range(len(logits)):
        for t in range(lengths[n]):
            shifted = logits[n, t] - logits[n, t].max()
            total = np.exp(shifted).sum()
            probs[n, t] = np.exp(shifted) / total
            losses[n] += np.log(total) - shifted[labels[n, t]]
    cache = (probs, labels, lengths, reduction)
    if reduction == "none":
        return losses, cache
    return (losses.sum() if reduction == "sum" else losses.mean()), cache


def sequence_loss_backward(dloss, cache):
    probs, labels, lengths, reduction = cache
    dlogits = np.zeros_like(probs)
    for n in range(len(probs)):
        scale = dloss[n] if reduction == "none" else dloss
        if reduction == "mean":
            scale = scale / len(probs)
        for t in range(lengths[n]):
            dlogits[n, t] = probs[n, t]
            dlogits[n, t, labels[n, t]] -= 1
            dlogits[n, t] *= scale
    return dlogits
""",
    ),
    Variant(
        "sequence_loss",
        "only_the_steps_inside",
        source="""
import numpy as np


def sequence_loss_forward(logits, labels, lengths, *, reduction="mean"):
    sample, step = np.nonzero(np.arange(logits.shape[1]) < lengths[:, None])
    z, y = logits[sample, step], labels[sample, step]
    top = z.max(axis=1)
    lse = np.log(np.exp(z - top[:, None]).sum(axis=1)) + top
    losses = np.zeros(len(logits), logits.dtype)
    np.add.at(losses, sample, lse - z[np.arange(len(z)), y])
    loss = {"none": losses, "sum": np.sum(losses), "mean": np.mean(losses)}[reduction]
    return loss, (logits.shape, sample, step, z - lse[:, None], y, reduction)


def sequence_loss_backward(dloss, cache):
    shape, sample, step, log_probs, y, reduction = cache
    inside = np.exp(log_probs)
    np.subtract.at(inside, (np.arange(len(y)), y), 1)
    weight = np.zeros(shape[0], inside.dtype) + dloss
    if reduction == "mean":
        weight /= shape[0]
    dlogits = np.zeros(shape, inside.dtype)
    dlogits[sample, step] = inside * weight[sample, None]
    return dlogits
""",
    ),
    Variant(
        "sequence_loss",
        "one_hot_einsum",
        source="""
import numpy as np


def sequence_loss_forward(logits, labels, lengths, *, reduction="mean"):
    one_hot = np.eye(logits.shape[2], dtype=logits.dtype)[labels]
    inside = (np.arange(logits.shape[1])[None] < lengths[:, None]).astype(logits.dtype)
    log_probs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    losses = -np.einsum("nt,ntc,ntc->n", inside, one_hot, log_probs)

    def gradient(dloss):
        per_sample = {"none": 1, "sum": 1, "mean": 1 / len(losses)}[reduction] * dloss * np.ones_like(losses)
        return np.einsum("n,nt,ntc->ntc", per_sample, inside, np.exp(log_probs) - one_hot)

    if reduction == "mean":
        return losses.sum() / len(losses), gradient
    return (losses if reduction == "none" else losses.sum()), gradient


def sequence_loss_backward(dloss, cache):
    return cache(dloss)
""",
    ),
)

DELTAS = (
    Variant(
        "srn_deltas",
        "products_of_jacobians",
        source="""
import numpy as np


def srn_deltas(h, wh, dlast):
    samples, steps, units = h.shape
    delta = np.zeros_like(h)
    for n in range(samples):
        for k in range(steps):
            product = np.diag(1 - h[n, k] ** 2)
            for t in range(k + 1, steps):
                product = product @ wh @ np.diag(1 - h[n, t] ** 2)
            delta[n, k] = product @ dlast[n]
    return delta
""",
    ),
    Variant(
        "srn_deltas",
        "einsum_in_place",
        source="""
import numpy as np


def srn_deltas(h, wh, dlast):
    delta = (1 - h) * (1 + h)
    delta[:, -1] *= dlast
    for k in range(h.shape[1] - 2, -1, -1):
        delta[:, k] *= np.einsum("nj,kj->nk", delta[:, k + 1], wh)
    return delta
""",
    ),
    Variant(
        "srn_deltas",
        "element_by_element",
        source="""
import numpy as np


def srn_deltas(h, wh, dlast):
    delta = np.zeros(h.shape, dtype=h.dtype)
    for n in range(h.shape[0]):
        for k in reversed(range(h.shape[1])):
            for i in range(h.shape[2]):
                if k == h.shape[1] - 1:
                    back = dlast[n, i]
                else:
                    back = sum(wh[i, j] * delta[n, k + 1, j] for j in range(h.shape[2]))
                delta[n, k, i] = back * (1 - h[n, k, i] ** 2)
    return delta
""",
    ),
    Variant(
        "srn_deltas",
        "recursion_on_columns",
        source="""
import numpy as np


def srn_deltas(h, wh, dlast):
    def back(k):
        later = dlast.T if k == h.shape[1] - 1 else wh @ columns[-1]
        return later - later * np.square(h[:, k].T)

    columns = []
    for k in range(h.shape[1])[::-1]:
        columns.append(back(k))
    return np.stack(columns[::-1]).transpose(2, 0, 1)
""",
    ),
)

NORMS = (
    Variant(
        "gradient_norms",
        "svd_from_the_left",
        source="""
import numpy as np


def gradient_norms(h, wh):
    steps, units = h.shape
    jacobians = [wh @ np.diag(1 - row**2) for row in h]
    norms = np.ones_like(h[:, 0])
    for k in range(steps - 1):
        product = jacobians[k + 1]
        for later in jacobians[k + 2 :]:
            product = product @ later
        norms[k] = np.linalg.svd(product, compute_uv=False)[0]
    largest = np.linalg.svd(wh, compute_uv=False).max() * (1 - h**2).max()
    return norms, np.power(largest, np.arange(steps)[::-1], dtype=h.dtype)
""",
    ),
    Variant(
        "gradient_norms",
        "columns_as_states",
        source="""
import numpy as np


def gradient_norms(h, wh):
    # dh_T/dh_k by columns: the gradient of h_T[j], sent back.
    slope = (1 - h) * (1 + h)
    back = np.eye(h.shape[1], dtype=h.dtype)
    factor = np.linalg.norm(wh, 2) * slope.max()
    norms, bounds, bound = [], [], np.ones_like(factor)
    for row in slope[::-1]:
        norms.append(np.linalg.norm(back, 2))
        bounds.append(bound)
        back, bound = (back * row) @ wh.T, bound * factor
    return np.array(norms[::-1], dtype=h.dtype), np.array(bounds[::-1], dtype=h.dtype)
""",
    ),
    Variant(
        "gradient_norms",
        "in_float64",
        source="""
import numpy as np


def gradient_norms(h, wh):
    dtype = h.dtype
    h, wh = h.astype(float), wh.astype(float)
    slopes = 1 - h * h
    product, norms = np.identity(len(wh)), [1.0]
    for slope in reversed(slopes[1:]):
        product = np.einsum("ij,j,jk->ik", wh, slope, product)
        norms.insert(0, max(np.linalg.svdvals(product)))
    bound = np.linalg.svdvals(wh)[0] * np.max(slopes)
    bounds = [bound**k for k in range(len(h))]
    return np.asarray(norms, dtype), np.asarray(bounds[::-1], dtype)
""",
    ),
    Variant(
        "gradient_norms",
        "largest_eigenvalues",
        source="""
import numpy as np


def norm(a):
    return np.sqrt(np.linalg.eigvalsh(a.T @ a)[-1].clip(0))


def gradient_norms(h, wh):
    norms = np.ones_like(h[:, 0])
    product = None
    for k in range(len(h) - 2, -1, -1):
        jacobian = wh - wh * h[k + 1] ** 2
        product = jacobian if product is None else jacobian @ product
        norms[k] = norm(product)
    bounds = np.ones_like(norms)
    bounds[:-1] = norm(wh) * (1 - np.square(h)).max()
    return norms, np.cumprod(bounds[::-1])[::-1]
""",
    ),
)

WHEATS = (
    *SRN_STEP,
    *SRN,
    *PREACTIVATION,
    *JORDAN,
    *RESIDUAL_INPUTS,
    *RESIDUAL_SRN,
    *MASKED,
    *LAST_STEP,
    *SEQUENCE_LOSS,
    *DELTAS,
    *NORMS,
)
