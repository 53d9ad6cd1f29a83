"""A class that never was: right work written in several ways, and the mistakes students make, drawn by a seed.

    python -m tests.classes.generate FOLDER --students 120 --unit 03-backprop

Whoever hands in again has mended some of what was wrong. Beside the submissions lies `received.csv`, for
`backcheck grade --received`. The same numbers give the same class, byte by byte.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Literal

from graders.course.stub import stub_source
from graders.intake.reference import closure
from graders.misconceptions import all_chaffs
from graders.misconceptions.variant import Variant
from graders.specs import find_unit
from graders.specs.unit import Unit
from graders.wheats import all_wheats
from tests.classes.names import names
from tests.classes.source import Source, cells, endless, without_colon

Kind = Literal["right", "wrong", "partial", "stub", "syntax", "loop"]
SHARES: tuple[tuple[Kind, float], ...] = (("stub", 0.04), ("syntax", 0.04), ("partial", 0.12), ("right", 0.12))
"""Of a class; one student's work never ends, and all the others have mistakes."""
NOTEBOOKS = 0.1
FIRST_DAY = datetime(2027, 3, 1, 9, tzinfo=timezone(timedelta(hours=8)))


@dataclass(frozen=True)
class Work:
    """What one student handed in at one time. file: its name. mistakes: labels of those that are in it."""

    student: str
    attempt: int
    kind: Kind
    mistakes: tuple[str, ...]
    file: str
    text: str
    received: datetime


@dataclass(frozen=True)
class Student:
    """Who writes. style: right ways to write some of the tasks. missing: tasks not attempted, the last ones."""

    name: str
    kind: Kind
    notebook: bool
    attempts: int
    style: tuple[Variant, ...]
    mistakes: tuple[Variant, ...]
    missing: int


