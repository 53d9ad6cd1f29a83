"""UNTRUSTED side: loads one submission, makes the calls T asks for, and writes down what came of them.

Standard library and NumPy only, nothing of ours. Everything here runs in the process of the student's code,
which may rewrite all of it: whatever leaves this process is a claim that T checks by itself.

Memory: T writes a request (JSON, then raw arrays) into the input, which this process can only read. The
answer is a table of fixed records in the output, followed by raw bytes the records point at; its first bytes
tell how far loading has come. A doorbell of 16 bytes rings in either direction: nonce and length there, nonce
and number of records back.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import io
import json
import linecache
import marshal
import math
import os
import re
import struct
import sys
import tokenize
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

BELL = struct.Struct("<QQ")
PROGRESS = struct.Struct("<QII")  # statement, piece and line that is being run
RECORD = struct.Struct("<QBBBBIQQ8q")  # nonce, tag, code, dtype, flags, count, offset, length, dims
TABLE_START = 64
MAX_TEXT = 1000
TEXT_ROOM = 1 << 16
MAX_RECORDS = 4096  # a program
MAX_ITEMS = 2048
MAX_DEPTH = 3
MAX_NDIM = 8
MAX_CODE = 8 << 20

PROGRAM, CALL, VALUE, LOADED, NAME, SKIPPED = 1, 2, 3, 4, 5, 6  # tags
COMPLETED, TOO_LARGE = 0, 1
RETURNED, RAISED, NOT_IMPLEMENTED, MISSING, ARITY, NOT_RUN = range(6)
ARRAY, FLOAT, INT, BOOL, NONE, LIST, OTHER, OPAQUE = range(8)
FAILED, CELL_MAGIC = 0, 1
SWAPPED = 1
DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
CODES = {np.dtype(name): code for code, name in enumerate(DTYPES)}
PADDED = [(0,) * (MAX_NDIM - count) for count in range(MAX_NDIM + 1)]
FUTURES = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


class TooLarge(Exception):
    """What a program returned does not fit the room T gave it."""


class Printed(io.TextIOBase):
    """Standard output of the student's code: what exceeds the cap vanishes quickly."""

    encoding = "utf-8"

    def __init__(self, descriptor: int, room: int) -> None:
        self.descriptor, self.room = descriptor, room

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self.room > 0:
            data = text[: self.room].encode("utf-8", "replace")
            self.room -= len(data)
            os.write(self.descriptor, data)
        return len(text)


