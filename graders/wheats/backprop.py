"""Unit 03: the chain rule, back-propagation and a training step, written other ways."""

from graders.misconceptions.variant import Variant

NUMPY = """
import numpy as np

"""
BY_CASES = """
import numpy as np


def s(z):
    a = np.empty_like(z)
    up = z >= 0
    a[up] = 1 / (1 + np.exp(-z[up]))
    e = np.exp(z[~up])
    a[~up] = e / (1 + e)
    return a

"""
BY_TANH = """
import numpy as np


def s(z):
    return (1 + np.tanh(z / 2)) / 2

"""
BY_LOGADDEXP = """
import numpy as np


def s(z):
    return np.exp(-np.logaddexp(0, -z))

"""
OVERFLOWING_TO_ZERO = """
import numpy as np


def s(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))

"""

CHAIN = (
    Variant(
        "chain",
        "element_by_element",
        source="""
import math

import numpy as np


def chain_forward(x):
    y = np.zeros_like(x)
    for n, value in enumerate(x.tolist()):
        y[n] = math.sin(value**2)
    return y, x


def chain_backward(dout, cache):
    dx = [d * math.cos(value**2) * 2 * value for d, value in zip(dout.tolist(), cache.tolist())]
    return np.array(dx, dout.dtype)
""",
    ),
    Variant(
        "chain",
        "complex_step",
        source=NUMPY
        + """
def chain_forward(x):
    step = 1e-200
    y = np.sin((x.astype(complex) + 1j * step) ** 2)
    return y.real.astype(x.dtype), (y.imag / step).astype(x.dtype)


def chain_backward(dout, cache):
    return dout * cache
""",
    ),
    Variant(
        "chain",
        "slope_ahead_of_time",
        source=NUMPY
        + """
def chain_forward(x):
    u = np.square(x)
    slope = np.cos(u)
    slope *= x
    slope += slope
    return np.sin(u), {"dy/dx": slope}


def chain_backward(dout, cache):
    return cache["dy/dx"] * dout
""",
    ),
    Variant(
        "chain_inputs",
        "closures",
        source=NUMPY
        + """
def chain_inputs_forward(x, w):
    cosine = np.cos(x * w)
    return np.sin(w * x), (lambda d: w * cosine * d, lambda d: x * cosine * d)


def chain_inputs_backward(dout, cache):
    return tuple(back(dout) for back in cache)
""",
    ),
    Variant(
        "chain_inputs",
        "stacked",
        source=NUMPY
        + """
def chain_inputs_forward(x, w):
    both = np.stack([x, w])
    return np.sin(both.prod(axis=0)), both


def chain_inputs_backward(dout, cache):
    dx, dw = np.einsum("n,n,kn->kn", dout, np.cos(cache[0] * cache[1]), cache[::-1])
    return dx, dw
""",
    ),
    Variant(
        "chain_inputs",
        "element_by_element",
        source="""
import math

import numpy as np


def chain_inputs_forward(x, w):
    return np.array([math.sin(a * b) for a, b in zip(x.tolist(), w.tolist())], x.dtype), (x, w)


def chain_inputs_backward(dout, cache):
    dx, dw = np.empty_like(dout), np.empty_like(dout)
    for n, (d, x, w) in enumerate(zip(dout.tolist(), *map(np.ndarray.tolist, cache))):
        dz = d * math.cos(x * w)
        dx[n], dw[n] = dz * w, dz * x
    return dx, dw
""",
    ),
    Variant(
        "chain_paths",
        "dual_numbers",
        source=NUMPY
        + """
class Dual:
    def __init__(self, value, slope):
        self.value, self.slope = value, slope

    def __mul__(self, other):
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    def sin(self):
        return Dual(np.sin(self.value), np.cos(self.value) * self.slope)


def chain_paths_forward(s):
    s = Dual(s, np.ones_like(s))
    z = s * s * s.sin()
    return z.value, z


def chain_paths_backward(dout, cache):
    return dout * cache.slope
""",
    ),
    Variant(
        "chain_paths",
        "product_rule",
        source=NUMPY
        + """
def chain_paths_forward(s):
    return np.sin(s) * s**2, s


def chain_paths_backward(dout, cache):
    s = cache
    return dout * s * (2 * np.sin(s) + s * np.cos(s))
""",
    ),
    Variant(
        "chain_paths",
        "gradients_collected",
        source=NUMPY
        + """
def chain_paths_forward(s):
    values = {"s": s, "x": s**2, "y": np.sin(s)}
    return values["x"] * values["y"], values


def chain_paths_backward(dout, cache):
    grads = {name: np.zeros_like(value) for name, value in cache.items()}
    grads["x"] += dout * cache["y"]
    grads["y"] += dout * cache["x"]
    grads["s"] += grads["y"] * np.cos(cache["s"])
    grads["s"] += grads["x"] * 2 * cache["s"]
    return grads["s"]
""",
    ),
)

