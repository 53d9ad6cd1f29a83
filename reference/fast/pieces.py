"""Cutting arrays into pieces that stay in the cache."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from reference.checks import require, require_shape
from reference.namespace import Array

PIECE = 1 << 16
"""Elements of a piece: with float32 a few of them fit in a level-2 cache, and a call's overhead is small beside it."""


def flat(x: Array) -> Array:
    """Its elements in C order, a view where that is possible."""
    return np.ascontiguousarray(x).reshape(-1)


def slices(size: int, step: int = PIECE) -> Iterator[slice]:
    """Pieces of 0 .. size - 1."""
    return (slice(start, start + step) for start in range(0, size, step))


def row_slices(rows: int, width: int) -> Iterator[slice]:
    """Whole rows, about a piece at a time."""
    return slices(rows, max(1, PIECE // max(width, 1)))


@lru_cache(maxsize=64)
def ones(size: int, dtype: np.dtype) -> Array:
    """A vector of ones, to sum with: a product adds faster than a sum does. Read only, and kept."""
    vector = np.ones(size, dtype)
    vector.flags.writeable = False
    return vector


@lru_cache(maxsize=8)
def zeros(dtype: np.dtype) -> Array:
    """A piece of zeros, to compare with: a maximum of two arrays takes a fifth of one with a number. Read only."""
    vector = np.zeros(PIECE, dtype)
    vector.flags.writeable = False
    return vector


def scratch(size: int, dtype: np.dtype) -> Array:
    """Room for a piece of an array of that size."""
    return np.empty(min(size, PIECE), dtype)


def row_scratch(shape: tuple[int, ...], dtype: np.dtype) -> Array:
    """Room for the rows of a piece."""
    return np.empty((min(shape[0], max(1, PIECE // max(shape[1], 1))), shape[1]), dtype)


def require_classes(name: str, labels: Array, classes: int) -> None:
    """As require_labels and require_tokens, with two reductions."""
    require(labels.dtype.kind in "iu", name, f"of dtype {labels.dtype}", "of an integer dtype")
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise ValueError(f"{name} has values that are not in 0 .. {classes - 1}")


def per_sample(dloss: Array | float, reduction: str, samples: int, dtype: np.dtype) -> Array:
    """The upstream gradient of every sample's loss: a scalar where it is the same for all."""
    upstream = np.asarray(dloss, dtype)
    require_shape("dloss", upstream, (samples,) if reduction == "none" else ())
    return upstream / np.asarray(samples, dtype) if reduction == "mean" else upstream


def reduced(total: Array, reduction: str, samples: int) -> Array:
    """The sum of the losses, or their mean."""
    if reduction == "sum":
        return total
    require(reduction == "mean", "reduction", repr(reduction), '"mean", "sum" or "none"')
    require(samples > 0, "N", samples, "at least 1 for a mean")
    return total / total.dtype.type(samples)
