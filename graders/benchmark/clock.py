"""Two pieces of work timed in turn, and what their times say about the ratio."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Work = Callable[[], object]
Clock = Callable[[Work, int], float]
"""Seconds that a number of repetitions of some work take."""

SAMPLE = 2e-3
"""Seconds that a timed sample lasts at least: far above what the clock can tell apart."""
FEWEST, MOST = 9, 41
RESAMPLES = 1000


@dataclass(frozen=True)
class Ratio:
    """Their time over ours: the median of paired samples, its 95 % bootstrap interval, and the seconds of a call."""

    ratio: float
    low: float
    high: float
    ours: float
    theirs: float
    pairs: int


def cpu_clock(work: Work, repeat: int) -> float:
    """Processor time of this process: what else runs on the machine does not count."""
    start = time.process_time_ns()
    for _ in range(repeat):
        work()
    return (time.process_time_ns() - start) / 1e9


def repetitions(work: Work, clock: Clock) -> int:
    """How often, so that a sample is long enough; it warms up meanwhile."""
    work()
    work()
    repeat = 1
    while (took := clock(work, repeat)) < SAMPLE:
        repeat = max(2 * repeat, int(repeat * SAMPLE / max(took, 1e-6) * 1.1))
    return repeat


def paired(ours: Work, theirs: Work, rng: Generator, seconds: float, clock: Clock = cpu_clock) -> Ratio:
    """Both in turn, in random order, for about `seconds` of the clock's."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        repeats = repetitions(ours, clock), repetitions(theirs, clock)
        samples: list[tuple[float, float]] = []
        spent = 0.0
        while len(samples) < FEWEST or (len(samples) < MOST and spent < seconds):
            pair = {}
            for side in rng.permutation(2):
                took = clock((ours, theirs)[side], repeats[side])
                spent += took
                pair[int(side)] = took / repeats[side]
            samples.append((pair[0], pair[1]))
    finally:
        if collecting:
            gc.enable()
    times = np.array(samples)
    ratio, low, high = median_and_interval(times[:, 1] / times[:, 0], rng)
    return Ratio(ratio, low, high, float(np.median(times[:, 0])), float(np.median(times[:, 1])), len(samples))


def median_and_interval(ratios: NDArray[np.float64], rng: Generator) -> tuple[float, float, float]:
    """The median, and the middle 95 % of the medians of resamples."""
    medians = np.median(rng.choice(ratios, (RESAMPLES, len(ratios))), axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return float(np.median(ratios)), float(low), float(high)
