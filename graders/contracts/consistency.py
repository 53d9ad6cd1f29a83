"""Is a wrong backward the true gradient of its forward as written? By differences of the student's own forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.answers import Answers
from graders.cases import count_elements
from graders.properties.base import Item
from graders.properties.conform import numbers
from graders.properties.run import run_once
from graders.sandbox.program import MAX_CALLS, Program, Reply

STEP = 1e-5
CLOSE = 1e-5
MOST = 150
"""Elements of the largest case that is differentiated."""


def is_own_gradient(item: Item, answers: Answers) -> bool:
    """Whether everything the backward returns is what differences of the forward give on this case."""
    if count_elements(item.args) > MOST or item.row.kind != "pair":
        return False
    reply = answers.ask([run_once(item)])[0]
    if reply.status != "completed" or any(call.outcome != "returned" for call in reply.calls):
        return False
    given = [numbers(value, False) for value in reply.calls[1].values]
    for arg, got in zip(item.row.differentiable, given, strict=True):
        wanted = differences(item, arg.name, answers)
        if got is None or wanted is None or len(got) != 1 or got[0].size != wanted.size:
            return False
        error = np.abs(got[0].reshape(wanted.shape) - wanted).max(initial=0.0)
        if not error <= CLOSE * max(float(np.abs(wanted).max(initial=0.0)), 1.0):
            return False
    return True


def differences(item: Item, name: str, answers: Answers) -> NDArray[Any] | None:
    """The gradient with respect to one argument, element by element; None where a forward does not run."""
    value = item.args[name]
    if not isinstance(value, np.ndarray):
        return None
    moved = []
    for index in np.ndindex(value.shape):
        for step in (STEP, -STEP):
            other = value.copy()
            other[index] += step
            moved.append(item.forward({**item.copied_args(), name: other}))
    programs = [Program(tuple(moved[start : start + MAX_CALLS])) for start in range(0, len(moved), MAX_CALLS)]
    sums = [one for reply in answers.ask(programs) for one in objective(item, reply)]
    if len(sums) != len(moved):
        return None
    pairs = np.array(sums).reshape(-1, 2)
    return np.asarray(((pairs[:, 0] - pairs[:, 1]) / (2 * STEP)).reshape(value.shape))


def objective(item: Item, reply: Reply) -> list[float]:
    """The sum of outputs times upstream gradients, of every call that returned."""
    found: list[float] = []
    for call in reply.calls:
        if call.outcome != "returned":
            return []
        by_name: Mapping[str, Any] = dict(zip(item.row.outputs, call.values, strict=False))
        total = 0.0
        for name, dout in zip(item.row.differentiated, item.douts, strict=True):
            arrays = numbers(by_name[name], False)
            if arrays is None or arrays[0].size != dout.size:
                return []
            total += float((arrays[0].reshape(dout.shape) * dout).sum())
        found.append(total)
    return found
