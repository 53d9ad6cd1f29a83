"""The smallest case that still fails: Hypothesis shrinks axes, options and pattern, then its numbers are simplified."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graders.cases import Case, explore
from graders.oracle import leaves
from graders.properties.base import Item
from graders.specs.row import Row

Array = NDArray[Any]

CALLS = 60
SECONDS = 2.0
"""A report takes its time, but not for ever. `BACKCHECK_SHRINK_SECONDS` in the environment says otherwise: tests ask
for the same case every time, and wait for it on a machine that stands still now and then."""


def _deadline() -> float:
    return time.monotonic() + float(os.environ.get("BACKCHECK_SHRINK_SECONDS", SECONDS))


class _Fails(Exception):
    """Carries the failing case out of Hypothesis's walk."""

    def __init__(self, case: Case) -> None:
        self.case = case


def smallest(row: Row, seed: int, count: int, known: dict[Case, bool], fails: Callable[[Case], bool]) -> Case | None:
    """The smallest failing case Hypothesis finds, None when none of those it draws fails.

    known: verdicts already there (True where the case fails), so that regenerating the list costs nothing.
    fails: judges a new case; asked at most CALLS times within SECONDS, after which new cases count as passing.
    """
    verdicts, asked, deadline = dict(known), 0, _deadline()
    found: list[Case] = []

    def visit(case: Case) -> None:
        nonlocal asked
        if case not in verdicts:
            within_budget = asked < CALLS and time.monotonic() < deadline
            asked += within_budget
            verdicts[case] = within_budget and fails(case)
        if verdicts[case]:
            found.append(case)
            raise _Fails(case)

    try:
        explore(row, seed, count, visit, shrink=True)
    except _Fails as end:
        return end.case
    except Exception as odd:  # Hypothesis wraps failures it finds flaky; the last failing case still stands
        if not found:
            raise odd
        return found[-1]
    return None


# --- numbers ---

READABLE = 48
"""Numbers in a case worth setting to zero one by one; where more are left, nobody reads them."""
ARRAYS, ELEMENTS = 12, 24
"""How many are tried at most."""

Fails = Callable[[Item], bool]
"""Whether an item fails in the same way as the one to be simplified."""
Place = tuple[Any, ...]
"""Index of a free array, and of an element of it, or `...` for all."""


def simplified(item: Item, fails: Fails) -> Item:
    """The item with as many numbers rounded and set to zero as the failure allows, within SECONDS."""
    deadline = _deadline()
    rounded = (_rounded(item, ROUNDINGS[index:]) for index in range(len(ROUNDINGS)))
    item = next((other for other in rounded if fails(other)), item)
    item = _without(
        item, [(index, ...) for index, array in enumerate(_free(item)) if array.any()][:ARRAYS], fails, deadline
    )
    elements = [
        (index, *position)
        for index, array in enumerate(_free(item))
        if array.size > 1
        for position in np.argwhere(array).tolist()
    ]
    return _without(item, elements[:ELEMENTS] if len(elements) <= READABLE else [], fails, deadline)


Rounding = Callable[[Array], Array]
ROUNDINGS: Sequence[Rounding] = (
    lambda values: np.sign(np.round(values)),
    lambda values: np.round(values),
    lambda values: np.round(values, 1),
    lambda values: np.round(values, 2),
)
"""What is tried on all numbers at once, the simplest first."""


def _without(item: Item, places: Sequence[Place], fails: Fails, deadline: float) -> Item:
    """Zeros in each of the places in turn, where the failure allows it."""
    for place in places:
        other = _zeroed(item, *place)
        if time.monotonic() < deadline and fails(other):
            item = other
    return item


def _anywhere(row: Row) -> bool:
    """Whether zeros and ties mean nothing special to the row, as where it draws them itself."""
    return not row.patterns or bool({"integers", "sparse"} & set(row.patterns))


def _drawn(item: Item) -> list[str]:
    """The arguments drawn as any numbers; none of a fixed case."""
    return [arg.name for arg in item.row.args if arg.draw == "real"] if item.case.example < 0 else []


def _arguments(item: Item) -> list[Array]:
    """The arrays among the arguments whose numbers may be any."""
    return [leaf for name in _drawn(item) for leaf in leaves(item.args[name])]


def _free(item: Item) -> list[Array]:
    """The arrays that may hold zeros."""
    return [*(_arguments(item) if _anywhere(item.row) else ()), *item.douts]


def _rounded(item: Item, roundings: Sequence[Rounding]) -> Item:
    """The numbers rounded in the first way; arguments that must be kept apart in the first way that does."""
    arguments = _arguments(item)
    if _anywhere(item.row):
        arguments = [roundings[0](array) for array in arguments]
    else:
        arguments = [_kept_apart(array, roundings) for array in arguments]
    arrays = [*arguments, *map(roundings[0], item.douts)]
    return _with(item, [np.asarray(array + 0) for array in arrays])  # + 0: no negative zeros


def _kept_apart(values: Array, roundings: Sequence[Rounding]) -> Array:
    """The values rounded so that no two of them become equal and none zero: there may be a kink."""
    rounded = (rounding(values) for rounding in roundings)
    return next((one for one in rounded if np.all(one) and np.unique(one).size == np.unique(values).size), values)


def _zeroed(item: Item, index: int, *position: Any) -> Item:
    arrays = _free(item)
    arrays[index] = arrays[index].copy()
    arrays[index][position] = 0
    return _with(item, [*(() if _anywhere(item.row) else _arguments(item)), *arrays])


def _with(item: Item, arrays: Sequence[Array]) -> Item:
    """The item with other numbers in those of its arrays that may hold any, upstream gradients last."""
    left = iter(arrays)
    args = item.copied_args()
    for name in _drawn(item):
        value = args[name]
        args[name] = [next(left) for _leaf in value] if isinstance(value, list) else next(left)
    return Item(item.row, item.case, item.seed, args, list(left))
