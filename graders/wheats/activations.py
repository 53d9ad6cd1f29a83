"""Unit 01: the neuron and its activations, written other ways."""

from graders.misconceptions.variant import Variant

NUMPY = """
import numpy as np

"""
# Fair sigmoids: none of them overflows into anything but the right limit.
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
BY_NUMBERS = """
import math

import numpy as np


def s(z):
    z = float(z)
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))

"""

NEURON = (
    Variant(
        "neuron",
        "sample_by_sample",
        source=BY_NUMBERS
        + """
def neuron_forward(x, w, b):
    a = np.zeros(len(x), x.dtype)
    for n in range(len(x)):
        z = float(b)
        for d in range(len(w)):
            z += float(x[n, d]) * float(w[d])
        a[n] = s(z)
    return a, {"x": x, "w": w, "a": a.copy()}


def neuron_backward(dout, cache):
    x, w, a = cache["x"], cache["w"], cache["a"]
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros((), x.dtype)
    for n in reversed(range(len(x))):
        dz = dout[n] * a[n] * (1 - a[n])
        dx[n] = dz * w
        dw += dz * x[n]
        db += dz
    return dx, dw, db
""",
    ),
    Variant(
        "neuron",
        "column_of_ones",
        source=BY_CASES
        + """
def neuron_forward(x, w, b):
    extended = np.hstack([x, np.ones((len(x), 1), x.dtype)])
    z = np.dot(extended, np.append(w, b))
    return s(z), (extended, w, z)


def neuron_backward(dout, cache):
    extended, w, z = cache
    dz = dout * s(z) * s(-z)
    both = np.dot(extended.T, dz)
    return np.outer(dz, w), both[:-1], both[-1]
""",
    ),
    Variant(
        "neuron",
        "einsum_closure",
        source=NUMPY
        + """
def neuron_forward(x, w, b):
    z = np.einsum("nd,d->n", x, w) + b
    a = np.exp(-np.logaddexp(0, -z))

    def back(dout):
        dz = dout * (a - a**2)
        return np.einsum("n,d->nd", dz, w), np.einsum("nd,n->d", x, dz), np.einsum("n->", dz)

    return a, back


def neuron_backward(dout, cache):
    return cache(dout)
""",
    ),
    Variant(
        "neuron",
        "double_inside",
        source=NUMPY
        + """
def neuron_forward(x, w, b):
    wide = [np.array(array, dtype=np.float64) for array in (x, w, b)]
    z = (wide[0] * wide[1]).sum(axis=1) + wide[2]
    with np.errstate(over="ignore"):
        a = np.reciprocal(1 + np.exp(-z))
    return a.astype(x.dtype), (wide[0], wide[1], a)


def neuron_backward(dout, cache):
    x, w, a = cache
    dz = (np.float64(1) * dout) * a * (1 - a)
    dz = dz[:, np.newaxis]
    return tuple(grad.astype(dout.dtype) for grad in (dz @ w[np.newaxis], (dz * x).sum(0), dz.sum()))
""",
    ),
    Variant(
        "neuron",
        "stretched_tanh",
        source=NUMPY
        + """
def neuron_forward(x, w, b):
    a = 0.5 * (1 + np.tanh((np.inner(x, w) + b) / 2))
    return a, (x, w, a)


def neuron_backward(dout, cache):
    x, w, a = cache
    dz = dout * a * (1 - a)
    return dz[:, None] * w, (dz[:, None] * x).sum(axis=0), dz.sum()
""",
    ),
    Variant(
        "neuron",
        "overflow_to_zero_in_place",
        source=NUMPY
        + """
def neuron_forward(x, w, b):
    a = x @ w
    a += b
    np.negative(a, out=a)
    with np.errstate(over="ignore"):
        np.exp(a, out=a)
    a += 1
    np.divide(1, a, out=a)
    return a, (x, w, a.copy())


def neuron_backward(dout, cache):
    x, w, a = cache
    dz = np.subtract(1, a)
    dz *= a
    dz *= dout
    dx = np.empty_like(x)
    np.multiply(dz.reshape(-1, 1), w.reshape(1, -1), out=dx)
    return dx, np.tensordot(dz, x, axes=1), np.dot(dz, np.ones_like(dz))
""",
    ),
)

