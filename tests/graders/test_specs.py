"""Every row is complete: it names its convention and source, and the reference solves it."""

from __future__ import annotations

import inspect

import pytest

from graders.cases import PATTERNS
from graders.intake.reference import read_library
from graders.properties import points, properties
from graders.specs import find_unit, unit_names
from graders.specs.row import Row, Task
from graders.specs.unit import Unit, read_unit

UNITS = [find_unit(name) for name in unit_names()]
TASKS = [task for unit in UNITS for task in unit.tasks]
every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


WORTH = {
    "01-activations": 60,
    "02-losses": 60,
    "03-backprop": 90,
    "04-autodiff": 60,
    "05-optimisers": 90,
    "06-deep-networks": 80,
    "07-convolution": 80,
    "08-convnets": 60,
    "09-bptt": 90,
    "10-gated": 80,
    "11-sequences": 70,
    "12-attention": 90,
    "13-gan": 40,
    "14-framework": 50,
}
"""Points of the course's units, 1000 in all."""


@every_unit
def test_a_unit_is_worth_what_the_course_says(unit: Unit):
    assert sum(unit.points.values()) == WORTH[unit.name]


def test_no_two_tasks_share_a_name():
    assert len({task.name for task in TASKS}) == len(TASKS)


@every_task
def test_a_task_says_its_convention_and_its_source(task: Task):
    assert task.convention.endswith(".")
    assert any(character.isalpha() for character in task.source)


@every_task
def test_the_reference_defines_what_a_task_asks_for(task: Task):
    assert set(task.functions) <= set(read_library().definitions)


@pytest.mark.parametrize("row", [task for task in TASKS if isinstance(task, Row)], ids=lambda row: row.name)
def test_an_oracle_takes_the_rows_arguments_and_options(row: Row):
    signature = inspect.signature(row.oracle)
    signature.bind(*row.args, **{name: values[0] for name, values in row.options.items()})
    assert set(row.patterns) <= set(PATTERNS)
    assert {row.batch, *row.empty.split()} - {""} <= set(row.axes)
    assert all(1 < low < high or name in ("L", "G", "K", "A") for name, (low, high) in row.axes.items())


@every_unit
def test_what_is_given_was_solved_in_an_earlier_unit_and_is_not_asked_for(unit: Unit):
    earlier = {task.name for one in UNITS[: UNITS.index(unit)] for task in one.tasks}
    assert set(unit.given) <= earlier
    assert not set(unit.given) & {task.name for task in unit.tasks}


@every_unit
def test_the_points_of_a_units_properties_add_up(unit: Unit):
    rows = [task for task in unit.tasks if isinstance(task, Row)]
    worth = [sum(points(properties(row), unit.points[row.name]).values()) for row in rows]
    assert worth == pytest.approx([unit.points[row.name] for row in rows])


def test_points_for_other_tasks_than_the_rows_are_refused():
    with pytest.raises(ValueError, match="points and rows name different tasks"):
        read_unit("02-losses", UNITS[0].tasks)
