"""float32 in, float32 out."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders import cases, judging
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, once, stopped, values_by_name
from graders.properties.compare import position, told_apart
from graders.properties.conform import conform, is_number
from graders.sandbox.program import Program, Reply

Array = NDArray[Any]
U32 = 2.0**-24


def widened(args: Mapping[str, Any]) -> dict[str, Any]:
    """The same numbers in float64."""
    return {
        name: [cases.cast(v, "float64") for v in value] if isinstance(value, list) else cases.cast(value, "float64")
        for name, value in args.items()
    }


@once
def program(item: Item) -> Program:
    """The task on float32 arrays, then on the same numbers in float64."""
    if item.row.kind == "function":
        return item.program(item.forward(), item.forward(widened(item.copied_args())))
    wide = [dout.astype(np.float64) for dout in item.douts]
    return item.program(
        item.forward(), item.backward(item.douts, 0), item.forward(widened(item.copied_args())), item.backward(wide, 2)
    )


def check_single(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does float32 in give float32 out, as exact as float32 allows?

    Measured against the submission's own float64 answer, so that a mistake elsewhere costs nothing here.
    """
    ended = stopped(item, reply, program(item), earlier)
    if ended:
        return ended
    pair = item.row.kind == "pair"
    narrow = values_by_name(item, reply, 0, 1 if pair else None)
    wide = values_by_name(item, reply, 2 if pair else 1, 3 if pair else None)
    values, findings = item.expected.values, []
    for name, wanted in {**values.outputs, **values.gradients}.items():
        where = item.row.functions[1 if name in values.gradients else 0]
        pairs = zip(conform(name, narrow[name], wanted, "float32"), conform(name, wide[name], wanted), strict=False)
        for index, (single, double) in enumerate(pairs):
            if single.array is None or double.array is None or wanted_is_integer(single.wanted):
                continue  # its form is the property "shape"'s own finding
            if single.array.dtype != np.float32 and not is_number(narrow[name]):
                findings.append(_upcast(where, single.label, single.array))
            else:
                findings += _lost(item, where, name, index, single.array, double.array)
    return Judged(tuple(findings))


def wanted_is_integer(wanted: Array) -> bool:
    """True for outputs that count or point: their dtype does not follow the input's."""
    return wanted.dtype.kind != "f"


def _upcast(where: str, label: str, got: Array) -> Finding:
    text = _("{label} is {got} for float32 inputs, but should stay float32").format(label=label, got=got.dtype.name)
    return Finding(
        where, text, label, outline=text, hint=_("a float64 array (np.zeros, np.eye, np.array) joined the computation")
    )


def _lost(item: Item, where: str, name: str, index: int, single: Array, double: Array) -> list[Finding]:
    if not np.isfinite(double).all():
        return []
    if not np.isfinite(single).all():
        return [Finding(where, _("{label} is not finite in float32").format(label=name), name, single, double)]

    spreads = functools.partial(item.expected.spreads, name, index)
    judgement = judging.judge(single, double.astype(np.float64), U32, spreads)
    if judgement.right or judgement.inconclusive:
        return []
    got, wanted = told_apart(single[judgement.worst], double[judgement.worst])
    text = _("{label} loses digits in float32, most at {at}: got {got}, wanted {wanted}").format(
        label=name, at=position(judgement.worst), got=got, wanted=wanted
    )
    return [Finding(where, text, name, single, double, judgement.error)]


QUESTION = (check_single.__doc__ or "").split("\n")[0]
SINGLE = Property("float32", "float32", QUESTION, program, check_single, percent=5)
