"""What timing costs: the reference's own text, and work that lies at the limit, which asks for more rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from graders.misconceptions.variant import rows
from graders.sandbox import Backend
from graders.sandbox.program import Piece
from graders.sandbox.session import Session
from graders.throughput.error_rates import doing
from graders.throughput.limits import Limits
from graders.throughput.stand import Stand, reference_pieces


@dataclass
class Costs:
    """Seconds of wall-clock time a race, by row, and the rows whose race was extended."""

    seconds: dict[str, float] = field(default_factory=dict)
    extended: set[str] = field(default_factory=set)


def costs(
    backend: Backend, known: dict[str, Limits | None], names: Iterable[str], say: Callable[[str], object]
) -> dict[str, Costs]:
    """What each row costs, for right work and for work at the limit.

    Neither the start of the sandbox is counted, nor what is found out of a row once, for a whole class.
    """
    found = {"right work": Costs(), "work at the limit": Costs()}
    with Stand(backend) as stand:
        for name in names:
            limits, row = known.get(name), rows()[name][1]
            if limits is None:
                continue
            stand.track(row, 0)
            kinds: dict[str, tuple[Piece, ...]] = {"right work": ()}
            if row.kind == "pair":
                kinds["work at the limit"] = (doing(limits.full, name),)
            for kind, more in kinds.items():
                with Session(backend, (*reference_pieces(row), *more), row.functions) as session:
                    session.load()
                    started = time.perf_counter()
                    race = stand.race(row, 0, session, limits.both)
                found[kind].seconds[name] = time.perf_counter() - started
                found[kind].extended |= {name} if race.extended else set()
            say(f"{name}: " + ", ".join(f"{one.seconds[name]:.2f} s" for one in found.values() if name in one.seconds))
    return found


def table(found: dict[str, Costs]) -> list[str]:
    """Lines of Markdown: a row a kind of work."""
    lines = ["| | tasks | median, s | 95 % | most | extended |", "|---|---|---|---|---|---|"]
    for kind, one in found.items():
        seconds = list(one.seconds.values())
        if not seconds:
            continue
        dearest = max(one.seconds, key=lambda name: one.seconds[name])
        cells = [
            *(kind, str(len(seconds)), f"{statistics.median(seconds):.2f}", f"{np.percentile(seconds, 95):.2f}"),
            f"{one.seconds[dearest]:.2f} ({dearest})",
            str(len(one.extended)),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
