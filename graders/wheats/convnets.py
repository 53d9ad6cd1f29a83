"""Unit 08: counts, convolutional networks and the one-pixel attack, written other ways."""

from graders.misconceptions.variant import Variant

COUNTS = (
    Variant(
        "conv_parameters",
        "sizes_of_real_arrays",
        source="""
import numpy as np


def conv_parameters(filters, channels, kernel, *, groups=1):
    return np.empty((filters, channels // groups, kernel, kernel)).size + np.empty(filters).size
""",
    ),
    Variant(
        "conv_parameters",
        "filter_by_filter",
        source="""
def conv_parameters(filters, channels, kernel, *, groups=1):
    count = 0
    for _ in range(filters):
        count += kernel**2 * channels // groups + 1
    return count
""",
    ),
    Variant(
        "conv_parameters",
        "numpy_integer_by_groups",
        source="""
import numpy as np


def conv_parameters(filters, channels, kernel, *, groups=1):
    a_group = np.prod([filters // groups, channels // groups, kernel, kernel]) + filters // groups
    return groups * a_group
""",
    ),
    Variant(
        "dense_parameters",
        "sizes_of_real_arrays",
        source="""
import math


def dense_parameters(channels, height, width, outputs):
    matrix, vector = (math.prod((channels, height, width)), outputs), (outputs,)
    return math.prod(matrix) + math.prod(vector)
""",
    ),
    Variant(
        "dense_parameters",
        "neuron_by_neuron",
        source="""
def dense_parameters(channels, height, width, outputs):
    return sum(channels * height * width + 1 for _ in range(outputs))
""",
    ),
    Variant(
        "dense_parameters",
        "as_a_convolution_of_full_size",
        source="""
import numpy as np


def dense_parameters(channels, height, width, outputs):
    weights = np.broadcast_to(0, (outputs, channels, height, width))
    return np.int64(weights.size + outputs)
""",
    ),
    Variant(
        "conv_block_layers",
        "list_of_layers",
        source="""
def conv_block_layers(blocks, convolutions, dense, *, pooling=1):
    layers = []
    for _ in range(blocks):
        layers.extend(["convolution"] * convolutions)
        if pooling:
            layers.append("pooling")
    layers.extend(["dense"] * dense)
    return len(layers)
""",
    ),
    Variant(
        "conv_block_layers",
        "multiplied_out",
        source="""
def conv_block_layers(blocks, convolutions, dense, *, pooling=1):
    return blocks * convolutions + blocks * pooling + dense
""",
    ),
)

