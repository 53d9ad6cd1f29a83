"""Put what a student starts from into a folder."""

from __future__ import annotations

from pathlib import Path

from graders.course import lock
from graders.course.handout import handout_text
from graders.i18n import _
from graders.intake.reference import available
from graders.intake.submission import unit_files
from graders.specs.unit import Unit, assignments_folder


class StartError(Exception):
    """Why the files were not written; its text is for the student."""


def start(unit: Unit, folder: Path, language: str = "en", force: bool = False) -> list[Path]:
    """Write the unit's stub, notebook, lock and handout into `folder`, made where it is missing.

    Args:
        language: "en", or "zh" for what there is in Chinese.
        force: overwrite files that are there; otherwise one is enough to write nothing.
    Returns:
        the files written.
    Raises:
        StartError: a file is there already, or the folder cannot be written to.
    """
    module_name, notebook_name = unit_files(unit)
    stub, book = _made(unit, language) if available() else _prepared(unit, language)
    texts = {
        folder / module_name: stub,
        folder / notebook_name: book,
        folder / lock.NAME: _lock(unit),
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


def _made(unit: Unit, language: str) -> tuple[str, str]:
    """Stub and notebook, made of the reference."""
    from graders.course.notebook import notebook
    from graders.course.stub import stub_source

    return stub_source(unit, language), notebook(unit, language)


def _lock(unit: Unit) -> str:
    """The lock of the course that this install came from, or of what is here."""
    course = assignments_folder() / unit.name / lock.NAME
    return course.read_text(encoding="utf-8") if course.is_file() else lock.dumps(unit)


def prepared_names(unit: Unit, language: str) -> tuple[str, str]:
    """What stub and notebook are called where the students' install keeps them."""
    stem = Path(unit.file).stem + (".zh" if language == "zh" else "")
    return f"{stem}.py", f"{stem}.ipynb"


def _prepared(unit: Unit, language: str) -> tuple[str, str]:
    """Stub and notebook as the students' install brings them along."""
    stub, book = (assignments_folder() / unit.name / name for name in prepared_names(unit, language))
    if not (stub.is_file() and book.is_file()):
        text = _("this install has nothing to start {unit} from: your course hands it out when its time has come")
        raise StartError(text.format(unit=unit.name))
    return stub.read_text(encoding="utf-8"), book.read_text(encoding="utf-8")


def _require_absent(paths: list[Path]) -> None:
    if present := [str(path) for path in paths if path.exists()]:
        message = _("nothing was written: {paths} would be overwritten (--force overwrites)")
        raise StartError(message.format(paths=", ".join(present)))
