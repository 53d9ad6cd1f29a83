"""Unit 14: a framework of one's own, written other ways."""

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
GLOROT = """

def glorot(rng, fan_in, fan_out, *shape):
    return (2 * rng.random(shape) - 1) * np.sqrt(6 / (fan_in + fan_out))

"""

DENSE = (
    Variant(
        "dense_layer",
        "dataclass_einsum",
        source="""
from dataclasses import dataclass

import numpy as np

"""
        + GLOROT
        + """
@dataclass
class Dense:
    units: int

    def build(self, shape, rng):
        (width,) = shape
        return [glorot(rng, width, self.units, width, self.units), np.zeros(self.units)], (self.units,)

    def forward(self, params, x, **unused):
        w, b = params
        return np.einsum("nd,dm->nm", x, w) + b[None, :], {"x": x, "w": w}

    def backward(self, dout, cache):
        dw = np.einsum("nd,nm->dm", cache["x"], dout)
        return np.einsum("nm,dm->nd", dout, cache["w"]), [dw, np.einsum("nm->m", dout)]
""",
    ),
    Variant(
        "dense_layer",
        "base_class_column_of_ones",
        source=NUMPY
        + GLOROT
        + """
class Layer:
    def forward(self, params, x, *, training=False, rng=None):
        return self.call(params, x)


class Dense(Layer):
    def __init__(self, units):
        self.units = units

    def build(self, shape, rng):
        w = glorot(rng, shape[0], self.units, shape[0], self.units)
        return [w, np.zeros(self.units)], (self.units,)

    def call(self, params, x):
        x1 = np.hstack([x, np.ones_like(x, shape=(len(x), 1))])
        w1 = np.vstack(params)
        return x1 @ w1, (x1, w1)

    def backward(self, dout, cache):
        x1, w1 = cache
        dw1 = x1.T @ dout
        return (dout @ w1.T)[:, :-1], [dw1[:-1], dw1[-1]]
""",
    ),
    Variant(
        "dense_layer",
        "sample_by_sample_closure",
        source=NUMPY
        + GLOROT
        + """
class Dense:
    def __init__(self, units):
        self.units = units

    def build(self, shape, rng):
        return [glorot(rng, *shape, self.units, *shape, self.units), np.zeros(self.units)], (self.units,)

    def forward(self, params, x, *, training=False, rng=None):
        w, b = params
        out = np.empty((len(x), self.units), x.dtype)
        for n, row in enumerate(x):
            out[n] = row @ w + b

        def back(dout):
            dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
            for n, d in enumerate(dout):
                dx[n] = w @ d
                dw[...] += np.outer(x[n], d)
                db[...] += d
            return dx, [dw, db]

        return out, back

    def backward(self, dout, cache):
        return cache(dout)
""",
    ),
)

ACTIVATION = (
    Variant(
        "activation_layer",
        "methods_by_name",
        source=BY_CASES
        + """
class Activation:
    def __init__(self, name):
        self.name = name

    def build(self, shape, rng):
        return [], shape

    def forward(self, params, x, *, training=False, rng=None):
        return getattr(self, self.name)(x)

    def backward(self, dout, cache):
        return cache(dout), []

    def linear(self, x):
        return x, lambda d: d

    def sigmoid(self, x):
        a = s(x)
        return a, lambda d: d * a * (1 - a)

    def tanh(self, x):
        a = np.tanh(x)
        return a, lambda d: d - d * a**2

    def relu(self, x):
        return np.where(x > 0, x, 0), lambda d: np.where(x > 0, d, 0)

    def softmax(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        p = e / e.sum(axis=-1, keepdims=True)
        return p, lambda d: p * d - p * (p * d).sum(axis=-1, keepdims=True)
""",
    ),
    Variant(
        "activation_layer",
        "slopes_from_outputs",
        source=NUMPY
        + """
FUNCTIONS = {
    "linear": lambda x: x.copy(),
    "sigmoid": lambda x: 0.5 * (np.tanh(0.5 * x) + 1),
    "tanh": np.tanh,
    "relu": lambda x: (x + abs(x)) / 2,
}
SLOPES = {
    "linear": np.ones_like,
    "sigmoid": lambda a: a - a * a,
    "tanh": lambda a: (1 - a) * (1 + a),
    "relu": np.sign,
}


class Activation:
    def __init__(self, name):
        self.name = name

    def build(self, shape, rng):
        return [], shape

    def forward(self, params, x, *, training=False, rng=None):
        if self.name == "softmax":
            a = np.exp(x - np.logaddexp.reduce(x, axis=-1, keepdims=True))
        else:
            a = FUNCTIONS[self.name](x)
        return a, a

    def backward(self, dout, cache):
        if self.name != "softmax":
            return SLOPES[self.name](cache) * dout, []
        jacobian = cache[..., None] * (np.eye(cache.shape[-1], dtype=cache.dtype) - cache[..., None, :])
        return np.einsum("...i,...ij->...j", dout, jacobian), []
""",
    ),
    Variant(
        "activation_layer",
        "decided_when_made_in_double",
        source=NUMPY
        + """
class Activation:
    def __init__(self, name):
        self.name = name

    def build(self, shape, rng):
        return [], shape

    def forward(self, params, x, *, training=False, rng=None):
        z = x.astype(np.float64)
        if self.name == "linear":
            a = z
        elif self.name == "relu":
            a = z * (z > 0)
        elif self.name == "tanh":
            a = np.tanh(z)
        elif self.name == "sigmoid":
            a = np.exp(-np.logaddexp(0, -z))
        else:
            z -= np.max(z, axis=-1)[..., None]
            a = np.exp(z) / np.sum(np.exp(z), axis=-1)[..., None]
        return a.astype(x.dtype), a

    def backward(self, dout, cache):
        if self.name == "linear":
            dx = dout
        elif self.name == "relu":
            dx = dout * (cache > 0)
        elif self.name == "tanh":
            dx = dout * (1 - cache * cache)
        elif self.name == "sigmoid":
            dx = dout * cache * (1 - cache)
        else:
            dx = cache * (dout - np.einsum("...c,...c->...", dout, cache)[..., None])
        return dx.astype(dout.dtype), []
""",
    ),
)

