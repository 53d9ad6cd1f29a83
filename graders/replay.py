"""A failing case as Python anybody can run: written when it is found, printed by `backcheck replay`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.cases import Case
from graders.i18n import _
from graders.properties.base import Finding, Item
from graders.sandbox.program import Buffer, Call, Program, Ref, Seed
from graders.specs.row import Row
from graders.verdict import Report

Array = NDArray[Any]
FOLDER = Path(".backcheck") / "cases"


def name(row: Row, property_name: str, case: Case) -> str:
    """The name a case is stored under: six hex digits, the same wherever the same case fails."""
    return hashlib.sha256(repr((row.name, property_name, case)).encode()).hexdigest()[:6]


def snippet(item: Item, program: Program, finding: Finding) -> str:
    """The program as Python statements that define the inputs, make the calls and print what came back."""
    return "\n".join(_Writer(item, program).lines(finding)) + "\n"


class _Writer:
    """Names every array and result once, in the words of the task's signature."""

    def __init__(self, item: Item, program: Program) -> None:
        self.item, self.program = item, program
        self.names: dict[int, str] = {}
        self.used: dict[str, int] = {}
        self.results: list[list[str]] = []
        self.pending: list[str] = []

    def lines(self, finding: Finding) -> Iterator[str]:
        for call in self.program.calls:
            arguments = [self._argument(v, base) for v, base in zip(call.args, self._parameters(call), strict=True)]
            yield from self.pending
            self.pending.clear()
            options = [f"{key}={self._argument(value, key)}" for key, value in call.options.items()]
            yield from self.pending
            self.pending.clear()
            arguments += options
            results = [self._fresh(base) for base in self._results(call)]
            self.results.append(results)
            yield f"{', '.join(results)} = {call.function}({', '.join(arguments)})"
            shown = [result for index, result in enumerate(results) if index not in call.opaque]
            yield from (f'print("{result} =", {result})' for result in shown)
        if finding.wanted is not None and finding.wanted.size <= 64:
            yield f'print("wanted {finding.tensor} =", {literal(finding.wanted)})'

    def _is_backward(self, call: Call) -> bool:
        return call.function == self.item.row.functions[-1] and self.item.row.kind == "pair"

    def _parameters(self, call: Call) -> list[str]:
        if self.item.row.kind == "script":
            return [self._base(value) for value in call.args]
        if self._is_backward(call):
            return [*("d" + output for output in self.item.row.differentiated), "cache"]
        return [arg.name for arg in self.item.row.args]

    def _base(self, value: Any) -> str:
        """What an argument of a script is called: the row's name for it where it has one."""
        for name, array in self.item.args.items():
            if value is array:
                return name
        return "values"

    def _results(self, call: Call) -> list[str]:
        if self.item.row.kind == "script":
            name = call.function.lower().replace(".", "_")
            functions = {made.function.partition(".")[0] for made in self.program.calls}
            return [f"{name}_result" if name in functions else name] * call.returns
        if self._is_backward(call):
            return list(self.item.row.gradients)
        return [*self.item.row.outputs, "cache"][: call.returns]

    def _fresh(self, base: str) -> str:
        self.used[base] = self.used.get(base, 0) + 1
        return base if self.used[base] == 1 else f"{base}_{self.used[base]}"

    def _argument(self, value: Any, base: str) -> str:
        if isinstance(value, Ref):
            return self.results[value.call][value.value]
        if isinstance(value, Seed):
            return f"np.random.default_rng({value.value})"
        if isinstance(value, Buffer):
            return self._buffer(value)
        if isinstance(value, tuple):
            return "(" + "".join(self._argument(item, base) + ", " for item in value).rstrip(" ") + ")"
        if isinstance(value, list) and any(isinstance(item, Ref) for item in value):
            return "[" + ", ".join(self._argument(item, base) for item in value) + "]"
        if not isinstance(value, np.ndarray | list):
            return repr(value)
        key = id(value[0]) if isinstance(value, list) and value else id(value)
        if key not in self.names:
            self.names[key] = self._fresh(base)
            self.pending.append(f"{self.names[key]} = {self._value(value)}")
        return self.names[key]

    def _buffer(self, buffer: Buffer) -> str:
        """A file in memory, made where it is first named and rewound wherever it is named again."""
        name = f"file_{buffer.number}"
        made = name in self.used
        self.pending.append(f"{name}.seek(0)" if made else f"{name} = io.BytesIO()")
        self.used[name] = 1
        return name

    def _value(self, value: Array | list[Array]) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(self._value(array) for array in value) + "]"
        return LAYOUTS[self.program.layouts.get(id(value), "C")].format(literal(value))


LAYOUTS: Mapping[str, str] = {
    "C": "{}",
    "F": "np.asfortranarray({})",
    "strided": "every_other({})",
    "reversed": "backwards({})",
}
"""How a snippet makes an array of each memory layout."""


def literal(array: Array) -> str:
    """The array as an expression that gives back every bit of it."""
    if array.size == 0:
        return f"np.zeros({array.shape}, dtype=np.{array.dtype.name})"
    return f"np.array({_nested(array.tolist())}, dtype=np.{array.dtype.name})"


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return f"float('{value}')" if isinstance(value, float) and not np.isfinite(value) else repr(value)


PRELUDE = '''\
import io

import numpy as np


def every_other(array):
    """The same numbers, as every other element of a larger array along each axis."""
    larger = np.zeros([2 * size for size in array.shape], array.dtype)
    view = larger[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def backwards(array):
    """The same numbers, stored back to front: every stride is negative."""
    return np.flip(np.ascontiguousarray(np.flip(array)))


'''


def store(report: Report, folder: Path = FOLDER) -> int:
    """Write a runnable file for every failing case of the report; returns how many."""
    cases = [(result, result.case) for result in report.results if result.case and result.case.snippet]
    for result, case in cases:
        folder.mkdir(parents=True, exist_ok=True)
        header = f"# {report.unit} {result.task}: {result.property}   [{case}]\n# {result.question}\n"
        text = header + PRELUDE + _loading(report.path) + "\n" + case.snippet
        (folder / f"{case.replay}.py").write_text(text, encoding="utf-8")
    return len(cases)


def _loading(path: str) -> str:
    """How a snippet gets at the submission's functions."""
    if path.lower().endswith(".py") and Path(path).is_file():
        return f"from runpy import run_path\n\nglobals().update(run_path({str(Path(path).resolve())!a}))\n"
    return "# " + _("run this below your functions: at the end of your file, or in a cell of the notebook") + "\n"


def find(case: str, folder: Path = FOLDER) -> str | None:
    """The stored snippet of that name (or of the only name that begins so), None when there is none."""
    matches = sorted(folder.glob(f"{case}*.py")) if case.isalnum() else []
    return matches[0].read_text(encoding="utf-8") if len(matches) == 1 else None