ENCODING = (
    Variant(
        "one_hot",
        "rows_of_the_identity",
        source=NUMPY
        + """
def one_hot(labels, num_classes):
    return np.eye(num_classes)[labels]
""",
    ),
    Variant(
        "one_hot",
        "one_assignment_a_sample",
        source=NUMPY
        + """
def one_hot(labels, num_classes):
    codes = np.zeros((len(labels), num_classes))
    for n, label in enumerate(labels):
        codes[n, label] = 1
    return codes
""",
    ),
    Variant(
        "one_hot",
        "list_of_lists",
        source=NUMPY
        + """
def one_hot(labels, num_classes):
    rows = [[float(c == label) for c in range(num_classes)] for label in labels.tolist()]
    return np.array(rows, dtype=float).reshape(len(rows), num_classes)
""",
    ),
    Variant(
        "one_hot",
        "flat_positions",
        source=NUMPY
        + """
def one_hot(labels, num_classes):
    codes = np.zeros(labels.size * num_classes)
    codes[np.arange(labels.size) * num_classes + labels] = 1.0
    return codes.reshape(-1, num_classes)
""",
    ),
    Variant(
        "scale_pixels",
        "table",
        source=NUMPY
        + """
TABLE = np.linspace(0, 1, 256)


def scale_pixels(pixels):
    return TABLE[pixels]
""",
    ),
    Variant(
        "scale_pixels",
        "times_the_inverse",
        source=NUMPY
        + """
def scale_pixels(pixels):
    return np.multiply(pixels, 1 / 255, dtype=np.float64)
""",
    ),
    Variant(
        "scale_pixels",
        "element_by_element",
        source=NUMPY
        + """
def scale_pixels(pixels):
    scaled = np.empty(pixels.shape)
    for at, value in np.ndenumerate(pixels):
        scaled[at] = int(value) / 255
    return scaled
""",
    ),
)

SIGMOID = (
    Variant(
        "sigmoid",
        "by_cases_recomputed",
        source=BY_CASES
        + """
def sigmoid_forward(x):
    return s(x), x


def sigmoid_backward(dout, cache):
    return dout * s(cache) * s(-cache)
""",
    ),
    Variant(
        "sigmoid",
        "stretched_tanh",
        source=NUMPY
        + """
def sigmoid_forward(x):
    a = 0.5 + 0.5 * np.tanh(0.5 * x)
    return a, [a]


def sigmoid_backward(dout, cache):
    (a,) = cache
    return (0.25 - (a - 0.5) ** 2) * dout
""",
    ),
    Variant(
        "sigmoid",
        "overflow_to_zero",
        source=NUMPY
        + """
def sigmoid_forward(x):
    with np.errstate(over="ignore"):
        a = 1 / (1 + np.exp(-x))
    return a, {"slope": a * (1 - a)}


def sigmoid_backward(dout, cache):
    return np.multiply(cache["slope"], dout)
""",
    ),
    Variant(
        "sigmoid",
        "element_by_element",
        source=BY_NUMBERS
        + """
def sigmoid_forward(x):
    a = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        a[at] = s(x[at])
    return a, x.copy()


def sigmoid_backward(dout, cache):
    dx = dout.copy()
    for at, value in np.ndenumerate(cache):
        dx[at] *= s(value) * s(-value)
    return dx
""",
    ),
    Variant(
        "sigmoid",
        "logarithms",
        source=NUMPY
        + """
def sigmoid_forward(x):
    minus_log = np.logaddexp(0, -x)
    return np.exp(-minus_log), (x, minus_log)


def sigmoid_backward(dout, cache):
    x, minus_log = cache
    return dout * np.exp(-x - 2 * minus_log)
""",
    ),
)

