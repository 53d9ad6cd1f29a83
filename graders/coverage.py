"""The coverage table, docs/coverage.md: what the course teaches, and where it is: python -m graders.coverage."""

from __future__ import annotations

import inspect
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType

from graders.intake.reference import read_library, reference_folder
from graders.specs import find_unit, unit_names
from graders.specs.row import Row, Task
from graders.specs.unit import Unit

DOCS = Path(__file__).resolve().parents[1] / "docs"
Curriculum = Mapping[str, Mapping[str, list[str]]]
"""Names of tasks, "example NAME" and "experiment NAME", by section and item."""


def curriculum() -> Curriculum:
    """What the course teaches, as docs/curriculum.toml has it."""
    return tomllib.loads((DOCS / "curriculum.toml").read_text(encoding="utf-8"))


def tasks() -> dict[str, tuple[Unit, Task]]:
    """Every task with its unit, by name."""
    units = [find_unit(name) for name in unit_names()]
    return {task.name: (unit, task) for unit in units for task in unit.tasks}


def gaps(taught: Curriculum, runnable: frozenset[str]) -> list[str]:
    """What is on one side only.

    taught: the curriculum. runnable: examples and experiments that can be run, as "example iris".
    """
    known, named = tasks(), [name for items in taught.values() for names in items.values() for name in names]
    empty = [f"nothing holds {item}" for items in taught.values() for item, names in items.items() if not names]
    unknown = [f"no such task: {name}" for name in named if " " not in name and name not in known]
    missing = [f"cannot be run: {name}" for name in named if " " in name and name not in runnable]
    untaught = [f"in no item of the curriculum: {name}" for name in [*known, *sorted(runnable)] if name not in named]
    defined = read_library().definitions
    unsolved = [
        f"{name} has no reference: {function}"
        for name, (_unit, task) in known.items()
        for function in task.functions
        if function not in defined
    ]
    return empty + unknown + missing + untaught + unsolved


def table(taught: Curriculum) -> Iterator[str]:
    """The page, line by line."""
    yield "# Coverage"
    yield ""
    yield "Made by `make coverage` out of `docs/curriculum.toml` and the rows in `graders/specs/`; do not edit."
    for section, items in taught.items():
        yield from ("", f"## {section}", "", "| item | reference | row | oracle | unit |", "|---|---|---|---|---|")
        for item, names in items.items():
            for index, name in enumerate(names):
                yield f"| {'' if index else item} | {' | '.join(cells(name))} |"


def cells(name: str) -> tuple[str, str, str, str]:
    """Reference, row, oracle and unit of a task; of an example, the command that runs it."""
    kind, _, rest = name.partition(" ")
    if rest:
        return f"`python -m reference.examples {rest}`", kind, "", ""
    unit, task = tasks()[name]
    files = sorted({where(function) for function in task.functions})
    functions = ", ".join(f"`{function}`" for function in task.functions)
    points = f"{unit.name} ({unit.points[name]:g})"
    return f"{functions} in {', '.join(files)}", f"`{name}` ({task.kind})", oracle(task), points


def where(function: str) -> str:
    """The file of the reference that defines a function."""
    text = read_library().definitions[function].text
    found = [path for path in reference_folder().glob("*.py") if text in path.read_text(encoding="utf-8")]
    return f"`reference/{found[0].name}`"


def oracle(task: Task) -> str:
    """What says what is right: the oracle's function, or how training is judged."""
    judge = task.oracle if isinstance(task, Row) else task.trial
    source = Path(inspect.getsourcefile(judge) or "").name
    name = judge.__name__ if isinstance(judge, FunctionType) and judge.__name__ != "<lambda>" else "in the row"
    return f"`graders/specs/{source}`: {name}"


def main() -> None:
    """Write the table."""
    (DOCS / "coverage.md").write_text("\n".join(table(curriculum())) + "\n", encoding="utf-8")
    sys.stdout.write("docs/coverage.md written\n")


if __name__ == "__main__":
    main()
