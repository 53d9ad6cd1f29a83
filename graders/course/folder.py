"""A course's folder as stock `nbgrader` commands expect it, with its settings, its rules and its secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from graders import SUITE_VERSION
from graders.course.notebook import answer_text
from graders.course.settings import FILE, RULES, Course, read_course
from graders.course.sources import sources
from graders.i18n import _, in_language
from graders.secrets import make_secret
from graders.specs.unit import Unit

SECRET = Path(".backcheck") / "secret"
FILES = Path(__file__).with_name("files")

CONFIG = """\
# Written by `backcheck course init`. The commands of nbgrader work here as they are; only their step that would
# execute a student's notebook is another one: it grades in a sandbox of its own.
import os
import tomllib


def language(course):
    # Nothing may be raised here: nbgrader would go on without this file, and execute what students wrote. What is
    # wrong with course.toml, `nbgrader autograde` and the commands of backcheck say.
    try:
        with open(os.path.join(course, {file!r}), "rb") as file:
            return "zh" if tomllib.load(file).get("language") == "zh" else "en"
    except (OSError, ValueError):
        return "en"


c = get_config()

c.CourseDirectory.course_id = {course!r}
c.CourseDirectory.root = {root}
c.Exchange.path_includes_course = True

c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError"}}
c.ClearSolutions.text_stub = {answers!r}[language(c.CourseDirectory.root)]
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
    "graders.course.preprocessors.ApplyPolicy",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.GradeInSandbox.course = c.CourseDirectory.root
c.GradeInSandbox.secret = os.path.join(c.CourseDirectory.root, {secret!r})
c.GradeInSandbox.language = language(c.CourseDirectory.root)  # or "en", or "zh", whatever course.toml says
"""


class CourseError(Exception):
    """Why the folder was not made; its text is for the instructor."""


def make_course(folder: Path, units: Iterable[Unit], language: str = "en", force: bool = False) -> list[Path]:
    """Write configuration, sources, what checks them, and the secret.

    What is the instructor's own stays as it is where it is there: `course.toml`, `rules.md`, and the secret.

    Returns:
        the files written.
    Raises:
        CourseError: a file is there already (unless `force`), or the folder cannot be written to.
        SettingsError: a `course.toml` is there and says what it should not.
    """
    own = {path: text for path, text in _own(folder, language).items() if not path.exists()}
    rules = own.get(folder / RULES, "")
    course = read_course(folder) if (folder / FILE).is_file() else Course(folder, language)
    texts = {folder / "nbgrader_config.py": config(folder.resolve().name), **_checks(folder)}
    for unit in units:
        texts |= sources(course, course.unit(unit.name), rules or course.rules)
    present = [str(path) for path in texts if path.exists()]
    if present and not force:
        message = _("nothing was written: {paths} would be overwritten (--force overwrites)")
        raise CourseError(message.format(paths=", ".join(present)))
    try:
        return list(_written({**own, **texts}, folder / SECRET))
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


def _own(folder: Path, language: str) -> dict[Path, str]:
    """What the instructor edits."""
    rules = "rules.zh.md" if language == "zh" else "rules.md"
    return {
        folder / FILE: _text("course.toml").format(language=language),
        folder / RULES: _text(rules),
    }


def _checks(folder: Path) -> dict[Path, str]:
    """What has a changed course audited before a commit and on GitHub, and keeps secrets out of the repository."""
    return {
        folder / ".gitignore": _text("gitignore"),
        folder / ".pre-commit-config.yaml": _text("pre-commit-config.yaml"),
        folder / ".github" / "workflows" / "course.yml": _text("workflow.yml").format(version=SUITE_VERSION),
    }


def _text(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def config(course: str) -> str:
    """The text of nbgrader_config.py; the folder is wherever that file lies."""
    root = "os.path.dirname(os.path.abspath(__file__))"
    answers = {}
    for spoken in ("en", "zh"):
        with in_language(spoken):
            answers[spoken] = answer_text()
    return CONFIG.format(course=course, root=root, secret=str(SECRET), file=FILE, answers=answers)