TANH = (
    Variant(
        "tanh",
        "expm1_of_minus_twice",
        source=NUMPY
        + """
def tanh_forward(x):
    e = np.expm1(-2 * np.abs(x))
    return np.copysign(e / (2 + e), x), x


def tanh_backward(dout, cache):
    e = np.exp(-2 * np.abs(cache))
    return dout * 4 * e / (1 + e) ** 2
""",
    ),
    Variant(
        "tanh",
        "element_by_element",
        source="""
import math

import numpy as np


def tanh_forward(x):
    a = np.array([math.tanh(value) for value in x.flat], dtype=x.dtype).reshape(x.shape)
    return a, a


def tanh_backward(dout, cache):
    dx = np.empty_like(dout)
    for at in np.ndindex(*dout.shape):
        dx[at] = dout[at] * (1 + cache[at]) * (1 - cache[at])
    return dx
""",
    ),
    Variant(
        "tanh",
        "cosh_and_closure",
        source=NUMPY
        + """
def tanh_forward(x):
    def back(dout):
        with np.errstate(over="ignore"):
            return dout / np.cosh(x) / np.cosh(x)

    return np.tanh(x), back


def tanh_backward(dout, cache):
    return cache(dout)
""",
    ),
)

# --- rectifiers: any slope between the one-sided ones is right at 0 ---

RELU = (
    Variant(
        "relu",
        "copy_and_assign_slope_one_at_zero",
        source=NUMPY
        + """
def relu_forward(x):
    out = x.copy()
    out[out < 0] = 0
    return out, np.flatnonzero(x < 0)


def relu_backward(dout, cache):
    dx = dout.flatten()
    dx[cache] = 0
    return dx.reshape(dout.shape)
""",
    ),
    Variant(
        "relu",
        "half_of_sum_with_modulus",
        source=NUMPY
        + """
def relu_forward(x):
    return (x + abs(x)) / 2, np.sign(x)


def relu_backward(dout, cache):
    return dout * (cache + 1) / 2
""",
    ),
    Variant(
        "relu",
        "element_by_element",
        source=NUMPY
        + """
def relu_forward(x):
    out = np.zeros(x.shape, dtype=x.dtype)
    positive = set()
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 0:
                out[i, j] = x[i, j]
                positive.add((i, j))
    return out, positive


def relu_backward(dout, cache):
    dx = np.zeros_like(dout)
    for i, j in cache:
        dx[i, j] = dout[i, j]
    return dx
""",
    ),
    Variant(
        "relu",
        "clip_and_where_on_output",
        source=NUMPY
        + """
def relu_forward(x):
    out = np.clip(x, 0, None)
    return out, out


def relu_backward(dout, cache):
    return np.where(cache, dout, 0)
""",
    ),
)

LEAKY_RELU = (
    Variant(
        "leaky_relu",
        "array_of_slopes",
        source=NUMPY
        + """
def leaky_relu_forward(x, *, gamma=0.01):
    slopes = np.full_like(x, gamma)
    slopes[x >= 0] = 1
    return slopes * x, slopes


def leaky_relu_backward(dout, cache):
    return cache * dout
""",
    ),
    Variant(
        "leaky_relu",
        "where_recomputed",
        source=NUMPY
        + """
def leaky_relu_forward(x, *, gamma=0.01):
    return np.where(x < 0, gamma * x, x), {"x": x, "gamma": gamma}


def leaky_relu_backward(dout, cache):
    return np.where(cache["x"] > 0, dout, cache["gamma"] * dout)
""",
    ),
    Variant(
        "leaky_relu",
        "two_relus_half_way_at_zero",
        source=NUMPY
        + """
def leaky_relu_forward(x, *, gamma=0.01):
    return np.maximum(x, 0) - gamma * np.maximum(-x, 0), (np.sign(x), gamma)


def leaky_relu_backward(dout, cache):
    sign, gamma = cache
    up, down = (1 + sign) / 2, (1 - sign) / 2
    return up * dout + gamma * (down * dout)
""",
    ),
    Variant(
        "leaky_relu",
        "element_by_element",
        source=NUMPY
        + """
def leaky_relu_forward(x, *, gamma=0.01):
    out = np.empty_like(x)
    for at, value in np.ndenumerate(x):
        out[at] = value if value > 0 else gamma * value
    return out, lambda at: 1 if x[at] > 0 else gamma


def leaky_relu_backward(dout, cache):
    dx = np.empty_like(dout)
    for at, upstream in np.ndenumerate(dout):
        dx[at] = cache(at) * upstream
    return dx
""",
    ),
)