ALEXNET_SIZES = (
    Variant(
        "alexnet_sizes",
        "written_out",
        source="""
def alexnet_sizes(size, classes, *, grouped=True):
    two = 2 if grouped else 1
    s1 = (size + 4 - 11) // 4 + 1
    s2 = (s1 - 3) // 2 + 1
    s3 = (s2 - 3) // 2 + 1
    s6 = (s3 - 3) // 2 + 1
    outputs = [96 * s1**2, 256 * s2**2, 384 * s3**2, 384 * s3**2, 256 * s3**2, 4096, 4096, classes]
    parameters = [
        96 * (3 * 121 + 1),
        256 * (96 // two * 25 + 1),
        384 * (256 * 9 + 1),
        384 * (384 // two * 9 + 1),
        256 * (384 // two * 9 + 1),
        4096 * (256 * s6**2 + 1),
        4096 * (4096 + 1),
        classes * (4096 + 1),
    ]
    return outputs, parameters
""",
    ),
    Variant(
        "alexnet_sizes",
        "named_tuples",
        source="""
from typing import NamedTuple

import numpy as np


class Conv(NamedTuple):
    filters: int
    kernel: int
    stride: int = 1
    halves: int = 1
    pool: bool = False


LAYERS = [Conv(96, 11, 4, pool=True), Conv(256, 5, halves=2, pool=True), Conv(384, 3)]
LAYERS += [Conv(384, 3, halves=2), Conv(256, 3, halves=2, pool=True)]


def alexnet_sizes(size, classes, *, grouped=True):
    def after(size, layer):
        zeros = 2 if layer.stride == 4 else layer.kernel // 2
        return len(range(0, size + 2 * zeros - layer.kernel + 1, layer.stride))

    outputs, parameters, channels = [], [], 3
    for layer in LAYERS:
        size = after(size, layer)
        seen = channels // layer.halves if grouped else channels
        outputs.append(layer.filters * size * size)
        parameters.append(int(np.prod([layer.filters, seen, layer.kernel, layer.kernel])) + layer.filters)
        channels = layer.filters
        if layer.pool:
            size = (size - 1) // 2
    units = channels * size**2
    for width in (4096, 4096, classes):
        outputs.append(width)
        parameters.append((units + 1) * width)
        units = width
    return outputs, parameters
""",
    ),
    Variant(
        "alexnet_sizes",
        "numpy_columns",
        source="""
import numpy as np


def alexnet_sizes(size, classes, *, grouped=True):
    first = (size - 7) // 4 + 1
    sides = [first]
    for _ in range(3):
        sides.append((sides[-1] - 1) // 2)
    filters = np.array([96, 256, 384, 384, 256], dtype=np.int64)
    side = np.array([sides[k] for k in (0, 1, 2, 2, 2)], dtype=np.int64)
    kernels = np.array([11, 5, 3, 3, 3])
    seen = np.array([3, 96, 256, 384, 384]) // (np.array([1, 2, 1, 2, 2]) if grouped else 1)
    units = np.array([256 * sides[3] ** 2, 4096, 4096, classes])
    outputs = np.concatenate([filters * side * side, units[1:]])
    parameters = np.concatenate([filters * seen * kernels**2 + filters, (units[:-1] + 1) * units[1:]])
    return list(outputs), parameters.tolist()
""",
    ),
)

CONNECTION_MASK = (
    Variant(
        "connection_mask",
        "drawn_as_in_the_paper",
        source="""
import numpy as np

TABLE = '''
X...XXX..XXXX.XX
XX...XXX..XXXX.X
XXX...XXX..X.XXX
.XXX..XXXX..X.XX
..XXX..XXXX.XX.X
...XXX..XXXX.XXX
'''


def connection_mask(like):
    marks = np.array([list(row) for row in TABLE.split()])
    return (marks == "X").T.astype(like.dtype).reshape(16, 6, 1, 1)
""",
    ),
    Variant(
        "connection_mask",
        "by_its_rule",
        source="""
import numpy as np


def connection_mask(like):
    mask = np.zeros((16, 6, 1, 1), like.dtype)
    for k in range(6):
        mask[k, [(k + i) % 6 for i in range(3)]] = 1
        mask[6 + k, [(k + i) % 6 for i in range(4)]] = 1
    for k in range(3):
        mask[12 + k, [k % 6, (k + 1) % 6, (k + 3) % 6, (k + 4) % 6]] = 1
    mask[15] = 1
    return mask
""",
    ),
    Variant(
        "connection_mask",
        "ones_less_what_is_missing",
        source="""
import numpy as np

MISSING = ["345", "045", "015", "012", "123", "234", "45", "05", "01", "12", "23", "34", "25", "03", "14", ""]


def connection_mask(like):
    mask = np.ones_like(like, shape=(16, 6, 1, 1))
    for row, missing in zip(mask, MISSING):
        for channel in missing:
            row[int(channel)] -= 1
    return mask
""",
    ),
)