def write_class(
    folder: Path, students: int, seed: int, unit: str = "03-backprop", *, attempts: bool = True
) -> list[Path]:
    """Write a class to a folder, and `received.csv` with it; the submissions, in the order in which they came.

    Without `attempts` everybody hands in once: as many submissions as students.
    """
    works = draw_class(students, seed, unit, attempts=attempts)
    folder.mkdir(parents=True, exist_ok=True)
    for work in works:
        (folder / work.file).write_text(work.text, encoding="utf-8", newline="\n")
    with (folder / "received.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["submission", "student", "received"])
        table.writerows([work.file, work.student, work.received.isoformat()] for work in works)
    return [folder / work.file for work in works]


def draw_class(students: int, seed: int, unit: str = "03-backprop", *, attempts: bool = True) -> list[Work]:
    """The works of a class in the order in which they came."""
    chance, chosen = random.Random(f"{seed} {unit}"), find_unit(unit)
    kinds = draw_kinds(students, chance)
    everybody = [
        draw_student(name, kind, chosen, chance, attempts)
        for name, kind in zip(names(students, chance), kinds, strict=True)
    ]
    works = [work for student in everybody for work in works_of(student, chosen, chance)]
    return sorted(works, key=lambda work: (work.received, work.file))


def draw_kinds(students: int, chance: random.Random) -> list[Kind]:
    """What kind of work everybody hands in: one endless loop, a few of each of the rest, mostly mistakes."""
    kinds: list[Kind] = ["loop"] if students > 9 else []
    for kind, share in SHARES:
        kinds += [kind] * round(share * students)
    kinds += ["wrong"] * (students - len(kinds))
    chance.shuffle(kinds)
    return kinds


def draw_student(name: str, kind: Kind, unit: Unit, chance: random.Random, again: bool) -> Student:
    """Draw how somebody writes, and what is wrong at first."""
    often = again and kind in ("wrong", "partial")
    attempts = chance.choices((1, 2, 3), (65, 25, 10))[0] if often else 1
    notebook = chance.random() < NOTEBOOKS and kind in ("right", "wrong", "partial")
    style = draw_style(unit, chance, chance.choice((0.0, 0.3, 0.7)))
    count = 0 if kind == "right" else chance.choices((1, 2, 3, 4, 5), (28, 27, 20, 15, 10))[0]
    missing = chance.randint(2, len(unit.tasks) - 2) if kind == "partial" else 0
    return Student(name, kind, notebook, attempts, style, draw_mistakes(unit, count, chance), missing)


def draw_style(unit: Unit, chance: random.Random, share: float) -> tuple[Variant, ...]:
    """A right variant for about this share of the tasks."""
    rows = [[wheat for wheat in all_wheats() if wheat.row == task.name] for task in unit.tasks]
    drawn = [chance.choice(wheats) for wheats in rows if wheats and chance.random() < share]
    return tuple(wheat for wheat in drawn if not is_used_elsewhere(unit, wheat.row))


@cache
def _used(unit: str) -> dict[str, frozenset[str]]:
    """What each task's functions of the reference are and call, by task."""
    return {task.name: frozenset(one.name for one in closure(task.functions)) for task in find_unit(unit).tasks}


def is_used_elsewhere(unit: Unit, row: str) -> bool:
    """Whether another task's reference calls functions of this one, whose caches it may look into."""
    own = {task.name: task.functions for task in unit.tasks}[row]
    return any(called & set(own) for task, called in _used(unit.name).items() if task != row)


def draw_mistakes(unit: Unit, count: int, chance: random.Random) -> tuple[Variant, ...]:
    """So many mistakes that can stand in one file: some are made by many, most by few."""
    known = [chaff for chaff in all_chaffs() if chaff.row in unit.points]
    random.Random(unit.name).shuffle(known)  # what is made often is so in every class
    drawn = chance.choices(known, [1 / (place + 4) for place in range(len(known))], k=4 * count)
    source, found = Source(unit.name), list[Variant]()
    for mistake in dict.fromkeys(drawn):
        if len(found) < count and (more := source.with_one(mistake)):
            source = more
            found.append(mistake)
    return tuple(found)


def works_of(student: Student, unit: Unit, chance: random.Random) -> list[Work]:
    """Every attempt of a student: fewer mistakes than in the one before, and more of the tasks."""
    day, works = FIRST_DAY + timedelta(minutes=chance.randrange(5 * 24 * 60)), []
    mistakes, missing = student.mistakes, student.missing
    for attempt in range(1, student.attempts + 1):
        source = Source(unit.name).with_all([*mistakes, *student.style]).without(missing)
        text = finished(source, student.kind, unit, chance)
        ending = "ipynb" if student.notebook else "py"
        file = f"{student.name}.{ending}" if attempt == 1 else f"{student.name} ({attempt}).{ending}"
        written = [task.name for task in unit.tasks][: len(unit.tasks) - missing]
        labels = tuple(mistake.label for mistake in mistakes if mistake.row in written)
        handed = notebook(text) if student.notebook else text
        works.append(Work(student.name, attempt, student.kind, labels, file, handed, day))
        day += timedelta(minutes=chance.randrange(30, 2 * 24 * 60))
        mistakes, missing = mistakes[(len(mistakes) + 1) // 2 :], missing // 2
    return works


def finished(source: Source, kind: Kind, unit: Unit, chance: random.Random) -> str:
    """The file as it is handed in: whole, the stub in its place, or with what keeps it from being graded."""
    if kind == "stub":
        return stub_source(unit)
    if kind == "loop":
        return endless(source.text, unit.tasks[len(unit.tasks) // 2].functions[0])
    return without_colon(source.text, chance) if kind == "syntax" else source.text


def notebook(text: str) -> str:
    """The file as a notebook, a cell a definition."""
    made = [
        {
            "cell_type": "code",
            "id": f"cell-{place}",
            "metadata": {},
            "outputs": [],
            "source": cell,
            "execution_count": None,
        }
        for place, cell in enumerate(cells(text))
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False, indent=1)


def main(arguments: Iterable[str] | None = None) -> None:
    """Write a class where the command line says."""
    parser = argparse.ArgumentParser(description="Write the submissions of a class that never was.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--students", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--unit", default="03-backprop")
    parser.add_argument("--once", action="store_true", help="everybody hands in once")
    asked = parser.parse_args(list(arguments) if arguments is not None else None)
    paths = write_class(asked.folder, asked.students, asked.seed, asked.unit, attempts=not asked.once)
    print(f"{len(paths)} submissions of {asked.students} students")


if __name__ == "__main__":
    main()
