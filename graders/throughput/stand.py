"""Submission, reference and nothing at all, each in a sandbox of its own, asked in turn on one processor."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from typing import Self

from graders.i18n import _
from graders.intake.reference import closure, module_text
from graders.sandbox import Backend
from graders.sandbox.channel import SandboxFault
from graders.sandbox.launcher import settle_allocator
from graders.sandbox.program import Piece, Program
from graders.sandbox.requests import Room, room
from graders.sandbox.session import Session
from graders.sandbox.wire import BATCH
from graders.specs.row import Row, ScriptRow
from graders.throughput.empties import empty_source
from graders.throughput.heat import LONGEST, PARTIES, Broken, Heat, Parties, Race, Track, completed, ours
from graders.throughput.workload import ROOM, Workload, reply_bytes
from graders.verdict import GraderError

TRIPLES = 2
"""Times that all parties start in a fresh worker; up to as many more when a limit is within the interval."""
LONGEST_RACE = 5.0
"""Seconds on the wall that a race should take: it is extended by as much as fits in."""
REQUEST = 0.007
"""Seconds of CPU time that a request costs the reference, at least."""
FEW = 7
"""Requests of one program from which the first sizes are taken, by the quickest: a slow moment only adds."""
TOO_FAST = 0.1
"""A ratio below is asked again, and said."""


class Stand:
    """Where submissions are timed; keeps a sandbox for the reference and one for nothing, and what it knows of rows."""

    def __init__(self, backend: Backend, triples: int | None = None) -> None:
        """triples: times that all parties of a race start in fresh workers."""
        settle_allocator()  # ours too: replies are copied by the megabyte, and fresh pages took a quarter of a race
        self.backend, self.triples = backend, triples or TRIPLES
        self._sessions: tuple[Session, Session] | None = None
        self._tracks: dict[str, Track] = {}
        self.processor = _processor()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the sandboxes; the next race opens others."""
        for session in self._sessions or ():
            session.close()
        self._sessions = None

    def _open(self) -> tuple[Session, Session]:
        if self._sessions is None:
            parties = (Session(self.backend, (), (), budget=math.inf) for _party in range(2))
            self._sessions = next(parties), next(parties)
        return self._sessions

    def parties(self, submission: Session) -> Parties:
        """All three of a race."""
        return Parties(dict(zip(PARTIES, (submission, *self._open()), strict=True)), self.processor)

    # Before the race

    def track(self, row: Row, seed: int) -> Track:
        """The row made ready: from the reference, once."""
        if row.name not in self._tracks:
            with ours():
                self._tracks[row.name] = self._measured(row, seed)
        return self._tracks[row.name]

    def _measured(self, row: Row, seed: int) -> Track:
        workload = Workload(row, seed)
        reference, empty = self._open()
        reference.change(reference_pieces(row), ())
        with reference.timed(self.processor):
            if row.kind == "pair":
                workload.learn(completed(reference, [workload.first()])[0][0])
            work = workload.work()
            reply = completed(reference, [work.program])[0][0]
            workload.max_bytes = int(ROOM * reply_bytes(reply)) + (1 << 16)
            costs = [completed(reference, [workload.work().program])[1].cpu for _ in range(FEW)]
        pieces = empty_source(work.program, reply)
        empty.change(pieces, ())
        with empty.timed(self.processor):
            nothing = [completed(empty, [workload.work().program])[1].cpu for _ in range(1 + FEW)][1:]
        own = max(1.0, min(costs) - min(nothing))
        wanted = math.ceil(1e9 * REQUEST / own)
        return Track(workload, min(wanted, most_programs(workload.work().program)), pieces, own, min(nothing))

    # The race

    def race(
        self,
        row: Row,
        seed: int,
        session: Session,
        limits: Sequence[float],
        *,
        longest: float = LONGEST,
    ) -> Race:
        """Time a submission: more rounds when a limit lies in the interval, or when it is too fast to be true.

        limits: full and part. longest: seconds of CPU time of a request.
        """
        track = self.track(row, seed)
        reference, empty = self._open()
        with ours():
            reference.change(reference_pieces(row), ())
            empty.change(track.empty, ())
        parties = self.parties(session)
        heat = Heat(parties, track, limits, longest)
        extended, suspicious = False, ""
        started = time.monotonic()
        try:
            heat.run(self.triples)
            each = (time.monotonic() - started) / self.triples
            more = min(self.triples, int(LONGEST_RACE / each) - self.triples)
            if more > 0 and heat.found.straddles(limits):
                extended = True
                heat.run(more)
            if heat.found.median < TOO_FAST:
                track.workload.refresh()
                again = Heat(parties, track, limits, longest)
                again.run(self.triples)
                heat, suspicious = again, _("more than 10 times as fast as the reference: worth a look")
        except Broken as end:
            if end.hopeless:
                return heat.result(hopeless=end.text, extended=extended)
            return heat.result(broken=end.text, where=end.where, extended=extended)
        except (SandboxFault, OSError) as fault:
            raise GraderError(str(fault)) from fault
        return heat.result(extended=extended, suspicious=suspicious or heat.odd)


def reference_pieces(row: Row) -> tuple[Piece, ...]:
    """The plain form of the reference for a row, with what it uses."""
    more = row.uses if isinstance(row, ScriptRow) else ()
    names = {function.partition(".")[0] for function in (*row.functions, *more)}
    return (Piece("", module_text(closure(sorted(names)))),)


def most_programs(program: Program) -> int:
    """How many such programs fit one request."""
    taken, count = Room(), 0
    while count < BATCH and (taken + room(program)).fits:
        taken, count = taken + room(program), count + 1
    if not count:
        raise GraderError("a workload is larger than the memory it goes through")
    return count


def _processor() -> int | None:
    """One that may be used; not the same for every process of ours."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    mine = sorted(os.sched_getaffinity(0))
    return mine[os.getpid() % len(mine)]
