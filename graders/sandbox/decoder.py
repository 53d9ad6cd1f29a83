"""Replies as T believes them: the sacred part of the boundary.

A reply is a table of fixed records that T walks in its own order: it knows which record must come next,
computes every size itself with Python integers, copies, and only then looks at the copy. Anything unexpected
is a Violation; there is no other way for a reply to fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from graders.i18n import _
from graders.sandbox import wire
from graders.sandbox.program import MAX_NDIM, Call, CallReply, Loaded, Piece, Program, Reply, Skipped, Value
from graders.sandbox.requests import echo_room, program_lists

T = TypeVar("T")
DTYPES = tuple(map(np.dtype, wire.DTYPES))


@dataclass(slots=True)
class Record:
    """One record of the table, unpacked from T's own copy of it; every field is still a claim."""

    code: int
    dtype: int
    flags: int
    count: int
    offset: int
    length: int
    dims: tuple[int, ...]


class Decoder:
    """Walks the records of one reply.

    table: T's copy of the records.
    copy: (offset, length) -> T's copy of that part of the output; asked for parts within the data only.
    """

    def __init__(self, nonce: int, table: bytes | bytearray, copy: Callable[[int, int], bytearray]) -> None:
        self._nonce = nonce
        self._odd = len(table) % wire.RECORD.size
        self._records = wire.RECORD.iter_unpack(memoryview(table)[: len(table) - self._odd])
        self._copy_bytes = copy
        self._room = 0
        self._text_room = wire.TEXT_ROOM

    def finish(self) -> None:
        """There must be nothing left."""
        if self._odd or next(self._records, None) is not None:
            _violation("records are left over")

    def _next(self, tag: int) -> Record:
        fields = next(self._records, None)
        if fields is None:
            _violation("a record is missing")
        nonce, found, code, dtype, flags, count, offset, length, *dims = fields
        if nonce != self._nonce or found != tag:
            _violation("a record is out of place")
        return Record(code, dtype, flags, count, offset, length, tuple(dims))

    def _copy(self, offset: int, size: int) -> bytearray:
        if offset < wire.DATA_START or offset + size > wire.OUTPUT_SIZE:
            _violation("bytes lie outside of the data")
        return self._copy_bytes(offset, size)

    def _text(self, record: Record) -> str:
        self._text_room -= record.length
        if record.length > wire.MAX_TEXT or self._text_room < 0:
            _violation("too much text")
        return printable(self._copy(record.offset, record.length).decode("utf-8", "replace"))

    # Programs

    def program(self, program: Program, labels: Sequence[str]) -> Reply:
        """The claimed reply to one program."""
        code = self._next(wire.PROGRAM).code
        if code == 1:
            return Reply("too_large", text=_("what it returned was larger than it can be"))
        if code != 0:
            _violation("no such status")
        self._room, self._text_room = program.max_bytes, wire.TEXT_ROOM
        calls = tuple(self._calls(program, labels))
        self._room = echo_room(program)
        echoes = [self._value(0).array for _ in program.arrays] if program.echo else []
        lists = [self._held() for _ in program_lists(program)] if program.echo else []
        return Reply("completed", calls, tuple(echoes), tuple(lists))

    def _held(self) -> tuple[int, ...] | None:
        """The numbers of the arrays that a list is said to hold."""
        numbers = self._value(0)
        if numbers.array is None or numbers.array.ndim != 1 or numbers.array.dtype != np.int64:
            return None
        return tuple(numbers.array.tolist())

    def _calls(self, program: Program, labels: Sequence[str]) -> Iterator[CallReply]:
        ended = False
        for call in program.calls:
            reply = self._call(call, labels)
            if ended is not (reply.outcome == "not_run"):
                _violation("calls were made after the program ended, or not made before")
            ended = reply.outcome != "returned"
            yield reply

    def _call(self, call: Call, labels: Sequence[str]) -> CallReply:
        record = self._next(wire.CALL)
        outcome = _choice(wire.OUTCOMES, record.code)
        if outcome == "returned":
            if record.count != call.returns:
                _violation("a call returned another number of values")
            return CallReply(outcome, tuple(self._returned(call)))
        if outcome == "arity":
            if record.count > MAX_NDIM:
                _violation("too many values")
            return CallReply(outcome, tuple(self._value(0) for _ in range(record.count)))
        text = self._text(record) if outcome in ("raised", "not_implemented") else ""
        return CallReply(outcome, text=located(text, labels, *record.dims[:2]))

    def _returned(self, call: Call) -> Iterator[Value]:
        for position in range(call.returns):
            value = self._value(0)
            if (value.kind == "opaque") is not (position in call.opaque):
                _violation("an opaque value came, or one that should be did not")
            yield value

    # Values

    def _value(self, depth: int) -> Value:
        record = self._next(wire.VALUE)
        kind = _choice(wire.KINDS, record.code)
        if kind == "array":
            return Value(kind, self._array(record), byte_order_swapped=bool(record.flags & 1))
        if kind in ("none", "opaque"):
            return Value(kind)
        if kind == "other":
            return Value(kind, type_name=self._text(record))
        if kind == "list":
            if record.count > wire.MAX_ITEMS or depth >= wire.MAX_DEPTH:
                _violation("a list is too long or too deep")
            return Value(kind, items=tuple(self._value(depth + 1) for _ in range(record.count)))
        number = self._array(record)
        if number.ndim != 0 or number.dtype != wire.SCALARS[kind]:
            _violation("a number is none")
        return Value(kind, number)

    def _array(self, record: Record) -> NDArray[Any]:
        dtype = _choice(DTYPES, record.dtype)
        if record.count > MAX_NDIM:
            _violation("too many dimensions")
        shape = record.dims[: record.count]
        extent = size = dtype.itemsize
        for length in shape:
            if not 0 <= length <= wire.OUTPUT_SIZE:
                _violation("no such length")
            extent *= max(length, 1)
            size *= length
        if size > self._room or extent > 1 << 62:  # NumPy refuses empty arrays of too great an extent
            _violation("more than there is room for")
        self._room -= size
        data = self._copy(record.offset, size)  # T's own, and writable like any array
        if dtype.kind == "b":
            data = bytearray(np.frombuffer(data, "u1") != 0)  # other bytes are neither true nor false
        return np.ndarray(shape, dtype, data)

    # Loading

    def loaded(self, pieces: Sequence[Piece], names: Sequence[str]) -> Loaded:
        """The claimed outcome of loading."""
        labels = [piece.label for piece in pieces]
        record = self._next(wire.LOADED)
        if record.count > wire.MAX_SKIPPED:
            _violation("too many statements skipped")
        problem = located(self._text(record), labels, *record.dims[:2]) if record.code else ""
        functions = {}
        for name in names:
            found = self._next(wire.NAME)
            if found.code:
                functions[name] = max(-1, min(found.dims[0], 1000))
        skipped = tuple(self._skipped(pieces) for _ in range(record.count))
        self._room = wire.MAX_CODE
        code = self._value(0).array
        return Loaded(functions, skipped, problem, b"" if code is None else code.tobytes())

    def _skipped(self, pieces: Sequence[Piece]) -> Skipped:
        record = self._next(wire.SKIPPED)
        text = self._text(record)
        reason = _("a cell magic ({text})").format(text=text) if record.code == 1 else text
        return skipped_at(pieces, record.dims[0], record.dims[1], reason)


def skipped_at(pieces: Sequence[Piece], piece: int, line: int, reason: str) -> Skipped:
    """A skipped statement whose place is a claim: what is out of range is left out."""
    label = pieces[piece].label if 0 <= piece < len(pieces) else ""
    return Skipped(label, line if 0 <= line <= wire.MAX_LINE else 0, reason)


def located(text: str, labels: Sequence[str], piece: int, line: int) -> str:
    """What was raised, and where in the submission, as far as that is known."""
    if not text or not 0 < line <= wire.MAX_LINE or not 0 <= piece < len(labels):
        return text
    if labels[piece]:
        return _("{error} ({cell}, line {line})").format(error=text, cell=labels[piece], line=line)
    return _("{error} (line {line})").format(error=text, line=line)


def printable(text: str) -> str:
    """The text with spaces for whatever does not print, bar line ends."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def _choice(options: Sequence[T], index: int) -> T:
    if not 0 <= index < len(options):
        _violation("no such code")
    return options[index]


def _violation(reason: str) -> NoReturn:
    raise wire.Violation(reason)
