"""Measure right variants of every timed row, and set its limits by them."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import numpy as np

from graders.misconceptions.variant import Variant, rows
from graders.sandbox import Backend
from graders.sandbox.session import Session
from graders.throughput.limits import Limits
from graders.throughput.stand import Race, Stand
from graders.throughput.variants import variants

MARGIN, LEAST = 1.3, 2.0
"""The limit beside the slowest variant that must earn as much, and the lowest there is."""
PLAIN = 6.0
"""A variant above takes a way that nobody would call plain, though it has no loop: it sets no limit."""
HIGHEST = 45.0
"""No part of the points beyond: a request would be stopped."""
PATIENCE = 6.0
"""Seconds of CPU time that a variant's request may take."""


def timed_rows() -> list[str]:
    """Names of the rows that have a workload."""
    return [name for name, (_unit, row) in rows().items() if row.workload is not None]


def time_variant(stand: Stand, variant: Variant) -> Race:
    """One variant's race, without limits."""
    row = rows()[variant.row][1]
    with Session(stand.backend, variant.submission.pieces, row.functions) as session:
        return stand.race(row, 0, session, (), longest=PATIENCE)


def measure(
    backend: Backend, names: Iterable[str], triples: int = 1, say: Callable[[str], object] = print
) -> dict[str, Limits]:
    """The limits of these rows, from their variants' ratios."""
    found: dict[str, Limits] = {}
    with Stand(backend, triples) as stand:
        for name in names:
            ratios: dict[str, float] = {}
            classes: dict[str, str] = {}
            race = Race()
            for variant, kind in variants(name):
                outcome = time_variant(stand, variant)
                if outcome.broken or outcome.hopeless or math.isnan(outcome.found.median):
                    say(f"{name}: {variant.name}: {outcome.broken or outcome.hopeless} {outcome.where}")
                    if outcome.hopeless:
                        classes[variant.name] = "elements"
                    continue
                ratios[variant.name] = outcome.found.median
                classes[variant.name] = kind
                race = outcome if variant.name == "reference" else race
            found[name] = limits_from(ratios, classes, race)
            one = found[name]
            say(f"{name}: full {one.full:g}, part {one.part:g}, overhead {one.overhead:.2f}, " + listed(one))
    return found


def listed(limits: Limits) -> str:
    """The ratios with the class of each, for people."""
    pairs = sorted(limits.measured.items(), key=lambda pair: pair[1])
    return ", ".join(f"{name} {ratio:.2f} ({limits.classes[name][0]})" for name, ratio in pairs)


def limits_from(ratios: dict[str, float], classes: dict[str, str], race: Race) -> Limits:
    """What follows from the ratios: nobody who must pass is nearer than the margin."""
    final = {
        name: "wasteful" if kind == "vectorised" and ratios.get(name, 0) > PLAIN else kind
        for name, kind in classes.items()
    }
    plain = [ratios[name] for name, kind in final.items() if kind == "vectorised"]
    full = rounded(max(LEAST, MARGIN * max(plain, default=1.0)))
    loops = [ratios[name] for name, kind in final.items() if kind == "samples" and name in ratios]
    part = rounded(MARGIN * max([full, *loops]))
    return Limits(
        full=full,
        part=min(part, max(HIGHEST, MARGIN * full)),
        overhead=race.overhead,
        milliseconds=race.reference,
        measured=ratios,
        classes=final,
        date=datetime.now(UTC).date().isoformat(),
        versions=f"Python {platform.python_version()}, NumPy {np.__version__}",
    )


def rounded(limit: float) -> float:
    """Upwards to two digits."""
    steps = 10.0 if limit < 10 else 1.0
    return math.ceil(limit * steps - 1e-9) / steps