AFFINE = (
    Variant(
        "affine",
        "loops",
        source=NUMPY
        + """
def affine_forward(x, w, b):
    out = np.zeros((len(x), len(b)), x.dtype)
    for n in range(len(x)):
        for m in range(len(b)):
            total = float(b[m])
            for d in range(len(w)):
                total += float(x[n, d]) * float(w[d, m])
            out[n, m] = total
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n in range(len(x)):
        for m in range(len(b)):
            dx[n] += dout[n, m] * w[:, m]
            dw[:, m] += dout[n, m] * x[n]
            db[m] += dout[n, m]
    return dx, dw, db
""",
    ),
    Variant(
        "affine",
        "column_of_ones",
        source=NUMPY
        + """
def affine_forward(x, w, b):
    x1 = np.c_[x, np.ones(len(x), x.dtype)]
    w1 = np.vstack([w, b])
    return x1 @ w1, (x1, w1)


def affine_backward(dout, cache):
    x1, w1 = cache
    dw1 = np.dot(dout.T, x1).T
    return np.dot(w1, dout.T).T[:, :-1], dw1[:-1], dw1[-1]
""",
    ),
    Variant(
        "affine",
        "einsum",
        source=NUMPY
        + """
def affine_forward(x, w, b):
    return np.einsum("nd,dm->nm", x, w) + np.broadcast_to(b, (len(x), len(b))), {"x": x, "w": w}


def affine_backward(dout, cache):
    dx = np.einsum("nm,dm->nd", dout, cache["w"])
    dw = np.einsum("nd,nm->dm", cache["x"], dout)
    return dx, dw, np.einsum("nm->m", dout)
""",
    ),
    Variant(
        "affine",
        "sum_of_outer_products",
        source=NUMPY
        + """
def affine_forward(x, w, b):
    out = np.tile(b, (len(x), 1))
    for d in range(w.shape[0]):
        out += np.outer(x[:, d], w[d])
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dw, db = np.zeros_like(w), np.zeros_like(w[0])
    for row, d in zip(x[::-1], dout[::-1]):
        dw += row[:, None] * d
        db += d
    return np.inner(dout, w), dw, db
""",
    ),
)

DELTAS = (
    Variant(
        "output_delta",
        "multiplied_out",
        source=NUMPY
        + """
def output_delta(a, y):
    slope = a - np.square(a)
    return slope * a - slope * y
""",
    ),
    Variant(
        "output_delta",
        "loops",
        source=NUMPY
        + """
def output_delta(a, y):
    delta = np.empty_like(a)
    for (n, m), value in np.ndenumerate(a):
        delta[n, m] = (value - y[n, m]) * value * (1 - value)
    return delta
""",
    ),
    Variant(
        "output_delta",
        "in_place_double",
        source=NUMPY
        + """
def output_delta(a, y):
    delta = 1 - a.astype(np.float64)
    delta *= a
    delta *= np.subtract(a, y, dtype=np.float64)
    return delta.astype(a.dtype)
""",
    ),
    Variant(
        "hidden_delta",
        "sample_by_sample",
        source=NUMPY
        + """
def hidden_delta(delta_next, w_next, a):
    delta = np.zeros_like(a)
    for n in range(len(a)):
        delta[n] = np.diag(a[n] * (1 - a[n])) @ w_next @ delta_next[n]
    return delta
""",
    ),
    Variant(
        "hidden_delta",
        "einsum",
        source=NUMPY
        + """
def hidden_delta(delta_next, w_next, a):
    return np.einsum("nm,hm,nh,nh->nh", delta_next, w_next, a, 1 - a)
""",
    ),
    Variant(
        "hidden_delta",
        "columns",
        source=NUMPY
        + """
def hidden_delta(delta_next, w_next, a):
    back = w_next.dot(delta_next.T)
    back *= (a - a * a).T
    return back.T
""",
    ),
)

