"""One student's data: all of it in one file, under another name, or gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy.orm import Session

from graders.gradebook.book import Gradebook
from graders.gradebook.connect import file_of, place, running
from graders.gradebook.decisions import find_student
from graders.gradebook.errors import GradebookError
from graders.gradebook.history import to_json
from graders.gradebook.schema import Base, Student
from graders.gradebook.versions import backups
from graders.i18n import _
from graders.names import Names, parts

OURS = frozenset(
    {"unit", "title", "task", "property", "question", "status", "likely", "misconceptions", "depends_on"}
    | {"dtype", "values", "versions", "rules", "kind", "replay"}
)
"""What no student can have written, of a report's fields."""


def everything(session: Session, name: str) -> dict[str, Any]:
    """All that the gradebook holds about a student, every column of every row."""
    student = find_student(session, name)
    works = [
        {
            **_columns(work),
            "gradings": [{**_columns(one, "report"), "report": json.loads(one.report)} for one in work.gradings],
            "appeals": [_columns(one) for one in work.appeals],
        }
        for work in sorted(student.works, key=lambda one: one.id)
    ]
    return {**_columns(student), "works": works, "overrides": [_columns(one) for one in student.overrides]}


def pseudonymise(book: Gradebook, name: str) -> str:
    """Put a pseudonym in place of all that tells who a student is; that pseudonym.

    Names, mail addresses, paths and names of submissions go, in the stored reports too. Scores stay. `scrub` is to
    follow: until then the file still holds what was there.
    """
    with book.session() as session:
        student = find_student(session, name)
        hide = _hiding(student)
        for number, work in enumerate(sorted(student.works, key=lambda one: one.id), start=1):
            work.path, work.submission = "", f"{student.pseudonym}-{number}"
            for grading in work.gradings:
                report = {**json.loads(grading.report), "path": "", "submission": work.submission}
                grading.report = json.dumps(_hidden(report, hide), ensure_ascii=False, indent=2) + "\n"
                grading.why = hide(grading.why)
            for appeal in work.appeals:
                appeal.text, appeal.answer, appeal.by = hide(appeal.text), hide(appeal.answer), hide(appeal.by)
        for one in student.overrides:
            one.why = hide(one.why)
        student.name, student.full_name, student.email, student.outside_id = student.pseudonym, "", "", ""
        return student.pseudonym


def erase(book: Gradebook, name: str) -> int:
    """Remove all rows about a student; how many works there were. `scrub` is to follow."""
    with book.session() as session:
        student = find_student(session, name)
        count = len(student.works)
        session.delete(student)
    return count


def copies(book: Gradebook) -> list[Path]:
    """Backup copies beside the gradebook, in which everything still is as it was."""
    path = file_of(book.engine.url)
    return list(backups(path)) if path else []


def scrub(book: Gradebook) -> None:
    """Write the database anew, so that nothing that was removed is left in its pages or its log."""
    if book.engine.dialect.name == "sqlite":
        _scrub_file(book)
        return
    with running(book.engine.url), book.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            connection.exec_driver_sql(f"VACUUM (FULL) {table.name}")


def _scrub_file(book: Gradebook) -> None:
    text = _(
        "{place}: what was removed is out of the tables, but traces may be left in the file ({reason}); "
        "when no other program uses it: {command}"
    )
    connection = book.engine.raw_connection()
    try:
        for command in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            row = connection.cursor().execute(command).fetchone()
            if row and row[0]:
                raise sqlite3.OperationalError("database is locked")
    except sqlite3.Error as error:
        told = text.format(place=place(book.engine.url), reason=error, command="backcheck gradebook scrub")
        raise GradebookError(told) from None
    finally:
        connection.close()


def _columns(row: Any, *without: str) -> dict[str, Any]:
    names = (column.key for column in row.__table__.columns)
    return {name: to_json(getattr(row, name)) for name in names if name not in without}


def _hidden(value: Any, hide: Callable[[str], str]) -> Any:
    match value:
        case str():
            return hide(value)
        case list():
            return [_hidden(part, hide) for part in value]
        case dict():
            return {key: part if key in OURS else _hidden(part, hide) for key, part in value.items()}
        case _:
            return value


def _hiding(student: Student) -> Callable[[str], str]:
    """What puts the pseudonym in place of every name of a student, and of what their files are called.

    One student's words alone are hidden, so that no word is too ordinary.
    """
    called = (student.name, student.full_name, student.email, student.outside_id)
    told = {word for text in called for word in parts(text)}
    files: set[str] = set()
    for work in student.works:
        path = PurePath(work.path)
        files |= {work.submission, PurePath(work.submission).stem, work.path, path.name, path.stem}
        files |= {folder for folder in path.parts[:-1] if told & set(parts(folder))}
    names = Names(called, files)
    return lambda text: names.hidden(text, student.pseudonym)
