"""Which known pattern explains a wrong tensor. Claims only what fits every element; else says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.oracle import leaves
from graders.properties.base import Finding, Item
from graders.specs.row import Row

Array = NDArray[Any]
CLOSE = 1e-6


def likely_cause(row: Row, item: Item, finding: Finding) -> str:
    """The pattern that turns the right tensor into the one that came, in words; "" when none fits."""
    got, wanted = finding.got, finding.wanted
    if got is None or wanted is None or got.shape != wanted.shape or not _telling(wanted):
        return ""
    if not np.isfinite(got).all():
        return _("a division by zero, a logarithm of zero or an overflow") if np.isfinite(wanted).all() else ""
    return next((text for pattern, text in _patterns(item, finding, wanted) if _same(got, pattern)), "")


def _telling(wanted: Array) -> bool:
    """True when the right tensor is not all zeros: no pattern can be told from another there."""
    return wanted.size > 0 and wanted.dtype.kind == "f" and bool(np.abs(wanted).max() > 0)


def _same(got: Array, pattern: Array) -> bool:
    scale = float(np.abs(pattern).max())
    return pattern.shape == got.shape and bool(np.abs(got - pattern).max() <= CLOSE * scale)


def _patterns(item: Item, finding: Finding, wanted: Array) -> Iterator[tuple[Array, str]]:
    """Candidate wrong tensors with what they mean, the most specific first."""
    yield np.zeros_like(wanted), _("it is zero everywhere")
    yield -wanted, _("the sign is wrong")
    yield from _scaled(item, wanted)
    if wanted.ndim == 2 and wanted.shape[0] == wanted.shape[1]:
        yield wanted.T, _("it is transposed")
    yield from _swapped(item, finding, wanted)


def _scaled(item: Item, wanted: Array) -> Iterator[tuple[Array, str]]:
    sizes = {name: size for name, size in item.case.sizes.items() if size > 1}
    for name, size in sizes.items():
        yield wanted * size, _("it is {name} = {size} times too large").format(name=name, size=size)
        yield wanted / size, _("it is divided by {name} = {size} once too often").format(name=name, size=size)
    for factor, text in ((2.0, _("it is twice too large")), (0.5, _("a factor 2 is missing"))):
        yield wanted * factor, text


def _swapped(item: Item, finding: Finding, wanted: Array) -> Iterator[tuple[Array, str]]:
    values = item.expected.values
    for name, tree in {**values.outputs, **values.gradients}.items():
        for leaf in leaves(tree):
            if name != finding.tensor.partition("[")[0] and leaf.shape == wanted.shape:
                yield leaf, _("it is {name}: two results are swapped").format(name=name)
    for name, dout in zip(item.row.differentiated, item.douts, strict=True):
        if dout.shape == wanted.shape:
            yield dout, _("it is the upstream gradient d{name} itself, unchanged").format(name=name)
