"""Texts of reports without the names of who handed them in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from graders.i18n import _
from graders.names import RUN, Names
from graders.summary.record import ClassRecord, Student

OTHERS = 3
"""A word that so many students' reports say, none of them called so, is an ordinary one."""


class Mask:
    """Replaces the names of a class in texts, as graders.names finds them."""

    def __init__(self, names: Iterable[str], files: Iterable[str] = (), known: Container[str] = ()) -> None:
        self._names = Names(names, files, known)

    def __call__(self, text: str) -> str:
        """The text with every name replaced."""
        return self._names.hidden(text, _("[name]"))


def mask_of(record: ClassRecord) -> Mask:
    """The mask of a class: the names of its students and of their submissions."""
    names = {name for student in record.students for name in (student.name, *student.aliases)}
    return Mask(names, {report.submission for report in record.reports}, ordinary(record))


def ordinary(record: ClassRecord) -> set[str]:
    """Words in small letters of which the class shows that they are no names: they are said by who is not called so."""
    said: Counter[str] = Counter()
    for student in record.students:
        said.update(_words(student) - Names((student.name, *student.aliases)).words)
    return {word for word, students in said.items() if students >= OTHERS}


def _words(student: Student) -> set[str]:
    reports = [attempt.report for attempt in student.attempts]
    texts = [text for report in reports for one in report.results for text in (one.message, one.likely)]
    found = {word for text in (*texts, *(report.problem for report in reports)) for word in RUN.findall(text)}
    return {word for word in found if word.islower()}
