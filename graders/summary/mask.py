"""Texts of reports without the names of who handed them in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from graders.i18n import _
from graders.summary.record import ClassRecord


class Mask:
    """Replaces the names of a class in texts: of students, of their submissions, of the files these were."""

    def __init__(self, names: Iterable[str]) -> None:
        # The longest first: what is left of "Li Wei (2)" without "Li Wei" would tell too much.
        parts = [_pattern(name) for name in sorted(set(names), key=lambda name: (-len(name), name)) if name.strip()]
        self.known = re.compile("|".join(parts), re.IGNORECASE) if parts else None

    def __call__(self, text: str) -> str:
        """The text with every name replaced."""
        return self.known.sub(_("[name]"), text) if self.known else text


def mask_of(record: ClassRecord) -> Mask:
    """The mask of a class."""
    names: set[str] = set()
    for student in record.students:
        names |= {student.name, student.name.replace(" ", "_")}
        for attempt in student.attempts:
            names |= {attempt.report.submission, attempt.report.path, Path(attempt.report.path).name}
    return Mask(names)


def _pattern(name: str) -> str:
    """A name as a word of its own; in scripts without spaces, wherever it stands, unless it is a single character."""
    words = re.escape(name)
    if name.isascii() or len(name) == 1:
        return rf"(?<!\w){words}(?!\w)"
    return words
