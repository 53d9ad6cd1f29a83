"""Whatever student code does, each program gets its reply, in time."""

from __future__ import annotations

import time

import numpy as np
import pytest

from graders.sandbox import Backend, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.session import Session

from .conftest import LIMITS, PATIENT

ENDS = """
    import ctypes, os, signal, sys
    import numpy as np

    def exit_hard(): os._exit(0)
    def segfault(): ctypes.string_at(0)
    def abort(): os.abort()
    def loop():
        while True: pass
    def loop_in_c(): return 3 ** (10 ** 9) % 7
    def loop_in_numpy(): np.sort(np.random.rand(40_000_000)); loop()
    def ignore_and_sleep():
        import time
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        time.sleep(1e6)
    def close_all(): os.closerange(0, 64)
    def recurse_in_c():
        x = []
        for _ in range(10 ** 6): x = [x]
        repr(x)
    def fine(): return 1
"""
SLACK = 20.0
"""Seconds by which a test may be late on a busy machine: what it tells is whether anything ends at all."""
FATES = {
    "exit_hard": {"crashed"},
    "segfault": {"crashed"},
    "abort": {"crashed"},
    "loop": {"timeout"},
    "loop_in_c": {"timeout"},
    "loop_in_numpy": {"timeout", "completed"},  # completed: it raised MemoryError
    "ignore_and_sleep": {"timeout"},
    "close_all": {"crashed"},
    "recurse_in_c": {"completed", "crashed", "timeout"},  # as the stack, memory or time runs out first
}


@pytest.mark.parametrize("name", FATES)
def test_programs_that_do_not_answer_end_by_the_deadline_and_the_next_runs(backend, submit, call, name):
    session = submit(backend, ENDS, *FATES)
    started = time.monotonic()
    reply = call(session, name)
    assert reply.status in FATES[name], reply
    assert reply.text or reply.status == "completed"
    assert time.monotonic() - started < LIMITS.request_seconds + SLACK
    assert call(session, "fine").status == "completed"


def test_a_segmentation_fault_is_named(isolated: Backend, submit, call):
    assert "SIGSEGV" in call(submit(isolated, ENDS, "segfault"), "segfault").text


RAISES = """
    import sys
    class Hostile(Exception):
        def __str__(self): raise SystemExit
        __repr__ = __str__
    class Long(Exception):
        def __str__(self): return "x\\x1b[2J" * 10 ** 8
    class Slow(Exception):
        def __str__(self):
            while True: pass
    class Meta(type):
        __name__ = property(lambda self: 1 / 0)
    Strange = Meta("Strange", (Exception,), {})
    def hostile(): raise Hostile
    def long(): raise Long
    def slow(): raise Slow
    def strange(): raise Strange("odd")
    def leave(): sys.exit("bye")
    def interrupt(): raise KeyboardInterrupt
    def generator(): raise GeneratorExit
    def recurse(): recurse()
    def surrogate(): raise ValueError("\\ud800")
    def todo(): raise NotImplementedError("not yet")
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hostile", "Hostile (line 14)"),
        ("leave", "SystemExit: bye (line 18)"),
        ("interrupt", "KeyboardInterrupt (line 19)"),
        ("generator", "GeneratorExit (line 20)"),
        ("recurse", "RecursionError: maximum recursion depth exceeded (line 21)"),
        ("surrogate", "ValueError: ? (line 22)"),
        ("strange", "Strange: odd (line 17)"),
    ],
)
def test_exceptions_of_every_kind_are_told(isolated: Backend, steady, call, name, text):
    outcome = call(steady(isolated, RAISES, name), name).calls[0]
    assert (outcome.outcome, outcome.text) == ("raised", text)


"""Memory is slow to fill on a busy machine: where time is not what is asked."""


def test_an_endless_message_is_capped_and_printable(isolated: Backend, submit, call):
    text = call(submit(open_backend(isolated.name, PATIENT), RAISES, "long"), "long").calls[0].text
    assert len(text) < 1100
    assert text.isprintable()


def test_an_exception_that_never_says_what_it_is_times_out(isolated: Backend, submit, call):
    assert call(submit(isolated, RAISES, "slow"), "slow").status == "timeout"


def test_not_implemented_is_told_from_other_errors(isolated: Backend, steady, call):
    session = steady(isolated, RAISES, "todo")
    assert call(session, "todo").calls[0].outcome == "not_implemented"
    assert call(session, "absent").calls[0].outcome == "missing"


def test_a_memory_bomb_raises_memory_error(backend: Backend, submit, call):
    backend = open_backend(backend.name, PATIENT)
    source = """
        import numpy as np
        def f():
            kept = []
            while True: kept.append(np.ones(1 << 22))
        def sparse(): return np.empty(1 << 40).sum()
    """
    session = submit(backend, source, "f")
    assert call(session, "f").calls[0].text.startswith(("MemoryError", "_ArrayMemoryError"))
    assert call(session, "sparse").calls[0].text.startswith(("MemoryError", "_ArrayMemoryError"))


@pytest.mark.parametrize("function", ["printed", "written"])
def test_a_flood_of_prints_neither_hangs_nor_grows_us(backend: Backend, submit, call, function):
    source = """
        import os
        def printed():
            for _ in range(1000): print("x" * (1 << 20))
        def written():
            for _ in range(1000): os.write(2, b"x" * (1 << 20))
    """
    session = submit(backend, source, function)
    (reply,) = session.run([Program((Call(function),))], seconds=20.0)
    assert reply.status == "completed"
    assert 0 < len(session.log) <= LIMITS.output


def test_the_guilty_one_of_a_batch_is_found_and_the_others_are_judged(isolated: Backend, submit):
    source = "import os\ndef f(n):\n    if n == 3: os._exit(0)\n    return n"
    session = submit(isolated, source, "f")
    replies = session.run([Program((Call("f", (n,)),)) for n in range(4)])
    assert [reply.status for reply in replies] == ["completed", "completed", "completed", "crashed"]


def test_after_two_deaths_the_rest_of_a_run_is_not_tried(isolated: Backend, submit):
    session = submit(isolated, "def f(n):\n    while True: pass", "f")
    started = time.monotonic()
    replies = session.run([Program((Call("f", (n,)),)) for n in range(40)])
    assert time.monotonic() - started < 2 * LIMITS.request_seconds + SLACK
    assert {reply.status for reply in replies} == {"timeout"}
    assert all("not run" in reply.text for reply in replies[1:])


def test_time_is_up_for_a_submission_that_has_used_its_own():
    limits = Limits(request_seconds=0.5, submission_seconds=20.0)
    with Session(open_backend("subprocess", limits), [Piece("", "def f():\n    while True: pass")], ["f"]) as session:
        first = session.run([Program((Call("f"),))])[0].text
        session._left = 0.2
        texts = [session.run([Program((Call("f"),))])[0].text for _ in range(3)]
    assert "without an answer" in first
    assert all("used up the 20 s" in text for text in texts)


# The doorbell: descriptors of a channel are found by trying all of them.
BELLS = """
    import os, struct, threading
    def everywhere(data):
        for descriptor in range(3, 64):
            try: os.write(descriptor, data)
            except OSError: pass
    def junk(): everywhere(b"x")
    def trailing(): everywhere(b"x" * 17)
    def forged(): everywhere(struct.pack("<QQ", 12345, 1)); spin()
    def spin():
        while True: pass
    def half(): everywhere(b"x" * 3); spin()
    def fine(): return 1
