"""Texts of reports without the names of who handed them in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from graders.i18n import _
from graders.summary.record import ClassRecord


class Mask:
    """Replaces the names of a class in texts, however they are capitalised and their accents are stored."""

    def __init__(self, names: Iterable[str]) -> None:
        forms = {unicodedata.normalize(form, name) for name in names if name.strip() for form in ("NFC", "NFD")}
        # The longest first: what is left of "Li Wei (2)" without "Li Wei" would tell too much.
        ordered = sorted(forms, key=lambda name: (-len(name), name))
        self.pattern = re.compile("|".join(map(_pattern, ordered)), re.IGNORECASE) if ordered else None
        self.quick = [name.casefold() for name in ordered]

    def __call__(self, text: str) -> str:
        """The text with every name replaced."""
        folded = text.casefold()
        if self.pattern is None or not any(name in folded for name in self.quick):
            return text
        return self.pattern.sub(_("[name]"), text)


def mask_of(record: ClassRecord) -> Mask:
    """The mask of a class: the names of its students and of their submissions."""
    names: set[str] = set()
    for student in record.students:
        names |= {student.name, *student.aliases, *(attempt.report.submission for attempt in student.attempts)}
    return Mask(names | {name.replace(" ", "_") for name in names})


def _pattern(name: str) -> str:
    """A name as a word of its own; in scripts without spaces, wherever it stands, unless it is a single character."""
    words = re.escape(name)
    if name.isascii() or len(name) == 1:
        return rf"(?<!\w){words}(?!\w)"
    return words
