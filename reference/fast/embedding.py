"""Looking rows up, and adding them back together."""

import numpy as np

from reference.checks import require, require_shape
from reference.fast.pieces import require_classes
from reference.namespace import Array, Cache

PASSES = 16
"""Occurrences of a row that are added one by one; of more, the sums are made over the sorted rows."""


def embedding_forward(tokens: Array, table: Array) -> tuple[Array, Cache]:
    """As reference.embedding.embedding_forward."""
    require_shape("tokens", tokens, ("N", "T"))
    require_shape("table", table, ("V", "E"))
    require_classes("tokens", tokens, table.shape[0])
    return np.take(table, tokens, axis=0), (tokens, table.shape)


def embedding_backward(dout: Array, cache: Cache) -> Array:
    """As reference.embedding.embedding_backward."""
    tokens, shape = cache
    require_shape("dout", dout, (*tokens.shape, shape[1]))
    dtable = np.zeros(shape, dout.dtype)
    rows = dout.reshape(-1, shape[1])
    add_rows(dtable, tokens.reshape(-1), rows)
    return dtable


def add_rows(table: Array, tokens: Array, rows: Array) -> None:
    """table[tokens[k]] += rows[k] for every k, in place.

    Once sorted by token, the first occurrences are all different, and so are the second ones: each such set is added
    at once.
    """
    if not tokens.size:
        return
    order = np.argsort(tokens, kind="stable")
    ordered = tokens[order]
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(first, append=len(ordered))
    if counts.max() > PASSES:
        table[ordered[first]] += np.add.reduceat(rows[order], first, axis=0)
        return
    table[ordered[first]] = rows[order[first]]
    for occurrence in range(1, counts.max()):
        places = first[counts > occurrence] + occurrence
        table[ordered[places]] += rows[order[places]]


def one_hot(labels: Array, num_classes: int) -> Array:
    """As reference.encoding.one_hot."""
    require(num_classes >= 1, "num_classes", num_classes, "at least 1")
    require_shape("labels", labels, ("N",))
    require_classes("labels", labels, num_classes)
    codes = np.zeros((labels.shape[0], num_classes))
    codes.reshape(-1)[np.arange(0, codes.size, num_classes) + labels] = 1
    return codes
