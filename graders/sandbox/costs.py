"""What each kind of sandbox costs, side by side: python -m graders.sandbox.costs."""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from graders.i18n import _
from graders.sandbox.backend import Backend
from graders.sandbox.backends import SandboxUnavailable, named, open_backend
from graders.sandbox.program import Call, Limits, Piece, Program
from graders.sandbox.session import Session

SOURCE = [Piece("", "def f(x):\n    return x\n")]
REQUESTS, WORKERS = 200, 10
BETWEEN = 1.0
"""Seconds of grading between two submissions: time to start the next container in."""


@dataclass
class Costs:
    """Milliseconds, medians but for the first two; the request in microseconds.

    backend: to find out that it works. first, further: until a submission is loaded. worker: until it is loaded again
    in a fresh one. close: to end it. request: one call on a kibibyte, and the reply.
    """

    backend: float
    first: float
    further: float
    worker: float
    close: float
    request: float


def measure(name: str, submissions: int) -> Costs:
    """The costs of one kind; SandboxUnavailable where it does not work."""
    program = [Program((Call("f", (np.zeros(128),)),))]
    loads: list[float] = []
    closes: list[float] = []
    fresh: list[float] = []
    requests: list[float] = []

    def one(backend: Backend) -> None:
        session = Session(backend, SOURCE, ["f"])
        loads.append(timed(session.load))
        session.run(program)
        requests.extend(timed(lambda: session.run(program)) for _request in range(REQUESTS))
        for _worker in range(WORKERS):
            session.fresh()
            fresh.append(timed(lambda: session.run(program)))
        closes.append(timed(session.close))

    started = time.perf_counter()
    with contextlib.closing(open_backend(name, Limits())) as backend:
        opened = time.perf_counter() - started
        for number in range(submissions):
            if number:
                time.sleep(BETWEEN)
            one(backend)
    middle = statistics.median
    return Costs(
        backend=1e3 * opened,
        first=1e3 * loads[0],
        further=1e3 * middle(loads[1:]),
        worker=1e3 * middle(fresh),
        close=1e3 * middle(closes),
        request=1e6 * middle(requests),
    )


def timed(action: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


@click.command()
@click.argument("sandboxes", nargs=-1)
@click.option("--submissions", type=click.IntRange(2), default=6, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def main(sandboxes: tuple[str, ...], submissions: int, as_json: bool) -> None:
    """Time every kind of sandbox there is, or those named."""
    heads = (
        _("sandbox"),
        _("start the backend, ms"),
        _("first submission, ms"),
        _("a further submission, ms"),
        _("a fresh worker, ms"),
        _("to close, ms"),
        _("a request, µs"),
    )
    table, found = Table(*heads), {}
    for name in sandboxes or tuple(named()):
        try:
            found[name] = asdict(measure(name, submissions))
            table.add_row(name, *(f"{value:.1f}" for value in found[name].values()))
        except SandboxUnavailable as reason:
            table.add_row(name, _("it does not work here: {reason}").format(reason=reason))
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        Console().print(table)


if __name__ == "__main__":
    main()
