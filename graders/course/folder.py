"""A course's folder as stock `nbgrader` commands expect it, with its secret and its lock file."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from graders import SUITE_VERSION
from graders.course.graded_notebook import graded_notebook
from graders.course.notebook import answer_text
from graders.i18n import _
from graders.intake.submission import unit_files
from graders.secrets import make_secret
from graders.specs.unit import Unit
from graders.throughput.limits import FILE as THROUGHPUT

SECRET = Path(".backcheck") / "secret"
LOCK = "backcheck.lock.json"

CONFIG = """\
# Written by `backcheck course init`. The commands of nbgrader work here as they are; only their step that would
# execute a student's notebook is another one: it grades in a sandbox of its own.
c = get_config()

c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.root = {root}
c.Exchange.path_includes_course = True

c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError"}}
c.ClearSolutions.text_stub = {answer!r}
c.ClearSolutions.enforce_metadata = True
c.ClearMarkScheme.enforce_metadata = False  # rubrics stand below the questions, in locked cells with an id

c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "graders.course.mend.Mend",
    "nbgrader.preprocessors.DeduplicateIds",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "graders.course.preprocessors.GradeInSandbox",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GradeInSandbox.secret = os.path.join(c.CourseDirectory.root, {secret!r})
c.GradeInSandbox.language = {language!r}
"""


class CourseError(Exception):
    """Why the folder was not made; its text is for the instructor."""


def make_course(folder: Path, units: Iterable[Unit], language: str = "en", force: bool = False) -> list[Path]:
    """Write configuration, sources, secret and lock file; a secret that is there stays.

    Returns:
        the files written.
    Raises:
        CourseError: a file is there already (unless `force`), or the folder cannot be written to.
    """
    units = list(units)
    texts = {folder / "nbgrader_config.py": config(folder.resolve().name, language)}
    for unit in units:
        notebook_name = unit_files(unit)[1]
        texts[folder / "source" / unit.name / notebook_name] = graded_notebook(unit, language)
    texts[folder / LOCK] = json.dumps(lock(units), indent=1, sort_keys=True) + "\n"
    present = [str(path) for path in texts if path.exists()]
    if present and not force:
        message = _("nothing was written: {paths} would be overwritten (--force overwrites)")
        raise CourseError(message.format(paths=", ".join(present)))
    try:
        return list(_written(texts, folder / SECRET))
    except OSError as error:
        message = _("cannot write to {folder}: {reason}")
        raise CourseError(message.format(folder=folder, reason=error.strerror)) from None


def _written(texts: dict[Path, str], secret: Path) -> Iterator[Path]:
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        yield path
    if not secret.exists():
        make_secret(secret)
        yield secret


def config(course: str, language: str) -> str:
    """The text of nbgrader_config.py; the folder is wherever that file lies."""
    root = "os.path.dirname(os.path.abspath(__file__))"
    told = {"course": course, "root": root, "secret": str(SECRET), "language": language, "answer": answer_text()}
    return "import os\n\n" + CONFIG.format(**told)


def lock(units: Iterable[Unit]) -> dict[str, Any]:
    """What a released unit was released with: versions, and fingerprints of everything that decides about points."""
    return {
        "suite": SUITE_VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "throughput": fingerprint(THROUGHPUT.read_bytes()),
        "units": {
            unit.name: {"points": dict(unit.points), "written": dict(unit.written), "reveal": unit.reveal}
            for unit in units
        },
    }


def fingerprint(data: bytes) -> str:
    """16 hex digits of the SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]
