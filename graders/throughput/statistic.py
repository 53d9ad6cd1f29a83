"""From paired ratios to a verdict: the median with an interval, and where that lies beside the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.99
RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """A median, and between what it lies by the bootstrap."""

    median: float
    low: float
    high: float

    def straddles(self, limits: Sequence[float]) -> bool:
        """Whether a limit lies within."""
        return any(self.low <= limit < self.high for limit in limits)


def interval(ratios: Sequence[float], seed: int = 0) -> Interval:
    """The median of the ratios with its bootstrap interval; the same ratios give the same one."""
    values = np.asarray(ratios, np.float64)
    chosen = np.random.default_rng(seed).integers(0, values.size, (RESAMPLES, values.size))
    medians = np.median(values[chosen], axis=1)
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(medians, [tail, 100 - tail])
    return Interval(float(np.median(values)), float(low), float(high))


def share(found: Interval, full: float, part: float, credit: float) -> float:
    """Of the points: all up to `full`, `credit` up to `part`; what is open is decided for the student."""
    if found.low <= full:
        return 1.0
    return credit if found.low <= part else 0.0