class Output:
    """The output memory: a cursor in the table of records, another in the bytes behind it."""

    def __init__(self, memory: Any, data_start: int) -> None:
        self.memory = memory
        self.bytes = np.frombuffer(memory, np.uint8)
        self.data_start = data_start
        self.begin(0)

    def begin(self, nonce: int) -> None:
        """Start a reply."""
        self.nonce, self.records, self.end = nonce, 0, self.data_start
        self.allow(0)

    def allow(self, size: int) -> None:
        """What follows, a program usually, may take so many bytes of values."""
        self.room, self.text_room = size, TEXT_ROOM
        self.last_record = self.records + MAX_RECORDS

    def progress(self, statement: int, piece: int, line: int) -> None:
        """Say which statement is run next."""
        PROGRESS.pack_into(self.memory, 0, statement, piece, line)

    def record(
        self,
        tag: int,
        code: int,
        *,
        dtype: int = 0,
        flags: int = 0,
        count: int = 0,
        text: str = "",
        offset: int | None = None,
        dims: tuple[int, ...] = (),
    ) -> None:
        """Append one record; `text` is stored behind the table, unless `offset` names bytes there."""
        start = TABLE_START + self.records * RECORD.size
        if self.records >= self.last_record or start + RECORD.size > self.data_start:
            raise TooLarge
        length = 0
        if offset is None:
            offset = self.end
            length = self._store_text(text) if text else 0
        more = PADDED[len(dims)]
        RECORD.pack_into(self.memory, start, self.nonce, tag, code, dtype, flags, count, offset, length, *dims, *more)
        self.records += 1

    def _store_text(self, text: str) -> int:
        data = text[:MAX_TEXT].encode("utf-8", "replace")[:MAX_TEXT]
        if len(data) > self.text_room or self.end + len(data) > self.bytes.size:
            return 0
        self.bytes[self.end : self.end + len(data)] = np.frombuffer(data, np.uint8)
        self.end += len(data)
        self.text_room -= len(data)
        return len(data)

    def array(self, kind: int, array: Any, flags: int = 0) -> None:
        """Append an array: its elements in C order, and the record that describes them."""
        start, end = self.end, self.end + array.nbytes
        if array.nbytes > self.room or end > self.bytes.size:
            raise TooLarge
        np.ndarray(array.shape, array.dtype, self.memory, start)[...] = array
        self.room -= array.nbytes
        self.end = end
        code = CODES[array.dtype]
        self.record(VALUE, kind, dtype=code, flags=flags, count=array.ndim, offset=start, dims=array.shape)

    def value(self, value: Any) -> None:
        """Append any value; what misbehaves when it is looked at goes by the name of its type."""
        start = self.records, self.end
        try:
            self._value(value, 0)
        except TooLarge:
            raise
        except BaseException:
            self.records, self.end = start
            self.record(VALUE, OTHER, text=name_of(type(value)))

    def _value(self, value: Any, depth: int) -> None:
        if type(value) is np.ndarray and value.dtype in CODES and value.ndim <= MAX_NDIM:  # nearly always
            self.array(ARRAY, value)
        elif isinstance(value, (np.ndarray, np.generic)) and not is_masked(value):
            self._numpy(np.array(value, copy=None, subok=False))
        elif isinstance(value, bool):
            self.array(BOOL, np.array(value, np.bool_))
        elif isinstance(value, float):
            self.array(FLOAT, np.array(value, np.float64))
        elif isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
            self.array(INT, np.array(value, np.int64))
        elif value is None:
            self.record(VALUE, NONE)
        elif isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS and depth < MAX_DEPTH:
            self.record(VALUE, LIST, count=len(value))
            for item in value:
                self._value(item, depth + 1)
        else:
            self.record(VALUE, OTHER, text=name_of(type(value)))

    def _numpy(self, array: Any) -> None:
        native = array.dtype.newbyteorder("=")
        if native not in CODES or array.ndim > MAX_NDIM:
            self.record(VALUE, OTHER, text=f"{type(array).__name__} of {array.dtype}")
        elif array.nbytes > self.room:
            raise TooLarge  # before a copy is made
        else:
            swapped = not array.dtype.isnative
            self.array(ARRAY, array.astype(native) if swapped else array, SWAPPED if swapped else 0)


def is_masked(value: Any) -> bool:
    """Whether it is a masked array; that part of NumPy is slow to import, and seldom there."""
    masked = sys.modules.get("numpy.ma")
    return masked is not None and isinstance(value, masked.MaskedArray)


def name_of(kind: type) -> str:
    """The type's own name, whatever its metaclass says."""
    return str(type.__dict__["__name__"].__get__(kind))


def describe(error: BaseException) -> str:
    """`ZeroDivisionError: division by zero`, whatever the exception does when it is asked."""
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        message = str(message)[:MAX_TEXT]
    except BaseException:
        message = ""
    name = name_of(type(error))[:100]
    return f"{name}: {message}" if message else name


PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")
"""Cell magics whose cells hold Python, that counts like any other."""


LINE_MAGIC = re.compile(r"\s*[%!?]")
ASSIGNED_MAGIC = re.compile(r"""((?:[^#'"=]|'\w+'|"\w+")*+)=\s*[%!]""")
HELP = re.compile(r"""[^#'"]*\?\s*$""")
MAY_GO_ON = re.compile(r"""[^#]*['"([{\\]""")
"""A line with anything before its comment that could make the next one part of it."""


def without_magics(text: str) -> str:
    """The cell with every line of IPython magic made a `pass` of the same indentation, and `x = !ls` an `x = None`.

    Like IPython we look for it only where a statement begins: in a string, or between brackets, `%` is Python's.
    """
    lines = text.split("\n")
    last = max((number for number, line in enumerate(lines) if as_python(line) != line), default=-1)
    number = 0
    while number <= last:
        line = lines[number]
        lines[number] = as_python(line)
        if lines[number] == line:
            number += height(lines, number)
            continue
        number += 1
        while line.endswith("\\") and number < len(lines):  # it goes on
            line, lines[number] = lines[number], ""
            number += 1
    return "\n".join(lines)


