"""What a property is made of: items go to the worker as programs, replies come back and are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graders import cases
from graders.cases import Case
from graders.i18n import _
from graders.oracle import Expected
from graders.properties.conform import describe
from graders.sandbox.program import Argument, Call, CallReply, Program, Ref, Reply
from graders.sandbox.requests import program_lists
from graders.specs.row import Row
from graders.verdict import Status

Array = NDArray[Any]
T = TypeVar("T")


class Item:
    """One case of one row, with its arrays and what the oracle says of them.

    args: positional arguments by name. options: keyword arguments by name. douts: upstream gradients, one a
    differentiable output; empty for a plain function. seed: of the family, for further arrays.
    """

    def __init__(
        self,
        row: Row,
        case: Case,
        seed: int,
        args: Mapping[str, Any] | None = None,
        douts: Sequence[Array] | None = None,
    ) -> None:
        """The case's own numbers, or others of the same shapes in `args` and `douts`."""
        self.row, self.case, self.seed = row, case, seed
        self.args = cases.arguments(row, case, seed) if args is None else dict(args)
        self.options = case.keywords
        self.expected = Expected(row, self.args, self.options)
        self.douts: list[Array] = []
        if row.kind == "pair":
            shapes = self.expected.output_shapes
            self.douts = cases.upstream(case, shapes, seed) if douts is None else list(douts)
            self.expected.with_upstream(self.douts)

        self.made: dict[Callable[[Item], Any], Any] = {}
        """What `once` has made of it."""

    def usable(self, *, gradients: bool = True) -> bool:
        """False where the oracle itself has no finite answer."""
        return self.expected.finite if gradients else self.expected.outputs_finite

    def other_upstream(self, which: int) -> list[Array]:
        """Another upstream gradient, of the same shapes."""
        return cases.upstream(self.case, self.expected.output_shapes, self.seed, which)

    def is_list(self, name: str) -> bool:
        """True for an output or gradient that is a list of arrays."""
        if name in self.expected.outputs:
            return isinstance(self.expected.outputs[name], list)
        return isinstance(self.args[name.removeprefix("d")], list)

    def copied_args(self) -> dict[str, Any]:
        """The arguments once more: what a call does to them must not reach the next."""
        return {name: _copied(value) for name, value in self.args.items()}

    def forward(self, args: Mapping[str, Any] | None = None, options: Mapping[str, Any] | None = None) -> Call:
        """The call of the function, or of the pair's forward."""
        arguments = tuple((self.args if args is None else args).values())
        keywords = dict(self.options if options is None else options)
        count = len(self.row.outputs)
        if self.row.kind == "function":
            return Call(self.row.name, arguments, keywords, returns=count)
        return Call(self.row.functions[0], arguments, keywords, returns=count + 1, opaque=frozenset({count}))

    def backward(self, douts: Sequence[Argument], forward: int) -> Call:
        """The call of the pair's backward on the cache of call number `forward`."""
        cache = Ref(forward, len(self.row.outputs))
        return Call(self.row.functions[1], (*douts, cache), returns=len(self.row.differentiable))

    def program(self, *calls: Call, echo: bool = False) -> Program:
        """A program of these calls, with inputs in the layout the case asks for."""
        layouts = {} if self.case.layout == "C" else {id(array): self.case.layout for array in Program(calls).arrays}
        return Program(calls, layouts, echo)


