"""From a race to the result of the property "throughput"."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from graders.i18n import _
from graders.properties.base import Earlier
from graders.properties.throughput import QUESTION, THROUGHPUT
from graders.sandbox.session import Session
from graders.specs.row import Row
from graders.throughput.heat import Race
from graders.throughput.limits import Limits
from graders.throughput.limits import limits as limits_of
from graders.throughput.stand import Stand
from graders.throughput.statistic import share
from graders.verdict import Pictures, Result, Speed, Status

if TYPE_CHECKING:
    from graders.exam import Exam

CREDIT = 0.5
"""What is earned between the two limits."""


def grade_throughput(
    row: Row, worth: float, session: Session, stand: Stand, exam: Exam, values: tuple[str, ...], earlier: Earlier
) -> Result:
    """The result; `values` are the properties that must have passed, for a fast wrong answer is worth nothing."""
    result = Result(row.name, THROUGHPUT.name, _(QUESTION), Status.PASSED, worth, worth)
    missing = next((name for name in values if earlier.get(name) is not Status.PASSED), "")
    if missing:
        message = _("not judged: it depends on {property}").format(property=missing)
        return replace(result, status=Status.SKIPPED, score=0.0, message=message, depends_on=missing)
    if not stand.backend.times:
        return not_timed(result, _("not timed: this sandbox keeps no time; it costs no points"))
    limits = limits_of(row.name)
    if limits is None:
        return not_timed(result, _("not timed: nobody has measured yet how fast right work is; it costs no points"))
    race = stand.race(row, exam.secret.seed(row.name, THROUGHPUT.name), session, limits.both)
    return concluded(result, race, limits, indicative=exam.secret.public)


def not_timed(result: Result, why: str) -> Result:
    """All points, and no verdict."""
    return replace(result, status=Status.SKIPPED, message=why)


def concluded(result: Result, race: Race, limits: Limits, *, indicative: bool = False) -> Result:
    """The verdict on a race."""
    speed = speed_of(race, limits, indicative=indicative)
    result = replace(result, cases=len(race.ratios) * race.programs, pictures=Pictures(speed=speed))
    if race.broken:
        what = f"{race.where}: {race.broken}" if race.where else race.broken
        return replace(result, status=Status.FAILED, score=0.0, message=what)
    if race.hopeless:
        return replace(result, status=Status.FAILED, score=0.0, message=race.hopeless)
    earned = share(race.found, limits.full, limits.part, CREDIT)
    message = sentence(speed, earned)
    if race.suspicious:
        message = f"{message}\n{race.suspicious}" if message else race.suspicious
    status = Status.PASSED if earned == 1.0 else Status.FAILED
    return replace(result, status=status, score=earned * result.max_score, message=message)


def speed_of(race: Race, limits: Limits, *, indicative: bool) -> Speed | None:
    """What reports show; None where no round was completed."""
    if math.isnan(race.found.median):
        return None
    return Speed(
        ratio=race.found.median,
        low=race.found.low,
        high=race.found.high,
        full=limits.full,
        part=limits.part,
        reference=race.reference,
        submission=race.submission,
        overhead=race.overhead,
        rounds=len(race.ratios),
        extended=race.extended,
        indicative=indicative,
    )


def sentence(speed: Speed | None, earned: float) -> str:
    """What a student reads of a result that lost something."""
    if speed is None or earned == 1.0:
        return ""
    found = _("{ratio:.1f} times the time of the reference ({mine:.2f} ms against {theirs:.2f} ms)").format(
        ratio=speed.ratio, mine=speed.submission, theirs=speed.reference
    )
    if earned:
        rest = _("up to {full:g} times earns all points, up to {part:g} times half of them")
    else:
        rest = _("up to {full:g} times earns all points, up to {part:g} times half of them, more earns none")
    advice = _("let NumPy work on whole arrays instead of looping in Python")
    return f"{found}: {rest.format(full=speed.full, part=speed.part)}; {advice}"