PRELU = (
    Variant(
        "prelu",
        "channel_by_channel",
        source=NUMPY
        + """
def prelu_forward(x, gamma):
    out = x.copy()
    for c, slope in enumerate(gamma):
        out[out[:, c] < 0, c] *= slope
    return out, (x, gamma)


def prelu_backward(dout, cache):
    x, gamma = cache
    dx, dgamma = dout.copy(), np.zeros_like(gamma)
    for c in range(len(gamma)):
        negative = x[:, c] <= 0
        dgamma[c] = np.dot(dout[negative, c], x[negative, c])
        dx[negative, c] *= gamma[c]
    return dx, dgamma
""",
    ),
    Variant(
        "prelu",
        "where_and_einsum",
        source=NUMPY
        + """
def prelu_forward(x, gamma):
    negative = np.where(x < 0, x, 0)
    return x - negative + gamma * negative, {"negative": negative, "gamma": gamma}


def prelu_backward(dout, cache):
    negative, gamma = cache["negative"], cache["gamma"]
    return np.where(negative == 0, dout, dout * gamma), np.einsum("nc,nc->c", dout, negative)
""",
    ),
    Variant(
        "prelu",
        "sample_by_sample",
        source=NUMPY
        + """
def prelu_forward(x, gamma):
    out = np.zeros_like(x)
    for n, row in enumerate(x):
        for c in range(len(row)):
            out[n, c] = row[c] if row[c] > 0 else row[c] * gamma[c]
    return out, [x, gamma]


def prelu_backward(dout, cache):
    x, gamma = cache
    dx = np.zeros_like(x)
    dgamma = 0 * gamma
    for n in range(len(x) - 1, -1, -1):
        for c in range(len(gamma)):
            if x[n, c] > 0:
                dx[n, c] = dout[n, c]
            else:
                dx[n, c] = dout[n, c] * gamma[c]
                dgamma[c] += dout[n, c] * x[n, c]
    return dx, dgamma
""",
    ),
)

ELU = (
    Variant(
        "elu",
        "by_cases_slope_from_output",
        source=NUMPY
        + """
def elu_forward(x, *, gamma=1.0):
    out = x.copy()
    low = x <= 0
    out[low] = gamma * np.expm1(x[low])
    return out, (low, gamma, out.copy())


def elu_backward(dout, cache):
    low, gamma, out = cache
    dx = dout.copy()
    dx[low] *= out[low] + gamma
    return dx
""",
    ),
    Variant(
        "elu",
        "overflow_thrown_away",
        source=NUMPY
        + """
def elu_forward(x, *, gamma=1.0):
    with np.errstate(over="ignore"):
        return np.where(x < 0, gamma * np.expm1(x), x), (x, gamma)


def elu_backward(dout, cache):
    x, gamma = cache
    with np.errstate(over="ignore"):
        return np.where(x < 0, gamma * np.exp(x), 1) * dout
""",
    ),
    Variant(
        "elu",
        "element_by_element",
        source="""
import math

import numpy as np


def elu_forward(x, *, gamma=1.0):
    out, slope = np.zeros_like(x), np.zeros_like(x)
    for at in np.ndindex(*x.shape):
        value = float(x[at])
        out[at] = value if value > 0 else gamma * math.expm1(value)
        slope[at] = 1 if value > 0 else gamma * math.exp(value)
    return out, slope


def elu_backward(dout, cache):
    return np.array([d * slope for d, slope in zip(dout.ravel(), cache.ravel())], dout.dtype).reshape(dout.shape)
""",
    ),
    Variant(
        "elu",
        "sinh_in_double",
        source=NUMPY
        + """
def elu_forward(x, *, gamma=1.0):
    half = np.minimum(x, 0).astype(np.float64) / 2
    low = 2 * gamma * np.exp(half) * np.sinh(half)
    return (np.maximum(x, 0) + low).astype(x.dtype), {"low": x < 0, "slope": gamma * np.exp(2 * half)}


def elu_backward(dout, cache):
    return (cache["slope"] * cache["low"] * dout + ~cache["low"] * dout).astype(dout.dtype)
""",
    ),
)

