"""Where a submission's time goes, line by line, on the workload of each timed task and in its own sandbox.

A tracer runs in the worker, beside the student's code: what it says is the student's own affair, and nothing is judged
by it. It is never there when work is timed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graders.intake.submission import Submission
from graders.properties.base import stop
from graders.sandbox import Backend
from graders.sandbox.program import Call, Piece, Program, Reply
from graders.sandbox.session import Session
from graders.specs.row import Row
from graders.specs.unit import Unit
from graders.throughput.workload import Workload

RUNS = 5
START, STOP = "_start_of_profile", "_end_of_profile"

TRACER = """
def {start}():
    import sys
    import time

    spent, hits, stack = {{}}, {{}}, []
    clock = time.perf_counter
    last = clock()

    def step(place):
        nonlocal last
        now = clock()
        if stack and stack[-1] is not None:
            spent[stack[-1]] = spent.get(stack[-1], 0.0) + now - last
        if place is not None and stack:
            stack[-1] = place
            hits[place] = hits.get(place, 0) + 1
        last = clock()

    def local(frame, event, argument):
        if event == "line":
            step((FILES[frame.f_code.co_filename], frame.f_lineno))
        elif event == "return":
            step(None)
            stack.pop()
        return local

    def follow(frame, event, argument):
        if frame.f_code.co_filename not in FILES:
            return None
        step(None)
        stack.append(None)
        return local

    FILES = {files!r}
    globals()["_profiled"] = spent, hits
    sys.settrace(follow)
    return 0


def {stop}():
    import sys

    import numpy as np

    sys.settrace(None)
    spent, hits = globals()["_profiled"]
    places = sorted(hits)
    return (
        np.array([place[0] for place in places], np.int64),
        np.array([place[1] for place in places], np.int64),
        np.array([hits[place] for place in places], np.int64),
        np.array([spent.get(place, 0.0) for place in places], np.float64),
    )
"""


@dataclass(frozen=True)
class Line:
    """A line of the submission: where it is, how often it ran, and milliseconds a run of the task."""

    label: str
    number: int
    text: str
    hits: int
    milliseconds: float


@dataclass(frozen=True)
class Profile:
    """One task's: all lines that ran, in order; or why there are none."""

    task: str
    lines: tuple[Line, ...] = ()
    problem: str = ""

    @property
    def milliseconds(self) -> float:
        """Of a run of the task, all lines together."""
        return sum(line.milliseconds for line in self.lines)


def profiles(submission: Submission, unit: Unit, backend: Backend, tasks: Iterable[str] | None) -> Iterator[Profile]:
    """One for every timed task of the unit, or of those named."""
    wanted = set(unit.points) if tasks is None else set(tasks)
    rows = [row for row in unit.tasks if isinstance(row, Row) and row.workload is not None and row.name in wanted]
    if not rows or submission.problem:
        return
    files = {piece.label or "submission.py": index for index, piece in enumerate(submission.pieces)}
    tracer = Piece("profile", TRACER.format(start=START, stop=STOP, files=files))
    with Session(backend, (*submission.pieces, tracer), unit.functions) as session:
        for row in rows:
            session.fresh()
            yield profile(row, session, submission.pieces)


def profile(row: Row, session: Session, pieces: Sequence[Piece]) -> Profile:
    """One task's."""
    workload = Workload(row, 0)
    if row.kind == "pair":
        first = workload.first()
        (forward,) = session.run([first])
        ended = stop(forward, first)
        if ended:
            return Profile(row.name, problem=ended.what)
        workload.learn(forward)
    works = [workload.work().program for _ in range(RUNS)]
    told = Program((Call(STOP, returns=4),))
    asked = [Program((Call(START),)), *works, told]
    replies = [reply for program in asked for reply in session.run([program])]
    for program, reply in zip(asked, replies, strict=True):
        ended = stop(reply, program)
        if ended:
            return Profile(row.name, problem=ended.what)
    return Profile(row.name, tuple(read(replies[-1], pieces)))


def read(reply: Reply, pieces: Sequence[Piece]) -> Iterator[Line]:
    """The lines that the tracer says it saw; what names none of the submission's is left out."""
    columns = [_numbers(value.array) for value in reply.calls[0].values]
    texts = [piece.text.splitlines() for piece in pieces]
    for file, number, hits, seconds in zip(*columns, strict=False):
        if 0 <= file < len(pieces) and 1 <= number <= len(texts[int(file)]):
            text = texts[int(file)][int(number) - 1]
            yield Line(pieces[int(file)].label, int(number), text, int(hits), 1e3 * float(seconds) / RUNS)


def _numbers(array: Any) -> list[float]:
    ordinary = isinstance(array, np.ndarray) and array.ndim == 1 and array.dtype.kind in "if"
    return np.nan_to_num(array).tolist() if ordinary else []
