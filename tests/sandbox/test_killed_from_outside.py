"""A worker that somebody else kills, the kernel's memory killer for one, is not the submission's fault."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Piece
from graders.sandbox.session import Session
from tests.engine import until

from .conftest import PATIENT

SLEEPS = """
import time


def rest(seconds):
    time.sleep(seconds)
    return 1.0


def die():
    import os

    os._exit(1)
"""


def kill_later(session: Session, whole: bool, after: float = 0.3) -> threading.Thread:
    """Kill the worker, or the sandbox around it, in a while."""

    def kill() -> None:
        assert until(lambda: session._sandbox and session._sandbox.worker)
        sandbox = session._sandbox
        pid = sandbox._shell._process.pid if whole else sandbox.worker
        assert pid > 0
        time.sleep(after)
        os.kill(pid, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


@pytest.mark.parametrize("whole", [False, True])
def test_a_call_whose_worker_was_killed_is_made_once_more(isolated: Backend, submit, call, whole: bool):
    session = submit(open_backend(isolated.name, PATIENT), SLEEPS, "rest", "die")
    killer = kill_later(session, whole)
    assert call(session, "rest", 0.8).status == "completed"
    killer.join()


def test_a_submission_whose_worker_was_killed_while_it_was_loaded_is_loaded_once_more(isolated: Backend):
    with Session(
        open_backend(isolated.name, PATIENT), [Piece("", "import time\ntime.sleep(0.8)\nx = 1\n")], ()
    ) as session:
        killer = kill_later(session, False)
        loaded = session.load()
        killer.join()
    assert (loaded.problem, loaded.skipped) == ("", ())


def test_who_ends_the_worker_time_and_again_did_it(isolated: Backend, submit, call):
    assert call(submit(isolated, SLEEPS, "die"), "die").status == "crashed"
