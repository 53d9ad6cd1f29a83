"""`backcheck` with two tasks a unit, for runs over a class that are about everything but the tasks.

python -m tests.faults.quick grade FOLDER --unit 01-activations ...
"""

from __future__ import annotations

from dataclasses import replace

from graders.cli import main
from graders.commands import grading
from graders.commands.shared import make_setting

TASKS = 2


def quick_setting(*arguments, **options):
    """The first tasks only."""
    setting = make_setting(*arguments, **options)
    return replace(setting, tasks=frozenset(task.name for task in setting.assignment.tasks[:TASKS]))


grading.make_setting = quick_setting

if __name__ == "__main__":
    main()
