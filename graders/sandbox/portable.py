"""A sandbox where nothing isolates: a process started afresh for each worker, files mapped by it, and pipes.

No call here is Linux's own. T reads and writes the files and maps none: a worker can shorten them, and a
mapping of a shortened file ends the process that touches it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from graders.i18n import _
from graders.sandbox import wire
from graders.sandbox.backend import PYTHON_OPTIONS, START_TEXT, Backend
from graders.sandbox.channel import (
    START_SECONDS,
    Gone,
    Late,
    Log,
    Memory,
    Remaining,
    SandboxFault,
    Wait,
    believe,
)
from graders.sandbox.program import Limits
from graders.sandbox.runtime import LAUNCHER, WORKER, Runtime, launch_settings

READY = b"ready"
THREAD_SECONDS = 5.0


class FileMemory(Memory):
    """Input and output memory in two files of a private folder."""

    def __init__(self, folder: Path) -> None:
        self.paths = folder / "input", folder / "output"
        for path, size in zip(self.paths, (wire.INPUT_SIZE, wire.OUTPUT_SIZE), strict=True):
            path.touch(0o600)
            os.truncate(path, size)
        self._input, self._output = (path.open("r+b", buffering=0) for path in self.paths)

    def put(self, offset: int, data: bytes | bytearray) -> None:
        """Write into the input."""
        self._input.seek(offset)
        self._input.write(data)

    def clear(self, length: int) -> None:
        """Zero the beginning of the output."""
        self._output.seek(0)
        self._output.write(bytes(length))

    def copy(self, offset: int, length: int) -> bytearray:
        """T's own copy of a part of the output."""
        self._output.seek(offset)
        data = self._output.read(length)
        if len(data) != length:
            raise wire.Violation("the output was cut short")
        return bytearray(data)

    def close(self) -> None:
        """Close both files."""
        self._input.close()
        self._output.close()


class PipeChannel:
    """Bells over a process's standard input and output, what it prints over its standard error."""

    def __init__(self, command: Sequence[str], settings: dict[str, object], log: Log) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="backcheck-", ignore_cleanup_errors=True)
        self.memory = FileMemory(Path(self._folder.name))
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._folder.name,
            env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},  # Windows
            start_new_session=True,
            bufsize=0,
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._ring = self._process.stdin
        self._threads = [
            threading.Thread(target=_pump, args=(stream, sink), daemon=True)
            for stream, sink in (
                (self._process.stdout, self._answers.put),
                (self._process.stderr, log.add),
            )
        ]
        for thread in self._threads:
            thread.start()
        received, output = map(str, self.memory.paths)
        self._ring.write(json.dumps({**settings, "input": received, "output": output}).encode() + b"\n")

    def await_ready(self) -> None:
        """Until the worker has started; it has run no student code by then."""
        deadline = time.monotonic() + START_SECONDS
        if self._wait(len(READY), lambda: deadline - time.monotonic()) != READY:
            raise Gone

    def ask(self, nonce: int, length: int, remaining: Remaining) -> int:
        """Ring, wait for the answer, return the number of records it claims."""
        if not self._answers.empty():
            raise _end_or_violation(self._answers.get(), "an answer came before the question")
        try:
            self._ring.write(wire.BELL.pack(nonce, length))
        except OSError as error:
            raise Gone from error
        records = believe(self._wait(wire.BELL.size, remaining), nonce)
        if not self._answers.empty():
            raise _end_or_violation(self._answers.get(), "an answer has a tail")
        return records

    def _wait(self, size: int, remaining: Remaining) -> bytes:
        data, wait = b"", Wait(remaining)
        while len(data) < size:
            chunk = None
            with wait.nap() as seconds, contextlib.suppress(queue.Empty):
                chunk = self._answers.get(timeout=seconds)
            if chunk == b"":
                raise Gone
            if chunk is None and wait.over:
                raise Late
            data += chunk or b""
        return data

    def close(self) -> int:
        """Kill the process and what it started, where that can be done; its exit code."""
        if sys.platform == "win32":
            self._process.kill()
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        for thread in self._threads:
            thread.join(THREAD_SECONDS)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self.memory.close()
        self._folder.cleanup()
        return code


def _pump(stream: IO[bytes], sink: Callable[[bytes], None]) -> None:
    """Pass on what comes, and an empty chunk at the end."""
    with contextlib.suppress(OSError, ValueError):
        while chunk := stream.read(1 << 16):
            sink(chunk)
    sink(b"")


def _end_or_violation(chunk: bytes, reason: str) -> Exception:
    return wire.Violation(reason) if chunk else Gone()


class SingleProcesses:
    """A sandbox that isolates nothing: limits and a deadline are all there is."""

    worker = 0

    def __init__(self, command: Sequence[str], runtime: Runtime, limits: Limits, log: Log) -> None:
        self._command, self._log = command, log
        self._settings = launch_settings(WORKER, runtime.packages, limits)
        self._channel: PipeChannel | None = None

    def start(self) -> PipeChannel:
        """A channel to a new worker."""
        self.stop()
        self._channel = PipeChannel(self._command, self._settings, self._log)
        try:
            self._channel.await_ready()
        except (Gone, Late) as error:
            self.stop()
            raise SandboxFault("the worker did not start: " + str(self._log)[-1000:]) from error
        return self._channel

    def stop(self) -> int:
        """End the worker there is; its exit code, 0 when there was none."""
        channel, self._channel = self._channel, None
        return channel.close() if channel else 0

    def close(self) -> None:
        """End the worker there is."""
        self.stop()


class Portable(Backend):
    """Any system: a process of its own with a deadline, and limits where the system has them."""

    name = "portable"
    isolated = False

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        with contextlib.closing(self.open(Log(START_TEXT))) as sandbox:
            sandbox.start()

    @property
    def description(self) -> str:
        """What it isolates, in one sentence."""
        return _("not isolated, a process with a deadline only: practice only")

    def open(self, log: Log) -> SingleProcesses:
        """A new sandbox."""
        command = (str(self.runtime.python), *PYTHON_OPTIONS, str(LAUNCHER), "worker")
        return SingleProcesses(command, self.runtime, self.limits, log)
