"""A submission's speed, the reference's and the limits on one axis: places for whoever draws it, and a line of text."""

from __future__ import annotations

import math

from graders.verdict import Speed

FASTEST = 0.5
"""Where the axis begins, unless the submission is faster."""
BEYOND = 1.4
"""The axis ends so many times past the last thing on it."""


def ends(speed: Speed) -> tuple[float, float]:
    """First and last ratio on the axis."""
    return min(FASTEST, speed.low / BEYOND), BEYOND * max(speed.part, speed.high)


def place(ratio: float, speed: Speed) -> float:
    """Where a ratio lies on the logarithmic axis, from 0 to 1."""
    first, last = ends(speed)
    return min(1.0, max(0.0, math.log(max(ratio, first) / first) / math.log(last / first)))


def line(speed: Speed, width: int) -> str:
    """`---R--=*=---|-----|--`: the reference, the submission with its interval, the limits."""

    def column(ratio: float) -> int:
        return round(place(ratio, speed) * (width - 1))

    marks = ["-"] * width
    for limit in (speed.full, speed.part):
        marks[column(limit)] = "|"
    for at in range(column(speed.low), column(speed.high) + 1):
        marks[at] = "="
    marks[column(1.0)] = "R"
    marks[column(speed.ratio)] = "*"
    return "".join(marks)
