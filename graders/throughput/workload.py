"""The inputs that a task is timed on: of a size that a course works with, dense, and never the same twice."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence
from numpy.typing import NDArray

from graders.cases import Case, draw_argument, shape_of
from graders.i18n import _
from graders.judging import C, only_single_precision, roundoff
from graders.oracle import leaves
from graders.properties.base import Finding, Item
from graders.properties.compare import compare
from graders.properties.conform import conform
from graders.properties.script import core_of
from graders.sandbox.program import Call, Program, Ref, Reply, Value
from graders.specs.row import Arg, Row, Script, ScriptRow

Array = NDArray[Any]
Shape = tuple[int, ...]
POOL = 1 << 20
"""Normal numbers that inputs are cut from; to draw each anew would take longer than to work on them."""
ROOM = 3.0
"""A reply may be so many times as large as the reference's."""


class Pool(Generator):
    """Draws like any generator, but normal numbers are cut from a pool of them, others for every race.

    An array starts anywhere in it and has a factor of its own: no two inputs have a number in common that could be
    looked up, though they cost no more than a copy.
    """

    def __init__(self, rng: Generator) -> None:
        super().__init__(rng.bit_generator)
        self._numbers = super().standard_normal(POOL)

    def cut(self, shape: Shape) -> Array:
        """An array of the shape."""
        count = math.prod(shape)
        if 2 * count > self._numbers.size:
            self._numbers = super().standard_normal(2 * count)
        start = int(self.integers(0, self._numbers.size - count + 1))
        return np.asarray(self._numbers[start : start + count] * self.uniform(0.8, 1.2)).reshape(shape)

    def standard_normal(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        """Cut from the pool where a float64 array is asked for, as the draws of rows do."""
        if isinstance(size, tuple) and dtype is np.float64 and out is None:
            return self.cut(size)
        return super().standard_normal(size, dtype, out)


@dataclass(frozen=True)
class Work:
    """One program of a timed request, and what it was made from."""

    program: Program
    args: Mapping[str, Any]
    douts: tuple[Array, ...]


class Workload:
    """Makes work for a row; `seed` is of the exam's secret, and fresh bits of this machine come on top of it."""

    def __init__(self, row: Row, seed: int) -> None:
        assert row.workload is not None
        self.row = row
        self.case = Case(tuple(row.workload.items()), tuple((name, values[0]) for name, values in row.options.items()))
        self._rng = Generator(SFC64(SeedSequence((seed, secrets.randbits(128)))))
        self._pool = Pool(self._rng)
        self.shapes: list[Shape] = []
        """Of the upstream gradients."""
        self.max_bytes = 32 << 20

    def refresh(self) -> None:
        """Draw other numbers."""
        self._pool = Pool(self._rng)

    def arguments(self) -> dict[str, Any]:
        """New arguments by name."""
        return {arg.name: self._argument(arg) for arg in self.row.args}

    def _argument(self, arg: Arg) -> Any:
        sizes = self.case.sizes
        if callable(arg.axes):
            return [self._drawn(arg, shape, independent=False) for shape in arg.axes(sizes)]
        sample = self.row.batch in arg.axes.split() if self.row.batch else True
        return self._drawn(arg, shape_of(arg.axes, sizes), independent=sample)

    def _drawn(self, arg: Arg, shape: Shape, *, independent: bool) -> Any:
        if arg.draw == "open unit":
            return 1 / (1 + np.exp(-self._pool.cut(shape)))
        if arg.draw == "unit":
            return self._rng.random(shape)
        if arg.draw != "real":
            return draw_argument(self._pool, arg, shape, self.case)
        # Weights as they are initialised, so that nothing saturates.
        return self._pool.cut(shape) if independent else np.asarray(self._pool.cut(shape) / math.sqrt(fan_in(shape)))

    def learn(self, forward: Reply) -> None:
        """Take the shapes of the outputs from the reference's reply to `first`."""
        values = dict(zip(self.row.outputs, forward.calls[0].values, strict=False))
        self.shapes = [shape_of_value(values[name]) for name in self.row.differentiated]

    def first(self) -> Program:
        """The forward alone."""
        return Program((self._forward(self.arguments()),), max_bytes=self.max_bytes)

    def work(self) -> Work:
        """One more."""
        args = self.arguments()
        if isinstance(self.row, ScriptRow):
            script = tuple(shipped_late(self._core(args).calls))
            return Work(Program(script, max_bytes=self.max_bytes), args, ())
        calls = [self._forward(args)]
        douts = tuple(self._pool.cut(shape) for shape in self.shapes)
        if self.row.kind == "pair":
            cache = Ref(0, len(self.row.outputs))
            calls.append(Call(self.row.functions[1], (*douts, cache), returns=len(self.row.differentiable)))
        return Work(Program(tuple(calls), max_bytes=self.max_bytes), args, douts)

    def _forward(self, args: Mapping[str, Any]) -> Call:
        count, name, values = len(self.row.outputs), self.row.functions[0], tuple(args.values())
        if self.row.kind == "pair":
            return Call(name, values, self.case.keywords, count + 1, frozenset({count}))
        return Call(name, values, self.case.keywords, count)

    def complaint(self, work: Work, reply: Reply, reference: Reply) -> Finding | None:
        """What is wrong with a reply, None when it is right: as the reference says, or else the oracle."""
        for name, where, value, wanted in self._shown(work, reply, reference):
            if not close(name, value, wanted):
                return self._asked(work, reply, where, name, value)
        return None

    def _shown(self, work: Work, reply: Reply, reference: Reply) -> Iterator[tuple[str, str, Value, Value]]:
        for name, (call, place) in self.places(work).items():
            where = work.program.calls[call].function
            if place in work.program.calls[call].opaque:
                continue
            yield name, where, reply.calls[call].values[place], reference.calls[call].values[place]

    def _core(self, args: Mapping[str, Any]) -> Script:
        """The row's script without what it asks apart."""
        assert isinstance(self.row, ScriptRow)
        return core_of(self.row, self.row.script(args, self.case.keywords))

    def places(self, work: Work) -> dict[str, tuple[int, int]]:
        """(call, value) of everything that is judged, by name."""
        if isinstance(self.row, ScriptRow):
            return dict(self._core(work.args).shown)
        places = {name: (0, index) for index, name in enumerate(self.row.outputs)}
        return places | {name: (1, index) for index, name in enumerate(self.row.gradients)}

    def _asked(self, work: Work, reply: Reply, where: str, name: str, value: Value) -> Finding | None:
        """The oracle's word, at full tolerance: no lower precision passes for the one that was asked for."""
        item = Item(self.row, self.case, 0, work.args, list(work.douts))
        values = item.expected.values
        for form in conform(name, value, {**values.outputs, **values.gradients}[name], "float64"):
            if form.array is not None and form.wanted.dtype.kind == "f" and imprecise(form.array, form.wanted):
                return Finding(where, _("{label} has only the digits of float32").format(label=form.label))
        findings = compare(item, where, name, value, gradient=name in self.row.gradients).findings
        return findings[0] if findings else None


def shipped_late(calls: Sequence[Call]) -> Iterator[Call]:
    """The calls of a script, where what a later call works on stays in the worker: parameters, update after update.

    What comes of them at last is judged; to send them all would take longer than to compute them.
    """
    used = {value for call in calls for value in refs((*call.args, *call.options.values()))}
    for index, call in enumerate(calls):
        kept = {place for place in range(call.returns) if Ref(index, place) in used}
        yield replace(call, opaque=call.opaque | kept)


def refs(arguments: Iterable[Any]) -> Iterator[Ref]:
    """Those among the arguments, and in lists of theirs."""
    for value in arguments:
        if isinstance(value, Ref):
            yield value
        elif isinstance(value, list | tuple):
            yield from refs(value)


def imprecise(got: Array, wanted: Array) -> bool:
    """Whether the values carry fewer digits than float64's."""
    return (got.dtype.kind == "f" and got.dtype != np.float64) or only_single_precision(got, wanted)


def fan_in(shape: Shape) -> int:
    """Of a matrix its rows, of filters all but the first axis."""
    if len(shape) < 2:
        return 1
    return max(1, shape[0] if len(shape) == 2 else math.prod(shape[1:]))


def shape_of_value(value: Value) -> Shape:
    """Of an array, or of a number."""
    return () if value.array is None else value.array.shape


def tree(value: Value) -> Any:
    """A reply's value as arrays."""
    return [tree(item) for item in value.items] if value.kind == "list" else value.array


def close(name: str, value: Value, wanted: Value) -> bool:
    """Whether a value agrees with the reference's normwise, at the full tolerance of float64.

    One pass less than a judgement, which comes where this says no.
    """
    right = tree(wanted)
    if right is None or (isinstance(right, list) and any(array is None for array in right)):
        return value.kind == wanted.kind
    forms = conform(name, value, right, "float64")
    if len(forms) != len(leaves(right)):
        return False
    return all(form.array is not None and _near(form.array, form.wanted) for form in forms)


def _near(got: Array, wanted: Array) -> bool:
    if wanted.dtype.kind != "f" or got.dtype.kind != "f" or not wanted.size:
        return bool(np.array_equal(got, wanted))
    with np.errstate(all="ignore"):
        difference = got - wanted
        largest = max(float(difference.max()), -float(difference.min()))
        allowed = C * roundoff(np.float64) * max(float(wanted.max()), -float(wanted.min()))
    return largest <= allowed  # never for what is not finite


def _bytes(value: Value) -> int:
    return sum(map(_bytes, value.items)) + (0 if value.array is None else value.array.nbytes)


def reply_bytes(reply: Reply) -> int:
    """Of all values in a reply."""
    return sum(_bytes(value) for call in reply.calls for value in call.values)
