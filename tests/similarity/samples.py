"""Three ways to write one task, and one of them again with other names."""

from __future__ import annotations

import re

ANN = """
import numpy as np


def affine_forward(x, w, b):
    rows, columns = x.shape[0], w.shape[1]
    out = np.empty((rows, columns), dtype=x.dtype)
    for n in range(rows):
        for m in range(columns):
            out[n, m] = (x[n] * w[:, m]).sum() + b[m]
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = np.zeros_like(x)
    for n in range(len(x)):
        for d in range(x.shape[1]):
            dx[n, d] = sum(dout[n, m] * w[d, m] for m in range(w.shape[1]))
    dw = np.stack([x[:, d] @ dout for d in range(x.shape[1])])
    db = np.zeros_like(b)
    for row in dout[::-1]:
        db += row
    return dx, dw, db
"""
BOB = """
import numpy as np


def affine_forward(x, w, b):
    with_ones = np.hstack([x, np.ones((x.shape[0], 1), x.dtype)])
    stacked = np.vstack([w, b[None, :]])
    return np.matmul(with_ones, stacked), dict(inputs=with_ones, weights=stacked)


def affine_backward(dout, cache):
    gradient = np.einsum("ni,nj->ij", cache["inputs"], dout)
    back = np.einsum("nj,ij->ni", dout, cache["weights"])
    last = len(gradient) - 1
    assert last >= 0
    return back[:, :last], gradient[:last, :], gradient[last, :]
"""
CEM = """
import numpy as np


class Affine:
    def __init__(self, weights, bias):
        self.weights = weights
        self.bias = bias

    def ahead(self, inputs):
        self.inputs = inputs
        product = np.tensordot(inputs, self.weights, axes=1)
        product += self.bias
        return product

    def back(self, upstream):
        transposed = np.transpose(self.inputs)
        return [np.tensordot(upstream, self.weights.T, axes=1), transposed.dot(upstream), np.add.reduce(upstream)]


def affine_forward(x, w, b):
    layer = Affine(w, b)
    return layer.ahead(x), layer


def affine_backward(dout, cache):
    first, second, third = cache.back(dout)
    return first, second, third
"""
RENAMED = re.sub(r"\brows\b", "count", re.sub(r"\bdx\b", "grad_x", ANN.replace("x[n]", "x[ n ]"))).replace(
    "    for n in", "    # every sample by itself\n    for n in"
)
