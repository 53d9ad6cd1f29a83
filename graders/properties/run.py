"""The program most properties share: run the task once, forward and then backward."""

from __future__ import annotations

from graders.properties.base import Item, once
from graders.sandbox.program import Program


@once
def run_once(item: Item) -> Program:
    """Forward, and for a pair its backward on a random upstream gradient."""
    if item.row.kind == "function":
        return item.program(item.forward())
    return item.program(item.forward(), item.backward(item.douts, 0))