def as_python(line: str) -> str:
    """A line that begins a statement, without the magic that it may be; no Python begins like any of these."""
    if LINE_MAGIC.match(line) or HELP.match(line):
        return line[: len(line) - len(line.lstrip())] + "pass"
    assigned = ASSIGNED_MAGIC.match(line)
    return f"{assigned[1]}= None" if assigned else line


def height(lines: list[str], start: int) -> int:
    """How many lines the statement has that begins there: all that are left where it has no end, or is no Python."""
    if not MAY_GO_ON.match(lines[start]):
        return 1
    rows = (lines[row] + "\n" for row in range(start, len(lines)))
    try:
        for token in tokenize.generate_tokens(lambda: next(rows, "")):
            if token.type == tokenize.NEWLINE:
                return token.start[0]
            if token.type == tokenize.ERRORTOKEN:
                break
    except Exception:  # whatever it is, compiling says it better
        pass
    return len(lines) - start


def other_language(text: str) -> str:
    """The first line of a cell that a magic makes one of bash, HTML or anything but Python; "" for the others."""
    first = text.lstrip().split("\n", 1)[0]
    return first if first.startswith("%%") and first.split()[0] not in PYTHON_MAGICS else ""


def python_of(text: str) -> str:
    """What of a notebook's cell is Python: all, where that can be parsed, nothing in another language's."""
    try:
        ast.parse(text)
    except Exception:
        return "" if other_language(text) else without_magics(text)
    return text


