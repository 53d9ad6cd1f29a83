"""Final scores as other programs read them: a spreadsheet, Canvas, Moodle, or JSON.

The columns of Canvas and Moodle are those that their own exports have and their imports look for.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graders.gradebook.history import to_json as plain
from graders.gradebook.roster import Member
from graders.gradebook.scores import Line
from graders.report.class_csv import harmless
from graders.report.text import points


@dataclass(frozen=True)
class Class:
    """What is exported. lines: by unit, in the order of units. worth: the points of a unit, without bonus.

    titles: what the platform calls a unit, by default its own name. missing: what those have who handed in nothing.
    """

    members: Sequence[Member]
    lines: Mapping[str, Sequence[Line]]
    worth: Mapping[str, float]
    titles: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""

    def title(self, unit: str) -> str:
        """What the platform calls a unit."""
        return self.titles.get(unit, unit)

    def line(self, member: Member, unit: str) -> Line | None:
        """What a student has in a unit."""
        return self._lines.get((member.student, unit))

    def final(self, member: Member, unit: str) -> str:
        """The final score as text."""
        line = self.line(member, unit)
        return self.missing if line is None or line.final is None else points(line.final)

    @cached_property
    def _lines(self) -> dict[tuple[str, str], Line]:
        return {(one.student.name, unit): one for unit, lines in self.lines.items() for one in lines}


def worth_of(lines: Iterable[Line]) -> float:
    """What a unit is worth that no policy is known of: the most that anybody could have."""
    return max((line.counted.max_score for line in lines if line.counted), default=0.0)


def to_csv(whole: Class) -> str:
    """A line a student and unit; where there is one unit only, a column a task as well."""
    tasks = _tasks(whole)
    header = ["student", "name", "email", "id", "section", "unit", "attempt", "attempts", "received", "days_late"]
    header += ["score", "max_score", "penalty", "computed", "override", "final", "pending", *map(harmless, tasks)]
    rows = [_csv_row(whole, member, unit, tasks) for unit in whole.lines for member in whole.members]
    return _text([header, *rows])


def _csv_row(whole: Class, member: Member, unit: str, tasks: Sequence[str]) -> list[str]:
    line = whole.line(member, unit)
    who = [member.student, member.shown, member.email, member.id, member.section, unit]
    counted = line.counted if line else None
    row = [harmless(one) for one in who]
    if line is None or counted is None:
        given = "" if line is None or line.final is None else points(line.final)
        row += ["", "0", *[""] * 2, "", points(whole.worth[unit]), "", "", given, whole.final(member, unit), ""]
        return row + [""] * len(tasks)
    stands = counted.standing
    row += [str(stands.attempt), str(stands.attempts), stands.received]
    row += ["" if stands.days_late is None else str(stands.days_late)]
    row += [points(counted.score), points(counted.max_score), points(stands.penalty), points(stands.final)]
    row += [points(line.final or 0.0) if line.given else "", whole.final(member, unit)]
    row += ["" if line.pending is None else points(line.pending)]
    earned = (line.tasks or {}) | {one.task: one.score for one in line.given if one.task}
    return row + [points(earned[task]) if task in earned else "" for task in tasks]


def to_canvas(whole: Class) -> str:
    """Canvas's gradebook file: five columns that say who it is, then a column an assignment; points possible above."""
    titles = [harmless(whole.title(unit)) for unit in whole.lines]
    possible = [points(whole.worth[unit]) for unit in whole.lines]
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles],
        ["    Points Possible", "", "", "", "", *possible],
    ]
    for one in whole.members:
        who = [one.shown, one.canvas_id, one.id, one.login or one.student, one.section]
        rows.append([*map(harmless, who), *(whole.final(one, unit) for unit in whole.lines)])
    return _text(rows)


def to_moodle(whole: Class) -> str:
    """Moodle's grade file: who it is by number, user name and mail address, then a column an assignment."""
    titles = [harmless(f"Assignment: {whole.title(unit)} (Real)") for unit in whole.lines]
    rows = [["First name", "Last name", "ID number", "Username", "Email address", *titles]]
    for one in whole.members:
        first, last = one.first_name, one.last_name
        if not first and not last:
            first, last = _split(one.name)
        who = [first, last, one.id, one.login or one.student, one.email]
        rows.append([*map(harmless, who), *(whole.final(one, unit) for unit in whole.lines)])
    return _text(rows)


def to_json(whole: Class) -> str:
    """Everything: who it is, all attempts, what a person gave, what waits."""
    students = [
        {**plain(member), "units": {unit: _unit_json(whole, member, unit) for unit in whole.lines}}
        for member in whole.members
    ]
    worth = {unit: whole.worth[unit] for unit in whole.lines}
    return json.dumps({"max_scores": worth, "students": students}, ensure_ascii=False, indent=1) + "\n"


def _unit_json(whole: Class, member: Member, unit: str) -> dict[str, Any] | None:
    line = whole.line(member, unit)
    if line is None:
        return None
    return {
        "computed": line.computed,
        "final": line.final,
        "pending": line.pending,
        "tasks": line.tasks,
        "overrides": plain(line.given),
        "attempts": [
            {**plain(one), "standing": {**plain(one.standing), "final": one.standing.final}} for one in line.attempts
        ],
    }


def _split(name: str) -> tuple[str, str]:
    """First and family name: by the comma, or the last space."""
    if "," in name:
        last, _comma, first = name.partition(",")
        return first.strip(), last.strip()
    first, _space, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


def _tasks(whole: Class) -> list[str]:
    if len(whole.lines) != 1:
        return []
    (lines,) = whole.lines.values()
    return list(dict.fromkeys(task for line in lines for task in (line.tasks or {})))


def _text(rows: Iterable[Sequence[str]]) -> str:
    table = io.StringIO(newline="")
    csv.writer(table).writerows(rows)
    return table.getvalue()


FORMATS: Mapping[str, Callable[[Class], str]] = {
    "csv": to_csv,
    "canvas": to_canvas,
    "moodle": to_moodle,
    "json": to_json,
}