# A plain convolution, stride 1 and no zeros, and its gradients.
CONV = """
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv(x, w, b):
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    return np.einsum("nchwkl,fckl->nfhw", windows, w) + b[:, None, None]


def conv_back(dz, x, w):
    windows = sliding_window_view(x, w.shape[2:], axis=(2, 3))
    dw = np.einsum("nchwkl,nfhw->fckl", windows, dz)
    dx = np.zeros_like(x)
    for k, l in np.ndindex(w.shape[2:]):
        dx[:, :, k : k + dz.shape[2], l : l + dz.shape[3]] += np.einsum("nfhw,fc->nchw", dz, w[:, :, k, l])
    return dx, dw, dz.sum(axis=(0, 2, 3))
"""
# Windows of 2 x 2 as two more axes; an odd row or column is left over.
TILES = """

def tiles(x):
    n, c, height, width = x.shape
    rows, columns = height // 2, width // 2
    return x[:, :, : 2 * rows, : 2 * columns].reshape(n, c, rows, 2, columns, 2)


def spread(dout, shape):
    dx = np.zeros(shape, dout.dtype)
    rows, columns = 2 * dout.shape[2], 2 * dout.shape[3]
    dx[:, :, :rows, :columns] = dout.repeat(2, axis=2).repeat(2, axis=3)
    return dx


def shares(x, out):
    # 1 where the largest of a window is; those that are equally large share it.
    won = tiles(x) == out[:, :, :, None, :, None]
    count = won.sum(axis=(3, 5))
    return (spread(out, x.shape) == x) / np.maximum(spread(count, x.shape), 1)
"""
# Layers that know their own backward, and a network of them.
LAYERS = """

class Affine:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dout):
        self.grads = [np.tensordot(self.x, dout, axes=(0, 0)), dout.sum(0)]
        return dout @ self.w.T


class Conv(Affine):
    def forward(self, x):
        self.x = x
        return conv(x, self.w, self.b)

    def backward(self, dout):
        dx, *self.grads = conv_back(dout, self.x, self.w)
        return dx


class Tanh:
    grads = ()

    def forward(self, x):
        self.a = np.tanh(x)
        return self.a

    def backward(self, dout):
        return dout * (1 + self.a) * (1 - self.a)


class Relu:
    grads = ()

    def forward(self, x):
        self.on = x > 0
        return np.where(self.on, x, 0)

    def backward(self, dout):
        return np.where(self.on, dout, 0)


class Mean:
    grads = ()

    def forward(self, x):
        self.shape = x.shape
        return tiles(x).mean(axis=(3, 5))

    def backward(self, dout):
        return spread(dout, self.shape) / 4


class Max:
    grads = ()

    def forward(self, x):
        out = tiles(x).max(axis=(3, 5))
        self.share = shares(x, out).astype(x.dtype)
        return out

    def backward(self, dout):
        return spread(dout, self.share.shape) * self.share


class Flat:
    grads = ()

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), x.shape[1] * x.shape[2] * x.shape[3])

    def backward(self, dout):
        return dout.reshape(self.shape)


def run(layers, x):
    for layer in layers:
        x = layer.forward(x)
    return x, layers


def run_back(layers, dout):
    for layer in layers[::-1]:
        dout = layer.backward(dout)
    return dout, [grad for layer in layers for grad in layer.grads]
"""

