"""How often the protocol is wrong: submissions of known speed, against limits just above and just below it."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from graders.grade import at_most_twice
from graders.misconceptions.variant import rows
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.sandbox.session import Session
from graders.specs.row import Row
from graders.throughput.error_counts import FAR, NEAR, Count
from graders.throughput.measure import today
from graders.throughput.stand import Stand, reference_pieces
from graders.throughput.statistic import Interval, share

ROW = "srn"
"""Of its reference's request nothing takes 18 %; of bernoulli_dropout's, at the other end, 67 %."""
TIMES = (1.0, 1.5, 2.0, 4.0)
FIRST = 3
"""Races from which the ratio is taken that a submission settles at."""

TIMES_THE_WORK = """
_forward, _backward = {row}_forward, {row}_backward
_owed = [0.0, 0.0]


def _repeated(which, function, args, options):
    _owed[which] += {times}
    while _owed[which] >= 1.0:
        _owed[which] -= 1.0
        result = function(*args, **options)
    return result


def {row}_forward(*args, **options):
    return _repeated(0, _forward, args, options)


def {row}_backward(*args, **options):
    return _repeated(1, _backward, args, options)
"""
"""Does its work so many times, a half every other time; at least once."""


@dataclass
class Tally:
    """Verdicts on submissions that do so many times the work.

    limits: near the ratio they settle at, which is a little less than `times`: what is done again finds its numbers at
    hand, and what the function costs beside its work does not double.
    """

    times: float
    limits: tuple[float, ...] = ()
    found: list[Interval] = field(default_factory=list)
    broken: int = 0
    extended: int = 0
    seconds: list[float] = field(default_factory=list)

    @property
    def settled(self) -> float:
        """The ratio that all its verdicts together say it has."""
        return statistics.median(one.median for one in self.found) if self.found else math.nan

    def fails(self, margin: float) -> int:
        """Wrong verdicts where the limit lies so far above: all points should be earned."""
        limit = self.settled * margin
        return self.broken + sum(share(one, limit, limit, 0.0) < 1.0 for one in self.found)

    def passes(self, margin: float) -> int:
        """Wrong verdicts where the limit lies so far below: they should not."""
        limit = self.settled / margin
        return sum(share(one, limit, limit, 0.0) == 1.0 for one in self.found)

    def count(self, load: str, row: str) -> Count:
        """What is kept of it."""
        date, versions = today()
        median, late, most = (round(float(np.percentile(self.seconds, percent)), 2) for percent in (50, 95, 100))
        return Count(
            load,
            self.times,
            round(self.settled, 4),
            len(self.found) + self.broken,
            (self.fails(NEAR), self.fails(FAR)),
            (self.passes(NEAR), self.passes(FAR)),
            self.extended,
            median,
            late,
            most,
            date,
            versions,
            row,
        )


def error_rates(
    backend: Backend,
    verdicts: int,
    name: str = ROW,
    *,
    load: bool = False,
    say: Callable[[str], object] = lambda text: None,
) -> list[Tally]:
    """A tally for each submission, `verdicts` of them together; they are the pair of that name."""
    row = rows()[name][1]
    tallies = [Tally(times) for times in TIMES]
    with Stand(backend) as stand, competing() if load else contextlib.nullcontext():
        track = stand.track(row, 0)
        track.programs += track.programs % 2  # halves come out even
        with contextlib.ExitStack() as opened:
            source = {times: (*reference_pieces(row), doing(times, name)) for times in TIMES}
            sessions = {times: opened.enter_context(Session(backend, source[times], row.functions)) for times in TIMES}
            for tally in tallies:
                first = [stand.race(row, 0, sessions[tally.times], ()).found.median for _ in range(FIRST)]
                settled = statistics.median(first)
                tally.limits = (settled / NEAR, settled * NEAR)
            for index in range(verdicts):
                tally = tallies[index % len(tallies)]
                judge(tally, stand, row, sessions[tally.times])
                if index % 20 == 19:
                    say(f"{index + 1} of {verdicts}")
    return tallies


def doing(times: float, row: str) -> Piece:
    """What makes the reference of a pair do so many times its work."""
    return Piece("more", TIMES_THE_WORK.format(row=row, times=times))


def judge(tally: Tally, stand: Stand, row: Row, session: Session) -> None:
    """One race: it goes on for as long as either limit is open. A fault of ours is no verdict, and asked once more."""
    started = time.perf_counter()
    race = at_most_twice(lambda: stand.race(row, 0, session, tally.limits), stand.close)
    tally.seconds.append(time.perf_counter() - started)
    tally.extended += race.extended
    if race.broken or race.hopeless:
        tally.broken += 1
    else:
        tally.found.append(race.found)


def spin(parent: int) -> None:
    """Other people's work: arithmetic, and walks through memory; for as long as the parent lives."""
    ballast = np.zeros(1 << 21)
    while os.getppid() == parent:
        ballast[::8] += 1.0
        sum(range(20_000))


@contextlib.contextmanager
def competing() -> Iterator[None]:
    """As many busy processes as there are processors."""
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=spin, args=(os.getpid(),), daemon=True) for _ in range(os.cpu_count() or 1)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.terminate()