SOFTPLUS = (
    Variant(
        "softplus",
        "logaddexp",
        source=NUMPY
        + """
def softplus_forward(x):
    a = np.logaddexp(x, 0)
    return a, a


def softplus_backward(dout, cache):
    return dout * -np.expm1(-cache)
""",
    ),
    Variant(
        "softplus",
        "by_cases",
        source=BY_CASES
        + """
def softplus_forward(x):
    a = x.copy()
    up = x > 0
    a[up] += np.log1p(np.exp(-x[up]))
    a[~up] = np.log1p(np.exp(x[~up]))
    return a, {"input": x}


def softplus_backward(dout, cache):
    return s(cache["input"]) * dout
""",
    ),
    Variant(
        "softplus",
        "element_by_element",
        source=BY_NUMBERS
        + """
def softplus_forward(x):
    flat = [max(v, 0.0) + math.log1p(math.exp(-abs(v))) for v in map(float, x.flat)]
    return np.array(flat).astype(x.dtype).reshape(x.shape), x


def softplus_backward(dout, cache):
    dx = np.array(dout)
    for at in np.ndindex(dx.shape):
        dx[at] = dout[at] * s(cache[at])
    return dx
""",
    ),
    Variant(
        "softplus",
        "artanh",
        source=NUMPY
        + """
def softplus_forward(x):
    e = np.exp(-abs(x))
    return (x + abs(x)) / 2 + 2 * np.arctanh(e / (2 + e)), (x > 0, e)


def softplus_backward(dout, cache):
    up, e = cache
    return np.where(up, 1, e) / (1 + e) * dout
""",
    ),
)

MAXOUT = (
    Variant(
        "maxout",
        "sample_and_unit_one_by_one",
        source=NUMPY
        + """
def maxout_forward(x, w, b):
    pieces, _, units = w.shape
    out = np.zeros((len(x), units), x.dtype)
    winner = {}
    for n in range(len(x)):
        for m in range(units):
            values = [np.dot(x[n], w[k, :, m]) + b[k, m] for k in range(pieces)]
            out[n, m] = max(values)
            winner[n, m] = values.index(max(values))
    return out, (x, w, b.shape, winner)


def maxout_backward(dout, cache):
    x, w, shape, winner = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros(shape, w.dtype)
    for (n, m), k in winner.items():
        dx[n] += dout[n, m] * w[k, :, m]
        dw[k, :, m] += dout[n, m] * x[n]
        db[k, m] += dout[n, m]
    return dx, dw, db
""",
    ),
    Variant(
        "maxout",
        "running_maximum_last_wins",
        source=NUMPY
        + """
def maxout_forward(x, w, b):
    out = x @ w[0] + b[0]
    winner = np.zeros(out.shape, int)
    for k in range(1, len(w)):
        piece = x @ w[k] + b[k]
        better = piece >= out
        out = np.where(better, piece, out)
        winner[better] = k
    return out, (x, w, winner)


def maxout_backward(dout, cache):
    x, w, winner = cache
    dx = np.zeros_like(x)
    dw = []
    db = []
    for k in range(len(w)):
        d = dout * (winner == k)
        dx += d @ w[k].T
        dw.append(x.T @ d)
        db.append(d.sum(axis=0))
    return dx, np.stack(dw), np.stack(db)
""",
    ),
    Variant(
        "maxout",
        "einsum_shared_evenly",
        source=NUMPY
        + """
def maxout_forward(x, w, b):
    pieces = np.einsum("nd,kdm->nmk", x, w) + b.T
    out = pieces.max(axis=-1)
    won = (pieces == out[..., None]).astype(x.dtype)
    return out, (x, w, won / won.sum(axis=-1, keepdims=True))


def maxout_backward(dout, cache):
    x, w, share = cache
    return (
        np.einsum("nm,nmk,kdm->nd", dout, share, w),
        np.einsum("nm,nmk,nd->kdm", dout, share, x),
        np.einsum("nm,nmk->km", dout, share),
    )
""",
    ),
    Variant(
        "maxout",
        "scattered_to_winners",
        source=NUMPY
        + """
def maxout_forward(x, w, b):
    pieces = np.tensordot(x, w, axes=(1, 1)) + b
    winner = pieces.argmax(axis=1)[:, None]
    return np.take_along_axis(pieces, winner, axis=1)[:, 0], (x, w, winner, pieces.shape)


def maxout_backward(dout, cache):
    x, w, winner, shape = cache
    dpieces = np.zeros(shape, dout.dtype)
    np.put_along_axis(dpieces, winner, dout[:, None], axis=1)
    dx = np.tensordot(dpieces, w, axes=([1, 2], [0, 2]))
    dw = np.tensordot(dpieces, x, axes=(0, 0)).swapaxes(1, 2)
    return dx, dw, dpieces.sum(0)
""",
    ),
)

