"""A sandbox on Linux as T holds it: one process started afresh, which forks workers on demand."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Sequence

from graders.sandbox import seccomp, stopwatch
from graders.sandbox.channel import START_SECONDS, Log, SandboxFault
from graders.sandbox.decoder import printable
from graders.sandbox.place import Place
from graders.sandbox.program import Limits
from graders.sandbox.runtime import Runtime, launch_settings
from graders.sandbox.sealed import SealedChannel

FORK_SECONDS = 10.0
MESSAGE = 1 << 12

Command = Callable[[int], Sequence[str]]
"""The command line that runs the launcher, given the control socket's descriptor."""


class Zygote:
    """One sandbox: `start` gives a channel to a new worker and ends the one before.

    worker: the process of the worker there is, as T sees it; the kernel says so, not the worker.
    """

    def __init__(
        self, command: Command, runtime: Runtime, limits: Limits, log: Log, place: Place | None = None
    ) -> None:
        """place: a user and a root folder of its own, given up again when it is closed."""
        self._log, self._place = log, place or Place()
        self._channel: SealedChannel | None = None
        self.worker = 0
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stopwatch.name_senders(self._control)
        self._printed, printing = os.pipe()
        os.set_blocking(self._printed, False)
        try:
            self._process = subprocess.Popen(
                command(theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=printing,
                stderr=printing,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            self._release()
            raise SandboxFault(str(error)) from error
        finally:
            theirs.close()
            os.close(printing)
        try:
            self._send_settings(_settings(runtime, limits, self._place))
            self.confinement: dict[str, int] = json.loads(self._receive(START_SECONDS))
        except BaseException:
            self.close()
            raise

    def start(self) -> SealedChannel:
        """A channel to a new worker."""
        self.stop()
        channel = SealedChannel(self._log, self._printed)
        self._channel = channel
        try:
            socket.send_fds(self._control, [b"fork"], channel.worker_ends)
        except OSError as error:
            raise SandboxFault(str(error)) from error
        finally:
            channel.close_worker_ends()
        answer, self.worker = self._receive_from(FORK_SECONDS)
        if answer != b"ready":
            raise SandboxFault(printable(answer.decode("utf-8", "replace")))
        return channel

    def stop(self) -> int:
        """End the worker there is; returns its exit code (negative: a signal), 0 when there was none."""
        if self._channel is None:
            return 0
        self._channel.close()
        self._channel, self.worker = None, 0
        self._send(b"stop")
        (status,) = struct.unpack("<i", self._receive(FORK_SECONDS))
        return os.waitstatus_to_exitcode(status)

    def close(self) -> None:
        """Kill all that is in the sandbox, and release all that T holds of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._await_end()
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._release()

    def _await_end(self) -> None:
        """The last process in the sandbox takes the last writing end of the printing pipe with it."""
        deadline = time.monotonic() + FORK_SECONDS
        while time.monotonic() < deadline:
            try:
                if not os.read(self._printed, MESSAGE):
                    return
            except BlockingIOError:
                time.sleep(0.001)

    def _release(self) -> None:
        self._control.close()
        os.close(self._printed)
        self._place.close()

    def _send(self, message: bytes) -> None:
        try:
            self._control.send(message)
        except OSError as error:
            raise SandboxFault(str(error)) from error

    def _send_settings(self, settings: object) -> None:
        file = os.memfd_create("settings", os.MFD_CLOEXEC)
        try:
            with open(file, "wb", closefd=False) as writer:
                writer.write(json.dumps(settings).encode())
            socket.send_fds(self._control, [b"settings"], [file])
        except OSError as error:
            raise SandboxFault(str(error)) from error
        finally:
            os.close(file)

    def _receive(self, seconds: float) -> bytes:
        """One message of the zygote, or of a worker that is not yet the student's."""
        return self._receive_from(seconds)[0]

    def _receive_from(self, seconds: float) -> tuple[bytes, int]:
        """The same, and the process that sent it."""
        self._control.settimeout(seconds)
        try:
            message, sender = stopwatch.receive_from(self._control, MESSAGE)
        except OSError as error:
            raise SandboxFault(self._last_words() or str(error)) from error
        if not message:
            raise SandboxFault(self._last_words() or "the sandbox ended")
        return message, sender

    def _last_words(self) -> str:
        with contextlib.suppress(BlockingIOError):
            return printable(os.read(self._printed, MESSAGE).decode("utf-8", "replace")).strip()
        return ""


def _settings(runtime: Runtime, limits: Limits, place: Place) -> dict[str, object]:
    return {
        **launch_settings(runtime, limits),
        **place.settings(limits),
        "readable": [str(path) for path in runtime.readable],
        "filters": [program.hex() for program in seccomp.filters(limits.processes)],
    }