LENET_ORIGINAL = (
    Variant(
        "lenet_original",
        "map_by_map_only_what_is_connected",
        source=CONV
        + TILES
        + """

SEEN = [[(k + i) % 6 for i in range(3)] for k in range(6)]
SEEN += [[(k + i) % 6 for i in range(4)] for k in range(6)]
SEEN += [[0, 1, 3, 4], [1, 2, 4, 5], [2, 3, 5, 0], [0, 1, 2, 3, 4, 5]]


def lenet_original_forward(x, params):
    w1, b1, w3, b3, w5, b5, w6, b6, w7, b7 = params
    a1 = np.tanh(conv(x, w1, b1))
    s2 = tiles(a1).mean(axis=(3, 5))
    maps = [conv(s2[:, seen], w3[k : k + 1, seen], b3[k : k + 1]) for k, seen in enumerate(SEEN)]
    a3 = np.tanh(np.concatenate(maps, axis=1))
    s4 = tiles(a3).mean(axis=(3, 5))
    flat = s4.reshape(len(x), w5.shape[0])
    a5 = np.tanh(flat @ w5 + b5)
    a6 = np.tanh(a5 @ w6 + b6)
    return a6 @ w7 + b7, (x, list(params), a1, s2, a3, s4.shape, flat, a5, a6)


def lenet_original_backward(dscores, cache):
    x, params, a1, s2, a3, shape, flat, a5, a6 = cache
    w1, _, w3, _, w5, _, w6, _, w7, _ = params
    grads = [np.zeros_like(p) for p in params]
    grads[8], grads[9] = a6.T @ dscores, dscores.sum(0)
    d6 = dscores @ w7.T * (1 - a6**2)
    grads[6], grads[7] = a5.T @ d6, d6.sum(0)
    d5 = d6 @ w6.T * (1 - a5**2)
    grads[4], grads[5] = flat.T @ d5, d5.sum(0)
    d3 = spread((d5 @ w5.T).reshape(shape), a3.shape) / 4 * (1 - a3**2)
    ds2 = np.zeros_like(s2)
    for k, seen in enumerate(SEEN):
        one = slice(k, k + 1)
        back, dw, grads[3][one] = conv_back(d3[:, one], s2[:, seen], w3[one, seen])
        grads[2][k, seen] = dw[0]
        ds2[:, seen] += back
    d1 = spread(ds2, a1.shape) / 4 * (1 - a1**2)
    dx, grads[0], grads[1] = conv_back(d1, x, w1)
    return dx, grads
""",
    ),
    Variant(
        "lenet_original",
        "layer_objects",
        source=CONV
        + TILES
        + LAYERS
        + """

class Partial(Conv):
    def __init__(self, w, b):
        self.mask = connection_mask(w)
        super().__init__(w * self.mask, b)

    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[0] *= self.mask
        return dx


def lenet_original_forward(x, params):
    c1, c3, c5, f6, out = (params[k : k + 2] for k in range(0, 10, 2))
    maps = [Conv(*c1), Tanh(), Mean(), Partial(*c3), Tanh(), Mean(), Flat()]
    return run([*maps, Affine(*c5), Tanh(), Affine(*f6), Tanh(), Affine(*out)], x)


def lenet_original_backward(dscores, layers):
    return run_back(layers, dscores)
""",
    ),
    Variant(
        "lenet_original",
        "sample_by_sample",
        source=CONV
        + TILES
        + """

def one(x, params, mask):
    w1, b1, w3, b3, w5, b5, w6, b6, w7, b7 = params
    a1 = np.tanh(conv(x, w1, b1))
    s2 = tiles(a1).sum(axis=(3, 5)) * 0.25
    a3 = np.tanh(conv(s2, w3 * mask, b3))
    s4 = tiles(a3).sum(axis=(3, 5)) * 0.25
    a5 = np.tanh(s4.ravel() @ w5 + b5)
    a6 = np.tanh(a5 @ w6 + b6)
    return a6 @ w7 + b7, (a1, s2, a3, s4, a5, a6)


def lenet_original_forward(x, params):
    mask = connection_mask(params[2])
    scores = np.zeros((len(x), len(params[9])), x.dtype)
    for n in range(len(x)):
        scores[n], _ = one(x[n : n + 1], params, mask)
    return scores, {"x": x, "params": params, "mask": mask}


def lenet_original_backward(dscores, cache):
    x, params, mask = cache.values()
    w1, _, w3, _, w5, _, w6, _, w7, _ = params
    dx, total = np.zeros_like(x), [np.zeros_like(p) for p in params]
    for n, d in enumerate(dscores):
        _, (a1, s2, a3, s4, a5, a6) = one(x[n : n + 1], params, mask)
        d6 = (w7 @ d) * (1 - a6 * a6)
        d5 = (w6 @ d6) * (1 - a5 * a5)
        d3 = spread((w5 @ d5).reshape(s4.shape), a3.shape) * 0.25 * (1 - a3 * a3)
        ds2, dw3, db3 = conv_back(d3, s2, w3 * mask)
        d1 = spread(ds2, a1.shape) * 0.25 * (1 - a1 * a1)
        dx[n : n + 1], dw1, db1 = conv_back(d1, x[n : n + 1], w1)
        dense = [np.outer(s4.ravel(), d5), d5, np.outer(a5, d6), d6, np.outer(a6, d), d]
        for sum_so_far, grad in zip(total, [dw1, db1, dw3 * mask, db3, *dense]):
            sum_so_far += grad
    return dx, total
""",
    ),
)