FLATTEN = (
    Variant(
        "flatten_layer",
        "one_sample_after_another",
        source=NUMPY
        + """
class Flatten:
    def build(self, shape, rng):
        return [], (int(np.prod(shape)),)

    def forward(self, params, x, *, training=False, rng=None):
        out = np.zeros((len(x), int(np.prod(x.shape[1:]))), x.dtype)
        for n in range(len(x)):
            out[n] = x[n].ravel()
        return out, np.zeros_like(x)

    def backward(self, dout, cache):
        dx = cache.copy()
        for n, row in enumerate(dout):
            dx[n] = row.reshape(dx.shape[1:])
        return dx, []
""",
    ),
    Variant(
        "flatten_layer",
        "channel_by_channel",
        source="""
import math

import numpy as np


class Flatten:
    def build(self, shape, rng):
        return [], (math.prod(shape),)

    def forward(self, params, x, *, training=False, rng=None):
        flat = x
        while flat.ndim > 2:
            flat = np.concatenate([flat[:, k] for k in range(flat.shape[1])], axis=1)
        return flat, x.shape

    def backward(self, dout, cache):
        dx = np.empty(cache, dout.dtype)
        for column, at in enumerate(np.ndindex(*cache[1:])):
            dx[(slice(None), *at)] = dout[:, column]
        return dx, []
""",
    ),
    Variant(
        "flatten_layer",
        "new_shape_on_a_copy",
        source=NUMPY
        + """
class Flatten:
    def build(self, shape, rng):
        return [], (int(np.prod(shape)),)

    def forward(self, params, x, *, training=False, rng=None):
        out = np.array(x, order="C")
        out.shape = (x.shape[0], int(np.prod(x.shape[1:])))
        return out, {"shape": x.shape}

    def backward(self, dout, cache):
        dx = np.empty(cache["shape"], dout.dtype)
        dx.flat = dout.flat
        return dx, []
""",
    ),
)

CONV2D_FRAME = """
import numpy as np


def zeros_around(kernel, padding):
    named = {"narrow": (0, 0), "wide": (kernel - 1, kernel - 1), "same": ((kernel - 1) // 2, kernel // 2)}
    return named[padding] if padding in named else (padding, padding)


class ConvBase:
    def __init__(self, filters, kernel, *, stride=1, padding="narrow"):
        self.filters, self.kernel, self.stride, self.padding = filters, kernel, stride, padding

    def out_size(self, size):
        return (size + sum(zeros_around(self.kernel, self.padding)) - self.kernel) // self.stride + 1

    def build(self, shape, rng):
        channels, height, width = shape
        area = self.kernel**2
        bound = np.sqrt(6 / ((channels + self.filters) * area))
        w = rng.uniform(-bound, bound, (self.filters, channels, self.kernel, self.kernel))
        return [w, np.zeros(self.filters)], (self.filters, self.out_size(height), self.out_size(width))

    def padded(self, x):
        around = zeros_around(self.kernel, self.padding)
        return np.pad(x, ((0, 0), (0, 0), around, around))

    def cut(self, padded, shape):
        start = zeros_around(self.kernel, self.padding)[0]
        return padded[:, :, start : start + shape[2], start : start + shape[3]]

"""
CONV2D = (
    Variant(
        "conv2d_layer",
        "place_by_place",
        source=CONV2D_FRAME
        + """
class Conv2D(ConvBase):
    def places(self, out_shape):
        k, stride = self.kernel, self.stride
        for i, j in np.ndindex(*out_shape):
            yield i, j, (..., slice(i * stride, i * stride + k), slice(j * stride, j * stride + k))

    def forward(self, params, x, *, training=False, rng=None):
        w, b = params
        xp = self.padded(x)
        out = np.zeros((len(x), len(w), self.out_size(x.shape[2]), self.out_size(x.shape[3])), x.dtype)
        for i, j, window in self.places(out.shape[2:]):
            for f in range(len(w)):
                out[:, f, i, j] = (xp[window] * w[f]).sum(axis=(1, 2, 3)) + b[f]
        return out, (x.shape, xp, w)

    def backward(self, dout, cache):
        shape, xp, w = cache
        dxp, dw = np.zeros_like(xp), np.zeros_like(w)
        for i, j, window in self.places(dout.shape[2:]):
            for f in range(len(w)):
                d = dout[:, f, i, j][:, None, None, None]
                dxp[window] += d * w[f]
                dw[f] += (d * xp[window]).sum(axis=0)
        return self.cut(dxp, shape), [dw, dout.sum(axis=(0, 2, 3))]
""",
    ),
    Variant(
        "conv2d_layer",
        "sliding_windows",
        source=CONV2D_FRAME
        + """
class Conv2D(ConvBase):
    def forward(self, params, x, *, training=False, rng=None):
        w, b = params
        xp = self.padded(x)
        every = np.lib.stride_tricks.sliding_window_view(xp, (self.kernel, self.kernel), axis=(2, 3))
        windows = every[:, :, :: self.stride, :: self.stride]
        out = np.tensordot(windows, w, axes=([1, 4, 5], [1, 2, 3])) + b
        return np.moveaxis(out, -1, 1), {"windows": windows, "w": w, "padded": xp.shape, "shape": x.shape}

    def backward(self, dout, cache):
        windows, w, step = cache["windows"], cache["w"], self.stride
        dw = np.einsum("nfij,ncijkl->fckl", dout, windows)
        dxp = np.zeros(cache["padded"], dout.dtype)
        rows, columns = (step * size for size in dout.shape[2:])
        for k, l in np.ndindex(self.kernel, self.kernel):
            dxp[:, :, k : k + rows : step, l : l + columns : step] += np.einsum("nfij,fc->ncij", dout, w[:, :, k, l])
        return self.cut(dxp, cache["shape"]), [dw, np.einsum("nfij->f", dout)]
""",
    ),
    Variant(
        "conv2d_layer",
        "one_large_matrix",
        source=CONV2D_FRAME
        + """
class Conv2D(ConvBase):
    def where(self, shape):
        # For every weight and place of the output, the element of the image that they meet; -1 outside.
        _, channels, height, width = shape
        image = np.arange(1, channels * height * width + 1).reshape(1, channels, height, width)
        image = self.padded(image)[0] - 1
        rows, columns = self.out_size(height), self.out_size(width)
        c, k, l = np.indices((channels, self.kernel, self.kernel))[..., None, None]
        i, j = np.indices((rows, columns))
        return image[c, k + self.stride * i, l + self.stride * j].reshape(-1, rows, columns)

    def forward(self, params, x, *, training=False, rng=None):
        w, b = params
        where = self.where(x.shape)
        flat = np.zeros((len(x), int(np.prod(x.shape[1:])) + 1), x.dtype)
        flat[:, :-1] = x.reshape(len(x), flat.shape[1] - 1)
        seen = flat[:, where]
        rows = w.reshape(len(w), -1)
        out = np.einsum("fa,naij->nfij", rows, seen) + b.reshape(-1, 1, 1)
        return out, (x.shape, w.shape, where, seen, rows)

    def backward(self, dout, cache):
        shape, w_shape, where, seen, rows = cache
        size = int(np.prod(shape[1:]))
        dflat = np.zeros((size + 1, shape[0]), dout.dtype)
        np.add.at(dflat, where, np.einsum("fa,nfij->aijn", rows, dout))
        dw = np.einsum("nfij,naij->fa", dout, seen).reshape(w_shape)
        return dflat[:-1].T.reshape(shape), [dw, dout.sum(axis=3).sum(axis=2).sum(axis=0)]
""",
    ),
)

