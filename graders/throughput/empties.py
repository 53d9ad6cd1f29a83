"""The stand-in for nothing at all: functions that return at once what is as large as the right answer."""

from __future__ import annotations

from graders.sandbox.program import Piece, Program, Reply, Value

HEAD = """\
import itertools

import numpy as np


def _returning(*values):
    turns = itertools.cycle(values)
    return lambda *args, **options: next(turns)
"""


def empty_source(program: Program, reply: Reply) -> tuple[Piece, ...]:
    """A module that answers a program as long as the one that this reply of the reference belongs to."""
    returned: dict[str, list[str]] = {}
    for call, ended in zip(program.calls, reply.calls, strict=True):
        values = [_expression(value) for value in ended.values]
        returned.setdefault(call.function, []).append(values[0] if call.returns == 1 else f"({', '.join(values)},)")
    lines = [HEAD]
    for name in sorted({function.partition(".")[0] for function in returned}):
        methods = [function for function in returned if function.startswith(f"{name}.")]
        if methods:
            lines.append(f"class {name}:\n    def __init__(self, *args, **options): pass")
        lines += [f"{method} = _returning({', '.join(returned[method])})" for method in methods]
        if name in returned and not methods:
            lines.append(f"{name} = _returning({', '.join(returned[name])})")
    return (Piece("", "\n".join(lines) + "\n"),)


def _expression(value: Value) -> str:
    if value.kind == "list":
        return "[" + ", ".join(map(_expression, value.items)) + "]"
    if value.array is None:
        return "None"
    if value.kind == "array":
        return f"np.ones({value.array.shape}, np.dtype({value.array.dtype.str!r}))"
    return repr(value.array.item())
