"""Who handed in what, and when: a CSV file beside the submissions, for grading without nbgrader."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from graders.i18n import _
from graders.policy import Policy, SettingsError
from graders.standing import Attempt, seconds_late, standings
from graders.verdict import Report, Standing

COLUMNS = ("submission", "student", "received")


@dataclass(frozen=True)
class Receipt:
    """A line of the file. submission: the file's or folder's name, as handed in."""

    submission: str
    student: str
    received: datetime | None


def read_receipts(path: Path) -> dict[str, Receipt]:
    """By submission; SettingsError that names the line where the file is not what it should be.

    The time may be missing; where it is there it says its offset from UTC.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                wanted = _("{path}: the first line must be {columns}")
                raise SettingsError(wanted.format(path=path, columns=",".join(COLUMNS)))
            receipts: dict[str, Receipt] = {}
            for row in reader:
                one = _receipt(row, place := f"{path}, {reader.line_num}")
                if one.submission in receipts:
                    text = _("{place}: {name} has a line already: keep one line for each submission")
                    raise SettingsError(text.format(place=place, name=one.submission))
                receipts[one.submission] = one
            return receipts
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path}: {error}") from None


def _receipt(row: dict[str, str], place: str) -> Receipt:
    if None in row or None in row.values() or not row["submission"].strip() or not row["student"].strip():
        raise SettingsError(_("{place}: submission and student must be there").format(place=place))
    submission, student, received = (unicodedata.normalize("NFC", row[name].strip()) for name in COLUMNS)
    try:
        moment = datetime.fromisoformat(received) if received else None
    except ValueError:
        moment = datetime.min
    if moment is not None and moment.tzinfo is None:
        what = _("must be a date and time with an offset, such as 2027-01-31T23:59:00+08:00")
        raise SettingsError(f"{place}: received: {what}")
    return Receipt(submission, student, moment)


def handed_in_as(path: Path) -> str:
    """The name under which a submission has its line, whichever way its accents are stored."""
    return unicodedata.normalize("NFC", path.name)


def require_all(paths: Sequence[Path], receipts: dict[str, Receipt], file: Path) -> None:
    """SettingsError where a submission has no line: its attempt would count without anybody knowing when it came."""
    if missing := [path.name for path in paths if handed_in_as(path) not in receipts]:
        raise SettingsError(_("{path} has no line for {name}").format(path=file, name=", ".join(missing)))


def with_standings(
    paths: Sequence[Path], reports: Sequence[Report], receipts: dict[str, Receipt], policy: Policy
) -> list[Report]:
    """The reports, in the same order, each with how it stands among the attempts of its student.

    A fault of ours stands nowhere: as long as it is not graded again, it is no attempt.
    """
    mine = [receipts[handed_in_as(path)] for path in paths]
    stands: dict[str, Standing] = {}
    for student in dict.fromkeys(one.student for one in mine):
        attempts = [
            Attempt(one.submission, report.score, one.received, seconds_late(one.received, policy.due))
            for one, report in zip(mine, reports, strict=True)
            if one.student == student and not report.faulty
        ]
        stands |= standings(attempts, policy) if attempts else {}
    return [replace(report, standing=stands.get(one.submission)) for one, report in zip(mine, reports, strict=True)]
