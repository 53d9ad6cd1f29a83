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

from graders.misconceptions.variant import rows
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.sandbox.session import Session
from graders.throughput.stand import Stand, reference_pieces
from graders.throughput.statistic import Interval, share

ROW = "srn"
TIMES = (1.0, 1.5, 2.0, 4.0)
FIRST = 3
"""Races from which the ratio is taken that a submission settles at."""
NEAR, FAR = 1.08, 1.25
"""How far the limits lie from the ratio a submission settles at, on both sides."""
LEVEL = 0.95

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
        return statistics.median(one.median for one in self.found)

    def fails(self, margin: float) -> int:
        """Wrong verdicts where the limit lies so far above: all points should be earned."""
        limit = self.settled * margin
        return self.broken + sum(share(one, limit, limit, 0.0) < 1.0 for one in self.found)

    def passes(self, margin: float) -> int:
        """Wrong verdicts where the limit lies so far below: they should not."""
        limit = self.settled / margin
        return sum(share(one, limit, limit, 0.0) == 1.0 for one in self.found)


def error_rates(
    backend: Backend,
    verdicts: int,
    *,
    load: bool = False,
    say: Callable[[str], object] = lambda text: None,
) -> list[Tally]:
    """A tally for each submission, `verdicts` of them together."""
    row = rows()[ROW][1]
    tallies = [Tally(times) for times in TIMES]
    with Stand(backend) as stand, competing() if load else contextlib.nullcontext():
        track = stand.track(row, 0)
        track.programs += track.programs % 2  # halves come out even
        with contextlib.ExitStack() as opened:
            sessions = {
                times: opened.enter_context(Session(backend, (*reference_pieces(row), doing(times)), row.functions))
                for times in TIMES
            }
            for tally in tallies:
                first = [stand.race(row, 0, sessions[tally.times], ()).found.median for _ in range(FIRST)]
                settled = statistics.median(first)
                tally.limits = (settled / NEAR, settled * NEAR)
            for index in range(verdicts):
                tally = tallies[index % len(tallies)]
                judge(tally, stand, sessions[tally.times])
                if index % 20 == 19:
                    say(f"{index + 1} of {verdicts}")
    return tallies


def doing(times: float, row: str = ROW) -> Piece:
    """What makes the reference of a pair do so many times its work."""
    return Piece("more", TIMES_THE_WORK.format(row=row, times=times))


def judge(tally: Tally, stand: Stand, session: Session) -> None:
    """One race: it goes on for as long as either limit is open."""
    started = time.perf_counter()
    race = stand.race(rows()[ROW][1], 0, session, tally.limits)
    tally.seconds.append(time.perf_counter() - started)
    tally.extended += race.extended
    if race.broken or race.hopeless:
        tally.broken += 1
    else:
        tally.found.append(race.found)


def spin() -> None:
    """Other people's work: arithmetic, and walks through memory."""
    ballast = np.zeros(1 << 21)
    while True:
        ballast[::8] += 1.0
        sum(range(20_000))


@contextlib.contextmanager
def competing() -> Iterator[None]:
    """As many busy processes as there are processors."""
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.terminate()


def upper_bound(wrong: int, verdicts: int, level: float = LEVEL) -> float:
    """Clopper and Pearson's: the largest rate under which so few wrong ones are not a surprise."""
    if wrong >= verdicts:
        return 1.0
    low, high = wrong / max(verdicts, 1), 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(wrong, verdicts, middle) > (1 - level) / 2 else (low, middle)
    return high


def at_most(wrong: int, verdicts: int, rate: float) -> float:
    """The probability of so many or fewer."""
    if not 0 < rate < 1:
        return float(rate <= 0)

    def logarithm(count: int) -> float:
        ways = math.lgamma(verdicts + 1) - math.lgamma(count + 1) - math.lgamma(verdicts - count + 1)
        return ways + count * math.log(rate) + (verdicts - count) * math.log1p(-rate)

    return math.fsum(math.exp(logarithm(count)) for count in range(wrong + 1))


def table(tallies: list[Tally], load: str) -> list[str]:
    """Lines of Markdown: a row a submission, and one for all."""
    lines = [
        f"| {load}: work done | settles at | verdicts | false fails at +8 % | at +25 % | false passes at -8 % "
        "| at -25 % | extended | seconds, median / 95 % / most |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    seen = [tally for tally in tallies if tally.found]
    lines += [_line(f"{tally.times:g} times", f"{tally.settled:.3f}", [tally]) for tally in seen]
    return [*lines, _line("all", "", seen)]


def _line(name: str, settled: str, tallies: list[Tally]) -> str:
    count = sum(len(tally.found) + tally.broken for tally in tallies)
    seconds = [value for tally in tallies for value in tally.seconds]
    cells = [name, settled, str(count)]
    for kind in (Tally.fails, Tally.passes):
        for margin in (NEAR, FAR):
            wrong = sum(kind(tally, margin) for tally in tallies)
            cells.append(f"{wrong} (at most {100 * upper_bound(wrong, count):.2f} %)")
    most, late = max(seconds), float(np.percentile(seconds, 95))
    cells.append(f"{100 * sum(tally.extended for tally in tallies) / count:.0f} %")
    cells.append(f"{statistics.median(seconds):.2f} / {late:.2f} / {most:.2f}")
    return "| " + " | ".join(cells) + " |"