class Submission:
    """The student's module: its namespace, and where each of its code objects came from."""

    def __init__(self, pieces: list[dict[str, Any]], output: Output) -> None:
        self.pieces, self.output = pieces, output
        self.files = [piece["label"] or "submission.py" for piece in pieces]
        self.module = types.ModuleType("submission")
        self.module.__file__ = self.files[0] if self.files else "submission.py"
        sys.modules["submission"] = self.module
        self.skipped: list[tuple[int, int, int, str]] = []  # code, piece, line, reason
        self.problem: tuple[int, int, str] | None = None  # piece, line, reason
        self.flags = 0  # of the `from __future__` statements so far
        self.statements: list[tuple[int, int, Any, str]] = []  # piece, line, code, why there is none
        self.unread: list[tuple[int, int, int, str]] = []  # what is skipped before anything is run

    def load(self, skip: list[int], compiled: bytes) -> None:
        """Run every top-level statement in turn, except those whose number is to be skipped.

        compiled: what `compiled()` gave in another worker that loaded the same pieces, which saves compiling them
        again; empty where there is none.
        """
        if compiled:
            statements, self.skipped = marshal.loads(compiled)
            for index, piece in enumerate(self.pieces):
                self._keep_lines(index, piece["text"])
        else:
            statements = self._compile()
        for number, (index, line, code, reason) in enumerate(statements, 1):
            self.output.progress(number, index, line)
            if number not in skip:
                self._run(index, line, code, reason)

    def compiled(self) -> bytes:
        """Everything that loading needs to know of the pieces; empty where nothing was compiled, or not all."""
        whole = self.statements and not self.problem
        code = marshal.dumps((self.statements, self.unread)) if whole else b""
        return code if len(code) <= MAX_CODE else b""

    def _compile(self) -> Iterator[tuple[int, int, Any, str]]:
        """Piece, line, code (or why there is none) of every statement, each compiled when it is its turn."""
        for index, piece in enumerate(self.pieces):
            known = len(self.skipped)
            body = self._parse(index, piece)
            self.unread += self.skipped[known:]
            if self.problem:
                return
            for node in body:
                self.output.progress(len(self.statements) + 1, index, node.lineno)
                code, reason = None, ""
                try:
                    tree = ast.Module([node], [])
                    code = compile(tree, self.files[index], "exec", flags=self.flags, dont_inherit=True)
                    self.flags |= code.co_flags & FUTURES
                except BaseException as error:
                    reason = describe(error)
                self.statements.append((index, node.lineno, code, reason))
                yield self.statements[-1]

    def _keep_lines(self, index: int, text: str) -> None:
        """For tracebacks, and for whoever asks for a function's source."""
        linecache.cache[self.files[index]] = (len(text), None, text.splitlines(True), self.files[index])

    def _parse(self, index: int, piece: dict[str, Any]) -> list[ast.stmt]:
        text, file = piece["text"], self.files[index]
        self._keep_lines(index, text)
        try:
            return list(ast.parse(text, file).body)
        except Exception as error:
            if not piece["magics"]:
                self.problem = (index, getattr(error, "lineno", 0) or 0, describe(error))
                return []
        if first := other_language(text):
            self.skipped.append((CELL_MAGIC, index, 1, first))
            return []
        try:
            return list(ast.parse(without_magics(text), file).body)
        except Exception as error:
            self.skipped.append((FAILED, index, getattr(error, "lineno", 0) or 0, describe(error)))
            return []

    def _run(self, index: int, line: int, code: Any, reason: str) -> None:
        try:
            if code is not None:
                exec(code, self.module.__dict__)
        except BaseException as error:
            reason = describe(error)
        if reason:
            self.skipped.append((FAILED, index, line, reason))

    def function(self, name: str) -> Any:
        """The callable of that name, "Model.fit" for a method as a function of the object, or None."""
        first, *rest = name.split(".")
        found = self.module.__dict__.get(first)
        for part in rest:
            found = inspect.getattr_static(found, part, None)
        return found if callable(found) else None

    def place(self, error: BaseException) -> tuple[int, int]:
        """Piece and line of the student's own code where the exception came from; line 0: nowhere there."""
        piece, line, frame = 0, 0, error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename in self.files:
                piece, line = self.files.index(frame.tb_frame.f_code.co_filename), frame.tb_lineno
            frame = frame.tb_next
        return piece, line

    def report(self, names: list[str]) -> None:
        """Write how loading went, and which of the names are functions."""
        piece, line, reason = self.problem or (0, 0, "")
        skipped = self.skipped[:100]
        self.output.record(LOADED, bool(self.problem), count=len(skipped), text=reason, dims=(piece, line))
        for name in names:
            function = self.function(name)
            self.output.record(NAME, function is not None, dims=(accepted(function),))
        for code, piece, line, reason in skipped:
            self.output.record(SKIPPED, code, text=reason, dims=(piece, line))
        self.output.allow(MAX_CODE)
        self.output.value(np.frombuffer(self.compiled(), np.uint8))


def accepted(function: Any) -> int:
    """How many positional arguments a function takes at most; -1 for any number, or when it will not say."""
    try:
        parameters = inspect.signature(function).parameters.values()
        if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
            return -1
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return sum(parameter.kind in positional for parameter in parameters)
    except BaseException:
        return -1


