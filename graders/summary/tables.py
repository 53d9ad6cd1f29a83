"""A class's summary for other programs: as plain values for JSON, and as rows for a spreadsheet."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

from graders.report.class_csv import harmless
from graders.summary.analysis import Analysis, PropertyLoss, earned, share
from graders.summary.mistakes import Mistake, keys

COLUMNS = (
    *("what", "task", "property", "mistake", "students", "of", "still"),
    *("points_lost", "difficulty", "discrimination"),
)


def to_json(analysis: Analysis, *, names: bool = False) -> dict[str, Any]:
    """The summary as plain dicts, lists, strings and numbers; students by pseudonym, their names only if asked for."""
    found = analysis
    return {
        "unit": found.record.unit,
        "title": found.title,
        "students": len(found.record.students),
        "submissions": len(found.record.reports),
        "max_score": found.max_score,
        "full_marks": found.full,
        "could_not_be_run": found.unread,
        "grader_faults": found.faults,
        "scores": _plain(found.scores) if found.scores else None,
        "distribution": [_plain(one) for one in found.bins],
        "properties": [_loss(one) for one in found.properties],
        "mistakes": [_mistake(one) for one in found.mistakes],
        "tasks": [_plain(one) for one in found.items],
        "progress": _plain(found.progress) if found.progress else None,
        "costs": _plain(found.costs),
        "by_student": [
            {
                "student": student.pseudonym,
                **({"name": student.name} if names else {}),
                "score": earned(student.counted.report),
                "share": round(share(student.counted.report), 4),
                "grader_fault": student.counted.report.faulty,
                "scores": [earned(attempt.report) for attempt in student.attempts],
                "mistakes": [found.name_of(key) for key in keys(student.counted.report)],
                "seconds": student.counted.report.seconds,
            }
            for student in found.record.students
        ],
    }


def to_csv(analysis: Analysis) -> str:
    """One row a task, a property that fails, a mistake; cells that do not apply are empty."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, COLUMNS, restval="")
    writer.writeheader()
    for row in _rows(analysis):
        writer.writerow({name: harmless(value) if isinstance(value, str) else value for name, value in row.items()})
    return table.getvalue()


def _rows(found: Analysis) -> list[dict[str, Any]]:
    tasks = [
        {
            "what": "task",
            "task": one.task,
            "students": one.attempted,
            "of": one.of,
            "difficulty": round(one.difficulty, 4),
            "discrimination": "" if one.discrimination is None else round(one.discrimination, 4),
        }
        for one in found.items
    ]
    properties = [
        {
            "what": "property",
            "task": one.task,
            "property": one.name,
            "students": one.failed,
            "of": one.judged,
            "points_lost": round(one.lost, 4),
        }
        for one in found.properties
    ]
    mistakes = [
        {
            "what": "mistake",
            "task": one.task,
            "property": one.example.property,
            "mistake": one.words,
            "students": one.students,
            "of": len(found.record.students),
            "still": one.still,
        }
        for one in found.mistakes
    ]
    return [*tasks, *properties, *mistakes]


def _mistake(one: Mistake) -> dict[str, Any]:
    return {name: value for name, value in _plain(one).items() if name != "key"}


def _loss(one: PropertyLoss) -> dict[str, Any]:
    plain = _plain(one)
    return {"task": one.task, "property": plain.pop("name"), **plain, "share": round(one.share, 4)}


def _plain(value: Any) -> Any:
    """Dataclasses as dicts, numbers to four decimals."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value