POOLING = (
    Variant(
        "max_pool2d_layer",
        "six_axes",
        source=NUMPY
        + """
class MaxPool2D:
    def __init__(self, size=2):
        self.size = size

    def build(self, shape, rng):
        return [], (shape[0], shape[1] // self.size, shape[2] // self.size)

    def forward(self, params, x, *, training=False, rng=None):
        n, c, height, width = x.shape
        h, w, k = height // self.size, width // self.size, self.size
        blocks = x[:, :, : h * k, : w * k].reshape(n, c, h, k, w, k)
        out = blocks.max(axis=(3, 5))
        won = blocks == out[:, :, :, None, :, None]
        return out, (won, x.shape)

    def backward(self, dout, cache):
        won, shape = cache
        dx = np.zeros(shape, dout.dtype)
        dblocks = won * (dout / won.sum(axis=(3, 5)).astype(dout.dtype))[:, :, :, None, :, None]
        height, width = (size * self.size for size in dout.shape[2:])
        dx[:, :, :height, :width] = dblocks.reshape(*dout.shape[:2], height, width)
        return dx, []
""",
    ),
    Variant(
        "max_pool2d_layer",
        "window_by_window",
        source=NUMPY
        + """
class MaxPool2D:
    def __init__(self, size=2):
        self.size = size

    def build(self, shape, rng):
        return [], (shape[0], *(size // self.size for size in shape[1:]))

    def forward(self, params, x, *, training=False, rng=None):
        k = self.size
        out = np.zeros((*x.shape[:2], x.shape[2] // k, x.shape[3] // k), x.dtype)
        winners = {}
        for n, c, i, j in np.ndindex(*out.shape):
            window = x[n, c, i * k : (i + 1) * k, j * k : (j + 1) * k]
            down, right = divmod(int(window.argmax()), k)
            out[n, c, i, j] = window[down, right]
            winners[n, c, i, j] = (n, c, i * k + down, j * k + right)
        return out, (x, winners)

    def backward(self, dout, cache):
        x, winners = cache
        dx = np.zeros_like(x)
        for at, source in winners.items():
            dx[source] = dout[at]
        return dx, []
""",
    ),
    Variant(
        "max_pool2d_layer",
        "running_maximum_last_wins",
        source=NUMPY
        + """
class MaxPool2D:
    def __init__(self, size=2):
        self.size = size

    def build(self, shape, rng):
        return [], (shape[0], shape[1] // self.size, shape[2] // self.size)

    def corners(self, x):
        h, w = (size // self.size * self.size for size in x.shape[2:])
        for i in range(self.size):
            for j in range(self.size):
                yield x[:, :, i : h : self.size, j : w : self.size]

    def forward(self, params, x, *, training=False, rng=None):
        corners = list(self.corners(x))
        out, winner = corners[0].copy(), np.zeros(corners[0].shape, int)
        for index, corner in enumerate(corners):
            better = corner >= out
            out[better] = corner[better]
            winner[better] = index
        return out, {"winner": winner, "shape": x.shape}

    def backward(self, dout, cache):
        dx = np.zeros(cache["shape"], dout.dtype)
        for index, corner in enumerate(self.corners(dx)):
            corner[...] = np.where(cache["winner"] == index, dout, 0)
        return dx, []
""",
    ),
)

EMBEDDING = (
    Variant(
        "embedding_layer",
        "scattered",
        source=NUMPY
        + """
class Embedding:
    def __init__(self, words, width):
        self.words, self.width = words, width

    def build(self, shape, rng):
        return [0.05 * rng.standard_normal((self.words, self.width))], (*shape, self.width)

    def forward(self, params, x, *, training=False, rng=None):
        return params[0][x], (x, params[0])

    def backward(self, dout, cache):
        x, table = cache
        dtable = np.zeros_like(table)
        np.add.at(dtable, x, dout)
        return None, [dtable]
""",
    ),
    Variant(
        "embedding_layer",
        "token_by_token",
        source=NUMPY
        + """
class Embedding:
    def __init__(self, words, width):
        self.words, self.width = words, width

    def build(self, shape, rng):
        return [rng.uniform(-0.05, 0.05, (self.words, self.width))], (*shape, self.width)

    def forward(self, params, x, *, training=False, rng=None):
        (table,) = params
        out = np.zeros((*x.shape, self.width), table.dtype)
        places = {word: [] for word in range(self.words)}
        for at, word in np.ndenumerate(x):
            out[at] = table[word]
            places[int(word)].append(at)
        return out, places

    def backward(self, dout, cache):
        dtable = np.zeros((self.words, self.width), dout.dtype)
        for word, places in cache.items():
            for at in places:
                dtable[word] += dout[at]
        return None, [dtable]
""",
    ),
    Variant(
        "embedding_layer",
        "one_hot_everywhere",
        source=NUMPY
        + """
class Embedding:
    def __init__(self, words, width):
        self.words, self.width = words, width

    def build(self, shape, rng):
        return [rng.uniform(-0.05, 0.05, (self.words, self.width))], (*shape, self.width)

    def forward(self, params, x, *, training=False, rng=None):
        codes = np.eye(self.words, dtype=params[0].dtype)[x]
        return codes @ params[0], codes

    def backward(self, dout, cache):
        return None, [np.einsum("ntv,nte->ve", cache, dout)]
""",
    ),
)