class Run:
    """One program: its private arrays, and the values its calls have returned so far."""

    def __init__(self, program: dict[str, Any], data: Any, submission: Submission) -> None:
        self.program, self.submission = program, submission
        self.arrays = [private_copy(data, *spec) for spec in program["arrays"]]
        self.lists = [[self.arrays[place] for place in spec] for spec in program["lists"]]
        self.values: list[tuple[Any, ...]] = []
        self.buffers: dict[int, io.BytesIO] = {}
        self.ended = False

    def write(self, output: Output) -> None:
        """Make the calls and write a record for each; all is taken back when it does not fit."""
        start = output.records, output.end
        try:
            output.allow(self.program["max_bytes"])
            output.record(PROGRAM, COMPLETED)
            for call in self.program["calls"]:
                self._call(call, output)
            if self.program["echo"]:
                output.room = sum(array.nbytes for array in self.arrays)
                output.room += sum(8 * (len(spec) + 1) for spec in self.program["lists"])
                for array in self.arrays:
                    output.value(array)
                for spec, held in zip(self.program["lists"], self.lists, strict=True):
                    output.value(np.array([self._number(item) for item in held[: len(spec) + 1]], np.int64))
        except TooLarge:
            output.records, output.end = start
            output.allow(0)
            output.record(PROGRAM, TOO_LARGE)

    def _call(self, call: dict[str, Any], output: Output) -> None:
        function = self.submission.function(call["function"])
        if self.ended or function is None:
            output.record(CALL, NOT_RUN if self.ended else MISSING)
            self.ended = True
            return
        try:
            args = [self._argument(item) for item in call["args"]]
            options = {name: self._argument(item) for name, item in call["options"].items()}
            returned = function(*args, **options)
        except BaseException as error:
            self.ended = True
            code = NOT_IMPLEMENTED if isinstance(error, NotImplementedError) else RAISED
            output.record(CALL, code, text=describe(error), dims=self.submission.place(error))
            return
        self._returned(call, returned, output)

    def _returned(self, call: dict[str, Any], returned: Any, output: Output) -> None:
        wanted = call["returns"]
        fits = wanted == 1 or (isinstance(returned, tuple) and len(returned) == wanted)
        values = returned if wanted != 1 and isinstance(returned, tuple | list) else (returned,)
        self.ended = not fits
        self.values.append(tuple(values))
        shown = self.values[-1] if fits else self.values[-1][:MAX_NDIM]
        output.record(CALL, RETURNED if fits else ARITY, count=len(shown))
        for position, value in enumerate(shown):
            if fits and position in call["opaque"]:
                output.record(VALUE, OPAQUE)
            else:
                output.value(value)

    def _number(self, item: Any) -> int:
        """Which of the program's arrays it is; -1 for anything else."""
        return next((number for number, array in enumerate(self.arrays) if array is item), -1)

    def _argument(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        ((kind, content),) = item.items()
        if kind == "array":
            return self.arrays[content]
        if kind == "inputs":
            return self.lists[content]
        if kind == "ref":
            return self.values[content[0]][content[1]]
        if kind == "seed":
            return np.random.default_rng(content)
        if kind == "buffer":
            buffer = self.buffers.setdefault(content, io.BytesIO())
            buffer.seek(0)
            return buffer
        items = [self._argument(part) for part in content]
        return tuple(items) if kind == "tuple" else items


def private_copy(data: Any, offset: int, dtype: str, shape: list[int], layout: str) -> Any:
    """A writable array of our own with the values T sent, in the memory layout it names."""
    size = np.dtype(dtype).itemsize * math.prod(shape)
    sent = data[offset : offset + size].view(dtype).reshape(shape)
    if layout == "C":
        return sent.copy()
    if layout == "strided":
        mine = np.zeros([2 * length for length in shape], dtype)[(slice(None, None, 2),) * len(shape)]
    elif layout == "reversed":
        mine = np.empty(shape, dtype)[(slice(None, None, -1),) * len(shape)]
    else:
        mine = np.empty(shape, dtype, order="F")
    if not shape:
        mine = np.empty((), dtype)
    mine[...] = sent
    return mine


def serve(input_memory: Any, output_memory: Any, data_start: int, bell_in: int, bell_out: int) -> None:
    """Answer requests until T hangs up."""
    received = np.frombuffer(input_memory, np.uint8)
    output = Output(output_memory, data_start)
    submission = Submission([], output)
    while len(bell := os.read(bell_in, BELL.size)) == BELL.size:
        nonce, length = BELL.unpack(bell)
        request = json.loads(bytes(received[:length]))
        output.begin(nonce)
        if request["op"] == "load":
            submission = Submission(request["pieces"], output)
            start, size = request["base"], request["code"]
            submission.load(request["skip"], bytes(received[start : start + size]))
            submission.report(request["names"])
        else:
            data = received[request["base"] :]
            for index, program in enumerate(request["programs"]):
                output.progress(index, 0, 0)
                Run(program, data, submission).write(output)
        os.write(bell_out, BELL.pack(nonce, output.records))


def redirect_prints(descriptor: int, room: int) -> None:
    """Give the student's code a standard output of its own, and no input."""
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = Printed(descriptor, room)  # type: ignore[assignment,misc]