LENET_KERAS = (
    Variant(
        "lenet_keras",
        "layer_objects",
        source=CONV
        + TILES
        + LAYERS
        + """

def lenet_keras_forward(x, params):
    pairs = list(zip(params[::2], params[1::2]))
    layers = [Conv(*pairs[0]), Relu(), Max(), Conv(*pairs[1]), Max(), Flat()]
    return run(layers + [Affine(*pair) for pair in pairs[2:]], x)


def lenet_keras_backward(dscores, layers):
    return run_back(layers, dscores)
""",
    ),
    Variant(
        "lenet_keras",
        "pools_before_it_rectifies",
        source=CONV
        + TILES
        + """

def lenet_keras_forward(x, params):
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = params
    z1 = conv(x, w1, b1)
    p1 = tiles(z1).max(axis=5).max(axis=3)
    # The largest of a window, rectified, is the largest of the rectified.
    r1 = p1.clip(min=0)
    z2 = conv(r1, w2, b2)
    p2 = tiles(z2).max(axis=5).max(axis=3)
    flat = p2.reshape(len(x), len(w3))
    h3 = flat @ w3 + b3
    h4 = h3 @ w4 + b4
    return h4 @ w5 + b5, (x, z1, p1, r1, z2, p2, flat, h3, h4, params)


def lenet_keras_backward(dscores, cache):
    x, z1, p1, r1, z2, p2, flat, h3, h4, params = cache
    w1, _, w2, _, w3, _, w4, _, w5, _ = params
    d4 = dscores @ w5.T
    d3 = d4 @ w4.T
    dp2 = (d3 @ w3.T).reshape(p2.shape)
    dz2 = spread(dp2, z2.shape) * shares(z2, p2).astype(z2.dtype)
    dr1, dw2, db2 = conv_back(dz2, r1, w2)
    dp1 = np.where(p1 > 0, dr1, 0)
    dz1 = spread(dp1, z1.shape) * shares(z1, p1).astype(z1.dtype)
    dx, dw1, db1 = conv_back(dz1, x, w1)
    dense = [flat.T @ d3, d3.sum(0), h3.T @ d4, d4.sum(0), h4.T @ dscores, dscores.sum(0)]
    return dx, [dw1, db1, dw2, db2, *dense]
""",
    ),
    Variant(
        "lenet_keras",
        "numbers_of_winners_and_closures",
        source=CONV
        + """

def pooled(x):
    n, c, height, width = x.shape
    out = np.empty((n, c, height // 2, width // 2), x.dtype)
    row, column = np.empty(out.shape, int), np.empty(out.shape, int)
    for at in np.ndindex(out.shape):
        window = x[at[:2]][2 * at[2] : 2 * at[2] + 2, 2 * at[3] : 2 * at[3] + 2]
        i, j = divmod(int(np.argmax(window)), 2)
        row[at], column[at] = 2 * at[2] + i, 2 * at[3] + j
        out[at] = window[i, j]

    def back(dout):
        dx = np.zeros(x.shape, dout.dtype)
        samples, channels = np.indices(out.shape)[:2]
        np.add.at(dx, (samples, channels, row, column), dout)
        return dx

    return out, back


def lenet_keras_forward(x, params):
    z = conv(x, params[0], params[1])
    first, unpool_first = pooled(z * (z > 0))
    second, unpool = pooled(conv(first, params[2], params[3]))
    hidden = [np.concatenate([second[:, c, i] for c in range(second.shape[1]) for i in range(second.shape[2])], axis=1)]
    for k in (4, 6, 8):
        hidden.append(hidden[-1] @ params[k] + params[k + 1])

    def backward(dout):
        grads = []
        for k in (8, 6, 4):
            grads = [hidden[k // 2 - 2].T @ dout, dout.sum(0), *grads]
            dout = dout @ params[k].T
        dfirst, dw2, db2 = conv_back(unpool(dout.reshape(second.shape)), first, params[2])
        dx, dw1, db1 = conv_back(unpool_first(dfirst) * (z > 0), x, params[0])
        return dx, [dw1, db1, dw2, db2, *grads]

    return hidden.pop(), backward


def lenet_keras_backward(dscores, cache):
    return cache(dscores)
""",
    ),
)

