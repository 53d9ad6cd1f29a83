"""What each student has handed in so far, in the course's folder: the gradebook remembers the last attempt only."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from graders.intake.submission import Submission
from graders.policy import Policy
from graders.standing import Attempt, seconds_late, standings
from graders.verdict import Report, Standing

FOLDER = Path(".backcheck") / "attempts"


@dataclass(frozen=True)
class Record:
    """One graded attempt.

    received: ISO 8601, "" where not known. points: earned, by task. worth: what each task could earn then; records of
    before this was kept have none. extra: what was written into nbgrader's gradebook as extra credit when this attempt
    was graded, by task.
    """

    fingerprint: str
    received: str
    points: Mapping[str, float] = field(default_factory=dict)
    worth: Mapping[str, float] = field(default_factory=dict)
    extra: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What was handed in at one time, or the same code, is one attempt, however often it is graded."""
        return self.received or self.fingerprint

    @property
    def moment(self) -> datetime | None:
        """When it came."""
        return datetime.fromisoformat(self.received) if self.received else None

    def under(self, policy: Policy) -> dict[str, float]:
        """Its points by what the tasks are worth now: a course may change that between two attempts."""
        return {task: round(now * self._share(task, now), 6) for task, now in policy.worth.items()}

    def _share(self, task: str, now: float) -> float:
        """What of a task is right. An old record is taken by today's worth, and for all of it where it holds more."""
        worth, points = self.worth.get(task, now), self.points.get(task, 0.0)
        return min(1.0, points / worth) if worth else 0.0


def record_of(report: Report, received: datetime | None, submission: Submission) -> Record:
    """What is kept of a report; the fingerprint is the code's, for nbgrader writes the rest of a notebook anew."""
    code = "\0".join(piece.text for piece in submission.pieces)
    points = {task: round(sum(one.score for one in results), 6) for task, results in report.tasks().items()}
    fingerprint = hashlib.sha256(code.encode()).hexdigest()[:16]
    return Record(fingerprint, received.isoformat() if received else "", points, report.policy.worth)


class Ledger:
    """The attempts at one unit, in one file."""

    def __init__(self, course: Path, unit: str) -> None:
        self.path = course / FOLDER / f"{unit}.json"

    def add(self, student: str, record: Record) -> list[Record]:
        """Keep an attempt, in place of the same one graded before; all of the student's.

        What comes without a time is the last that came, also where the same was handed in before.
        """
        with self._alone():
            kept = self._read()
            mine = {one.key: one for one in kept.get(student, [])}
            if record.key in mine:
                record = replace(record, extra=mine[record.key].extra)
            if not record.received:
                mine.pop(record.key, None)
            kept[student] = list((mine | {record.key: record}).values())
            self._write(kept)
        return kept[student]

    def extra(self, student: str) -> Mapping[str, float]:
        """What was written last as a student's extra credit: whatever else stands there, a person has given."""
        return next((one.extra for one in self.of(student) if one.extra), {})

    def note_extra(self, student: str, key: str, extra: Mapping[str, float]) -> None:
        """Keep what has been written, with the attempt that it was written for."""
        with self._alone():
            kept = self._read()
            kept[student] = [replace(one, extra=extra if one.key == key else {}) for one in kept[student]]
            self._write(kept)

    def of(self, student: str) -> list[Record]:
        """All of a student's."""
        return self._read().get(student, [])

    def move(self, student: str, to: str) -> None:
        """Keep a student's attempts under another name; under "", not at all."""
        with self._alone():
            kept = self._read()
            if mine := kept.pop(student, []):
                self._write(kept | {to: mine} if to else kept)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While nobody else changes the file: two `nbgrader autograde` may run at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as held:
            if sys.platform != "win32":  # where nothing is graded unless told so
                import fcntl

                fcntl.flock(held, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, list[Record]]:
        if not self.path.exists():
            return {}
        held = json.loads(self.path.read_text(encoding="utf-8"))
        return {student: [Record(**one) for one in records] for student, records in held.items()}

    def _write(self, kept: Mapping[str, list[Record]]) -> None:
        text = json.dumps({student: [asdict(one) for one in kept[student]] for student in sorted(kept)}, indent=1)
        partial = self.path.with_suffix(f".{os.getpid()}.partial")
        partial.write_text(text + "\n", encoding="utf-8")
        os.replace(partial, self.path)  # killed half-way, yesterday's attempts are still there


def ledgers(course: Path) -> dict[str, Ledger]:
    """By unit, those of a course."""
    return {path.stem: Ledger(course, path.stem) for path in sorted((course / FOLDER).glob("*.json"))}


def everything(course: Path, student: str) -> dict[str, list[dict[str, Any]]]:
    """By unit, all that is kept of a student."""
    held = {unit: ledger.of(student) for unit, ledger in ledgers(course).items()}
    return {unit: [asdict(one) for one in records] for unit, records in held.items() if records}


def stand(records: list[Record], policy: Policy, due: datetime | None) -> dict[str, Standing]:
    """How every attempt of a student stands, by key."""
    attempts = [
        Attempt(one.key, round(sum(one.under(policy).values()), 2), one.moment, seconds_late(one.moment, due))
        for one in records
    ]
    return standings(attempts, policy, by_hand=True)