# --- recurrent layers ---

SIMPLE_RNN = (
    Variant(
        "simple_rnn_layer",
        "states_in_one_array",
        source=NUMPY
        + GLOROT
        + """
class SimpleRNN:
    def __init__(self, units, *, return_sequences=False):
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape, rng):
        (steps, width), h = shape, self.units
        params = [glorot(rng, width, h, width, h), glorot(rng, h, h, h, h), np.zeros(h)]
        return params, (steps, h) if self.return_sequences else (h,)

    def forward(self, params, x, *, training=False, rng=None):
        wx, wh, b = params
        h = np.zeros((x.shape[1] + 1, len(x), self.units), x.dtype)
        for t in range(x.shape[1]):
            h[t + 1] = np.tanh(x[:, t] @ wx + h[t] @ wh + b)
        out = h[1:].swapaxes(0, 1) if self.return_sequences else h[-1]
        return out.copy(), (x, wx, wh, h)

    def backward(self, dout, cache):
        x, wx, wh, h = cache
        dz = np.zeros_like(h)
        if self.return_sequences:
            dz[1:] = dout.swapaxes(0, 1)
        else:
            dz[-1] = dout
        for t in range(len(h) - 1, 0, -1):
            dz[t] *= 1 - h[t] ** 2
            if t > 1:
                dz[t - 1] += dz[t] @ wh.T
        dz = dz[1:]
        grads = [np.einsum("ntd,tnh->dh", x, dz), np.einsum("tnj,tnh->jh", h[:-1], dz), dz.sum(axis=(0, 1))]
        return np.einsum("tnh,dh->ntd", dz, wx), grads
""",
    ),
    Variant(
        "simple_rnn_layer",
        "one_matrix_and_closures",
        source=NUMPY
        + GLOROT
        + """
class SimpleRNN:
    def __init__(self, units, *, return_sequences=False):
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape, rng):
        (steps, width), h = shape, self.units
        params = [glorot(rng, width, h, width, h), glorot(rng, h, h, h, h), np.zeros(h)]
        return params, (steps, h) if self.return_sequences else (h,)

    def forward(self, params, x, *, training=False, rng=None):
        w = np.concatenate([params[0], params[1], params[2][None]])
        one = np.ones((len(x), 1), x.dtype)
        h, hs, backs = np.zeros((len(x), self.units), x.dtype), [], []
        for t in range(x.shape[1]):
            inputs = np.concatenate([x[:, t], h, one], axis=1)
            h = np.tanh(inputs @ w)

            def back(dh, inputs=inputs, h=h):
                dz = dh * (1 - h) * (1 + h)
                return dz @ w.T, inputs.T @ dz

            hs.append(h)
            backs.append(back)
        return (np.stack(hs, axis=1) if self.return_sequences else h), (x.shape, w, backs)

    def backward(self, dout, cache):
        (samples, steps, width), w, backs = cache
        dx, dw = np.zeros((samples, steps, width), dout.dtype), np.zeros_like(w)
        dh = 0 * (dout[:, 0] if self.return_sequences else dout)
        for t in reversed(range(steps)):
            if self.return_sequences:
                dh = dh + dout[:, t]
            elif t == steps - 1:
                dh = dout
            dinputs, own = backs[t](dh)
            dx[:, t], dh = dinputs[:, :width], dinputs[:, width:-1]
            dw += own
        return dx, [dw[:width], dw[width:-1], dw[-1]]
""",
    ),
    Variant(
        "simple_rnn_layer",
        "sample_by_sample",
        source=NUMPY
        + GLOROT
        + """
class SimpleRNN:
    def __init__(self, units, *, return_sequences=False):
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape, rng):
        (steps, width), h = shape, self.units
        params = [glorot(rng, width, h, width, h), glorot(rng, h, h, h, h), np.zeros(h)]
        return params, (steps, h) if self.return_sequences else (h,)

    def forward(self, params, x, *, training=False, rng=None):
        wx, wh, b = params
        every = np.zeros((len(x), x.shape[1], self.units), x.dtype)
        for n, sequence in enumerate(x):
            h = np.zeros(self.units, x.dtype)
            for t, inputs in enumerate(sequence):
                h = every[n, t] = np.tanh(wx.T @ inputs + wh.T @ h + b)
        return (every if self.return_sequences else every[:, -1]).copy(), (x, params, every)

    def backward(self, dout, cache):
        x, (wx, wh, b), every = cache
        dx, dwx, dwh, db = (np.zeros_like(array) for array in (x, wx, wh, b))
        for n in range(len(x)):
            dh = np.zeros_like(b)
            for t in range(x.shape[1] - 1, -1, -1):
                if self.return_sequences:
                    dh = dh + dout[n, t]
                elif t == x.shape[1] - 1:
                    dh = dout[n]
                dz = (1 - every[n, t] ** 2) * dh
                dx[n, t] = wx @ dz
                dwx += np.outer(x[n, t], dz)
                if t:
                    dwh += np.outer(every[n, t - 1], dz)
                db += dz
                dh = wh @ dz
        return dx, [dwx, dwh, db]
""",
    ),
)