ONE_PIXEL = (
    Variant(
        "change_pixels",
        "image_by_image",
        source="""
import numpy as np


def change_pixels(image, candidates):
    images = np.zeros((len(candidates), *image.shape), image.dtype)
    for changed, (row, column, *values) in zip(images, candidates):
        changed[...] = image
        changed[:, int(row), int(column)] = values
    return images
""",
    ),
    Variant(
        "change_pixels",
        "repeated_and_indexed",
        source="""
import numpy as np


def change_pixels(image, candidates):
    images = image[None].repeat(len(candidates), axis=0)
    row, column = candidates[:, :2].astype(int).T
    images[np.arange(len(images)), :, row, column] = candidates[:, 2:]
    return images
""",
    ),
    Variant(
        "change_pixels",
        "blends_with_one_hot_products",
        source="""
import numpy as np


def change_pixels(image, candidates):
    _, height, width = image.shape
    row = np.eye(height, dtype=image.dtype)[np.floor(candidates[:, 0]).astype(int)]
    column = np.eye(width, dtype=image.dtype)[np.floor(candidates[:, 1]).astype(int)]
    place = np.einsum("ph,pw->phw", row, column)[:, None]
    return (1 - place) * image + place * candidates[:, 2:, None, None]
""",
    ),
    Variant(
        "change_pixels",
        "in_a_flat_image",
        source="""
import numpy as np


def change_pixels(image, candidates):
    channels, height, width = image.shape
    flat = np.tile(image.reshape(1, channels, height * width), (candidates.shape[0], 1, 1))
    place = np.trunc(candidates[:, 0]) * width + np.trunc(candidates[:, 1])
    np.put_along_axis(flat, place.astype(np.intp)[:, None, None], candidates[:, 2:, None], axis=2)
    return flat.reshape(candidates.shape[0], channels, height, width)
""",
    ),
    Variant(
        "evolve_candidates",
        "child_by_child",
        source="""
import numpy as np


def evolve_candidates(candidates, partners, *, scale=0.5):
    children = []
    for a, b, c in partners:
        child = candidates[b] - candidates[c]
        child *= scale
        child += candidates[a]
        children.append(child)
    return np.vstack(children)
""",
    ),
    Variant(
        "evolve_candidates",
        "one_hot_product",
        source="""
import numpy as np


def evolve_candidates(candidates, partners, *, scale=0.5):
    chosen = np.eye(len(candidates), dtype=candidates.dtype)[partners]
    weights = np.array([1, scale, -scale], candidates.dtype)
    return np.einsum("pkq,k->pq", chosen, weights) @ candidates
""",
    ),
    Variant(
        "evolve_candidates",
        "multiplied_out",
        source="""
def evolve_candidates(candidates, partners, *, scale=0.5):
    parents = candidates[partners]
    return parents[:, 0] + scale * parents[:, 1] - scale * parents[:, 2]
""",
    ),
    Variant(
        "select_candidates",
        "overwrites_a_copy",
        source="""
def select_candidates(candidates, children, fitness, child_fitness):
    survivors = candidates.copy()
    better = child_fitness < fitness
    survivors[better] = children[better]
    return survivors
""",
    ),
    Variant(
        "select_candidates",
        "place_by_place",
        source="""
import numpy as np


def select_candidates(candidates, children, fitness, child_fitness):
    pairs = zip(zip(fitness, candidates), zip(child_fitness, children))
    return np.array([min(pair, key=lambda one: one[0])[1] for pair in pairs])
""",
    ),
    Variant(
        "select_candidates",
        "first_of_the_least",
        source="""
import numpy as np


def select_candidates(candidates, children, fitness, child_fitness):
    both = np.stack([candidates, children])
    return both[np.argmin(np.stack([fitness, child_fitness]), axis=0), np.arange(len(fitness))]
""",
    ),
    Variant(
        "select_candidates",
        "by_choose",
        source="""
import numpy as np


def select_candidates(candidates, children, fitness, child_fitness):
    parent_stays = np.logical_not(child_fitness < fitness)
    return np.choose(parent_stays[:, np.newaxis].astype(int), (children, candidates))
""",
    ),
)

WHEATS = (
    *COUNTS,
    *ALEXNET_SIZES,
    *CONNECTION_MASK,
    *LENET_ORIGINAL,
    *LENET_KERAS,
    *ONE_PIXEL,
)