# --- the softmax family ---

SOFTMAX = (
    Variant(
        "softmax",
        "row_by_row_jacobian",
        source=NUMPY
        + """
def softmax_forward(x):
    p = np.zeros_like(x)
    for n, row in enumerate(x):
        e = np.exp(row - max(row))
        p[n] = e / sum(e)
    return p, p


def softmax_backward(dout, cache):
    dx = np.zeros_like(dout)
    for n, p in enumerate(cache):
        jacobian = np.diag(p) - np.outer(p, p)
        dx[n] = jacobian @ dout[n]
    return dx
""",
    ),
    Variant(
        "softmax",
        "one_over_sum_of_ratios",
        source=NUMPY
        + """
def softmax_forward(x):
    differences = x[:, None, :] - x[:, :, None]
    with np.errstate(over="ignore"):
        p = 1 / np.exp(differences).sum(axis=2)
    return p, {"p": p}


def softmax_backward(dout, cache):
    p = cache["p"]
    return np.einsum("ni,nij->nj", dout, p[:, :, None] * (np.eye(p.shape[1], dtype=p.dtype) - p[:, None, :]))
""",
    ),
    Variant(
        "softmax",
        "from_its_logarithm",
        source=NUMPY
        + """
def softmax_forward(x):
    shifted = (x.T - x.max(axis=1)).T
    log_p = shifted - np.logaddexp.reduce(shifted, axis=1, keepdims=True)
    return np.exp(log_p), log_p


def softmax_backward(dout, cache):
    p = np.exp(cache)
    dx = p * dout
    dx -= p * dx.sum(axis=1, keepdims=True)
    return dx
""",
    ),
    Variant(
        "softmax",
        "in_place_on_columns",
        source=NUMPY
        + """
def softmax_forward(x):
    p = np.array(x.T, order="C")
    p -= np.max(p, axis=0)
    np.exp(p, out=p)
    p /= np.add.reduce(p[::-1], axis=0)
    return p.T, p


def softmax_backward(dout, cache):
    products = cache * dout.T
    return (products - cache * products.sum(axis=0)).T
""",
    ),
    Variant(
        "softmax",
        "double_inside_closure",
        source=NUMPY
        + """
def softmax_forward(x):
    wide = x.astype(np.float64)
    p = np.exp(wide - np.amax(wide, axis=-1)[:, None])
    p = p / np.dot(p, np.ones(x.shape[1]))[:, None]

    def back(dout):
        mean = np.einsum("nc,nc->n", dout, p)
        return ((dout - mean[:, None]) * p).astype(x.dtype)

    return p.astype(x.dtype), back


def softmax_backward(dout, cache):
    return cache(dout)
""",
    ),
)

