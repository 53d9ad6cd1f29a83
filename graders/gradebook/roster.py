"""Who is in the class, by a CSV file: what learning platforms call the students that the gradebook knows."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.gradebook.errors import GradebookError
from graders.gradebook.scores import Line, Person
from graders.i18n import _
from graders.report.text import listed

COLUMNS = ("student", "name", "first_name", "last_name", "email", "id", "login", "section", "canvas_id")
"""Only the first has to be there."""
SHOWN = 10
"""How many names a message lists."""


@dataclass(frozen=True)
class Member:
    """A line of the roster, or what the gradebook itself knows.

    student: as the gradebook calls them. id: the student's number at the school. login: at the platform. canvas_id:
    Canvas's own number.
    """

    student: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    id: str = ""
    login: str = ""
    section: str = ""
    canvas_id: str = ""

    @property
    def shown(self) -> str:
        """The name, family name first where both are known."""
        return self.name or ", ".join(filter(None, (self.last_name, self.first_name))) or self.student


def read_roster(path: Path) -> list[Member]:
    """Everybody in the class; GradebookError that names the line where the file is not what it should be."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            header = tuple(reader.fieldnames or ())
            if "student" not in header or not set(header) <= set(COLUMNS):
                text = _("{path}: the first line must have the column student, and of the others only {columns}")
                raise GradebookError(text.format(path=path, columns=", ".join(COLUMNS[1:])))
            members = []
            for row in reader:
                if None in row or None in row.values() or not row["student"].strip():
                    text = _("{path}, line {line}: it must have {count} fields, and a student among them")
                    raise GradebookError(text.format(path=path, line=reader.line_num, count=len(header)))
                told = {name: unicodedata.normalize("NFC", value.strip()) for name, value in row.items()}
                members.append(Member(**told))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradebookError(f"{path}: {error}") from None
    if not members:
        raise GradebookError(_("{path}: there is no student in it").format(path=path))
    counts = Counter(one.student for one in members)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise GradebookError(_("{path}: twice on the roster: {names}").format(path=path, names=listed(twice, SHOWN)))
    return members


def from_book(lines: Iterable[Line]) -> list[Member]:
    """The students that have anything, by what the gradebook itself knows of them."""
    people: dict[str, Person] = {}
    for line in lines:
        people.setdefault(line.student.name, line.student)
    return [
        Member(one.name, name=one.full_name, email=one.email, id=one.outside_id, login=one.name)
        for _name, one in sorted(people.items())
    ]


def require_match(members: Sequence[Member], graded: Iterable[str], path: Path, allow_missing: bool) -> None:
    """GradebookError that lists who was graded and is not on the roster, and who is on it and has nothing."""
    known, with_work = {one.student for one in members}, set(graded)
    said = []
    if unknown := sorted(with_work - known):
        said.append(_("not on the roster, but graded: {names}").format(names=listed(unknown, SHOWN)))
    if not allow_missing and (missing := sorted(known - with_work)):
        text = _("on the roster, but without any score: {names} (--missing blank or --missing zero says what they get)")
        said.append(text.format(names=listed(missing, SHOWN)))
    if said:
        raise GradebookError(f"{path}: " + _("; ").join(said))
