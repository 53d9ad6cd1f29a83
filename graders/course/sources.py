"""The sources of a course's units: notebook, handout and lock, made from the suite, `course.toml` and `rules.md`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from graders import i18n
from graders.course import lock
from graders.course.graded_notebook import graded_notebook
from graders.course.handout import handout_text
from graders.course.settings import Course
from graders.intake.submission import unit_files
from graders.specs.unit import Unit


def sources(course: Course, unit: Unit, rules: str | None = None) -> dict[Path, str]:
    """The files of one unit with their texts; `unit` as the course wants it, `rules` where not those of its file."""
    rules = course.rules if rules is None else rules
    folder = course.folder / "source" / unit.name
    spoken = i18n.language()
    try:
        i18n.use_language(course.language)
        notebook = graded_notebook(unit, course.language, rules)
        handout = handout_text(unit, course.language, rules)
    finally:
        i18n.use_language(spoken)
    return {
        folder / unit_files(unit)[1]: locked(notebook, unit),
        folder / "handout.md": handout,
        folder / lock.NAME: lock.dumps(unit),
    }


def locked(notebook: str, unit: Unit) -> str:
    """The notebook with the lock in its metadata, for where the file beside it gets lost."""
    content = json.loads(notebook)
    content["metadata"] = {**content["metadata"], lock.KEY: lock.lock(unit)}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def stale(course: Course, units: Iterable[str]) -> Iterator[Path]:
    """The files that are missing, or are not what would be written."""
    for name in units:
        for path, text in sources(course, course.unit(name)).items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                yield path


def write(course: Course, units: Iterable[str]) -> Iterator[Path]:
    """Write what is missing or stale; the files written."""
    for name in units:
        texts = sources(course, course.unit(name))
        for path in list(stale(course, [name])):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path], encoding="utf-8", newline="\n")
            yield path
