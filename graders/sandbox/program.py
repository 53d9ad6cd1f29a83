"""What T asks of a worker, and what it believes to have heard: plain values, no transport.

A program is a straight line of at most 32 calls. `Ref(0, 1)` as an argument stands for value 1 of call 0
(a cache, say), which lives in the worker. The same array *object* given twice is the same array in the
worker, so that a mutation by one call is seen by the next; equal arrays that are different objects are
different arrays there. So it is with a list of arrays.

Nobody changes a program or a reply; they are not frozen because making a frozen one takes three times as long, and a
submission makes many thousands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Layout = Literal["C", "F", "strided", "reversed"]
"""Memory layout in which the worker holds an input: row-major, column-major, every other element of a larger
array along each axis, or a negative stride along each axis. The values are the same in all of them."""

MAX_CALLS = 32
MAX_NDIM = 8


@dataclass(frozen=True)
class Ref:
    """Value `value` of call `call`, both counted from 0, of the same program."""

    call: int
    value: int = 0


@dataclass(frozen=True)
class Seed:
    """Becomes `numpy.random.default_rng(value)` in the worker, a new one for each call it is given to."""

    value: int


@dataclass(frozen=True)
class Buffer:
    """Becomes an `io.BytesIO`, for `save` and `load`: the same one, rewound, wherever its number stands again."""

    number: int = 0


Argument = (
    NDArray[Any]
    | Sequence[NDArray[Any] | Ref]
    | int
    | float
    | bool
    | None
    | str
    | tuple[int, ...]
    | Ref
    | Seed
    | Buffer
)


@dataclass(slots=True)
class Call:
    """One call of a student's function.

    returns: how many values it should return; one stands for a bare value, more for a tuple.
    opaque: which of them stay in the worker (caches, parameters T does not judge).
    """

    function: str
    args: tuple[Argument, ...] = ()
    options: Mapping[str, Argument] = field(default_factory=dict)
    returns: int = 1
    opaque: frozenset[int] = frozenset()


@dataclass(slots=True)
class Program:
    """Calls made in order; the first that does not return ends the program.

    layouts: memory layout of input arrays by `id(array)`; those not named are C-contiguous.
    echo: also send back every input array as it is after the last call, in order of first appearance, and of every
        list of input arrays which of them it then holds.
    max_bytes: the most that all values sent back may take; more is `too_large`.
    """

    calls: tuple[Call, ...]
    layouts: Mapping[int, Layout] = field(default_factory=dict)
    echo: bool = False
    max_bytes: int = 1 << 22
    _arrays: list[NDArray[Any]] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The input arrays, each once, in order of first appearance."""
        if self._arrays is None:
            found: dict[int, NDArray[Any]] = {}
            for call in self.calls:
                for argument in (*call.args, *call.options.values()):
                    for item in argument if isinstance(argument, list | tuple) else (argument,):
                        if isinstance(item, np.ndarray):
                            found.setdefault(id(item), item)
            self._arrays = list(found.values())
        return self._arrays


Kind = Literal["array", "float", "int", "bool", "none", "list", "other", "opaque"]


@dataclass(slots=True)
class Value:
    """One value a worker claims a call returned: bytes already copied, not yet believed.

    kind: array (also NumPy scalars, as 0-d); float, int and bool are Python's own; list for a list or tuple,
        with `items`; other for whatever cannot travel, with its type's name in `type_name`.
    array: a private copy, C-contiguous, native byte order, for array / float / int / bool; else None.
    byte_order_swapped: the worker's array was not in native byte order.
    """

    kind: Kind
    array: NDArray[Any] | None = None
    items: tuple[Value, ...] = ()
    type_name: str = ""
    byte_order_swapped: bool = False


Outcome = Literal["returned", "raised", "not_implemented", "missing", "arity", "not_run"]


@dataclass(slots=True)
class CallReply:
    """How one call ended.

    outcome: `missing`: the submission has no such function; `not_implemented`: NotImplementedError, as
        stubs raise; `arity`: it returned, but not a tuple of `returns` values; `not_run`: an earlier call
        ended the program.
    values: as many as the call's `returns` when it returned, opaque ones as Value("opaque"); for `arity` the
        claimed values that came, for the message.
    text: what was raised and where ("ZeroDivisionError: division by zero (line 12)"), capped and printable.
    """

    outcome: Outcome
    values: tuple[Value, ...] = ()
    text: str = ""


Status = Literal["completed", "timeout", "crashed", "violation", "too_large"]


@dataclass(slots=True)
class Reply:
    """What came of one program.

    status: `completed`: every call has its CallReply; `timeout`: the worker was killed at the deadline;
        `crashed`: it died (os._exit, a signal, out of memory); `violation`: what it sent broke the protocol;
        `too_large`: more than `max_bytes`.
    calls: of a program that did not complete, those before the one that ended it, as far as they are known.
    lists: of every list of input arrays the numbers of those it holds, -1 for any other object; None for nonsense.
    text: for all but completed, what happened, one sentence for a student.
    """

    status: Status
    calls: tuple[CallReply, ...] = ()
    echoes: tuple[NDArray[Any] | None, ...] = ()
    lists: tuple[tuple[int, ...] | None, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Piece:
    """A stretch of a submission's source: a whole .py file, or one code cell of a notebook.

    label: how messages name it, "cell 3"; "" for a plain file.
    magics: lines of IPython magic (%..., !..., ?...) may stand in it.
    """

    label: str
    text: str
    magics: bool = False


@dataclass(frozen=True)
class Skipped:
    """A top-level statement or cell that was not run to its end, and why."""

    label: str
    """"cell 3" or "" for a plain file."""
    line: int
    reason: str


@dataclass(frozen=True)
class Loaded:
    """What loading the submission gave.

    functions: of the names asked for, those that are now callables, with the number of positional parameters
        they accept at most (-1: any number) claimed by the worker, for messages only.
    problem: why nothing could be loaded (a syntax error, the load limit), "" otherwise.
    compiled: what spares another worker of the same submission to compile it; nothing that T ever looks into.
    """

    functions: Mapping[str, int] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    problem: str = ""
    compiled: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Times are wall-clock seconds, sizes bytes."""

    request_seconds: float = 10.0
    statement_seconds: float = 5.0
    load_seconds: float = 30.0
    submission_seconds: float = 300.0
    memory: int = 1 << 30
    file_size: int = 1 << 20
    output: int = 1 << 16
    """How much of what is printed is kept."""
    processes: int = 0
    """How many threads a worker may start (as root: none or any number); never a process."""