"""


@pytest.mark.parametrize("name", ["junk", "trailing", "forged", "half"])
def test_junk_at_the_doorbell_is_a_violation(backend: Backend, submit, call, name):
    session = submit(backend, BELLS, name)
    wanted = "timeout" if name == "half" else "violation"
    assert call(session, name).status == wanted
    assert call(session, "fine").status == "completed"


def test_a_late_answer_is_not_taken_for_the_next(isolated: Backend, submit, call):
    source = """
        import gc, os, struct
        def f(): return 1
        def g():
            # answer twice: once by hand, once by the worker
            import sys
            frame = sys._getframe()
            while "bell_out" not in frame.f_locals: frame = frame.f_back
            os.write(frame.f_locals["bell_out"], struct.pack("<QQ", frame.f_locals["nonce"], 0))
            return 2
    """
    session = submit(isolated, source, "f", "g")
    assert call(session, "g").status == "violation"
    assert call(session, "f").calls[0].values[0].array == 1


def test_a_worker_that_forges_its_own_records_is_heard_but_not_believed(isolated: Backend, submit, call):
    source = """
        import sys
        def f():
            frame = sys._getframe()
            while "output" not in frame.f_locals: frame = frame.f_back
            output = frame.f_locals["output"]
            real = output.record
            def forged(tag, code, **fields):
                if "dims" in fields: fields["dims"] = (2 ** 62, 2 ** 62)
                fields["count"] = 2
                real(tag, code, **fields)
            output.record = forged
            import numpy as np
            return np.ones((2, 2))
    """
    assert call(submit(isolated, source, "f"), "f").status == "violation"


def test_the_input_cannot_be_written(isolated: Backend, submit, call):
    source = """
        import ctypes, sys
        def f(x):
            frame = sys._getframe()
            while "received" not in frame.f_locals: frame = frame.f_back
            received = frame.f_locals["received"]
            ctypes.CDLL(None).mprotect(ctypes.c_void_p(received.ctypes.data), 4096, 3)
            ctypes.memset(received.ctypes.data, 0, 16)
    """
    assert call(submit(isolated, source, "f"), "f", np.ones(2)).status == "crashed"


def test_a_worker_that_shortens_its_files_does_not_hurt_us(submit, call):
    source = """
        import os, struct, sys
        def f():
            for name in os.listdir("."): os.truncate(name, 0)
            frame = sys._getframe()
            while "bell_out" not in frame.f_locals: frame = frame.f_back
            os.write(frame.f_locals["bell_out"], struct.pack("<QQ", frame.f_locals["nonce"], 1))
            while True: pass
        def fine(): return 1
    """
    session = submit(open_backend("portable", LIMITS), source, "f")
    assert call(session, "f").status == "violation"
    assert call(session, "fine").status == "completed"


def test_what_we_do_meanwhile_is_done_once_and_takes_nothing_of_the_submissions_time(backend, submit):
    session = submit(backend, ENDS, "fine", "loop")
    done: list[float] = []

    def work() -> None:
        time.sleep(LIMITS.request_seconds + 0.2)
        done.append(time.monotonic())

    programs = [Program((Call("fine"),)), Program((Call("fine"),))]
    assert [reply.status for reply in session.run(programs, meanwhile=work)] == ["completed"] * 2
    assert len(done) == 1
    session.run(programs)
    assert len(done) == 1
    (reply,) = session.run([Program((Call("loop"),))], meanwhile=work)
    assert reply.status == "timeout"
    assert time.monotonic() - done[1] < LIMITS.request_seconds + SLACK
