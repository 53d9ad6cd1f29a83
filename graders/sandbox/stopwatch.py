"""Linux: a worker's CPU time, read from outside while it is stopped, and its memory.

The kernel keeps all figures. A worker cannot move its clock, and does not run unless it is its turn. Its process is
not what it says it is: the kernel vouches for who sent the message that a worker is ready.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from graders.sandbox.channel import Gone, SandboxFault

CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group
STOP_SECONDS = 10.0
"""A crowded processor takes its time to let a process stop; one that has not by then is our fault."""
SCHEDULED = 2  # CPUCLOCK_SCHED: CPU time of all threads, those that have ended too, in nanoseconds
STOPPED, DEAD = ("T", "t"), ("Z", "X", "x")


@dataclass
class Turn:
    """What one turn of a worker took, in nanoseconds.

    cpu: of all its threads, until the next turn begins: what it should do outside of its turn counts as well.
    wall: from letting it go until it had stopped again, less the time that it, or we, waited for a processor.
    outside: the part of `cpu` that came after it had stopped. threads: how many it has.
    """

    cpu: int
    wall: int
    threads: int
    outside: int = 0

    @property
    def waits(self) -> float:
        """Wall-clock time over CPU time: near 1 for a worker that works."""
        return self.wall / max(self.cpu, 1)


class Stopwatch:
    """Holds one worker: it is stopped, but for its turns. Gone is raised when it has ended."""

    def __init__(self, process: int, processor: int | None = None) -> None:
        """Stop the process, and let it run on one processor only, where that can be said."""
        self.process = process
        self.turns: list[Turn] = []
        if processor is not None:
            with contextlib.suppress(OSError):
                os.sched_setaffinity(process, {processor})
        self._stop()
        self._cpu = self.cpu()

    def cpu(self) -> int:
        """Nanoseconds of CPU time so far; up to a tick behind while the process runs."""
        try:
            return time.clock_gettime_ns(~self.process << 3 | SCHEDULED)
        except OSError as error:
            raise Gone from error

    def used(self) -> float:
        """Seconds of CPU time since the turn began, likewise."""
        return (self.cpu() - self._cpu) * 1e-9

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The process runs inside; afterwards the turn is the last of `turns`."""
        if self.turns:
            self.turns[-1].outside = self.settle()
        else:
            self._cpu = self.cpu()
        queued, ours = self._queued(), _own_queued()
        started = time.perf_counter_ns()
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._stop()
            wall = time.perf_counter_ns() - started
            queued, ours = self._queued() - queued, _own_queued() - ours
            self.turns.append(Turn(0, wall - queued - ours, self._threads()))
            self.settle()

    def settle(self) -> int:
        """Read the clock of the last turn again, for it is late where the processor has not been left yet; nanoseconds
        that it was late.
        """
        now = self.cpu()
        late, self._cpu = now - self._cpu, now
        self.turns[-1].cpu += late
        return late

    def _stop(self) -> None:
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + STOP_SECONDS
        while (state := self._state()) not in STOPPED:
            if state in DEAD:
                raise Gone
            if time.monotonic() > deadline:
                raise SandboxFault("a worker could not be stopped")
            time.sleep(2e-5)

    def _signal(self, number: int) -> None:
        try:
            os.kill(self.process, number)
        except ProcessLookupError as error:
            raise Gone from error

    def _state(self) -> str:
        return self._read("stat").rpartition(")")[2].split()[0]

    def _queued(self) -> int:
        """Nanoseconds that it waited for a processor, as far as its first thread tells."""
        return int(self._read("schedstat").split()[1])

    def _threads(self) -> int:
        return len(os.listdir(f"/proc/{self.process}/task"))

    def _read(self, name: str) -> str:
        try:
            with open(f"/proc/{self.process}/{name}", encoding="ascii", errors="replace") as file:
                return file.read()
        except (FileNotFoundError, ProcessLookupError) as error:
            raise Gone from error


def _own_queued() -> int:
    with open("/proc/thread-self/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1])


def works() -> bool:
    """Whether this kernel keeps what a stopwatch needs."""
    try:
        _own_queued()
        return time.clock_gettime_ns(~os.getpid() << 3 | SCHEDULED) > 0
    except (OSError, ValueError, IndexError):
        return False


def peak_memory(process: int) -> int:
    """The bytes that a process has held in memory at most, as the kernel counts them; 0 where it does not say."""
    try:
        with open(f"/proc/{process}/status", encoding="utf-8", errors="replace") as file:
            lines = dict(line.split(":", 1) for line in file if ":" in line)
        return 1024 * int(lines["VmHWM"].split()[0])
    except (OSError, LookupError, ValueError):  # it has ended, or this is no Linux
        return 0


def name_senders(receiver: socket.socket) -> None:
    """Have the kernel write into every message from now on which process sent it."""
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)


def receive_from(receiver: socket.socket, size: int) -> tuple[bytes, int]:
    """One message, and the process that sent it, by our own name for it; 0 where the kernel did not say."""
    message, ancillary, _flags, _address = receiver.recvmsg(size, socket.CMSG_SPACE(CREDENTIALS.size))
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            return message, int(CREDENTIALS.unpack(data[: CREDENTIALS.size])[0])
    return message, 0
