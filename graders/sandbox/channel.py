"""The shared memory and the doorbells between T and one worker.

A wait ends in exactly one way: the number of records claimed, or a Fault. T's deadline is absolute, but for time in
which T itself was kept from looking, so that a worker that sends a byte now and then gains nothing; whatever it
prints meanwhile is drained, and discarded past a cap.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Protocol

from graders.sandbox import wire
from graders.sandbox.decoder import printable
from graders.sandbox.requests import Request

START_SECONDS = 30.0
"""A machine under load takes its time to import NumPy; a sandbox that takes longer is broken."""
LONGEST_NAP = 0.05
"""Seconds after which a waiting T looks at its deadline again."""

STALLED = 0.5
"""Seconds by which T oversleeps only where the machine, or T, stood still."""

Remaining = Callable[[], float]
"""Seconds until a worker must have answered; asked again and again."""


class Late(Exception):
    """The deadline passed."""


class Gone(Exception):
    """The worker closed its bell: it ended, or is about to."""


class SandboxFault(Exception):
    """The sandbox itself failed: ours to mend, not the student's."""


class Log:
    """What was printed, up to a cap."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._muted = False

    @contextlib.contextmanager
    def muted(self) -> Iterator[None]:
        """Forget what is printed meanwhile."""
        self._muted = True
        try:
            yield
        finally:
            self._muted = False

    def add(self, data: bytes) -> None:
        """Keep as much as there is room for."""
        if not self._muted:
            self._data += data[: self._limit - len(self._data)]

    def __str__(self) -> str:
        return printable(self._data.decode("utf-8", "replace"))


class Memory(ABC):
    """T's side of the input and output memory."""

    @abstractmethod
    def put(self, offset: int, data: bytes | bytearray) -> None:
        """Write into the input."""

    @abstractmethod
    def clear(self, length: int) -> None:
        """Zero the beginning of the output."""

    @abstractmethod
    def copy(self, offset: int, length: int) -> bytearray:
        """T's own copy of a part of the output."""

    @abstractmethod
    def close(self) -> None:
        """Release both."""

    def write(self, request: Request) -> None:
        """Lay a request out for the worker."""
        self.clear(wire.TABLE_START)
        self.put(0, request.head)
        self.put(request.base, request.body)

    def progress(self) -> tuple[int, int, int]:
        """Statement, piece and line the worker claims to be at."""
        try:
            statement, piece, line = wire.PROGRESS.unpack(self.copy(0, wire.PROGRESS.size))
        except wire.Violation:
            return 0, 0, 0
        return statement, piece, line


class Channel(Protocol):
    """What a session needs to talk to one worker."""

    @property
    def memory(self) -> Memory:
        """Where requests are written and replies copied from."""

    def ask(self, nonce: int, length: int, remaining: Remaining) -> int:
        """Ring, wait for the answer, return the number of records it claims."""


class Wait:
    """One wait for an answer: how long T sleeps before it looks again, and whether time is up.

    What T oversleeps by is not the worker's time, and what has come when T looks has come in time: a worker's deadline
    passes while T, too, is kept from the processor.
    """

    def __init__(self, remaining: Remaining) -> None:
        self._remaining = remaining
        self._spared = 0.0
        self.over = False

    @contextlib.contextmanager
    def nap(self) -> Iterator[float]:
        """Inside, T sleeps so many seconds: none when time is up."""
        left = self._remaining() + self._spared
        self.over = left <= 0
        seconds = max(0.0, min(left, LONGEST_NAP))
        begun = time.monotonic()
        yield seconds
        overslept = time.monotonic() - begun - seconds
        if overslept > STALLED:
            self._spared += overslept


def believe(bell: bytes, nonce: int) -> int:
    """The number of records an answer claims, when the bell is what it has to be."""
    if len(bell) != wire.BELL.size:
        raise wire.Violation("the bell rang too long")
    found, records = wire.BELL.unpack(bell)
    if found != nonce:
        raise wire.Violation("the bell has another nonce")
    if records * wire.RECORD.size > wire.DATA_START - wire.TABLE_START:
        raise wire.Violation("more records than the table holds")
    return int(records)
