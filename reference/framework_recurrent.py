"""Layers of the framework for sequences, (N, T, D)."""

from typing import Any

import numpy as np

from reference.checks import require
from reference.embedding import embedding_backward, embedding_forward
from reference.framework_layers import glorot_uniform
from reference.lstm import lstm_backward, lstm_forward
from reference.namespace import Array, Cache, array_namespace
from reference.srn import srn_backward, srn_forward


class Embedding:
    """A vector for each token.

    Parameters: table (words, width).
    Source: Keras, Embedding; Bengio et al. 2003.
    """

    def __init__(self, words: int, width: int) -> None:
        """ValueError unless both are at least 1."""
        require(words >= 1, "words", words, "at least 1")
        require(width >= 1, "width", width, "at least 1")
        self.words, self.width = words, width

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """A table, uniform in [-.05, .05] as in Keras, for sequences of shape (T,); and (T, width)."""
        require(len(shape) == 1, "shape", shape, "(T,)")
        return [rng.uniform(-0.05, 0.05, (self.words, self.width))], (shape[0], self.width)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """(N, T, width) of tokens (N, T), and a cache for backward."""
        return embedding_forward(x, *params)

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """None, since tokens have no gradient, and [dtable]."""
        return None, [embedding_backward(dout, cache)]


class SimpleRNN:
    """A simple recurrent layer with tanh, from the zero state.

    Parameters: wx (D, H), wh (H, H), b (H,).
    Source: Keras, SimpleRNN; Elman 1990.
    """

    def __init__(self, units: int, *, return_sequences: bool = False) -> None:
        """ValueError unless units, H, is at least 1; return_sequences: every output, not only the last."""
        require(units >= 1, "units", units, "at least 1")
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """Parameters for sequences of shape (T, D), by Glorot's rule, b zero; and (T, H) or (H,)."""
        require(len(shape) == 2, "shape", shape, "(T, D)")
        wide = self.units
        params = [
            glorot_uniform(rng, shape[1], wide, (shape[1], wide)),
            glorot_uniform(rng, self.units, wide, (self.units, wide)),
            np.zeros(wide),
        ]
        return params, (shape[0], self.units) if self.return_sequences else (self.units,)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """(N, T, H) with return_sequences, else (N, H); from the zero state; and a cache for backward."""
        xp = array_namespace(x)
        start = xp.zeros((x.shape[0], self.units), dtype=params[0].dtype, device=x.device)
        h, cache = srn_forward(x, start, *params)
        return (h if self.return_sequences else h[:, -1, :]), (cache, tuple(h.shape))

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and [dwx, dwh, db]."""
        steps, shape = cache
        dh = dout if self.return_sequences else at_last_step(dout, shape)
        dx, _, *grads = srn_backward(dh, steps)
        return dx, grads


class LSTM:
    """A long short-term memory, from the zero state.

    Parameters: wx (D, 4H), wh (H, 4H), b (4H,), in blocks i, f, g, o.
    Source: Keras, LSTM; Hochreiter & Schmidhuber 1997.
    """

    def __init__(self, units: int, *, return_sequences: bool = False) -> None:
        """ValueError unless units, H, is at least 1; return_sequences: every output, not only the last."""
        require(units >= 1, "units", units, "at least 1")
        self.units, self.return_sequences = units, return_sequences

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """Parameters for sequences of shape (T, D), by Glorot's rule, b zero; and (T, H) or (H,)."""
        require(len(shape) == 2, "shape", shape, "(T, D)")
        wide = 4 * self.units
        params = [
            glorot_uniform(rng, shape[1], wide, (shape[1], wide)),
            glorot_uniform(rng, self.units, wide, (self.units, wide)),
            np.zeros(wide),
        ]
        return params, (shape[0], self.units) if self.return_sequences else (self.units,)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """(N, T, H) with return_sequences, else (N, H); from the zero state; and a cache for backward."""
        xp = array_namespace(x)
        start = xp.zeros((x.shape[0], self.units), dtype=params[0].dtype, device=x.device)
        h, _, cache = lstm_forward(x, start, start, *params)
        return (h if self.return_sequences else h[:, -1, :]), (cache, tuple(h.shape))

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and [dwx, dwh, db]."""
        steps, shape = cache
        dh = dout if self.return_sequences else at_last_step(dout, shape)
        dx, _, _, *grads = lstm_backward(dh, array_namespace(dh).zeros_like(dh[:, 0, :]), steps)
        return dx, grads


class TimeDistributed:
    """Any layer at every step of a sequence, with the same parameters.

    Parameters: those of the layer.
    Source: Keras, TimeDistributed.
    """

    def __init__(self, layer: Any) -> None:
        """A layer that works on single samples."""
        self.layer = layer

    def build(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[list[Array], tuple[int, ...]]:
        """The layer's parameters for a step; and (T, ...) of its output."""
        params, inner = self.layer.build(shape[1:], rng)
        return params, (shape[0], *inner)

    def forward(
        self, params: list[Array], x: Array, *, training: bool = False, rng: np.random.Generator | None = None
    ) -> tuple[Array, Cache]:
        """The layer on all steps of all samples at once, and a cache for backward."""
        xp = array_namespace(x)
        steps = xp.reshape(x, (-1, *x.shape[2:]))
        out, cache = self.layer.forward(params, steps, training=training, rng=rng)
        return xp.reshape(out, (*x.shape[:2], *out.shape[1:])), (cache, tuple(x.shape))

    def backward(self, dout: Array, cache: Cache) -> tuple[Array, list[Array]]:
        """dx, and the layer's gradients, summed over the steps."""
        inner, shape = cache
        xp = array_namespace(dout)
        dx, grads = self.layer.backward(xp.reshape(dout, (-1, *dout.shape[2:])), inner)
        return xp.reshape(dx, shape), grads


def at_last_step(dlast: Array, shape: tuple[int, ...]) -> Array:
    """(N, T, H) zero but for the last step."""
    xp = array_namespace(dlast)
    silent = xp.zeros((shape[0], shape[1] - 1, shape[2]), dtype=dlast.dtype, device=dlast.device)
    return xp.concat([silent, dlast[:, None, :]], axis=1)