NETWORK = (
    Variant(
        "network",
        "layers_as_objects",
        source=BY_CASES
        + """
class Layer:
    def __init__(self, x, w, b):
        self.x, self.w, self.a = x, w, s(x @ w + b)

    def back(self, da):
        dz = da * self.a * (1 - self.a)
        return dz @ self.w.T, self.x.T @ dz, dz.sum(axis=0)


def network_forward(x, weights, biases):
    layers = []
    for w, b in zip(weights, biases):
        layers.append(Layer(x, w, b))
        x = layers[-1].a
    return x, layers


def network_backward(dout, cache):
    dweights, dbiases = [], []
    for layer in reversed(cache):
        dout, dw, db = layer.back(dout)
        dweights.insert(0, dw)
        dbiases.insert(0, db)
    return dout, dweights, dbiases
""",
    ),
    Variant(
        "network",
        "recursive",
        source=BY_LOGADDEXP
        + """
def network_forward(x, weights, biases):
    if not weights:
        return x, lambda da: (da, [], [])
    z = np.dot(x, weights[0]) + biases[0]
    out, above = network_forward(s(z), weights[1:], biases[1:])

    def back(dout):
        da, dweights, dbiases = above(dout)
        dz = da * s(z) * s(-z)
        return np.dot(dz, weights[0].T), [np.dot(x.T, dz), *dweights], [dz.sum(0), *dbiases]

    return out, back


def network_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "network",
        "sample_by_sample",
        source=OVERFLOWING_TO_ZERO
        + """
def network_forward(x, weights, biases):
    out = np.zeros((len(x), len(biases[-1])), x.dtype)
    every = []
    for n, a in enumerate(x):
        activations = [a]
        for w, b in zip(weights, biases):
            activations.append(s(w.T @ activations[-1] + b))
        out[n] = activations[-1]
        every.append(activations)
    return out, {"every": every, "x": x, "weights": weights, "biases": biases}


def network_backward(dout, cache):
    weights = cache["weights"]
    dx = np.zeros_like(cache["x"])
    dweights = [np.zeros_like(w) for w in weights]
    dbiases = [np.zeros_like(b) for b in cache["biases"]]
    for n, activations in enumerate(cache["every"]):
        da = dout[n]
        for k in range(len(weights) - 1, -1, -1):
            a = activations[k + 1]
            delta = da * a * (1 - a)
            dweights[k] += np.outer(activations[k], delta)
            dbiases[k] += delta
            da = weights[k] @ delta
        dx[n] = da
    return dx, dweights, dbiases
""",
    ),
    Variant(
        "network",
        "recomputed_einsum",
        source=BY_TANH
        + """
def network_forward(x, weights, biases):
    a = x
    for w, b in zip(weights, biases):
        a = s(np.einsum("ni,ij->nj", a, w) + b)
    return a, (x, weights, biases)


def network_backward(dout, cache):
    x, weights, biases = cache
    count = len(weights)
    dweights, dbiases = [None] * count, [None] * count
    for k in reversed(range(count)):
        below = x if k == 0 else network_forward(x, weights[:k], biases[:k])[0]
        a = s(np.einsum("ni,ij->nj", below, weights[k]) + biases[k])
        dz = np.einsum("nj,nj,nj->nj", dout, a, 1 - a)
        dweights[k] = np.einsum("ni,nj->ij", below, dz)
        dbiases[k] = np.einsum("nj->j", dz)
        dout = np.einsum("nj,ij->ni", dz, weights[k])
    return dout, dweights, dbiases
""",
    ),
    Variant(
        "network_deltas",
        "on_the_way_back",
        source=BY_CASES
        + """
def network_deltas(x, y, weights, biases):
    activations = []
    for w, b in zip(weights, biases):
        x = s(x @ w + b)
        activations.append(x)
    slopes = [a * (1 - a) for a in activations]
    deltas = [(activations[-1] - y) * slopes[-1]]
    for w, slope in zip(weights[:0:-1], slopes[-2::-1]):
        deltas.insert(0, deltas[0] @ w.T * slope)
    return deltas
""",
    ),
    Variant(
        "network_deltas",
        "recursive",
        source=OVERFLOWING_TO_ZERO
        + """
def network_deltas(x, y, weights, biases):
    (w, *later), (b, *later_biases) = weights, biases
    a = s(np.inner(x, w.T) + b)
    if not later:
        return [(a - y) * a * (1 - a)]
    above = network_deltas(a, y, later, later_biases)
    return [np.inner(above[0], later[0]) * a * (1 - a)] + above
""",
    ),
    Variant(
        "network_deltas",
        "sample_by_sample",
        source=BY_TANH
        + """
def network_deltas(x, y, weights, biases):
    deltas = [np.zeros((len(x), len(b)), x.dtype) for b in biases]
    for n in range(len(x)):
        outs = [x[n]]
        for w, b in zip(weights, biases):
            outs.append(s(outs[-1] @ w + b))
        error = outs[-1] - y[n]
        for k in reversed(range(len(weights))):
            deltas[k][n] = error * outs[k + 1] * (1 - outs[k + 1])
            error = weights[k] @ deltas[k][n]
    return deltas
""",
    ),
    Variant(
        "network_step",
        "decay_first_in_place",
        source=BY_CASES
        + """
def network_step(x, y, weights, biases, *, lr, l2):
    n = len(x)
    activations = [x]
    for w, b in zip(weights, biases):
        activations.append(s(activations[-1] @ w + b))
    d = (activations[-1] - y) / n
    new_weights, new_biases = [w * (1 - lr * l2) for w in weights], [b.copy() for b in biases]
    for k in range(len(weights))[::-1]:
        a = activations[k + 1]
        d = d * (a - a * a)
        new_weights[k] -= lr * (activations[k].T @ d)
        new_biases[k] -= lr * d.sum(axis=0)
        d = d @ weights[k].T
    return new_weights, new_biases
""",
    ),
    Variant(
        "network_step",
        "gradient_a_sample",
        source=OVERFLOWING_TO_ZERO
        + """
def gradients_of_one(x, y, weights, biases):
    outs = [x]
    for w, b in zip(weights, biases):
        outs.append(s(outs[-1] @ w + b))
    da, dweights, dbiases = outs[-1] - y, [], []
    for w, below, a in zip(reversed(weights), outs[-2::-1], outs[:0:-1]):
        delta = da * a * (1 - a)
        dweights.append(np.outer(below, delta))
        dbiases.append(delta)
        da = w @ delta
    return dweights[::-1], dbiases[::-1]


def network_step(x, y, weights, biases, *, lr, l2):
    each = [gradients_of_one(x[n], y[n], weights, biases) for n in range(len(x))]
    new_weights, new_biases = [], []
    for k in range(len(weights)):
        dw = np.mean([dweights[k] for dweights, _ in each], axis=0)
        db = np.mean([dbiases[k] for _, dbiases in each], axis=0)
        new_weights.append(weights[k] - lr * dw - lr * l2 * weights[k])
        new_biases.append(biases[k] - lr * db)
    return new_weights, new_biases
""",
    ),
    Variant(
        "network_step",
        "recursive_on_columns",
        source=BY_LOGADDEXP
        + """
def descend(a, target, weights, biases, lr, l2):
    if not weights:
        return a - target, [], []
    w, b = weights[0].T, biases[0][:, None]
    z = w @ a + b
    out = s(z)
    da, above, above_biases = descend(out, target, weights[1:], biases[1:], lr, l2)
    dz = da * out * (1 - out)
    mean_dw = dz @ a.T / a.shape[1]
    new_w = w - lr * (mean_dw + l2 * w)
    new_b = b - lr * dz.mean(axis=1, keepdims=True)
    return w.T @ dz, [new_w.T] + above, [new_b[:, 0]] + above_biases


def network_step(x, y, weights, biases, *, lr, l2):
    return descend(x.T, y.T, weights, biases, lr, l2)[1:]
""",
    ),
)

STOPPING = (
    Variant(
        "early_stopping",
        "counter",
        source="""
def early_stopping(errors, *, patience):
    best, best_epoch, waited = float("inf"), 0, 0
    for epoch, error in enumerate(errors):
        if error < best:
            best, best_epoch, waited = error, epoch, 0
        else:
            waited += 1
            if waited == patience:
                break
    return best_epoch, epoch
""",
    ),
    Variant(
        "early_stopping",
        "whole_history_at_once",
        source="""
import numpy as np


def early_stopping(errors, *, patience):
    epochs = np.arange(len(errors))
    before = np.append(np.inf, np.minimum.accumulate(errors)[:-1])
    best = np.maximum.accumulate(np.where(errors < before, epochs, 0))
    done = np.flatnonzero(epochs - best >= patience)
    stop = done[0] if len(done) else epochs[-1]
    return best[stop], stop
""",
    ),
    Variant(
        "early_stopping",
        "argmin_so_far",
        source="""
import numpy as np


def early_stopping(errors, *, patience):
    stop = patience
    while stop < len(errors) and np.argmin(errors[: stop + 1]) > stop - patience:
        stop += 1
    stop = min(stop, len(errors) - 1)
    return int(np.argmin(errors[: stop + 1])), stop
""",
    ),
)

LARGER_STEP = (
    # 1e-60 where every x is 0.
    Variant(
        "chain",
        "larger_complex_step",
        source=NUMPY
        + """
def chain_forward(x):
    step = 1e-30
    y = np.sin((x.astype(complex) + 1j * step) ** 2)
    return y.real.astype(x.dtype), (y.imag / step).astype(x.dtype)


def chain_backward(dout, cache):
    return dout * cache
""",
    ),
)

WHEATS = (*CHAIN, *AFFINE, *DELTAS, *NETWORK, *STOPPING, *LARGER_STEP)
