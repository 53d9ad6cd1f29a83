"""The questions asked of a task, one a file, and which of them a row is asked."""

from __future__ import annotations

from graders.policy import SPEED
from graders.properties.base import Property
from graders.properties.batch import BATCH
from graders.properties.edges import EDGES
from graders.properties.forward import FORWARD
from graders.properties.gradient import gradient_properties
from graders.properties.linearity import LINEARITY
from graders.properties.purity import PURITY
from graders.properties.script import script_properties
from graders.properties.shape import SHAPE
from graders.properties.single_precision import SINGLE
from graders.properties.stability import STABILITY
from graders.properties.throughput import THROUGHPUT
from graders.specs.row import Row, ScriptRow

EXACT_DRAWS = ("labels", "size", "count", "pixels", "errors", "keep", "lengths")
"""Draws whose tasks compute nothing that rounds: float32 asks nothing of them."""


def properties(row: Row, *, timed: bool = False) -> list[Property]:
    """The properties of a row, in the order they are judged and shown; `timed`: throughput, too."""
    return [*untimed(row), *([THROUGHPUT] if timed and row.workload is not None else [])]


def value_properties(row: Row) -> tuple[str, ...]:
    """Names of those that ask for right values and gradients on ordinary cases."""
    others = {SHAPE.name, *(row.apart if isinstance(row, ScriptRow) else ())}
    return tuple(one.name for one in untimed(row) if one.family == "main" and one.name not in others)


def untimed(row: Row) -> list[Property]:
    """All but throughput."""
    if isinstance(row, ScriptRow):
        return script_properties(row)
    pair = row.kind == "pair"
    floats = any(callable(arg.draw) or arg.draw.split()[0] not in EXACT_DRAWS for arg in row.args)
    asked = [FORWARD, *gradient_properties(row), SHAPE, PURITY]
    asked += [LINEARITY] if pair else []
    asked += [BATCH] if row.batch else []
    asked += [EDGES]
    asked += [SINGLE] if floats else []
    return asked + ([STABILITY] if row.hostile else [])


def points(asked: list[Property], total: float, speed: float = SPEED) -> dict[str, float]:
    """A task's points by property: fixed percentages first, what is left in proportion to the shares.

    speed: percent that throughput is worth.
    """
    percents = {one.name: speed if one is THROUGHPUT else one.percent for one in asked}
    fixed = sum(percent or 0.0 for percent in percents.values())
    shares = sum(one.share for one in asked if one.percent is None)

    def percent(one: Property) -> float:
        known = percents[one.name]
        return (100 - fixed) * one.share / shares if known is None else known

    return {one.name: total * percent(one) / 100 for one in asked}
