"""Measure right variants of every timed row, and set its limits by them."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import torch

from graders.misconceptions.variant import Variant, rows
from graders.sandbox import Backend
from graders.sandbox.session import Session
from graders.throughput.heat import LONGEST, Race
from graders.throughput.limits import Limits
from graders.throughput.practice import ROUNDS, practise
from graders.throughput.stand import Stand
from graders.throughput.variants import GENERATED, classify, variants
from graders.verdict import GraderError

MARGIN, LEAST = 1.3, 2.0
"""The limit beside the slowest variant that must earn as much, and the lowest there is."""
PLAIN = 30.0
"""A variant above takes a way that nobody would call plain, though it has no loop: it sets no limit. So high because a
product by np.einsum, which is plain, is slow: over sliding windows some 20 times as slow as a matrix product."""
STOPPED_BELOW = 2.0
"""A program at the last limit takes so many times less than what is stopped as hopeless."""
SAMPLED_MOST = 3.0
"""A loop over samples that takes so many times as long as the reference in such a loop does more than loop."""
PATIENCE, NEVER = 6.0, 999.0
"""Seconds of CPU time that a variant's request may take, and the ratio of one that takes more."""


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
            race = Race()
            for variant in variants(name):
                try:
                    outcome = time_variant(stand, variant)
                except GraderError as fault:  # once more, in sandboxes of their own
                    say(f"{name}: {variant.name}: {fault}")
                    stand.close()
                    outcome = time_variant(stand, variant)
                if outcome.broken or math.isnan(outcome.found.median):
                    say(f"{name}: {variant.name}: {outcome.broken or outcome.hopeless} {outcome.where}")
                    ratios |= {variant.name: NEVER} if outcome.hopeless else {}
                    continue
                ratios[variant.name] = outcome.found.median
                race = outcome if variant.name == "reference" else race
            found[name] = limits_from(name, ratios, race.overhead, race.reference, *today())
            one = found[name]
            say(f"{name}: full {one.full:g}, part {one.part:g}, overhead {one.overhead:.2f}, " + listed(one))
    return found


def measure_on(
    device: str, names: Iterable[str], say: Callable[[str], object] = print, rounds: int = ROUNDS
) -> dict[str, Limits | None]:
    """The limits of practice on a device, by the variants that run on its tensors; None where not even ours does."""
    found: dict[str, Limits | None] = {}
    for name in names:
        row = rows()[name][1]
        outcomes = {
            variant.name: practise(row, variant.submission.pieces, device, rounds=rounds) for variant in variants(name)
        }
        ran = {variant: outcome for variant, outcome in outcomes.items() if not outcome.problem}
        say(f"{name}: {len(ran)} of {len(outcomes)} variants run on tensors")
        if "reference" in ran:
            ratios = {variant: outcome.found.median for variant, outcome in ran.items()}
            date, versions = today()
            versions += f", torch {torch.__version__}, {device_name(device)}"
            found[name] = limits_from(name, ratios, 0.0, ran["reference"].reference, date, versions)
        else:
            say(f"{name}: {outcomes['reference'].problem}")
            found[name] = None
    return found


def device_name(device: str) -> str:
    """What the maker calls it."""
    return str(torch.cuda.get_device_name()) if device == "cuda" else device


def listed(limits: Limits) -> str:
    """The ratios with the class of each, for people."""
    pairs = sorted(limits.measured.items(), key=lambda pair: pair[1])
    return ", ".join(f"{name} {ratio:.2f} ({limits.classes[name][0]})" for name, ratio in pairs)


def limits_from(
    row: str, ratios: Mapping[str, float], overhead: float, milliseconds: float, date: str, versions: str
) -> Limits:
    """What follows from the ratios: nobody who must pass is nearer than the margin."""
    classes = {name: classify(name, rows()[row][1]) for name in ratios}
    for name, kind in classes.items():
        far = SAMPLED_MOST * ratios.get(GENERATED, math.inf)
        if (kind == "vectorised" and ratios[name] > PLAIN) or (kind == "samples" and ratios[name] > far):
            classes[name] = "wasteful"
    full = rounded(max(LEAST, MARGIN * max(of_kind(ratios, classes, "vectorised"), default=1.0)))
    loops = of_kind(ratios, classes, "samples")
    highest = 1000 * LONGEST / (STOPPED_BELOW * milliseconds) if milliseconds else math.inf
    part = min(rounded(MARGIN * max([full, *loops])), rounded(highest))
    for name, kind in classes.items():
        if kind == "elements" and ratios[name] <= part:
            classes[name] = "cheap"
    return Limits(full, part, overhead, milliseconds, ratios, classes, date, versions)


def of_kind(ratios: Mapping[str, float], classes: Mapping[str, str], kind: str) -> list[float]:
    """The ratios of one class."""
    return [ratio for name, ratio in ratios.items() if classes[name] == kind]


def again(row: str, known: Limits) -> Limits:
    """The limits anew from what was measured."""
    return limits_from(row, known.measured, known.overhead, known.milliseconds, known.date, known.versions)


def today() -> tuple[str, str]:
    """Date, and the versions that are measured."""
    return datetime.now(UTC).date().isoformat(), f"Python {platform.python_version()}, NumPy {np.__version__}"


def rounded(limit: float) -> float:
    """Upwards to two digits."""
    steps = 10.0 if limit < 10 else 1.0
    return math.ceil(limit * steps - 1e-9) / steps
