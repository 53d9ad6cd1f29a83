"""The rounds of a race: each party asked in turn, in random order, and what their clocks give.

What a request costs beside the function itself (copies, records, the interpreter's way there) is what it costs the
party that computes nothing: it is taken off both sides, so that it does not dilute their ratio. All clocks are the
kernel's, read while nobody runs.
"""

from __future__ import annotations

import contextlib
import math
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graders.i18n import _
from graders.properties.base import stop
from graders.sandbox.channel import SandboxFault
from graders.sandbox.program import Piece, Program, Reply
from graders.sandbox.requests import Request, run_request
from graders.sandbox.session import Session, WorkerFault
from graders.sandbox.stopwatch import Turn
from graders.throughput.statistic import LEAST_NET, Interval, net, net_interval
from graders.throughput.workload import Work, Workload
from graders.verdict import GraderError

PARTIES = ("submission", "reference", "empty")
CHANCE = random.SystemRandom()
ROUNDS = 9
WARM_UP = 2
LONGEST = 0.5
"""Seconds of CPU time after which a request is stopped; with one program, a second one is hopeless."""
LONGEST_WALL = 10.0
SLOW = 0.040
"""Seconds of CPU time a request above which the next has fewer programs."""
FEWER = 4
"""A request that is stopped is asked again with so many times fewer programs."""
HOPELESS, HOPELESS_PAIRS = 3.0, 3
"""So many pairs, and more than half of all, beyond so many times the last limit, and nobody waits for more."""
STEADY = 1.15
"""Wall-clock time over CPU time up to which a turn was a working one."""
IDLE, STRAYS = 50_000, 3
"""Nanoseconds of CPU time outside of its turn, and how often, after which a worker is said to have worked there."""


@dataclass(frozen=True)
class Race:
    """What came of timing a submission on one row.

    ratios: of CPU time per request, what nothing costs taken off, submission over reference, a round each. found:
    their median. reference, submission: milliseconds a program, medians. overhead: what nothing costs, as a share of
    the reference's whole request. programs: a request. extended: whether the interval asked for more. dropped:
    rounds that were not steady. hopeless: why it was stopped early. broken: what was wrong with an answer, "" when all
    were right. where: in which function. suspicious: why somebody should look.
    """

    ratios: tuple[float, ...] = ()
    found: Interval = field(default=Interval(math.nan, math.nan, math.nan))
    reference: float = 0.0
    submission: float = 0.0
    overhead: float = 0.0
    programs: int = 0
    extended: bool = False
    dropped: int = 0
    hopeless: str = ""
    broken: str = ""
    where: str = ""
    suspicious: str = ""


@dataclass
class Track:
    """What is known of a row once the reference has run it: how many programs a request, and the empty party's text."""

    workload: Workload
    programs: int
    empty: tuple[Piece, ...]
    reference: float
    """Nanoseconds of CPU time a program."""
    nothing: float


@dataclass(frozen=True)
class Parties:
    """Who is asked, by name, and on which processor."""

    sessions: Mapping[str, Session]
    processor: int | None


class Broken(Exception):
    """The submission's reply ends its race."""

    def __init__(self, text: str, where: str = "", *, hopeless: bool = False) -> None:
        super().__init__(text)
        self.text, self.where, self.hopeless = text, where, hopeless


class Late(Broken):
    """A request was stopped: it took too long."""


class Killed(Broken):
    """The worker ended, as it also does where somebody else ends it: the kernel's memory killer above all."""


