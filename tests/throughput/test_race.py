"""Three parties in turn: the reference is as fast as itself, a loop in Python is not, and every answer is checked."""

from __future__ import annotations

import math
import os
import signal
from typing import Any

import pytest

from graders.misconceptions.variant import rows
from graders.sandbox.program import Piece, Reply
from graders.sandbox.session import Session
from graders.sandbox.stopwatch import Turn
from graders.specs.row import Row
from graders.throughput.heat import LONGEST, Heat, Race
from graders.throughput.stand import Stand, reference_pieces
from graders.throughput.statistic import Interval

LIMITS = (2.0, 4.0)


def row_of(name: str) -> Row:
    return rows()[name][1]


def race(stand: Stand, name: str, more: str = "", limits: tuple[float, float] = LIMITS) -> Race:
    """The reference with something appended, against the reference."""
    pieces = (*reference_pieces(row_of(name)), Piece("", more))
    with Session(stand.backend, pieces, row_of(name).functions) as session:
        return stand.race(row_of(name), 1, session, limits)


def may_lie_between(found: Interval, low: float, high: float) -> bool:
    """What a race can say on a machine that is busy with other tests."""
    return found.low < high and found.high > low


@pytest.mark.parametrize("name", ["affine", "cross_entropy", "srn", "adam"])
def test_the_reference_is_as_fast_as_itself(name: str, stand: Stand):
    found = race(stand, name)
    assert not found.broken + found.hopeless
    assert may_lie_between(found.found, 0.7, 1.4)
    assert found.found.low <= found.found.median <= found.found.high
    assert 0 < found.overhead < 0.8
    assert len(found.ratios) == 9


WORK_TIMES = """
_once = {name}_forward
def {name}_forward(*args, **options):
    for _ in range({times}):
        result = _once(*args, **options)
    return result
_back = {name}_backward
def {name}_backward(*args):
    for _ in range({times}):
        result = _back(*args)
    return result
"""


def test_three_times_the_work_takes_three_times_as_long(stand: Stand):
    found = race(stand, "srn", WORK_TIMES.format(name="srn", times=3))
    assert may_lie_between(found.found, 2.5, 3.5)
    assert found.submission > 2 * found.reference


def test_what_is_hopeless_is_stopped_early(stand: Stand):
    found = race(stand, "affine", WORK_TIMES.format(name="affine", times=25))
    assert "times as slow" in found.hopeless
    assert len(found.ratios) < 9
    endless = "def affine_forward(x, w, b):\n    while True: pass"
    assert "stopped after 0.5 s" in race(stand, "affine", endless).hopeless


BUSY = """
import time
_asked, _once = 0, affine_forward
def affine_forward(*args, **options):
    global _asked
    _asked += 1
    ends = time.process_time() + ({seconds} if _asked <= {times} else 0.0)
    while time.process_time() < ends:
        pass
    return _once(*args, **options)
"""


def test_slow_work_is_asked_less_at_a_time_before_it_is_given_up(stand: Stand):
    """As much as half the points allow, in a request of many programs, would be stopped."""
    found = race(stand, "affine", BUSY.format(seconds=0.08, times=10**9), limits=(1e3, 1e4))
    assert not found.broken + found.hopeless
    assert len(found.ratios) == 9
    assert found.submission > 70


def test_after_a_slow_moment_requests_are_as_large_as_before(stand: Stand):
    """Else the first request decided how much of a request is work."""
    row = row_of("affine")
    pieces = (*reference_pieces(row), Piece("", BUSY.format(seconds=0.3, times=1)))
    with Session(stand.backend, pieces, row.functions) as session:
        race = stand.race(row, 1, session, LIMITS)
        for _again in range(3):  # the round itself may meet a slow moment
            heat = Heat(stand.parties(session), stand.track(row, 1), LIMITS, LONGEST)
            heat.run(1)
            if heat.programs == stand.track(row, 1).programs:
                break
    assert not race.broken + race.hopeless
    assert heat.programs == stand.track(row, 1).programs


@pytest.mark.parametrize(("deaths", "judged"), [(1, True), (2, False)])
def test_who_is_killed_once_is_asked_again(deaths: int, judged: bool, stand: Stand, monkeypatch: pytest.MonkeyPatch):
    """The kernel ends a process where memory is short, whoever's it is."""
    row, asked = row_of("affine"), Session.clocked
    with Session(stand.backend, reference_pieces(row), row.functions) as session:

        def clocked(party: Session, *arguments: Any) -> tuple[list[Reply], Turn]:
            nonlocal deaths
            if party is session and deaths:
                deaths -= 1
                assert party._sandbox is not None
                os.kill(party._sandbox.worker, signal.SIGKILL)
            return asked(party, *arguments)

        monkeypatch.setattr(Session, "clocked", clocked)
        found = stand.race(row, 1, session, LIMITS)
    assert bool(found.ratios) is judged
    assert bool(found.broken) is not judged


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("def affine_backward(dout, cache): raise ValueError('secret words')", "raised ValueError"),
        ("def affine_backward(dout, cache): return dout, dout, dout", "dx"),
        ("def affine_forward(x, w, b):\n    import os\n    os._exit(0)", "ended before it answered"),
        ("del affine_backward", "not found"),
    ],
)
def test_a_wrong_answer_ends_the_race_without_the_submissions_words(more: str, complaint: str, stand: Stand):
    found = race(stand, "affine", more)
    assert complaint in found.broken
    assert "secret words" not in found.broken
    assert math.isnan(found.found.median) or len(found.ratios) < 9


def test_a_limit_within_the_interval_asks_for_more(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graders.throughput.stand.LONGEST_RACE", 600.0)
    everywhere = tuple(0.5 + 0.0005 * step for step in range(3000))  # one of them must lie within
    found = race(stand, "srn", limits=everywhere)  # type: ignore[arg-type]
    assert found.extended
    assert len(found.ratios) == 18


def test_no_race_is_extended_beyond_its_time(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("graders.throughput.stand.LONGEST_RACE", 0.1)
    found = race(stand, "srn", limits=tuple(0.5 + 0.005 * step for step in range(300)))  # type: ignore[arg-type]
    assert not found.extended
    assert len(found.ratios) == 9


def test_what_is_too_fast_is_asked_again_and_said(stand: Stand, monkeypatch: pytest.MonkeyPatch):
    """Nobody is ten times as fast as the reference here: so the bound is put where everybody is beyond it."""
    monkeypatch.setattr("graders.throughput.stand.TOO_FAST", 3.0)
    found = race(stand, "srn")
    assert "worth a look" in found.suspicious
    assert len(found.ratios) == 9


def test_stopping_and_asking_costs_next_to_nothing(stand: Stand):
    """A null request is far below what a request of the reference costs."""
    track = stand.track(row_of("srn"), 1)
    assert track.nothing < track.reference
    assert track.programs * track.reference >= 5e6


def test_what_a_submission_freed_while_it_was_loaded_makes_it_no_faster(stand: Stand):
    """The C library's allocator is settled beforehand: else it would treat this one's large arrays better."""
    found = race(stand, "add_norm", "import numpy as np\nfor size in range(10, 24):\n    np.ones(1 << size)\n")
    assert may_lie_between(found.found, 0.85, 1.15)