LSTM_FRAME = (
    BY_CASES
    + GLOROT
    + """
class LSTMBase:
    def __init__(self, units, *, return_sequences=False):
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape, rng):
        (steps, width), h = shape, self.units
        params = [glorot(rng, width, 4 * h, width, 4 * h), glorot(rng, h, 4 * h, h, 4 * h), np.zeros(4 * h)]
        return params, (steps, h) if self.return_sequences else (h,)

    def shown(self, hs):
        return np.stack(hs, axis=1) if self.return_sequences else hs[-1]

    def upstream(self, dout, steps):
        if self.return_sequences:
            return [dout[:, t] for t in range(steps)]
        return [np.zeros_like(dout)] * (steps - 1) + [dout]

"""
)
LSTM = (
    Variant(
        "lstm_layer",
        "dictionaries_of_gates",
        source=LSTM_FRAME
        + """
class LSTM(LSTMBase):
    def forward(self, params, x, *, training=False, rng=None):
        wx, wh, b = params
        h = c = np.zeros((len(x), self.units), x.dtype)
        hs, steps = [], []
        for t in range(x.shape[1]):
            z = dict(zip("ifgo", np.split(x[:, t] @ wx + h @ wh + b, 4, axis=1)))
            gate = {name: np.tanh(z[name]) if name == "g" else s(z[name]) for name in z}
            gate.update(before=h, c_before=c)
            c = gate["f"] * c + gate["i"] * gate["g"]
            h = gate["o"] * np.tanh(c)
            gate["a"] = np.tanh(c)
            hs.append(h)
            steps.append(gate)
        return self.shown(hs), (x, wx, wh, steps)

    def backward(self, dout, cache):
        x, wx, wh, steps = cache
        upstream = self.upstream(dout, len(steps))
        dx, dwx, dwh, db = np.zeros_like(x), np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(wh[0])
        dh = dc = 0
        for t in reversed(range(len(steps))):
            gate = steps[t]
            dh = upstream[t] + dh
            dc = dc + dh * gate["o"] * (1 - gate["a"] ** 2)
            di, df, dg, do = dc * gate["g"], dc * gate["c_before"], dc * gate["i"], dh * gate["a"]
            dz = np.hstack([
                di * gate["i"] * (1 - gate["i"]),
                df * gate["f"] * (1 - gate["f"]),
                dg * (1 - gate["g"] ** 2),
                do * gate["o"] * (1 - gate["o"]),
            ])
            dx[:, t] = dz @ wx.T
            dwx += x[:, t].T @ dz
            dwh += gate["before"].T @ dz
            db += dz.sum(axis=0)
            dh, dc = dz @ wh.T, dc * gate["f"]
        return dx, [dwx, dwh, db]
""",
    ),
    Variant(
        "lstm_layer",
        "all_inputs_at_once",
        source=LSTM_FRAME
        + """
class LSTM(LSTMBase):
    def forward(self, params, x, *, training=False, rng=None):
        wx, wh, b = params
        units, steps = self.units, x.shape[1]
        gates = np.einsum("ntd,dk->tnk", x, wx) + b
        h = np.zeros((steps + 1, len(x), units), x.dtype)
        c = h.copy()
        tanh_part = slice(2 * units, 3 * units)
        for t in range(steps):
            gates[t] += h[t] @ wh
            g = np.tanh(gates[t][:, tanh_part])
            gates[t] = s(gates[t])
            gates[t][:, tanh_part] = g
            i, f, g, o = gates[t].reshape(len(x), 4, units).swapaxes(0, 1)
            c[t + 1] = i * g + f * c[t]
            h[t + 1] = np.tanh(c[t + 1]) * o
        return self.shown(list(h[1:])), (x, wx, wh, gates, h, c)

    def backward(self, dout, cache):
        x, wx, wh, gates, h, c = cache
        upstream, units = self.upstream(dout, x.shape[1]), self.units
        dz = np.zeros_like(gates)
        dc = np.zeros_like(c[0])
        for t in range(x.shape[1])[::-1]:
            later = dz[t + 1] @ wh.T if t + 1 < x.shape[1] else 0
            dh = upstream[t] + later
            i, f, g, o = gates[t].reshape(len(x), 4, units).swapaxes(0, 1)
            a = np.tanh(c[t + 1])
            dc += dh * o * (1 - a * a)
            slopes = (dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g * g), dh * a * o * (1 - o))
            np.concatenate(slopes, axis=1, out=dz[t])
            dc *= f
        grads = [np.einsum("ntd,tnk->dk", x, dz), np.einsum("tnh,tnk->hk", h[:-1], dz), np.einsum("tnk->k", dz)]
        return np.einsum("tnk,dk->ntd", dz, wx), grads
""",
    ),
    Variant(
        "lstm_layer",
        "recursive_over_time",
        source=LSTM_FRAME
        + """
class LSTM(LSTMBase):
    def forward(self, params, x, *, training=False, rng=None):
        zero = np.zeros((len(x), self.units), x.dtype)
        hs, back = self.rest(params, x, zero, zero)
        return self.shown(hs), (back, [np.zeros_like(p) for p in params], len(hs))

    def rest(self, params, x, h, c):
        if x.shape[1] == 0:
            return [], lambda upstream, grads: ([], 0, 0)
        wx, wh, b = params
        i, f, g, o = np.hsplit(x[:, 0] @ wx + h @ wh + b, 4)
        i, f, g, o = s(i), s(f), np.tanh(g), s(o)
        new_c = f * c + i * g
        a = np.tanh(new_c)
        hs, later = self.rest(params, x[:, 1:], o * a, new_c)

        def back(upstream, grads):
            dxs, dh, dc = later(upstream[1:], grads)
            dh = dh + upstream[0]
            dc = dc + dh * o * (1 - a) * (1 + a)
            slopes = i - i * i, f - f * f, 1 - g * g, o - o * o
            dz = np.concatenate([d * slope for d, slope in zip((dc * g, dc * c, dc * i, dh * a), slopes)], axis=1)
            for grad, own in zip(grads, (x[:, 0].T @ dz, h.T @ dz, dz.sum(0))):
                grad += own
            return [dz @ wx.T, *dxs], dz @ wh.T, dc * f

        return [o * a, *hs], back

    def backward(self, dout, cache):
        back, zeros, steps = cache
        grads = [zero.copy() for zero in zeros]
        dxs = back(self.upstream(dout, steps), grads)[0]
        return np.stack(dxs, axis=1), grads
""",
    ),
)

