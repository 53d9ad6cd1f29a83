"""The exam: every case of every task of a unit under one secret, drawn once, with what the oracle says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from graders.cases import Case, draw_cases, edge_cases, generator, hostile_cases, varied
from graders.properties.base import Item, Property
from graders.sandbox.requests import Batched
from graders.secrets import Secret
from graders.specs.row import Row, ScriptRow, TrainingRow, Trial
from graders.specs.unit import Unit

DRAWN = 16
"""Cases Hypothesis draws a row, beside the fixed and designed ones."""
AGAINST_ORACLE = ("main", "edges", "float32", "stability")
"""Families that compare gradients with the oracle's; the others compare the submission with itself."""
FEW = 6
"""Cases of the families that ask about behaviour, not values."""
SCRIPTED = 4
"""Both numbers for scripts: each is twenty calls or so, which ask as much as twenty cases."""


def drawn_cases(row: Row) -> int:
    """How many cases Hypothesis draws for a row."""
    return SCRIPTED if isinstance(row, ScriptRow) else DRAWN


class Exam:
    """Cases and expected values of a unit, the same for every submission graded under the same secret.

    seconds: time spent drawing and on the oracle, by name.
    """

    def __init__(self, unit: Unit, secret: Secret) -> None:
        self.unit, self.secret = unit, secret
        self.seconds = {"drawing": 0.0, "oracle": 0.0}
        self._lists: dict[str, list[Case]] = {}
        self._items: dict[tuple[str, str], list[Item]] = {}
        self._asked: dict[tuple[str, str], Batched] = {}

    def items(self, row: Row, family: str) -> list[Item]:
        """The items of a family of properties of a row."""
        key = (row.name, family)
        if key not in self._items:
            with self._timed("drawing"):
                cases = self._cases(row, family)
            with self._timed("oracle"):
                items = [Item(row, case, self.family_seed(row, family)) for case in cases]
                self._items[key] = [item for item in items if item.usable(gradients=family in AGAINST_ORACLE)]
        return self._items[key]

    def asked(self, row: Row, one: Property) -> Batched:
        """What every submission is asked for a property, and all others of its family: a program an item."""
        key = (row.name, one.family)
        if key not in self._asked:
            self._asked[key] = Batched([one.program(item) for item in self.items(row, one.family)])
        return self._asked[key]

    def family_seed(self, row: Row, family: str) -> int:
        """From which a family's arrays follow."""
        return self.secret.seed(row.name, family)

    def case_seed(self, row: Row) -> int:
        """From which Hypothesis draws the row's case list."""
        return self.secret.seed(row.name, "cases")

    def trials(self, row: TrainingRow) -> Iterator[Trial]:
        """The training problems of a row."""
        for index in range(row.trials):
            yield row.trial(generator(self.secret.seed(row.name, "training"), index))

    def _drawn(self, row: Row) -> list[Case]:
        if row.name not in self._lists:
            self._lists[row.name] = draw_cases(row, self.case_seed(row), drawn_cases(row))
        return self._lists[row.name]

    def _cases(self, row: Row, family: str) -> list[Case]:
        if family == "edges":
            return edge_cases(row)
        if family == "stability":
            return hostile_cases(row)
        drawn = self._drawn(row)
        if family == "main":
            return drawn
        few = varied([case for case in drawn if case.example < 0], min(FEW, drawn_cases(row)))
        return [replace(case, dtype="float32") for case in few] if family == "float32" else few

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[what] += time.perf_counter() - start
