"""A unit: its rows, and what its `unit.toml` says of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from graders.specs.row import Task

Reveal = Literal["case", "shape", "nothing"]
WRITTEN = {"derivation": 5.0, "interpretation": 5.0}
"""Points of the handout's questions, unless `[written]` in unit.toml says otherwise."""


@dataclass(frozen=True)
class Unit:
    """One assignment.

    name: the folder's, "03-backprop". file: what a student hands in. points: by task, in the handout's order.
    given: rows of earlier units that come solved in the stub. reveal: how much of a failing case may be shown.
    written: points of the handout's questions, which a person reads, in its order; 0 for one that is not graded.
    """

    name: str
    title: str
    title_zh: str
    file: str
    points: Mapping[str, float]
    given: tuple[str, ...]
    reveal: Reveal
    tasks: tuple[Task, ...]
    written: Mapping[str, float] = field(default_factory=dict)

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function the submission is asked for."""
        return tuple(function for task in self.tasks for function in task.functions)


def assignments_folder() -> Path:
    """Where the handouts are: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "assignments"
    return installed if installed.is_dir() else package.parent / "assignments"


def read_unit(name: str, tasks: tuple[Task, ...]) -> Unit:
    """The unit's `unit.toml` joined with its rows; ValueError when the two name different tasks."""
    path = assignments_folder() / name / "unit.toml"
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    points: dict[str, float] = settings["points"]
    by_name = {task.name: task for task in tasks}
    if set(points) != set(by_name):
        odd = ", ".join(sorted(set(points) ^ set(by_name)))
        raise ValueError(f"{path}: points and rows name different tasks: {odd}")
    return Unit(
        name=name,
        title=settings["title"],
        title_zh=settings["title_zh"],
        file=settings["file"],
        points=points,
        given=tuple(settings.get("given", ())),
        reveal=cast(Reveal, settings.get("reveal", "case")),
        tasks=tuple(by_name[task] for task in points),
        written=settings.get("written", WRITTEN),
    )
