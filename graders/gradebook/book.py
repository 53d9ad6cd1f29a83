"""The gradebook: what was graded is found again, what is graded is recorded once, and no score drops by itself."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, event, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from graders.gradebook.schema import Base, Grading, State, Student, Work
from graders.report import as_json
from graders.report.from_json import from_json
from graders.verdict import Report

DROP = 0.005
"""Scores have two decimals: less of a difference is none."""


class Outcome(enum.StrEnum):
    """What became of a grading that was to be recorded."""

    NEW = "new"
    ALREADY = "already"
    """Somebody recorded the same grading before; it stays as it was."""
    REGRADED = "regraded"
    PROPOSED = "proposed"
    """The score would be lower: it waits until a person confirms it."""
    FAULT = "fault"
    """A fault of ours is in it: nothing was recorded, and it will be graded again."""


@dataclass(frozen=True)
class Place:
    """Whose submission it is, and for what.

    student: as files and rosters call them. submission: the name it was handed in under. received: where it is known.
    """

    student: str
    unit: str
    submission: str
    fingerprint: str
    path: str = ""
    received: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """What a call of `record` did. before: the score that counted until then, None where there was none."""

    outcome: Outcome
    before: float | None = None
    after: float | None = None


class Gradebook:
    """A database of gradings; use it as a context manager.

    url: SQLAlchemy's, "sqlite:///FILE" or "postgresql+psycopg://...".
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        Base.metadata.create_all(self.engine)

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all connections."""
        self.engine.dispose()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: all of what is done in it, or nothing."""
        with Session(self.engine) as session, session.begin():
            yield session

    def known(self, place: Place, key: str) -> Report | None:
        """The report of an earlier grading with this key, if there is one that a person has not rejected."""
        with self.session() as session:
            found = session.scalars(
                select(Grading)
                .join(Grading.work)
                .join(Work.student)
                .where(Student.name == place.student, Work.unit == place.unit, Work.submission == place.submission)
                .where(Work.fingerprint == place.fingerprint, Grading.key == key, Grading.state != State.REJECTED)
                .order_by(Grading.id.desc())
            ).first()
            return from_json(found.report) if found else None

    def record(
        self, place: Place, key: str, report: Report, *, why: str = "", again: bool = False, confirmed: bool = False
    ) -> Recorded:
        """Record a grading; the same twice is recorded once.

        Args:
            key: what the score depends on, of `grading_key`.
            why: the reason, where this work was graded before.
            again: it was asked for again: recorded beside an earlier one with the same key.
            confirmed: a person has agreed that the score may drop.
        """
        if report.faulty:
            return Recorded(Outcome.FAULT)
        try:
            with self.session() as session:
                return _record(session, place, key, report, why, again, confirmed)
        except IntegrityError:  # somebody else was quicker: once more, now that theirs can be seen
            with self.session() as session:
                return _record(session, place, key, report, why, again, confirmed)

    def reports(self, unit: str) -> Iterator[tuple[Student, Work, Report]]:
        """Every work of a unit with the report that counts, student by student, in the order they were handed in."""
        with self.session() as session:
            found = session.execute(
                select(Student, Work, Grading)
                .join(Work.student)
                .join(Work.gradings)
                .where(Work.unit == unit, Grading.state == State.COUNTS)
                .order_by(Student.name, Work.received, Work.id)
                .execution_options(yield_per=50)
            )
            for student, work, grading in found:
                yield student, work, from_json(grading.report)


def _record(
    session: Session, place: Place, key: str, report: Report, why: str, again: bool, confirmed: bool
) -> Recorded:
    work = _work(session, place)
    earlier = [one for one in work.gradings if one.key == key and one.state is not State.REJECTED]
    counting = next((one for one in work.gradings if one.state == State.COUNTS), None)
    before = counting.score if counting else None
    if earlier and not again:
        return Recorded(Outcome.ALREADY, before, earlier[-1].score)
    drops = before is not None and report.score < before - DROP and not confirmed
    highest = session.scalar(select(func.max(Grading.round)).where(Grading.work_id == work.id, Grading.key == key))
    if counting and not drops:
        counting.state = State.SUPERSEDED
    for one in work.gradings:  # what is newer takes the place of what still waits
        if one.state == State.PROPOSED:
            one.state = State.SUPERSEDED
    work.gradings.append(
        Grading(
            key=key,
            round=0 if highest is None else highest + 1,
            state=State.PROPOSED if drops else State.COUNTS,
            why=why,
            score=report.score,
            max_score=report.max_score,
            suite=report.versions.get("backcheck", ""),
            secret=report.secret,
            recorded=datetime.now(UTC),
            seconds=report.seconds,
            report=as_json.dumps(report),
        )
    )
    if before is None:
        return Recorded(Outcome.NEW, None, report.score)
    return Recorded(Outcome.PROPOSED if drops else Outcome.REGRADED, before, report.score)


def _work(session: Session, place: Place) -> Work:
    """The work's row; new ones where the student or the content is."""
    student = session.scalars(select(Student).where(Student.name == place.student)).first()
    if student is None:
        student = Student(name=place.student, pseudonym=f"s-{secrets.token_hex(4)}")
        session.add(student)
        session.flush()
    work = session.scalars(
        select(Work)
        .where(Work.student_id == student.id, Work.unit == place.unit, Work.submission == place.submission)
        .where(Work.fingerprint == place.fingerprint)
        .with_for_update()
    ).first()
    if work is None:
        work = Work(
            student=student,
            unit=place.unit,
            submission=place.submission,
            fingerprint=place.fingerprint,
            path=place.path,
            received=place.received,
            seen=datetime.now(UTC),
        )
        session.add(work)
        session.flush()
    elif place.received is not None:
        work.received = place.received
    return work


def _engine(url: str) -> Engine:
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _settle(connection, _record):  # type: ignore[no-untyped-def]
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")

    return engine
