"""Numerical stability: hostile inputs in float32, against float64."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders import judging
from graders.i18n import _
from graders.oracle import leaves
from graders.properties.base import Earlier, Finding, Item, Judged, Property, stopped, values_by_name
from graders.properties.compare import not_finite, position, told_apart
from graders.properties.conform import conform
from graders.properties.run import run_once
from graders.sandbox.program import Reply, Value
from graders.specs.row import Hostile
from graders.verdict import Status

U32 = 2.0**-24
DIGITS = 7
"""Decimal digits of float32."""
PART, HALF = 1000.0, 0.5
"""Up to so many times the fair error earns half of the points."""


@dataclass(frozen=True)
class Claim:
    """What came for one output or gradient of a hostile case.

    where: the function it is from. limited: held to the row's own limit, and not to the tolerance rule.
    right_elsewhere: on ordinary inputs; what is wrong there is not charged again.
    """

    name: str
    where: str
    value: Value
    limited: bool
    right_elsewhere: bool


def check_stability(item: Item, reply: Reply, earlier: Earlier) -> Judged:
    """Does it keep its digits on inputs that are large, tiny or nearly equal?

    Outputs must be within the row's limits, where it has some, and everything finite; gradients within the tolerance
    rule.
    Work that is wrong on ordinary inputs is not charged again.
    """
    ended = stopped(item, reply, run_once(item), earlier)
    if ended:
        return ended
    values = values_by_name(item, reply, 0, 1 if item.row.kind == "pair" else None)
    return judge_claims(item, list(_claims(item, values, earlier)), "forward")


def _claims(item: Item, values: Mapping[str, Value], earlier: Earlier) -> Iterator[Claim]:
    limited = (item.row.outputs[0], *item.row.hostile[item.case.hostile].others)
    for name in item.expected.values.everything:
        gradient = name in item.expected.values.gradients
        right = earlier.get(f"gradient {name}" if gradient else "forward") is Status.PASSED
        yield Claim(name, item.row.functions[gradient], values[name], name in limited, right)


def judge_claims(item: Item, claims: list[Claim], first: str) -> Judged:
    """All that came for a hostile case; blocked by the property `first` where that is known to fail."""
    judged = [one for claim in claims if claim.right_elsewhere for one in _judged(item, claim)]
    found = [one for one in judged if one.findings]
    if not found:
        blocked = "" if claims[0].right_elsewhere else first
        return Judged(blocked=blocked, error=max((one.error for one in judged), default=0.0))
    findings = tuple(finding for one in found for finding in one.findings)
    return Judged(findings, error=max(one.error for one in found), credit=min(one.credit for one in found))


def _judged(item: Item, claim: Claim) -> Iterator[Judged]:
    hostile = item.row.hostile[item.case.hostile]
    wanted = item.expected.values.everything[claim.name]
    for index, form in enumerate(conform(claim.name, claim.value, wanted, "float32")):
        if form.array is None or form.wanted.dtype.kind != "f" or not form.wanted.size:
            continue
        if not np.isfinite(form.array).all():
            text = not_finite(form.label, form.array)
            yield _lost(Finding(claim.where, text, form.label, form.array, form.wanted), hostile, 0.0)
        elif claim.limited:
            yield _against_limit(item, claim, form.label, form.array, form.wanted, hostile)
        elif claim.name in item.expected.values.gradients:
            spreads = functools.partial(item.expected.spreads, claim.name, index)
            judgement = judging.judge(form.array, form.wanted, U32, spreads)
            if not (judgement.right or judgement.inconclusive):
                text = _words(form.label, judgement.worst, form.array, form.wanted)
                finding = Finding(claim.where, text, form.label, form.array, form.wanted, judgement.error)
                yield _lost(finding, hostile, 0.0)


def _against_limit(
    item: Item, claim: Claim, label: str, got: NDArray[np.float64], wanted: NDArray[np.float64], hostile: Hostile
) -> Judged:
    """An output by the row's own limit: full, part or none."""
    args = {name: [np.asarray(leaf, np.float64) for leaf in leaves(value)] for name, value in item.args.items()}
    fair = hostile.others.get(claim.name, hostile.limit)
    limit = fair({name: value[0] for name, value in args.items()}, wanted)
    allowed = np.broadcast_to(U32 * np.asarray(limit, np.float64), wanted.shape) + np.finfo(np.float32).tiny
    ratio = np.abs(np.asarray(got, np.float64) - wanted) / allowed
    worst = tuple(int(i) for i in np.unravel_index(int(ratio.argmax()), ratio.shape))
    error = float(ratio[worst])
    if error <= 1:
        return Judged(error=error)
    finding = Finding(claim.where, _words(label, worst, got, wanted), label, got, wanted, error)
    return _lost(finding, hostile, HALF if error <= PART else 0.0)


def _words(label: str, worst: tuple[int, ...], got: NDArray[np.float64], wanted: NDArray[np.float64]) -> str:
    scale = max(float(np.abs(wanted[worst])), float(np.finfo(np.float32).tiny))
    wrong = max(abs(float(got[worst]) - float(wanted[worst])) / scale, U32)
    digits = min(DIGITS, max(1, round(DIGITS + math.log10(wrong))))
    had, needed = told_apart(got[worst], wanted[worst])
    return _(
        "{label} loses {digits} of {all} digits on hostile inputs, most at {at}: got {got}, wanted {wanted}"
    ).format(label=label, digits=digits, all=DIGITS, at=position(worst), got=had, wanted=needed)


def _lost(finding: Finding, hostile: Hostile, credit: float) -> Judged:
    found = Finding(
        finding.where, finding.what, finding.tensor, finding.got, finding.wanted, finding.error, hint=_(hostile.remedy)
    )
    return Judged((found,), error=min(finding.error, 1e18), credit=credit)


QUESTION = (check_stability.__doc__ or "").split("\n")[0]
STABILITY = Property("stability", "stability", QUESTION, run_once, check_stability, percent=5)
