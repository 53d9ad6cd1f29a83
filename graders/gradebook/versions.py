"""Which version a gradebook's tables are of, and bringing older ones up to date.

Every change of the tables is a file in `migrations/versions`, written by hand; a new gradebook is made by all of them
in turn, so that there is no second way to come by the tables.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from graders.gradebook.connect import WRITES, file_of, place
from graders.gradebook.errors import GradebookError
from graders.i18n import _

FOLDER = Path(__file__).with_name("migrations")
TABLE = "backcheck_version"
"""Where the version is noted; not alembic's own name for it, which other programs' databases use."""
LOCK = 0x6261636B
"""The number of PostgreSQL's lock that only one program at a time has while it makes or changes tables."""


@functools.cache
def scripts() -> ScriptDirectory:
    """All migrations."""
    return ScriptDirectory(str(FOLDER))


def newest() -> str:
    """The version that this backcheck works with."""
    head = scripts().get_current_head()
    assert head
    return head


def context(connection: Connection) -> MigrationContext:
    """What alembic knows of a database."""
    return MigrationContext.configure(connection, opts={"version_table": TABLE, "compare_type": True})


def version_of(connection: Connection) -> str | None:
    """The version of the tables; None where there are none. GradebookError where they are not a gradebook's."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    version = context(connection).get_current_revision() if TABLE in tables else None
    if version is None:
        text = _("{place} is no gradebook of backcheck: it holds {tables}")
        shown = ", ".join(sorted(tables)[:4])
        raise GradebookError(text.format(place=place(connection.engine.url), tables=shown))
    return version


def require_newest(engine: Engine, make: bool = True) -> None:
    """The tables are of the version wanted, or are made where there are none; GradebookError else."""
    with engine.connect() as connection:
        version = version_of(connection)
    if version == newest():
        return
    where = place(engine.url)
    if version is None:
        if not make:
            raise GradebookError(_("{place}: the gradebook is empty").format(place=where))
        migrate(engine)
    elif is_older(version):
        text = _("{place}: the gradebook was made by an older backcheck; bring it up to date: {command}")
        raise GradebookError(text.format(place=where, command="backcheck gradebook upgrade"))
    else:
        text = _("{place}: the gradebook was made by a newer backcheck (its version is {version}); update backcheck")
        raise GradebookError(text.format(place=where, version=version))


def is_older(version: str) -> bool:
    """Whether there is a way from this version to the newest."""
    return version != newest() and any(one.revision == version for one in scripts().walk_revisions())


def migrate(engine: Engine, target: str = "") -> list[str]:
    """Carry out what is missing, all of it or nothing; the versions that were reached."""
    target = target or newest()
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        version = version_of(connection)  # another may have been quicker
        missing = list(scripts().iterate_revisions(target, version or "base"))[::-1]
        told = context(connection)
        with Operations.context(told):
            for one in missing:
                one.module.upgrade()
        if missing:
            told.stamp(scripts(), target)
    return [one.revision for one in missing]


def back_up(engine: Engine) -> Path | None:
    """A copy of an SQLite database beside it; None where there is no file."""
    path = file_of(engine.url)
    if path is None:
        return None
    names = itertools.chain([""], (f"-{number}" for number in itertools.count(1)))
    copy = next(one for name in names if not (one := path.with_name(f"{path.name}{name}.backup")).exists())
    try:
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        copy.chmod(path.stat().st_mode & 0o777)
    except (OSError, sqlite3.Error) as error:
        raise GradebookError(_("cannot write {path}: {reason}").format(path=copy, reason=error)) from None
    return copy


def backups(path: Path) -> Iterator[Path]:
    """The copies that `back_up` made of a file."""
    yield from sorted(path.parent.glob(f"{path.name}*.backup"))
