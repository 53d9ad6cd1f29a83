"""Asking a submission, on the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from graders.sandbox.program import Program, Reply
from graders.sandbox.requests import Batched
from graders.sandbox.session import Session

KILLED = ("timeout", "crashed")
"""How a reply ends whose worker had to be, or was, ended."""


@dataclass
class Answers:
    """Asks the session, and keeps the time.

    seconds: wall-clock time by what it went into, "student", "judging", "shrinking" and "diagnosis".
    """

    session: Session
    seconds: dict[str, float] = field(
        default_factory=lambda: {"student": 0.0, "judging": 0.0, "shrinking": 0.0, "diagnosis": 0.0}
    )

    def ask(
        self,
        programs: Sequence[Program] | Batched,
        seconds: float | None = None,
        meanwhile: Callable[[], object] | None = None,
    ) -> list[Reply]:
        """The replies to the programs, one each; `meanwhile` is done while they run, and its time is not counted."""
        start, ours = time.perf_counter(), 0.0

        def work() -> None:
            nonlocal ours
            before = time.perf_counter()
            if meanwhile:
                meanwhile()
            ours = time.perf_counter() - before

        replies = self.session.run(programs, seconds, work)
        self.seconds["student"] += time.perf_counter() - start - ours
        return replies

    @contextmanager
    def clocked(self, what: str) -> Iterator[None]:
        """Count all the time inside."""
        start = time.perf_counter()
        yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - start

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Count the time inside, less what the submission took of it."""
        start, asked = time.perf_counter(), self.seconds["student"]
        yield
        self.seconds[what] += time.perf_counter() - start - (self.seconds["student"] - asked)
