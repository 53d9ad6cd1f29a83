"""A task is one row: what is drawn, what torch says, what to leave alone. Everything else follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from graders.sandbox.program import Call

Array = NDArray[Any]
Axes = Mapping[str, int]
"""Sizes by axis name: {"N": 3, "D": 2}."""

Tree = Array | list[Array]
"""An argument or output: one array, or a list of arrays (one a layer)."""


Draw = Callable[[Generator, tuple[int, ...], Axes], Array | int]
"""From a generator, a shape and the case's sizes to the values of an argument."""


@dataclass(frozen=True)
class Arg:
    """One positional argument of the task's function.

    name: as in the signature; its gradient is called "d" + name.
    axes: axis names, "N D" for a matrix, "" for a scalar array of shape (); products and sums of them count
        as one axis, "D+H 4*H" for the matrix of an LSTM; or, for a list of arrays, a function from sizes to the shapes.
    draw: which values: a name that `graders.cases.draw_argument` knows, or a function of its own from a
        generator, the shape and the sizes by axis name.
    differentiable: False for labels, masks and targets, which have no gradient slot.
    """

    name: str
    axes: str | Callable[[Axes], list[tuple[int, ...]]]
    draw: str | Draw = "real"
    differentiable: bool = True


Limit = Callable[[Mapping[str, Any], Array], Any]
"""From the arguments by name and the right output to the largest fair error, in units of roundoff."""


@dataclass(frozen=True)
class Hostile:
    """float32 inputs on which the textbook formula breaks down and a careful one does not.

    sizes: of the case. values: of the arguments that are hostile, from a generator, a shape and the sizes; the
    others are drawn as ever. limit: the largest fair error of every element of the first output, in units of
    float32's roundoff 2^-24, from the arguments and the right output, both float64.
    remedy: what is usually done about it, as the report says it.
    options: those that are not the default. others: limits of further outputs, by name.
    """

    sizes: Axes
    values: Mapping[str, Draw]
    limit: Limit
    remedy: str
    options: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Limit] = field(default_factory=dict)


Ties = Callable[[Mapping[str, Any]], Mapping[str, NDArray[np.int64]]]
"""From the arguments by name to where several elements share a maximum: by argument a number above 0 for the elements
of each group whose gradients may be split as one likes, if only their sum is right; 0 elsewhere."""


Kinks = Callable[[Mapping[str, Any]], Mapping[str, NDArray[np.bool_]] | bool]
"""From the arguments by name to where the task is not differentiable: masks by argument (there any value
between the one-sided gradients passes), or True when no gradient of this case can be judged."""


@dataclass(frozen=True)
class Row:
    """One task.

    name: of the function, or of the pair `{name}_forward`, `{name}_backward`.
    oracle: the same task in torch primitives, float64 tensors in (positional arguments, then options), a
        tensor, a list of tensors, or a tuple of outputs out. Composite on purpose: fused kernels hide the
        rounding that the tolerance rule measures.
    axes: smallest and largest size drawn, by axis. Sizes 1 and 0 belong to the property "edges".
    outputs: names of what is returned (the cache not counted).
    constants: outputs that have no gradient (running statistics, indices): dout leaves them out.
    options: keyword arguments and the values drawn for them, the default first.
    kinks: where gradients are not unique.
    ties: where only the sum of several gradients is.
    batch: the axis of independent samples, "" when samples influence each other.
    empty: axes that may have size 0, separated by blanks.
    valid: which sizes and options go together (a kernel fits its input); others are not drawn.
    patterns: value patterns that make sense (see `graders.cases.PATTERNS`); empty for all.
    examples: fixed cases, arguments by name; they come first.
    hostile: inputs on which digits are easily lost.
    workload: sizes such as a course works with, on which the task is timed, options at their defaults; None where
        speed means nothing.
    """

    name: str
    args: tuple[Arg, ...]
    oracle: Callable[..., Any]
    axes: Mapping[str, tuple[int, int]]
    kind: Literal["pair", "function", "script"] = "pair"
    outputs: tuple[str, ...] = ("out",)
    constants: tuple[str, ...] = ()
    options: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    kinks: Kinks | None = None
    ties: Ties | None = None
    batch: str = "N"
    empty: str = "N"
    valid: Callable[[Axes, Mapping[str, Any]], bool] | None = None
    patterns: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = ()
    hostile: tuple[Hostile, ...] = ()
    workload: Axes | None = None
    convention: str = ""
    source: str = ""

    @property
    def functions(self) -> tuple[str, ...]:
        """What the submission must define for this task."""
        if self.kind == "pair":
            return (f"{self.name}_forward", f"{self.name}_backward")
        return (self.name,)

    @cached_property
    def differentiable(self) -> tuple[Arg, ...]:
        """The arguments whose gradients the backward returns, in order; none for a plain function."""
        return tuple(arg for arg in self.args if arg.differentiable) if self.kind == "pair" else ()

    @cached_property
    def gradients(self) -> tuple[str, ...]:
        """Names of what the backward returns."""
        return tuple("d" + arg.name for arg in self.differentiable)

    @cached_property
    def differentiated(self) -> tuple[str, ...]:
        """Outputs that the backward takes an upstream gradient for, in order."""
        return tuple(name for name in self.outputs if name not in self.constants) if self.kind == "pair" else ()


