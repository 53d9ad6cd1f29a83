"""By how much a tensor was off in a case, and what the tolerance rule allows there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.judging import SMALLEST, C, only_single_precision, roundoff
from graders.patterns import Tensor
from graders.properties.base import Finding, Item
from graders.properties.compare import position

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Allowance:
    """One number of a tensor, the one that is worst.

    times: how many times what is allowed it is off by. u, norm, spread: of the tolerance rule; None where another rule
    has judged it.
    """

    tensor: str
    place: tuple[int, ...]
    got: float
    wanted: float
    error: float
    times: float
    u: float | None = None
    norm: float | None = None
    spread: float | None = None

    @property
    def allowed(self) -> float | None:
        """The largest error that would have been right; None where there is none."""
        return self.error / self.times if np.isfinite(self.times) and self.times > 0 else None

    @property
    def words(self) -> str:
        """The size of the error against what is allowed."""
        where = f"{self.tensor}{position(self.place)}" if self.place else self.tensor
        if self.allowed is None:
            return _("{where} is {got}, wanted {wanted}.").format(
                where=where, got=f"{self.got:g}", wanted=f"{self.wanted:g}"
            )
        text = _("{where} is off by {error}; {allowed} is allowed: {times} times as much.")
        numbers = {"error": f"{self.error:.4g}", "allowed": f"{self.allowed:.4g}", "times": f"{self.times:.4g}"}
        return text.format(where=where, **numbers)

    @property
    def rule(self) -> str:
        """The rule with its numbers; "" where it was another one."""
        if self.u is None or self.norm is None or self.spread is None:
            return ""
        power = round(-float(np.log2(self.u)))
        text = _(
            "Allowed is {c} u max(s, m): u = 2^-{power} is the unit roundoff, m = {norm} the largest number wanted, s ="
            " {spread} how far rounding alone moves this one, in units of u."
        )
        return text.format(c=f"{C:g}", power=power, norm=f"{self.norm:.4g}", spread=f"{self.spread:.4g}")


def allowance(item: Item, finding: Finding) -> Allowance | None:
    """For a finding that compares two tensors of numbers; None for any other."""
    got, wanted = finding.got, finding.wanted
    if got is None or wanted is None or got.shape != wanted.shape or not wanted.size:
        return None
    if got.dtype.kind not in "fiub" or wanted.dtype.kind not in "fiub":
        return None
    mine, right = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    with np.errstate(all="ignore"):
        off = np.abs(mine - right)
        off = np.where(np.isfinite(off), off, np.inf)
        return _by_the_rule(item, finding, mine, right, off) or _one(finding, mine, right, off, off)


def _one(finding: Finding, got: Array, wanted: Array, off: Array, ratio: Array) -> Allowance:
    """The number at which the ratio is largest, with the error that the finding itself tells."""
    place = np.unravel_index(int(ratio.argmax()), ratio.shape)
    at = tuple(int(number) for number in place)
    return Allowance(finding.tensor, at, float(got[at]), float(wanted[at]), float(off[at]), finding.error)


def _by_the_rule(item: Item, finding: Finding, got: Array, wanted: Array, off: Array) -> Allowance | None:
    """With the rule's numbers, where the rule gives the very error that was found; None where something else judged."""
    tensor = Tensor.labelled(finding.tensor)
    right = tensor.right(item)
    if right is None or right.shape != wanted.shape or not (right == wanted).all() or not np.isfinite(finding.error):
        return None
    assert finding.got is not None
    u = roundoff(np.float32) if only_single_precision(finding.got, wanted) else roundoff(finding.got.dtype)
    norm = max(float(np.abs(wanted).max()), SMALLEST)
    for spread in item.expected.spreads(tensor.name, tensor.index):
        ratio = off / (C * u * np.maximum(spread, norm))
        if np.isclose(float(ratio.max()), finding.error, rtol=1e-6):
            one = _one(finding, got, wanted, off, ratio)
            at = float(np.broadcast_to(spread, wanted.shape)[one.place])
            return Allowance(one.tensor, one.place, one.got, one.wanted, one.error, one.times, u, norm, at)
    return None
