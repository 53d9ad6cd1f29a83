"""Put what a student starts from into a folder."""

from __future__ import annotations

from pathlib import Path

from graders.course.handout import handout_text
from graders.course.notebook import notebook
from graders.course.stub import stub_source
from graders.i18n import _
from graders.intake.submission import unit_files
from graders.specs.unit import Unit


class StartError(Exception):
    """Why the files were not written; its text is for the student."""


def start(unit: Unit, folder: Path, language: str = "en", force: bool = False) -> list[Path]:
    """Write the unit's stub, notebook and handout into `folder`, made where it is missing.

    Args:
        language: "en", or "zh" for what there is in Chinese.
        force: overwrite files that are there; otherwise one is enough to write nothing.
    Returns:
        the files written.
    Raises:
        StartError: a file is there already, or the folder cannot be written to.
    """
    module_name, notebook_name = unit_files(unit)
    texts = {
        folder / module_name: stub_source(unit, language),
        folder / notebook_name: notebook(unit, language),
        folder / "handout.md": handout_text(unit, language),
    }
    try:
        if not force:
            _require_absent(list(texts))
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        message = _("cannot write to {folder}: {reason}")
        raise StartError(message.format(folder=folder, reason=error.strerror)) from None
    return list(texts)


def _require_absent(paths: list[Path]) -> None:
    if present := [str(path) for path in paths if path.exists()]:
        message = _("nothing was written: {paths} would be overwritten (--force overwrites)")
        raise StartError(message.format(paths=", ".join(present)))
