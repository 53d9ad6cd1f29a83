"""What a course's policy makes of a score: which attempt counts, and what being late costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from graders.i18n import _
from graders.policy import Late, Policy
from graders.verdict import Standing

DAY = 86400.0


@dataclass(frozen=True)
class Attempt:
    """Something handed in. key: tells it from others. points: earned, with bonus. seconds_late: None where unknown."""

    key: str
    points: float
    received: datetime | None = None
    seconds_late: float | None = None


def seconds_late(received: datetime | None, due: datetime | None) -> float | None:
    """How late something was handed in, 0 where it was in time; None where one of the two is not known."""
    if received is None or due is None:
        return None
    return max(0.0, (received - due).total_seconds())


def penalty(points: float, days: int, late: Late) -> float:
    """What so many days cost of the points."""
    return round(points * late_share(days, late), 2)


def late_share(days: int | None, late: Late) -> float:
    """The share of the points that so many days cost."""
    if not days:
        return 0.0
    if late.limit is not None and days > late.limit:
        return 1.0
    return min(1.0, late.penalty / 100 * max(0, days - late.free))


def standings(attempts: Sequence[Attempt], policy: Policy, *, by_hand: bool = False) -> dict[str, Standing]:
    """How each of one student's attempts stands, by key; exactly one of them counts.

    They are numbered by when they came; those whose time is not known keep their places.

    Args:
        by_hand: whether a person gives points as well, so that nobody knows yet what being late costs.
    """
    timed = iter(sorted((one for one in attempts if one.received), key=lambda one: one.received or datetime.max))
    ordered = [next(timed) if one.received else one for one in attempts]
    stands = {one.key: _standing(number, len(ordered), one, policy) for number, one in enumerate(ordered, start=1)}
    allowed = [one for one in ordered if not policy.attempts or stands[one.key].attempt <= policy.attempts]
    chosen = allowed[-1]
    if policy.counts == "best":
        chosen = max(allowed, key=lambda one: stands[one.key].final)  # the first of several that are as good
    number = stands[chosen.key].attempt
    found = {key: replace(one, counts=key == chosen.key, counted=number) for key, one in stands.items()}
    return {key: replace(one, words=tuple(_words(one, policy, by_hand))) for key, one in found.items()}


def _standing(number: int, count: int, one: Attempt, policy: Policy) -> Standing:
    days = None if one.seconds_late is None else math.ceil(one.seconds_late / DAY)
    cost = penalty(one.points, days, policy.late) if days else 0.0
    return Standing(
        attempt=number,
        attempts=count,
        received=one.received.isoformat(timespec="seconds") if one.received else "",
        days_late=days,
        earned=one.points,
        penalty=cost,
    )


def _words(one: Standing, policy: Policy, by_hand: bool) -> Iterator[str]:
    """How an attempt stands, for report and feedback."""
    if one.days_late and by_hand:
        text = _("Days late: {days}. That costs {percent:g} percent of all points of the notebook.")
        yield text.format(days=one.days_late, percent=round(100 * late_share(one.days_late, policy.late), 2))
    elif one.days_late:
        yield _("Days late: {days}. Points less for it: {penalty:g}.").format(days=one.days_late, penalty=one.penalty)
    elif one.days_late is None and (policy.due or policy.late != Late()):
        yield _("When it was handed in, or was due, is not known: it counts as in time.")
    if one.attempts > 1 or policy.attempts:
        yield _("Attempt {attempt} of {attempts}.").format(attempt=one.attempt, attempts=one.attempts)
    if not one.counts:
        text = _("Attempt {counted} counts and this one does not: {why}.")
        yield text.format(counted=one.counted, why=_why(one, policy))


def _why(one: Standing, policy: Policy) -> str:
    """Why another attempt counts."""
    if policy.attempts and one.attempt > policy.attempts:
        return _("only the first {n} can count").format(n=policy.attempts)
    return _("the best counts") if policy.counts == "best" else _("the last counts")
