"""The gradebook's tables.

A student hands in works, contents of a unit under a name; a work is graded once or more often; one of its gradings
counts.
What a person decides, an override or an appeal, stands beside the computed scores and changes none of them.
"""

from __future__ import annotations

import enum
from datetime import UTC, datetime
from typing import ClassVar

from sqlalchemy import (
    DateTime,
    Double,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Moment(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps no offsets, so that they are put back when it is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, whatever the offset was."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its offset."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class State(enum.StrEnum):
    """What a grading is to its work."""

    COUNTS = "counts"
    PROPOSED = "proposed"
    """It would lower the score: it waits for a person."""
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


class Decision(enum.StrEnum):
    """How far an appeal is."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Moment, float: Double}


class Student(Base):
    """One student.

    name: as files and rosters call them. pseudonym: drawn by chance, shown where nobody needs to know who it is.
    """

    __tablename__ = "students"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    pseudonym: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    outside_id: Mapped[str] = mapped_column(default="")
    """What the learning platform calls them."""
    works: Mapped[list[Work]] = relationship(back_populates="student", cascade="all, delete-orphan")
    overrides: Mapped[list[Override]] = relationship(back_populates="student", cascade="all, delete-orphan")


class Work(Base):
    """What a student handed in for a unit: one content under one name, however often it came.

    submission: the name it was handed in under. fingerprint: of its bytes.
    seen, last_seen: when a run first and last came across it; where nobody says when it was received, what was last
    seen came last.
    """

    __tablename__ = "works"
    __table_args__ = (UniqueConstraint("student_id", "unit", "submission", "fingerprint"), Index("of_unit", "unit"))
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"))
    unit: Mapped[str]
    submission: Mapped[str]
    fingerprint: Mapped[str]
    path: Mapped[str] = mapped_column(Text, default="")
    received: Mapped[datetime | None]
    seen: Mapped[datetime]
    last_seen: Mapped[datetime | None]
    student: Mapped[Student] = relationship(back_populates="works")
    gradings: Mapped[list[Grading]] = relationship(
        back_populates="work", cascade="all, delete-orphan", order_by="Grading.id"
    )
    appeals: Mapped[list[Appeal]] = relationship(back_populates="work", cascade="all, delete-orphan")


class Grading(Base):
    """One grading of a work.

    key: a digest of all that the scores depend on; `round` tells apart gradings that were asked for again. why: the
    reason it was graded, where it was not the first time. run: of which run it came, "" where it had no name. counted:
    since when it counted, also where another has taken its place since; None where it never did. decided_by, decided:
    who said what becomes of a lower score. report: the whole report, as JSON.
    """

    __tablename__ = "gradings"
    __table_args__ = (UniqueConstraint("work_id", "key", "round"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    work_id: Mapped[int] = mapped_column(ForeignKey("works.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(64))
    round: Mapped[int] = mapped_column(default=0)
    state: Mapped[State] = mapped_column(String(12))
    why: Mapped[str] = mapped_column(Text, default="")
    score: Mapped[float]
    max_score: Mapped[float]
    suite: Mapped[str]
    secret: Mapped[str]
    recorded: Mapped[datetime]
    seconds: Mapped[float]
    run: Mapped[str] = mapped_column(default="", server_default="")
    decided_by: Mapped[str] = mapped_column(default="", server_default="")
    decided: Mapped[datetime | None]
    counted: Mapped[datetime | None]
    report: Mapped[str] = mapped_column(Text)
    work: Mapped[Work] = relationship(back_populates="gradings")


class Override(Base):
    """What a person gives instead of what was computed: for a task, or for the whole unit where `task` is ""."""

    __tablename__ = "overrides"
    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("students.id", ondelete="CASCADE"), index=True)
    unit: Mapped[str]
    task: Mapped[str] = mapped_column(default="")
    score: Mapped[float]
    why: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
    at: Mapped[datetime]
    withdrawn: Mapped[datetime | None]
    student: Mapped[Student] = relationship(back_populates="overrides")


class Appeal(Base):
    """A student's request to look again at a task."""

    __tablename__ = "appeals"
    id: Mapped[int] = mapped_column(primary_key=True)
    work_id: Mapped[int] = mapped_column(ForeignKey("works.id", ondelete="CASCADE"), index=True)
    task: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    by: Mapped[str]
    at: Mapped[datetime]
    decision: Mapped[Decision] = mapped_column(String(12), default=Decision.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided: Mapped[datetime | None]
    work: Mapped[Work] = relationship(back_populates="appeals")
