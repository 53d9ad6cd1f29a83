"""A connection to a gradebook's database, with one clear message for whatever is in the way."""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError

from graders.gradebook.errors import GradebookError, GradebookFault
from graders.i18n import _

PATIENCE = 30.0
"""Seconds to wait for another program's turn, and for a server's answer."""
HEADER = b"SQLite format 3\0"
WRITES = "backcheck_writes"
"""The option of a connection whose transactions begin as a writer's."""
BARE = "backcheck_bare"
"""The option of a connection without transactions."""
PAUSE = 0.05


def parse_url(text: str) -> URL:
    """The address of a database, "sqlite:///FILE", "postgresql+psycopg://..." or the path of a file."""
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("sqlite", "postgresql"):
        wanted = _("a gradebook is a file, sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
        raise GradebookError(wanted)
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite")
    if importlib.util.find_spec("psycopg") is None:
        raise GradebookError(_("psycopg is not installed: pip install 'backcheck[postgres]'"))
    return url.set(drivername="postgresql+psycopg")


def place(url: URL) -> str:
    """Where the database is, as messages name it: never with a password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ":memory:"
    host = url.host or url.query.get("host")  # a socket's folder
    shown = URL.create("postgresql", url.username, None, str(host) if host else None, url.port, url.database)
    return shown.render_as_string()


def file_of(url: URL) -> Path | None:
    """The file that an SQLite database is; None for a server, and for one in memory."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return None
    return None if url.database.startswith("file:") else Path(url.database)


def make_engine(url: URL, patience: float = PATIENCE) -> Engine:
    """Connections to the database; nothing is opened yet."""
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": patience})
        event.listen(engine, "connect", _settle)
        event.listen(engine, "begin", _begin)
        return engine
    return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": max(2, round(patience))})


def _settle(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # sqlite3's own transactions begin too late, and never as a writer's
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    # Who reads first and writes later in one transaction would be refused, not made to wait, where another wrote.
    options = connection.get_execution_options()
    if not options.get(BARE):
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITES) else "BEGIN")


def use_wal(engine: Engine, patience: float = PATIENCE) -> None:
    """Let those who read a file not keep those who write waiting. The file remembers it: it has to be known as ours."""
    if engine.dialect.name != "sqlite":
        return
    ends = time.monotonic() + patience
    with engine.connect().execution_options(**{BARE: True}) as connection:
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                return
            except OperationalError as error:  # of all statements this one alone does not wait for others by itself
                if not _is_locked(error) or time.monotonic() > ends:
                    raise
            time.sleep(PAUSE)


def make_file(path: Path) -> None:
    """An empty file for a new gradebook; GradebookError where there may be none."""
    try:
        path.touch(mode=0o600)  # whose scores these are is nobody else's business
    except OSError as error:
        raise GradebookError(_("cannot write {path}: {reason}").format(path=path, reason=error.strerror)) from None


def require_readable(path: Path) -> None:
    """A file that is there is an SQLite database that can be read, and its folder is there; GradebookError else."""
    try:
        if not path.exists():
            if not path.parent.is_dir():
                raise GradebookError(_("no such file or folder: {path}").format(path=path.parent))
            return
        with path.open("rb") as file:
            header = file.read(len(HEADER))
    except OSError as error:
        text = _("{place}: the gradebook cannot be read: {reason}")
        raise GradebookError(text.format(place=path, reason=error.strerror)) from None
    if header and header != HEADER:
        raise GradebookError(_("{place} is no SQLite database").format(place=path))


def require_sound(engine: Engine) -> None:
    """GradebookError where a file is damaged; what is wrong in a server's files the server says itself."""
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        reason = " ".join(str(found).split())
        raise GradebookError(_damaged().format(place=place(engine.url), reason=reason))


def _damaged() -> str:
    return _("{place}: the gradebook is damaged ({reason}); go back to a copy of it")


@contextlib.contextmanager
def opening(url: URL) -> Iterator[None]:
    """Around the first use: what the database refuses is a GradebookError."""
    try:
        yield
    except DBAPIError as error:
        raise GradebookError(explain(url, error)) from None


@contextlib.contextmanager
def running(url: URL) -> Iterator[None]:
    """Around later use: what the database refuses is a GradebookFault, but for a row that is there already."""
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise GradebookFault(explain(url, error)) from error


def explain(url: URL, error: DBAPIError) -> str:
    """What is in the way, in one sentence."""
    reason = " ".join(str(error.orig).split())
    if url.get_backend_name() == "sqlite":
        text = _sqlite(_name(error))
    elif "password" in reason or "authentication" in reason:
        text = _("{place}: the database server refuses this user or password")
    elif "does not exist" in reason and not getattr(error.orig, "sqlstate", None):
        text = _("{place}: the server has no such database or user: {reason}")
    elif error.connection_invalidated or not getattr(error.orig, "sqlstate", None):
        text = _("{place}: the database server does not answer: {reason}")
    else:
        text = _("{place}: the database refused: {reason}")
    return text.format(place=place(url), reason=_without(url.password, reason)[:300])


def _name(error: DBAPIError) -> str:
    """What SQLite calls an error, SQLITE_BUSY for one."""
    return getattr(error.orig, "sqlite_errorname", None) or ""


def _is_locked(error: DBAPIError) -> bool:
    return _name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _sqlite(name: str) -> str:
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return _("{place}: another program keeps the gradebook locked; try again when it has ended")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return _damaged()
    if name.startswith("SQLITE_FULL"):
        return _("{place}: the disk is full; nothing of the last step was recorded")
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return _("{place}: the gradebook cannot be opened for writing: {reason}")
    return _("{place}: the database refused: {reason}")


def _without(password: object, text: str) -> str:
    return text.replace(str(password), "***") if password else text
