"""The layers of the framework: each knows its configuration, never its parameters, and keeps nothing of a call.

Every layer has the same three methods, so that a model can line up any of them:
    build(shape, rng) -> params, shape      parameters, and the shape of one sample's output
    forward(params, x, *, training=False, rng=None) -> out, cache
    backward(dout, cache) -> dx, grads      grads in the order of params; dx is None where x is integers
"""

from math import sqrt

import numpy as np

from reference.activations import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward
from reference.affine import affine_backward, affine_forward
from reference.checks import require
from reference.dropout import dropout_backward, dropout_forward
from reference.namespace import Array, Cache, array_namespace
from reference.rectifiers import relu_backward, relu_forward
from reference.softmax import softmax_backward, softmax_forward


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int, shape: tuple[int, ...]) -> Array:
    """Independent draws of U(-r, r), r = sqrt(6 / (fan_in + fan_out)), in any shape (Glorot & Bengio 2010, eq. 16)."""
    bound = sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


class Dense:
    """Affine layer on vectors, out = x w + b.

    Parameters: w (D, units), b (units,).
    Convention: linear; the activation is a layer of its own.
    Source: Keras, Dense; Goodfellow et al. 2016, section 6.5.
    """

    def __init__(self, units: int) -> None:
        """A layer of `units` outputs; ValueError when that is not at least 1."""
        require(units >= 1, "units", units, "at least 1")
        self.units = units

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """Parameters for samples of shape (D,): w by Glorot's rule, b zero; and the output's shape, (units,).

        Args:
            shape: of one sample; ValueError unless it is (D,).
            rng: source of chance.
        """
        require(len(shape) == 1, "shape", shape, "(D,)")
        return [glorot_uniform(rng, shape[0], self.units, (shape[0], self.units)), np.zeros(self.units)], (self.units,)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """Out = x w + b: x (N, D), out (N, units), and a cache for backward."""
        return affine_forward(x, *params)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """Dx (N, D), and [dw, db]."""
        dx, dw, db = affine_backward(dout, cache)
        return dx, [dw, db]


def unchanged(x: Array) -> tuple[Array, Cache]:
    """The activation that does nothing."""
    return x, x.shape


def unchanged_gradient(dout: Array, cache: Cache) -> Array:
    """Its gradient."""
    return dout


LAYER_ACTIVATIONS = {
    "linear": (unchanged, unchanged_gradient),
    "sigmoid": (sigmoid_forward, sigmoid_backward),
    "tanh": (tanh_forward, tanh_backward),
    "relu": (relu_forward, relu_backward),
    "softmax": (softmax_forward, softmax_backward),
}


class Activation:
    """An activation, elementwise but for softmax, which is over the last axis.

    Parameters: none.
    Source: Keras, Activation.
    """

    def __init__(self, name: str) -> None:
        """`name` is "linear", "sigmoid", "tanh", "relu" or "softmax"; ValueError for any other."""
        require(name in LAYER_ACTIVATIONS, "name", repr(name), "one of " + ", ".join(LAYER_ACTIVATIONS))
        self.name = name

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """No parameters; the shape stays."""
        return [], shape

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """The activation of x, any shape (N, ...), and a cache for backward."""
        return LAYER_ACTIVATIONS[self.name][0](x)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and no gradients."""
        return LAYER_ACTIVATIONS[self.name][1](dout, cache), []


class Flatten:
    """Everything but the batch in one axis, row-major.

    Parameters: none.
    Source: Keras, Flatten.
    """

    def __init__(self) -> None:
        """There is nothing to configure."""

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """No parameters; the output's shape is (product of shape,)."""
        size = 1
        for axis in shape:
            size *= axis
        return [], (size,)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """X (N, ...) as (N, D), and a cache for backward."""
        size = 1
        for axis in x.shape[1:]:
            size *= axis
        return array_namespace(x).reshape(x, (x.shape[0], size)), x.shape

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """Dx in the shape of x, and no gradients."""
        return array_namespace(dout).reshape(dout, cache), []


class Dropout:
    """Inverted dropout: in training each element is dropped with probability p_drop, what stays is enlarged.

    Parameters: none.
    Source: Keras, Dropout; Srivastava et al. 2014, section 10.
    """

    def __init__(self, p_drop: float) -> None:
        """ValueError unless p_drop, the share that is dropped, is in [0, 1)."""
        require(0 <= p_drop < 1, "p_drop", p_drop, "in [0, 1)")
        self.p_drop = p_drop

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """No parameters; the shape stays."""
        return [], shape

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """X itself unless training; the mask is drawn from rng, which training needs."""
        xp = array_namespace(x)
        if not training:
            return x, None
        if rng is None:
            raise ValueError("rng is None, but should be a generator in training")
        keep = xp.asarray(rng.random(tuple(x.shape)) >= self.p_drop, device=x.device)
        return dropout_forward(x, keep, p_drop=self.p_drop)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and no gradients."""
        return (dout if cache is None else dropout_backward(dout, cache)), []
