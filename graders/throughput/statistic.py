"""From paired times to a verdict: a ratio with its interval, and where that lies beside the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.99
RESAMPLES = 2000
LEAST_NET = 0.25
"""Of a reference's request, what it takes itself, whatever a crowded moment makes of it."""
UNKNOWN = 0.1
"""Of what nothing takes, what a crowded moment may add to it, or not add to the others: for the student."""


@dataclass(frozen=True)
class Interval:
    """A ratio by medians, and between what it lies by the bootstrap."""

    median: float
    low: float
    high: float

    def straddles(self, limits: Sequence[float]) -> bool:
        """Whether a limit lies within."""
        return any(self.low <= limit < self.high for limit in limits)


def interval(ratios: Sequence[float], seed: int = 0) -> Interval:
    """The median of the ratios with its bootstrap interval; the same ratios give the same one."""
    return net_interval(ratios, [0.0] * len(ratios), seed)


def net_interval(ratios: Sequence[float], nothings: Sequence[float], seed: int = 0) -> Interval:
    """The ratio of what both sides take beside what nothing takes, with its bootstrap interval.

    Each round's times are divided by the reference's in the same round, and subtracted only after their medians are
    taken: how fast a machine is at that moment is then in none of them. Where nothing takes most of a request, this
    halves what ratios of differences differ by (bernoulli_dropout: 15 % to 9 % of 18 rounds, between races).

    Args:
        ratios: the submission's whole time over the reference's, a round each.
        nothings: nothing's time over the reference's in the same rounds.
    """
    both = np.asarray([ratios, nothings], np.float64)
    rounds = both.shape[1]
    chosen = np.random.default_rng(seed).integers(0, rounds, (RESAMPLES, rounds))
    whole, nothing = np.median(both[:, chosen], axis=2)
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(net(whole, nothing), [tail, 100 - tail])
    lowest = np.percentile(net(whole, (1 - UNKNOWN) * nothing), tail)
    return Interval(float(net(*np.median(both, axis=1))), float(min(low, lowest)), float(high))


def net(ratio: ArrayLike, nothing: ArrayLike) -> NDArray[np.float64]:
    """Both in shares of the reference's whole time."""
    return np.asarray((np.asarray(ratio) - nothing) / np.maximum(1.0 - np.asarray(nothing), LEAST_NET))


def share(found: Interval, full: float, part: float, credit: float) -> float:
    """Of the points: all up to `full`, `credit` up to `part`; what is open is decided for the student."""
    if found.low <= full:
        return 1.0
    return credit if found.low <= part else 0.0