@dataclass(frozen=True)
class Script:
    """A straight line of calls, at most 32, and where in their replies the row's outputs lie.

    shown: (call, value) by output name.
    """

    calls: tuple[Call, ...]
    shown: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class ScriptRow(Row):
    """A task of several functions that are called one after another: an optimiser, a graph, a framework.

    script: from arguments and options by name to the calls. The oracle gives every output at once.
    asks: the functions, or classes, that the submission must define. uses: those of other tasks that it calls as well.
    stages: properties by name with the outputs each answers for and their share of the credit; all outputs are
        "forward" by default. A mistake is charged to the first of them that shows it.
    apart: stages, whose calls come last, that nothing depends on: they are asked for on ordinary cases only.
    drawn: outputs that are drawn by chance: only their form is judged, and that matrices hold more than one number.
    """

    kind: Literal["pair", "function", "script"] = "script"
    script: Callable[[Mapping[str, Any], Mapping[str, Any]], Script] = field(kw_only=True)
    asks: tuple[str, ...] = field(kw_only=True)
    uses: tuple[str, ...] = field(default=(), kw_only=True)
    stages: Mapping[str, tuple[tuple[str, ...], float]] = field(default_factory=dict, kw_only=True)
    apart: tuple[str, ...] = field(default=(), kw_only=True)
    drawn: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def functions(self) -> tuple[str, ...]:
        """What the submission must define for this task."""
        return self.asks


@dataclass(frozen=True)
class Outcome:
    """What T found of a trained model.

    error: the figure judged; allowed: the most it may be. Both in the same unit, named in `figure`.
    curve: what the submission returned as its history, for the picture; None when it is not an array.
    broken: why the figure does not count ("" when it does): a shape, a value, a rule of the task.
    """

    figure: str
    error: float
    allowed: float
    curve: NDArray[np.float64] | None = None
    broken: str = ""


@dataclass(frozen=True)
class Trial:
    """One drawn training problem: the call to make, and how T judges what comes back.

    calls: the student's functions in turn.
    evaluate: from the values (arrays or lists of arrays) that the judged calls returned, in turn, to an Outcome.
    judged: which calls' values those are; the last one's by default.
    """

    calls: tuple[Call, ...]
    evaluate: Callable[[tuple[Any, ...]], Outcome]
    judged: tuple[int, ...] = (-1,)


@dataclass(frozen=True)
class TrainingRow:
    """A task judged by what it learned, over several seeds.

    outputs: names of the values that the last call of a trial returns.
    asks: the functions, or classes, that the submission must define; the one of the row's name by default.
    trial: from a generator to one training problem.
    trials: how many problems are drawn. allowed: how the errors over them are judged: their mean must not
        exceed the mean of what is allowed.
    seconds: wall-clock limit of one training call.
    """

    name: str
    outputs: tuple[str, ...]
    trial: Callable[[np.random.Generator], Trial]
    trials: int = 5
    seconds: float = 20.0
    asks: tuple[str, ...] = ()
    convention: str = ""
    source: str = ""
    kind: Literal["training"] = "training"

    @property
    def functions(self) -> tuple[str, ...]:
        """What the submission must define for this task."""
        return self.asks or (self.name,)


Task = Row | TrainingRow
