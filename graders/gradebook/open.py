"""Which gradebook the commands mean, opened; SQLAlchemy is needed only from here on."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import TYPE_CHECKING

from graders.gradebook.errors import GradebookError
from graders.i18n import _

if TYPE_CHECKING:
    from graders.gradebook.book import Gradebook

FILE = Path(".backcheck") / "gradebook.db"
VARIABLE = "BACKCHECK_GRADEBOOK"


def gradebook_url(url: str | None, course_folder: Path | None) -> str:
    """What was asked for, what the environment says, the course's own, or the one of the current folder."""
    return url or os.environ.get(VARIABLE) or str((course_folder or Path()) / FILE)


def open_gradebook(url: str | None = None, course_folder: Path | None = None, *, make: bool = True) -> Gradebook:
    """The gradebook, ready for use; GradebookError, which commands show as a usage error, where it is not.

    course_folder: of the course around, as `graders.usage.course_unit` finds it. make: it may be a new one; else it
    has to be there.
    """
    require_database()
    from graders.gradebook.book import Gradebook
    from graders.gradebook.connect import file_of, parse_url

    wanted = gradebook_url(url, course_folder)
    path = file_of(parse_url(wanted))
    if path and not make and not path.exists():
        text = _("there is no gradebook {path}; backcheck grade makes one, or say where it is with --gradebook")
        raise GradebookError(text.format(path=path))
    if path and path.parent.name == FILE.parent.name:
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise GradebookError(_("cannot write {path}: {reason}").format(path=path, reason=error.strerror)) from None
    return Gradebook(wanted, make=make)


def require_database() -> None:
    """One clear message where the libraries for a gradebook are missing."""
    for name in ("sqlalchemy", "alembic"):
        if importlib.util.find_spec(name) is None:
            raise GradebookError(_("the gradebook needs SQLAlchemy and alembic: pip install 'backcheck[class]'"))
