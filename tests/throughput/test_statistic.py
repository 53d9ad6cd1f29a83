"""The interval holds the median, and what is open is decided for the student."""

from __future__ import annotations

import numpy as np
import pytest

from graders.throughput.statistic import Interval, interval, net_interval, share


def test_the_interval_is_around_the_median_and_always_the_same():
    ratios = np.random.default_rng(1).lognormal(0.0, 0.1, 27).tolist()
    found = interval(ratios)
    assert found.low < found.median < found.high
    assert found.median == np.median(ratios)
    assert found == interval(ratios)


def test_a_few_wild_rounds_move_nothing():
    quiet = [1.0 + 0.001 * index for index in range(24)]
    assert interval([*quiet, 40.0, 50.0, 0.001]).high < 1.03


def test_the_interval_covers_the_true_median_as_often_as_it_says():
    rng = np.random.default_rng(2)
    samples = [interval(rng.lognormal(0.0, 0.2, 27).tolist()) for _ in range(300)]
    assert sum(one.low <= 1.0 <= one.high for one in samples) >= 285


@pytest.mark.parametrize(
    ("low", "high", "earned"),
    [(1.0, 1.5, 1.0), (1.9, 2.5, 1.0), (2.1, 2.5, 0.5), (3.9, 5.0, 0.5), (4.1, 5.0, 0.0)],
)
def test_points_follow_the_better_end_of_the_interval(low: float, high: float, earned: float):
    assert share(Interval((low + high) / 2, low, high), 2.0, 4.0, 0.5) == earned


def test_an_interval_straddles_the_limits_inside_it():
    assert Interval(2.0, 1.9, 2.1).straddles((2.0, 4.0))
    assert not Interval(3.0, 2.9, 3.1).straddles((2.0, 4.0))
    assert not Interval(3.0, 2.9, 3.1).straddles(())


def test_the_lower_end_allows_for_what_is_not_known_of_nothing():
    assert net_interval([2.0] * 9, [0.5] * 9).low == pytest.approx((2 - 0.45) / (1 - 0.45))
    assert net_interval([2.0] * 9, [0.0] * 9).low == 2.0
    assert net_interval([0.8] * 9, [0.5] * 9).low == pytest.approx(0.6), "never above the interval itself"


def test_where_nothing_takes_all_there_is_a_ratio_all_the_same():
    assert net_interval([1.2] * 9, [1.1] * 9).median == pytest.approx(0.1 / 0.25)
