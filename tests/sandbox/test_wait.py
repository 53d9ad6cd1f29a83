"""A worker's time is up when T has looked once more, and what T oversleeps is not the worker's."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable

import pytest

from graders.sandbox import channel, wire
from graders.sandbox.channel import LONGEST_NAP, STALLED, Late, Log, Wait
from graders.sandbox.sealed import SealedChannel


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """`clock(seconds)`: so much later it is."""
    now = 1000.0

    def later(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(channel.time, "monotonic", lambda: now)
    return later


def slept(wait: Wait, clock: Callable[[float], None], over: float = 0.0) -> float:
    with wait.nap() as seconds:
        clock(seconds + over)
    return seconds


def test_naps_are_short_and_the_last_is_none(clock: Callable[[float], None]):
    left = iter([1.0, 0.02, -0.01])
    wait = Wait(lambda: next(left))
    assert [slept(wait, clock) for _ in range(2)] == [LONGEST_NAP, 0.02]
    assert not wait.over
    assert slept(wait, clock) == 0
    assert wait.over


def test_a_machine_that_stood_still_takes_nothing_of_the_workers_time(clock: Callable[[float], None]):
    ends = time.monotonic() + 5.0
    wait = Wait(lambda: ends - time.monotonic())
    slept(wait, clock, over=60.0)
    slept(wait, clock)
    assert not wait.over
    naps = sum(1 for _ in itertools.takewhile(lambda _seconds: not wait.over, iter(lambda: slept(wait, clock), None)))
    assert naps == pytest.approx(5.0 / LONGEST_NAP, abs=3)


def test_a_little_late_is_late(clock: Callable[[float], None]):
    ends = time.monotonic() + 1.0
    wait = Wait(lambda: ends - time.monotonic())
    slept(wait, clock, over=STALLED)
    slept(wait, clock, over=STALLED)
    slept(wait, clock)
    assert wait.over


@pytest.mark.parametrize("answered", [True, False])
def test_an_answer_that_is_there_when_time_is_up_is_taken(answered: bool):
    printed, printing = os.pipe()
    os.set_blocking(printed, False)
    asked = SealedChannel(Log(0), printed)

    def remaining() -> float:
        if answered:
            os.write(asked.worker_ends[3], wire.BELL.pack(7, 3))
        return 0.0

    try:
        if answered:
            assert asked.ask(7, 0, remaining) == 3
        else:
            with pytest.raises(Late):
                asked.ask(7, 0, remaining)
    finally:
        asked.close_worker_ends()
        asked.close()
        os.close(printed)
        os.close(printing)
