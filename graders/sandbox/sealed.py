"""Linux: the channel of sealed memory files and pipes."""

from __future__ import annotations

import contextlib
import mmap
import os
import select
from fcntl import fcntl

from graders.sandbox import wire
from graders.sandbox.channel import Gone, Late, Log, Memory, Remaining, Wait, believe

F_ADD_SEALS = 1033
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_FUTURE_WRITE = 1, 2, 4, 16
SIZES = (wire.INPUT_SIZE, wire.OUTPUT_SIZE)
SMALL = 1 << 12
"""Bytes up to which copying twice takes less than a view of the memory."""
CHUNK = 1 << 16
LAST_WORDS = 64
"""Most chunks of printed text that are read after a reply."""


class MappedMemory(Memory):
    """Input and output memory that T has mapped; only for files that nobody can shorten."""

    def __init__(self, received: mmap.mmap, output: mmap.mmap) -> None:
        self._input, self._output = received, output

    def put(self, offset: int, data: bytes | bytearray) -> None:
        """Write into the input."""
        self._input[offset : offset + len(data)] = data

    def clear(self, length: int) -> None:
        """Zero the beginning of the output."""
        self._output[:length] = bytes(length)

    def copy(self, offset: int, length: int) -> bytearray:
        """T's own copy of a part of the output."""
        if length <= SMALL:
            return bytearray(self._output[offset : offset + length])
        with memoryview(self._output) as whole, whole[offset : offset + length] as part:
            return bytearray(part)

    def close(self) -> None:
        """Unmap both."""
        self._input.close()
        self._output.close()


class SealedChannel:
    """Linux: sealed memory files and pipes, whose other ends `worker_ends` go to the worker."""

    def __init__(self, log: Log, printed: int) -> None:
        self._log, self._printed = log, printed
        with contextlib.ExitStack() as opened:
            input_file, output_file = (_memory_file(opened, size) for size in SIZES)
            received, output = (mmap.mmap(file, 0) for file in (input_file, output_file))
            self.memory = MappedMemory(received, output)
            # from here on nobody but T, who has it mapped already, can write the input
            fcntl(input_file, F_ADD_SEALS, SEAL_SHRINK | SEAL_GROW | SEAL_FUTURE_WRITE | SEAL_SEAL)
            fcntl(output_file, F_ADD_SEALS, SEAL_SHRINK | SEAL_GROW | SEAL_SEAL)
            bell_in, self._ring = _pipe(opened)
            self._answer, bell_out = _pipe(opened)
            self.worker_ends = (input_file, output_file, bell_in, bell_out)
            opened.pop_all()
        os.set_blocking(self._answer, False)
        os.set_blocking(self._ring, False)
        self._poll = select.poll()
        self._poll.register(self._answer, select.POLLIN)
        self._poll.register(self._printed, select.POLLIN)

    def close_worker_ends(self) -> None:
        """Once they are sent."""
        for descriptor in self.worker_ends:
            os.close(descriptor)

    def ask(self, nonce: int, length: int, remaining: Remaining) -> int:
        """Ring, wait for the answer, return the number of records it claims."""
        if self._read(1):
            raise wire.Violation("an answer came before the question")
        try:
            os.write(self._ring, wire.BELL.pack(nonce, length))
        except (BrokenPipeError, BlockingIOError) as error:
            raise Gone from error
        records = believe(self._wait(remaining), nonce)
        self._drain(LAST_WORDS)
        if self._read(1):
            raise wire.Violation("an answer has a tail")
        return records

    def _wait(self, remaining: Remaining) -> bytes:
        bell, wait = b"", Wait(remaining)
        while len(bell) < wire.BELL.size:
            with wait.nap() as seconds:
                ready = self._poll.poll(1000 * seconds)
            if any(descriptor == self._printed for descriptor, _ in ready):
                self._drain(1)
            if any(descriptor == self._answer for descriptor, _ in ready):
                bell += self._read(wire.BELL.size + 1 - len(bell), end=Gone)
            elif wait.over:
                raise Late
        return bell

    def _read(self, size: int, end: type[Exception] | None = None) -> bytes:
        try:
            data = os.read(self._answer, size)
        except BlockingIOError:
            return b""
        if not data and end:
            self._drain(LAST_WORDS)
            raise end
        return data

    def _drain(self, chunks: int) -> None:
        for _ in range(chunks):
            try:
                data = os.read(self._printed, CHUNK)
            except BlockingIOError:
                return
            if not data:  # all of the sandbox has ended
                with contextlib.suppress(KeyError):
                    self._poll.unregister(self._printed)
                return
            self._log.add(data)

    def close(self) -> None:
        """Release all that T holds of it."""
        self.memory.close()
        os.close(self._ring)
        os.close(self._answer)


def _memory_file(opened: contextlib.ExitStack, size: int) -> int:
    descriptor = os.memfd_create("backcheck", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    opened.callback(os.close, descriptor)
    os.ftruncate(descriptor, size)
    return descriptor


def _pipe(opened: contextlib.ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for descriptor in ends:
        opened.callback(os.close, descriptor)
    return ends
