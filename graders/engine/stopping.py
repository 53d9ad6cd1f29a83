"""Ctrl-C, and the signal by which systems end a program: at once, but never in the middle of a record."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """Somebody wants us to stop. code: what a shell expects of a program that a signal has ended."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = 128 + number


class Stoppable:
    """While it is open, the signals raise Stopped; a second one is what it was before.

    with Stoppable() as stop:
        ...
        with stop.later():  # what must be whole
            ...
    """

    def __init__(self) -> None:
        self._shielded, self._asked = False, 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> Stoppable:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(self, *_error: object) -> None:
        self._restore()

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """Inside, a signal waits for the end."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._asked:
            raise Stopped(self._asked)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self._asked = number
        self._restore()
        if not self._shielded:
            raise Stopped(number)

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._before = {}
