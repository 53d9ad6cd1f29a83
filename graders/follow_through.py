"""Follow-through: a wrong gradient that is the true gradient of the submission's own wrong forward earns half.

Whoever made a mistake in the forward and differentiated it without another one should not pay twice. Decided here,
by calls of the forward alone: along random directions v, central differences of the submission's own forward must
agree with the gradient it returned, <dout, J v> = <dx, v>.

That alone would pay for `return 0 * x` with `return 0 * dout`, and for `return x` with `return dout`. So the gradient
must also be one that had to be thought about. It changes with the numbers it is taken at, at least a quarter as much
as the right one does, which no constant and no linear stand-in for a curved function does. And the work is broadly
right, which a function of the student's choice is not: the gradient points where the right one points (a cosine of at
least a half, of either sign), or the outputs go with the right ones (a correlation of at least three quarters). A
wrong factor, a wrong sign, a slip in a formula, a clipped or unscaled argument leave all that as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graders import cases, judging
from graders.i18n import _
from graders.oracle import leaves
from graders.properties.base import Item
from graders.properties.conform import conform
from graders.sandbox.program import Program, Reply, Value
from graders.verdict import Result, Status

if TYPE_CHECKING:
    from graders.answers import Answers
    from graders.diagnosis import Answered

Array = NDArray[Any]
Leaves = list[Array]

SHARE = 0.5
CASES = 3
DIRECTIONS = 2
STEP = 1e-4
"""Of a central difference, relative to every element; extrapolated from it and its half, so of fourth order."""
CLOSE = 1e-5
ENOUGH = 4
"""Directions that must be conclusive: free of kinks, and of enough digits."""
VARIES = 0.25
POINTS = 0.5
GOES_WITH = 0.75
SPREAD_OUT = ("normal", "scaled", "offset", "wide")
"""Patterns without ties and zeros, where kinks are."""


def credited(
    results: Mapping[str, Result], answered: Mapping[str, list[Answered]], answers: Answers
) -> dict[str, Result]:
    """The gradients of a task that earn half, by property.

    results, answered: of the main family, by property.
    """
    if "forward" not in results or results["forward"].status is not Status.FAILED or _stops(answered["forward"]):
        return {}
    wrong = [name for name, result in results.items() if name.startswith("gradient ") and _lost(result)]
    probes: dict[str, list[_Probe]] = {}
    for name in wrong:
        comparable = _comparable(name.removeprefix("gradient "), answered[name])
        if _broadly_right(comparable):
            probes[name] = _chosen(comparable)
    replies = iter(answers.ask([probe.program for several in probes.values() for probe in several]))
    with answers.timed("judging"):
        seen = {name: [probe.outcome(next(replies)) for probe in several] for name, several in probes.items()}
    return {name: half(results[name]) for name in seen if _follows(seen[name])}


def _stops(answered: list[Answered]) -> bool:
    """Whether the forward fails other than by its values."""
    return any(entry.reply.status != "completed" or entry.reply.calls[0].outcome != "returned" for entry in answered)


def _lost(result: Result) -> bool:
    return result.status is Status.FAILED and result.score == 0


def half(result: Result) -> Result:
    """The result with half of its points, and why."""
    why = _("It is the true gradient of your own forward, which is wrong: half of the points.")
    message = f"{result.message}\n{why}" if result.message else why
    return replace(result, score=SHARE * result.max_score, message=message)


@dataclass(frozen=True)
class _Seen:
    """What a probe of one case showed.

    agrees: of every conclusive direction, whether the differences agree. moved, wanted_moved: how much the gradient
    and the right one change where the arguments are others.
    """

    agrees: tuple[bool, ...] = ()
    moved: float = 0.0
    wanted_moved: float = 0.0


def _follows(seen: Iterable[_Seen]) -> bool:
    told = [one for one in seen if one.agrees]
    agrees = [agree for one in told for agree in one.agrees]
    if len(agrees) < ENOUGH or not all(agrees):
        return False
    moved, wanted_moved = (float(np.mean([getattr(one, name) for one in told])) for name in ("moved", "wanted_moved"))
    return moved >= VARIES * wanted_moved


def _broadly_right(probes: list[_Probe]) -> bool:
    """Whether, over all cases, the gradient points where the right one does, or the outputs go with the right ones."""
    if not probes:
        return False
    cosine = abs(float(np.mean([probe.cosine for probe in probes])))
    return cosine >= POINTS or abs(float(np.mean([probe.correlation for probe in probes]))) >= GOES_WITH


def _comparable(gradient: str, answered: list[Answered]) -> list[_Probe]:
    """A probe of every case on which this gradient can be compared."""
    probes = (_probe(entry.item, entry.reply, gradient, bool(entry.judged.findings)) for entry in answered)
    return [probe for probe in probes if probe]


def _chosen(probes: list[_Probe]) -> list[_Probe]:
    """The first on which it is wrong."""
    wrong = [probe for probe in probes if probe.wrong]
    wrong.sort(key=lambda probe: probe.item.case.pattern not in SPREAD_OUT)
    return wrong[:CASES]


def _probe(item: Item, reply: Reply, gradient: str, wrong: bool) -> _Probe | None:
    row = item.row
    if reply.status != "completed" or any(call.outcome != "returned" for call in reply.calls) or _at_kink(item):
        return None
    outputs = _differentiated(item, reply.calls[0].values)
    values = dict(zip(row.gradients, reply.calls[1].values, strict=True))
    own = _arrays(gradient, values[gradient], item.expected.values.gradients[gradient])
    return _Probe(item, gradient, outputs, own, wrong) if outputs and own else None


def _at_kink(item: Item) -> bool:
    if item.case.example >= 0 or item.row.kinks is None:
        return item.case.example >= 0
    marks = item.row.kinks({**item.args, **item.options})
    return marks if isinstance(marks, bool) else any(mask.any() for mask in marks.values())


def _differentiated(item: Item, values: Iterable[Value]) -> Leaves | None:
    """The outputs that the upstream gradients belong to; None where they cannot be compared."""
    named = dict(zip(item.row.outputs, values, strict=False))
    arrays: Leaves = []
    for name in item.row.differentiated:
        found = _arrays(name, named[name], item.expected.outputs[name])
        if found is None:
            return None
        arrays += found
    return arrays


def _arrays(name: str, value: Value, wanted: Any) -> Leaves | None:
    arrays = [form.array for form in conform(name, value, wanted)]
    if any(array is None or not np.isfinite(array).all() for array in arrays):
        return None
    return [np.asarray(array, np.float64) for array in arrays]


class _Probe:
    """The forward at points on both sides of a case's, and the backward at another point."""

    def __init__(self, item: Item, gradient: str, outputs: Leaves, own: Leaves, wrong: bool) -> None:
        self.item, self.gradient, self.outputs, self.own, self.wrong = item, gradient, outputs, own, wrong
        self.right = leaves(item.expected.values.gradients[gradient])
        self.argument = gradient.removeprefix("d")
        self.point = leaves(item.args[self.argument])
        rng = cases.generator(item.seed, item.case.seed, 2000)
        self.directions = [[_direction(rng, leaf) for leaf in self.point] for _ in range(DIRECTIONS)]

    @functools.cached_property
    def elsewhere(self) -> dict[str, Any]:
        """Other arguments, of the same shapes."""
        others = cases.arguments(self.item.row, self.item.case, self.item.seed ^ 1)
        names = {arg.name for arg in self.item.row.differentiable}
        return {name: others[name] if name in names else value for name, value in self.item.args.items()}

    @property
    def cosine(self) -> float:
        """Between the gradient and the right one."""
        return _cosine(_flat(self.own), _flat(self.right))

    @property
    def correlation(self) -> float:
        """Between the outputs and the right ones."""
        wanted = [leaf for name in self.item.row.differentiated for leaf in leaves(self.item.expected.outputs[name])]
        return _cosine(_centred(self.outputs), _centred(wanted))

    @property
    def program(self) -> Program:
        """Four forwards a direction, then forward and backward elsewhere."""
        calls = [
            self.item.forward({**self.item.copied_args(), self.argument: self._moved(direction, step)})
            for direction in self.directions
            for step in (STEP, -STEP, STEP / 2, -STEP / 2)
        ]
        calls.append(self.item.forward(self.elsewhere))
        return Program((*calls, self.item.backward(self.item.douts, len(calls) - 1)))

    def _moved(self, direction: Leaves, step: float) -> Any:
        moved = [leaf + step * along for leaf, along in zip(self.point, direction, strict=True)]
        return moved if self.item.is_list(self.gradient) else moved[0]

    def outcome(self, reply: Reply) -> _Seen:
        """What the calls showed; nothing where one of them did not return what it should."""
        if reply.status != "completed" or any(call.outcome != "returned" for call in reply.calls):
            return _Seen()
        found = [_differentiated(self.item, call.values) for call in reply.calls[: 4 * DIRECTIONS]]
        returned = dict(zip(self.item.row.gradients, reply.calls[-1].values, strict=True))
        there = self.item.expected.gradients_at(self.elsewhere)[self.gradient]
        own_there = _arrays(self.gradient, returned[self.gradient], there)
        points = [one for one in found if one is not None]
        if len(points) < len(found) or own_there is None:
            return _Seen()
        agrees = [
            self._agrees(direction, points[4 * index : 4 * index + 4])
            for index, direction in enumerate(self.directions)
        ]
        return _Seen(
            tuple(agree for agree in agrees if agree is not None),
            _change(_flat(self.own), _flat(own_there)),
            _change(_flat(self.right), _flat(leaves(there))),
        )

    def _agrees(self, direction: Leaves, points: list[Leaves]) -> bool | None:
        """Whether the differences along a direction are what the gradient says; None where that cannot be told."""
        parts = _flat(self.own) * _flat(direction)
        size = float(np.sqrt((parts * parts).sum()))
        ahead, behind, half_ahead, half_behind = points
        wide, narrow = self._slope(ahead, behind, STEP), self._slope(half_ahead, half_behind, STEP / 2)
        bend = self._slope(ahead, self.outputs, STEP / 2) - self._slope(self.outputs, behind, STEP / 2)
        unit = max(judging.precision(array) for array in (*ahead, *half_ahead))
        terms = sum(float(np.abs(dout * out).sum()) for dout, out in zip(self.item.douts, self.outputs, strict=True))
        size = max(size, abs(narrow))
        smooth = abs(wide - narrow) <= 0.1 * CLOSE * size and abs(bend) <= 100 * STEP * size
        if not size or not smooth or 10 * unit * terms / STEP > CLOSE * size:
            return None
        return bool(abs(narrow + (narrow - wide) / 3 - parts.sum()) <= CLOSE * size)

    def _slope(self, ahead: Leaves, behind: Leaves, step: float) -> float:
        pairs = zip(self.item.douts, ahead, behind, strict=True)
        return sum(float((dout * (one - other)).sum()) for dout, one, other in pairs) / (2 * step)


def _direction(rng: np.random.Generator, leaf: Array) -> Array:
    """Random, in proportion to each element: what lies in an interval stays there, and zeros, where kinks are, zero."""
    return np.asarray(rng.standard_normal(leaf.shape) * np.abs(leaf))


def _flat(arrays: Leaves) -> Array:
    return np.concatenate([np.ravel(array) for array in arrays])


def _change(one: Array, other: Array) -> float:
    size = float(np.linalg.norm(one) + np.linalg.norm(other))
    return float(np.linalg.norm(one - other)) / size if size else 0.0


def _cosine(one: Array, other: Array) -> float:
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / size if size else 0.0


def _centred(arrays: Leaves) -> Array:
    flat = _flat(arrays)
    return np.asarray(flat - flat.mean()) if flat.size else flat
