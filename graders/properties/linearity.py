"""Linearity of the backward in the upstream gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders import judging
from graders.i18n import _
from graders.properties.base import Earlier, Finding, Item, Judged, Property, once, stopped, values_by_name
from graders.properties.compare import position, told_apart
from graders.properties.conform import numbers
from graders.sandbox.program import Program, Reply

Array = NDArray[Any]
A, B = 2.0, -3.0


@once
def program(item: Item) -> Program:
    """Backward of u, of v and of A u + B v, each on a cache of its own."""
    u, v = item.douts, item.other_upstream(1)
    mixed = [np.asarray(A * one + B * other) for one, other in zip(u, v, strict=True)]
    calls = []
    for index, douts in enumerate((u, v, mixed)):
        calls += [item.forward(item.copied_args()), item.backward(douts, 2 * index)]
    return item.program(*calls)


def check_linearity(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Is the backward linear: does a sum of upstream gradients give the sum of the gradients?"""
    ended = stopped(item, reply, program(item), earlier)
    if ended:
        return ended
    findings: list[Finding] = []
    runs = [values_by_name(item, reply, 2 * index, 2 * index + 1) for index in range(3)]
    for name in item.row.gradients:
        three = [numbers(run[name], item.is_list(name)) for run in runs]
        if any(arrays is None for arrays in three) or not _alike([arrays or [] for arrays in three]):
            return Judged(blocked="shape")
        for index, (u, v, mixed) in enumerate(zip(*(arrays or [] for arrays in three), strict=True)):
            findings += _departure(item, name, index, u, v, mixed)
    return Judged(tuple(findings))


def _alike(runs: list[list[Array]]) -> bool:
    return len({tuple(array.shape for array in arrays) for arrays in runs}) == 1


def _departure(item: Item, label: str, index: int, u: Array, v: Array, mixed: Array) -> list[Finding]:
    with np.errstate(over="ignore", invalid="ignore"):  # of infinities, which are not judged here
        wanted = A * u.astype(np.float64) + B * v.astype(np.float64)
    if not (np.isfinite(wanted).all() and np.isfinite(mixed).all()) or not wanted.size:
        return []  # NaN and infinity are the gradient's own findings
    scale = float((np.abs(A * u) + np.abs(B * v)).max())  # the sum may cancel, its terms' rounding does not
    unit = max(judging.precision(u), judging.precision(v), judging.precision(mixed))
    difference = np.abs(mixed - wanted)
    if (difference <= judging.C * unit * scale).all():
        return []
    excess = difference
    for spread in item.expected.spreads(label, index):
        largest = float(spread.max(initial=0.0))  # the submission's own shape may differ from the oracle's
        excess = difference - judging.C * unit * max(scale, (abs(A) + abs(B)) * largest)
        if (excess <= 0).all():
            return []
    worst = tuple(int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
    got, needed = told_apart(mixed[worst], wanted[worst])
    text = _("{label} is not linear in the upstream gradient: at {at} got {got}, wanted {wanted}").format(
        label=label, at=position(worst), got=got, wanted=needed
    )
    hint = _("the backward looks at the values of the upstream gradient, instead of only multiplying by it")
    return [Finding(item.row.functions[1], text, label, mixed, wanted, hint=hint)]


LINEARITY = Property("linearity", "linearity", check_linearity.__doc__ or "", program, check_linearity, percent=5)
