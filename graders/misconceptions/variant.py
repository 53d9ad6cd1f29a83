"""What the graders are proven on: right and wrong variants of the reference's own text."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from graders.i18n import known as known
from graders.intake.reference import Definition, closure, module_text
from graders.intake.submission import Submission
from graders.sandbox.program import Piece
from graders.specs import find_unit, unit_names
from graders.specs.row import Row, ScriptRow
from graders.specs.unit import Unit

Edits = tuple[tuple[str, str], ...]
"""Old text, which stands in the source exactly once, and what it becomes."""


@dataclass(frozen=True)
class Variant:
    """One row's functions, written another way.

    row: the task's name. name: of the variant, unique in its row.
    edits: of the reference's text for the row. source: functions that replace those of the same name.
    """

    row: str
    name: str
    edits: Edits = ()
    source: str = ""

    @property
    def label(self) -> str:
        """Row and name: "affine__db_mean"."""
        return f"{self.row}__{self.name}"

    @property
    def text(self) -> str:
        """The variant as a student would hand it in.

        Raises:
            ValueError: an edit's old text does not stand in the source exactly once.
        """
        text = reference_text(self.row)
        for old, new in self.edits:
            if text.count(old) != 1:
                raise ValueError(f"{self.label}: {old!r} stands {text.count(old)} times in the reference")
            text = text.replace(old, new)
        return f"{text}\n\n{self.source}" if self.source else text

    @property
    def submission(self) -> Submission:
        """The variant as a submission, graded like any other."""
        return Submission(self.label, f"{self.label}.py", (Piece("", self.text),), self.label)


@dataclass(frozen=True)
class Chaff(Variant):
    """A wrong variant.

    message: the mistake, as the report tells it to who made it. killer: the property that is there to catch it.
    also: those that fail because of it.
    """

    message: str = ""
    killer: str = ""
    also: tuple[str, ...] = ()

    @property
    def fails(self) -> frozenset[str]:
        """All the properties that it must fail, and no other."""
        return frozenset((self.killer, *self.also))


@functools.cache
def rows() -> dict[str, tuple[Unit, Row]]:
    """Every row that is judged case by case, with its unit, by name."""
    units = [find_unit(name) for name in unit_names()]
    return {task.name: (unit, task) for unit in units for task in unit.tasks if isinstance(task, Row)}


@functools.cache
def row_definitions(row: str) -> tuple[Definition, ...]:
    """The reference's functions of a row, and what they use."""
    task = rows()[row][1]
    more = task.uses if isinstance(task, ScriptRow) else ()
    return tuple(closure((*task.functions, *more)))


@functools.cache
def reference_text(row: str) -> str:
    """The reference's functions of a row, with what they use, as one module."""
    return module_text(list(row_definitions(row)))


def chaff(
    row: str, name: str, message: str, killer: str, *edits: tuple[str, str], also: str = "", source: str = ""
) -> Chaff:
    """A Chaff, in the order in which one writes it down; `also` separates properties by commas."""
    return Chaff(row, name, edits, source, message, killer, tuple(filter(None, map(str.strip, also.split(",")))))
