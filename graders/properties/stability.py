"""Numerical stability: hostile inputs in float32, against float64."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from graders import judging
from graders.i18n import _
from graders.oracle import leaves
from graders.properties.base import Earlier, Finding, Item, Judged, Property, stopped, values_by_name
from graders.properties.compare import not_finite, number, position
from graders.properties.conform import conform
from graders.properties.run import run_once
from graders.sandbox.program import Reply
from graders.specs.row import Hostile
from graders.verdict import Status

U32 = 2.0**-24
DIGITS = 7
"""Decimal digits of float32."""
PART, HALF = 1000.0, 0.5
"""Up to so many times the fair error earns half of the points."""


def check_stability(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does it keep its digits on inputs that are large, tiny or nearly equal?

    The first output must be within the row's limit, and everything finite; gradients within the tolerance rule.
    Work that is wrong on ordinary inputs is not charged again.
    """
    ended = stopped(item, reply, run_once(item), earlier)
    if ended:
        return ended
    hostile = item.row.hostile[item.case.hostile]
    values = values_by_name(item, reply, 0, 1 if item.row.kind == "pair" else None)
    judged: list[Judged] = []
    for name, wanted in item.expected.values.everything.items():
        gradient = name in item.expected.values.gradients
        if earlier.get(f"gradient {name}" if gradient else "forward") is not Status.PASSED:
            continue
        where = item.row.functions[1 if gradient else 0]
        for index, form in enumerate(conform(name, values[name], wanted, "float32")):
            if form.array is None or form.wanted.dtype.kind != "f" or not form.wanted.size:
                continue
            if not np.isfinite(form.array).all():
                finding = Finding(where, not_finite(form.label, form.array), form.label, form.array, form.wanted)
                judged.append(_lost(finding, hostile, 0.0))
            elif name == item.row.outputs[0]:
                judged.append(_against_limit(item, where, form.label, form.array, form.wanted, hostile))
            elif gradient:
                spreads = functools.partial(item.expected.spreads, name, index)
                judgement = judging.judge(form.array, form.wanted, U32, spreads)
                if not (judgement.right or judgement.inconclusive):
                    text = _words(form.label, judgement.worst, form.array, form.wanted)
                    finding = Finding(where, text, form.label, form.array, form.wanted, judgement.error)
                    judged.append(_lost(finding, hostile, 0.0))
    found = [one for one in judged if one.findings]
    if not found:
        blocked = "" if earlier.get("forward") is Status.PASSED else "forward"
        return Judged(blocked=blocked, error=max((one.error for one in judged), default=0.0))
    findings = tuple(finding for one in found for finding in one.findings)
    return Judged(findings, error=max(one.error for one in found), credit=min(one.credit for one in found))


def _against_limit(
    item: Item, where: str, label: str, got: NDArray[np.float64], wanted: NDArray[np.float64], hostile: Hostile
) -> Judged:
    """The output by the row's own limit: full, part or none."""
    args = {name: [np.asarray(leaf, np.float64) for leaf in leaves(value)] for name, value in item.args.items()}
    limit = hostile.limit({name: value[0] for name, value in args.items()}, wanted)
    allowed = np.broadcast_to(U32 * np.asarray(limit, np.float64), wanted.shape) + np.finfo(np.float32).tiny
    ratio = np.abs(np.asarray(got, np.float64) - wanted) / allowed
    worst = tuple(int(i) for i in np.unravel_index(int(ratio.argmax()), ratio.shape))
    error = float(ratio[worst])
    if error <= 1:
        return Judged(error=error)
    finding = Finding(where, _words(label, worst, got, wanted), label, got, wanted, error)
    return _lost(finding, hostile, HALF if error <= PART else 0.0)


def _words(label: str, worst: tuple[int, ...], got: NDArray[np.float64], wanted: NDArray[np.float64]) -> str:
    scale = max(float(np.abs(wanted[worst])), float(np.finfo(np.float32).tiny))
    wrong = max(abs(float(got[worst]) - float(wanted[worst])) / scale, U32)
    digits = min(DIGITS, max(1, round(DIGITS + math.log10(wrong))))
    return _(
        "{label} loses {digits} of {all} digits on hostile inputs, most at {at}: got {got}, wanted {wanted}"
    ).format(
        label=label, digits=digits, all=DIGITS, at=position(worst), got=number(got[worst]), wanted=number(wanted[worst])
    )


def _lost(finding: Finding, hostile: Hostile, credit: float) -> Judged:
    found = Finding(
        finding.where, finding.what, finding.tensor, finding.got, finding.wanted, finding.error, hint=_(hostile.remedy)
    )
    return Judged((found,), error=min(finding.error, 1e18), credit=credit)


QUESTION = (check_stability.__doc__ or "").split("\n")[0]
STABILITY = Property("stability", "stability", QUESTION, run_once, check_stability, percent=5)