class Heat:
    """Rounds on one track, and what they gave."""

    def __init__(self, parties: Parties, track: Track, limits: Sequence[float], longest: float) -> None:
        self.parties, self.track, self.limits, self.longest = parties, track, limits, longest
        self.programs = track.programs
        self.rounds: list[tuple[float, float, float]] = []
        """Nanoseconds a program a round: of submission and reference, nothing taken off, and of nothing."""
        self.found = Interval(math.nan, math.nan, math.nan)
        self.dropped = 0
        self.hopeless = self.pairs = 0
        self.strays = 0
        self.last: Turn | None = None
        self.odd = ""

    def run(self, triples: int) -> None:
        """So many times, all parties in fresh workers."""
        try:
            for _triple in range(triples):
                self._in_spite_of_others()
        finally:
            if self.rounds:
                self.found = net_interval(*self._shares())

    def _in_spite_of_others(self) -> None:
        """All rounds in fresh workers, with a second chance: what others do to a machine is charged to whoever runs."""
        met: set[type[Broken]] = set()
        while True:
            try:
                return self._in_fresh_workers()
            except (Late, Killed) as end:
                if isinstance(end, Late) and self.programs > 1:
                    self.programs = max(1, self.programs // FEWER)
                elif type(end) in met:
                    raise
                else:
                    met.add(type(end))

    def _in_fresh_workers(self) -> None:
        with contextlib.ExitStack() as turns:
            with ours():
                for name in ("reference", "empty"):
                    turns.enter_context(self.parties.sessions[name].timed(self.parties.processor))
            try:
                turns.enter_context(self.parties.sessions["submission"].timed(self.parties.processor))
            except WorkerFault as fault:
                raise ended(fault) from None
            self._triple()

    def _triple(self) -> None:
        kept: list[tuple[float, float, float]] = []
        attempts = dropped = 0
        while len(kept) < ROUNDS:
            attempts += 1
            programs = self.programs
            turns = self._round()
            self._watch(turns, programs)
            if attempts > WARM_UP:
                if not steady(turns["submission"], turns["reference"]) and dropped < ROUNDS:
                    dropped += 1
                    continue
                mine = charged(turns["submission"], turns["reference"])
                theirs, nothing = (turns[name].cpu for name in ("reference", "empty"))
                kept.append((mine / programs, theirs / programs, nothing / programs))
        self.dropped += dropped
        self.rounds += kept

    def _shares(self) -> tuple[list[float], list[float]]:
        """Of every round, what submission and nothing took over what the reference did."""
        ratios = [mine / max(theirs, 1.0) for mine, theirs, _nothing in self.rounds]
        return ratios, [nothing / max(theirs, 1.0) for _mine, theirs, nothing in self.rounds]

    def _round(self) -> dict[str, Turn]:
        works = [self.track.workload.work() for _ in range(self.programs)]
        programs = [work.program for work in works]
        request = run_request(programs)
        replies: dict[str, list[Reply]] = {}
        turns: dict[str, Turn] = {}
        for name in CHANCE.sample(PARTIES, len(PARTIES)):
            if name == "submission":
                replies[name], turns[name] = self._asked(programs, request)
            else:
                with ours():
                    replies[name], turns[name] = completed(self.parties.sessions[name], programs, request)
        self._check(works, replies["submission"], replies["reference"])
        for name in turns:
            self.parties.sessions[name].settle()
        return turns

    def _asked(self, programs: list[Program], request: Request) -> tuple[list[Reply], Turn]:
        session = self.parties.sessions["submission"]
        try:
            return session.clocked(programs, request, self.longest, LONGEST_WALL + self.longest)
        except WorkerFault as fault:
            if fault.status == "timeout":
                seconds = 1e-9 * self.track.reference * len(programs)
                text = _("stopped after {longest:g} s of work that takes the reference {seconds:.3f} s")
                raise Late(text.format(longest=self.longest, seconds=seconds), hopeless=True) from None
            raise ended(fault) from None

    def _check(self, works: list[Work], replies: list[Reply], right: list[Reply]) -> None:
        """Every output of every timed request."""
        for work, reply, wanted in zip(works, replies, right, strict=True):
            ended = stop(reply, work.program)
            if ended:
                where = work.program.calls[ended.call].function
                raise Broken(ended.outline or ended.what, where)
            finding = self.track.workload.complaint(work, reply, wanted)
            if finding:
                text = _("{brief} in a timed request, though not in the others: it must be right every time")
                raise Broken(text.format(brief=finding.brief))

    def _watch(self, turns: dict[str, Turn], programs: int) -> None:
        """Give up early, ask less of who is slow, and notice what should not be."""
        mine, theirs = turns["submission"], turns["reference"]
        self.strays += self.last is not None and self.last.outside > IDLE
        self.last = mine
        if self.strays >= STRAYS or mine.threads > 1:
            self.odd = _("it worked while it was not its turn: worth a look")
        nothing = self.track.nothing * programs
        own = max(mine.cpu - nothing, 1.0)
        ratio = own / max(theirs.cpu - nothing, LEAST_NET * theirs.cpu)
        self.pairs += 1
        self.hopeless += ratio > HOPELESS * max(self.limits, default=math.inf)
        if self.hopeless >= HOPELESS_PAIRS and 2 * self.hopeless > self.pairs:  # a busy machine makes single ones slow
            raise Broken(_("about {ratio:.0f} times as slow as the reference").format(ratio=ratio), hopeless=True)
        self.programs = max(1, min(self.track.programs, int(programs * 1e9 * SLOW / own)))

    def result(self, **more: Any) -> Race:
        """What there is by now."""
        if not self.rounds:
            return Race(programs=self.track.programs, dropped=self.dropped, **more)
        mine, theirs, nothing = (statistics.median(column) for column in zip(*self.rounds, strict=True))
        ratios, nothings = self._shares()
        return Race(
            tuple(net(ratios, statistics.median(nothings)).tolist()),
            self.found,
            reference=1e-6 * (theirs - nothing),
            submission=1e-6 * (mine - nothing),
            overhead=nothing / theirs,
            programs=self.track.programs,
            dropped=self.dropped,
            **more,
        )


def ended(fault: WorkerFault) -> Broken:
    """What the end of the submission's worker means for its race."""
    return (Killed if fault.status == "crashed" else Broken)(fault.text)


def steady(mine: Turn, theirs: Turn) -> bool:
    """Whether the clock on the wall agrees with the processor's; one who waits on purpose always disagrees."""
    return theirs.waits <= STEADY and not STEADY < mine.waits <= 2 * STEADY


def charged(mine: Turn, theirs: Turn) -> float:
    """Nanoseconds: CPU time; the time on the wall where only the submission lets it pass without working."""
    return float(mine.wall if mine.waits > 2 * STEADY and theirs.waits <= STEADY else mine.cpu)


def completed(session: Session, programs: list[Program], request: Request | None = None) -> tuple[list[Reply], Turn]:
    """The replies of a party of ours, which must come."""
    try:
        replies, turn = session.clocked(programs, request or run_request(programs), LONGEST_WALL, 2 * LONGEST_WALL)
    except WorkerFault as fault:
        raise GraderError(fault.text) from None
    for program, reply in zip(programs, replies, strict=True):
        ended = stop(reply, program)
        if ended:
            raise GraderError(f"{program.calls[ended.call].function}: {ended.what}")
    return replies, turn


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """What goes wrong inside is our fault."""
    try:
        yield
    except (WorkerFault, SandboxFault, OSError) as fault:
        raise GraderError(str(fault)) from fault
