"""What a student starts from, kept beside the handouts: stub and notebooks, made from handout, reference and rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from graders import i18n
from graders.course.handout import handout_path
from graders.course.notebook import notebook
from graders.course.stub import stub_source
from graders.intake.submission import unit_files
from graders.specs.unit import Unit


def built(unit: Unit) -> dict[Path, str]:
    """The files that belong beside a unit's handout, with their texts; in Chinese as well where the handout is."""
    folder = handout_path(unit).parent
    module_name, notebook_name = unit_files(unit)
    spoken = i18n.language()
    try:
        i18n.use_language("en")
        texts = {folder / module_name: stub_source(unit), folder / notebook_name: notebook(unit)}
        if handout_path(unit, "zh") != handout_path(unit):
            i18n.use_language("zh")
            texts[folder / f"{Path(notebook_name).stem}.zh.ipynb"] = notebook(unit, "zh")
    finally:
        i18n.use_language(spoken)
    return texts


def stale(units: Iterable[Unit]) -> Iterator[Path]:
    """The files that are missing, or are not what would be written."""
    for unit in units:
        for path, text in built(unit).items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                yield path


def write(units: Iterable[Unit]) -> Iterator[Path]:
    """Write what is missing or stale; the files written."""
    for unit in units:
        for path, text in built(unit).items():
            if path in set(stale([unit])):
                path.write_text(text, encoding="utf-8", newline="\n")
                yield path
