"""What every kind of sandbox offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Protocol

from graders.sandbox.channel import Channel, Log
from graders.sandbox.program import Limits
from graders.sandbox.runtime import find_runtime

START_TEXT = 1000
"""How much of a failing sandbox's own words is kept."""
PYTHON_OPTIONS = ("-I", "-S", "-B")


class Sandbox(Protocol):
    """One submission's place to run, empty until `start`."""

    @property
    def worker(self) -> int:
        """The process of the worker there is, 0 where T cannot stop and time it."""

    def start(self) -> Channel:
        """A channel to a new worker; the one before is ended."""

    def stop(self) -> int:
        """End the worker; its exit code (negative: a signal)."""

    def close(self) -> None:
        """End all, release all."""


class Backend(ABC):
    """A kind of sandbox, with what a submission may use in it."""

    name: str
    isolated: bool
    """Whether student code can neither read what is not its own nor reach other processes or the network."""
    times: bool = False
    """Whether workers can be stopped and their CPU time be read."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.runtime = find_runtime()

    @property
    @abstractmethod
    def description(self) -> str:
        """What it isolates, in one sentence."""

    def close(self) -> None:  # noqa: B027
        """End the sandboxes that wait for their turn; only some kinds have any."""

    def settle(self) -> None:  # noqa: B027
        """Wait until nothing is being started or ended in the background; only some kinds do that."""

    def holdings(self) -> Iterable[str]:
        """What there is of its sandboxes that is no process, file or descriptor of T's own, each by what it is."""
        return ()

    @abstractmethod
    def open(self, log: Log) -> Sandbox:
        """A new sandbox; SandboxFault when that fails."""
