"""The gradebook: what was graded is found again, what is graded is recorded once, and no score drops by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import false, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from graders.gradebook import versions
from graders.gradebook.connect import (
    PATIENCE,
    WRITES,
    file_of,
    make_engine,
    make_file,
    opening,
    parse_url,
    require_readable,
    require_sound,
    running,
    use_wal,
)
from graders.gradebook.record import (
    DROP,
    Circumstances,
    Outcome,
    Place,
    Recorded,
    add,
    came_last,
    find_work,
)
from graders.gradebook.schema import Grading, State, Student, Work
from graders.report.from_json import from_json
from graders.verdict import Report

__all__ = ["DROP", "Gradebook", "Outcome", "Place", "Recorded"]
TRIES = 5
"""How often a recording begins anew because somebody else was quicker."""


class Gradebook:
    """A database of gradings; use it as a context manager.

    url: SQLAlchemy's, "sqlite:///FILE" or "postgresql+psycopg://...", or the path of a file. GradebookError where it
    cannot be used; later on, what goes wrong is a GradebookFault.
    """

    def __init__(self, url: str, *, make: bool = True, patience: float = PATIENCE) -> None:
        """make: also make the tables where there are none. patience: seconds to wait for others."""
        address = parse_url(url)
        if path := file_of(address):
            require_readable(path)
            if make and not path.exists():
                make_file(path)
        self.engine = make_engine(address, patience)
        self._writing = self.engine.execution_options(**{WRITES: True})
        self._reading = self.engine
        if self.engine.dialect.name == "postgresql":  # by default every statement there sees another state
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ")
        try:
            with opening(address):
                require_sound(self.engine)
                versions.require_newest(self.engine, make)
                use_wal(self.engine, patience)
                with self._writing.connect() as connection, connection.begin():
                    # whether it can be written is known now, and not after the first grading
                    connection.execute(update(Student).where(false()).values(pseudonym=""))
        except BaseException:
            self.close()
            raise

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
        with running(self.engine.url), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One state of all, however long it takes to read it; nobody who writes has to wait for it."""
        with running(self.engine.url), Session(self._reading, autoflush=False) as session:
            yield session

    def known(self, place: Place, key: str) -> Report | None:
        """The report of an earlier grading with this key; where a person rejected its score, the one that counts."""
        with self.reading() as session:
            decided = _newest(session, place, key)
            if decided is None:
                return None
            work = decided.work
            if decided.state == State.REJECTED:
                decided = next((one for one in work.gradings if one.state == State.COUNTS), decided)
            report = from_json(decided.report)
            outdated = _is_outdated(session, work)
            corrected = place.dated and place.received != work.received
            moved = place.path not in ("", work.path)
        if outdated or corrected or moved:
            with self.session() as session:
                if again := find_work(session, place):
                    again.path = place.path or again.path  # where it was come across last
                    if corrected:  # somebody has corrected when it came
                        again.received = place.received
                    if outdated:  # an earlier content came back, and is the last one now
                        came_last(session, again)
        return report

    def rejected(self, place: Place, key: str) -> bool:
        """Whether a person rejected the score of an earlier grading with this key, and nothing has come since."""
        with self.reading() as session:
            newest = _newest(session, place, key)
            return newest is not None and newest.state == State.REJECTED

    def record(
        self,
        place: Place,
        key: str,
        report: Report,
        *,
        why: str = "",
        again: bool = False,
        confirmed: bool = False,
        run: str = "",
    ) -> Recorded:
        """Record a grading; the same twice is recorded once.

        Args:
            key: what the score depends on, of `grading_key`.
            why: the reason, where this work was graded before.
            again: it was asked for again: recorded beside an earlier one with the same key.
            confirmed: a person has agreed that the score may drop.
            run: what the run is called, so that all that it proposed can be confirmed at once.
        """
        if report.faulty:
            return Recorded(Outcome.FAULT)
        told = Circumstances(why, again, confirmed, run=run)
        for _try in range(TRIES - 1):
            try:
                with self.session() as session:
                    return add(session, place, key, report, told)
            except IntegrityError:  # somebody else was quicker: once more, now that theirs can be seen
                continue
        with self.session() as session:
            return add(session, place, key, report, told)

    def dated(self, unit: str) -> set[str]:
        """The students who have work in a unit of which it is known when it came."""
        wanted = (
            select(Student.name).join(Student.works).where(Work.unit == unit, Work.received.is_not(None)).distinct()
        )
        with self.reading() as session:
            return set(session.scalars(wanted.distinct()))

    def reports(self, unit: str) -> Iterator[tuple[Student, Work, Report]]:
        """Every work of a unit with the report that counts, student by student, in the order they were handed in."""
        with self.reading() as session:
            found = session.execute(
                select(Student, Work, Grading)
                .join(Work.student)
                .join(Work.gradings)
                .where(Work.unit == unit, Grading.state == State.COUNTS)
                .order_by(Student.name, Work.received.nulls_first(), Work.last_seen, Work.id)
                .execution_options(yield_per=50)
            )
            for student, work, grading in found:
                yield student, work, from_json(grading.report)


def _newest(session: Session, place: Place, key: str) -> Grading | None:
    """The newest grading of the work at a place by this key whose place no other has taken."""
    wanted = (
        select(Grading)
        .join(Grading.work)
        .join(Work.student)
        .where(Student.name == place.student, Work.unit == place.unit, Work.submission == place.submission)
        .where(Work.fingerprint == place.fingerprint, Grading.key == key, Grading.state != State.SUPERSEDED)
        .order_by(Grading.id.desc())
        .limit(1)
    )
    return session.scalars(wanted).first()


def _is_outdated(session: Session, work: Work) -> bool:
    """Whether another work of the student's was come across after this one, and no time says which came last."""
    if work.received is not None:
        return False
    later = select(Work.id).where(
        Work.student_id == work.student_id,
        Work.unit == work.unit,
        Work.id != work.id,
        Work.last_seen > work.last_seen,
        Work.received.is_(None),
    )
    return session.scalars(later.limit(1)).first() is not None
