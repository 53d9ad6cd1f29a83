"""What the gradebook holds of a submission, and how that compares with what comes out now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from graders import rules
from graders.gradebook.book import DROP, Gradebook
from graders.gradebook.schema import Grading, Override, State, Student, Work
from graders.gradebook.scores import CAME, standing_works
from graders.i18n import _
from graders.intake.submission import submission_name
from graders.policy import Policy
from graders.report.from_json import from_json
from graders.report.text import points
from graders.report.view import out_of
from graders.specs.unit import Unit
from graders.verdict import Report, Result


@dataclass(frozen=True)
class Held:
    """A work in the gradebook with the grading that counts, or waits to.

    work: its number. recorded: ISO 8601. state: of the grading. overrides: what a person gave instead, in words.
    """

    work: int
    student: str
    submission: str
    fingerprint: str
    path: str
    recorded: str
    state: str
    report: Report
    overrides: tuple[str, ...] = ()

    def timed(self, task: str) -> bool:
        """Whether speed was among what the task was asked."""
        return any(result.property == "throughput" for result in self.report.tasks().get(task, ()))


@dataclass(frozen=True)
class Change:
    """A property that ends otherwise now. before, after: status and points, in words; "" where it was not asked."""

    property: str
    before: str
    after: str


@dataclass(frozen=True)
class Comparison:
    """The task's points then and now. circumstances: what is different now, a sentence each."""

    held: Held
    before: float
    before_max: float
    after: float
    after_max: float
    circumstances: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        """Whether the score is the same."""
        return abs(self.before - self.after) < DROP and abs(self.before_max - self.after_max) < DROP

    @property
    def verdict(self) -> str:
        """In a sentence."""
        then, now = out_of(self.before, self.before_max), out_of(self.after, self.after_max)
        if self.same:
            return _("The gradebook holds the same score: {score}.").format(score=then)
        text = _("The gradebook holds {before}; it is {after} now.").format(before=then, after=now)
        if self.circumstances:
            return text
        return f"{text} " + _("Nothing else differs: what depends on time can end otherwise; all else is our fault.")


def find_held(book: Gradebook, unit: str, path: Path, fingerprint: str) -> Held | None:
    """What is known of the submission at a path: of these very bytes, else of what was there, or called so, last.

    Of several with these bytes, for some copy: that of this path, else of this name.
    """
    names = {path.name, submission_name(path)}
    with book.reading() as session:
        places = {str(path), str(path.absolute()), str(path.resolve())}
        here = or_(Work.path.in_(places), Work.submission.in_(names))
        works = session.scalars(select(Work).where(Work.unit == unit, or_(here, Work.fingerprint == fingerprint))).all()
        ordered = sorted(
            works,
            key=lambda work: (
                work.fingerprint == fingerprint,
                Path(work.path or ".").resolve() == path.resolve(),
                work.submission in names,
                work.last_seen or work.seen,
            ),
        )
        return _held(session, ordered[-1]) if ordered else None


def find_students(book: Gradebook, unit: str, name: str, policy: Policy) -> Held | None:
    """The work of a student, called by name or pseudonym, that counts; or the one of them that was handed in so called.

    Of several that were called so it is the one that counts if it is among them, else the last that came.
    """
    with book.reading() as session:
        found = session.scalars(
            select(Work)
            .join(Work.student)
            .where(Work.unit == unit)
            .where(or_(Student.name == name, Student.pseudonym == name, Work.submission == name))
            .order_by(*CAME)
        ).all()
        works = [one for one in found if name in (one.student.name, one.student.pseudonym)] or found
        if not works:
            return None
        last = works[-1]
        stands = standing_works(session, unit, policy, last.student_id)
        counts = {one.work for _name, own in stands for one in own if one.standing.counts}
        return _held(session, next((one for one in works if one.id in counts), last))


def _held(session: Session, work: Work) -> Held | None:
    by_state: Mapping[State, Grading] = {grading.state: grading for grading in work.gradings}
    grading = by_state.get(State.COUNTS) or by_state.get(State.PROPOSED)
    if grading is None:
        return None
    given = session.scalars(
        select(Override).where(Override.student_id == work.student_id, Override.unit == work.unit)
    ).all()
    return Held(
        work=work.id,
        student=work.student.name,
        submission=work.submission,
        fingerprint=work.fingerprint,
        path=work.path,
        recorded=grading.recorded.isoformat(timespec="seconds"),
        state=str(grading.state),
        report=from_json(grading.report),
        overrides=tuple(_given(one) for one in given if one.withdrawn is None),
    )


def _given(one: Override) -> str:
    text = _("{by} gave {score} points for {task} on {day}: {why}")
    task = one.task or one.unit
    return text.format(by=one.by, score=points(one.score), task=task, day=f"{one.at:%Y-%m-%d}", why=one.why)


def compare(held: Held, now: Report, unit: Unit, task: str) -> Comparison:
    """The task as it was recorded beside how it ends now."""
    then = held.report.tasks().get(task, [])
    again = now.tasks().get(task, [])
    return Comparison(
        held,
        round(sum(result.score for result in then), 2),
        round(sum(result.max_score for result in then), 2),
        round(sum(result.score for result in again), 2),
        round(sum(result.max_score for result in again), 2),
        tuple(_circumstances(held, now, unit, task)),
        tuple(_changes(then, again)),
    )


def _circumstances(held: Held, now: Report, unit: Unit, task: str) -> Iterator[str]:
    then = held.report
    if held.fingerprint != now.fingerprint:
        text = _("The submission has changed since: its SHA-256 began with {before} and begins with {after} now.")
        yield text.format(before=held.fingerprint or "-", after=now.fingerprint or "-")
    if then.versions.get("backcheck") != now.versions.get("backcheck"):
        text = _("It was graded by backcheck {before}; this is {after}.")
        yield text.format(before=then.versions.get("backcheck", "-"), after=now.versions.get("backcheck", "-"))
    if then.secret != now.secret:
        text = _("The cases were of the secret {before}; these are of {after}.")
        yield text.format(before=then.secret or "-", after=now.secret)
    worth = sum(result.max_score for result in then.tasks().get(task, ()))
    if then.results and abs(worth - unit.points[task]) >= DROP:
        text = _("The task was worth {before} points; it is worth {after} now.")
        yield text.format(before=points(worth), after=points(unit.points[task]))
    if list(then.rules) != rules.sentences(unit):
        yield _("The course's policy was another one.")
    if held.timed(task) != any(result.property == "throughput" for result in now.tasks().get(task, ())):
        yield _("Speed was asked for in one of the two only.")
    libraries = [name for name in sorted(now.versions) if name != "backcheck"]
    if other := [name for name in libraries if then.versions.get(name) != now.versions[name]]:
        pairs = [f"{name} {then.versions.get(name, '-')} → {now.versions[name]}" for name in other]
        yield _("Other versions: {versions}.").format(versions=", ".join(pairs))


def _changes(then: list[Result], now: list[Result]) -> Iterator[Change]:
    before, after = ({result.property: result for result in results} for results in (then, now))
    for name in before | after:
        was, is_now = before.get(name), after.get(name)
        if was and is_now and was.status == is_now.status and abs(was.score - is_now.score) < DROP:
            continue
        yield Change(name, _ended(was), _ended(is_now))


def _ended(result: Result | None) -> str:
    words = {"passed": _("passed"), "failed": _("failed"), "skipped": _("not judged"), "error": _("grader fault")}
    return f"{words[result.status.value]}, {out_of(result.score, result.max_score)}" if result else ""
