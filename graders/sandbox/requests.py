"""Requests as T lays them out: JSON and raw arrays, for T is trusted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.sandbox import wire
from graders.sandbox.program import MAX_NDIM, Argument, Buffer, Call, Piece, Program, Ref, Seed


@dataclass
class Request:
    """Bytes for the input memory: the JSON, and from `base` on the arrays, aligned, each in C order."""

    head: bytes = b""
    body: bytearray = field(default_factory=bytearray)
    base: int = 0

    def place(self, array: NDArray[Any]) -> int:
        """Put an array behind those there are; returns its offset."""
        offset = _aligned(len(self.body))
        self.body += bytes(offset - len(self.body))
        self.body += array.tobytes()
        return offset


def load_request(pieces: Sequence[Piece], names: Sequence[str], skip: Sequence[int], compiled: bytes = b"") -> Request:
    """Ask for the submission to be loaded without the top-level statements whose numbers are in `skip`.

    compiled: what another worker, before it was asked anything, handed over of the same pieces.
    """
    told = [{"label": piece.label, "text": piece.text, "magics": piece.magics} for piece in pieces]
    message = {"op": "load", "pieces": told, "names": list(names), "skip": list(skip), "code": len(compiled)}
    request = _with_base(Request(), json.dumps(message).encode())
    request.place(np.frombuffer(compiled, np.uint8))
    return request


def run_request(programs: Sequence[Program]) -> Request:
    """Ask for programs to be run, each on arrays of its own."""
    request = Request()
    offsets: dict[int, int] = {}
    told = [_program(program, request, offsets) for program in programs]
    return _with_base(request, json.dumps({"op": "run", "programs": told}).encode())


def _with_base(request: Request, message: bytes) -> Request:
    """The request with its JSON, which says where the arrays begin: after a distance that leaves room to say so."""
    request.base = _aligned(len(message) + 32)
    request.head = message[:-1] + b', "base": %d}' % request.base
    return request


def _program(program: Program, request: Request, offsets: dict[int, int]) -> dict[str, Any]:
    arrays = program.arrays
    for array in arrays:
        if id(array) not in offsets:
            offsets[id(array)] = request.place(array)
    lists = program_lists(program)
    places = {id(value): place for values in (arrays, lists) for place, value in enumerate(values)}
    return {
        "arrays": [
            (offsets[id(array)], _code(array), array.shape, program.layouts.get(id(array), "C")) for array in arrays
        ],
        "lists": [[places[id(array)] for array in value] for value in lists],
        "calls": [_call(call, places) for call in program.calls],
        "echo": program.echo,
        "max_bytes": program.max_bytes,
    }


def program_lists(program: Program) -> list[list[NDArray[Any]]]:
    """The lists of input arrays of a program, each once, in order of first appearance."""
    found: dict[int, list[NDArray[Any]]] = {}
    for call in program.calls:
        for argument in (*call.args, *call.options.values()):
            if isinstance(argument, list) and all(isinstance(item, np.ndarray) for item in argument):
                found.setdefault(id(argument), argument)
    return list(found.values())


def _call(call: Call, places: Mapping[int, int]) -> dict[str, Any]:
    return {
        "function": call.function,
        "args": [_argument(argument, places) for argument in call.args],
        "options": {name: _argument(argument, places) for name, argument in call.options.items()},
        "returns": call.returns,
        "opaque": sorted(call.opaque),
    }


def _argument(argument: Argument, places: Mapping[int, int]) -> Any:
    if argument is None or isinstance(argument, bool | int | float | str):
        return argument
    if isinstance(argument, np.ndarray):
        return {"array": places[id(argument)]}
    if isinstance(argument, Ref):
        return {"ref": (argument.call, argument.value)}
    if isinstance(argument, Seed):
        return {"seed": argument.value}
    if isinstance(argument, Buffer):
        return {"buffer": argument.number}
    if id(argument) in places:
        return {"inputs": places[id(argument)]}
    kind = "tuple" if isinstance(argument, tuple) else "list"
    return {kind: [_argument(item, places) for item in argument]}


def _code(array: NDArray[Any]) -> str:
    name = array.dtype.str[1:].replace("b1", "?")
    if name not in wire.DTYPES or not array.dtype.isnative or array.ndim > MAX_NDIM:
        raise TypeError(f"no worker can be sent {array.dtype} of {array.ndim} dimensions")
    return name


def _aligned(size: int) -> int:
    return -(-size // wire.ALIGNMENT) * wire.ALIGNMENT


@dataclass(frozen=True)
class Room:
    """Bytes of the input and of the output memory, at most; those of an empty request by default."""

    inputs: int = wire.HEAD_ROOM
    outputs: int = 0

    def __add__(self, other: Room) -> Room:
        return Room(self.inputs + other.inputs, self.outputs + other.outputs)

    @property
    def fits(self) -> bool:
        """Whether there is as much."""
        return self.inputs <= wire.INPUT_SIZE and self.outputs <= wire.OUTPUT_SIZE - wire.DATA_START


def echo_room(program: Program) -> int:
    """Bytes that its inputs take when they are sent back: arrays, and one number more than a list should hold."""
    if not program.echo:
        return 0
    return sum(array.nbytes for array in program.arrays) + sum(8 * (len(value) + 1) for value in program_lists(program))


def room(program: Program) -> Room:
    """What a program and the reply to it take in a request."""
    arrays = program.arrays
    echoes = echo_room(program)
    inputs = sum(array.nbytes + wire.ALIGNMENT for array in arrays)
    return Room(inputs, program.max_bytes + echoes + wire.TEXT_ROOM)


@dataclass
class Batch:
    """Programs that go into one request, and that request."""

    programs: list[Program]

    @cached_property
    def request(self) -> Request:
        """Laid out once, for all who are asked."""
        return run_request(self.programs)


class Batched:
    """Programs in their order, as many to a request as its memory surely holds."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self.batches: list[Batch] = []
        taken = Room()
        for program in programs:
            more = room(program)
            if not (Room() + more).fits:
                raise ValueError("a program is larger than the memory it goes through")
            if not self.batches or len(self.batches[-1].programs) == wire.BATCH or not (taken + more).fits:
                self.batches.append(Batch([]))
                taken = Room()
            self.batches[-1].programs.append(program)
            taken += more
