"""The count of wrong verdicts, and what it says of their rate."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from graders.throughput.cost import costs
from graders.throughput.cost import table as table_of_costs
from graders.throughput.error_counts import at_most, keep, read, table, upper_bound
from graders.throughput.error_rates import TIMES, TIMES_THE_WORK, Tally, error_rates
from graders.throughput.limits import Limits
from graders.throughput.stand import Stand
from graders.throughput.statistic import Interval
from graders.throughput.tables import between


@pytest.mark.parametrize(
    ("wrong", "verdicts", "bound"),
    [(0, 3000, 0.00122885), (1, 3000, 0.0018557), (0, 10, 0.30849711), (5, 10, 0.81291398)],
)
def test_the_bound_is_clopper_and_pearsons(wrong: int, verdicts: int, bound: float):
    assert upper_bound(wrong, verdicts) == pytest.approx(bound, rel=1e-3)


def test_a_binomial_tail_by_its_terms():
    exact = sum(math.comb(12, k) * 0.3**k * 0.7 ** (12 - k) for k in range(5))
    assert at_most(4, 12, 0.3) == pytest.approx(exact)


def test_wrong_verdicts_are_counted_on_both_sides_and_pooled_with_those_kept(tmp_path: Path):
    close = Interval(2.0, 1.97, 2.03)
    tally = Tally(2.0, (1.85, 2.16), [close, close, Interval(2.4, 2.3, 2.6), Interval(1.7, 1.6, 1.72)], seconds=[1.0])
    assert (tally.fails(1.08), tally.fails(1.25), tally.passes(1.08), tally.passes(1.25)) == (1, 0, 1, 1)
    keep([tally.count("quiet", "srn")], tmp_path / "kept.json")
    kept = keep([tally.count("loaded", "srn")], tmp_path / "kept.json")
    assert read(tmp_path / "kept.json") == kept
    lines = table(kept)
    assert [line.split(" | ")[:4] for line in lines[2:]] == [
        ["| srn, quiet, 2 times", "2.000", "4", "1 (at most 80.59 %)"],
        ["| srn, quiet, all", "", "4", "1 (at most 80.59 %)"],
        ["| srn, loaded, 2 times", "2.000", "4", "1 (at most 80.59 %)"],
        ["| srn, loaded, all", "", "4", "1 (at most 80.59 %)"],
        ["| all", "", "8", "2 (at most 65.09 %)"],
    ]
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize("times", TIMES)
def test_the_submissions_do_the_work_they_are_said_to_do(times: float):
    calls = []
    names = {"f_forward": lambda x: calls.append(x), "f_backward": lambda x: None}
    exec(TIMES_THE_WORK.format(row="f", times=times), names)
    for _ in range(8):
        names["f_forward"](1)
    assert len(calls) == 8 * times


def test_every_submission_gets_its_verdicts(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graders.throughput.stand.TRIPLES", 1)
    monkeypatch.setattr("graders.throughput.error_rates.FIRST", 1)
    tallies = error_rates(stand.backend, 4)
    assert [len(tally.found) + tally.broken for tally in tallies] == [1, 1, 1, 1]
    assert np.argsort([tally.settled for tally in tallies]).tolist() == [0, 1, 2, 3]


def test_a_table_goes_between_its_markers_and_nothing_else_moves():
    page = "a\n<!-- errors -->\nold\n<!-- end of errors -->\nb"
    assert between(page, "errors", ["new"]) == "a\n<!-- errors -->\n\nnew\n\n<!-- end of errors -->\nb"
    with pytest.raises(ValueError, match="no limits"):
        between(page, "limits", [])


def test_what_timing_costs_is_told_by_kind_of_work(stand: Stand):
    found = costs(stand.backend, {"relu": Limits(2.0, 4.0), "tanh": None}, ["relu", "tanh"], lambda text: None)
    assert {kind: list(one.seconds) for kind, one in found.items()} == {
        "right work": ["relu"],
        "work at the limit": ["relu"],
    }
    lines = table_of_costs(found)
    assert len({line.count("|") for line in lines}) == 1
    assert "(relu)" in lines[2]
