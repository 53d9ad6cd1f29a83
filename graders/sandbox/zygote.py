"""A sandbox on Linux as T holds it: one process started afresh, which forks workers on demand."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePath
from typing import Protocol

from graders.sandbox import seccomp, stopwatch
from graders.sandbox.channel import START_SECONDS, Log, SandboxFault
from graders.sandbox.decoder import printable
from graders.sandbox.place import Place
from graders.sandbox.program import Limits
from graders.sandbox.runtime import launch_settings
from graders.sandbox.sealed import SealedChannel

FORK_SECONDS = 10.0
MESSAGE = 1 << 12

Command = Callable[[int], Sequence[str]]
"""The command line that runs the launcher, given the control socket's descriptor."""


class Shell(Protocol):
    """What a zygote runs in: the way it was started, and the way to end it.

    control: T's end of the socket to it. printed: where what is printed in it can be read, without waiting.
    handed: descriptors it gets with its settings.
    """

    control: socket.socket
    printed: int
    handed: Sequence[int]

    def started(self) -> None:
        """It has what was handed to it."""

    def end(self) -> None:
        """Kill all that is in it."""

    def release(self) -> None:
        """Let go of what T holds of it."""


class Process:
    """A process of T's own, with its end of a pair of sockets.

    place: a user and a root folder of its own, given up when it is released.
    """

    handed: Sequence[int] = ()

    def __init__(self, command: Command, place: Place) -> None:
        self._place = place
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.printed, printing = os.pipe()
        os.set_blocking(self.printed, False)
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
            self.release()
            raise SandboxFault(str(error)) from error
        except BaseException:
            self.release()
            raise
        finally:
            theirs.close()
            os.close(printing)

    def started(self) -> None:
        """It needs nothing more."""

    def end(self) -> None:
        """Kill it and whatever it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def release(self) -> None:
        """Close the socket and the pipe, and let another have the place."""
        self.control.close()
        os.close(self.printed)
        self._place.close()


class Zygote:
    """One sandbox: `start` gives a channel to a new worker and ends the one before.

    worker: the process of the worker there is, as T sees it; the kernel says so, not the worker.
    log: where what is printed goes, from the next worker on.
    """

    def __init__(self, shell: Shell, settings: object, log: Log) -> None:
        self.log = log
        self._channel: SealedChannel | None = None
        self.worker = 0
        self._shell = shell
        self._control, self._printed = shell.control, shell.printed
        try:
            stopwatch.name_senders(self._control)
            self._send_settings(settings)
            shell.started()
            self.confinement: dict[str, int] = json.loads(self._receive(START_SECONDS))
        except BaseException:
            self.close()
            raise

    def start(self) -> SealedChannel:
        """A channel to a new worker."""
        self.stop()
        channel = SealedChannel(self.log, self._printed)
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

    def alive(self) -> bool:
        """Whether it is there and has nothing to say, as befits one that was not asked."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Kill all that is in the sandbox, and release all that T holds of it."""
        self._shell.end()
        self._await_end()
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._shell.release()

    def _await_end(self) -> None:
        """The last process in the sandbox takes the last writing end of the printing pipe with it."""
        deadline = time.monotonic() + FORK_SECONDS
        while time.monotonic() < deadline:
            try:
                if not os.read(self._printed, MESSAGE):
                    return
            except BlockingIOError:
                time.sleep(0.001)

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
            socket.send_fds(self._control, [b"settings"], [file, *self._shell.handed])
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


def zygote_settings(
    worker: PurePath, packages: PurePath, readable: Iterable[PurePath], limits: Limits, place: Place | None = None
) -> dict[str, object]:
    """What the launcher of a zygote is told; paths are those of the machine or image that it runs on."""
    return {
        **launch_settings(worker, packages, limits),
        **(place or Place()).settings(limits),
        "readable": [str(path) for path in readable],
        "filters": [program.hex() for program in seccomp.filters(limits.processes)],
    }
