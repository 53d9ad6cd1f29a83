"""Practice on a GPU: a submission written over the array namespace, beside the reference, on float32 tensors.

Both run in processes of their own and in turn; the clock is the one on the wall, around a request that ends when the
device has finished. Nothing is isolated there, nothing is judged, and no points come of it: those are the NumPy run's.
"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import pickle
import random
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.sandbox.decoder import printable
from graders.sandbox.program import Call, Piece, Program
from graders.specs.row import Row
from graders.throughput.limits import Limits
from graders.throughput.player import DONE, LONGEST_TEXT, play
from graders.throughput.stand import TOO_FAST, reference_pieces
from graders.throughput.statistic import Interval, interval
from graders.throughput.workload import Work, Workload

ROUNDS, WARM_UP = 15, 2
REQUEST = 0.010
"""Seconds that a request takes the reference, at least, where so many programs fit."""
MOST_PROGRAMS = 64
LONGEST = 30.0
"""Seconds after which an answer is not waited for."""
LARGEST_REPLY = 1 << 30
ALLOWED = 1e-3
"""Largest difference, as a share of a value's largest number: both sides compute in float32."""


@dataclass(frozen=True)
class Practice:
    """What came of one task.

    found: the ratio of the submission's time to the reference's, with its interval. submission, reference:
    milliseconds a program. limits: of this device; None where nobody has measured. problem: why there is no ratio.
    """

    task: str
    device: str
    found: Interval = field(default=Interval(math.nan, math.nan, math.nan))
    submission: float = 0.0
    reference: float = 0.0
    limits: Limits | None = None
    problem: str = ""

    @property
    def verdict(self) -> str:
        """How the time compares with the limits of this device, in a few words."""
        if self.problem:
            return self.problem
        if self.found.median < TOO_FAST:
            return _("more than 10 times as fast as the reference: worth a look")
        if self.limits is None:
            return _("no limit: nobody has measured this task on such a device yet")
        if self.found.low <= self.limits.full:
            return _("within the limit of {limit:g}").format(limit=self.limits.full)
        if self.found.low <= self.limits.part:
            return _("beyond the limit of {full:g}, within the second of {part:g}").format(
                full=self.limits.full, part=self.limits.part
            )
        return _("beyond both limits, {full:g} and {part:g}").format(full=self.limits.full, part=self.limits.part)

    def to_json(self) -> dict[str, Any]:
        """For machines."""
        figures = {} if self.problem else {**asdict(self.found), "ms": self.submission, "reference_ms": self.reference}
        limits = None if self.limits is None else {"full": self.limits.full, "part": self.limits.part}
        return {"task": self.task, "device": self.device, **figures, "limits": limits, "problem": self.problem}


class Failed(Exception):
    """A party did not do what it was asked; its words, made harmless."""


class ReferenceFailed(Failed):
    """The reference did not, which is not the submission's fault."""

    def __str__(self) -> str:
        return _("the reference itself does not run on this device: {why}").format(why=super().__str__())


