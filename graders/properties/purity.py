"""Purity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from graders import cases
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, changed_inputs, once, stopped
from graders.sandbox.program import Program, Reply, Value


@once
def program(item: Item) -> Program:
    """Two live calls, backward on the first, everything again on the same arrays, and the arrays themselves."""
    first, again, other = item.forward(), item.forward(), item.forward(other_arguments(item))
    if item.row.kind == "function":
        return item.program(first, other, again, echo=True)
    backward, repeated, fresh = (item.backward(item.douts, call) for call in (0, 0, 4))
    return item.program(first, other, backward, repeated, again, fresh, echo=True)


def other_arguments(item: Item) -> dict[str, Any]:
    """Arguments of the same shapes and other values."""
    if item.case.example >= 0:
        return item.copied_args()
    return cases.arguments(item.row, item.case, item.seed ^ 1)


def check_purity(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Are the inputs left as they were, and does the same call give the same answer again?"""
    asked = program(item)
    ended = stopped(item, reply, asked, earlier)
    if ended:
        return ended
    return Judged(tuple([*_mutations(item, reply, asked), *_repeats(item, reply)][:1]))


def _mutations(item: Item, reply: Reply, asked: Program) -> Iterator[Finding]:
    names = _names(item)
    for changed, sent, back in changed_inputs(asked, reply):
        function, name = names.get(id(changed), (item.row.functions[0], _("an input")))
        text = _("changes its input {name}: work on a copy").format(name=name)
        yield Finding(function, text, name, back, sent, outline=text)


def _names(item: Item) -> dict[int, tuple[str, str]]:
    """Function and argument name of every input array of the item, by identity."""
    names: dict[int, tuple[str, str]] = {}
    for name, value in item.args.items():
        for given in [value, *value] if isinstance(value, list) else [value]:
            names[id(given)] = (item.row.functions[0], name)
    for output, dout in zip(item.row.differentiated, item.douts, strict=True):
        names[id(dout)] = (item.row.functions[-1], "d" + output)
    return names


def _repeats(item: Item, reply: Reply) -> Iterator[Finding]:
    forward, *backward = item.row.functions
    calls = reply.calls
    again = 2 if item.row.kind == "function" else 4
    if not _same(calls[0].values, calls[again].values):
        yield Finding(forward, _("gives another answer when called again with the same arrays"))
    if backward and not _same(calls[2].values, calls[3].values):
        yield Finding(backward[0], _("gives another answer when called again with the same cache"))
    if backward and not _same(calls[2].values, calls[5].values):
        yield Finding(
            backward[0],
            _("gives another answer after the forward was called on other arrays in between"),
            hint=_("something is kept outside the cache, in a global or an attribute"),
        )


def _same(left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))


def _equal(left: Value, right: Value) -> bool:
    if left.kind != right.kind or not _same(left.items, right.items):
        return False
    if left.array is None or right.array is None:
        return left.array is right.array
    if left.array.shape != right.array.shape:
        return False
    if np.array_equal(left.array, right.array):
        return True
    if left.array.dtype.kind not in "fiu":
        return False
    close = 1e-6 if left.array.dtype == np.float32 else 1e-12
    finite = left.array[np.isfinite(left.array)].astype(np.float64)
    scale = float(np.abs(finite).max(initial=0.0))
    return bool(np.allclose(left.array, right.array, rtol=0, atol=close * scale, equal_nan=True))


PURITY = Property("purity", "purity", check_purity.__doc__ or "", program, check_purity, percent=5)
