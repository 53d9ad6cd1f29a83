"""Bringing an older gradebook up to date, after a copy of it was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from graders.gradebook import versions
from graders.gradebook.connect import (
    PATIENCE,
    file_of,
    make_engine,
    opening,
    parse_url,
    place,
    require_readable,
    require_sound,
)
from graders.gradebook.errors import GradebookError
from graders.i18n import _


@dataclass(frozen=True)
class Upgraded:
    """What was done. steps: the versions that were reached, none where it was up to date. copy: as it was before."""

    steps: tuple[str, ...] = ()
    copy: Path | None = None


def upgrade(url: str, patience: float = PATIENCE) -> Upgraded:
    """Carry out what a gradebook lacks; GradebookError where there is none, or it is newer than this backcheck."""
    address = parse_url(url)
    path = file_of(address)
    if path:
        if not path.exists():
            raise GradebookError(_("no such file or folder: {path}").format(path=path))
        require_readable(path)
    engine = make_engine(address, patience)
    try:
        with opening(address):
            require_sound(engine)
            with engine.connect() as connection:
                version = versions.version_of(connection)
            if version is None:
                raise GradebookError(_("{place}: the gradebook is empty").format(place=place(address)))
            if not versions.is_older(version):
                versions.require_newest(engine)
                return Upgraded()
            copy = versions.back_up(engine)
            return Upgraded(tuple(versions.migrate(engine)), copy)
    finally:
        engine.dispose()
