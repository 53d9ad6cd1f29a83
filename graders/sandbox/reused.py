"""Sandboxes that are used again, for code of our own: an audit grades thousands of variants, and a start is dear."""

from __future__ import annotations

from graders.sandbox.backend import Backend, Sandbox
from graders.sandbox.channel import Channel, Log, SandboxFault


class Reused(Backend):
    """A backend whose sandboxes, once closed, wait for the next to be opened.

    Every session still has workers of its own; but what serves one submission alone elsewhere here serves many, one
    after another. Never for work of students.
    """

    def __init__(self, backend: Backend) -> None:
        self.limits, self.runtime = backend.limits, backend.runtime
        self.name, self.isolated = backend.name, backend.isolated
        self._backend = backend
        self._idle: list[_Kept] = []

    @property
    def description(self) -> str:
        """What it isolates, in one sentence."""
        return self._backend.description

    def open(self, log: Log) -> Sandbox:
        """One that waits, or else a new one."""
        kept = self._idle.pop() if self._idle else _Kept(self._backend, self._idle)
        kept.words.told = log
        return kept

    def close(self) -> None:
        """End those that wait."""
        while self._idle:
            self._idle.pop().end()
        self._backend.close()


class _Kept:
    """A sandbox that goes back to the others when it is closed."""

    def __init__(self, backend: Backend, idle: list[_Kept]) -> None:
        self.words = _Words()
        self._sandbox, self._idle = backend.open(self.words), idle

    @property
    def worker(self) -> int:
        """The process of the worker there is."""
        return self._sandbox.worker

    def start(self) -> Channel:
        return self._sandbox.start()

    def stop(self) -> int:
        return self._sandbox.stop()

    def close(self) -> None:
        try:
            self._sandbox.stop()
        except SandboxFault:
            self.end()
        else:
            self._idle.append(self)

    def end(self) -> None:
        """End all, release all."""
        self._sandbox.close()


class _Words(Log):
    """What is printed goes to whoever has the sandbox now."""

    def __init__(self) -> None:
        super().__init__(0)
        self.told = Log(0)

    def add(self, data: bytes) -> None:
        """Tell whoever has it."""
        self.told.add(data)
