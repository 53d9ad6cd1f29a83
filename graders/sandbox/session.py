"""One submission in a sandbox: loaded, asked to run programs, restarted when it dies."""

from __future__ import annotations

import contextlib
import secrets
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from graders.i18n import _
from graders.sandbox import requests, wire
from graders.sandbox.backend import Backend, Sandbox
from graders.sandbox.channel import Channel, Gone, Late, Log, Remaining, SandboxFault
from graders.sandbox.decoder import Decoder, skipped_at
from graders.sandbox.program import Loaded, Piece, Program, Reply, Skipped, Status
from graders.sandbox.requests import Batch, Batched
from graders.sandbox.stopwatch import Stopwatch, Turn, peak_memory
from graders.verdict import GraderError

T = TypeVar("T")

MAX_DEATHS = 2
"""Deaths within one `run` after which the rest is not tried."""
KILLED = 9
MAX_RELOADS = 4
"""Statements that may kill or hang the worker before loading is given up."""


Place = tuple[int, int, int]
"""Statement, piece and line: where loading was, by the worker's own claim."""


class WorkerFault(Exception):
    """The worker, not T, is to blame: how programs end because of it."""

    def __init__(self, status: Status, text: str, place: Place = (0, 0, 0)) -> None:
        super().__init__(text)
        self.status, self.text, self.place = status, text, place