TIME_DISTRIBUTED = (
    Variant(
        "time_distributed_layer",
        "step_by_step",
        source=NUMPY
        + """
class TimeDistributed:
    def __init__(self, layer):
        self.layer = layer

    def build(self, shape, rng):
        params, inner = self.layer.build(shape[1:], rng)
        return params, (shape[0], *inner)

    def forward(self, params, x, *, training=False, rng=None):
        pairs = [self.layer.forward(params, x[:, t], training=training, rng=rng) for t in range(x.shape[1])]
        return np.stack([out for out, _ in pairs], axis=1), [cache for _, cache in pairs]

    def backward(self, dout, cache):
        dxs, grads = zip(*(self.layer.backward(dout[:, t], step) for t, step in enumerate(cache)))
        return np.stack(dxs, axis=1), [sum(of_steps) for of_steps in zip(*grads)]
""",
    ),
    Variant(
        "time_distributed_layer",
        "steps_first",
        source=NUMPY
        + """
class TimeDistributed:
    def __init__(self, layer):
        self.layer = layer

    def build(self, shape, rng):
        params, inner = self.layer.build(shape[1:], rng)
        return params, shape[:1] + tuple(inner)

    def forward(self, params, x, *, training=False, rng=None):
        samples, steps = x.shape[:2]
        out, cache = self.layer.forward(params, fold(x), training=training, rng=rng)
        return unfold(out, samples, steps), {"layer": cache, "sizes": (samples, steps)}

    def backward(self, dout, cache):
        dx, grads = self.layer.backward(fold(dout), cache["layer"])
        return unfold(dx, *cache["sizes"]), grads


def fold(x):
    return np.concatenate(list(np.moveaxis(x, 1, 0)))


def unfold(rows, samples, steps):
    return np.moveaxis(rows.reshape(steps, samples, *rows.shape[1:]), 0, 1)
""",
    ),
)

# --- models ---