def once(make: Callable[[Item], T]) -> Callable[[Item], T]:
    """What is made of an item, made once: every submission is asked the same."""

    @wraps(make)
    def kept(item: Item) -> T:
        if make not in item.made:
            item.made[make] = make(item)
        found: T = item.made[make]
        return found

    return kept


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [array.copy() for array in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def input_lists(calls: Sequence[Call]) -> list[list[Array]]:
    """The lists of input arrays among the calls' arguments, likewise."""
    return program_lists(Program(tuple(calls)))


Changed = tuple[Any, Array | None, Array | None]
"""An input that is not as it was: the array or list itself, and what was sent and came back where it is an array."""


def changed_inputs(asked: Program, reply: Reply) -> Iterator[Changed]:
    """The input arrays and lists that the program's calls did not leave as they were."""
    arrays = asked.arrays
    for sent, back in zip(arrays, reply.echoes, strict=True):
        if back is None or back.shape != sent.shape or not np.array_equal(back, sent, equal_nan=True):
            yield sent, sent, back
    numbers = {id(array): number for number, array in enumerate(arrays)}
    for held, claimed in zip(input_lists(asked.calls), reply.lists, strict=True):
        if claimed != tuple(numbers[id(array)] for array in held):
            yield held, None, None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, and what of it, in words a student can act on.

    got, wanted: the tensor concerned, where there are two to compare; error: multiple of what is allowed.
    hint: the likely cause, when the finding itself gives it away. anywhere: the same on every case, so that
    none is worth showing. ended: the program did not run to its end. outline: `what` without words of the submission's
    own, which may spell out the case.
    """

    where: str
    what: str
    tensor: str = ""
    got: Array | None = None
    wanted: Array | None = None
    error: float = float("inf")
    hint: str = ""
    anywhere: bool = False
    ended: bool = False
    outline: str = ""

    @property
    def message(self) -> str:
        """Where and what in one line."""
        return f"{self.where}: {self.what}"

    @property
    def brief(self) -> str:
        """The message without any value of the case."""
        if self.outline:
            return f"{self.where}: {self.outline}"
        if self.got is None or not self.tensor:
            return self.message
        return _("{where}: {tensor} is wrong").format(where=self.where, tensor=self.tensor)


@dataclass(slots=True)
class Judged:
    """What one reply says about one property.

    blocked: the property this one cannot be judged without. attempted: False when the stub's own
    NotImplementedError came. conclusive: False when the dtype's digits do not suffice to decide. credit: share of
    the points that are earned in spite of the findings.
    """

    findings: tuple[Finding, ...] = ()
    blocked: str = ""
    attempted: bool = True
    conclusive: bool = True
    error: float = 0.0
    credit: float = 0.0


RIGHT = Judged()
Earlier = Mapping[str, Status]
"""How the properties judged before this one ended, by name."""


@dataclass(frozen=True)
class Property:
    """One question asked of a task.

    name: as reports show it. family: properties of one family share cases and programs. percent: of the
    task's points; None shares what the others leave, in proportion to `share`.
    """

    name: str
    family: str
    question: str
    program: Callable[[Item], Program]
    check: Callable[[Item, Reply, Earlier], Judged]
    percent: float | None = None
    share: float = 1.0


@dataclass(frozen=True)
class Stop:
    """How a program ended early: the call that ended it, and what to say, in full and without the case's values."""

    call: int
    what: str
    attempted: bool = True
    anywhere: bool = False
    outline: str = ""

    def finding(self, where: str) -> Finding:
        """It as something that is wrong."""
        return Finding(where, self.what, anywhere=self.anywhere, ended=True, outline=self.outline)


def stop(reply: Reply, program: Program) -> Stop | None:
    """Why the program did not run to its end, None when it did."""
    if reply.status != "completed":
        return Stop(len(reply.calls), reply.text)
    for index, (call, ended) in enumerate(zip(program.calls, reply.calls, strict=True)):
        if ended.outcome != "returned":
            missing, stub = ended.outcome == "missing", ended.outcome == "not_implemented"
            outline = describe_end(call, without_words(ended))
            return Stop(index, describe_end(call, ended), not stub, missing, outline)
    return None


def describe_end(call: Call, ended: CallReply) -> str:
    """What to say of a call that did not return what it should."""
    if ended.outcome == "missing":
        return _("not found in the submission: is it defined under this name, and does its cell or line run?")
    if ended.outcome == "arity":
        got = describe(ended.values[0]) if len(ended.values) == 1 else _values(len(ended.values))
        return _("returned {got}, but should return {wanted}").format(got=got, wanted=_values(call.returns))
    return _("raised {error}").format(error=ended.text or "NotImplementedError")


def without_words(ended: CallReply) -> CallReply:
    """How a call ended, of an exception its type only: what it says may be the case itself."""
    return replace(ended, text=ended.text.partition(":")[0]) if ended.outcome == "raised" else ended


def _values(count: int) -> str:
    return _("one value") if count == 1 else _("a tuple of {count} values").format(count=count)


def stopped(item: Item, reply: Reply, program: Program, earlier: Earlier | None = None) -> Judged | None:
    """The judgement of a reply whose program ended early, None when it ran to its end.

    Outside the main family, `earlier` tells whether the forward or backward is known to fail: then this
    property is blocked rather than failed once more.
    """
    end = stop(reply, program)
    if end is None:
        return None
    function = program.calls[end.call].function
    responsible = first_gradient(item.row) if function.endswith("_backward") else "forward"
    if not end.attempted:
        return Judged(attempted=False, blocked=responsible)
    if earlier is not None and earlier.get(responsible) is not Status.PASSED:
        return Judged(blocked=responsible)
    return Judged((end.finding(function),))


def first_gradient(row: Row) -> str:
    """Name of the property that answers for the backward's running at all."""
    return f"gradient d{row.differentiable[0].name}" if row.differentiable else "forward"


def values_by_name(item: Item, reply: Reply, forward: int, backward: int | None) -> dict[str, Any]:
    """The replies' values by output and gradient name; the calls must have returned."""
    named = dict(zip(item.row.outputs, reply.calls[forward].values, strict=False))
    if backward is not None:
        named |= zip(item.row.gradients, reply.calls[backward].values, strict=True)
    return named
