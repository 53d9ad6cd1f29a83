"""The clock is the kernel's: a worker is charged for what it does, and does nothing when it is not its turn."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from graders.sandbox import Backend, SandboxUnavailable, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.requests import run_request
from graders.sandbox.session import Session, WorkerFault
from graders.sandbox.stopwatch import Turn

SOURCE = """
import os, time

def spin(milliseconds):
    end = time.process_time_ns() + 1_000_000 * milliseconds
    while time.process_time_ns() < end:
        pass
    return 0

def nap(milliseconds):
    time.sleep(milliseconds / 1000)
    return 0

def hoard(megabytes):
    return len(bytearray(b"x" * (megabytes << 20)))

def own_name():
    return os.getpid()

def leave():
    os._exit(0)
"""


@pytest.fixture(scope="module", params=["subprocess", "bubblewrap"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    """A submission whose functions take the time they are told to take."""
    try:
        backend: Backend = open_backend(request.param, Limits())
    except SandboxUnavailable as reason:
        pytest.skip(str(reason))
    if not backend.times:
        pytest.skip(f"{backend.name} keeps no time")
    with Session(backend, (Piece("", SOURCE),), ("spin", "nap")) as session:
        yield session


def asked(session: Session, function: str, *args: int, cpu: float = 5.0) -> tuple[int, Turn]:
    program = Program((Call(function, args),))
    (reply,), turn = session.clocked([program], run_request([program]), cpu, 20.0)
    value = reply.calls[0].values[0].array
    assert value is not None
    session.settle()
    return int(value), turn


def worker(session: Session) -> int:
    assert session._sandbox is not None
    return session._sandbox.worker


def state(process: int) -> str:
    with open(f"/proc/{process}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_what_a_worker_held_is_known_when_it_is_gone(session: Session):
    session.fresh()
    session.load()
    before = session.memory
    session.run([Program((Call("hoard", (200,)),))])
    session.fresh()
    session.load()
    assert session.memory > max(before, 200 << 20)


def test_work_is_charged_and_sleep_is_seen(session: Session):
    with session.timed():
        # the least of three: what a host takes of a processor may be charged to whoever has it
        spins = [min(asked(session, "spin", one)[1].cpu for _ in range(3)) / 1e6 for one in (20, 40)]
        assert 20 <= spins[0] < 35
        assert 40 <= spins[1] < 60
        _value, turn = asked(session, "nap", 60)
        assert turn.cpu < 20e6
        assert turn.waits > 2


def test_the_worker_is_stopped_but_for_its_turns(session: Session):
    with session.timed():
        asked(session, "spin", 1)
        process = worker(session)
        assert state(process) == "T"
        before = asked(session, "spin", 1)[1]
        time.sleep(0.1)
        assert state(process) == "T"
        after = asked(session, "spin", 1)[1]
        assert (before.outside, after.outside, after.threads) == (0, 0, 1)


def test_the_kernel_names_the_worker_and_not_the_worker_itself(session: Session):
    with session.timed():
        claimed, _turn = asked(session, "own_name")
        process = worker(session)
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            names = next(line for line in file if line.startswith("NSpid:")).split()[1:]
        assert names[0] == str(process)
        assert names[-1] == str(claimed)


def test_a_worker_runs_on_the_processor_it_is_given(session: Session):
    processor = max(os.sched_getaffinity(0))
    with session.timed(processor):
        assert os.sched_getaffinity(worker(session)) == {processor}


def test_a_request_ends_when_its_cpu_time_is_used_up(session: Session):
    with session.timed(), pytest.raises(WorkerFault) as fault:
        asked(session, "spin", 10_000, cpu=0.2)
    assert fault.value.status == "timeout"


def test_a_worker_that_leaves_is_said_to_have_left(session: Session):
    with session.timed(), pytest.raises(WorkerFault) as fault:
        asked(session, "leave")
    assert fault.value.status == "crashed"


def test_afterwards_the_session_answers_as_before(session: Session):
    with session.timed():
        asked(session, "spin", 1)
    (reply,) = session.run([Program((Call("nap", (1,)),))])
    assert reply.status == "completed"


def test_the_portable_sandbox_keeps_no_time():
    assert not open_backend("portable", Limits()).times


def test_only_its_work_counts_towards_what_a_submission_may_take_in_all(session: Session):
    with session.timed():
        before = session._left
        asked(session, "nap", 200)
        assert before - session._left < 0.05
        asked(session, "spin", 60)
        assert before - session._left > 0.05
