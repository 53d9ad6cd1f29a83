"""Recording one grading: once, however often it comes, and without a score that drops by itself."""

from __future__ import annotations

import enum
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from graders.gradebook.schema import Grading, State, Student, Work
from graders.report import as_json
from graders.verdict import Report

DROP = 0.005
"""Scores have two decimals: less of a difference is none."""
IN_FORCE = (State.COUNTS, State.PROPOSED)


class Outcome(enum.StrEnum):
    """What became of a grading that was to be recorded."""

    NEW = "new"
    ALREADY = "already"
    """Somebody recorded the same grading before, and it counts; it stays as it was."""
    REGRADED = "regraded"
    PROPOSED = "proposed"
    """The score would be lower: it waits until a person confirms it, since now or since somebody recorded it before."""
    FAULT = "fault"
    """A fault of ours is in it: nothing was recorded, and it will be graded again."""


@dataclass(frozen=True)
class Place:
    """Whose submission it is, and for what.

    student: as files and rosters call them. submission: the name it was handed in under. received: when it came, None
    where nobody knows. told: somebody has just said so, which goes before what was said earlier, even where it is None.
    """

    student: str
    unit: str
    submission: str
    fingerprint: str
    path: str = ""
    received: datetime | None = None
    told: bool = False

    @property
    def dated(self) -> bool:
        """Whether it says when the work came, or that nobody knows any more."""
        return self.told or self.received is not None

    def __post_init__(self) -> None:
        for name in ("student", "submission", "path"):  # files may have names that are no text
            text = getattr(self, name).encode("utf-8", "backslashreplace").decode()
            object.__setattr__(self, name, text if name == "path" else unicodedata.normalize("NFC", text))


@dataclass(frozen=True)
class Recorded:
    """What a call of `record` did. before: the score that counted until then, None where there was none."""

    outcome: Outcome
    before: float | None = None
    after: float | None = None


@dataclass(frozen=True)
class Circumstances:
    """What is noted beside a report.

    why: the reason, where the work was graded before. again: it was asked for again. confirmed: the score may drop.
    proposed: it waits for a person whatever the score is. run: of which run it came.
    """

    why: str = ""
    again: bool = False
    confirmed: bool = False
    proposed: bool = False
    run: str = ""


def add(session: Session, place: Place, key: str, report: Report, told: Circumstances) -> Recorded:
    """Record a grading, within a transaction."""
    return put(session, work_at(session, place), key, report, told)


def put(session: Session, work: Work, key: str, report: Report, told: Circumstances) -> Recorded:
    """Record a grading of a work that is there, within a transaction."""
    wanted = select(Grading).where(Grading.work_id == work.id).order_by(Grading.id).options(defer(Grading.report))
    gradings = session.scalars(wanted).all()
    earlier = [one for one in gradings if one.key == key and one.state in IN_FORCE]
    counting = next((one for one in gradings if one.state == State.COUNTS), None)
    before = counting.score if counting else None
    if earlier and not told.again:
        newest = earlier[-1]
        if newest.state == State.COUNTS:
            return Recorded(Outcome.ALREADY, before, newest.score)
        if before is not None and newest.score < before - DROP and not told.confirmed:
            return Recorded(Outcome.PROPOSED, before, newest.score)  # whoever asks has to hear that it waits
    drops = before is not None and report.score < before - DROP and not told.confirmed
    waits = drops or told.proposed
    for one in gradings:  # what is newer takes the place of what still waits, and of what counts if it may
        if one.state == State.PROPOSED or (one.state == State.COUNTS and not waits):
            one.state = State.SUPERSEDED
    now = datetime.now(UTC)
    session.add(
        Grading(
            work_id=work.id,
            key=key,
            round=sum(one.key == key for one in gradings),
            state=State.PROPOSED if waits else State.COUNTS,
            why=told.why,
            score=report.score,
            max_score=report.max_score,
            suite=report.versions.get("backcheck", ""),
            secret=report.secret,
            recorded=now,
            counted=None if waits else now,
            seconds=report.seconds,
            run=told.run,
            report=as_json.dumps(report),
        )
    )
    if before is None:
        return Recorded(Outcome.NEW, None, report.score)
    return Recorded(Outcome.PROPOSED if waits else Outcome.REGRADED, before, report.score)


def student_of(session: Session, name: str) -> Student:
    """The student's row; a new one where there is none."""
    student = session.scalars(select(Student).where(Student.name == name)).first()
    if student is None:
        student = Student(name=name, pseudonym=new_pseudonym())
        session.add(student)
        session.flush()
    return student


def new_pseudonym() -> str:
    """A name that tells nobody who it is, drawn by chance."""
    return f"s-{secrets.token_hex(4)}"


def find_work(session: Session, place: Place) -> Work | None:
    """The work's row, locked against others until the transaction ends."""
    return session.scalars(
        select(Work)
        .join(Work.student)
        .where(Student.name == place.student, Work.unit == place.unit, Work.submission == place.submission)
        .where(Work.fingerprint == place.fingerprint)
        .with_for_update(of=Work)
    ).first()


def work_at(session: Session, place: Place) -> Work:
    """The work's row; new ones where the student or the content is."""
    work = find_work(session, place)
    if work is None:
        if not place.fingerprint:
            raise ValueError("what nobody could read is no work, and no attempt of anybody")
        work = Work(
            student=student_of(session, place.student),
            unit=place.unit,
            submission=place.submission,
            fingerprint=place.fingerprint,
            path=place.path,
            received=place.received,
            seen=datetime.now(UTC),
        )
        session.add(work)
    elif place.dated:
        work.received = place.received
    work.path = place.path or work.path  # where it was come across last
    session.flush()
    came_last(session, work)
    return work


def came_last(session: Session, work: Work) -> None:
    """Note that this is what was come across last of the student's, whatever became of the clock."""
    others = select(func.max(Work.last_seen)).where(Work.student_id == work.student_id, Work.unit == work.unit)
    latest = session.scalar(others)
    now = datetime.now(UTC)
    work.last_seen = max(now, latest + timedelta(microseconds=1)) if latest else now
    session.flush()