LOG_SOFTMAX = (
    Variant(
        "log_softmax",
        "logaddexp_of_differences",
        source=NUMPY
        + """
def log_softmax_forward(x):
    y = -np.logaddexp.reduce(x[:, None, :] - x[:, :, None], axis=2)
    return y, y


def log_softmax_backward(dout, cache):
    jacobian = np.eye(cache.shape[1], dtype=cache.dtype)[:, :, None] - np.exp(cache).T
    return np.einsum("ni,ijn->nj", dout, jacobian)
""",
    ),
    Variant(
        "log_softmax",
        "row_by_row",
        source="""
import math

import numpy as np


def log_softmax_forward(x):
    y = np.zeros_like(x)
    for n in range(len(x)):
        row = [float(value) for value in x[n]]
        top = max(row)
        log_total = math.log(math.fsum(math.exp(value - top) for value in row))
        for c, value in enumerate(row):
            y[n, c] = (value - top) - log_total
    return y, x.copy()


def log_softmax_backward(dout, cache):
    dx = dout.copy()
    for n, row in enumerate(cache):
        e = np.exp(row - row.max())
        dx[n] -= e / e.sum() * dout[n].sum()
    return dx
""",
    ),
    Variant(
        "log_softmax",
        "probabilities_cached",
        source=NUMPY
        + """
def log_softmax_forward(x):
    y = x - x.max(axis=1, keepdims=True)
    e = np.exp(y)
    total = e.sum(axis=1, keepdims=True)
    y -= np.log(total)
    return y, e / total


def log_softmax_backward(dout, cache):
    return dout - cache * (dout @ np.ones((dout.shape[1], 1), dout.dtype))
""",
    ),
    Variant(
        "log_softmax",
        "log_of_the_others",
        source=NUMPY
        + """
def log_softmax_forward(x):
    order = np.argsort(x, axis=1)
    shifted = x - np.take_along_axis(x, order[:, -1:], axis=1)
    e = np.exp(shifted)
    np.put_along_axis(e, order[:, -1:], 0, axis=1)
    y = shifted - np.log1p(e.sum(axis=1, keepdims=True))
    return y, dict(y=y)


def log_softmax_backward(dout, cache):
    dx = np.empty_like(dout)
    np.multiply(np.exp(cache["y"]), dout.sum(axis=1)[:, None], out=dx)
    return np.subtract(dout, dx, out=dx)
""",
    ),
)

LOGSUMEXP = (
    Variant(
        "logsumexp",
        "logaddexp_reduced",
        source=NUMPY
        + """
def logsumexp_forward(x):
    return np.logaddexp.reduce(x, axis=-1), x


def logsumexp_backward(dout, cache):
    e = np.exp(cache - cache.max(axis=1, keepdims=True))
    return (dout / e.sum(axis=1))[:, None] * e
""",
    ),
    Variant(
        "logsumexp",
        "streaming",
        source=NUMPY
        + """
def logsumexp_forward(x):
    top, total = x[:, 0].copy(), np.ones_like(x[:, 0])
    for c in range(1, x.shape[1]):
        new_top = np.maximum(top, x[:, c])
        total = total * np.exp(top - new_top) + np.exp(x[:, c] - new_top)
        top = new_top
    return top + np.log(total), (x, top, total)


def logsumexp_backward(dout, cache):
    x, top, total = cache
    dx = np.zeros_like(x)
    for c in range(x.shape[1]):
        dx[:, c] = dout * np.exp(x[:, c] - top) / total
    return dx
""",
    ),
    Variant(
        "logsumexp",
        "sample_by_sample",
        source="""
import math

import numpy as np


def logsumexp_forward(x):
    y = np.zeros(len(x), x.dtype)
    for n, row in enumerate(x.tolist()):
        top = max(row)
        y[n] = top + math.log(sum(math.exp(value - top) for value in reversed(row)))
    return y, x


def logsumexp_backward(dout, cache):
    grads = []
    for upstream, row in zip(dout, cache):
        e = np.exp(row - row.max())
        grads.append(upstream * e / e.sum())
    return np.array(grads, dout.dtype).reshape(cache.shape)
""",
    ),
    Variant(
        "logsumexp",
        "softmax_from_own_output",
        source=NUMPY
        + """
def logsumexp_forward(x):
    top = x.max(axis=1)
    rest = np.log(np.sum(np.exp(x - top[:, None]), axis=1))
    return top + rest, (x, top, rest)


def logsumexp_backward(dout, cache):
    x, top, rest = cache
    return dout[:, None] * np.exp((x - top[:, None]) - rest[:, None])
""",
    ),
    Variant(
        "logsumexp",
        "softmax_from_rounded_output",
        source=NUMPY
        + """
def logsumexp_forward(x):
    top = x.max(axis=1, keepdims=True)
    y = top + np.log(np.sum(np.exp(x - top), axis=1, keepdims=True))
    return y.squeeze(axis=1), (x, y)


def logsumexp_backward(dout, cache):
    x, y = cache
    return dout[:, None] * np.exp(x - y)
""",
    ),
)

WHEATS = (
    *NEURON,
    *ENCODING,
    *SIGMOID,
    *TANH,
    *RELU,
    *SOFTPLUS,
    *LEAKY_RELU,
    *PRELU,
    *ELU,
    *MAXOUT,
    *SOFTMAX,
    *LOG_SOFTMAX,
    *LOGSUMEXP,
)
