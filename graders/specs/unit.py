"""A unit: its rows, and what its `unit.toml` says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from graders.assigned import assignments_folder
from graders.policy import Policy, Reveal, Table, changed, read_toml
from graders.specs.row import Task

WRITTEN = {"derivation": 5.0, "interpretation": 5.0}
"""Points of the handout's questions, unless `[written]` in unit.toml says otherwise."""

__all__ = ["Reveal", "Unit", "assignments_folder", "read_unit"]


@dataclass(frozen=True)
class Unit:
    """One assignment.

    name: the folder's, "03-backprop". file: what a student hands in. points: by task, in the handout's order, 0 for an
    optional one. given: rows of earlier units that come solved in the stub. reveal: how much of a failing case may be
    shown. policy: all that a course may decide; points, reveal and written follow from it. written: points of the
    handout's questions, which a person reads, in its order; 0 for one that is not graded.
    """

    name: str
    title: str
    title_zh: str
    file: str
    points: Mapping[str, float]
    given: tuple[str, ...]
    reveal: Reveal
    tasks: tuple[Task, ...]
    policy: Policy = field(default_factory=Policy)
    written: Mapping[str, float] = field(default_factory=dict)

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function the submission is asked for."""
        return tuple(function for task in self.tasks for function in task.functions)

    @property
    def total(self) -> float:
        """All points to be had, without bonus."""
        return sum(points for task, points in self.points.items() if task not in self.policy.bonus)

    def under(self, policy: Policy) -> Unit:
        """The unit as a course wants it."""
        return replace(self, points=policy.worth, reveal=policy.reveal, policy=policy, written=dict(policy.written))


def read_unit(name: str, tasks: tuple[Task, ...]) -> Unit:
    """The unit's `unit.toml` joined with its rows; SettingsError where it says what it should not."""
    table = read_toml(assignments_folder() / name / "unit.toml")
    title, title_zh, file = table.text("title"), table.text("title_zh"), table.text("file")
    given = table.names("given")
    questions = table.table("written") if "written" in table else Table("", WRITTEN)
    written = tuple((name, questions.number(name, 0.0)) for name in list(questions.content))
    policy = changed(Policy(written=written), table)
    by_name = {task.name: task for task in tasks}
    if odd := set(dict(policy.points)) ^ set(by_name):
        table.fail("points", f"points and rows name different tasks: {', '.join(sorted(odd))}")
    table.end()
    in_order = tuple(by_name[task] for task, _points in policy.points)
    return Unit(name, title, title_zh, file, policy.worth, given, policy.reveal, in_order, policy, dict(policy.written))
