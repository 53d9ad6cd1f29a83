"""The reference's functions, called here as a worker would call a submission's."""

from __future__ import annotations

import functools
import importlib
import io
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import reference
from graders.sandbox.program import Buffer, Call, Ref, Seed
from graders.specs import TASKS
from graders.specs.row import Row, TrainingRow

ROWS: tuple[Row, ...] = tuple(task for tasks in TASKS.values() for task in tasks if isinstance(task, Row))
TRAINED: tuple[TrainingRow, ...] = tuple(
    task for tasks in TASKS.values() for task in tasks if isinstance(task, TrainingRow)
)


@functools.cache
def functions() -> dict[str, Any]:
    """Every public name of every module of the reference."""
    names = [module.name for module in pkgutil.iter_modules(reference.__path__) if not module.ispkg]
    modules = [importlib.import_module(f"reference.{name}") for name in names]
    return {name: value for module in modules for name, value in vars(module).items() if not name.startswith("_")}


def function(name: str) -> Callable[..., Any]:
    """The reference's function of that name, "Sequential.fit" for a method."""
    first, *rest = name.split(".")
    return functools.reduce(getattr, rest, functions()[first])


def run(calls: Sequence[Call], convert: Callable[[Any], Any] = lambda array: array) -> list[tuple[Any, ...]]:
    """The values of every call, as a tuple each; `convert` is applied to every array argument."""
    converted: dict[int, Any] = {}
    values: list[tuple[Any, ...]] = []
    buffers: dict[int, io.BytesIO] = {}

    def argument(value: Any) -> Any:
        if isinstance(value, Ref):
            return values[value.call][value.value]
        if isinstance(value, Seed):
            return np.random.default_rng(value.value)
        if isinstance(value, Buffer):
            buffer = buffers.setdefault(value.number, io.BytesIO())
            buffer.seek(0)
            return buffer
        if isinstance(value, list | tuple):
            return type(value)(argument(item) for item in value)
        if isinstance(value, np.ndarray):
            return converted.setdefault(id(value), convert(value))
        return value

    for call in calls:
        options = {name: argument(value) for name, value in call.options.items()}
        returned = function(call.function)(*map(argument, call.args), **options)
        values.append((returned,) if call.returns == 1 else tuple(returned))
        assert len(values[-1]) == call.returns, f"{call.function} returns {len(values[-1])} values"
    return values


def flat(values: Any) -> list[Any]:
    """Arrays in tuples and lists, one after another."""
    if isinstance(values, tuple | list):
        return [leaf for value in values for leaf in flat(value)]
    return [values]