class Session:
    """Loads a submission and runs programs against it; whatever its code does ends in a Reply.

    Raises GraderError when the sandbox itself fails twice in a row.
    """

    def __init__(
        self, backend: Backend, source: Sequence[Piece], names: Sequence[str], *, budget: float | None = None
    ) -> None:
        """budget: seconds that it may take in all; the limits' own by default."""
        self._backend = backend
        self._source, self._names = tuple(source), tuple(names)
        self._sandbox: Sandbox | None = None
        self._channel: Channel | None = None
        self._log = Log(backend.limits.output)
        self._loaded = False
        self._skip: dict[int, Skipped] = {}
        self._compiled = b""
        self._left = backend.limits.submission_seconds if budget is None else budget
        self._meanwhile: Callable[[], object] | None = None
        self._stopwatch: Stopwatch | None = None
        self.memory = 0
        """Bytes that any of its workers has held at most, of those that are gone; 0 where nobody could see."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker and its sandbox."""
        self._destroy()

    @property
    def log(self) -> str:
        """What the submission has printed so far, capped, printable characters only."""
        return str(self._log)

    # Loading

    def load(self) -> Loaded:
        """Load the submission, without the top-level statements that hang or kill the worker."""
        try:
            return self._load_anew()
        except WorkerFault as fault:
            return Loaded(problem=fault.text)

    def fresh(self) -> None:
        """Go on in a new worker, in which the submission is loaded anew."""
        self._channel = None

    def _load_anew(self) -> Loaded:
        deadline = time.monotonic() + self._backend.limits.load_seconds
        guilty, confirmed = 0, False
        while guilty < MAX_RELOADS:
            channel = self._start_worker()
            clock = StatementClock(channel, self._backend.limits.statement_seconds, deadline)
            try:
                loaded = self._ask(channel, self._load_request(), clock, self._decode_loaded)
            except WorkerFault as fault:
                if fault.status == "crashed" and not confirmed:  # it may have been killed by somebody else
                    confirmed = True
                    self._destroy()
                    continue
                guilty += 1
                self._skip_guilty(fault, deadline)
                continue
            self._channel = channel
            if not self._loaded:  # it has been asked nothing yet, so that there is nothing it could tell the next one
                self._loaded, self._compiled = True, loaded.compiled
            return replace(loaded, skipped=(*loaded.skipped, *self._skip.values()))
        raise WorkerFault("crashed", _("too many of its statements hang or end the program"))

    def _load_request(self) -> requests.Request:
        return requests.load_request(self._source, self._wanted, sorted(self._skip), self._compiled)

    def _decode_loaded(self, decoder: Decoder) -> Loaded:
        return decoder.loaded(self._source, self._wanted)

    @property
    def _wanted(self) -> Sequence[str]:
        """The functions to ask for: once is enough."""
        return () if self._loaded else self._names

    def _skip_guilty(self, fault: WorkerFault, deadline: float) -> None:
        """Remember the statement the worker claims to have been at, or give up where skipping cannot help."""
        statement, piece, line = fault.place
        self._destroy()
        if time.monotonic() >= deadline:
            seconds = self._backend.limits.load_seconds
            raise WorkerFault("timeout", _("loading took longer than {seconds:g} s").format(seconds=seconds))
        if fault.status == "violation" or statement in (0, *self._skip) or self._left <= 0:
            raise fault
        self._skip[statement] = skipped_at(self._source, piece, line, fault.text)

    # Running

    def run(
        self,
        programs: Sequence[Program] | Batched,
        seconds: float | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[Reply]:
        """Run programs, each on arrays of its own; one Reply a program, in their order.

        seconds: how long a request, of several programs or of one, may take; the limits' own by default.
        meanwhile: work of ours to do once while the worker is busy; its time is not the submission's.
        When a request kills its worker, its programs are run again one by one to find which of them did; and the first
        that did so alone is run once more, for a worker may also be killed by somebody else.
        """
        watch = Watch(self._backend.limits.request_seconds if seconds is None else seconds)
        self._meanwhile = meanwhile
        ready = programs if isinstance(programs, Batched) else Batched(programs)
        return [reply for batch in ready.batches for reply in self._run_batch(batch, watch)]

    def _run_batch(self, batch: Batch, watch: Watch) -> list[Reply]:
        if watch.deaths >= MAX_DEATHS:
            text = _("not run, for others before it ended badly: {text}").format(text=watch.fault.text)
            return [Reply(watch.fault.status, text=text) for _program in batch.programs]
        try:
            return self._run_together(batch, watch.seconds)
        except WorkerFault as fault:
            if len(batch.programs) == 1 and watch.unconfirmed(fault):
                return self._run_batch(batch, watch)
            watch.died(fault)
        if len(batch.programs) == 1:
            return [Reply(watch.fault.status, text=watch.fault.text)]
        return [reply for program in batch.programs for reply in self._run_batch(Batch([program]), watch)]

    def _run_together(self, batch: Batch, seconds: float) -> list[Reply]:
        if self._channel is None:
            with self._log.muted() if self._loaded else contextlib.nullcontext():  # it prints the same again
                self._load_anew()
        assert self._channel is not None
        deadline = time.monotonic() + seconds
        labels = [piece.label for piece in self._source]

        def decode(decoder: Decoder) -> list[Reply]:
            return [decoder.program(program, labels) for program in batch.programs]

        try:
            meanwhile, self._meanwhile = self._meanwhile, None
            return self._ask(self._channel, batch.request, lambda: deadline - time.monotonic(), decode, meanwhile)
        except WorkerFault:
            self._destroy()
            raise

    # Against the clock

    def change(self, source: Sequence[Piece], names: Sequence[str]) -> None:
        """Have another source in the same sandbox from the next worker on; only where both are our own."""
        self._source, self._names, self._skip = tuple(source), tuple(names), {}
        self._compiled, self._loaded = b"", False
        self.fresh()

    @contextlib.contextmanager
    def timed(self, processor: int | None = None) -> Iterator[None]:
        """Inside, `clocked` asks a fresh worker, which is stopped whenever it is not asked."""
        self.fresh()
        try:
            with self._log.muted() if self._loaded else contextlib.nullcontext():
                self._load_anew()
            self._stopwatch = self._stopped(processor)
            yield
        finally:
            self._stopwatch = None
            self.fresh()

    def clocked(
        self, programs: Sequence[Program], request: requests.Request, cpu: float, wall: float
    ) -> tuple[list[Reply], Turn]:
        """The replies to programs that fit one request, and what it took; WorkerFault when there are none.

        request: that of these programs. cpu, wall: seconds after which it has taken too long.
        """
        assert self._stopwatch is not None
        assert self._channel is not None
        watch, ends = self._stopwatch, time.monotonic() + wall
        labels = [piece.label for piece in self._source]

        def remaining() -> float:
            return min(cpu - watch.used(), ends - time.monotonic())

        def decode(decoder: Decoder) -> list[Reply]:
            return [decoder.program(program, labels) for program in programs]

        left = self._left
        try:
            replies = self._ask(self._channel, request, remaining, decode)
        except WorkerFault:
            self._destroy()
            raise
        self._left = left - 1e-9 * watch.turns[-1].cpu  # how long it waited for its turn's end is not its doing
        return replies, watch.turns[-1]

    def settle(self) -> None:
        """Read the clock once more, when the worker has long been stopped."""
        if self._stopwatch is not None:
            self._stopwatch.settle()

    def _stopped(self, processor: int | None) -> Stopwatch:
        assert self._sandbox is not None
        try:
            return Stopwatch(self._sandbox.worker, processor)
        except Gone as end:
            raise self._fault(end, (0, 0, 0), 0.0) from None

    # One request

    def _ask(
        self,
        channel: Channel,
        request: requests.Request,
        clock: Remaining,
        decode: Callable[[Decoder], T],
        meanwhile: Callable[[], object] | None = None,
    ) -> T:
        """Make one request, and decode T's own copy of the reply."""
        nonce = secrets.randbits(64)
        started, ours = time.monotonic(), 0.0
        budget_ends = started + self._left

        def remaining() -> float:
            nonlocal ours, meanwhile
            if meanwhile:
                work, meanwhile, before = meanwhile, None, time.monotonic()
                work()
                ours = time.monotonic() - before
            return ours + min(clock(), budget_ends - time.monotonic())

        channel.memory.write(request)
        try:
            with self._stopwatch.turn() if self._stopwatch else contextlib.nullcontext():
                records = channel.ask(nonce, len(request.head), remaining)
            table = channel.memory.copy(wire.TABLE_START, records * wire.RECORD.size)
            decoder = Decoder(nonce, table, channel.memory.copy)
            reply = decode(decoder)
            decoder.finish()
        except (Late, Gone, wire.Violation) as end:
            raise self._fault(end, channel.memory.progress(), time.monotonic() - started - ours) from None
        finally:
            self._left -= time.monotonic() - started - ours
        return reply

    def _fault(self, end: Late | Gone | wire.Violation, place: Place, seconds: float) -> WorkerFault:
        if isinstance(end, Late):
            return WorkerFault("timeout", self._late(seconds), place)
        if isinstance(end, Gone):
            return WorkerFault("crashed", self._how_it_ended(), place)
        return WorkerFault("violation", _("what it sent is not a reply ({reason})").format(reason=end), place)

    def _late(self, seconds: float) -> str:
        if self._left - seconds <= 0:
            total = self._backend.limits.submission_seconds
            return _("the submission has used up the {total:g} s it may take in all").format(total=total)
        return _("stopped after {seconds:.1f} s without an answer").format(seconds=seconds)

    def _how_it_ended(self) -> str:
        try:
            code = self._sandbox.stop() if self._sandbox else 0
        except SandboxFault:
            code = 0
        if code < 0 and code != -KILLED:
            name = signal.Signals(-code).name
            return _("the program was ended by the signal {name}").format(name=name)
        return _("the program ended before it answered (os._exit, a crash, or out of memory)")

    # The sandbox

    def _start_worker(self) -> Channel:
        """A channel to a fresh worker, in the sandbox there is or a new one; we may fail once."""
        self._channel = None
        self._weigh()
        if self._left <= 0:
            raise WorkerFault("timeout", self._late(0.0))
        for attempt in (1, 2):
            try:
                if self._sandbox is None:
                    self._sandbox = self._backend.open(self._log)
                return self._sandbox.start()
            except (SandboxFault, OSError) as error:
                self._destroy()
                if attempt == 2:
                    raise GraderError(_("the sandbox failed: {error}").format(error=error)) from error
        raise AssertionError("unreachable")

    def _weigh(self) -> None:
        """Before a worker goes: what it held."""
        if self._sandbox is not None and self._sandbox.worker > 0:
            self.memory = max(self.memory, peak_memory(self._sandbox.worker))

    def _destroy(self) -> None:
        self._channel = None
        if self._sandbox is not None:
            self._weigh()
            self._sandbox.close()
            self._sandbox = None


class Watch:
    """What one `run` has seen die."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.deaths = 0
        self.fault = WorkerFault("crashed", "")
        self._confirmed = False

    def unconfirmed(self, fault: WorkerFault) -> bool:
        """Whether this is the first that ended by itself, or was ended, with one program only."""
        first = fault.status == "crashed" and not self._confirmed
        self._confirmed = self._confirmed or first
        return first

    def died(self, fault: WorkerFault) -> None:
        """Remember one more."""
        self.deaths += 1
        self.fault = fault


class StatementClock:
    """Time left for the top-level statement that is being run, by the worker's own claim of which that is."""

    def __init__(self, channel: Channel, seconds: float, deadline: float) -> None:
        self._channel, self._seconds, self._deadline = channel, seconds, deadline
        self._statement_ends = time.monotonic() + seconds
        self.place = (0, 0, 0)

    def __call__(self) -> float:
        """Seconds left."""
        now, place = time.monotonic(), self._channel.memory.progress()
        if place != self.place:
            self.place, self._statement_ends = place, now + self._seconds
        return min(self._statement_ends, self._deadline) - now
