"""A class's reports, student by student, wherever they were kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from graders.i18n import _
from graders.report.from_json import from_json
from graders.verdict import Report

if TYPE_CHECKING:
    from graders.course.received import Receipt
    from graders.gradebook.schema import Grading, Work
    from graders.policy import Policy


class RecordError(Exception):
    """Why a class cannot be read; its text is for the instructor."""


@dataclass(frozen=True)
class Attempt:
    """One submission of a student. number: counted from 1. received: ISO 8601, "" where not known."""

    number: int
    report: Report
    received: str = ""


@dataclass(frozen=True)
class Student:
    """One student.

    name: as submissions call them. pseudonym: what is shown instead. attempts: at least one. aliases: what else they
    are known by, which must not be shown either.
    """

    name: str
    pseudonym: str
    attempts: tuple[Attempt, ...]
    aliases: tuple[str, ...] = ()

    @property
    def counted(self) -> Attempt:
        """The attempt that counts by the course's policy; the last one where nobody has said."""
        stands = [one for one in self.attempts if one.report.standing and one.report.standing.counts]
        return stands[-1] if stands else self.attempts[-1]


@dataclass(frozen=True)
class ClassRecord:
    """All students of a class with their attempts at one unit."""

    unit: str
    students: tuple[Student, ...]

    @property
    def reports(self) -> list[Report]:
        """Every attempt of everybody."""
        return [attempt.report for student in self.students for attempt in student.attempts]


def from_folder(folder: Path, unit: str | None = None, receipts: Mapping[str, Receipt] | None = None) -> ClassRecord:
    """The class of the reports that `backcheck grade --out` wrote; RecordError where that is not clear.

    receipts: who handed in what, by file name; without them every submission is taken for a student's only one.
    """
    reports = [read_report(path) for path in sorted(folder.glob("*.json"))]
    chosen = one_unit([report.unit for report in reports], unit, str(folder))
    mine = [report for report in reports if report.unit == chosen]
    handed: dict[str, list[Report]] = {}
    for report in sorted(mine, key=lambda report: order(report, receipts)):
        handed.setdefault(student_of(report, receipts), []).append(report)
    names = pseudonyms(chosen, {student: reports[0].fingerprint for student, reports in handed.items()})
    students = [
        Student(
            student, names[student], tuple(Attempt(n, one, received(one, receipts)) for n, one in enumerate(own, 1))
        )
        for student, own in handed.items()
    ]
    return ClassRecord(chosen, tuple(sorted(students, key=lambda student: student.pseudonym)))


def from_gradebook(
    url: str | None, policy_of: Callable[[str], Policy], unit: str | None = None, course: Path | None = None
) -> ClassRecord:
    """The class of a gradebook, with the pseudonyms it keeps; RecordError where it holds nothing of the unit.

    policy_of: what a unit's policy is; it says which attempt counts.
    """
    from sqlalchemy import select
    from sqlalchemy.orm import defer

    from graders.gradebook.open import gradebook_url, open_gradebook
    from graders.gradebook.schema import Grading, State, Work
    from graders.gradebook.schema import Student as Row

    found: dict[int, tuple[Row, list[tuple[Work, Grading]]]] = {}
    reports: dict[int, Report] = {}
    with open_gradebook(url, course, make=False) as book, book.reading() as session:
        place = gradebook_url(url, course)
        chosen = one_unit(session.scalars(select(Work.unit).distinct()), unit, place)
        gradings = session.execute(
            select(Row, Work, Grading, Grading.report)
            .join(Work.student)
            .join(Work.gradings)
            .where(Work.unit == chosen, Grading.state == State.COUNTS)
            .order_by(Row.id, Work.received.nulls_first(), Work.last_seen, Work.id)
            .options(defer(Grading.report))  # its text is many times as long as what is read from it
        )
        for student, work, grading, text in gradings:
            found.setdefault(student.id, (student, []))[1].append((work, grading))
            reports[work.id] = from_json(text)
    if not found:
        raise RecordError(_("there are no reports in {path}").format(path=place))
    policy = policy_of(chosen)
    students = [
        Student(
            one.full_name or one.name,
            one.pseudonym,
            _standing(own, reports, policy),
            (one.name, one.email, one.outside_id),
        )
        for one, own in found.values()
    ]
    return ClassRecord(chosen, tuple(sorted(students, key=lambda student: student.pseudonym)))


def _standing(
    own: Sequence[tuple[Work, Grading]], reports: Mapping[int, Report], policy: Policy
) -> tuple[Attempt, ...]:
    """One student's works as attempts that know how they stand, in the order in which they came."""
    from graders.gradebook.scores import attempts

    return tuple(
        Attempt(one.standing.attempt, replace(reports[one.work], standing=one.standing), one.standing.received)
        for one in attempts(own, policy)
    )


def read_report(path: Path) -> Report:
    """The report of a file; RecordError where it is something else."""
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not a report of backcheck")
        raise RecordError(f"{path}: {reason}") from None


def one_unit(found: Iterable[str], wanted: str | None, place: str) -> str:
    """The unit that is meant; RecordError where it is not there, or not clear."""
    units = sorted(set(found))
    if not units:
        raise RecordError(_("there are no reports in {path}").format(path=place))
    chosen = [unit for unit in units if wanted is None or wanted in (unit, unit.partition("-")[0])]
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(units)
    if chosen:
        raise RecordError(_("{path} holds reports of {units}: say which with --unit").format(path=place, units=listed))
    raise RecordError(
        _("{path} holds no reports of {unit}, only of {units}").format(path=place, unit=wanted, units=listed)
    )


def receipt_of(report: Report, receipts: Mapping[str, Receipt] | None) -> Receipt | None:
    """The line about a submission; None where there is none."""
    from graders.course.received import handed_in_as

    return (receipts or {}).get(handed_in_as(Path(report.path)))


def student_of(report: Report, receipts: Mapping[str, Receipt] | None) -> str:
    """Who handed it in: of whom the receipts say so, else whoever the file is named after."""
    receipt = receipt_of(report, receipts)
    return receipt.student if receipt else report.submission


def received(report: Report, receipts: Mapping[str, Receipt] | None) -> str:
    """When it came, as far as anybody has said."""
    receipt = receipt_of(report, receipts)
    if receipt and receipt.received:
        return receipt.received.isoformat()
    return report.standing.received if report.standing else ""


def order(report: Report, receipts: Mapping[str, Receipt] | None) -> tuple[float, int, str]:
    """Attempts sorted as they came."""
    receipt = receipt_of(report, receipts)
    when = receipt.received.timestamp() if receipt and receipt.received else 0.0
    return when, report.standing.attempt if report.standing else 0, report.submission


def pseudonyms(unit: str, fingerprints: Mapping[str, str]) -> dict[str, str]:
    """A name for everybody that tells nobody who it is: of the first work's content, so that it stays the same."""
    names: dict[str, str] = {}
    for student, fingerprint in sorted(fingerprints.items(), key=lambda one: (one[1], one[0])):
        digest = hashlib.sha256(json.dumps([unit, fingerprint]).encode()).hexdigest()
        start = f"s-{digest[:6]}"
        more = sum(name.startswith(start) for name in names.values())
        names[student] = f"{start}-{more + 1}" if more else start
    return names