COLLECTED = """
import json
import pickle

import numpy as np


def picked(y, out):
    return y if y.ndim == out.ndim else np.eye(out.shape[-1], dtype=out.dtype)[y]

"""
PICKLED = (
    COLLECTED
    + """
class Loss:
    def __init__(self, name):
        self.name = name

    def value(self, out, y):
        if self.name == "mse":
            return np.mean((out - y) ** 2)
        rows = int(np.prod(out.shape[:-1]))
        return np.sum(picked(y, out) * np.log(1 / out)) / rows

    def slope(self, out, y):
        if self.name == "mse":
            return 2 * (out - y) / out.size
        return -picked(y, out) / out / int(np.prod(out.shape[:-1]))


class SGD:
    def __init__(self, lr):
        self.lr = lr

    def step(self, key, g):
        return self.lr * g


class RMSProp(SGD):
    def __init__(self, lr):
        super().__init__(lr)
        self.squares = {}

    def step(self, key, g):
        self.squares[key] = 0.9 * self.squares.get(key, 0) + 0.1 * g**2
        return self.lr * g / (np.sqrt(self.squares[key]) + 1e-8)


class Adam(SGD):
    def __init__(self, lr):
        super().__init__(lr)
        self.slots = {}

    def step(self, key, g):
        t, m, v = self.slots.get(key, (0, 0, 0))
        t, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        self.slots[key] = t, m, v
        return self.lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


class Sequential:
    def __init__(self, input_shape, *, seed=0):
        self.rng, self.stack, self.shapes = np.random.default_rng(seed), [], [tuple(input_shape)]

    def add(self, layer):
        params, shape = layer.build(self.shapes[-1], self.rng)
        self.stack.append((layer, params))
        self.shapes.append(shape)

    def get_weights(self):
        return [array.copy() for _, params in self.stack for array in params]

    def set_weights(self, weights):
        weights = [array.copy() for array in weights]
        for _, params in self.stack:
            params[:], weights = weights[: len(params)], weights[len(params) :]

    def count_params(self):
        return sum(array.size for array in self.get_weights())

    def compile(self, loss, optimizer="sgd", *, lr=0.01, metrics=()):
        self.loss, self.metrics = Loss(loss), metrics
        self.optimiser = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam}[optimizer](lr)

    def predict(self, x, *, batch_size=32):
        parts = np.array_split(x, range(batch_size, len(x), batch_size))
        return np.concatenate([self.run(part, False)[0] for part in parts])

    def run(self, x, training):
        caches = []
        for layer, params in self.stack:
            x, cache = layer.forward(params, x, training=training, rng=self.rng)
            caches.append(cache)
        return x, caches

    def scores(self, out, y):
        right = out.argmax(-1) == picked(y, out).argmax(-1)
        return np.array([self.loss.value(out, y), *(right.mean() for _ in self.metrics)], out.dtype)

    def evaluate(self, x, y, *, batch_size=32):
        return self.scores(self.predict(x, batch_size=batch_size), y)

    def train_on_batch(self, x, y):
        out, caches = self.run(x, True)
        d = self.loss.slope(out, y)
        moves = []
        for index in reversed(range(len(self.stack))):
            d, grads = self.stack[index][0].backward(d, caches[index])
            moves += [(index, k, g) for k, g in enumerate(grads)]
        for index, k, g in moves:
            self.stack[index][1][k] = self.stack[index][1][k] - self.optimiser.step((index, k), g)
        return self.scores(out, y)

    def fit(self, x, y, *, batch_size=32, epochs=1, shuffle=True, validation_data=None, verbose=False):
        rows = []
        for epoch in range(epochs):
            order = self.rng.permutation(len(x)) if shuffle else np.arange(len(x))
            batches = [order[start : start + batch_size] for start in range(0, len(x), batch_size)]
            scores = [self.train_on_batch(x[batch], y[batch]) for batch in batches]
            row = np.average(scores, axis=0, weights=[len(batch) for batch in batches]).tolist()
            if validation_data:
                row += self.evaluate(*validation_data).tolist()
            rows.append(row)
            if verbose:
                print(f"epoch {epoch + 1} of {epochs}:", row)
        return np.array(rows, self.get_weights()[0].dtype)

    def save(self, file):
        if isinstance(file, str):
            with open(file, "wb") as opened:
                return self.save(opened)
        pickle.dump(self, file)


def load_model(file):
    if isinstance(file, str):
        with open(file, "rb") as opened:
            return load_model(opened)
    return pickle.load(file)
"""
)
FLAT_BUFFER = (
    COLLECTED
    + """
OPTIMISERS = {"sgd": (), "rmsprop": (0.9,), "adam": (0.9, 0.999)}


class Sequential:
    def __init__(self, input_shape, *, seed=0):
        self.input_shape, self.shape = tuple(input_shape), tuple(input_shape)
        self.chance = np.random.default_rng(seed)
        self.layers, self.shapes, self.flat = [], [], np.zeros(0)

    def add(self, layer):
        arrays, self.shape = layer.build(self.shape, self.chance)
        self.layers.append(layer)
        self.shapes.append([array.shape for array in arrays])
        self.flat = np.concatenate([self.flat, *(array.ravel() for array in arrays)])

    def views(self):
        start, views = 0, []
        for shapes in self.shapes:
            views.append([])
            for shape in shapes:
                stop = start + int(np.prod(shape))
                views[-1].append(self.flat[start:stop].reshape(shape))
                start = stop
        return views

    def count_params(self):
        return self.flat.size

    def get_weights(self):
        return [view.copy() for views in self.views() for view in views]

    def set_weights(self, weights):
        self.flat = np.concatenate([np.ravel(array) for array in weights])

    def compile(self, loss, optimizer="sgd", *, lr=0.01, metrics=()):
        self.loss, self.metrics, self.lr = loss, metrics, lr
        self.updates, self.averages = 0, [(decay, np.zeros_like(self.flat)) for decay in OPTIMISERS[optimizer]]

    def forward(self, x, training):
        kept = []
        for layer, params in zip(self.layers, self.views()):
            x, cache = layer.forward(params, x, training=training, rng=self.chance)
            kept.append(cache)
        return x, kept

    def predict(self, x, *, batch_size=32):
        out = None
        for start in range(0, len(x), batch_size):
            part = self.forward(x[start : start + batch_size], False)[0]
            if out is None:
                out = np.empty((len(x), *part.shape[1:]), part.dtype)
            out[start : start + batch_size] = part
        return out

    def judged(self, out, y):
        if self.loss == "mse":
            scores = [np.square(out - y).mean()]
        else:
            scores = [-np.log((out * picked(y, out)).sum(axis=-1)).mean()]
            if self.loss == "categorical_crossentropy":
                scores = [-(y * np.log(out)).sum(axis=-1).mean()]
        if "accuracy" in self.metrics:
            classes = y.argmax(axis=-1) if y.ndim == out.ndim else y
            scores.append(np.count_nonzero(out.argmax(axis=-1) == classes) / classes.size)
        return np.array(scores, dtype=out.dtype)

    def evaluate(self, x, y, *, batch_size=32):
        return self.judged(self.predict(x, batch_size=batch_size), y)

    def gradient(self, x, y):
        out, kept = self.forward(x, True)
        layers = self.layers[:]
        if self.loss == "mse":
            d = (out - y) * (2 / out.size)
        elif type(layers[-1]).__name__ == "Activation" and layers[-1].name == "softmax":
            # Loss and softmax in one: no division by a small probability.
            target = picked(y, out)
            d = (out * target.sum(axis=-1, keepdims=True) - target) / (out.size // out.shape[-1])
            layers.pop()
        else:
            d = -picked(y, out) / out / (out.size // out.shape[-1])
        pieces = []
        while layers:
            d, own = layers.pop().backward(d, kept[len(layers)])
            pieces = [*(g.ravel() for g in own), *pieces]
        return out, np.concatenate(pieces)

    def train_on_batch(self, x, y):
        out, g = self.gradient(x, y)
        self.updates += 1
        for decay, average in self.averages:
            average *= decay
            average += (1 - decay) * (g if decay == 0.9 and len(self.averages) == 2 else g * g)
        if len(self.averages) == 2:
            (decay1, mean), (decay2, square) = self.averages
            g = mean / (1 - decay1**self.updates)
            g /= np.sqrt(square / (1 - decay2**self.updates)) + 1e-8
        elif self.averages:
            g = g / (np.sqrt(self.averages[0][1]) + 1e-8)
        self.flat -= self.lr * g
        return self.judged(out, y)

    def fit(self, x, y, *, batch_size=32, epochs=1, shuffle=True, validation_data=None, verbose=False):
        history = []
        for _ in range(epochs):
            if shuffle:
                order = self.chance.permutation(len(x))
                x, y = x[order], y[order]
            total = 0
            for start in range(0, len(x), batch_size):
                part = slice(start, start + batch_size)
                total = total + self.train_on_batch(x[part], y[part]) * len(y[part])
            row = total / len(x)
            if validation_data is not None:
                row = np.append(row, self.evaluate(*validation_data))
            history.append(row)
            if verbose:
                print(row)
        return np.stack(history).astype(self.flat.dtype)

    def save(self, file):
        config = {"input_shape": self.input_shape, "layers": [described(layer) for layer in self.layers]}
        np.savez(file, flat=self.flat, config=json.dumps(config))


def described(value):
    if hasattr(value, "forward"):
        return {"class": type(value).__name__, **{name: described(part) for name, part in vars(value).items()}}
    return value


def revived(value):
    if not isinstance(value, dict):
        return value
    options = {name: revived(part) for name, part in value.items() if name != "class"}
    return globals()[value["class"]](**options)


def load_model(file):
    saved = np.load(file)
    config = json.loads(saved["config"].item())
    model = Sequential(config["input_shape"])
    for layer in config["layers"]:
        model.add(revived(layer))
    model.flat = saved["flat"]
    return model
"""
)
LINKED_LIST = (
    COLLECTED
    + """
class Link:
    # One layer, its parameters, the slots of the optimiser, and the link that follows.
    def __init__(self, layer, params):
        self.layer, self.params, self.slots, self.next = layer, params, [{} for _ in params], None

    def through(self, x, **options):
        out, _ = self.layer.forward(self.params, x, **options)
        return self.next.through(out, **options) if self.next else out

    def train(self, x, finish, rule, rng):
        out, cache = self.layer.forward(self.params, x, training=True, rng=rng)
        dout = self.next.train(out, finish, rule, rng) if self.next else finish(out)
        dx, grads = self.layer.backward(dout, cache)
        self.params = [rule(p, g, slot) for p, g, slot in zip(self.params, grads, self.slots)]
        return dx


def sgd_rule(lr):
    return lambda p, g, slot: p - lr * g


def rmsprop_rule(lr):
    def rule(p, g, slot):
        slot["s"] = slot.get("s", np.zeros_like(p)) * 0.9 + np.square(g) * (1 - 0.9)
        return p - lr / (np.sqrt(slot["s"]) + 1e-8) * g

    return rule


def adam_rule(lr):
    def rule(p, g, slot):
        slot["t"] = slot.get("t", 0) + 1
        for name, beta, new in (("m", 0.9, g), ("v", 0.999, g * g)):
            old = slot.get(name, np.zeros_like(p))
            slot[name] = old + (1 - beta) * (new - old)
        m, v = slot["m"] / (1 - 0.9 ** slot["t"]), slot["v"] / (1 - 0.999 ** slot["t"])
        return p - lr * m / (v**0.5 + 1e-8)

    return rule


RULES = {"sgd": sgd_rule, "rmsprop": rmsprop_rule, "adam": adam_rule}


def mse(out, y):
    return ((out - y) ** 2).sum() / out.size, 2 * (out - y) / out.size


def crossentropy(out, y):
    if y.ndim == out.ndim:
        count = out[..., 0].size
        return -np.vdot(y, np.log(out)) / count, -y / out / count
    rows = out.reshape(-1, out.shape[-1])
    at = np.arange(len(rows)), y.ravel()
    d = np.zeros_like(rows)
    d[at] = -1 / (rows[at] * len(rows))
    return -np.log(rows[at]).mean(), d.reshape(out.shape)


LOSSES = {"mse": mse, "categorical_crossentropy": crossentropy, "sparse_categorical_crossentropy": crossentropy}


class Sequential:
    def __init__(self, input_shape, *, seed=0):
        self.first, self.shape, self.rng = None, tuple(input_shape), np.random.default_rng(seed)

    def links(self):
        link = self.first
        while link:
            yield link
            link = link.next

    def add(self, layer):
        params, self.shape = layer.build(self.shape, self.rng)
        last = None
        for last in self.links():
            pass
        if last:
            last.next = Link(layer, params)
        else:
            self.first = Link(layer, params)

    def get_weights(self):
        return sum((link.params for link in self.links()), [])

    def set_weights(self, weights):
        for link in self.links():
            link.params, weights = weights[: len(link.params)], weights[len(link.params) :]

    def count_params(self):
        return sum(int(np.prod(w.shape)) for w in self.get_weights())

    def compile(self, loss, optimizer="sgd", *, lr=0.01, metrics=()):
        self.loss, self.rule, self.metrics = LOSSES[loss], RULES[optimizer](lr), metrics
        for link in self.links():
            link.slots = [{} for _ in link.params]

    def predict(self, x, *, batch_size=32):
        if len(x) <= batch_size:
            return self.first.through(x)
        rest = self.predict(x[batch_size:], batch_size=batch_size)
        return np.append(self.first.through(x[:batch_size]), rest, axis=0)

    def scored(self, out, y):
        hits = np.argmax(out, -1) == (np.argmax(y, -1) if y.ndim == out.ndim else y)
        return np.array([self.loss(out, y)[0]] + [np.mean(hits)] * len(self.metrics)).astype(out.dtype)

    def evaluate(self, x, y, *, batch_size=32):
        total = 0
        for start in range(0, len(x), batch_size):
            part = slice(start, start + batch_size)
            total = total + self.scored(self.first.through(x[part]), y[part]) * len(x[part])
        return total / len(x)

    def train_on_batch(self, x, y):
        scores = []

        def finish(out):
            scores.append(self.scored(out, y))
            return self.loss(out, y)[1]

        self.first.train(x, finish, self.rule, self.rng)
        return scores[0]

    def fit(self, x, y, *, batch_size=32, epochs=1, shuffle=True, validation_data=None, verbose=False):
        columns = (1 + len(self.metrics)) * (1 if validation_data is None else 2)
        history = np.zeros((epochs, columns), self.get_weights()[0].dtype)
        for row in history:
            order = np.arange(len(x))
            if shuffle:
                self.rng.shuffle(order)
            while len(order):
                batch, order = order[:batch_size], order[batch_size:]
                row[: 1 + len(self.metrics)] += self.train_on_batch(x[batch], y[batch]) * (len(batch) / len(x))
            if validation_data is not None:
                row[1 + len(self.metrics) :] = self.evaluate(*validation_data)
            if verbose:
                print("loss", row[0])
        return history

    def save(self, file):
        arrays = [(w.dtype.str, w.shape, w.ravel().tolist()) for w in self.get_weights()]
        layers = [pickle.dumps(link.layer).hex() for link in self.links()]
        text = json.dumps({"layers": layers, "arrays": arrays}).encode()
        if hasattr(file, "write"):
            file.write(text)
        else:
            with open(file, "wb") as opened:
                opened.write(text)


def load_model(file):
    if not hasattr(file, "read"):
        with open(file, "rb") as opened:
            return load_model(opened)
    saved = json.loads(file.read())
    model = Sequential(())
    arrays = [np.array(values, dtype).reshape(shape) for dtype, shape, values in saved["arrays"]]
    layers = [pickle.loads(bytes.fromhex(text)) for text in saved["layers"]]
    # Only the links are needed to predict; how many arrays each takes, its class says.
    takes = {"Dense": 2, "Conv2D": 2, "Embedding": 1, "SimpleRNN": 3, "LSTM": 3}
    for layer in reversed(layers):
        count = takes.get(type(getattr(layer, "layer", layer)).__name__, 0)
        link = Link(layer, arrays[len(arrays) - count :])
        link.next, model.first = model.first, link
        del arrays[len(arrays) - count :]
    return model
"""
)

SEQUENTIAL = (
    Variant("sequential", "classes_pickled", source=PICKLED),
    Variant("sequential", "flat_buffer_fused_softmax", source=FLAT_BUFFER),
    Variant("sequential", "linked_layers", source=LINKED_LIST),
)

WHEATS = (
    *DENSE,
    *ACTIVATION,
    *FLATTEN,
    *CONV2D,
    *POOLING,
    *EMBEDDING,
    *SIMPLE_RNN,
    *LSTM,
    *TIME_DISTRIBUTED,
    *SEQUENTIAL,
)
