"""The due dates that stand in nbgrader's gradebook by the course's word: when the course has none any more, they go."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

FILE = Path(".backcheck") / "due.json"


def settled(course: Path, assignment: str, wanted: datetime | None, held: datetime | None) -> datetime | None:
    """The date for the gradebook. What a person has set there stays, unless the course says another.

    Args:
        wanted: by the course's policy, None where it says nothing.
        held: by the gradebook. All are in UTC and do not say so, as nbgrader has them.
    """
    path = course / FILE
    ours: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    before = ours.pop(assignment, None)
    if wanted:
        ours[assignment] = wanted.isoformat()
    if ours.get(assignment) != before:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(json.dumps(ours, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, path)
    if wanted:
        return wanted
    return None if held and held.isoformat() == before else held