class Party:
    """One process with one module."""

    def __init__(self, pieces: Sequence[Piece], device: str, failure: type[Failed] = Failed) -> None:
        """failure: what is raised where it does not do what it is asked."""
        self._failure = failure
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=play, args=(theirs, tuple(pieces), device), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        try:
            self._answer()
        except Failed:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._ours.close()
        self._process.kill()
        self._process.join()

    def load(self, programs: Sequence[Program]) -> None:
        """Put the numbers of programs on the device."""
        self._ask("load", list(programs))

    def run(self) -> float:
        """Seconds that all of them take."""
        order = pickle.dumps(("run", None))
        started = time.perf_counter()
        self._send(order)
        self._answer()
        return time.perf_counter() - started

    def values(self, places: Iterable[tuple[int, int]]) -> list[NDArray[np.float64]]:
        """What the first program's calls returned there, flat."""
        answers = [self._ask("values", place) for place in places]
        if any(len(answer) % 8 for answer in answers):
            raise self._failure(_("what it sent is not a reply ({reason})").format(reason=_("not whole numbers")))
        return [np.frombuffer(answer, np.float64) for answer in answers]

    def shape(self, call: int, value: int) -> tuple[int, ...]:
        """Of what the first program's call returned there; for the reference only."""
        return tuple(np.frombuffer(self._ask("shape", (call, value)), np.int64).tolist())

    def _ask(self, order: str, content: Any) -> bytes:
        self._send(pickle.dumps((order, content)))
        return self._answer()

    def _send(self, order: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # whoever has ended says why in its last answer, or gives none
            self._ours.send_bytes(order)

    def _answer(self) -> bytes:
        try:
            if not self._ours.poll(LONGEST):
                raise self._failure(_("stopped after {seconds:.1f} s without an answer").format(seconds=LONGEST))
            answer = self._ours.recv_bytes(LARGEST_REPLY)
        except (EOFError, OSError):
            raise self._failure(
                _("the program ended before it answered (os._exit, a crash, or out of memory)")
            ) from None
        if answer[:1] != DONE:
            raise self._failure(printable(answer[1 : LONGEST_TEXT + 1].decode("utf-8", "replace")))
        return answer[1:]


def practise(
    row: Row, pieces: Sequence[Piece], device: str, limits: Limits | None = None, rounds: int = ROUNDS
) -> Practice:
    """One task of a submission beside the reference."""
    empty = Practice(row.name, device, limits=limits)
    with contextlib.ExitStack() as parties:
        try:
            reference = parties.enter_context(Party(reference_pieces(row), device, ReferenceFailed))
            submission = parties.enter_context(Party(pieces, device))
            return replace(empty, **timed(row, submission, reference, rounds))
        except Failed as end:
            return replace(empty, problem=str(end))


def timed(row: Row, submission: Party, reference: Party, rounds: int) -> dict[str, Any]:
    """Rounds in turn, on new numbers each; the figures of a Practice."""
    workload = Workload(row, 0)
    if row.kind == "pair":
        shapes_of_outputs(workload, reference)
    programs = size(workload, reference)
    times: list[tuple[float, float]] = []
    for turn in range(WARM_UP + rounds):
        works = [workload.work() for _program in range(programs)]
        both = {}
        for party in random.sample([submission, reference], 2):
            party.load([in_single(work.program) for work in works])
            both[party] = party.run()
        compare(works[0], workload, submission, reference)
        if turn >= WARM_UP:
            times.append((both[submission], both[reference]))
    mine, theirs = (1e3 * statistics.median(column) / programs for column in zip(*times, strict=True))
    found = interval([one / max(other, 1e-9) for one, other in times])
    return {"found": found, "submission": mine, "reference": theirs}


def shapes_of_outputs(workload: Workload, reference: Party) -> None:
    """Learn from the reference how large the upstream gradients are."""
    first = workload.first()
    reference.load([in_single(first)])
    reference.run()
    names = workload.row.outputs
    workload.shapes = [reference.shape(0, names.index(name)) for name in workload.row.differentiated]


def size(workload: Workload, reference: Party) -> int:
    """Programs a request."""
    reference.load([in_single(workload.work().program)])
    once = statistics.median(reference.run() for _turn in range(2 * WARM_UP + 1))
    return max(1, min(MOST_PROGRAMS, math.ceil(REQUEST / once)))


def compare(work: Work, workload: Workload, submission: Party, reference: Party) -> None:
    """Fast and wrong is not fast; Failed where they differ."""
    places = {name: place for name, place in workload.places(work).items() if shown(work.program, place)}
    mine, theirs = submission.values(places.values()), reference.values(places.values())
    for name, got, wanted in zip(places, mine, theirs, strict=True):
        scale = float(np.abs(wanted).max(initial=0.0)) or 1.0
        if got.size != wanted.size or not float(np.abs(got - wanted).max(initial=0.0)) <= ALLOWED * scale:
            raise Failed(_("{name} is not what the reference computes").format(name=name))


def shown(program: Program, place: tuple[int, int]) -> bool:
    """Whether a value is one to look at."""
    return place[1] not in program.calls[place[0]].opaque


def in_single(program: Program) -> Program:
    """The same with float32 numbers; an array that stands twice stays one."""
    known: dict[int, NDArray[Any]] = {}

    def single(value: Any) -> Any:
        if isinstance(value, list):
            return [single(item) for item in value]
        if isinstance(value, np.ndarray) and value.dtype == np.float64:
            return known.setdefault(id(value), value.astype(np.float32))
        return value

    def options(call: Call) -> Mapping[str, Any]:
        return {name: single(value) for name, value in call.options.items()}

    calls = (replace(call, args=tuple(map(single, call.args)), options=options(call)) for call in program.calls)
    return Program(tuple(calls))
