"""A process of its own that runs programs on tensors of a device, for practice: nothing keeps it from this machine.

What it is told comes from the grader, pickled. What it says is bytes: one that says how it ended, then numbers or text.
"""

from __future__ import annotations

import functools
import pickle
import types
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders.benchmark import namespace
from graders.sandbox.program import Call, Piece, Program, Ref, Seed
from graders.worker.worker import python_of

DONE, RAISED = b"\0", b"\1"
LONGEST_TEXT = 500


def play(connection: Connection, pieces: Sequence[Piece], device: str) -> None:
    """Answer until the other end hangs up."""
    torch.set_num_threads(1)
    namespace.ensure()  # so that array_api_compat can be imported, installed or not
    module = types.ModuleType("submission")
    player = Player(module.__dict__, device)
    try:
        for piece in pieces:
            text = python_of(piece.text) if piece.magics else piece.text
            exec(compile(text, piece.label or "submission.py", "exec", dont_inherit=True), module.__dict__)
        player.settle()
        connection.send_bytes(DONE)
        while True:
            order, content = pickle.loads(connection.recv_bytes())
            connection.send_bytes(DONE + (player.obey(order, content) or b""))
    except EOFError:
        return
    except Exception as error:
        connection.send_bytes(RAISED + f"{type(error).__name__}: {error}"[:LONGEST_TEXT].encode("utf-8", "replace"))


class Player:
    """The functions of a submission, and the programs that wait with their numbers on the device."""

    def __init__(self, names: dict[str, Any], device: str) -> None:
        self.names, self.device = names, device
        self.programs: list[Program] = []
        self.results: list[list[tuple[Any, ...]]] = []

    def obey(self, order: str, content: Any) -> bytes | None:
        """load: keep programs; run: all of them, to the device's end; values, shape: of what the first one returned."""
        if order == "load":
            self.programs, self.results = [self._placed(program) for program in content], []
        elif order == "run":
            self.results = [self._run(program) for program in self.programs]
        else:
            call, place = content
            found = self.results[0][call][place]
            return b"".join(map(_numbers, _flat(found))) if order == "values" else _shape(found)
        self.settle()
        return None

    def settle(self) -> None:
        """Wait for everything that the device was given."""
        if self.device != "cpu":
            torch.cuda.synchronize()

    def _placed(self, program: Program) -> Program:
        known: dict[int, Tensor] = {}
        calls = tuple(
            Call(
                call.function,
                tuple(self._on_device(value, known) for value in call.args),
                {name: self._on_device(value, known) for name, value in call.options.items()},
                call.returns,
                call.opaque,
            )
            for call in program.calls
        )
        return Program(calls)

    def _on_device(self, value: Any, known: dict[int, Tensor]) -> Any:
        if isinstance(value, list):
            return [self._on_device(item, known) for item in value]
        if isinstance(value, np.ndarray):
            if id(value) not in known:
                known[id(value)] = torch.tensor(value, device=self.device)
            return known[id(value)]
        return value

    def _run(self, program: Program) -> list[tuple[Any, ...]]:
        returned: list[tuple[Any, ...]] = []
        for call in program.calls:
            function = functools.reduce(getattr, call.function.split(".")[1:], self.names[call.function.split(".")[0]])
            args = [_argument(value, returned) for value in call.args]
            result = function(*args, **{name: _argument(value, returned) for name, value in call.options.items()})
            returned.append((result,) if call.returns == 1 else tuple(result))
        return returned


def _argument(value: Any, returned: Sequence[tuple[Any, ...]]) -> Any:
    if isinstance(value, Ref):
        return returned[value.call][value.value]
    if isinstance(value, Seed):
        return np.random.default_rng(value.value)
    if isinstance(value, list):
        return [_argument(item, returned) for item in value]
    return value


def _flat(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _flat(item)] if isinstance(value, list | tuple) else [value]


def _numbers(value: Any) -> bytes:
    """Every number in order, as float64."""
    on_host = value.detach().cpu().numpy() if isinstance(value, Tensor) else value
    return np.ascontiguousarray(on_host, dtype=np.float64).tobytes()


def _shape(value: Any) -> bytes:
    return np.array(np.shape(value), np.int64).tobytes()
